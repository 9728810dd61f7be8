import type { Ctx } from '../../../context.ts'
import type { AttemptInput, AttemptResult, UseResult } from '../../../durable/rpc.ts'
import { sha256 } from '../../../lib/crypto.ts'
import { toBase64Url, utf8 } from '../../../lib/encoding.ts'
import { type DomainError, rateLimited } from '../../../lib/errors.ts'
import { networkOf } from '../../../lib/network.ts'
import { HOUR, SECOND, toIso } from '../../../lib/time.ts'
import {
  beginUse,
  type CountedUse,
  failUse,
  giveBackUse,
  reportVerdicts,
  tooManyAtOnce,
} from '../../users/service/counted-use.ts'
import { normalizeIdentifier } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { accountLocked } from '../errors.ts'
import { notifyLocked } from './lock.ts'

type Counting = Pick<Ctx, 'objects' | 'ip' | 'now' | 'log'>

/** Failures of one network across all accounts. */
const NETWORK_FAILURES = { limit: 100, windowMs: HOUR, lockMs: HOUR }
/** Sign-ups of one network. */
const NETWORK_SIGN_UPS = { limit: 1000, windowMs: HOUR }

/** Attempts for an unknown user are counted too, under a hash of the identifier: a lock does not reveal who has an account. */
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

/** An attempt that is counted before its password is verified. `passAttempt` or `failAttempt` follows, exactly once. */
export interface CountedAttempt extends AttemptInput {
  readonly id: string
  /** The network's count of the attempt, or the refusal that a locked network gets for accounts that do not know it. */
  readonly onNetwork: { readonly use: CountedUse } | { readonly refusal: DomainError }
}

type Refused = Extract<AttemptResult, { allowed: false }>

function refusalOfAccount(ctx: Ctx, account: string, refused: Refused): DomainError {
  if (refused.isBusy) return tooManyAtOnce(refused.lockedUntil - ctx.now())
  notifyLocked(ctx, account, refused)
  return lockError(ctx, refused.lockedUntil)
}

const refusalOfNetwork = (ctx: Ctx, { retryAfterMs, isBusy }: Omit<UseResult, 'allowed'>): DomainError =>
  isBusy ? tooManyAtOnce(retryAfterMs) : lockError(ctx, ctx.now() + retryAfterMs)

const giveBackToAccount = (
  { objects }: Pick<Ctx, 'objects'>,
  { account, network, id }: AttemptInput & { id: string },
) => objects.guard(account).giveBack({ account, network, id })

/**
 * Counts one attempt before its password is verified. Throws ACCOUNT_LOCKED when the account is locked for this network, or
 * the network for all accounts; RATE_LIMIT_EXCEEDED when more attempts arrive at once than may fail; SERVICE_UNAVAILABLE when
 * a guard does not answer, because uncounted guesses are never verified. A locked network does not lock out users who
 * completed a sign-in from it in the last 30 days.
 */
export async function countAttempt(ctx: Ctx, { account, network }: AttemptInput): Promise<CountedAttempt> {
  const attempt = { account, network, id: ctx.newId() }
  const [onAccount, onNetwork] = await Promise.allSettled([
    ctx.objects.guard(account).attempt(attempt),
    beginUse(ctx, network, { subject: networkSubject(network), ...NETWORK_FAILURES }),
  ])
  const counted = onAccount.status === 'fulfilled' && onAccount.value.allowed ? onAccount.value : null
  const begun = onNetwork.status === 'fulfilled' ? onNetwork.value : null
  if (counted && begun?.allowed) return { ...attempt, onNetwork: begun }
  if (counted?.knowsNetwork && begun && !begun.allowed)
    return { ...attempt, onNetwork: { refusal: refusalOfNetwork(ctx, begun.refusal) } }
  // No password is verified: the count of the guard that admitted the attempt is undone.
  await reportVerdicts(ctx, 'attempt_not_given_back', [
    ...(counted ? [giveBackToAccount(ctx, attempt)] : []),
    ...(begun?.allowed ? [giveBackUse(ctx, begun.use)] : []),
  ])
  if (onAccount.status === 'rejected') throw onAccount.reason
  if (onNetwork.status === 'rejected') throw onNetwork.reason
  const ofAccount = onAccount.value.allowed ? null : refusalOfAccount(ctx, account, onAccount.value)
  // The network's refusal comes first. On a locked network only accounts that have signed in from it count attempts, so an
  // account's own lock would reveal that it has.
  const refusal = onNetwork.value.allowed ? ofAccount : refusalOfNetwork(ctx, onNetwork.value.refusal)
  throw refusal ?? new TypeError('an attempt was neither counted nor refused')
}

/** The password was right: the attempt no longer counts. */
export const passAttempt = (ctx: Counting, { onNetwork, ...attempt }: CountedAttempt): Promise<void> =>
  reportVerdicts(ctx, 'attempt_not_given_back', [
    giveBackToAccount(ctx, attempt),
    ...('use' in onNetwork ? [giveBackUse(ctx, onNetwork.use)] : []),
  ])

/**
 * The password was wrong. Returns the error to answer: `refusal`, or on a locked network that of the network, so that wrong
 * passwords do not reveal which accounts have signed in from it.
 */
export async function failAttempt(ctx: Counting, attempt: CountedAttempt, refusal: DomainError): Promise<DomainError> {
  const { account, id, onNetwork } = attempt
  await reportVerdicts(ctx, 'failure_not_counted', [
    ctx.objects.guard(account).fail({ account, id }),
    ...('use' in onNetwork ? [failUse(ctx, onNetwork.use)] : []),
  ])
  return 'refusal' in onNetwork ? onNetwork.refusal : refusal
}

/** The sign-in is complete: resets the account's count for this network, and remembers the network. */
export const completeAttempt = (ctx: Counting, { account, network }: AttemptInput): Promise<void> =>
  reportVerdicts(ctx, 'sign_in_not_completed', [ctx.objects.guard(account).complete({ account, network })])

/** For display only: when the guard does not answer, there are no attempts. */
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

/** Whether the user completed a sign-in from the network in the last 30 days. False when the guard does not answer. */
export async function knowsNetwork(
  ctx: Pick<Ctx, 'objects' | 'log'>,
  userId: string,
  network: string,
): Promise<boolean> {
  try {
    return (await ctx.objects.guard(userId).status({ account: userId, network })).knowsNetwork ?? false
  } catch (cause) {
    ctx.log.error('known_networks_unknown', cause, { user_id: userId })
    return false
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

/** As `countSignUp`, for answers that must not reveal it: false when the network is over its limit. */
export const maySignUp = async (ctx: Counting): Promise<boolean> => (await useOfSignUp(ctx)).allowed
