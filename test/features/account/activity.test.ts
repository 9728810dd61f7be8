import { describe, expect, it, vi } from 'vitest'
import { alertOf, alertOfLocations } from '../../../src/features/account/rules.ts'
import { serviceUnavailable } from '../../../src/lib/errors.ts'
import type { RecordedEvent } from '../../../src/lib/event.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env, json } from '../../support/app.ts'
import { signUpUser } from '../../support/users.ts'
import { answerOf, app, IPHONE, signInFrom, userWithDevice } from '../sign-in/lock-support.ts'

const ALERTS = '/api/v1/sessions/security/alerts'
const ACTIVITY = '/api/v1/sessions/activity/recent'

interface Alert {
  readonly type: string
  readonly severity: string
  readonly locations: string[]
  readonly session_ids: string[]
  readonly timestamp: string
}

const alertsOf = async (headers: Record<string, string>): Promise<Alert[]> => {
  const { status, alerts, total } = await answerOf(app.fetch(ALERTS, { headers }))
  expect(status).toBe(200)
  expect(total).toBe((alerts as Alert[]).length)
  return alerts as Alert[]
}

const DAY = 86_400_000

const recordEvent = (userId: string, type: string, ageMs: number) =>
  env.DB.prepare(
    `insert into events (id, type, time, subject, user_id, actor_type, actor_id, data, ip, delivered_at)
     values (?, ?, ?, ?, ?, 'system', 'test', '{}', '203.0.113.200', 1)`,
  )
    .bind(newUuid(), type, Date.now() - ageMs, userId, userId)
    .run()

describe('GET /api/v1/sessions/security/alerts', () => {
  it('has a new device with its country, and the countries of live sessions', async () => {
    const { email, headers } = await userWithDevice()
    await signInFrom(email, { userAgent: IPHONE, country: 'BR' })
    const alerts = await vi.waitFor(
      async () => {
        const found = await alertsOf(headers)
        expect(found.filter(({ type }) => type === 'security.new_device')).toHaveLength(2)
        return found
      },
      { timeout: 15_000, interval: 100 },
    )
    expect(alerts).toContainEqual(
      expect.objectContaining({ type: 'multiple_locations', severity: 'medium', locations: ['BR', 'NL'] }),
    )
    expect(alerts).toContainEqual(
      expect.objectContaining({ type: 'security.new_device', locations: ['BR'], session_ids: [expect.any(String)] }),
    )
  })

  it('has a token that was used twice, as the gravest', async () => {
    const user = await signUpUser(app)
    await recordEvent(user.user.id, 'session.reuse_detected', 0)
    expect(await alertsOf(user.headers)).toMatchObject([{ type: 'session.reuse_detected', severity: 'high' }])
  })

  it('is empty for a user of whom there is nothing to tell', async () => {
    const { headers } = await signUpUser(app)
    expect(await alertsOf(headers)).toEqual([])
  })

  it('has the last 30 days, newest first, and no address', async () => {
    const { user, headers } = await signUpUser(app)
    await recordEvent(user.id, 'passkey.counter_regressed', 29 * DAY)
    await recordEvent(user.id, 'user.locked', DAY)
    await recordEvent(user.id, 'user.locked', 31 * DAY)
    await recordEvent(user.id, 'user.signed_in', DAY)
    const alerts = await alertsOf(headers)
    expect(alerts.map(({ type }) => type)).toEqual(['user.locked', 'passkey.counter_regressed'])
    expect(JSON.stringify(alerts)).not.toContain('203.0.113.200')
  })

  it("has nothing of another user's record", async () => {
    const [one, other] = [await signUpUser(app), await signUpUser(app)]
    await recordEvent(one.user.id, 'user.locked', 0)
    expect(await alertsOf(other.headers)).toEqual([])
  })

  it('is 503 when the object is silent', async () => {
    const { headers } = await signUpUser(app)
    const broken = createTestApp({
      override: (ctx) => ({
        ...ctx,
        objects: {
          feed: ctx.objects.feed,
          hub: ctx.objects.hub,
          guard: ctx.objects.guard,
          webhook: ctx.objects.webhook,
          user: (id) =>
            new Proxy(ctx.objects.user(id), {
              get: (target, name) =>
                name === 'listSessions'
                  ? async () => {
                      throw serviceUnavailable()
                    }
                  : Reflect.get(target, name),
            }),
        },
      }),
    })
    expect(await answerOf(broken.fetch(ALERTS, { headers }))).toMatchObject({ status: 503 })
    expect(await answerOf(broken.fetch(ACTIVITY, { headers }))).toMatchObject({ status: 503 })
  })
})

describe('what is an alert', () => {
  const replay = (same_network: boolean): RecordedEvent => ({
    id: 'id',
    type: 'session.refresh_replayed',
    time: 1,
    subject: 'session',
    userId: 'user',
    actor: { type: 'user', id: 'user' },
    sessionId: 'session',
    organizationId: null,
    data: { same_network },
    ip: null,
    userAgent: null,
  })

  it('is a refresh that another network repeats, and not one that its own network does', () => {
    expect(alertOf(replay(false))).toMatchObject({ severity: 'medium' })
    expect(alertOf(replay(true))).toBeUndefined()
  })

  it('is no one country, known or not', () => {
    expect(alertOfLocations([])).toBeUndefined()
  })
})

describe('GET /api/v1/sessions/activity/recent', () => {
  it('has each session once with the last that is known of it, newest first', async () => {
    const user = await signUpUser(app)
    const { access_token } = await signInFrom(user.email, { userAgent: IPHONE, address: '2001:db8:7::9' })
    const headers = { authorization: `Bearer ${access_token}` }
    await app.fetch('/api/v1/auth/signout', { method: 'POST', headers })
    const { status, activities, total } = await answerOf(app.fetch(ACTIVITY, { headers: user.headers }))
    expect({ status, activities, total }).toMatchObject({
      status: 200,
      total: 2,
      activities: [
        {
          activity_type: 'signed_out',
          ip_address: '2001:db8:7::9',
          device: 'iPhone',
          device_type: 'mobile',
          revoked: true,
        },
        {
          activity_type: 'signed_in',
          ip_address: user.address,
          device: 'Unknown device',
          device_type: 'unknown',
          revoked: false,
        },
      ],
    })
  })

  it('distinguishes a session that another one ended from one that signed out', async () => {
    const user = await signUpUser(app)
    await signInFrom(user.email, {})
    await app.fetch('/api/v1/sessions/revoke-all', { method: 'POST', headers: user.headers })
    const { activities } = await answerOf(app.fetch(ACTIVITY, { headers: user.headers }))
    expect(activities).toMatchObject([{ activity_type: 'session_revoked', revoked: true }, { revoked: false }])
  })

  it('has as many as were asked for, and counts all', async () => {
    const user = await signUpUser(app)
    await signInFrom(user.email, {})
    const answer = await answerOf(app.fetch(`${ACTIVITY}?limit=1`, { headers: user.headers }))
    expect(answer).toMatchObject({ status: 200, total: 2, activities: [{ revoked: false }] })
  })

  it.each(['0', '51', '-1', '1.5', 'many', ''])('refuses the limit %j', async (limit) => {
    const { headers } = await signUpUser(app)
    const answer = await answerOf(app.fetch(`${ACTIVITY}?limit=${limit}`, { headers }))
    expect(answer).toMatchObject({ status: 422, code: 'VALIDATION_ERROR' })
  })
})

describe.each([ALERTS, ACTIVITY])('GET %s', (path) => {
  it('is 401 without a credential, with a bad one, and with the token of a session that ended', async () => {
    expect((await app.fetch(path)).status).toBe(401)
    expect((await app.fetch(path, { headers: { authorization: 'Bearer garbage' } })).status).toBe(401)
    const { headers } = await signUpUser(app)
    await app.fetch('/api/v1/auth/signout', { method: 'POST', headers })
    expect((await app.fetch(path, { headers })).status).toBe(401)
  })

  it('is 405 for a POST', async () => {
    const { headers } = await signUpUser(app)
    expect((await app.fetch(path, json({}, headers))).status).toBe(405)
  })
})
