import { DAY, HOUR, MINUTE, SECOND } from '../../lib/time.ts'

/**
 * `limit` failures within `windowMs` close the door; it opens `lockMs` (not less than the window) after the last, or as they
 * leave the window. Milliseconds.
 */
export interface Rule {
  readonly limit: number
  readonly windowMs: number
  readonly lockMs?: number | undefined
}

/** Failures of one account from one network. */
export const NETWORK_RULE: Rule = { limit: 5, windowMs: 15 * MINUTE, lockMs: 15 * MINUTE }

/** Failures of one account from everywhere; networks that it has signed in from are let through. */
export const ACCOUNT_RULE: Rule = { limit: 30, windowMs: HOUR }

const KNOWN_MS = 30 * DAY
/** Each known network adds at most twenty failures an hour, so a row stays small. */
const MAX_KNOWN_NETWORKS = 32

/** One attempt at something that is guarded. With an `id` it has had no verdict yet; without one it is a failure. */
export interface Attempt {
  readonly at: number
  readonly id?: string | undefined
}

/** An attempt without a verdict by then is a failure: its request may have been cancelled after the guess was checked. */
export const VERDICT_MS = 10 * SECOND

const isInFlight = ({ at, id }: Attempt, now: number): boolean => id !== undefined && now - at < VERDICT_MS

/** Those that may yet fail: they stay when a count starts anew. */
export const stillInFlight = <A extends Attempt>(attempts: readonly A[], now: number): readonly A[] =>
  attempts.filter((attempt) => isInFlight(attempt, now))

/** When the failures among the attempts (oldest first) took place. */
const failureTimes = (attempts: readonly Attempt[], now: number): number[] =>
  attempts.filter((attempt) => !isInFlight(attempt, now)).map(({ at }) => at)

export type Door =
  | { readonly state: 'open' }
  /** Attempts in flight take the room that failures have left. */
  | { readonly state: 'busy' }
  | { readonly state: 'locked'; readonly until: number }

/** Whether there is room for one more attempt: failures and attempts in flight together never pass the rule's limit. */
export function findDoor(attempts: readonly Attempt[], rule: Rule, now: number): Door {
  const until = lockedUntil(failureTimes(attempts, now), rule, now)
  if (until !== null) return { state: 'locked', until }
  const counted = attempts.filter(({ at }) => now - at < rule.windowMs)
  return { state: counted.length < rule.limit ? 'open' : 'busy' }
}

/** The attempts without the last one that matches: it was no failure. */
export function giveBack<A extends Attempt>(attempts: readonly A[], matches: (attempt: A) => boolean): readonly A[] {
  const index = attempts.findLastIndex(matches)
  return attempts.filter((_, at) => at !== index)
}

/** The attempt with this id is a failure from now on. One that is not known any more changes nothing. */
export const fail = <A extends Attempt>(attempts: readonly A[], id: string): readonly A[] =>
  attempts.map((attempt) => (attempt.id === id ? { ...attempt, id: undefined } : attempt))

interface AccountAttempt extends Attempt {
  readonly network: string
}

/** What is kept of one account. */
export interface AccountState {
  /** Failures and attempts in flight, oldest first. */
  readonly failures: readonly AccountAttempt[]
  /** When each network last completed a sign-in. */
  readonly known: Readonly<Record<string, number>>
}

export const NEW_ACCOUNT: AccountState = { failures: [], known: {} }

/** When the door opens that `times` (oldest first) have closed, or null while it is open. */
export function lockedUntil(times: readonly number[], rule: Rule, now: number): number | null {
  const last = times.at(-1)
  const first = times.at(-rule.limit)
  if (last === undefined || first === undefined || last - first > rule.windowMs) return null
  const until = rule.lockMs === undefined ? first + rule.windowMs : last + rule.lockMs
  return until > now ? until : null
}

/** How long a time may still matter to `rule`. */
export const memoryOf = (rule: Rule): number => rule.windowMs + (rule.lockMs ?? 0)

/** Whether the account completed a sign-in from `network` in the last 30 days. */
export const isKnownNetwork = (state: AccountState, network: string, now: number): boolean => {
  const at = Object.hasOwn(state.known, network) ? state.known[network] : undefined
  return at !== undefined && now - at < KNOWN_MS
}

export type Scope = 'network' | 'account'

/** What an attempt from one network meets; `scope` says which rule. */
export type AccountDoor = Door & { readonly scope: Scope }

/** The rules that hold for an attempt from `network`, with the attempts that each counts. */
function rulesFor(state: AccountState, network: string, now: number) {
  const own = state.failures.filter((failure) => failure.network === network)
  const ofNetwork = { scope: 'network', rule: NETWORK_RULE, attempts: own } as const
  const ofAccount = { scope: 'account', rule: ACCOUNT_RULE, attempts: state.failures } as const
  return isKnownNetwork(state, network, now) ? [ofNetwork] : [ofNetwork, ofAccount]
}

/** The door of an account for an attempt from `network`: locked before busy, and the network's own before everybody's. */
export function findAccountDoor(state: AccountState, network: string, now: number): AccountDoor {
  const doors = rulesFor(state, network, now).map(({ scope, rule, attempts }) => ({
    scope,
    ...findDoor(attempts, rule, now),
  }))
  const nearest = doors.find((door) => door.state === 'locked') ?? doors.find((door) => door.state === 'busy')
  return nearest ?? { state: 'open', scope: 'network' }
}

export interface AccountLock {
  readonly lockedUntil: number
  readonly scope: Scope
}

/** The lock that an attempt from `network` meets, or null. */
export function findLock(state: AccountState, network: string, now: number): AccountLock | null {
  const door = findAccountDoor(state, network, now)
  return door.state === 'locked' ? { lockedUntil: door.until, scope: door.scope } : null
}

/** Counts an attempt that found the door open: in flight with an `id`, else as a failure. */
export const countAttempt = (state: AccountState, network: string, now: number, id?: string): AccountState => ({
  ...state,
  failures: [...state.failures.filter(({ at }) => at > now - ACCOUNT_RULE.windowMs), { at: now, network, id }],
})

/** Takes one attempt of `network` back: the one with this id, or without one the last failure. */
export const giveBackAttempt = (state: AccountState, network: string, id?: string): AccountState => ({
  ...state,
  failures: giveBack(state.failures, (failure) => failure.network === network && failure.id === id),
})

/** The verdict on an attempt in flight was that its password is wrong. */
export const failAttempt = (state: AccountState, id: string): AccountState => ({
  ...state,
  failures: fail(state.failures, id),
})

/** The count for this network starts anew, the network is known; other networks' counts stay. */
export function completeSignIn(state: AccountState, network: string, now: number): AccountState {
  const others = Object.entries(state.known).filter(([name, at]) => name !== network && now - at < KNOWN_MS)
  const newest = others.sort(([, a], [, b]) => b - a).slice(0, MAX_KNOWN_NETWORKS - 1)
  return {
    failures: state.failures.filter((failure) => failure.network !== network || isInFlight(failure, now)),
    known: Object.fromEntries([...newest, [network, now]]),
  }
}

/** Lifts every lock; networks stay known. */
export const unlockAccount = (state: AccountState, now: number): AccountState => ({
  ...state,
  failures: stillInFlight(state.failures, now),
})

/** What an answer about the account says: failures of the last hour, and the latest end of a lock that stands. */
export function describeAccount(state: AccountState, now: number) {
  const networks = new Set(state.failures.map(({ network }) => network))
  const locks = [...networks, ''].flatMap((network) => findLock(state, network, now)?.lockedUntil ?? [])
  return {
    failedAttempts: failureTimes(state.failures, now).filter((at) => at > now - ACCOUNT_RULE.windowMs).length,
    lockedUntil: locks.length > 0 ? Math.max(...locks) : null,
  }
}

/** When the row may go. */
export function accountExpiresAt(state: AccountState): number {
  const ofFailures = (state.failures.at(-1)?.at ?? 0) + ACCOUNT_RULE.windowMs
  return Math.max(ofFailures, ...Object.values(state.known).map((at) => at + KNOWN_MS))
}
