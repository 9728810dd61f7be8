import type { Command } from './support/arguments.ts'
import { runStages, STATIC_STAGES, vitestStage } from './support/stages.ts'

export const command = {
  call: 'npm run check',
  about: 'Checks what is quick and needs no running service.',
} as const satisfies Command

export async function main(): Promise<void> {
  const inventory = vitestStage('route inventory', ['test/http/route-inventory.test.ts'], 2)
  const { passed, failed } = await runStages([...STATIC_STAGES, inventory])
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}
