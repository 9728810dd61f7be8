import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Grant, RotateResult } from '../../../src/durable/rpc.ts'
import { type Authority, callerAt, freshAuthority, HOME, OTHER_NETWORK } from './support.ts'

const SECOND = 1000
const WINDOW_MS = 10 * SECOND
const KEY_MS = 600 * SECOND
const CLIENTS = 3

/** Several callers at once: what each does in one step is sent together. */
type Command =
  /** A client uses the newest token that it has; the answer may be lost. */
  | { do: 'refresh'; client: number; key: boolean; lost: boolean }
  /** Someone presents any token that was ever issued. */
  | { do: 'present'; pick: number; fromAnotherNetwork: boolean; key: boolean }
  | { do: 'revoke' }
  | { do: 'forge'; generation: number }

type Step = { after: number; together: Command[] }

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('refresh' as const),
      client: fc.nat(CLIENTS - 1),
      key: fc.boolean(),
      lost: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('present' as const),
      pick: fc.nat(),
      fromAnotherNetwork: fc.boolean(),
      key: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'revoke' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forge' as const), generation: fc.nat(20) }) },
)

const step: fc.Arbitrary<Step> = fc.record({
  after: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 4 * SECOND }) },
    { weight: 3, arbitrary: fc.constantFrom(WINDOW_MS, WINDOW_MS + 1, 60 * SECOND, KEY_MS) },
    { weight: 1, arbitrary: fc.constantFrom(7 * 86_400 * SECOND, 3 * 86_400 * SECOND) },
  ),
  together: fc.array(command, { minLength: 1, maxLength: 6 }),
})

type Call = { presented: Grant; from: string; key: string | null; at: number }

/** What happened so far and which answers it allows, modelled on the specification, not on the code. */
class Expectations {
  readonly answered: Grant[] = []
  readonly held: Grant[]
  readonly advancedAt = new Map<number, number>()
  readonly advancedFrom = new Map<number, string>()
  readonly keyOf = new Map<number, string | null>()
  causeOfEnd: string | null = null
  /** A revocation answers only once the feed has it: other calls may be refused before. */
  revoking = false
  idleUntil: number
  readonly absoluteUntil: number

  constructor(first: Grant) {
    this.answered.push(first)
    this.held = Array.from({ length: CLIENTS }, () => first)
    this.idleUntil = first.session.expiresAt
    this.absoluteUntil = first.session.openedAt + 30 * 86_400 * SECOND
  }

  get newest(): Grant {
    return this.answered.reduce((a, b) => (b.generation > a.generation ? b : a))
  }

  check(call: Call, result: RotateResult): void {
    if (result.outcome === 'refused') this.checkRefusal(call, result.reason)
    else this.checkAnswer(call, result)
  }

  private checkAnswer(call: Call, { outcome, grant }: Exclude<RotateResult, { outcome: 'refused' }>): void {
    expect(this.causeOfEnd, 'nothing is answered after the end').toBeNull()
    expect(call.at).toBeLessThan(Math.min(this.idleUntil, this.absoluteUntil))
    const twin = this.answered.find(({ generation }) => generation === grant.generation)
    if (outcome === 'rotated') {
      expect(twin, 'one generation is made once').toBeUndefined()
      expect(grant.generation).toBe(call.presented.generation + 1)
      this.advancedAt.set(call.presented.generation, call.at)
      this.advancedFrom.set(call.presented.generation, call.from)
      this.keyOf.set(call.presented.generation, call.key)
      this.idleUntil = call.at + 7 * 86_400 * SECOND
    } else {
      expect(twin, 'a replay answers what was answered').toMatchObject({
        proof: grant.proof,
        advancedAt: grant.advancedAt,
      })
      expect(grant.generation, 'and only the newest').toBe(this.newest.generation)
      expect(this.isReplayable(call)).toBe(true)
    }
    this.answered.push(grant)
  }

  private checkRefusal(call: Call, reason: string): void {
    if (reason === 'reuse') {
      expect(this.causeOfEnd).toBeNull()
      expect(call.presented.generation).toBeLessThan(this.newest.generation)
      const isForeign = call.from !== this.advancedFrom.get(call.presented.generation) && !this.hasItsKey(call)
      expect(isForeign || !this.isReplayable(call), 'reuse is old, or from another network').toBe(true)
      this.causeOfEnd = 'reuse'
    } else if (reason === 'expired') {
      if (this.causeOfEnd === null) expect(call.at).toBeGreaterThanOrEqual(Math.min(this.idleUntil, this.absoluteUntil))
      this.causeOfEnd ??= 'expired'
      expect(this.causeOfEnd).toBe('expired')
    } else {
      expect(reason).toBe('ended')
      if (this.revoking) this.causeOfEnd ??= 'revoked'
      expect(['reuse', 'revoked']).toContain(this.causeOfEnd)
    }
  }

  private hasItsKey({ presented, key }: Call): boolean {
    return key !== null && this.keyOf.get(presented.generation) === key
  }

  private isReplayable(call: Call): boolean {
    const at = this.advancedAt.get(call.presented.generation) ?? Number.NEGATIVE_INFINITY
    const tokenLivesUntil = Math.floor(at / SECOND) * SECOND + KEY_MS
    return call.at - at <= WINDOW_MS || (this.hasItsKey(call) && call.at < tokenLivesUntil)
  }
}

async function play(user: Authority, expected: Expectations, command: Command): Promise<void> {
  const at = user.clock.now
  const rotate = async (presented: Grant, from: string, key: string | null) => {
    const result = await user.rotate(presented, { caller: callerAt(from), idempotencyKeyHash: key })
    return { call: { presented, from, key, at }, result }
  }
  switch (command.do) {
    case 'refresh': {
      const presented = expected.held[command.client] ?? expected.newest
      const key = command.key ? `${command.client}/${presented.generation}` : null
      const { call, result } = await rotate(presented, HOME, key)
      expected.check(call, result)
      if (result.outcome !== 'refused' && !command.lost) expected.held[command.client] = result.grant
      return
    }
    case 'present': {
      const presented = expected.answered[command.pick % expected.answered.length] ?? expected.newest
      const { call, result } = await rotate(
        presented,
        command.fromAnotherNetwork ? OTHER_NETWORK : HOME,
        command.key ? `0/${presented.generation}` : null,
      )
      expected.check(call, result)
      return
    }
    case 'revoke': {
      expected.revoking = true
      const { ended } = await user.end(expected.newest.session.id)
      if (ended.length > 0) expected.causeOfEnd = 'revoked'
      else if (expected.causeOfEnd === null) expected.causeOfEnd = 'expired'
      return
    }
    case 'forge': {
      const forged = { ...expected.newest, generation: command.generation, proof: new Uint8Array(16).fill(7) }
      expect((await rotate(forged, OTHER_NETWORK, null)).result).toEqual({ outcome: 'refused', reason: 'wrong_proof' })
      return
    }
  }
}

describe('a session under any interleaving of refresh, replay, reuse, revocation and expiry', () => {
  it('has one successor per token, and ends only by reuse, revocation or expiry', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const user = await freshAuthority(1_900_000_000_123)
        const expected = new Expectations(await user.open())
        for (const { after, together } of steps) {
          user.clock.now += after
          await Promise.all(together.map((each) => play(user, expected, each)))
        }
        // The newest token is accepted unless something ended the session.
        const last: Call = { presented: expected.newest, from: HOME, key: null, at: user.clock.now }
        expected.check(last, await user.rotate(last.presented))
        const live = await user.stub.listSessions({ userId: user.userId, withEnded: false })
        expect(live).toHaveLength(expected.causeOfEnd === null ? 1 : 0)
      }),
      { numRuns: 60 },
    )
  }, 120_000)

  it('survives clients that share one token, lose answers and retry within the window', async () => {
    const turn = fc.record({ client: fc.nat(CLIENTS - 1), lost: fc.boolean(), after: fc.nat(3 * SECOND) })
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 5, maxLength: 40 }), async (turns) => {
        const user = await freshAuthority()
        const first = await user.open()
        const jar = { token: first, takenAt: user.clock.now }
        for (const { lost, after } of turns) {
          user.clock.now += after
          // Tabs share a cookie jar: each reads it, refreshes, and stores the answer that it got.
          const both = await Promise.all([user.rotate(jar.token), user.rotate(jar.token)])
          for (const result of both) expect(result.outcome).not.toBe('refused')
          const [result] = both
          if (lost) {
            user.clock.now += WINDOW_MS
            const retried = await user.rotate(jar.token)
            expect(retried.outcome).toBe('replayed')
            if (retried.outcome === 'replayed') jar.token = retried.grant
          } else if (result?.outcome !== 'refused' && result) jar.token = result.grant
        }
        expect(await user.eventTypes()).not.toContain('session.reuse_detected')
      }),
      { numRuns: 20 },
    )
  }, 120_000)
})
