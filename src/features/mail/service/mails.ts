import { type AdminCtx, actorOf, type Ctx } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import { defineError } from '../../../lib/errors.ts'
import { DAY, HOUR } from '../../../lib/time.ts'
import { ENQUEUE_AGAIN_MS, ENQUEUE_GRACE_MS } from '../rules.ts'
import {
  deleteOldMails,
  findEntry,
  hasDeadSince,
  selectEntries,
  selectMailbox,
  selectOverdue,
  updateEnqueueAt,
  updateRequeued,
} from '../store.ts'
import type { MailEntry, MailMessage, MailStatus, StoredMail } from '../types.ts'
import { enqueue } from './queue.ts'
import { findTransport } from './transport.ts'

export { mailsPerWindow, WINDOW_MS } from '../rules.ts'
export { buryMails, deliverMail, deliverMails } from './deliver.ts'
export { queueMail } from './queue.ts'

export const mailNotFound = defineError('MAIL_NOT_FOUND', 'not_found', 'Mail not found')
export const mailNotDead = defineError('MAIL_NOT_DEAD', 'conflict', 'Only a mail that was given up can be sent again')

const OVERDUE_PER_SWEEP = 500
/** A queue takes 100 messages at once, a statement of D1 100 parameters. */
const MESSAGES_AT_ONCE = 90
const ROWS_PER_PRUNE = 500
const SENT_KEPT_MS = 7 * DAY
const DEAD_KEPT_MS = 30 * DAY

/** Whether mail can be sent, as far as is known: settings are there, and no mail was given up in the last hour. */
export async function checkMail(ctx: Ctx): Promise<'healthy' | 'degraded' | 'not_configured'> {
  if ('missing' in findTransport(ctx)) return 'not_configured'
  return (await hasDeadSince(ctx, ctx.now() - HOUR)) ? 'degraded' : 'healthy'
}

/** The local mailbox: the newest hundred, of one recipient or of all. */
export const listMailbox = (ctx: Ctx, recipient: string | null): Promise<StoredMail[]> =>
  selectMailbox(ctx, recipient === null ? null : recipient.toLowerCase())

/** Mails of the deployment in one state, newest first, without their content. */
export const listMails = (
  ctx: Ctx,
  page: { status: MailStatus; limit: number; offset: number },
): Promise<MailEntry[]> => selectEntries(ctx, page)

/** Sends a mail that was given up once more, under its own id. Throws MAIL_NOT_FOUND, MAIL_NOT_DEAD. */
export async function requeueMail(ctx: AdminCtx, id: string): Promise<MailEntry> {
  const before = await findEntry(ctx, id)
  if (!before) throw mailNotFound()
  // The statement decides: of two requests at once, one queues the mail and the other finds that it is not dead.
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

/** Hands the queue what it lost or never took. */
export async function enqueueOverdueMails(ctx: Pick<Ctx, 'db' | 'now' | 'queues'>): Promise<void> {
  const overdue = await selectOverdue(ctx, ctx.now(), OVERDUE_PER_SWEEP)
  for (let start = 0; start < overdue.length; start += MESSAGES_AT_ONCE) {
    const ids = overdue.slice(start, start + MESSAGES_AT_ONCE)
    await ctx.queues.mail.sendBatch(ids.map((mailId) => ({ body: { mailId } satisfies MailMessage })))
    await updateEnqueueAt(ctx, ids, ctx.now() + ENQUEUE_AGAIN_MS)
  }
}

/** Deletes sent mails after a week and dead ones after a month, a bounded number a run. */
export async function pruneMails(ctx: Pick<Ctx, 'db' | 'now'>): Promise<void> {
  await deleteOldMails(ctx, { status: 'sent', before: ctx.now() - SENT_KEPT_MS, limit: ROWS_PER_PRUNE })
  await deleteOldMails(ctx, { status: 'dead', before: ctx.now() - DEAD_KEPT_MS, limit: ROWS_PER_PRUNE })
}
