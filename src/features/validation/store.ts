import * as z from 'zod/mini'
import type { EarlyCtx } from '../../context.ts'
import type { CheckInput, CheckResult } from '../../durable/rpc.ts'
import { within } from '../../lib/time.ts'

/** Asks the user's object about a session. Rejects when it does not answer within `ms`. */
export const askSession = (ctx: Pick<EarlyCtx, 'objects'>, input: CheckInput, ms: number): Promise<CheckResult> =>
  within(ms, ctx.objects.user(input.userId).check(input))

const SessionRecord = z.object({ user_id: z.string(), state: z.enum(['live', 'ended']) })

/** Whether KV has a record that the session has ended. A missing record proves nothing. Rejects without an answer within `ms`. */
export async function isRecordedAsEnded(
  ctx: Pick<EarlyCtx, 'kv'>,
  session: { userId: string; sessionId: string },
  ms: number,
): Promise<boolean> {
  const record = SessionRecord.safeParse(await within(ms, ctx.kv.get(`session:${session.sessionId}`, 'json'))).data
  return record?.user_id === session.userId && record.state === 'ended'
}
