import type { Config } from '../../../config.ts'
import { DAY, SECOND } from '../../../lib/time.ts'
import type { KeyTimes } from '../types.ts'

type RingConfig = Pick<Config, 'JWKS_CACHE_SECONDS' | 'ACCESS_TOKEN_SECONDS' | 'KEY_ROTATION_DAYS' | 'JWT_ALG'>

/** Clocks of isolates may differ by this much; also the leeway of `iat`. */
export const CLOCK_LEEWAY_MS = 60 * SECOND

/** How old a ring may be that tokens are verified with, and that JWKS is answered from. */
export const ringMaxAgeMs = (config: Pick<Config, 'JWKS_CACHE_SECONDS'>): number =>
  Math.min(config.JWKS_CACHE_SECONDS, 60) * SECOND

/**
 * How long a new key is published before it signs: a cache may have taken the old set from an isolate
 * just before that isolate learned of the key.
 */
export const publicationLeadMs = (config: Pick<Config, 'JWKS_CACHE_SECONDS'>): number =>
  config.JWKS_CACHE_SECONDS * SECOND + ringMaxAgeMs(config)

/** Until when a key stays published whose successor signs from `successorSignsFrom`: its last token has expired then. */
export const retirementOf = (config: Pick<Config, 'ACCESS_TOKEN_SECONDS'>, successorSignsFrom: number): number =>
  successorSignsFrom + config.ACCESS_TOKEN_SECONDS * SECOND + CLOCK_LEEWAY_MS

/** Order of succession; the kid decides between equals, as the statements in `store.ts` do. */
export const bySuccession = (a: KeyTimes, b: KeyTimes): number => b.signsFrom - a.signsFrom || (a.kid < b.kid ? 1 : -1)

export const isPublished = (key: KeyTimes, now: number): boolean =>
  key.revokedAt === null && (key.publishedUntil === null || key.publishedUntil > now)

/** The youngest key whose time has come. A pure function of rows and time: isolates agree without talking. */
export function findSigner<K extends KeyTimes>(keys: readonly K[], now: number): K | undefined {
  return keys.filter((key) => isPublished(key, now) && key.signsFrom <= now).sort(bySuccession)[0]
}

/** The key that nothing succeeds yet: it signs, or waits to. */
export function findNewest<K extends KeyTimes>(keys: readonly K[]): K | undefined {
  return keys.filter((key) => key.revokedAt === null).sort(bySuccession)[0]
}

/** Whether cron makes a successor of `newest`: it is old enough, or `JWT_ALG` has changed. */
export const isDueForRotation = (config: RingConfig, newest: KeyTimes, now: number): boolean =>
  newest.alg !== config.JWT_ALG || now - newest.signsFrom >= config.KEY_ROTATION_DAYS * DAY

export type KeyState = 'waiting' | 'signing' | 'retired' | 'revoked'

/** What a key of the ring does at `now`. */
export function stateOf(key: KeyTimes, keys: readonly KeyTimes[], now: number): KeyState {
  if (key.revokedAt !== null) return 'revoked'
  if (key.kid === findSigner(keys, now)?.kid) return 'signing'
  return key.signsFrom > now ? 'waiting' : 'retired'
}
