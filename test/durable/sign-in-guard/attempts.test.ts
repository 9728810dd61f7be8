import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ACCOUNT_RULE,
  type AccountState,
  type Attempt,
  accountAdmission,
  accountExpiresAt,
  admissionOf,
  completeSignIn,
  countAttempt,
  describeAccount,
  fail,
  failAttempt,
  findLock,
  giveBack,
  giveBackAttempt,
  lockedUntil,
  NEW_ACCOUNT,
  unlockAccount,
  VERDICT_MS,
} from '../../../src/durable/sign-in-guard/attempts.ts'
import { DAY, HOUR, MINUTE } from '../../../src/lib/time.ts'

const T = 1_800_000_000_000
const HOME = '203.0.113.0/24'
const AWAY = '198.51.100.0/24'

const failAt = (state: AccountState, network: string, ...times: number[]): AccountState =>
  times.reduce((before, at) => countAttempt(before, network, at), state)
const fiveAt = (at: number) => [at, at + 1, at + 2, at + 3, at + 4]
/** One failure from each of `count` networks. */
const failEverywhere = (state: AccountState, count: number, at: number): AccountState =>
  Array.from({ length: count }, (_, index) => `10.0.${index}.0/24`).reduce(
    (before, network) => countAttempt(before, network, at),
    state,
  )

describe('five failures from one network', () => {
  it('lock the network until 15 minutes after the fifth', () => {
    const state = failAt(NEW_ACCOUNT, HOME, ...fiveAt(T))
    expect(findLock(state, HOME, T + 5)).toEqual({ lockedUntil: T + 4 + 15 * MINUTE, scope: 'network' })
    expect(findLock(state, HOME, T + 3 + 15 * MINUTE)).not.toBeNull()
    expect(findLock(state, HOME, T + 4 + 15 * MINUTE)).toBeNull()
  })

  it('lock no other network', () => {
    expect(findLock(failAt(NEW_ACCOUNT, HOME, ...fiveAt(T)), AWAY, T + 5)).toBeNull()
  })

  it('lock for the whole time although the first four leave the window', () => {
    const state = failAt(NEW_ACCOUNT, HOME, T, T + 3 * MINUTE, T + 6 * MINUTE, T + 9 * MINUTE, T + 14 * MINUTE)
    expect(findLock(state, HOME, T + 28 * MINUTE)).toEqual({ lockedUntil: T + 29 * MINUTE, scope: 'network' })
  })

  it('do not lock when they took longer than 15 minutes', () => {
    const state = failAt(NEW_ACCOUNT, HOME, T, T + 4 * MINUTE, T + 8 * MINUTE, T + 12 * MINUTE, T + 16 * MINUTE)
    expect(findLock(state, HOME, T + 16 * MINUTE)).toBeNull()
  })

  it('are counted anew after the lock', () => {
    const later = T + 20 * MINUTE
    const state = failAt(NEW_ACCOUNT, HOME, ...fiveAt(T), later, later + 1, later + 2, later + 3)
    expect(findLock(state, HOME, later + 4)).toBeNull()
    expect(findLock(failAt(state, HOME, later + 4), HOME, later + 5)).not.toBeNull()
  })
})

describe('a right password', () => {
  it('is not a failure', () => {
    const state = giveBackAttempt(failAt(NEW_ACCOUNT, HOME, ...fiveAt(T)), HOME)
    expect(findLock(state, HOME, T + 5)).toBeNull()
    expect(describeAccount(state, T + 5)).toEqual({ failedAttempts: 4, lockedUntil: null })
  })

  it('does not change the count of another network', () => {
    const state = failAt(NEW_ACCOUNT, HOME, ...fiveAt(T))
    expect(giveBackAttempt(state, AWAY)).toEqual(state)
  })
})

describe('attempts in flight', () => {
  const begin = (state: AccountState, count: number, at = T): AccountState =>
    Array.from({ length: count }, (_, index) => `flight ${index}`).reduce(
      (before, id) => countAttempt(before, HOME, at, id),
      state,
    )

  it('count against the limit, but are not failures', () => {
    const state = begin(NEW_ACCOUNT, 5)
    expect(accountAdmission(state, HOME, T + 1)).toEqual({ state: 'busy', scope: 'network' })
    expect(findLock(state, HOME, T + 1)).toBeNull()
    expect(describeAccount(state, T + 1)).toEqual({ failedAttempts: 0, lockedUntil: null })
  })

  it('allow the rest of the limit that failures and they leave', () => {
    const state = begin(failAt(NEW_ACCOUNT, HOME, T - 2, T - 1), 2)
    expect(accountAdmission(state, HOME, T + 1).state).toBe('allowed')
    expect(accountAdmission(begin(state, 1), HOME, T + 1).state).toBe('busy')
  })

  it('lock with the fifth wrong one, not before', () => {
    const four = ['flight 0', 'flight 1', 'flight 2', 'flight 3'].reduce(failAttempt, begin(NEW_ACCOUNT, 5))
    expect(accountAdmission(four, HOME, T + 1).state).toBe('busy')
    expect(accountAdmission(failAttempt(four, 'flight 4'), HOME, T + 1).state).toBe('locked')
  })

  it('do not count after a right password', () => {
    const state = giveBackAttempt(begin(NEW_ACCOUNT, 2), HOME, 'flight 0')
    expect(giveBackAttempt(state, HOME, 'flight 1')).toEqual(NEW_ACCOUNT)
  })

  it('are failures after ten seconds without an outcome', () => {
    const state = begin(NEW_ACCOUNT, 5)
    expect(accountAdmission(state, HOME, T + VERDICT_MS - 1).state).toBe('busy')
    expect(findLock(state, HOME, T + VERDICT_MS)).toEqual({ lockedUntil: T + 15 * MINUTE, scope: 'network' })
    expect(describeAccount(state, T + VERDICT_MS).failedAttempts).toBe(5)
  })

  it('are not failures when a right password is reported late', () => {
    const state = giveBackAttempt(begin(NEW_ACCOUNT, 5), HOME, 'flight 2')
    expect(findLock(state, HOME, T + VERDICT_MS)).toBeNull()
  })

  it('may still fail after another sign-in was completed or the account was unlocked', () => {
    for (const state of [
      completeSignIn(begin(NEW_ACCOUNT, 5), HOME, T + 1),
      unlockAccount(begin(NEW_ACCOUNT, 5), T + 1),
    ])
      expect(describeAccount(failAttempt(state, 'flight 3'), T + 2).failedAttempts).toBe(1)
  })

  it('of thirty networks make every unknown network wait, but no known one', () => {
    const networks = Array.from({ length: 30 }, (_, index) => `10.0.${index}.0/24`)
    const state = networks.reduce((before, network) => countAttempt(before, network, T, network), NEW_ACCOUNT)
    expect(accountAdmission(state, AWAY, T + 1)).toEqual({ state: 'busy', scope: 'account' })
    expect(accountAdmission(completeSignIn(state, AWAY, T), AWAY, T + 1).state).toBe('allowed')
  })

  it('without an id are failures from the start', () => {
    const state = giveBackAttempt(failAt(begin(NEW_ACCOUNT, 2), HOME, T), HOME)
    expect(state).toEqual(begin(NEW_ACCOUNT, 2))
  })
})

describe('a completed sign-in', () => {
  it('resets the count of its own network only', () => {
    const state = failAt(failAt(NEW_ACCOUNT, HOME, ...fiveAt(T)), AWAY, T + 5, T + 6)
    const after = completeSignIn(state, AWAY, T + 7)
    expect(findLock(after, HOME, T + 8)).not.toBeNull()
    expect(after.failures.filter(({ network }) => network === AWAY)).toEqual([])
  })

  it('remembers the newest 32 networks', () => {
    const networks = Array.from({ length: 40 }, (_, index) => `10.0.${index}.0/24`)
    const state = networks.reduce((before, network, index) => completeSignIn(before, network, T + index), NEW_ACCOUNT)
    expect(Object.keys(state.known)).toHaveLength(32)
    expect(Object.hasOwn(state.known, '10.0.39.0/24')).toBe(true)
    expect(Object.hasOwn(state.known, '10.0.7.0/24')).toBe(false)
  })
})

describe('thirty failures in an hour from all networks', () => {
  it('lock every unknown network', () => {
    expect(findLock(failEverywhere(NEW_ACCOUNT, 29, T), AWAY, T + 1)).toBeNull()
    const state = failEverywhere(NEW_ACCOUNT, 30, T)
    expect(findLock(state, AWAY, T + 1)).toEqual({ lockedUntil: T + HOUR, scope: 'account' })
    expect(findLock(state, AWAY, T + HOUR)).toBeNull()
  })

  it('do not lock a network with a completed sign-in in the last 30 days', () => {
    const known = completeSignIn(NEW_ACCOUNT, HOME, T - 29 * DAY)
    expect(findLock(failEverywhere(known, 30, T), HOME, T + 1)).toBeNull()
    const forgotten = completeSignIn(NEW_ACCOUNT, HOME, T - 30 * DAY)
    expect(findLock(failEverywhere(forgotten, 30, T), HOME, T + 1)).not.toBeNull()
  })

  it('do not exempt a known network from its own limit of five', () => {
    const known = completeSignIn(NEW_ACCOUNT, HOME, T - DAY)
    expect(findLock(failAt(known, HOME, ...fiveAt(T)), HOME, T + 5)?.scope).toBe('network')
  })
})

describe('an unlock', () => {
  it('lifts both locks and keeps known networks', () => {
    const state = failEverywhere(failAt(completeSignIn(NEW_ACCOUNT, HOME, T), AWAY, ...fiveAt(T)), 30, T)
    const after = unlockAccount(state, T + 5)
    expect(findLock(after, AWAY, T + 5)).toBeNull()
    expect(describeAccount(after, T + 5)).toEqual({ failedAttempts: 0, lockedUntil: null })
    expect(after.known).toEqual(state.known)
  })
})

describe('a rule without a lock', () => {
  it('lets uses leave the window one by one', () => {
    const rule = { limit: 3, windowMs: HOUR }
    expect(lockedUntil([T, T + 10, T + 20], rule, T + 30)).toBe(T + HOUR)
    expect(lockedUntil([T, T + 10, T + 20], rule, T + HOUR)).toBeNull()
  })
})

describe('any sequence of attempts', () => {
  it('never allows more than five failures of one network, or thirty of unknown networks, in a window', () => {
    const step = fc.record({ network: fc.integer({ min: 0, max: 12 }), after: fc.integer({ min: 0, max: 4 * MINUTE }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        let state = NEW_ACCOUNT
        let now = T
        const admitted: { at: number; network: string }[] = []
        for (const { network, after } of steps) {
          now += after
          const name = `10.0.${network}.0/24`
          if (findLock(state, name, now)) continue
          state = countAttempt(state, name, now)
          admitted.push({ at: now, network: name })
        }
        for (const { at, network } of admitted) {
          const own = admitted.filter(
            (other) => other.network === network && other.at >= at && other.at < at + 15 * MINUTE,
          )
          expect(own.length).toBeLessThanOrEqual(5)
          const all = admitted.filter((other) => other.at >= at && other.at < at + ACCOUNT_RULE.windowMs)
          expect(all.length).toBeLessThanOrEqual(30)
        }
      }),
    )
  })
})

describe('any sequence of concurrent attempts', () => {
  it('never has more failures and attempts in flight than the rule allows, and every guess counts', () => {
    const rule = { limit: 5, windowMs: 15 * MINUTE, lockMs: 15 * MINUTE }
    const step = fc.record({
      after: fc.integer({ min: 0, max: 8000 }),
      verdict: fc.constantFrom('none', 'wrong', 'right'),
      which: fc.nat({ max: 4 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        let attempts: readonly Attempt[] = []
        const guesses: number[] = []
        let open: { id: string; at: number }[] = []
        let now = T
        for (const { after, verdict, which } of steps) {
          now += after
          const admission = admissionOf(attempts, rule, now)
          if (admission.state === 'allowed') {
            const id = `${guesses.length}`
            attempts = [...attempts, { at: now, id }]
            guesses.push(now)
            open = [...open, { id, at: now }]
          }
          const settled = verdict === 'none' ? undefined : open[which % (open.length || 1)]
          if (!settled) continue
          open = open.filter((it) => it !== settled)
          if (verdict === 'wrong') attempts = fail(attempts, settled.id)
          else {
            attempts = giveBack(attempts, ({ id }) => id === settled.id)
            guesses.splice(guesses.lastIndexOf(settled.at), 1, Number.NaN)
          }
        }
        for (const at of guesses)
          expect(guesses.filter((other) => other >= at && other < at + rule.windowMs).length).toBeLessThanOrEqual(5)
      }),
    )
  })
})

describe('the row of an account', () => {
  it('expires an hour after the last failure, or 30 days after the last completed sign-in', () => {
    expect(accountExpiresAt(failAt(NEW_ACCOUNT, HOME, T))).toBe(T + HOUR)
    expect(accountExpiresAt(completeSignIn(NEW_ACCOUNT, HOME, T))).toBe(T + 30 * DAY)
  })
})
