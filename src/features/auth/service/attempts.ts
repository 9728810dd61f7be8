import type { Ctx } from '../../../context.ts'
import type { AttemptInput, UseResult } from '../../../durable/rpc.ts'
import { sha256 } from '../../../lib/crypto.ts'
import { toBase64Url, utf8 } from '../../../lib/encoding.ts'
import { rateLimited } from '../../../lib/errors.ts'
import { networkOf } from '../../../lib/network.ts'
import { delay, HOUR, SECOND, toIso } from '../../../lib/time.ts'
import { tellLocked } from '../../account-safety/service/lock.ts'
import { normalizeIdentifier } from '../../users/service.ts'
import type { User } from '../../users/types.ts'
import { accountLocked } from '../errors.ts'

type Counting = Pick<Ctx, 'objects' | 'ip' | 'now' | 'log'>

/** Failures of one network over any accounts. */
const NETWORK_FAILURES = { limit: 100, windowMs: HOUR, lockMs: HOUR }
/** Accounts that one network may make. */
const NETWORK_SIGN_UPS = { limit: 1000, windowMs: HOUR }

const FAILURE_FLOOR_MS = 400

/** Rethrows what `work` throws no sooner than 400 ms after it began: what a failure did cannot be told from its time. */
export async function failSlowly<T>(ctx: Pick<Ctx, 'now'>, work: () => Promise<T>): Promise<T> {
  const began = ctx.now()
  try {
    return await work()
  } catch (failure) {
    // The platform's clock stands still while code runs: what a hash took it shows after the next event alone.
    await delay(0)
    await delay(Math.max(0, began + FAILURE_FLOOR_MS - ctx.now()))
    throw failure
  }
}

/** An unknown user's attempts are counted too, under a hash of what was typed: locks say nothing about who exists. */
export async function attemptOf(
  ctx: Pick<Ctx, 'ip'>,
  user: User | undefined,
  identifier: string,
): Promise<AttemptInput> {
  const unknown = async () => toBase64Url(await sha256(utf8(normalizeIdentifier(identifier))))
  return { account: user?.id ?? (await unknown()), network: networkOf(ctx.ip) }
}

const networkSubject = (network: string): string => `sign-in:${network}`

function lockError(ctx: Pick<Ctx, 'now'>, lockedUntil: number) {
  return accountLocked(
    {
      reason: 'too_many_attempts',
      locked_until: toIso(lockedUntil),
      retry_after: Math.ceil((lockedUntil - ctx.now()) / SECOND),
    },
    { message: 'Too many failed attempts. Try again later.' },
  )
}

const countOfAccount = (ctx: Counting, attempt: AttemptInput) => ctx.objects.guard(attempt.account).attempt(attempt)

const countOfNetwork = (ctx: Counting, { network }: AttemptInput) =>
  ctx.objects.guard(network).use({ subject: networkSubject(network), ...NETWORK_FAILURES })

const giveBackToAccount = (ctx: Counting, attempt: AttemptInput) => ctx.objects.guard(attempt.account).giveBack(attempt)

const giveBackToNetwork = (ctx: Counting, { network }: AttemptInput) =>
  ctx.objects.guard(network).giveBackUse({ subject: networkSubject(network) })

/** A count that stays too high is no way in: it is logged, and the sign-in goes on. */
async function settle(ctx: Counting, what: string, work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work))
    if (result.status === 'rejected') ctx.log.error(what, result.reason)
}

/**
 * Counts one attempt, before its password is looked at. Throws ACCOUNT_LOCKED when the account is closed to this network,
 * or the network to signing in; SERVICE_UNAVAILABLE when either guard does not answer: unguarded guesses are never checked.
 */
export async function countAttempt(ctx: Ctx, attempt: AttemptInput): Promise<void> {
  const [account, network] = await Promise.allSettled([countOfAccount(ctx, attempt), countOfNetwork(ctx, attempt)])
  const isCountedOnAccount = account.status === 'fulfilled' && account.value.allowed
  const isCountedOnNetwork = network.status === 'fulfilled' && network.value.allowed
  if (isCountedOnAccount && isCountedOnNetwork) return
  // No password was tried: what one guard counted while the other refused is taken back.
  await settle(ctx, 'attempt_not_given_back', [
    ...(isCountedOnAccount ? [giveBackToAccount(ctx, attempt)] : []),
    ...(isCountedOnNetwork ? [giveBackToNetwork(ctx, attempt)] : []),
  ])
  if (account.status === 'rejected') throw account.reason
  if (network.status === 'rejected') throw network.reason
  if (!account.value.allowed) {
    tellLocked(ctx, attempt.account, account.value)
    throw lockError(ctx, account.value.lockedUntil)
  }
  throw lockError(ctx, ctx.now() + network.value.retryAfterMs)
}

/** The password was right: the attempt was no failure. */
export const giveBackAttempt = (ctx: Counting, attempt: AttemptInput): Promise<void> =>
  settle(ctx, 'attempt_not_given_back', [giveBackToAccount(ctx, attempt), giveBackToNetwork(ctx, attempt)])

/** All factors were right: the account's count for this network starts anew, and the network is known. */
export const completeAttempt = (ctx: Counting, attempt: AttemptInput): Promise<void> =>
  settle(ctx, 'sign_in_not_completed', [ctx.objects.guard(attempt.account).complete(attempt)])

/** For answers about one user; nothing is decided by it, so a guard that is silent knows of no attempt. */
export async function findAttempts(
  ctx: Pick<Ctx, 'objects' | 'log'>,
  userId: string,
): Promise<{ failedAttempts: number; lockedUntil: number | null }> {
  try {
    return await ctx.objects.guard(userId).status({ account: userId })
  } catch (cause) {
    ctx.log.error('attempts_unknown', cause, { user_id: userId })
    return { failedAttempts: 0, lockedUntil: null }
  }
}

function useOfSignUp(ctx: Counting): Promise<UseResult> {
  const network = networkOf(ctx.ip)
  return ctx.objects.guard(network).use({ subject: `sign-up:${network}`, ...NETWORK_SIGN_UPS })
}

/** Counts one sign-up of this network. Throws RATE_LIMIT_EXCEEDED. */
export async function countSignUp(ctx: Counting): Promise<void> {
  const use = await useOfSignUp(ctx)
  if (!use.allowed) throw rateLimited({ retry_after: Math.ceil(use.retryAfterMs / SECOND) })
}

/** As `countSignUp`, for answers that do not show it: false when the network has had its sign-ups. */
export const maySignUp = async (ctx: Counting): Promise<boolean> => (await useOfSignUp(ctx)).allowed
