import type { Command } from './support/arguments.ts'
import { run } from './support/command.ts'

export const command = {
  call: 'npm run bench',
  about: 'Installs what only the bench needs, and measures side by side with others (bench/README.md).',
} as const satisfies Command

// The tests' own functions sign its SAML answers, with base64 that this Node has behind a flag.
const PROGRAM = ['--js-base-64', 'bench/run.ts']

export async function main(): Promise<void> {
  const installed = await run('npm', ['ci', '--prefix', 'bench', '--no-audit', '--no-fund', '--silent'])
  process.exitCode = installed === 0 ? ((await run(process.execPath, PROGRAM, { minutes: 60 })) ?? 1) : 1
}
