import { DAY, HOUR, MINUTE } from '../../lib/time.ts'

/** `limit` within `windowMs` close the door; it opens `lockMs` after the last, or as they leave the window. Milliseconds. */
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

/** What is kept of one account. A failure is an attempt that no right password has given back. */
export interface AccountState {
  /** Oldest first. */
  readonly failures: readonly { readonly at: number; readonly network: string }[]
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

const timesOf = (state: AccountState, network: string): number[] =>
  state.failures.filter((failure) => failure.network === network).map(({ at }) => at)

const isKnown = (state: AccountState, network: string, now: number): boolean => {
  const at = Object.hasOwn(state.known, network) ? state.known[network] : undefined
  return at !== undefined && now - at < KNOWN_MS
}

export interface AccountLock {
  readonly lockedUntil: number
  readonly scope: 'network' | 'account'
}

/** The lock that an attempt from `network` meets, or null. */
export function findLock(state: AccountState, network: string, now: number): AccountLock | null {
  const byNetwork = lockedUntil(timesOf(state, network), NETWORK_RULE, now)
  if (byNetwork !== null) return { lockedUntil: byNetwork, scope: 'network' }
  if (isKnown(state, network, now)) return null
  const times = state.failures.map(({ at }) => at).filter((at) => at > now - ACCOUNT_RULE.windowMs)
  const byAccount = lockedUntil(times, ACCOUNT_RULE, now)
  return byAccount === null ? null : { lockedUntil: byAccount, scope: 'account' }
}

/** Counts an attempt that met no lock, as if its password were wrong. */
export const countAttempt = (state: AccountState, network: string, now: number): AccountState => ({
  ...state,
  failures: [...state.failures.filter(({ at }) => at > now - ACCOUNT_RULE.windowMs), { at: now, network }],
})

/** Takes one attempt of `network` back. */
export function giveBackAttempt(state: AccountState, network: string): AccountState {
  const index = state.failures.findLastIndex((failure) => failure.network === network)
  return { ...state, failures: state.failures.filter((_, at) => at !== index) }
}

/** The count for this network starts anew, the network is known; other networks' counts stay. */
export function completeSignIn(state: AccountState, network: string, now: number): AccountState {
  const others = Object.entries(state.known).filter(([name, at]) => name !== network && now - at < KNOWN_MS)
  const newest = others.sort(([, a], [, b]) => b - a).slice(0, MAX_KNOWN_NETWORKS - 1)
  return {
    failures: state.failures.filter((failure) => failure.network !== network),
    known: Object.fromEntries([...newest, [network, now]]),
  }
}

/** Lifts every lock; networks stay known. */
export const unlockAccount = (state: AccountState): AccountState => ({ ...state, failures: [] })

/** What an answer about the account says: failures of the last hour, and the latest end of a lock that stands. */
export function describeAccount(state: AccountState, now: number) {
  const networks = new Set(state.failures.map(({ network }) => network))
  const locks = [...networks, ''].flatMap((network) => findLock(state, network, now)?.lockedUntil ?? [])
  return {
    failedAttempts: state.failures.filter(({ at }) => at > now - ACCOUNT_RULE.windowMs).length,
    lockedUntil: locks.length > 0 ? Math.max(...locks) : null,
  }
}

/** When the row may go. */
export function accountExpiresAt(state: AccountState): number {
  const ofFailures = (state.failures.at(-1)?.at ?? 0) + ACCOUNT_RULE.windowMs
  return Math.max(ofFailures, ...Object.values(state.known).map((at) => at + KNOWN_MS))
}
