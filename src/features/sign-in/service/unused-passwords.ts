import type { Ctx } from '../../../context.ts'
import { DAY } from '../../../lib/time.ts'
import { dropUnusedHash, findUnusedHashes } from '../../factors/password/service/costly-hashes.ts'
import { linkTo } from '../../links/service.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { findTransport } from '../../mail/service/transport.ts'
import { isSignInAllowed, recipientOf } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { issueResetToken } from './reset-token.ts'

/** The user did not request this mail and may read it late. */
const LINK_LIFETIME_MS = 7 * DAY

/**
 * Deletes hashes of other systems that were not used for `FOREIGN_HASH_DAYS`, and mails their users a link to a new password.
 * Deletes nothing while no mail can be sent: those users could not sign in again.
 */
export async function dropUnusedPasswords(ctx: Ctx): Promise<void> {
  if ('missing' in findTransport(ctx)) return
  for (const user of await findUnusedHashes(ctx)) {
    if ((await dropUnusedHash(ctx, user)) && isSignInAllowed(user)) await mailPasswordDropped(ctx, user)
  }
}

/** A failed mail changes nothing: the user can request a link at any time. */
async function mailPasswordDropped(ctx: Ctx, user: User): Promise<void> {
  try {
    const link = linkTo(ctx, '/reset-password', await issueResetToken(ctx, user, { lifetimeMs: LINK_LIFETIME_MS }))
    const params = { link, lifetimeMs: LINK_LIFETIME_MS }
    await queueMail(ctx, { kind: 'password_dropped', ...recipientOf(user), params })
  } catch (cause) {
    ctx.log.error('dropped_password_not_told', cause, { user_id: user.id })
  }
}
