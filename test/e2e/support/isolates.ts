import { readBuild } from '../../../bench/build.ts'
import { migratePostern, posternWorker } from '../../../bench/deployments.ts'
import { startRuntime } from '../../../bench/runtime.ts'
import { buildOf } from './checkout.ts'

export interface Isolates {
  /** Two Workers of the same build: each has memory of its own, and its own view of what was revoked. */
  readonly first: string
  readonly second: string
  stop(): Promise<void>
}

/** Two isolates of the Worker that a prepared checkout has built, on one D1, one KV and the same objects, as two points of presence have them. */
export async function startTwoIsolates(root: string): Promise<Isolates> {
  const first = await posternWorker(await readBuild(buildOf(root), 'index.mjs'))
  const { exports: _classes, triggers: _consumers, ...shared } = first.config
  const second = { ...first, config: { ...shared, name: 'postern-elsewhere' } }
  const runtime = await startRuntime([first, second])
  await migratePostern(runtime)
  return {
    first: (await runtime.unsafeGetDirectURL('postern')).origin,
    second: (await runtime.unsafeGetDirectURL('postern-elsewhere')).origin,
    stop: () => runtime.dispose(),
  }
}
