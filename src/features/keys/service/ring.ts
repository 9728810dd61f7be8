import type { EarlyCtx } from '../../../context.ts'
import { isolateSlot } from '../../../lib/isolate.ts'
import { delay, SECOND, within } from '../../../lib/time.ts'
import { openKey } from '../rules/material.ts'
import { findSigner, ringMaxAgeMs } from '../rules/ring.ts'
import { listSigningKeys } from '../store/ring.ts'
import type { SigningKeyRow } from '../tables.ts'
import type { KeyRing, RingKey } from '../types.ts'

/** A revoked key stops signing in every isolate within this time. */
const SIGNING_RING_MAX_AGE_MS = 5 * SECOND
/** Unknown kids cause at most one read in this time. */
const UNKNOWN_KID_INTERVAL_MS = 3 * SECOND
/** How long the next read waits after an attempt. */
const RETRY_INTERVAL_MS = 2 * SECOND
const READ_BOUND_MS = SECOND
const POLL_MS = 20

interface RingState {
  ring: KeyRing | null
  /** When the read that `ring` comes from began. */
  loadedAt: number
  attemptedAt: number
  /** A deadline, not a flag: when a client disconnects, its request is cancelled and `finally` does not run. */
  readingUntil: number
  /** The last read failed: requests do not wait for the next one. */
  isUnreadable: boolean
  reloadedForUnknownAt: number
}

const ringState = isolateSlot<RingState>('signing key ring', () => ({
  ring: null,
  loadedAt: Number.NEGATIVE_INFINITY,
  attemptedAt: Number.NEGATIVE_INFINITY,
  readingUntil: Number.NEGATIVE_INFINITY,
  isUnreadable: false,
  reloadedForUnknownAt: Number.NEGATIVE_INFINITY,
}))

async function openRow(ctx: EarlyCtx, row: SigningKeyRow, known: readonly RingKey[]): Promise<RingKey | null> {
  const { kid, alg, privateSealed, createdAt, signsFrom, publishedUntil, revokedAt } = row
  const same = known.find((key) => key.kid === kid && key.alg === alg && key.privateSealed === privateSealed)
  try {
    const { publicJwk, publicKey, privateKey } = same ?? (await openKey(ctx.config.rootKeys, row))
    return {
      kid,
      alg,
      privateSealed,
      createdAt,
      signsFrom,
      publishedUntil,
      revokedAt,
      publicJwk,
      publicKey,
      privateKey,
    }
  } catch (cause) {
    ctx.log.error('signing_key_unreadable', cause, { kid })
    return null
  }
}

/** Reads the key ring from D1 and caches it in this isolate. */
export async function reloadRing(ctx: EarlyCtx): Promise<KeyRing> {
  const state = ringState(ctx)
  const startedAt = ctx.now()
  state.attemptedAt = startedAt
  state.readingUntil = startedAt + READ_BOUND_MS
  try {
    const rows = await listSigningKeys(ctx)
    const opened = await Promise.all(rows.map((row) => openRow(ctx, row, state.ring?.keys ?? [])))
    const keys = opened.filter((key) => key !== null)
    const unreadable = rows.filter((_, index) => opened[index] === null).map((row) => row.kid)
    const ring = { keys, unreadable }
    // While a new ROOT_SECRET is rolled out, an isolate with the old one cannot read the resealed keys: it keeps its cached ones.
    const noneReadable = keys.length === 0 && unreadable.length > 0
    if (!(noneReadable && state.ring && findSigner(state.ring.keys, startedAt))) state.ring = ring
    state.loadedAt = startedAt
    state.isUnreadable = false
    return state.ring
  } finally {
    state.readingUntil = Number.NEGATIVE_INFINITY
  }
}

/** Polls with timers of its own: a promise of another request may never settle. */
async function waitForReader(ctx: EarlyCtx, state: RingState): Promise<void> {
  for (let waited = 0; waited < READ_BOUND_MS && state.readingUntil > ctx.now(); waited += POLL_MS) await delay(POLL_MS)
}

/** Reads the key ring, or waits for a read that is in progress. During an outage the cached ring stays. */
async function refreshRing(ctx: EarlyCtx, state: RingState): Promise<void> {
  if (state.readingUntil > ctx.now()) return waitForReader(ctx, state)
  try {
    await within(READ_BOUND_MS, reloadRing(ctx))
  } catch (cause) {
    state.readingUntil = Number.NEGATIVE_INFINITY
    state.isUnreadable = true
    ctx.log.error('signing_ring_not_read', cause)
  }
}

const ageOf = (ctx: EarlyCtx, since: number): number => Math.abs(ctx.now() - since)

/** The key ring, at most `maxAge` old while D1 answers. If D1 is down, the cached ring is used; without one it throws. */
async function ringWithin(ctx: EarlyCtx, maxAge: number): Promise<KeyRing> {
  const state = ringState(ctx)
  if (!state.ring) return reloadRing(ctx)
  const age = ageOf(ctx, state.loadedAt)
  const isBeingRead = state.readingUntil > ctx.now()
  const mayRead = !isBeingRead && ageOf(ctx, state.attemptedAt) >= RETRY_INTERVAL_MS
  if (age > maxAge && !state.isUnreadable && (isBeingRead || mayRead)) await refreshRing(ctx, state)
  else if (age > maxAge / 2 && mayRead) ctx.defer(refreshRing(ctx, state))
  return state.ring
}

/** The key ring for verification and publication. */
export const verifyingRing = (ctx: EarlyCtx): Promise<KeyRing> => ringWithin(ctx, ringMaxAgeMs(ctx.config))

/** The key ring for signing: its maximum age is lower, so that a revoked key soon stops signing. */
export const signingRing = (ctx: EarlyCtx): Promise<KeyRing> => ringWithin(ctx, SIGNING_RING_MAX_AGE_MS)

/** The key ring, read again (at a limited rate) because a kid was not found in it. */
export async function ringForUnknownKid(ctx: EarlyCtx): Promise<KeyRing> {
  const state = ringState(ctx)
  if (state.readingUntil > ctx.now()) await waitForReader(ctx, state)
  else if (ageOf(ctx, state.reloadedForUnknownAt) >= UNKNOWN_KID_INTERVAL_MS) {
    state.reloadedForUnknownAt = ctx.now()
    await refreshRing(ctx, state)
  }
  return state.ring ?? { keys: [], unreadable: [] }
}
