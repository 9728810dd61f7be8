import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { record } from '../../../db/commit.ts'
import { rateLimited } from '../../../lib/errors.ts'
import type { EventActor, EventDraft } from '../../../lib/event.ts'
import { DAY, SECOND } from '../../../lib/time.ts'
import { issueOneTimeToken, linkTo } from '../../links/service.ts'
import { createTexts, type Values } from '../../localization/service/texts.ts'
import { mailsPerWindow, queueMail, WINDOW_MS } from '../../mail/service/mails.ts'
import type { MailKind, MailParams, MailRequest } from '../../mail/types.ts'
import { recipientOf } from '../rules.ts'
import type { AddedFactor, Notification, NotificationKind, User } from '../types.ts'
import { listNoticeAddresses } from './former-addresses.ts'

const REPORT_LINK_LIFETIME_MS = 7 * DAY

/** A notification is only an event: it reaches the user's sockets and `platform`, and stays in the record. */
export const notificationEvent = (userId: string, actor: EventActor, notification: Notification): EventDraft => ({
  type: 'notification.created',
  subject: userId,
  userId,
  actor,
  data: { ...notification },
})

/** A notification in the user's language, for the batch of the change that it is about. */
export async function notificationOf(
  ctx: Ctx,
  { id, locale }: Pick<User, 'id' | 'locale'>,
  { kind, actor, params }: { kind: NotificationKind; actor: EventActor; params?: Values },
): Promise<EventDraft> {
  const texts = await createTexts(ctx, locale)
  const title = texts.text(`notification.${kind}.title`, params)
  const message = texts.text(`notification.${kind}.message`, params)
  return notificationEvent(id, actor, { kind, title, message })
}

/** Mails that contain a link to report the activity that they are about. */
type ReportableKind = {
  [K in MailKind]: MailParams[K] extends { readonly reportLink: string } ? K : never
}[MailKind]

/** Mails without a report link: about an admin's decision, or about an account that nobody can sign in to. */
type PlainKind = 'account_closed' | 'account_reopened' | 'account_deleted' | 'account_kept' | 'account_restored'

/** A record, so that a kind that is missing here does not compile. */
const IS_REPORTABLE: Readonly<Record<ReportableKind | PlainKind, boolean>> = {
  email_change_notice: true,
  password_changed: true,
  new_device: true,
  factor_added: true,
  factor_removed: true,
  backup_codes_replaced: true,
  data_exported: true,
  account_closed: false,
  account_reopened: false,
  account_deleted: false,
  account_kept: false,
  account_restored: false,
}

/** A mail to the owner of an account about what happened to it. `added` is the factor that reporting this mail removes. */
export type Notice = {
  [K in ReportableKind | PlainKind]: {
    readonly kind: K
    readonly params: Omit<MailParams[K], 'reportLink'>
    readonly added?: AddedFactor
  }
}[ReportableKind | PlainKind]

/** Sends a notice in the background: the change stands whether or not the mail can be queued. */
export const notifyOwner = (ctx: Ctx, owner: User, notice: Notice): void => ctx.defer(sendNotice(ctx, owner, notice))

/**
 * Sends a notice to the account's address and to those that it had in the last days: an attacker may have changed it. Each
 * mail has a link of its own, so that using one leaves the others valid.
 */
export async function sendNotice(ctx: Ctx, owner: User, notice: Notice): Promise<void> {
  const { kind, params, added = null } = notice
  const { id } = owner
  await record(ctx, ...(await notificationsWith(ctx, owner, notice)))
  for (const to of await listNoticeAddresses(ctx, owner)) {
    const link = IS_REPORTABLE[kind] ? { reportLink: await issueReportLink(ctx, { id, email: to }, added) } : {}
    await queueMail(ctx, { kind, ...recipientOf(owner), to, params: { ...params, ...link } } as MailRequest)
  }
}

/** Notifications that accompany the mail; other kinds have theirs in the batch of their change. */
async function notificationsWith(ctx: Ctx, owner: User, { kind, params }: Notice): Promise<EventDraft[]> {
  const actor: EventActor = { type: 'user', id: owner.id }
  if (kind === 'new_device')
    return [await notificationOf(ctx, owner, { kind, actor, params: { device: params.device } })]
  return kind === 'password_changed' ? [await notificationOf(ctx, owner, { kind, actor })] : []
}

const Added = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['passkey', 'identity']), id: z.string() }),
  z.object({ kind: z.literal('totp') }),
]) satisfies z.ZodType<AddedFactor>

/** The data of a report link. */
export const ReportedMail = z.object({ added: Added.nullable() })

/** A single-use link in a mail to `email`, with which the user reports that the activity was not theirs. */
export async function issueReportLink(
  ctx: Ctx,
  { id: userId, email }: Pick<User, 'id' | 'email'>,
  added: AddedFactor | null = null,
): Promise<string> {
  const { token } = await issueOneTimeToken(ctx, {
    purpose: 'activity_report',
    userId,
    email,
    data: { added } satisfies z.input<typeof ReportedMail>,
    lifetimeMs: REPORT_LINK_LIFETIME_MS,
    // Each mail has its own link: a newer mail must not void the report of an older one.
    keepsOlder: true,
  })
  return linkTo(ctx, '/report-activity', token)
}

/**
 * Limits the factors that are added in an hour to the mails that may be sent about them: a factor without a mail has no link
 * to remove it, so an attacker could add one after using up the mails. Throws RATE_LIMIT_EXCEEDED.
 */
export async function countAddedFactor(ctx: Pick<Ctx, 'objects'>, userId: string): Promise<void> {
  const rule = { subject: `factor-added:${userId}`, limit: mailsPerWindow('factor_added'), windowMs: WINDOW_MS }
  const { allowed, retryAfterMs } = await ctx.objects.guard(userId).use(rule)
  if (!allowed) throw rateLimited({ retry_after: Math.ceil(retryAfterMs / SECOND) })
}
