import type { Ctx } from '../../../context.ts'
import { DAY } from '../../../lib/time.ts'
import { deleteOldDeadLetters, selectDeadLetters } from '../store/dead-letters.ts'
import type { DeadLetter } from '../types.ts'

/** A page of dead letters, newest first, without their content, and the total number. */
export const listDeadLetters = (
  ctx: Ctx,
  range: { limit: number; offset: number },
): Promise<{ rows: DeadLetter[]; total: number }> => selectDeadLetters(ctx, range)

/** Deletes dead letters older than `EVENT_RETENTION_DAYS`, a limited number in each run. */
export const pruneDeadLetters = (ctx: Pick<Ctx, 'db' | 'now' | 'config'>): Promise<void> =>
  deleteOldDeadLetters(ctx, ctx.now() - ctx.config.EVENT_RETENTION_DAYS * DAY)
