import type { Ctx } from './context.ts'
import { pruneEvents, recordObjectEvents, sweepUndelivered } from './features/events/service.ts'
import { resealKeys, rotateKeys } from './features/keys/service.ts'

/** What cron does every minute. One failure does not stop the others. */
export async function runScheduled(ctx: Ctx): Promise<void> {
  const jobs: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['rotate_keys', () => rotateKeys(ctx)],
    ['reseal_keys', () => resealKeys(ctx)],
    ['sweep_undelivered', () => sweepUndelivered(ctx)],
    ['prune_events', () => pruneEvents(ctx)],
  ]
  for (const [name, job] of jobs) {
    try {
      await job()
    } catch (cause) {
      ctx.log.error('job_failed', cause, { job: name })
    }
  }
}

/** Takes a batch of one of the queues. */
export async function runQueue(ctx: Ctx, batch: MessageBatch<unknown>): Promise<void> {
  await recordObjectEvents(ctx, batch.messages)
}
