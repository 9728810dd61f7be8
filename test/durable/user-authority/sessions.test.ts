import { runDurableObjectAlarm } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { callerAt, freshAuthority, HOME, OTHER_NETWORK } from './support.ts'

const DAY = 86_400_000

describe('opening a session', () => {
  it('records who signed in, where and how, in one transaction', async () => {
    const user = await freshAuthority()
    const userAgent =
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36'
    const grant = await user.open({ caller: { ...callerAt(HOME), userAgent }, amr: ['pwd', 'otp', 'mfa'] })
    expect(grant).toMatchObject({ generation: 1, advancedAt: user.clock.now })
    expect(grant.session).toMatchObject({ number: 1, userId: user.userId, ip: HOME, country: 'NL', endedAt: null })
    expect(await user.events()).toMatchObject([
      { type: 'user.signed_in', subject: user.userId, actor: { type: 'user', id: user.userId } },
      {
        type: 'session.created',
        subject: grant.session.id,
        sessionId: grant.session.id,
        ip: HOME,
        data: { device_type: 'desktop', browser: 'Chrome 130.0.0.0', amr: ['pwd', 'otp', 'mfa'] },
      },
    ])
  })

  it('numbers sessions within the user and lists them newest first', async () => {
    const user = await freshAuthority()
    const ids = [await user.open(), await user.open(), await user.open()].map(({ session }) => session.id)
    const listed = await user.stub.listSessions({ userId: user.userId, withEnded: false })
    expect(listed.map(({ id }) => id)).toEqual(ids.reverse())
    expect(listed.map(({ number }) => number)).toEqual([3, 2, 1])
  })

  it('ends the oldest beyond the cap', async () => {
    const user = await freshAuthority()
    const first = await user.open()
    for (let more = 0; more < 10; more += 1) await user.open()
    expect(await user.stub.listSessions({ userId: user.userId, withEnded: false })).toHaveLength(10)
    expect(await user.stub.findSession({ userId: user.userId, sessionId: first.session.id })).toMatchObject({
      endReason: 'session_cap',
    })
    expect(await user.eventTypes()).toContain('session.revoked')
  })

  it('observes the cap when many open at once', async () => {
    const user = await freshAuthority()
    await Promise.all(Array.from({ length: 30 }, () => user.open()))
    expect(await user.stub.listSessions({ userId: user.userId, withEnded: false })).toHaveLength(10)
  })

  it('is refused with credentials older than the newest known ones', async () => {
    const user = await freshAuthority()
    await user.open({ authVersion: 3 })
    expect(await user.tryOpen({ authVersion: 2 })).toEqual({ outcome: 'stale_credentials' })
    expect((await user.tryOpen({ authVersion: 3 })).outcome).toBe('opened')
  })

  it('is refused once a change of credentials has ended the sessions', async () => {
    const user = await freshAuthority()
    await user.stub.endSessions({
      userId: user.userId,
      except: null,
      reason: 'password_reset',
      actor: { type: 'user', id: user.userId },
      caller: callerAt(HOME),
      authVersion: 2,
    })
    expect(await user.tryOpen({ authVersion: 1 })).toEqual({ outcome: 'stale_credentials' })
  })
})

describe('ending sessions', () => {
  const endMany = (user: Awaited<ReturnType<typeof freshAuthority>>, changes: object = {}) =>
    user.stub.endSessions({
      userId: user.userId,
      except: null,
      reason: 'password_changed',
      actor: { type: 'user', id: user.userId },
      caller: callerAt(OTHER_NETWORK),
      authVersion: null,
      ...changes,
    })

  it('ends one, records why and by whom, and reports when the feed has it', async () => {
    const user = await freshAuthority()
    const { session } = await user.open()
    const result = await user.stub.endSession({
      userId: user.userId,
      sessionId: session.id,
      reason: 'signed_out',
      actor: { type: 'user', id: user.userId },
      caller: callerAt(OTHER_NETWORK),
      events: [{ type: 'user.signed_out' }],
    })
    expect(result).toEqual({ ended: [session.id], propagated: true })
    expect((await user.events()).slice(2)).toMatchObject([
      { type: 'session.revoked', data: { reason: 'signed_out' }, ip: OTHER_NETWORK },
      { type: 'user.signed_out', subject: user.userId, sessionId: session.id },
    ])
  })

  it('ends nothing the second time, also for racing callers', async () => {
    const user = await freshAuthority()
    const { session } = await user.open()
    const results = await Promise.all([user.end(session.id), user.end(session.id), user.end(session.id)])
    expect(results.map(({ ended }) => ended.length).sort()).toEqual([0, 0, 1])
    expect(results.every(({ propagated }) => propagated)).toBe(true)
    expect((await user.end(newUuid())).ended).toEqual([])
  })

  it('ends all but one, which moves to the new credentials', async () => {
    const user = await freshAuthority()
    const [kept, other] = [await user.open(), await user.open()]
    const { ended } = await endMany(user, { except: kept.session.id, authVersion: 2 })
    expect(ended).toEqual([other.session.id])
    expect(await user.rotate(other)).toMatchObject({ outcome: 'refused' })
    expect(await user.rotate(kept, { authVersion: 2, keptSessionId: kept.session.id })).toMatchObject({
      outcome: 'rotated',
    })
  })

  it('does not end a session that was opened with the new credentials before the call', async () => {
    const user = await freshAuthority()
    const old = await user.open({ authVersion: 1 })
    const renewed = await user.open({ authVersion: 2 })
    expect((await endMany(user, { authVersion: 2 })).ended).toEqual([old.session.id])
    expect((await user.rotate(renewed, { authVersion: 2 })).outcome).toBe('rotated')
  })

  it('lets the kept session refresh with a row that was read before the change', async () => {
    const user = await freshAuthority()
    const kept = await user.open()
    await user.open({ authVersion: 2, keptSessionId: kept.session.id })
    expect((await user.rotate(kept, { authVersion: 1 })).outcome).toBe('rotated')
  })
})

describe('a strong check', () => {
  it('reads session, credentials and claims from storage', async () => {
    const user = await freshAuthority()
    const { session } = await user.open({ claimsVersion: 2 })
    const check = (claimsVersion: number, sessionId = session.id) =>
      user.stub.check({ userId: user.userId, sessionId, claimsVersion })
    expect(await check(2)).toEqual({ live: true })
    expect(await check(1)).toEqual({ live: false, reason: 'stale_claims' })
    expect(await check(2, newUuid())).toEqual({ live: false, reason: 'unknown' })
    await user.open({ authVersion: 2 })
    expect(await check(2)).toEqual({ live: false, reason: 'stale_credentials' })
    await user.end(session.id)
    expect(await check(2)).toEqual({ live: false, reason: 'ended' })
  })

  it("uses newer credentials that its caller has read from the user's row", async () => {
    const user = await freshAuthority()
    const [{ session }, { session: kept }] = [await user.open(), await user.open()]
    const check = (sessionId: string, credentials?: { authVersion: number; keptSessionId: string | null }) => {
      const given = credentials && { credentials: { ...credentials, spares: null } }
      return user.stub.check({ userId: user.userId, sessionId, claimsVersion: 1, ...given })
    }
    expect(await check(session.id, { authVersion: 1, keptSessionId: null })).toEqual({ live: true })
    const newest = { authVersion: 2, keptSessionId: kept.id }
    expect(await check(session.id, newest)).toEqual({ live: false, reason: 'stale_credentials' })
    expect(await check(kept.id, newest)).toEqual({ live: true })
    expect(await check(session.id)).toEqual({ live: false, reason: 'stale_credentials' })
  })

  it('uses from its caller which sessions a change of the second factor spared', async () => {
    const user = await freshAuthority()
    const [{ session }, { session: both }] = [await user.open(), await user.open({ amr: ['pwd', 'otp', 'mfa'] })]
    const credentials = { authVersion: 2, keptSessionId: null, spares: 'two_factors' } as const
    const check = (sessionId: string) =>
      user.stub.check({ userId: user.userId, sessionId, claimsVersion: 1, credentials })
    expect(await check(session.id)).toEqual({ live: false, reason: 'stale_credentials' })
    expect(await check(both.id)).toEqual({ live: true })
  })

  it('refuses an expired session before its alarm has gone off', async () => {
    const user = await freshAuthority()
    const { session } = await user.open()
    user.clock.now = session.expiresAt
    const answer = await user.stub.check({ userId: user.userId, sessionId: session.id, claimsVersion: 1 })
    expect(answer).toEqual({ live: false, reason: 'expired' })
  })
})

describe('the alarm', () => {
  it('expires sessions on time, with an event, and not before', async () => {
    const user = await freshAuthority()
    const { session } = await user.open()
    await user.inside(async (_, { storage }) => {
      const row = storage.sql.exec<{ at: number }>("select at from alarms where name = 'sessions'").one()
      expect(row.at).toBe(session.expiresAt)
    })
    user.clock.now = session.expiresAt - 1
    await runDurableObjectAlarm(user.stub)
    expect(await user.eventTypes()).not.toContain('session.expired')
    user.clock.now = session.expiresAt
    await runDurableObjectAlarm(user.stub)
    expect((await user.events()).at(-1)).toMatchObject({ type: 'session.expired', actor: { type: 'system' }, ip: null })
  })

  it('is postponed when a session is used', async () => {
    const user = await freshAuthority()
    const grant = await user.open()
    user.clock.now += 6 * DAY
    await user.rotate(grant)
    user.clock.now += 2 * DAY
    await runDurableObjectAlarm(user.stub)
    expect(await user.eventTypes()).not.toContain('session.expired')
    user.clock.now += 5 * DAY
    await runDurableObjectAlarm(user.stub)
    expect(await user.eventTypes()).toContain('session.expired')
  })

  it('deletes ended sessions after 30 days', async () => {
    const user = await freshAuthority()
    const { session } = await user.open()
    await user.end(session.id)
    user.clock.now += 30 * DAY
    await runDurableObjectAlarm(user.stub)
    expect(await user.stub.findSession({ userId: user.userId, sessionId: session.id })).toBeNull()
  })
})

it('counts a touch as a use of a live session', async () => {
  const user = await freshAuthority()
  const { session } = await user.open()
  user.clock.now += DAY
  const touched = await user.stub.touchSession({ userId: user.userId, sessionId: session.id })
  expect(touched).toMatchObject({ lastActiveAt: user.clock.now, expiresAt: session.expiresAt + DAY, ip: HOME })
  await user.end(session.id)
  expect(await user.stub.touchSession({ userId: user.userId, sessionId: session.id })).toBeNull()
})

it('refuses a call for another user than its own', async () => {
  const user = await freshAuthority()
  await user.inside(async (object) => {
    await expect(object.listSessions({ userId: newUuid(), withEnded: false })).rejects.toThrow('another user')
  })
})
