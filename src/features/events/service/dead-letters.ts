import { type AdminCtx, actorOf, type Ctx } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import { DAY } from '../../../lib/time.ts'
import { deadLetterNotFound, deadLetterOutdated } from '../errors.ts'
import { deleteDeadLetter, deleteOldDeadLetters, findDeadLetter, selectDeadLetters } from '../store/dead-letters.ts'
import type { DeadLetter } from '../types.ts'

const ROWS_PER_PRUNE = 500

/** A page, newest first, without their content, and how many there are. */
export const listDeadLetters = (
  ctx: Ctx,
  page: { limit: number; offset: number },
): Promise<{ letters: DeadLetter[]; total: number }> => selectDeadLetters(ctx, page)

/**
 * Hands a dead letter back to the outbox that it comes from, behind what waits there. Returns whether its destination has
 * taken it; if not, the outbox goes on, and sets it aside again as it would any row. Throws DEAD_LETTER_NOT_FOUND,
 * DEAD_LETTER_OUTDATED.
 */
export async function requeueDeadLetter(ctx: AdminCtx, id: string): Promise<{ delivered: boolean }> {
  const letter = await findDeadLetter(ctx, id)
  if (!letter) throw deadLetterNotFound()
  const { userId, destination, payload, attempts } = letter
  // Whether the session lives may have been written since.
  if (destination === 'kv') throw deadLetterOutdated()
  // First into the outbox, then out of here: what breaks off in between is delivered twice, and receivers know repeats.
  const delivered =
    userId === null
      ? await ctx.objects.hub('platform').requeue({ topic: 'platform', destination, payload })
      : await ctx.objects.user(userId).requeue({ userId, destination, payload })
  await commit(ctx, deleteDeadLetter(ctx, id), {
    type: 'dead_letter.requeued',
    subject: id,
    userId: null,
    actor: actorOf(ctx),
    data: { destination, attempts },
  })
  return delivered
}

/** Deletes what was set aside before `EVENT_RETENTION_DAYS`, a bounded number a run. */
export const pruneDeadLetters = (ctx: Pick<Ctx, 'db' | 'now' | 'config'>): Promise<void> =>
  deleteOldDeadLetters(ctx, ctx.now() - ctx.config.EVENT_RETENTION_DAYS * DAY, ROWS_PER_PRUNE)
