import type { Command } from './support/arguments.ts'
import { writeStartupList } from './support/startup.ts'

export const command = {
  call: 'npm run startup-list',
  about: 'Writes src/startup.txt: the modules that every isolate loads before its first answer.',
} as const satisfies Command

/** Names what loads at start, once somebody has looked at it: `npm run check` compares. */
export const main = (): Promise<void> => writeStartupList()
