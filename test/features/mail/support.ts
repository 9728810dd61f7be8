import type { Ctx } from '../../../src/context.ts'
import type { MailRequest } from '../../../src/features/mail/types.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { env } from '../../support/app.ts'

export const LINK = 'https://auth.example.test/reset?token=pot_a-token-that-signs-in'

export const freshAddress = (): string => `${newUuid()}@example.test`

export const resetMail = (to: string, locale: string | null = null): MailRequest => ({
  kind: 'password_reset',
  to,
  userId: null,
  locale,
  params: { link: LINK, lifetimeMs: 3_600_000 },
})

export interface Row {
  readonly id: string
  readonly status: string
  readonly attempts: number
  readonly last_error: string | null
  readonly content_sealed: string | null
  readonly claimed_until: number
  readonly enqueue_at: number
  readonly sent_at: number | null
}

export const rowsOf = async (to: string): Promise<Row[]> =>
  (await env.DB.prepare('select * from mails where recipient = ? order by rowid').bind(to).all<Row>()).results

export async function rowOf(to: string): Promise<Row> {
  const [row] = await rowsOf(to)
  if (!row) throw new Error('there is no row')
  return row
}

/** A queue for one test: it stores messages without delivering them. */
export function keptQueue() {
  const taken: string[] = []
  const take = (body: unknown) => void taken.push((body as { mailId: string }).mailId)
  const queue = {
    send: async (body: unknown) => take(body),
    sendBatch: async (messages: Iterable<{ body: unknown }>) => [...messages].map(({ body }) => take(body)),
  } as unknown as Queue<unknown>
  return { taken, into: (ctx: Ctx): Ctx => ({ ...ctx, queues: { ...ctx.queues, mail: queue } }) }
}

/** A message for a consumer, which records whether it was acknowledged or retried. */
export function messageOf(mailId: unknown, attempts = 1) {
  const calls: string[] = []
  const message = {
    id: newUuid(),
    timestamp: new Date(0),
    body: { mailId },
    attempts,
    ack: () => void calls.push('ack'),
    retry: (options?: QueueRetryOptions) => void calls.push(`retry ${options?.delaySeconds}`),
  } as unknown as Message<unknown>
  return { message, calls }
}
