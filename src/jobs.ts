import type { Ctx } from './context.ts'
import { resealKeys, rotateKeys } from './features/keys/service.ts'

/** What cron does every minute. One failure does not stop the others. */
export async function runScheduled(ctx: Ctx): Promise<void> {
  const jobs: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['rotate_keys', () => rotateKeys(ctx)],
    ['reseal_keys', () => resealKeys(ctx)],
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
export async function runQueue(_ctx: Ctx, _batch: MessageBatch<unknown>): Promise<void> {}
