import { describe, expect, it } from 'vitest'
import type { Grant, StepUpInput } from '../../../src/durable/rpc.ts'
import { MINUTE } from '../../../src/lib/time.ts'
import { type Authority, callerAt, freshAuthority, HOME, OTHER_NETWORK } from './support.ts'

const START = 1_800_000_000_000

const stepUp = (user: Authority, grant: Pick<Grant, 'session'>, changes: Partial<StepUpInput> = {}) =>
  user.stub.raise({
    userId: user.userId,
    sessionId: grant.session.id,
    amr: ['otp', 'mfa'],
    authTime: user.clock.now,
    authVersion: 1,
    keptSessionId: null,
    claimsVersion: 1,
    caller: callerAt(HOME),
    ...changes,
  })

describe('stepping up a session', () => {
  it('adds to its amr, updates auth_time, and keeps generation and proof', async () => {
    const user = await freshAuthority(START)
    const grant = await user.open({ authTime: START })
    user.clock.now += 20 * MINUTE
    const result = await stepUp(user, grant)
    expect(result).toMatchObject({
      outcome: 'raised',
      grant: {
        generation: grant.generation,
        proof: grant.proof,
        advancedAt: user.clock.now,
        session: { amr: ['pwd', 'otp', 'mfa'], authTime: user.clock.now, lastActiveAt: user.clock.now },
      },
    })
    expect((await user.rotate(grant)).outcome).toBe('rotated')
  })

  it('is recorded with the values before and after', async () => {
    const user = await freshAuthority(START)
    const grant = await user.open({ authTime: START })
    user.clock.now += MINUTE
    await stepUp(user, grant, { caller: callerAt(OTHER_NETWORK) })
    const event = (await user.events()).find(({ type }) => type === 'session.stepped_up')
    expect(event).toMatchObject({
      subject: grant.session.id,
      sessionId: grant.session.id,
      actor: { type: 'user', id: user.userId },
      ip: OTHER_NETWORK,
      data: {
        before: { amr: ['pwd'], auth_time: START },
        after: { amr: ['pwd', 'otp', 'mfa'], auth_time: START + MINUTE },
      },
    })
  })

  it('has no duplicate in amr, and never decreases auth_time', async () => {
    const user = await freshAuthority(START)
    const grant = await user.open({ authTime: START })
    await stepUp(user, grant)
    const again = await stepUp(user, grant, { amr: ['pwd', 'otp', 'mfa'], authTime: START - MINUTE })
    expect(again).toMatchObject({ grant: { session: { amr: ['pwd', 'otp', 'mfa'], authTime: START } } })
  })

  it('survives a restart', async () => {
    const user = await freshAuthority(START)
    const grant = await user.open({ authTime: START })
    await stepUp(user, grant)
    await user.restart()
    const result = await user.rotate(grant)
    expect(result).toMatchObject({ outcome: 'rotated', grant: { session: { amr: ['pwd', 'otp', 'mfa'] } } })
  })

  it('is refused when the session is unknown, has ended or has expired', async () => {
    const user = await freshAuthority(START)
    const [ended, expired] = [await user.open(), await user.open()]
    await user.end(ended.session.id)
    expect(await stepUp(user, ended)).toEqual({ outcome: 'not_live' })
    expect(await stepUp(user, expired, { sessionId: crypto.randomUUID() })).toEqual({ outcome: 'not_live' })
    user.clock.now = expired.session.expiresAt
    expect(await stepUp(user, expired)).toEqual({ outcome: 'not_live' })
    expect(await user.eventTypes()).not.toContain('session.stepped_up')
  })

  it('is refused when the object knows newer credentials than those that were checked', async () => {
    const user = await freshAuthority(START)
    const grant = await user.open()
    await user.open({ authVersion: 2, keptSessionId: grant.session.id })
    expect(await stepUp(user, grant, { authVersion: 1 })).toEqual({ outcome: 'not_live' })
    expect(await stepUp(user, grant, { authVersion: 2, keptSessionId: grant.session.id })).toMatchObject({
      outcome: 'raised',
    })
  })

  it('is refused when newer credentials did not spare the session', async () => {
    const user = await freshAuthority(START)
    const grant = await user.open()
    expect(await stepUp(user, grant, { authVersion: 2 })).toEqual({ outcome: 'not_live' })
  })

  it('leaves the other sessions alone', async () => {
    const user = await freshAuthority(START)
    const [one, other] = [await user.open({ authTime: START }), await user.open({ authTime: START })]
    user.clock.now += MINUTE
    await stepUp(user, one)
    expect(await user.rotate(other)).toMatchObject({ grant: { session: { amr: ['pwd'], authTime: START } } })
  })
})

describe('the time of the last second factor', () => {
  const secondFactorAt = async (user: Authority, { session }: Pick<Grant, 'session'>) =>
    (await user.stub.findSession({ userId: user.userId, sessionId: session.id }))?.secondFactorAt

  it('is the opening of a session with two factors, and null without a second factor', async () => {
    const user = await freshAuthority(START)
    expect(await secondFactorAt(user, await user.open({ authTime: START }))).toBeNull()
    const both = await user.open({ amr: ['pwd', 'otp', 'mfa'], authTime: START })
    expect(await secondFactorAt(user, both)).toBe(START)
  })

  it('is updated by a second factor, not by a password, and never decreases', async () => {
    const user = await freshAuthority(START)
    const grant = await user.open({ authTime: START })
    await stepUp(user, grant, { amr: ['pwd'], authTime: START + MINUTE })
    expect(await secondFactorAt(user, grant)).toBeNull()
    await stepUp(user, grant, { authTime: START + 2 * MINUTE })
    await stepUp(user, grant, { amr: ['pwd'], authTime: START + 20 * MINUTE })
    expect(await secondFactorAt(user, grant)).toBe(START + 2 * MINUTE)
    await stepUp(user, grant, { authTime: START })
    expect(await secondFactorAt(user, grant)).toBe(START + 2 * MINUTE)
  })

  it('is unknown for a session from before it was stored', async () => {
    const user = await freshAuthority(START)
    const grant = await user.open({ amr: ['pwd', 'otp', 'mfa'], authTime: START })
    await user.inside((_, state) => {
      for (const column of ['second_factor_at', 'browser_idle_seconds'])
        state.storage.sql.exec(`alter table sessions drop column ${column}`)
      state.storage.sql.exec("delete from migrations where part = 'sessions' and position >= 3")
    })
    await user.restart()
    expect(await secondFactorAt(user, grant)).toBeNull()
    expect((await user.rotate(grant)).outcome).toBe('rotated')
  })
})
