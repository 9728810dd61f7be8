import type { Ctx } from '../../../context.ts'
import type { UseInput, UseResult } from '../../../durable/rpc.ts'
import { type DomainError, rateLimited } from '../../../lib/errors.ts'
import { SECOND } from '../../../lib/time.ts'

/** An attempt that was counted before its secret was checked. One verdict must follow; without it the attempt counts as failed. */
export interface CountedUse {
  /** Selects the guard object. */
  readonly shard: string
  readonly subject: string
  readonly id: string
}

export type BegunUse =
  | { readonly allowed: true; readonly use: CountedUse }
  | { readonly allowed: false; readonly refusal: Omit<UseResult, 'allowed'> }

/** Counts an attempt at a secret that could be guessed; only failed attempts stay counted. Throws SERVICE_UNAVAILABLE. */
export async function beginUse(
  { objects, newId }: Pick<Ctx, 'objects' | 'newId'>,
  shard: string,
  rule: Omit<UseInput, 'id'>,
): Promise<BegunUse> {
  const id = newId()
  const { allowed, ...refusal } = await objects.guard(shard).use({ ...rule, id })
  return allowed ? { allowed, use: { shard, subject: rule.subject, id } } : { allowed, refusal }
}

/** The verdict that the secret was right, or was not checked. */
export const giveBackUse = ({ objects }: Pick<Ctx, 'objects'>, { shard, ...use }: CountedUse): Promise<void> =>
  objects.guard(shard).giveBackUse(use)

/** The verdict that the secret was wrong. */
export const failUse = ({ objects }: Pick<Ctx, 'objects'>, { shard, ...use }: CountedUse): Promise<void> =>
  objects.guard(shard).failUse(use)

/** Waits for verdicts. One that does not reach its guard is logged; the answer stands, because a missing verdict only counts as a failure. */
export async function reportVerdicts(
  { log }: Pick<Ctx, 'log'>,
  what: string,
  verdicts: readonly Promise<void>[],
): Promise<void> {
  for (const result of await Promise.allSettled(verdicts))
    if (result.status === 'rejected') log.error(what, result.reason)
}

/** More attempts are being checked at the same time than failures are allowed. */
export const tooManyAtOnce = (retryAfterMs: number): DomainError =>
  rateLimited({ retry_after: Math.ceil(retryAfterMs / SECOND) }, { message: 'Too many attempts at once. Try again.' })
