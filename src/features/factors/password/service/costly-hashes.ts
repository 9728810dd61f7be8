import type { Ctx } from '../../../../context.ts'
import { isolateSlot } from '../../../../lib/isolate.ts'
import { MAX_HASH_MS, OWN_HASH_MS } from '../../../../lib/password-hash/cost.ts'
import { costOfStored } from '../../../../lib/password-hash/password-hash.ts'
import { DAY, MINUTE } from '../../../../lib/time.ts'
import { changeUser } from '../../../users/service/change-user.ts'
import type { User } from '../../../users/types.ts'
import {
  type CostlyHash,
  droppedHash,
  insertCostlyHashes,
  selectCostliest,
  selectForgottenHashes,
  selectUnmeasured,
  updateCosts,
  updateHashUsed,
} from '../store.ts'

const REMEMBERED_MS = MINUTE
const MEASURED_PER_RUN = 1000
const DROPPED_PER_RUN = 50

const forgottenBefore = ({ config, now }: Pick<Ctx, 'config' | 'now'>): number => now() - config.FOREIGN_HASH_DAYS * DAY

const remembered = isolateSlot('dearest-hash', (): { costMs: number; at: number } => ({
  costMs: MAX_HASH_MS,
  at: Number.NEGATIVE_INFINITY,
}))

/** An import in this isolate counts at once. */
export const forgetCostliestHash = (ctx: Pick<Ctx, 'isolate'>): void => {
  remembered(ctx).at = Number.NEGATIVE_INFINITY
}

/**
 * What the dearest kind of hash that the deployment stores takes to verify, in ms of CPU: ours at least. A minute old at
 * most; the last that was known, or the bound, while the database does not answer.
 */
export async function findCostliestHashMs(ctx: Pick<Ctx, 'db' | 'now' | 'isolate' | 'log'>): Promise<number> {
  const memory = remembered(ctx)
  if (ctx.now() - memory.at < REMEMBERED_MS) return memory.costMs
  try {
    const { costMs, isUnmeasured } = await selectCostliest(ctx)
    memory.costMs = isUnmeasured ? MAX_HASH_MS : Math.max(OWN_HASH_MS, costMs)
    memory.at = ctx.now()
  } catch (cause) {
    ctx.log.error('dearest_hash_unknown', cause)
  }
  return memory.costMs
}

/** Those of the users whose hash is dearer than ours. */
export const costlyHashesOf = (
  users: readonly { readonly id: string; readonly passwordHash: string | null }[],
): CostlyHash[] =>
  users
    .flatMap(({ id, passwordHash }) =>
      passwordHash === null ? [] : [{ userId: id, passwordHash, costMs: costOfStored(passwordHash) }],
    )
    .filter(({ costMs }) => costMs > OWN_HASH_MS)

/** For the batch that writes these hashes, behind them. */
export const costlyHashRows = (ctx: Ctx, costs: readonly CostlyHash[]) => insertCostlyHashes(ctx, costs)

/** Of hashes that were stored before their cost was: a bounded number a run. */
export async function measureCostlyHashes(ctx: Ctx): Promise<void> {
  const found = await selectUnmeasured(ctx, MEASURED_PER_RUN)
  if (found.length === 0) return
  const costs = found.map(({ userId, passwordHash }) => ({ userId, costMs: costOfStored(passwordHash ?? '') }))
  await updateCosts(ctx, costs, OWN_HASH_MS)
}

/** For a right password that cannot be hashed anew: its hash is in use. */
export async function recordHashUse(ctx: Ctx, userId: string): Promise<void> {
  await updateHashUsed(ctx, userId)
}

/** Users whose hash is dearer than ours, and whom nobody signed in with it for `FOREIGN_HASH_DAYS`: a bounded number. */
export const findForgottenHashes = (ctx: Ctx): Promise<User[]> =>
  selectForgottenHashes(ctx, forgottenBefore(ctx), DROPPED_PER_RUN)

/**
 * Drops such a hash, with `user.password_dropped`: one forgotten account must not keep every failed sign-in slow. False
 * when it was renewed or used meanwhile.
 */
export async function dropForgottenHash(ctx: Ctx, user: User): Promise<boolean> {
  const changed = await changeUser(ctx, {
    userId: user.id,
    ...droppedHash(user, forgottenBefore(ctx)),
    actor: { type: 'system', id: 'foreign-hashes' },
    events: [{ type: 'user.password_dropped' }],
  })
  return changed !== null
}
