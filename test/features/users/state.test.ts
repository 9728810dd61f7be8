import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import type { EarlyCtx } from '../../../src/context.ts'
import { sweepUndelivered } from '../../../src/features/events/service.ts'
import { openSession } from '../../../src/features/sessions/service/opening.ts'
import { type StateChange, TRANSITIONS } from '../../../src/features/users/rules.ts'
import { changeUserRole, changeUserState } from '../../../src/features/users/service/state.ts'
import { createUser, findUser, isSignInAllowed } from '../../../src/features/users/service/users.ts'
import type { User, UserStatus } from '../../../src/features/users/types.ts'
import { fails, hangs, isolateWithout } from '../../faults/support.ts'
import { createTestApp, env, json, type TestApp } from '../../support/app.ts'
import { connect } from '../../support/sockets.ts'
import { newEmail } from '../../support/users.ts'
import { userStub } from '../events/support.ts'

const ADMIN = { type: 'user', id: 'the-admin' } as const
const ALL = Object.keys(TRANSITIONS) as StateChange[]
const ENDING = ALL.filter((change) => TRANSITIONS[change].ends !== null)
const STATES: readonly UserStatus[] = ['active', 'pending', 'inactive', 'suspended', 'locked', 'deleted']

const app = createTestApp()

/** A user in this state, by no change. */
const userIn = async (status: UserStatus, role = 'user'): Promise<User> =>
  createUser(await app.ctx(), { email: newEmail(), status, role })

interface SignedIn {
  readonly user: User
  readonly sessionId: string
  readonly accessToken: string
  readonly refreshToken: string
}

async function signedIn(on: TestApp = app): Promise<SignedIn> {
  const user = await userIn('active')
  const { session, tokens } = await openSession(await on.ctx(), { user, amr: ['pwd'] })
  return { user, sessionId: session.id, ...tokens }
}

const change = async (user: User, what: StateChange, reason?: string, on: TestApp = app) =>
  changeUserState(await on.ctx(), { userId: user.id, change: what, actor: ADMIN, reason })

const current = async (user: User): Promise<User> => {
  const row = await findUser(await app.ctx(), user.id)
  if (!row) throw new Error('the user is gone')
  return row
}

const check = async (on: TestApp, { accessToken }: SignedIn, query = ''): Promise<number> =>
  (await on.fetch(`/validate${query}`, { headers: { authorization: `Bearer ${accessToken}` } })).status

const refresh = async (on: TestApp, { refreshToken }: SignedIn): Promise<number> =>
  (await on.fetch('/api/v1/auth/refresh', json({ refresh_token: refreshToken }))).status

interface Recorded {
  readonly type: string
  readonly actor_id: string
  readonly claims_version: number
  readonly data: { before?: object; after?: object; reason?: string }
}

/** What was recorded of the user's account, oldest first. */
async function recorded({ id }: User): Promise<Recorded[]> {
  const { results } = await env.DB.prepare(
    "select type, actor_id, claims_version, data from events where subject = ? and type not in ('user.created', 'notification.created') order by position",
  )
    .bind(id)
    .all<Omit<Recorded, 'data'> & { data: string }>()
  return results.map((row) => ({ ...row, data: JSON.parse(row.data) }))
}

describe.each(ALL)('%s', (what) => {
  const { from, to, event, ends } = TRANSITIONS[what]

  it.each(from)('leads from %s to its state, with its event', async (status) => {
    const user = await userIn(status)
    const changed = await change(user, what, 'because')
    expect(changed).toMatchObject({ propagated: true, user: { id: user.id, status: to } })
    expect(await current(user)).toMatchObject({
      status: to,
      authVersion: user.authVersion + (ends === null ? 0 : 1),
      claimsVersion: user.claimsVersion + 1,
      keptSessionId: null,
    })
    expect(await recorded(user)).toEqual([
      {
        type: event,
        actor_id: ADMIN.id,
        claims_version: user.claimsVersion + 1,
        data: { before: { status }, after: { status: to }, reason: 'because' },
      },
    ])
  })

  it.each(STATES.filter((status) => !from.includes(status) && !(status === to && ends !== null)))(
    'from %s is refused, and changes and records nothing',
    async (status) => {
      const user = await userIn(status)
      const code = status === 'deleted' ? 'NOT_FOUND' : 'USER_STATE_CONFLICT'
      await expect(change(user, what)).rejects.toMatchObject({ code })
      expect(await current(user)).toEqual(user)
      expect(await recorded(user)).toEqual([])
    },
  )
})

describe.each(ENDING)('%s ends the sessions', (what) => {
  const { event, ends } = TRANSITIONS[what]

  it('at once here and for `strong`, within 5 s in every isolate, and for good', async () => {
    const clock = { now: Date.now() }
    const there = createTestApp({ override: (ctx) => ({ ...ctx, now: () => clock.now }) })
    const one = await signedIn()
    expect([await check(app, one), await check(there, one)]).toEqual([200, 200])
    expect((await change(one.user, what)).propagated).toBe(true)
    expect(await check(app, one)).toBe(401)
    expect(await check(there, one, '?consistency=strong')).toBe(401)
    clock.now += 5001
    expect(await check(there, one)).toBe(401)
    expect(await refresh(there, one)).toBe(401)
    const { user } = one
    const sessions = await userStub(user.id).listSessions({ userId: user.id, withEnded: true })
    expect(sessions).toMatchObject([{ id: one.sessionId, endReason: ends }])
  })

  it('and its sockets learn why before they are closed', async () => {
    const one = await signedIn()
    const socket = await connect(app, { token: one.accessToken })
    await socket.first('connection')
    await change(one.user, what, 'because')
    expect(await socket.closed()).toEqual({ code: 4001, reason: 'session revoked' })
    expect(
      socket
        .events()
        .map(({ type }) => type)
        .slice(-2),
    ).toEqual([event, 'session.revoked'])
    const told = socket.events().find(({ type }) => type === event)
    expect(told).toMatchObject({ subject: one.user.id, actor: ADMIN, data: { reason: 'because' } })
    expect(socket.events().at(-1)).toMatchObject({ session_id: one.sessionId, data: { reason: ends } })
  })

  it('also one that is being opened by credentials that were checked before', async () => {
    const user = await userIn('active')
    await change(user, what)
    const late = openSession(await app.ctx(), { user, amr: ['pwd'] })
    await expect(late).rejects.toMatchObject({ code: 'SESSION_REFUSED' })
  })

  it('once: a repeat changes nothing', async () => {
    const user = await userIn('active')
    await change(user, what)
    const before = await current(user)
    const again = change(user, what)
    // Who is deleted is nobody.
    if (what === 'delete') await expect(again).rejects.toMatchObject({ code: 'NOT_FOUND' })
    else expect(await again).toEqual({ user: before, propagated: true })
    expect(await current(user)).toEqual(before)
    expect(await recorded(user)).toHaveLength(1)
  })
})

describe('the way back', () => {
  it.each([
    ['suspend', 'unsuspend', 'active', true],
    ['deactivate', 'activate', 'active', true],
    ['lock', 'unlock', 'active', true],
    // It may have been suspended before.
    ['delete', 'restore', 'inactive', false],
  ] as const)('after %s is %s: %s, and no old session comes back', async (there, back, status, letsIn) => {
    const one = await signedIn()
    await change(one.user, there)
    await change(one.user, back)
    const user = await current(one.user)
    expect(user).toMatchObject({ status, deletedAt: null, eraseAt: null })
    expect(isSignInAllowed(user)).toBe(letsIn)
    expect(await refresh(app, one)).toBe(401)
    expect(await check(createTestApp(), one)).toBe(401)
    if (!letsIn) return
    const { tokens } = await openSession(await app.ctx(), { user, amr: ['pwd'] })
    expect(await check(createTestApp(), { ...one, ...tokens }, '?consistency=strong')).toBe(200)
    expect(await refresh(app, { ...one, ...tokens })).toBe(200)
  })

  it.each([
    ['suspend', 'unlock'],
    ['suspend', 'activate'],
    ['lock', 'unsuspend'],
    ['deactivate', 'unsuspend'],
  ] as const)('from %s is not %s', async (there, back) => {
    const user = await userIn('active')
    const { status } = (await change(user, there)).user
    await expect(change(user, back)).rejects.toMatchObject({ code: 'USER_STATE_CONFLICT', details: { status } })
    expect((await current(user)).status).toBe(status)
  })
})

describe('at once', () => {
  it('five suspensions are one', async () => {
    const { user } = await signedIn()
    const results = await Promise.all(Array.from({ length: 5 }, () => change(user, 'suspend')))
    expect(results.map(({ user: { status } }) => status)).toEqual(Array(5).fill('suspended'))
    expect((await current(user)).status).toBe('suspended')
    expect((await current(user)).authVersion).toBe(user.authVersion + 1)
    expect(await recorded(user)).toHaveLength(1)
  })

  it('a suspension and a deletion leave the user deleted, in the order of the record', async () => {
    for (let round = 0; round < 8; round += 1) {
      const one = await signedIn()
      const { user } = one
      const both = [change(user, 'suspend'), change(user, 'delete')]
      const [suspended, deleted] = await Promise.allSettled(both)
      expect(deleted?.status).toBe('fulfilled')
      const now = await current(user)
      expect(now.status).toBe('deleted')
      const types = (await recorded(user)).map(({ type }) => type)
      const course = suspended?.status === 'fulfilled' ? ['user.suspended', 'user.deleted'] : ['user.deleted']
      expect(types).toEqual(course)
      expect(now.authVersion).toBe(user.authVersion + course.length)
      expect(await refresh(app, one)).toBe(401)
      expect(await check(createTestApp(), one, '?consistency=strong')).toBe(401)
    }
  })

  it('a suspension and its end leave no session that began before', async () => {
    const one = await signedIn()
    await Promise.allSettled([change(one.user, 'suspend'), change(one.user, 'unsuspend'), change(one.user, 'suspend')])
    expect(await refresh(app, one)).toBe(401)
    expect(await check(createTestApp(), one, '?consistency=strong')).toBe(401)
  })
})

describe.each(ENDING)('%s in an outage', (what) => {
  it('of the object stands, and is not propagated', async () => {
    const one = await signedIn()
    const broken = isolateWithout('user', fails)
    expect(await change(one.user, what, undefined, broken)).toMatchObject({
      propagated: false,
      user: { status: TRANSITIONS[what].to },
    })
    expect(await refresh(app, one)).toBe(401)
    // Cron delivers what the nudge could not: tokens of older claims are stale then.
    const ctx = await app.ctx()
    await sweepUndelivered({ ...ctx, now: () => Date.now() + 60_000 })
    expect(await check(createTestApp(), one)).toBe(401)
    expect(await check(createTestApp(), one, '?consistency=strong')).toBe(401)
  })

  it('of the database is 503, and changes nothing', async () => {
    const one = await signedIn()
    const broken = isolateWithout('database', fails)
    const thrown = await change(one.user, what, undefined, broken).catch((cause: unknown) => cause)
    expect(thrown).toMatchObject({ cause: { code: 'SERVICE_UNAVAILABLE' } })
    expect(await current(one.user)).toEqual(one.user)
    expect(await recorded(one.user)).toEqual([])
    expect(await check(app, one, '?consistency=strong')).toBe(200)
    expect(await refresh(app, one)).toBe(200)
  })

  it('of the feed is refused by `strong` and refresh at once, and propagated by the outbox', async () => {
    const one = await signedIn()
    const { user } = one
    const stub = userStub(user.id)
    let real: (() => EarlyCtx) | null = null
    await runInDurableObject(stub, (object) => {
      const context = object.context
      real = context
      object.context = () => {
        const ctx = context()
        return { ...ctx, objects: { ...ctx.objects, feed: () => ({ ...ctx.objects.feed(), append: fails }) } }
      }
    })
    expect((await change(user, what)).propagated).toBe(false)
    expect(await check(createTestApp(), one, '?consistency=strong')).toBe(401)
    expect(await refresh(app, one)).toBe(401)
    await runInDurableObject(stub, (object) => {
      if (real) object.context = real
      object.clock = () => Date.now() + 120_000
    })
    await expect
      .poll(async () => {
        await runDurableObjectAlarm(stub)
        return check(createTestApp(), one)
      })
      .toBe(401)
  })
})

it('a suspension waits 8 s at most for an object that hangs', async () => {
  const one = await signedIn()
  const began = performance.now()
  const { propagated } = await change(one.user, 'suspend', undefined, isolateWithout('user', hangs))
  expect(propagated).toBe(false)
  expect(performance.now() - began).toBeLessThan(8000)
  expect(await refresh(app, one)).toBe(401)
})

describe('another role', () => {
  it('is in the record, and refuses the old tokens until they are refreshed', async () => {
    const one = await signedIn()
    const { user } = one
    const changed = await changeUserRole(await app.ctx(), { userId: user.id, role: 'vendor', actor: ADMIN })
    expect(changed).toMatchObject({ propagated: true, user: { role: 'vendor', claimsVersion: user.claimsVersion + 1 } })
    expect(await recorded(user)).toMatchObject([
      { type: 'user.updated', actor_id: ADMIN.id, data: { before: { role: 'user' }, after: { role: 'vendor' } } },
    ])
    expect(await check(createTestApp(), one, '?consistency=strong')).toBe(401)
    const answer = await app.fetch('/api/v1/auth/refresh', json({ refresh_token: one.refreshToken }))
    const { access_token: accessToken } = await answer.json<{ access_token: string }>()
    expect(await check(createTestApp(), { ...one, accessToken }, '?role=vendor')).toBe(200)
  })

  it('that the user has already is no change', async () => {
    const user = await userIn('active')
    const changed = await changeUserRole(await app.ctx(), { userId: user.id, role: 'user', actor: ADMIN })
    expect(changed).toEqual({ user, propagated: true })
    expect(await recorded(user)).toEqual([])
  })

  it('is refused for an unknown user, a deleted one, and an invalid role name', async () => {
    const ctx = await app.ctx()
    const [user, deleted] = [await userIn('active'), await userIn('deleted')]
    const give = (userId: string, role: string) => changeUserRole(ctx, { userId, role, actor: ADMIN })
    await expect(give(ctx.newId(), 'admin')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(give(deleted.id, 'admin')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    for (const role of ['', 'Admin', 'a b', 'a,b', 'ädmin', 'x'.repeat(65)])
      await expect(give(user.id, role)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' })
    expect(await current(user)).toEqual(user)
  })
})
