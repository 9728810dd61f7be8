import { DAY, HOUR, MINUTE, SECOND } from '../../lib/time.ts'

/**
 * `limit` failures within `windowMs` lock. The lock ends `lockMs` after the last failure (`lockMs` is at least the window), or
 * without `lockMs` as the failures leave the window. Milliseconds.
 */
export interface Rule {
  readonly limit: number
  readonly windowMs: number
  readonly lockMs?: number | undefined
}

/** Failures of one account from one network. */
export const NETWORK_RULE: Rule = { limit: 5, windowMs: 15 * MINUTE, lockMs: 15 * MINUTE }

/** Failures of one account from all networks. It does not apply to networks that the account has signed in from. */
export const ACCOUNT_RULE: Rule = { limit: 30, windowMs: HOUR }

const KNOWN_MS = 30 * DAY
/** Each known network adds at most twenty failures an hour, so a row stays small. */
const MAX_KNOWN_NETWORKS = 32

/** One counted attempt. With an `id` its outcome is not known yet; without one it is a failure. */
export interface Attempt {
  readonly at: number
  readonly id?: string | undefined
}

/** An attempt without an outcome after this long is a failure: its request may have been cancelled after the guess was checked. */
export const VERDICT_MS = 10 * SECOND

const isInFlight = ({ at, id }: Attempt, now: number): boolean => id !== undefined && now - at < VERDICT_MS

/** Attempts that may still fail: they are kept when a count is reset. */
export const stillInFlight = <A extends Attempt>(attempts: readonly A[], now: number): readonly A[] =>
  attempts.filter((attempt) => isInFlight(attempt, now))

/** The times of the failures among the attempts, oldest first. */
const failureTimes = (attempts: readonly Attempt[], now: number): number[] =>
  attempts.filter((attempt) => !isInFlight(attempt, now)).map(({ at }) => at)

export type Admission =
  | { readonly state: 'allowed' }
  /** Not locked, but failures and attempts in flight together reach the limit. */
  | { readonly state: 'busy' }
  | { readonly state: 'locked'; readonly until: number }

/** Whether one more attempt is allowed: failures and attempts in flight together never exceed the rule's limit. */
export function admissionOf(attempts: readonly Attempt[], rule: Rule, now: number): Admission {
  const until = lockedUntil(failureTimes(attempts, now), rule, now)
  if (until !== null) return { state: 'locked', until }
  const counted = attempts.filter(({ at }) => now - at < rule.windowMs)
  return { state: counted.length < rule.limit ? 'allowed' : 'busy' }
}

/** The attempts without the last one that matches. */
export function giveBack<A extends Attempt>(attempts: readonly A[], matches: (attempt: A) => boolean): readonly A[] {
  const index = attempts.findLastIndex(matches)
  return attempts.filter((_, at) => at !== index)
}

/** Makes the attempt with this id a failure. An unknown id changes nothing. */
export const fail = <A extends Attempt>(attempts: readonly A[], id: string): readonly A[] =>
  attempts.map((attempt) => (attempt.id === id ? { ...attempt, id: undefined } : attempt))

interface AccountAttempt extends Attempt {
  readonly network: string
}

/** The stored state of one account. */
export interface AccountState {
  /** Failures and attempts in flight, oldest first. */
  readonly failures: readonly AccountAttempt[]
  /** When each network last completed a sign-in. */
  readonly known: Readonly<Record<string, number>>
}

export const NEW_ACCOUNT: AccountState = { failures: [], known: {} }

/** When the lock ends that the failures at `times` (oldest first) cause, or null when there is none. */
export function lockedUntil(times: readonly number[], rule: Rule, now: number): number | null {
  const last = times.at(-1)
  const first = times.at(-rule.limit)
  if (last === undefined || first === undefined || last - first > rule.windowMs) return null
  const until = rule.lockMs === undefined ? first + rule.windowMs : last + rule.lockMs
  return until > now ? until : null
}

/** How long `rule` needs an attempt to be stored. */
export const retentionOf = (rule: Rule): number => rule.windowMs + (rule.lockMs ?? 0)

/** Whether the account completed a sign-in from `network` in the last 30 days. */
export const isKnownNetwork = (state: AccountState, network: string, now: number): boolean => {
  const at = Object.hasOwn(state.known, network) ? state.known[network] : undefined
  return at !== undefined && now - at < KNOWN_MS
}

export type Scope = 'network' | 'account'

/** The answer to an attempt from one network; `scope` names the rule that decided. */
export type AccountAdmission = Admission & { readonly scope: Scope }

/** The rules that apply to an attempt from `network`, with the attempts that each counts. */
function rulesFor(state: AccountState, network: string, now: number) {
  const own = state.failures.filter((failure) => failure.network === network)
  const ofNetwork = { scope: 'network', rule: NETWORK_RULE, attempts: own } as const
  const ofAccount = { scope: 'account', rule: ACCOUNT_RULE, attempts: state.failures } as const
  return isKnownNetwork(state, network, now) ? [ofNetwork] : [ofNetwork, ofAccount]
}

/** Whether an attempt from `network` is allowed. Locked takes precedence over busy, the network's rule over the account's. */
export function accountAdmission(state: AccountState, network: string, now: number): AccountAdmission {
  const admissions = rulesFor(state, network, now).map(({ scope, rule, attempts }) => ({
    scope,
    ...admissionOf(attempts, rule, now),
  }))
  const refusal =
    admissions.find((admission) => admission.state === 'locked') ??
    admissions.find((admission) => admission.state === 'busy')
  return refusal ?? { state: 'allowed', scope: 'network' }
}

export interface AccountLock {
  readonly lockedUntil: number
  readonly scope: Scope
}

/** The lock that applies to an attempt from `network`, or null. */
export function findLock(state: AccountState, network: string, now: number): AccountLock | null {
  const admission = accountAdmission(state, network, now)
  return admission.state === 'locked' ? { lockedUntil: admission.until, scope: admission.scope } : null
}

/** Counts an attempt that found the admission open: in flight with an `id`, else as a failure. */
export const countAttempt = (state: AccountState, network: string, now: number, id?: string): AccountState => ({
  ...state,
  failures: [...state.failures.filter(({ at }) => at > now - ACCOUNT_RULE.windowMs), { at: now, network, id }],
})

/** Removes one attempt of `network` from the count: the one with this id; without an id, the last failure. */
export const giveBackAttempt = (state: AccountState, network: string, id?: string): AccountState => ({
  ...state,
  failures: giveBack(state.failures, (failure) => failure.network === network && failure.id === id),
})

/** The password of the attempt in flight was wrong: it becomes a failure. */
export const failAttempt = (state: AccountState, id: string): AccountState => ({
  ...state,
  failures: fail(state.failures, id),
})

/** Resets the count of this network, which becomes known. The counts of other networks stay. */
export function completeSignIn(state: AccountState, network: string, now: number): AccountState {
  const others = Object.entries(state.known).filter(([name, at]) => name !== network && now - at < KNOWN_MS)
  const newest = others.sort(([, a], [, b]) => b - a).slice(0, MAX_KNOWN_NETWORKS - 1)
  return {
    failures: state.failures.filter((failure) => failure.network !== network || isInFlight(failure, now)),
    known: Object.fromEntries([...newest, [network, now]]),
  }
}

/** Lifts every lock. Known networks stay known. */
export const unlockAccount = (state: AccountState, now: number): AccountState => ({
  ...state,
  failures: stillInFlight(state.failures, now),
})

/** The failures of the last hour, and when the last current lock ends. */
export function describeAccount(state: AccountState, now: number) {
  const networks = new Set(state.failures.map(({ network }) => network))
  const locks = [...networks, ''].flatMap((network) => findLock(state, network, now)?.lockedUntil ?? [])
  return {
    failedAttempts: failureTimes(state.failures, now).filter((at) => at > now - ACCOUNT_RULE.windowMs).length,
    lockedUntil: locks.length > 0 ? Math.max(...locks) : null,
  }
}

/** When the row may be deleted. */
export function accountExpiresAt(state: AccountState): number {
  const ofFailures = (state.failures.at(-1)?.at ?? 0) + ACCOUNT_RULE.windowMs
  return Math.max(ofFailures, ...Object.values(state.known).map((at) => at + KNOWN_MS))
}
