import type { TestProject } from 'vitest/node'
import { freshCheckout } from './checkout.ts'
import { startPostern } from './postern.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the service listens that all files share. */
    origin: string
  }
}

/** One service for all files that need nothing special of theirs. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const checkout = await freshCheckout()
  const postern = await startPostern(checkout.root)
  project.provide('origin', postern.origin)
  return async () => {
    await postern.running.stop()
    await checkout.remove()
  }
}
