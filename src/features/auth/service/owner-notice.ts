import type { Ctx } from '../../../context.ts'
import { queueMail } from '../../mail/service.ts'
import type { MailKind, MailParams, MailRequest } from '../../mail/types.ts'
import type { User } from '../../users/types.ts'
import type { AddedFactor } from '../types.ts'
import { issueReportLink } from './report.ts'

/** Kinds of mails that carry a link to report what they tell of. */
type ReportableKind = {
  [K in MailKind]: MailParams[K] extends { readonly reportLink: string } ? K : never
}[MailKind]

/** Those without one: what an admin did, and what leaves nobody who could use a link. */
type PlainKind = 'email_changed' | 'account_closed' | 'account_reopened' | 'account_deleted' | 'account_restored'

/** One each, so that a kind that is forgotten does not compile. */
const IS_REPORTABLE: Readonly<Record<ReportableKind | PlainKind, boolean>> = {
  password_changed: true,
  new_device: true,
  factor_added: true,
  factor_removed: true,
  backup_codes_replaced: true,
  email_changed: false,
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
export const tellOwner = (ctx: Ctx, owner: Owner, notice: OwnerNotice): void => ctx.defer(mailOwner(ctx, owner, notice))

/** As `tellOwner`, awaited. */
export async function mailOwner(ctx: Ctx, owner: Owner, { kind, params, added }: OwnerNotice): Promise<void> {
  const { id: userId, email: to, locale } = owner
  const link = IS_REPORTABLE[kind] ? { reportLink: await issueReportLink(ctx, owner, added ?? null) } : {}
  await queueMail(ctx, { kind, to, userId, locale, params: { ...params, ...link } } as MailRequest)
}
