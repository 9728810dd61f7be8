import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { unsealText } from '../../../lib/root-keys.ts'
import { SECOND } from '../../../lib/time.ts'
import { CLAIM_MS, ENQUEUE_GRACE_MS, retryDelaySeconds } from '../rules.ts'
import { claimMail, type MailRow, updateDead, updateFailed, updateSent } from '../store.ts'
import type { Delivery, MailMessage, OutgoingMail } from '../types.ts'
import { SEALED_FOR } from './queue.ts'
import { findTransport } from './transport.ts'

const Message = z.object({ mailId: z.uuid() }) satisfies z.ZodType<MailMessage>
const Content = z.object({ subject: z.string(), text: z.string(), html: z.string() })

const MARK_TRIES = 3

export type DeliveryResult =
  | { readonly outcome: 'sent' | 'dead' }
  /** It was sent or is dead already, or another attempt is sending it. */
  | { readonly outcome: 'skipped' }
  | { readonly outcome: 'failed'; readonly delaySeconds: number }

/** Undefined when no known root secret can unseal it. */
async function readContent(ctx: Ctx, row: MailRow): Promise<z.infer<typeof Content> | undefined> {
  try {
    return Content.parse(JSON.parse(await unsealText(ctx.config.rootKeys, SEALED_FOR, row.id, row.contentSealed ?? '')))
  } catch (cause) {
    ctx.log.error('mail_unreadable', cause, { mail: row.id })
    return undefined
  }
}

async function attempt(ctx: Ctx, row: MailRow): Promise<Delivery> {
  const content = await readContent(ctx, row)
  if (!content) return { outcome: 'refused', reason: 'content unreadable' }
  const transport = findTransport(ctx)
  if ('missing' in transport) return { outcome: 'failed', reason: `not configured: ${transport.missing.join(', ')}` }
  const mail: OutgoingMail = {
    ...content,
    id: row.id,
    messageId: `<${row.id}@${new URL(ctx.config.PUBLIC_URL).hostname}>`,
    from: transport.from,
    to: row.recipient,
    createdAt: row.createdAt,
  }
  try {
    return await transport.send(ctx, mail)
  } catch (cause) {
    ctx.log.error('mail_transport_failed', cause, { mail: row.id })
    return { outcome: 'failed', reason: 'transport fault' }
  }
}

/** Retries a failed write at once: a mail that is sent but not marked would be sent again. */
async function markSent(ctx: Ctx, id: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await updateSent(ctx, id, ctx.now())
    } catch (cause) {
      if (tries === MARK_TRIES) throw cause
      ctx.log.error('mail_not_marked', cause, { mail: id })
    }
  }
}

/** Sends a queued mail, unless another attempt is sending it, and records the result. */
export async function deliverMail(ctx: Ctx, id: string): Promise<DeliveryResult> {
  const now = ctx.now()
  const claimedUntil = now + CLAIM_MS
  const row = await claimMail(ctx, id, { now, claimedUntil, enqueueAt: claimedUntil + ENQUEUE_GRACE_MS })
  if (!row) return { outcome: 'skipped' }
  const delivery = await attempt(ctx, row)
  switch (delivery.outcome) {
    case 'sent':
      await markSent(ctx, id)
      return { outcome: 'sent' }
    case 'refused':
      await giveUp(ctx, id, delivery.reason)
      return { outcome: 'dead' }
    case 'failed': {
      const delaySeconds = retryDelaySeconds(row.attempts, ctx.config.MAIL_RETRY_SECONDS)
      const enqueueAt = ctx.now() + delaySeconds * SECOND + ENQUEUE_GRACE_MS
      await updateFailed(ctx, id, { lastError: delivery.reason, enqueueAt })
      ctx.log.warn('mail_failed', { mail: id, attempts: row.attempts, reason: delivery.reason })
      return { outcome: 'failed', delaySeconds }
    }
  }
}

async function giveUp(ctx: Ctx, id: string, reason: string | null): Promise<void> {
  const [dead] = await updateDead(ctx, id, reason)
  if (dead) ctx.log.warn('mail_dead', { mail: id, kind: dead.kind, reason: dead.lastError })
}

/** Runs `process` for each message separately. A message for which it throws is retried. */
async function processEach(
  ctx: Ctx,
  messages: readonly Message<unknown>[],
  process: (mailId: string, message: Message<unknown>) => Promise<void>,
): Promise<void> {
  const one = async (message: Message<unknown>) => {
    const parsed = Message.safeParse(message.body)
    if (!parsed.success) {
      ctx.log.warn('mail_message_malformed', { message: message.id })
      message.ack()
      return
    }
    try {
      await process(parsed.data.mailId, message)
    } catch (cause) {
      ctx.log.error('mail_not_delivered', cause, { mail: parsed.data.mailId })
      message.retry({ delaySeconds: retryDelaySeconds(message.attempts, ctx.config.MAIL_RETRY_SECONDS) })
    }
  }
  await Promise.all(messages.map(one))
}

/** The consumer of the mail queue. The queue's own limit of retries decides when a message goes to the dead-letter queue. */
export const deliverMails = (ctx: Ctx, messages: readonly Message<unknown>[]): Promise<void> =>
  processEach(ctx, messages, async (mailId, message) => {
    const result = await deliverMail(ctx, mailId)
    if (result.outcome === 'failed') message.retry({ delaySeconds: result.delaySeconds })
    else message.ack()
  })

/** The consumer of the dead-letter queue: marks the mails as dead, until an admin queues them again. */
export const giveUpMails = (ctx: Ctx, messages: readonly Message<unknown>[]): Promise<void> =>
  processEach(ctx, messages, async (mailId, message) => {
    await giveUp(ctx, mailId, null)
    message.ack()
  })
