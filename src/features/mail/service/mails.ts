import { type AdminCtx, actorOf, type Ctx } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import { defineError } from '../../../lib/errors.ts'
import { HOUR } from '../../../lib/time.ts'
import { keptSince } from '../../retention/service.ts'
import { ENQUEUE_AGAIN_MS, ENQUEUE_GRACE_MS } from '../rules.ts'
import {
  deleteOldMails,
  findEntry,
  hasDeadSince,
  type MailFilter,
  selectEntries,
  selectMailbox,
  selectOverdue,
  updateEnqueueAt,
  updateRequeued,
} from '../store.ts'
import type { MailEntry, MailMessage, StoredMail } from '../types.ts'
import { enqueue } from './queue.ts'
import { findTransport } from './transport.ts'

export { mailsPerWindow, WINDOW_MS } from '../rules.ts'
export { countOldMails } from '../store.ts'
export { deliverMail, deliverMails, giveUpMails } from './deliver.ts'
export { queueMail } from './queue.ts'

export const mailNotFound = defineError('MAIL_NOT_FOUND', 'not_found', 'Mail not found')
export const mailNotDead = defineError(
  'MAIL_NOT_DEAD',
  'conflict',
  'Only a mail that could not be sent can be queued again',
)

const OVERDUE_PER_SWEEP = 500
/** The limits are 100 messages for a batch of a queue, and 100 parameters for a statement of D1. */
const MESSAGES_AT_ONCE = 90

/** Whether mail works, as far as known: the settings are complete, and no mail of the last hour is dead. */
export async function checkMail(ctx: Ctx): Promise<'healthy' | 'degraded' | 'not_configured'> {
  if ('missing' in findTransport(ctx)) return 'not_configured'
  return (await hasDeadSince(ctx, ctx.now() - HOUR)) ? 'degraded' : 'healthy'
}

/** The newest hundred mails of the local mailbox, to one recipient or to all. */
export const listMailbox = (ctx: Ctx, recipient: string | null): Promise<StoredMail[]> =>
  selectMailbox(ctx, recipient === null ? null : recipient.toLowerCase())

/** Mails with one status, newest first, without their content. */
export const listMails = (ctx: Ctx, page: MailFilter & { limit: number; offset: number }): Promise<MailEntry[]> =>
  selectEntries(ctx, page)

/** Queues a dead mail again, with the same id. Throws MAIL_NOT_FOUND, MAIL_NOT_DEAD. */
export async function requeueMail(ctx: AdminCtx, id: string): Promise<MailEntry> {
  const before = await findEntry(ctx, id)
  if (!before) throw mailNotFound()
  // The statement decides a race: one request queues the mail, the other gets MAIL_NOT_DEAD.
  const [entry] = await commit(ctx, updateRequeued(ctx, id, ctx.now() + ENQUEUE_GRACE_MS), {
    type: 'mail.requeued',
    subject: id,
    userId: null,
    actor: actorOf(ctx),
    data: { kind: before.kind, attempts: before.attempts, last_error: before.lastError },
  })
  if (!entry) throw mailNotDead()
  await enqueue(ctx, id)
  return entry
}

/** Enqueues mails that the queue lost or never accepted. */
export async function enqueueOverdueMails(ctx: Pick<Ctx, 'db' | 'now' | 'queues'>): Promise<void> {
  const overdue = await selectOverdue(ctx, ctx.now(), OVERDUE_PER_SWEEP)
  for (let start = 0; start < overdue.length; start += MESSAGES_AT_ONCE) {
    const ids = overdue.slice(start, start + MESSAGES_AT_ONCE)
    await ctx.queues.mail.sendBatch(ids.map((mailId) => ({ body: { mailId } satisfies MailMessage })))
    await updateEnqueueAt(ctx, ids, ctx.now() + ENQUEUE_AGAIN_MS)
  }
}

const KINDS = { sent: 'mails', dead: 'dead_mails' } as const

type Kept = Pick<Ctx, 'db' | 'now' | 'config'>

const oldOf = async (ctx: Kept, status: keyof typeof KINDS) => ({ status, before: await keptSince(ctx, KINDS[status]) })

/** Deletes sent and dead mails that are kept no longer, a limited number in each run. */
export async function pruneMails(ctx: Kept): Promise<void> {
  await deleteOldMails(ctx, await oldOf(ctx, 'sent'))
  await deleteOldMails(ctx, await oldOf(ctx, 'dead'))
}
