import type { ActorCtx, Ctx, UserActor } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import { DomainError } from '../../../lib/errors.ts'
import { DAY } from '../../../lib/time.ts'
import {
  findNewestOneTimeToken,
  findOneTimeToken,
  findSpentOneTimeToken,
  issueOneTimeToken,
  linkTo,
  redemptionOf,
} from '../../links/service.ts'
import type { OneTimeToken } from '../../links/types.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { findUser, findUserByEmail, getCurrentUser, isEmailConfirmed, recipientOf } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { emailAlreadyVerified, linkInvalid } from '../errors.ts'
import { verifiedEmail } from '../store/credentials.ts'
import { confirmEmailChange, type VerifiedEmail } from './email-change.ts'
import { mayMailLink, requireMailTransport } from './mailed-links.ts'
import { allowedRedirectOf, carriedBy, redirectOf } from './redirects.ts'
import { issueResetToken } from './reset-token.ts'
import { takeOver } from './takeover.ts'
import { answerAlike } from './timing.ts'

export { confirmedByMail } from '../store/credentials.ts'

const LINK_LIFETIME_MS = 2 * DAY

/** Where the person goes once the address is verified; null is where the link before this one leads. */
export interface VerificationOptions {
  readonly redirectUrl?: string | null
  /** The query that our pages carry on. */
  readonly search?: string
}

/** Mails a link that verifies the user's address. It voids older ones. */
export async function sendVerification(
  ctx: Ctx,
  user: User,
  { redirectUrl = null, search }: VerificationOptions = {},
): Promise<void> {
  const { id: userId, email } = user
  if (!(await mayMailLink(ctx, 'email_verification', { email, userId }))) return
  const since = ctx.now() - LINK_LIFETIME_MS
  const last =
    redirectUrl === null && search === undefined
      ? await findNewestOneTimeToken(ctx, 'email_verification', { email, since })
      : undefined
  const kept = last && { redirectUrl: redirectOf(ctx, last), search: carriedBy(last) }
  const { token } = await issueOneTimeToken(ctx, {
    purpose: 'email_verification',
    userId,
    email,
    data: kept ?? { redirectUrl, search },
    lifetimeMs: LINK_LIFETIME_MS,
  })
  const params = { link: linkTo(ctx, '/verify-email', token), lifetimeMs: LINK_LIFETIME_MS }
  await queueMail(ctx, { kind: 'email_verification', ...recipientOf(user), params })
}

/**
 * Mails another link to an address whose holder has not confirmed the account, verified or not. Answer and time are the same
 * for every address. Throws REDIRECT_NOT_ALLOWED.
 */
export async function resendVerification(ctx: Ctx, input: { email: string } & VerificationOptions): Promise<void> {
  requireMailTransport(ctx)
  const redirectUrl = allowedRedirectOf(ctx, input.redirectUrl)
  await answerAlike(
    ctx,
    () => findUserByEmail(ctx, input.email),
    async (user) => {
      if (user && user.status !== 'deleted' && !isEmailConfirmed(user))
        await sendVerification(ctx, user, { redirectUrl })
    },
  )
}

/**
 * For the signed-in user. Throws ALREADY_VERIFIED when the holder of the address has confirmed the account, and
 * REDIRECT_NOT_ALLOWED.
 */
export async function resendOwnVerification(ctx: ActorCtx, input: VerificationOptions): Promise<void> {
  const redirectUrl = allowedRedirectOf(ctx, input.redirectUrl)
  const user = await getCurrentUser(ctx)
  if (isEmailConfirmed(user)) throw emailAlreadyVerified()
  await sendVerification(ctx, user, { redirectUrl })
}

/** `email_verification` proves an account's present address, `email_change` its new one. */
type ProofPurpose = 'email_verification' | 'email_change'

/** What the page of a link asks, or that its address is already verified. */
export type Verification =
  | { readonly outcome: 'already'; readonly email: string; readonly search: string }
  | {
      readonly outcome: 'asks'
      readonly purpose: ProofPurpose
      readonly email: string
      /** When the account was created: epoch milliseconds. */
      readonly madeAt: number
    }

/** The result when the holder of an address says that the account, or the change of address, is not theirs. */
export type Disowned =
  | { readonly outcome: 'taken_over'; readonly resetToken: string }
  | { readonly outcome: 'change_refused'; readonly email: string }

/**
 * Redeems a link of either purpose: verifies the address, or changes it. With the account's own access token the call also
 * confirms the account; without one it does not, because people open links on another device than they signed up on. Throws
 * INVALID_TOKEN, and CONFLICT when the new address was taken meanwhile.
 */
export const verifyEmail = (
  ctx: Ctx & { readonly actor: Pick<UserActor, 'id'> | null },
  input: { token: string },
): Promise<VerifiedEmail> => prove(ctx, input.token, ({ userId }) => ctx.actor !== null && ctx.actor.id === userId)

/** As `verifyEmail`, for a holder of the link who confirms that the account is theirs. */
export const verifyOwnEmail = (ctx: Ctx, input: { token: string }): Promise<VerifiedEmail> =>
  prove(ctx, input.token, () => true)

/** A second use of a link changes nothing and is no failure. */
async function prove(ctx: Ctx, token: string, isConfirmedBy: (link: OneTimeToken) => boolean): Promise<VerifiedEmail> {
  try {
    const { purpose, link } = await getProof(ctx, token)
    const proof = { token, isConfirmedByHolder: isConfirmedBy(link) }
    return await (purpose === 'email_change' ? confirmEmailChange : confirmAddress)(ctx, link, proof)
  } catch (cause) {
    const spent = isLinkInvalid(cause) ? await findVerifiedBy(ctx, token) : null
    if (spent === null) throw cause
    const { email, isConfirmed } = spent
    return {
      outcome: 'already',
      email,
      isConfirmed,
      redirectUrl: redirectOf(ctx, spent),
      search: carriedBy(spent),
      propagated: true,
    }
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

/** A used link and the address that it has verified, if that is still verified; null for any other token. */
async function findVerifiedBy(
  ctx: Ctx,
  token: string,
): Promise<(Pick<OneTimeToken, 'data'> & Pick<VerifiedEmail, 'email' | 'isConfirmed'>) | null> {
  for (const purpose of PROOFS) {
    const spent = await findSpentOneTimeToken(ctx, purpose, token)
    const user = spent?.userId ? await findUser(ctx, spent.userId) : undefined
    if (spent && user && user.status !== 'deleted' && user.email === spent.email && user.emailVerifiedAt !== null)
      return { email: user.email, isConfirmed: isEmailConfirmed(user), data: spent.data }
  }
  return null
}

/** For the link's page; changes nothing. Throws INVALID_TOKEN. */
export async function getVerification(ctx: Ctx, { token }: { token: string }): Promise<Verification> {
  const verified = await findVerifiedBy(ctx, token)
  if (verified !== null) return { outcome: 'already', email: verified.email, search: carriedBy(verified) }
  const { purpose, link } = await getProof(ctx, token)
  const user = link.userId === null ? undefined : await findUser(ctx, link.userId)
  if (!user || link.email === null) throw linkInvalid()
  return { outcome: 'asks', purpose, email: link.email, madeAt: user.createdAt }
}

/**
 * The holder of the address says that the account is not theirs: a new account is taken over (decision 0102), and the returned
 * token sets its password; a change of address is refused. Throws INVALID_TOKEN, also when the account was already confirmed,
 * and for users who may not sign in.
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
    // The holder of the new address is not known to be a user.
    actor: { type: 'system', id: 'mailed-link' },
  })
  if (!refused) throw linkInvalid()
  return { outcome: 'change_refused', email }
}

async function confirmAddress(
  ctx: Ctx,
  { userId, email, data }: OneTimeToken,
  { token, isConfirmedByHolder }: { token: string; isConfirmedByHolder: boolean },
): Promise<VerifiedEmail> {
  if (userId === null || email === null) throw linkInvalid()
  const { redemption, statement } = await redemptionOf(ctx, 'email_verification', token)
  const verified = await changeUser(ctx, {
    userId,
    ...verifiedEmail(ctx, { email, isConfirmedByHolder, redemption }),
    actor: { type: 'user', id: userId },
    with: [statement],
    events: [{ type: 'user.email_verified', data: { after: { email }, answer: isConfirmedByHolder ? 'yes' : null } }],
  })
  if (!verified) throw linkInvalid()
  const isConfirmed = isEmailConfirmed(verified.user)
  return {
    outcome: 'verified',
    email,
    isConfirmed,
    redirectUrl: redirectOf(ctx, { data }),
    search: carriedBy({ data }),
    propagated: true,
  }
}
