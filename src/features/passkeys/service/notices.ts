import type { Ctx } from '../../../context.ts'
import { issueReportLink } from '../../auth/service/report.ts'
import { queueMail } from '../../mail/service.ts'
import { findUser } from '../../users/service.ts'
import type { Passkey } from '../types.ts'

type Change = 'factor_added' | 'factor_removed'

/** Tells the user by mail, behind the answer: the change stands whether or not the mail can be written. */
export const tellOfPasskey = (ctx: Ctx, kind: Change, passkey: Pick<Passkey, 'userId' | 'name'>): void =>
  ctx.defer(sendNotice(ctx, kind, passkey))

async function sendNotice(ctx: Ctx, kind: Change, { userId, name }: Pick<Passkey, 'userId' | 'name'>): Promise<void> {
  const user = await findUser(ctx, userId)
  if (!user) return
  const factor = name === null ? 'Passkey' : `Passkey (${name})`
  const reportLink = await issueReportLink(ctx, user)
  await queueMail(ctx, { kind, to: user.email, userId, locale: user.locale, params: { factor, reportLink } })
}
