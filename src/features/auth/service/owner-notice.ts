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

/** What became of an account. `added` is the factor that a report of this mail takes away. */
type OwnerNotice = {
  [K in ReportableKind]: {
    readonly kind: K
    readonly params: Omit<MailParams[K], 'reportLink'>
    readonly added?: AddedFactor
  }
}[ReportableKind]

type Owner = Pick<User, 'id' | 'email' | 'locale'>

/** Tells the owner of an account by mail, behind the answer: the change stands whether or not the mail can be written. */
export const tellOwner = (ctx: Ctx, owner: Owner, notice: OwnerNotice): void => ctx.defer(mailOwner(ctx, owner, notice))

/** As `tellOwner`, awaited. */
export async function mailOwner(ctx: Ctx, owner: Owner, { kind, params, added }: OwnerNotice): Promise<void> {
  const { id: userId, email: to, locale } = owner
  const reportLink = await issueReportLink(ctx, owner, added ?? null)
  await queueMail(ctx, { kind, to, userId, locale, params: { ...params, reportLink } } as MailRequest)
}
