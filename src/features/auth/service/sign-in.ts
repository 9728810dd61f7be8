import type { Ctx } from '../../../context.ts'
import type { AttemptInput } from '../../../durable/rpc.ts'
import { DomainError } from '../../../lib/errors.ts'
import { hashPassword, verifyPassword } from '../../../lib/password-hash/password-hash.ts'
import { toCurrentPhc } from '../../../lib/password-hash/stored-hash.ts'
import { openSession } from '../../sessions/service.ts'
import type { OpenedSession } from '../../sessions/types.ts'
import { findUserByIdentifier, isSignInAllowed, recordSignIn, replacePasswordHash } from '../../users/service.ts'
import type { User } from '../../users/types.ts'
import { accountLocked, invalidCredentials } from '../errors.ts'
import { attemptOf, completeAttempt, countAttempt, failSlowly, giveBackAttempt } from './attempts.ts'

export interface SignedIn {
  readonly outcome: 'signed_in'
  readonly user: User
  readonly opened: OpenedSession
}

/** What a right password leads to. */
export type SignInResult = SignedIn

export interface SignInInput {
  /** An email or a username, as typed. */
  readonly identifier: string
  readonly password: string
  readonly organizationId?: string
}

/** No password derives these bytes; verifying one takes as long as verifying a real one. */
const DUMMY_HASH = toCurrentPhc('A'.repeat(22), 'A'.repeat(43))

/**
 * The one sign-in with a password, of every surface. Throws INVALID_CREDENTIALS, ACCOUNT_LOCKED, SERVICE_UNAVAILABLE.
 * Unknown, suspended, inactive and deleted users, and those without a password, take the same road as a wrong password.
 */
export const signIn = (ctx: Ctx, input: SignInInput): Promise<SignInResult> =>
  failSlowly(ctx, () => trySignIn(ctx, input))

async function trySignIn(ctx: Ctx, input: SignInInput): Promise<SignInResult> {
  const user = await findUserByIdentifier(ctx, input.identifier)
  const attempt = await attemptOf(ctx, user, input.identifier)
  await countAttempt(ctx, attempt)
  const stored = user?.passwordHash ?? null
  const verification = await verifyPassword(ctx, stored ?? DUMMY_HASH, input.password)
  if (!user || stored === null || !verification.matches) throw invalidCredentials()
  if (verification.isOutdated) ctx.defer(rehash(ctx, { userId: user.id, from: stored, password: input.password }))
  if (!isSignInAllowed(user)) {
    await giveBackAttempt(ctx, attempt)
    throw refusalOf(user)
  }
  return completeSignIn(ctx, { user, attempt, organizationId: input.organizationId })
}

/** An administrative lock is told to who knows the password; nothing tells the other states from a wrong one. */
function refusalOf({ status }: User): DomainError {
  if (status !== 'locked') return invalidCredentials()
  return accountLocked({ reason: 'administrative', locked_until: null })
}

/** The same password under the present parameters. A password that was changed meanwhile stays. */
async function rehash(ctx: Ctx, input: { userId: string; from: string; password: string }): Promise<void> {
  const to = await hashPassword(ctx, input.password)
  await replacePasswordHash(ctx, { userId: input.userId, from: input.from, to })
}

async function completeSignIn(
  ctx: Ctx,
  { user, attempt, organizationId }: { user: User; attempt: AttemptInput; organizationId: string | undefined },
): Promise<SignedIn> {
  const [opened] = await Promise.all([openFirstSession(ctx, user, organizationId), giveBackAttempt(ctx, attempt)])
  await completeAttempt(ctx, attempt)
  return toSignedIn(ctx, user, opened)
}

/** The row that was checked decides: an object that has seen newer credentials refuses, as if the password were wrong. */
export async function openFirstSession(ctx: Ctx, user: User, organizationId?: string): Promise<OpenedSession> {
  const events = [{ type: 'user.signed_in', data: { method: 'password' } }]
  try {
    return await openSession(ctx, { user, amr: ['pwd'], events, ...(organizationId ? { organizationId } : {}) })
  } catch (cause) {
    if (cause instanceof DomainError && cause.code === 'SESSION_REFUSED') throw invalidCredentials()
    throw cause
  }
}

export function toSignedIn(ctx: Ctx, user: User, opened: OpenedSession): SignedIn {
  ctx.defer(recordSignIn(ctx, user.id))
  return { outcome: 'signed_in', user: { ...user, lastSignInAt: ctx.now() }, opened }
}
