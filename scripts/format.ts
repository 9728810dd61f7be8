import type { Command } from './support/arguments.ts'
import { run } from './support/command.ts'
import { bin } from './support/project.ts'

export const command = {
  call: 'npm run format',
  about: 'Formats every file, and mends what the linter can mend.',
} as const satisfies Command

export async function main(): Promise<void> {
  process.exitCode = (await run(bin('biome'), ['check', '--write', '.'])) ?? 1
}
