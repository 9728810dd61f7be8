import type { Ctx } from '../../../context.ts'
import type { UseInput, UseResult } from '../../../durable/rpc.ts'
import { type DomainError, rateLimited } from '../../../lib/errors.ts'
import { SECOND } from '../../../lib/time.ts'

/** A use that was counted before its secret was looked at. Exactly one verdict follows; without one it is a failure. */
export interface CountedUse {
  /** Chooses the guard object. */
  readonly shard: string
  readonly subject: string
  readonly id: string
}

export type BegunUse =
  | { readonly allowed: true; readonly use: CountedUse }
  | { readonly allowed: false; readonly refusal: Omit<UseResult, 'allowed'> }

/** Counts one use of something that is guessed at: only those that fail stay counted. Throws SERVICE_UNAVAILABLE. */
export async function beginUse(
  { objects, newId }: Pick<Ctx, 'objects' | 'newId'>,
  shard: string,
  rule: Omit<UseInput, 'id'>,
): Promise<BegunUse> {
  const id = newId()
  const { allowed, ...refusal } = await objects.guard(shard).use({ ...rule, id })
  return allowed ? { allowed, use: { shard, subject: rule.subject, id } } : { allowed, refusal }
}

/** The secret was right, or was not looked at. */
export const giveBackUse = ({ objects }: Pick<Ctx, 'objects'>, { shard, ...use }: CountedUse): Promise<void> =>
  objects.guard(shard).giveBackUse(use)

/** The secret was wrong. */
export const failUse = ({ objects }: Pick<Ctx, 'objects'>, { shard, ...use }: CountedUse): Promise<void> =>
  objects.guard(shard).failUse(use)

/** A verdict that a guard does not hear lets nobody in: it is logged, and the answer stands. */
export async function reportVerdicts(
  { log }: Pick<Ctx, 'log'>,
  what: string,
  verdicts: readonly Promise<void>[],
): Promise<void> {
  for (const result of await Promise.allSettled(verdicts))
    if (result.status === 'rejected') log.error(what, result.reason)
}

/** More attempts at once than there may be failures: none of them is known to be one. */
export const tooManyAtOnce = (retryAfterMs: number): DomainError =>
  rateLimited({ retry_after: Math.ceil(retryAfterMs / SECOND) }, { message: 'Too many attempts at once. Try again.' })
