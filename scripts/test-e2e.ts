import type { Arguments, Command } from './support/arguments.ts'
import { run } from './support/command.ts'
import { withFilesInMemory } from './support/memory-folder.ts'
import { bin } from './support/project.ts'

export const command = {
  call: 'npm run test:e2e',
  about: 'Runs the end-to-end tests.',
  operands: [{ name: 'FILE', about: 'some of them', isOptional: true, isRepeated: true }],
} as const satisfies Command

export async function main({ operands }: Arguments<typeof command>): Promise<void> {
  const args = ['run', '--config', 'test/e2e/vitest.config.ts', ...operands]
  process.exitCode = (await withFilesInMemory(() => run(bin('vitest'), args, { minutes: 60 }))) ?? 1
}
