import type { Ctx } from '../../../context.ts'
import { rateLimited } from '../../../lib/errors.ts'
import { SECOND } from '../../../lib/time.ts'
import { mailsPerWindow, queueMail, WINDOW_MS } from '../../mail/service/mails.ts'
import type { MailKind, MailParams, MailRequest } from '../../mail/types.ts'
import type { AddedFactor, User } from '../types.ts'
import { listNoticeAddresses } from './former-addresses.ts'
import { notifyUser } from './notices.ts'
import { issueReportLink } from './report-link.ts'

/** Kinds of mails that carry a link to report what they tell of. */
type ReportableKind = {
  [K in MailKind]: MailParams[K] extends { readonly reportLink: string } ? K : never
}[MailKind]

/** Those without one: what an admin did, and what leaves nobody who could use a link. */
type PlainKind = 'account_closed' | 'account_reopened' | 'account_deleted' | 'account_restored'

/** One each, so that a kind that is forgotten does not compile. */
const IS_REPORTABLE: Readonly<Record<ReportableKind | PlainKind, boolean>> = {
  email_change_notice: true,
  password_changed: true,
  new_device: true,
  factor_added: true,
  factor_removed: true,
  backup_codes_replaced: true,
  account_closed: false,
  account_reopened: false,
  account_deleted: false,
  account_restored: false,
}

/** What became of an account. `added` is the factor that a report of this mail takes away. */
export type OwnerNotice = {
  [K in ReportableKind | PlainKind]: {
    readonly kind: K
    readonly params: Omit<MailParams[K], 'reportLink'>
    readonly added?: AddedFactor
  }
}[ReportableKind | PlainKind]

type Owner = Pick<User, 'id' | 'email' | 'locale'>

/** Tells the owner of an account by mail, behind the answer: the change stands whether or not the mail can be written. */
export const notifyOwner = (ctx: Ctx, owner: Owner, notice: OwnerNotice): void =>
  ctx.defer(mailOwner(ctx, owner, notice))

/**
 * As `notifyOwner`, awaited. Addresses that the account had in the last days are told, too: the present one may be a thief's.
 * Each has a link of its own, so that none uses up another's.
 */
export async function mailOwner(ctx: Ctx, owner: Owner, { kind, params, added }: OwnerNotice): Promise<void> {
  const { id: userId, locale } = owner
  for (const to of await listNoticeAddresses(ctx, owner)) {
    const link = IS_REPORTABLE[kind]
      ? { reportLink: await issueReportLink(ctx, { id: userId, email: to }, added ?? null) }
      : {}
    await queueMail(ctx, { kind, to, userId, locale, params: { ...params, ...link } } as MailRequest)
  }
}

/** That the password was changed, by mail and by a notification, behind the answer. */
export const notifyPasswordChanged = (ctx: Ctx, user: User): void => ctx.defer(sendPasswordNotice(ctx, user))

async function sendPasswordNotice(ctx: Ctx, user: User): Promise<void> {
  await notifyUser(ctx, { user, kind: 'password_changed', actor: { type: 'user', id: user.id } })
  await mailOwner(ctx, user, { kind: 'password_changed', params: {} })
}

/**
 * Counts a factor before it is bound: no more in an hour than its user is mailed of. One without a mail has no link that takes it
 * away, and would be left to a thief who had added others first. Throws RATE_LIMIT_EXCEEDED.
 */
export async function countAddedFactor(ctx: Pick<Ctx, 'objects'>, userId: string): Promise<void> {
  const rule = { subject: `factor-added:${userId}`, limit: mailsPerWindow('factor_added'), windowMs: WINDOW_MS }
  const { allowed, retryAfterMs } = await ctx.objects.guard(userId).use(rule)
  if (!allowed) throw rateLimited({ retry_after: Math.ceil(retryAfterMs / SECOND) })
}
