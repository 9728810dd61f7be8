import type { Command } from './support/arguments.ts'
import { run } from './support/command.ts'

export const command = {
  call: 'npm run docs',
  about: 'Writes the generated documents.',
} as const satisfies Command

export async function main(): Promise<void> {
  process.exitCode = (await run(process.execPath, ['scripts/generate-docs.mjs'])) ?? 1
}
