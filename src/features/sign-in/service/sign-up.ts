import type { Ctx } from '../../../context.ts'
import { conflict, DomainError, rateLimited, serviceUnavailable } from '../../../lib/errors.ts'
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
  usernameTaken,
} from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { signUpsDisabled } from '../errors.ts'
import { attemptOf, completeAttempt, countSignUp } from './attempts.ts'
import { mayMailLink, requireMailTransport } from './mailed-links.ts'
import { issueResetToken } from './reset-token.ts'
import { openFirstSession, type SignedIn, toSignedIn } from './sign-in.ts'
import { answerAlike } from './timing.ts'
import { sendVerification } from './verification.ts'
import { mailWayBack } from './way-back.ts'

/** What keeps somebody from an account, on every surface. */
export const signUpErrors = [signUpsDisabled, conflict, weakPassword, rateLimited, underMaintenance, serviceUnavailable]

export interface SignUpInput {
  readonly email: string
  readonly password: string
  readonly username?: string | undefined
  readonly firstName?: string | undefined
  readonly lastName?: string | undefined
  readonly locale?: string | undefined
}

/** The account waits for its address to be verified. Without the user where nobody may learn whether there was one before. */
export interface VerificationAwaited {
  readonly outcome: 'verification_required'
  readonly user: User | null
}

/** What else a documented system's registration says of its user. Who may say it is for the caller to decide. */
export type RegistrationInput = SignUpInput &
  Pick<NewUser, 'displayName' | 'bio' | 'profileImageUrl' | 'appMetadata' | 'role'>

/**
 * Makes an account, mails a link that verifies its address, and signs it in, unless REQUIRE_VERIFIED_EMAIL has the link
 * come first. Throws SIGNUPS_DISABLED, MAINTENANCE, RATE_LIMIT_EXCEEDED, WEAK_PASSWORD, CONFLICT.
 */
export async function signUp(ctx: Ctx, input: SignUpInput): Promise<SignedIn | VerificationAwaited> {
  const account = await prepareAccount(ctx, input)
  if (ctx.config.REQUIRE_VERIFIED_EMAIL)
    return { outcome: 'verification_required', user: await openPendingAccount(ctx, account) }
  const user = await openAccount(ctx, account)
  const opened = await openFirstSession(ctx, { user, amr: ['pwd'], method: 'password' })
  await completeAttempt(ctx, await attemptOf(ctx, user, user.email))
  return toSignedIn(ctx, user, opened)
}

/**
 * As `signUp`, for documented systems whose registration opens no session. Null where nobody may learn whether there was
 * an account before.
 */
export async function registerAccount(ctx: Ctx, input: RegistrationInput): Promise<User | null> {
  const account = await prepareAccount(ctx, input)
  return ctx.config.REQUIRE_VERIFIED_EMAIL ? openPendingAccount(ctx, account) : openAccount(ctx, account)
}

/** Everything that a new account passes before it is made. */
async function prepareAccount(ctx: Ctx, { password, ...names }: RegistrationInput): Promise<NewUser> {
  if (!ctx.config.SIGNUPS_ENABLED) throw signUpsDisabled()
  const closed = await findMaintenance(ctx)
  if (closed) throw closed
  if (ctx.config.REQUIRE_VERIFIED_EMAIL) requireMailTransport(ctx)
  await countSignUp(ctx)
  await requireStrongPassword(ctx, password, names)
  return { ...names, passwordHash: await hashPassword(ctx, password) }
}

/**
 * The mail goes behind the answer: the account stands without it, and another can be asked for. A taken address that lets
 * nobody in is mailed its way back, too.
 */
async function openAccount(ctx: Ctx, account: NewUser): Promise<User> {
  try {
    const user = await createUser(ctx, account)
    ctx.defer(sendVerification(ctx, user))
    return user
  } catch (cause) {
    if (isEmailTaken(cause)) ctx.defer(tellOfWayBack(ctx, account.email))
    throw cause
  }
}

const isEmailTaken = (cause: unknown): boolean =>
  cause instanceof DomainError && cause.code === 'CONFLICT' && cause.details.field === 'email'

async function tellOfWayBack(ctx: Ctx, email: string): Promise<void> {
  await mailWayBack(ctx, email, await findUserByEmail(ctx, email))
}

async function openPendingAccount(ctx: Ctx, account: NewUser): Promise<User | null> {
  const pending = { ...account, status: 'pending' } as const
  if (!ctx.config.HIDE_ACCOUNT_EXISTENCE) return openAccount(ctx, pending)
  await openUnseen(ctx, pending)
  return null
}

/** The same answer for a free and a taken address; a taken one's holder is told by mail. Usernames are no secret. */
async function openUnseen(ctx: Ctx, account: NewUser): Promise<void> {
  await answerAlike(
    ctx,
    () => createUnlessTaken(ctx, account),
    (user) => (user ? sendVerification(ctx, user) : tellHolder(ctx, account.email)),
  )
}

/** Undefined when the address is taken. A taken username is CONFLICT whether or not the address is taken too. */
async function createUnlessTaken(ctx: Ctx, account: NewUser): Promise<User | undefined> {
  if (account.username && (await findUserByUsername(ctx, account.username))) throw usernameTaken()
  try {
    return await createUser(ctx, account)
  } catch (cause) {
    if (isEmailTaken(cause)) return undefined
    throw cause
  }
}

async function tellHolder(ctx: Ctx, email: string): Promise<void> {
  const user = await findUserByEmail(ctx, email)
  if (!user || user.status === 'deleted') {
    await mailWayBack(ctx, email, user)
    return
  }
  const { id: userId, email: to, locale } = user
  if (!(await mayMailLink(ctx, 'account_exists', { email: to, userId }))) return
  const link = linkTo(ctx, '/reset-password', await issueResetToken(ctx, user))
  await queueMail(ctx, { kind: 'account_exists', to, userId, locale, params: { link } })
}
