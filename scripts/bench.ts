import type { Arguments, Command } from './support/arguments.ts'
import { run } from './support/command.ts'

export const command = {
  call: 'npm run bench',
  about: 'Installs what only the bench needs, and measures side by side with others (bench/README.md).',
  operands: [
    {
      name: 'SECTION',
      about: 'providers, saml, directories, webhooks, record, mails or memory: measures these alone',
      isOptional: true,
      isRepeated: true,
    },
  ],
} as const satisfies Command

// The tests' own functions sign its SAML answers, with base64 that this Node has behind a flag.
const PROGRAM = ['--js-base-64', 'bench/run.ts']

export async function main({ operands }: Arguments<typeof command>): Promise<void> {
  const installed = await run('npm', ['ci', '--prefix', 'bench', '--no-audit', '--no-fund', '--silent'])
  process.exitCode =
    installed === 0 ? ((await run(process.execPath, [...PROGRAM, ...operands], { minutes: 60 })) ?? 1) : 1
}
