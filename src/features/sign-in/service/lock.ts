import type { Ctx } from '../../../context.ts'
import { commit, commitAll } from '../../../db/commit.ts'
import type { AttemptResult } from '../../../durable/rpc.ts'
import { HOUR, MINUTE } from '../../../lib/time.ts'
import { findOneTimeToken, issuanceOf, linkTo, redemptionOf } from '../../links/service.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { isNoticeAddress, listNoticeAddresses } from '../../users/service/former-addresses.ts'
import { findUser, isSignInAllowed, recipientOf } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { linkInvalid } from '../errors.ts'

type Lock = Extract<AttemptResult, { allowed: false }>

const LINK_LIFETIME_MS = HOUR

/** The longest duration of a lock of each scope: one notice for that time. */
const NOTICE_WINDOW_MS: Readonly<Record<Lock['scope'], number>> = { network: 15 * MINUTE, account: HOUR }

const noticeSubject = (account: string, scope: Lock['scope']): string => `lock-notice:${scope}:${account}`

/**
 * Notifies a locked-out user by mail, once a lock, after the answer. `account` is a user's id, or the hash of an identifier
 * that has no account: neither the answer nor its time reveals which.
 */
export const notifyLocked = (ctx: Ctx, account: string, lock: Lock): void => ctx.defer(sendNotice(ctx, account, lock))

async function sendNotice(ctx: Ctx, account: string, lock: Lock): Promise<void> {
  const subject = noticeSubject(account, lock.scope)
  const windowMs = NOTICE_WINDOW_MS[lock.scope]
  const { allowed } = await ctx.objects.guard(account).use({ subject, limit: 1, windowMs })
  const user = allowed ? await findUser(ctx, account) : undefined
  if (!user || !isSignInAllowed(user)) return
  for (const [to, unlockLink] of await issueUnlockLinks(ctx, user, lock)) {
    const params = { until: lock.lockedUntil, unlockLink }
    await queueMail(ctx, { kind: 'account_locked', ...recipientOf(user), to, params })
  }
}

/** A link for each notified address. They void older ones: the newest lifts all locks. */
async function issueUnlockLinks(ctx: Ctx, user: User, lock: Lock): Promise<[to: string, link: string][]> {
  const { id: userId } = user
  const issue = async (email: string) => ({
    email,
    ...(await issuanceOf(ctx, { purpose: 'account_unlock', userId, email, lifetimeMs: LINK_LIFETIME_MS })),
  })
  const [first, ...others] = await Promise.all((await listNoticeAddresses(ctx, user)).map(issue))
  if (!first) return []
  const [voiding, insert] = first.statements
  await commitAll(ctx, [voiding, ...others.map((other) => other.insert), insert], {
    type: 'security.sign_in_locked',
    subject: userId,
    userId,
    actor: { type: 'system', id: 'sign-in-guard' },
    data: { scope: lock.scope, until: lock.lockedUntil },
  })
  return [first, ...others].map(({ email, token }) => [email, linkTo(ctx, '/unlock-account', token)])
}

/** The user whom a link unlocks. Throws INVALID_TOKEN, also for an administrative lock, which only an admin lifts. */
export async function getLockedUser(ctx: Ctx, token: string): Promise<User> {
  const link = await findOneTimeToken(ctx, 'account_unlock', token)
  const user = link?.userId ? await findUser(ctx, link.userId) : undefined
  if (!link || !user || !isSignInAllowed(user) || !(await isNoticeAddress(ctx, user, link.email))) throw linkInvalid()
  return user
}

/**
 * Lifts the attempt locks of an account by a mailed link. Throws INVALID_TOKEN, and SERVICE_UNAVAILABLE when the guard does
 * not answer: the link is then used up, and the lock expires.
 */
export async function unlockAccount(ctx: Ctx, { token }: { token: string }): Promise<void> {
  const { id: userId } = await getLockedUser(ctx, token)
  const { statement } = await redemptionOf(ctx, 'account_unlock', token)
  const [used] = await commit(ctx, statement, {
    type: 'security.sign_in_unlocked',
    subject: userId,
    userId,
    actor: { type: 'user', id: userId },
  })
  if (!used) throw linkInvalid()
  await liftAttemptLocks(ctx, userId)
}

/** Resets the failed attempts of an account, and so its attempt locks. */
export async function liftAttemptLocks(ctx: Pick<Ctx, 'objects'>, userId: string): Promise<void> {
  await ctx.objects.guard(userId).unlock({ account: userId })
  // The next lock is a new one, with a notice of its own.
  for (const scope of ['network', 'account'] as const)
    await ctx.objects.guard(userId).giveBackUse({ subject: noticeSubject(userId, scope) })
}
