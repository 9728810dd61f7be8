import type { Ctx } from '../../../context.ts'
import { DAY } from '../../../lib/time.ts'
import { deleteOldDeadLetters, selectDeadLetters } from '../store/dead-letters.ts'
import type { DeadLetter } from '../types.ts'

const ROWS_PER_PRUNE = 500

/** A page, newest first, without their content, and how many there are. */
export const listDeadLetters = (
  ctx: Ctx,
  page: { limit: number; offset: number },
): Promise<{ letters: DeadLetter[]; total: number }> => selectDeadLetters(ctx, page)

/** Deletes what was set aside before `EVENT_RETENTION_DAYS`, a bounded number a run. */
export const pruneDeadLetters = (ctx: Pick<Ctx, 'db' | 'now' | 'config'>): Promise<void> =>
  deleteOldDeadLetters(ctx, ctx.now() - ctx.config.EVENT_RETENTION_DAYS * DAY, ROWS_PER_PRUNE)
