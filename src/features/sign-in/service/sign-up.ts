import type { Config } from '../../../config.ts'
import type { Ctx } from '../../../context.ts'
import { conflict, DomainError, rateLimited, serviceUnavailable, ssoRequired } from '../../../lib/errors.ts'
import { hashPassword } from '../../../lib/password-hash/password-hash.ts'
import { requireStrongPassword, weakPassword } from '../../factors/password/service/strength.ts'
import { linkTo } from '../../links/service.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { findMaintenance, underMaintenance } from '../../maintenance/service.ts'
import {
  createUser,
  findUserByEmail,
  findUserByUsername,
  type NewUser,
  recipientOf,
  usernameTaken,
} from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { signUpsDisabled } from '../errors.ts'
import { mailRecoveryLink } from './account-restore.ts'
import { attemptOf, completeAttempt, countSignUp } from './attempts.ts'
import { canMail, mayMailLink, requireMailTransport } from './mailed-links.ts'
import { allowedRedirectOf } from './redirects.ts'
import { requireNoSso } from './required-sso.ts'
import { issueResetToken, RESET_LIFETIME_MS } from './reset-token.ts'
import { openFirstSession, type SignedIn, toSignedIn } from './sign-in.ts'
import { answerAlike } from './timing.ts'
import { sendVerification, type VerificationOptions } from './verification.ts'

/** What a sign-up throws, on every surface. */
export const signUpErrors = [
  ssoRequired,
  signUpsDisabled,
  conflict,
  weakPassword,
  rateLimited,
  underMaintenance,
  serviceUnavailable,
]

export interface SignUpInput {
  readonly email: string
  readonly password: string
  readonly username?: string | undefined
  readonly firstName?: string | undefined
  readonly lastName?: string | undefined
  readonly displayName?: string | undefined
  readonly locale?: string | undefined
  /** Where the link of the mail leads in the end. */
  readonly redirectUrl?: string | null
  /** The query that our pages carry; with REQUIRE_VERIFIED_EMAIL the link of the mail goes on with it. */
  readonly search?: string
}

/** The new account is signed in. `isMailed`: a link that verifies its address is on its way; without the settings of mail none is. */
export type SignedUp = SignedIn & { readonly isMailed: boolean }

/** The account's address must be verified first. `user` is null where the answer must not reveal whether it existed before. */
export interface VerificationAwaited {
  readonly outcome: 'verification_required'
  readonly user: User | null
}

/** Fields that documented systems' registrations have as well. The caller authorizes them. */
export type RegistrationInput = SignUpInput &
  Pick<NewUser, 'displayName' | 'bio' | 'profileImageUrl' | 'appMetadata' | 'role'>

/**
 * Creates an account, mails a link that verifies its address, and signs in; with REQUIRE_VERIFIED_EMAIL the address must be
 * verified first. Throws REDIRECT_NOT_ALLOWED, SIGNUPS_DISABLED, MAINTENANCE, RATE_LIMIT_EXCEEDED, SSO_REQUIRED, WEAK_PASSWORD, CONFLICT.
 */
export async function signUp(ctx: Ctx, input: SignUpInput): Promise<SignedUp | VerificationAwaited> {
  const { account, link } = await prepareAccount(ctx, input)
  if (ctx.config.REQUIRE_VERIFIED_EMAIL)
    return { outcome: 'verification_required', user: await openPendingAccount(ctx, account, link) }
  const user = await openAccount(ctx, account, link)
  return { ...(await openNewAccount(ctx, user)), isMailed: canMail(ctx) }
}

/** The first session of an account that was made with a password just now. Throws INVALID_CREDENTIALS, SSO_REQUIRED. */
export async function openNewAccount(ctx: Ctx, user: User): Promise<SignedIn> {
  const opened = await openFirstSession(ctx, { user, amr: ['pwd'], method: 'password' })
  await completeAttempt(ctx, await attemptOf(ctx, user, user.email))
  return toSignedIn(ctx, user, opened)
}

/** As `signUp`, without a session. Null where the answer must not reveal whether the account existed before. */
export async function registerAccount(ctx: Ctx, input: RegistrationInput): Promise<User | null> {
  const { account, link } = await prepareAccount(ctx, input)
  return (ctx.config.REQUIRE_VERIFIED_EMAIL ? openPendingAccount : openAccount)(ctx, account, link)
}

/** Checks that the sign-up is allowed and the password strong. */
async function prepareAccount(
  ctx: Ctx,
  { redirectUrl = null, search, ...input }: RegistrationInput,
): Promise<{ account: NewUser; link: VerificationOptions }> {
  const link = {
    redirectUrl: allowedRedirectOf(ctx, redirectUrl),
    // Who is signed in goes on at once.
    ...(ctx.config.REQUIRE_VERIFIED_EMAIL && search !== undefined && { search }),
  }
  if (!ctx.config.SIGNUPS_ENABLED) throw signUpsDisabled()
  return { account: await checkedAccount(ctx, input), link }
}

/**
 * The account of somebody who was invited, checked and not created. Throws SIGNUPS_DISABLED where neither sign-ups are open nor
 * INVITED_SIGNUPS, and what else a sign-up throws.
 */
export async function prepareInvitedAccount(
  ctx: Ctx,
  input: Pick<RegistrationInput, 'email' | 'password' | 'displayName'>,
): Promise<NewUser> {
  if (!mayInvitedSignUp(ctx.config)) throw signUpsDisabled()
  return checkedAccount(ctx, input)
}

/** Where anybody makes organizations, anybody's invitation would open the door. */
export const mayInvitedSignUp = ({
  SIGNUPS_ENABLED,
  INVITED_SIGNUPS,
  ORGANIZATIONS_CREATED_BY,
}: Pick<Config, 'SIGNUPS_ENABLED' | 'INVITED_SIGNUPS' | 'ORGANIZATIONS_CREATED_BY'>): boolean =>
  SIGNUPS_ENABLED || (INVITED_SIGNUPS ?? ORGANIZATIONS_CREATED_BY === 'admins')

async function checkedAccount(
  ctx: Ctx,
  { password, ...names }: Omit<RegistrationInput, 'redirectUrl'>,
): Promise<NewUser> {
  const closed = await findMaintenance(ctx)
  if (closed) throw closed
  if (ctx.config.REQUIRE_VERIFIED_EMAIL) requireMailTransport(ctx)
  await countSignUp(ctx)
  await requireNoSso(ctx, names.email)
  await requireStrongPassword(ctx, password, names)
  return { ...names, passwordHash: await hashPassword(ctx, password) }
}

/**
 * Creates the account and mails its verification link after the answer; the user can request another. The holder of a taken
 * address that cannot sign in is mailed a recovery link.
 */
async function openAccount(ctx: Ctx, account: NewUser, link: VerificationOptions): Promise<User> {
  try {
    const user = await createUser(ctx, account)
    ctx.defer(sendVerification(ctx, user, link))
    return user
  } catch (cause) {
    if (isEmailTaken(cause)) ctx.defer(mailHolderRecovery(ctx, account.email))
    throw cause
  }
}

const isEmailTaken = (cause: unknown): boolean =>
  cause instanceof DomainError && cause.code === 'CONFLICT' && cause.details.field === 'email'

async function mailHolderRecovery(ctx: Ctx, email: string): Promise<void> {
  await mailRecoveryLink(ctx, email, await findUserByEmail(ctx, email))
}

async function openPendingAccount(ctx: Ctx, account: NewUser, link: VerificationOptions): Promise<User | null> {
  const pending = { ...account, status: 'pending' } as const
  if (!ctx.config.HIDE_ACCOUNT_EXISTENCE) return openAccount(ctx, pending, link)
  await openSecretly(ctx, pending, link)
  return null
}

/** The same answer for a free and a taken address, whose holder gets a mail. Usernames are not secret. */
async function openSecretly(ctx: Ctx, account: NewUser, link: VerificationOptions): Promise<void> {
  await answerAlike(
    ctx,
    () => createUnlessTaken(ctx, account),
    (user) => (user ? sendVerification(ctx, user, link) : mailHolder(ctx, account.email)),
  )
}

/** Undefined when the address is taken. Throws CONFLICT for a taken username, whether or not the address is taken. */
async function createUnlessTaken(ctx: Ctx, account: NewUser): Promise<User | undefined> {
  if (account.username && (await findUserByUsername(ctx, account.username))) throw usernameTaken()
  try {
    return await createUser(ctx, account)
  } catch (cause) {
    if (isEmailTaken(cause)) return undefined
    throw cause
  }
}

async function mailHolder(ctx: Ctx, email: string): Promise<void> {
  const user = await findUserByEmail(ctx, email)
  if (!user || user.status === 'deleted') {
    await mailRecoveryLink(ctx, email, user)
    return
  }
  if (!(await mayMailLink(ctx, 'account_exists', { email: user.email, userId: user.id }))) return
  const link = linkTo(ctx, '/reset-password', await issueResetToken(ctx, user))
  const params = { link, lifetimeMs: RESET_LIFETIME_MS }
  await queueMail(ctx, { kind: 'account_exists', ...recipientOf(user), params })
}
