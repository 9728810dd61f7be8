import { buildWorker } from './support/build.ts'

/** What `wrangler.toml` names as the build: every wrangler that starts or deploys the Worker runs it first. */
export async function main(): Promise<void> {
  await buildWorker()
}
