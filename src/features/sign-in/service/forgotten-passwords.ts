import type { Ctx } from '../../../context.ts'
import { DAY } from '../../../lib/time.ts'
import { dropForgottenHash, findForgottenHashes } from '../../factors/password/service/costly-hashes.ts'
import { linkTo } from '../../links/service.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { findTransport } from '../../mail/service/transport.ts'
import { isSignInAllowed } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { issueResetToken } from './reset-token.ts'

/** Nobody waits for this mail: it lies for a while before it is read. */
const LINK_LIFETIME_MS = 7 * DAY

/**
 * Drops the hashes of other systems that nobody signed in with for `FOREIGN_HASH_DAYS`, and mails their users a link to a
 * new password. Nothing is dropped while no mail can be sent: there would be no way back.
 */
export async function dropForgottenPasswords(ctx: Ctx): Promise<void> {
  if ('missing' in findTransport(ctx)) return
  for (const user of await findForgottenHashes(ctx)) {
    if ((await dropForgottenHash(ctx, user)) && isSignInAllowed(user)) await tellDropped(ctx, user)
  }
}

/** The password is gone whether or not the mail can be written: its user may ask for a link at any time. */
async function tellDropped(ctx: Ctx, user: User): Promise<void> {
  const { id: userId, email: to, locale } = user
  try {
    const link = linkTo(ctx, '/reset-password', await issueResetToken(ctx, user, { lifetimeMs: LINK_LIFETIME_MS }))
    await queueMail(ctx, { kind: 'password_dropped', to, userId, locale, params: { link } })
  } catch (cause) {
    ctx.log.error('dropped_password_not_told', cause, { user_id: userId })
  }
}
