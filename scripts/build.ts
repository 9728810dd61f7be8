import type { Command } from './support/arguments.ts'
import { buildWorker } from './support/build.ts'

export const command = {
  call: 'node scripts/run.mjs build',
  about: 'Builds the Worker into dist.',
} as const satisfies Command

/** What `wrangler.toml` names as the build: every wrangler that starts or deploys the Worker runs it first. */
export async function main(): Promise<void> {
  await buildWorker()
}
