import type { Config } from '../../../config.ts'
import { DAY, SECOND } from '../../../lib/time.ts'
import type { KeyTimes } from '../types.ts'

type RingConfig = Pick<Config, 'JWKS_CACHE_SECONDS' | 'ACCESS_TOKEN_SECONDS' | 'KEY_ROTATION_DAYS' | 'JWT_ALG'>

/** Clocks of isolates may differ by this much; also the leeway of `iat`. */
export const CLOCK_LEEWAY_MS = 60 * SECOND

/** The maximum age of a cached key ring that verifies tokens and answers JWKS. */
export const ringMaxAgeMs = (config: Pick<Config, 'JWKS_CACHE_SECONDS'>): number =>
  Math.min(config.JWKS_CACHE_SECONDS, 60) * SECOND

/**
 * How long a new key is published before it signs: a client may have cached the old key set from an isolate
 * just before that isolate read the new key.
 */
export const publicationLeadMs = (config: Pick<Config, 'JWKS_CACHE_SECONDS'>): number =>
  config.JWKS_CACHE_SECONDS * SECOND + ringMaxAgeMs(config)

/** Until when a key stays published whose successor signs from `successorSignsFrom`: until its last token has expired. */
export const retirementOf = (config: Pick<Config, 'ACCESS_TOKEN_SECONDS'>, successorSignsFrom: number): number =>
  successorSignsFrom + config.ACCESS_TOKEN_SECONDS * SECOND + CLOCK_LEEWAY_MS

/** Newest first; the kid breaks ties, as in the statements of `store.ts`. */
export const bySuccession = (a: KeyTimes, b: KeyTimes): number => b.signsFrom - a.signsFrom || (a.kid < b.kid ? 1 : -1)

export const isPublished = (key: KeyTimes, now: number): boolean =>
  key.revokedAt === null && (key.publishedUntil === null || key.publishedUntil > now)

/** The newest key that may sign at `now`. A pure function of rows and time, so all isolates choose the same key. */
export function findSigner<K extends KeyTimes>(keys: readonly K[], now: number): K | undefined {
  return keys.filter((key) => isPublished(key, now) && key.signsFrom <= now).sort(bySuccession)[0]
}

/** The key that has no successor: it signs now or will sign. */
export function findNewest<K extends KeyTimes>(keys: readonly K[]): K | undefined {
  return keys.filter((key) => key.revokedAt === null).sort(bySuccession)[0]
}

/** Whether `newest` needs a successor: it is old enough, or `JWT_ALG` has changed. */
export const isDueForRotation = (config: RingConfig, newest: KeyTimes, now: number): boolean =>
  newest.alg !== config.JWT_ALG || now - newest.signsFrom >= config.KEY_ROTATION_DAYS * DAY

export type KeyState = 'waiting' | 'signing' | 'retired' | 'revoked'

/** The state of a key at `now`. */
export function stateOf(key: KeyTimes, keys: readonly KeyTimes[], now: number): KeyState {
  if (key.revokedAt !== null) return 'revoked'
  if (key.kid === findSigner(keys, now)?.kid) return 'signing'
  return key.signsFrom > now ? 'waiting' : 'retired'
}
