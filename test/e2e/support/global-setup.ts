import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startOwnPostern } from './postern.ts'
import { preparedCheckout } from './prepared-checkout.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the service listens that all files share. */
    origin: string
    /** Where its database, KV and objects are. */
    state: string
    /** The prepared checkout that it runs in, and every service whose file needs no fresh one. */
    checkout: string
  }
}

/** One service for all files that need nothing special of theirs. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const checkout = await preparedCheckout()
  // Read by every Node that is started from now on, the test files' own too: some hundred compile the same sources.
  process.env.NODE_COMPILE_CACHE = join(checkout.root, '.cache')
  const postern = await startOwnPostern(checkout.root)
  project.provide('origin', postern.origin)
  project.provide('state', postern.state)
  project.provide('checkout', checkout.root)
  return async () => {
    await postern.stop()
    await checkout.remove()
  }
}
