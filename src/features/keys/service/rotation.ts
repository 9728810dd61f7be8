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
import {
  deleteRetired,
  type Expected,
  insertSuccessor,
  updateRetirement,
  updateRevoked,
  updateSeal,
} from '../store/keys.ts'
import type { KeyRing, RingKey } from '../types.ts'
import { reloadRing } from './ring.ts'

/** Retired keys are kept this long, for the investigation of incidents. */
const RETIRED_KEPT_MS = 7 * DAY

const SYSTEM: EventActor = { type: 'system', id: 'keys' }

/**
 * Creates a successor of the newest key of `ring`, unless another isolate has done so since `ring` was read.
 * The same batch sets when its predecessors retire and writes the events.
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

/** Creates a key that signs at once. Racing isolates end up with the same key. */
export async function createFirstKey(ctx: Ctx, ring: KeyRing): Promise<KeyRing> {
  await createSuccessor(ctx, ring, ctx.now(), SYSTEM)
  return reloadRing(ctx)
}

/** Cron job: creates a successor when one is due, published before it signs, and deletes keys that retired long ago. */
export async function rotateKeys(ctx: Ctx): Promise<void> {
  const now = ctx.now()
  const ring = await reloadRing(ctx)
  const newest = findNewest(ring.keys)
  if (!findSigner(ring.keys, now)) await createFirstKey(ctx, ring)
  else if (newest && isDueForRotation(ctx.config, newest, now))
    await createSuccessor(ctx, ring, now + publicationLeadMs(ctx.config), SYSTEM)
  await deleteRetired(ctx, now - RETIRED_KEPT_MS)
}

/** Cron job: reseals keys that were sealed with `ROOT_SECRET_PREVIOUS`. The keys stay the same, so there is no event. */
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
  /** The newest key: it signs now, or once caches have it. */
  readonly newest: RingKey
  readonly revoked: readonly string[]
  /** Whether the revocation feed has accepted every revoked key. */
  readonly propagated: boolean
}

/** Revokes keys one by one. The feed makes their tokens invalid. */
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
 * Rotation by an admin. By default a successor is published before it signs, as in the cron job. With `revokeCurrent` the new
 * key signs at once, and the signing key and all waiting keys are revoked, which makes their tokens invalid.
 */
export async function rotateKeysNow(ctx: AdminCtx, options: { revokeCurrent: boolean }): Promise<RotationResult> {
  const actor = actorOf(ctx)
  const now = ctx.now()
  const before = await reloadRing(ctx)
  const current = findSigner(before.keys, now)
  const waiting = before.keys.filter((key) => key.revokedAt === null && key.signsFrom > now)
  let outcome: { revoked: string[]; propagated: boolean } = { revoked: [], propagated: true }
  if (options.revokeCurrent) {
    // Waiting keys are revoked first: one of them would take over from the new key.
    const toRevoke = [...waiting, ...(current ? [current] : [])].sort(bySuccession)
    await createSuccessor(ctx, before, now, actor)
    outcome = await revokeKeys(
      ctx,
      toRevoke.map((key) => key.kid),
      actor,
    )
  } else if (waiting.length === 0) {
    await createSuccessor(ctx, before, current ? now + publicationLeadMs(ctx.config) : now, actor)
  }
  const after = await reloadRing(ctx)
  const newest = findNewest(after.keys)
  if (!newest) throw new Error('there is no signing key after a rotation')
  return { newest, ...outcome }
}
