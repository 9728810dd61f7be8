import type { ActorCtx, Ctx, UserActor } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import { DomainError } from '../../../lib/errors.ts'
import { DAY } from '../../../lib/time.ts'
import {
  findOneTimeToken,
  findSpentOneTimeToken,
  issueOneTimeToken,
  linkTo,
  redemptionOf,
} from '../../links/service.ts'
import type { OneTimeToken } from '../../links/types.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { findUser, findUserByEmail, getCurrentUser, isEmailConfirmed } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { emailAlreadyVerified, linkInvalid } from '../errors.ts'
import { verifiedEmail } from '../store/credentials.ts'
import { confirmEmailChange, type VerifiedEmail } from './email-change.ts'
import { mayMailLink, requireMailTransport } from './mailed-links.ts'
import { issueResetToken } from './reset-token.ts'
import { takeOver } from './takeover.ts'
import { answerAlike } from './timing.ts'

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

/**
 * For whoever types an address: the same answer in the same time, whether it is somebody's, verified or not. Who verified
 * it and answered for nothing gets another link, to answer by.
 */
export async function resendVerification(ctx: Ctx, input: { email: string }): Promise<void> {
  requireMailTransport(ctx)
  await answerAlike(
    ctx,
    () => findUserByEmail(ctx, input.email),
    async (user) => {
      if (user && user.status !== 'deleted' && !isEmailConfirmed(user)) await sendVerification(ctx, user)
    },
  )
}

/** For the user. Throws ALREADY_VERIFIED, unless nobody has answered for the account. */
export async function resendOwnVerification(ctx: ActorCtx): Promise<void> {
  const user = await getCurrentUser(ctx)
  if (isEmailConfirmed(user)) throw emailAlreadyVerified()
  await sendVerification(ctx, user)
}

/** `email_verification` proves the address of an account, `email_change` the one that an account is to have. */
type ProofPurpose = 'email_verification' | 'email_change'

/** What a link asks of whoever opens it, or that nothing is left to ask. */
export type Verification =
  | { readonly outcome: 'already'; readonly email: string }
  | {
      readonly outcome: 'asks'
      readonly purpose: ProofPurpose
      readonly email: string
      /** When the account was made that the link speaks of: epoch milliseconds. */
      readonly madeAt: number
    }

/** What became of an account or a change of address that its address's holder says was not theirs. */
export type Disowned =
  | { readonly outcome: 'taken_over'; readonly resetToken: string }
  | { readonly outcome: 'change_refused'; readonly email: string }

/**
 * What a link of either kind asks for: a new account's address is verified, or a changed one takes effect. A call with the
 * account's own access token answers for the account. Any other verifies and leaves the account unanswered for: people open
 * links on another device than they signed up on. Throws INVALID_TOKEN, and CONFLICT when the new address was taken
 * meanwhile.
 */
export const verifyEmail = (
  ctx: Ctx & { readonly actor: Pick<UserActor, 'id'> | null },
  input: { token: string },
): Promise<VerifiedEmail> => prove(ctx, input.token, ({ userId }) => ctx.actor !== null && ctx.actor.id === userId)

/** As `verifyEmail`, by whoever has the link and says that the account is theirs. */
export const verifyOwnEmail = (ctx: Ctx, input: { token: string }): Promise<VerifiedEmail> =>
  prove(ctx, input.token, () => true)

/** A second use of a link that has done its work changes nothing, and is no failure. */
async function prove(ctx: Ctx, token: string, isAnsweredBy: (link: OneTimeToken) => boolean): Promise<VerifiedEmail> {
  try {
    const { purpose, link } = await getProof(ctx, token)
    const proof = { token, isAnswered: isAnsweredBy(link) }
    return await (purpose === 'email_change' ? confirmEmailChange : confirmAddress)(ctx, link, proof)
  } catch (cause) {
    const email = isLinkInvalid(cause) ? await findVerifiedBy(ctx, token) : null
    if (email === null) throw cause
    return { outcome: 'already', email, propagated: true }
  }
}

const isLinkInvalid = (cause: unknown): boolean => cause instanceof DomainError && cause.code === linkInvalid.code

const PROOFS: readonly ProofPurpose[] = ['email_verification', 'email_change']

async function getProof(ctx: Ctx, token: string): Promise<{ purpose: ProofPurpose; link: OneTimeToken }> {
  for (const purpose of PROOFS) {
    const link = await findOneTimeToken(ctx, purpose, token)
    if (link) return { purpose, link }
  }
  throw linkInvalid()
}

/** The address that a link has verified, if it is verified still; null for any other token. */
async function findVerifiedBy(ctx: Ctx, token: string): Promise<string | null> {
  for (const purpose of PROOFS) {
    const spent = await findSpentOneTimeToken(ctx, purpose, token)
    const user = spent?.userId ? await findUser(ctx, spent.userId) : undefined
    if (user && user.status !== 'deleted' && user.email === spent?.email && user.emailVerifiedAt !== null)
      return user.email
  }
  return null
}

/** For a page that asks before anything changes. Throws INVALID_TOKEN. */
export async function getVerification(ctx: Ctx, { token }: { token: string }): Promise<Verification> {
  const verified = await findVerifiedBy(ctx, token)
  if (verified !== null) return { outcome: 'already', email: verified }
  const { purpose, link } = await getProof(ctx, token)
  const user = link.userId === null ? undefined : await findUser(ctx, link.userId)
  if (!user || link.email === null) throw linkInvalid()
  return { outcome: 'asks', purpose, email: link.email, madeAt: user.createdAt }
}

/**
 * Whoever has the address says that the account is not theirs. A new account is taken over (decision 0102), and a token
 * to set its password is returned; a change of address is refused. Throws INVALID_TOKEN: also when somebody has answered
 * for the account already, and for users who may not sign in.
 */
export async function disownAccount(ctx: Ctx, { token }: { token: string }): Promise<Disowned> {
  const { purpose, link } = await getProof(ctx, token)
  const user = link.userId === null ? undefined : await findUser(ctx, link.userId)
  if (!user || link.email === null) throw linkInvalid()
  if (purpose === 'email_change') return refuseChange(ctx, user.id, { email: link.email, token })
  if (user.email !== link.email) throw linkInvalid()
  const own = await takeOver(ctx, { user, purpose, token, answer: 'no' })
  return { outcome: 'taken_over', resetToken: await issueResetToken(ctx, own) }
}

async function refuseChange(
  ctx: Ctx,
  userId: string,
  { email, token }: { email: string; token: string },
): Promise<Disowned> {
  const { statement } = await redemptionOf(ctx, 'email_change', token)
  const [refused] = await commit(ctx, statement, {
    type: 'user.email_change_refused',
    subject: userId,
    userId,
    // Nobody is known to be who has the new address.
    actor: { type: 'system', id: 'mailed-link' },
    data: { email },
  })
  if (!refused) throw linkInvalid()
  return { outcome: 'change_refused', email }
}

async function confirmAddress(
  ctx: Ctx,
  { userId, email }: OneTimeToken,
  { token, isAnswered }: { token: string; isAnswered: boolean },
): Promise<VerifiedEmail> {
  if (userId === null || email === null) throw linkInvalid()
  const { redemption, statement } = await redemptionOf(ctx, 'email_verification', token)
  const verified = await changeUser(ctx, {
    userId,
    ...verifiedEmail(ctx, { email, isAnswered, redemption }),
    actor: { type: 'user', id: userId },
    with: [statement],
    events: [{ type: 'user.email_verified', data: { after: { email }, answer: isAnswered ? 'yes' : null } }],
  })
  if (!verified) throw linkInvalid()
  return { outcome: 'verified', email, propagated: true }
}
