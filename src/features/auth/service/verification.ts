import type { ActorCtx, Ctx } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import { DAY } from '../../../lib/time.ts'
import { queueMail } from '../../mail/service.ts'
import { findOneTimeToken, issueOneTimeToken, redemptionOf } from '../../one-time-tokens/service.ts'
import type { OneTimeToken } from '../../one-time-tokens/types.ts'
import { findUserByEmail } from '../../users/service.ts'
import type { User } from '../../users/types.ts'
import { emailAlreadyVerified, linkInvalid } from '../errors.ts'
import { updateEmailVerified } from '../store/credentials.ts'
import { getCurrentUser } from './current.ts'
import { confirmEmailChange, type VerifiedEmail } from './email-change.ts'
import { linkTo } from './links.ts'
import { mayMailLink, requireMailTransport } from './mailed-links.ts'
import { answerAlike } from './uniform.ts'

const LINK_LIFETIME_MS = 2 * DAY

/** Mails a link that verifies the user's address; it voids the older ones. */
export async function sendVerification(ctx: Ctx, user: User): Promise<void> {
  const { id: userId, email, locale } = user
  if (!(await mayMailLink(ctx, 'email_verification', { email, userId }))) return
  const { token } = await issueOneTimeToken(ctx, {
    purpose: 'email_verification',
    userId,
    email,
    lifetimeMs: LINK_LIFETIME_MS,
  })
  const params = { link: linkTo(ctx, '/verify-email', token) }
  await queueMail(ctx, { kind: 'email_verification', to: email, userId, locale, params })
}

/** For whoever types an address: the same answer in the same time, whether it is somebody's, verified or not. */
export async function resendVerification(ctx: Ctx, input: { email: string }): Promise<void> {
  requireMailTransport(ctx)
  await answerAlike(
    ctx,
    () => findUserByEmail(ctx, input.email),
    async (user) => {
      if (user && user.status !== 'deleted' && user.emailVerifiedAt === null) await sendVerification(ctx, user)
    },
  )
}

/** For the user. Throws ALREADY_VERIFIED. */
export async function resendOwnVerification(ctx: ActorCtx): Promise<void> {
  const user = await getCurrentUser(ctx)
  if (user.emailVerifiedAt !== null) throw emailAlreadyVerified()
  await sendVerification(ctx, user)
}

/**
 * What a link of either kind asks for: a new account's address is verified, or a changed one takes effect.
 * Throws INVALID_TOKEN, and CONFLICT when the new address was taken meanwhile.
 */
export async function verifyEmail(ctx: Ctx, input: { token: string }): Promise<VerifiedEmail> {
  const verification = await findOneTimeToken(ctx, 'email_verification', input.token)
  if (verification) return confirmAddress(ctx, verification, input.token)
  const change = await findOneTimeToken(ctx, 'email_change', input.token)
  if (change) return confirmEmailChange(ctx, change, input.token)
  throw linkInvalid()
}

/** Whose address a link would verify, without verifying it: for a page that asks first. Throws INVALID_TOKEN. */
export async function getVerification(ctx: Ctx, input: { token: string }): Promise<{ email: string }> {
  const found =
    (await findOneTimeToken(ctx, 'email_verification', input.token)) ??
    (await findOneTimeToken(ctx, 'email_change', input.token))
  if (!found?.email) throw linkInvalid()
  return { email: found.email }
}

async function confirmAddress(ctx: Ctx, { userId, email }: OneTimeToken, token: string): Promise<VerifiedEmail> {
  if (userId === null || email === null) throw linkInvalid()
  const { redemption, statement } = await redemptionOf(ctx, 'email_verification', token)
  const [verified] = await commitAll(ctx, [statement, updateEmailVerified(ctx, { userId, email, redemption })], {
    type: 'user.email_verified',
    subject: userId,
    userId,
    actor: { type: 'user', id: userId },
    data: { after: { email } },
  })
  if (!verified) throw linkInvalid()
  return { email, userId, propagated: true }
}
