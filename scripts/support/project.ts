import { resolve } from 'node:path'

export const PROJECT_ROOT = resolve(import.meta.dirname, '../..')

/** A program of a package. */
export const bin = (name: string): string => resolve(PROJECT_ROOT, 'node_modules/.bin', name)

/** Where D1, KV and the objects of the local service live. */
export const localState = (): string => resolve(PROJECT_ROOT, process.env.PERSIST_TO || '.wrangler/state')

/** Environment of every wrangler that a script starts: no telemetry, no look-ups outside, no questions. */
export const WRANGLER_ENV = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  X_LOCAL_EXPLORER: 'false',
  X_LOCAL_OBSERVABILITY: 'false',
  CI: 'true',
} as const
