import { type AdminCtx, actorOf, type Ctx } from '../../../context.ts'
import { type CommittedEvent, commitAll, commitAndPropagate } from '../../../db/commit.ts'
import type { EventActor } from '../../../lib/event.ts'
import { isSealedWithPrevious } from '../../../lib/root-keys.ts'
import { DAY } from '../../../lib/time.ts'
import { applyToOwnView } from '../../../revocation/freshness.ts'
import { generateSealedKey, resealKey } from '../rules/material.ts'
import {
  bySuccession,
  findNewest,
  findSigner,
  isDueForRotation,
  publicationLeadMs,
  retirementOf,
} from '../rules/ring.ts'
import { deleteRetired, type Expected, insertSuccessor, updateRetirement, updateRevoked, updateSeal } from '../store.ts'
import type { KeyRing, RingKey } from '../types.ts'
import { reloadRing } from './ring.ts'

/** Rows of keys that nothing needs any more stay this long, for whoever looks into an incident. */
const RETIRED_KEPT_MS = 7 * DAY

const SYSTEM: EventActor = { type: 'system', id: 'keys' }

/**
 * Makes the key that succeeds the newest of `ring`, unless somebody else did since `ring` was read.
 * Its predecessors' retirement and the events are in the same batch.
 */
async function createSuccessor(ctx: Ctx, ring: KeyRing, signsFrom: number, actor: EventActor): Promise<void> {
  const newest = findNewest(ring.keys)?.kid ?? null
  const expected: Expected = { newest, except: ring.unreadable }
  const alg = ctx.config.JWT_ALG
  const key = await generateSealedKey(ctx.config.rootKeys, alg)
  const row = { ...key, alg, createdAt: ctx.now(), signsFrom, publishedUntil: null, revokedAt: null }
  const about = { subject: key.kid, userId: null, actor }
  const drafts: CommittedEvent[] = [{ ...about, type: 'key.created', data: { alg, signs_from: signsFrom } }]
  if (newest) drafts.push({ ...about, type: 'key.rotated', data: { before: { kid: newest }, after: { kid: key.kid } } })
  await commitAll(
    ctx,
    [updateRetirement(ctx, retirementOf(ctx.config, signsFrom), expected), insertSuccessor(ctx, row, expected)],
    ...drafts,
  )
}

/** The ring with a key that signs now: racing isolates end with one. */
export async function createFirstKey(ctx: Ctx, ring: KeyRing): Promise<KeyRing> {
  await createSuccessor(ctx, ring, ctx.now(), SYSTEM)
  return reloadRing(ctx)
}

/** Cron: a successor for a key that is due, published before it signs; and forgets what has long been retired. */
export async function rotateKeys(ctx: Ctx): Promise<void> {
  const now = ctx.now()
  const ring = await reloadRing(ctx)
  const newest = findNewest(ring.keys)
  if (!findSigner(ring.keys, now)) await createFirstKey(ctx, ring)
  else if (newest && isDueForRotation(ctx.config, newest, now))
    await createSuccessor(ctx, ring, now + publicationLeadMs(ctx.config), SYSTEM)
  await deleteRetired(ctx, now - RETIRED_KEPT_MS)
}

/** Cron: seals anew what was sealed under `ROOT_SECRET_PREVIOUS`. No key changes, so there is no event. */
export async function resealKeys(ctx: Ctx): Promise<number> {
  const { rootKeys } = ctx.config
  const { keys } = await reloadRing(ctx)
  const stale = keys.filter((key) => isSealedWithPrevious(rootKeys, key.privateSealed))
  for (const key of stale) {
    await updateSeal(ctx, key.kid, { before: key.privateSealed, after: await resealKey(rootKeys, key) })
  }
  return stale.length
}

export interface RotationResult {
  /** The youngest key: it signs now, or waits until caches know it. */
  readonly newest: RingKey
  readonly revoked: readonly string[]
  /** Whether the revocation feed has taken every revoked key. */
  readonly propagated: boolean
}

/** Revokes keys one by one: their tokens die through the feed. */
async function revokeKeys(ctx: AdminCtx, kids: readonly string[], actor: EventActor) {
  const revoked: string[] = []
  let propagated = true
  for (const kid of kids) {
    const feedEntry = { kind: 'key', id: kid } as const
    const draft: CommittedEvent = { type: 'key.revoked', subject: kid, userId: null, actor, data: { kid }, feedEntry }
    const result = await commitAndPropagate(ctx, [updateRevoked(ctx, kid, ctx.now())], draft)
    applyToOwnView(ctx, [feedEntry])
    revoked.push(...result.rows.map((row) => row.kid))
    propagated &&= result.propagated
  }
  return { revoked, propagated }
}

/**
 * An admin's rotation. Planned: a successor is published first, as cron does it. With `revokeCurrent` the new key signs
 * at once, and the signing key and any that waited die with their tokens.
 */
export async function rotateKeysNow(ctx: AdminCtx, options: { revokeCurrent: boolean }): Promise<RotationResult> {
  const actor = actorOf(ctx)
  const now = ctx.now()
  const before = await reloadRing(ctx)
  const current = findSigner(before.keys, now)
  const waiting = before.keys.filter((key) => key.revokedAt === null && key.signsFrom > now)
  let outcome: { revoked: string[]; propagated: boolean } = { revoked: [], propagated: true }
  if (options.revokeCurrent) {
    // The waiting go first: a younger key of theirs would take over from the new one.
    const doomed = [...waiting, ...(current ? [current] : [])].sort(bySuccession)
    await createSuccessor(ctx, before, now, actor)
    outcome = await revokeKeys(
      ctx,
      doomed.map((key) => key.kid),
      actor,
    )
  } else if (waiting.length === 0) {
    await createSuccessor(ctx, before, current ? now + publicationLeadMs(ctx.config) : now, actor)
  }
  const after = await reloadRing(ctx)
  const newest = findNewest(after.keys)
  if (!newest) throw new Error('a rotation left no key')
  return { newest, ...outcome }
}
