import type { Ctx } from '../../../context.ts'
import { issueReportLink } from '../../auth/service/report.ts'
import { queueMail } from '../../mail/service.ts'
import type { User } from '../../users/types.ts'

export const FACTOR = 'Authenticator (TOTP)'

/** Tells the user by mail, behind the answer: the change stands whether or not the mail can be written. */
export const tellFactorAdded = (ctx: Ctx, user: User): void => ctx.defer(tell(ctx, user, 'factor_added'))

export const tellFactorRemoved = (ctx: Ctx, user: User): void => ctx.defer(tell(ctx, user, 'factor_removed'))

async function tell(ctx: Ctx, user: User, kind: 'factor_added' | 'factor_removed'): Promise<void> {
  const { id: userId, email: to, locale } = user
  const reportLink = await issueReportLink(ctx, user, kind === 'factor_added' ? { kind: 'totp' } : null)
  await queueMail(ctx, { kind, to, userId, locale, params: { factor: FACTOR, reportLink } })
}
