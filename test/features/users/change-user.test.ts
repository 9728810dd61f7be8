import { describe, expect, it } from 'vitest'
import { openSession } from '../../../src/features/sessions/service/opening.ts'
import { changeUser, type UserChange } from '../../../src/features/users/service/change-user.ts'
import { createUser } from '../../../src/features/users/service/users.ts'
import { roleChange } from '../../../src/features/users/store/changes.ts'
import { fails, isolateWithout } from '../../faults/support.ts'
import { createTestApp, env, type TestApp } from '../../support/app.ts'
import { createAppWithObjects, createWatchedApp, withMethods } from '../../support/objects.ts'
import { newEmail } from '../../support/users.ts'

const app = createTestApp()
const BIO = { set: { bio: 'changed' }, events: [{ type: 'user.updated' }] } as const

const newUser = async () => createUser(await app.ctx(), { email: newEmail() })

const signIn = async (user: Awaited<ReturnType<typeof newUser>>) => {
  const { session, tokens } = await openSession(await app.ctx(), { user, amr: ['pwd'] })
  return { sessionId: session.id, token: tokens.accessToken }
}

const change = async (userId: string, what: Omit<UserChange, 'userId' | 'actor'>, on: TestApp = app) =>
  changeUser(await on.ctx(), { userId, actor: { type: 'user', id: userId }, ...what })

const check = async (token: string, on: TestApp = app): Promise<number> =>
  (await on.fetch('/validate', { headers: { authorization: `Bearer ${token}` } })).status

async function recorded(userId: string) {
  const { results } = await env.DB.prepare(
    "select type, subject, actor_id, claims_version from events where user_id = ? and type not like '%.created' order by position",
  )
    .bind(userId)
    .all()
  return results
}

describe('a change of a user', () => {
  it('raises no version and ends no session unless it says so', async () => {
    const user = await newUser()
    const { token } = await signIn(user)
    const changed = await change(user.id, BIO)
    const { bio, authVersion, claimsVersion, factorVersion, keptSessionId } = user
    expect(bio).toBeNull()
    expect(changed).toMatchObject({
      user: { bio: 'changed', authVersion, claimsVersion, factorVersion, keptSessionId },
      propagated: true,
    })
    expect(await check(token)).toBe(200)
  })

  it('has events about the user and by its actor, unless they say otherwise', async () => {
    const user = await newUser()
    await change(user.id, {
      ...BIO,
      events: [{ type: 'user.updated' }, { type: 'user.signed_out', subject: 'thing' }],
    })
    expect(await recorded(user.id)).toEqual([
      { type: 'user.updated', subject: user.id, actor_id: user.id, claims_version: null },
      { type: 'user.signed_out', subject: 'thing', actor_id: user.id, claims_version: null },
    ])
  })

  it('that changes claims refuses older tokens at once, and its first event carries the version', async () => {
    const user = await newUser()
    const { token } = await signIn(user)
    const changed = await change(user.id, {
      ...BIO,
      changesClaims: true,
      events: [{ type: 'user.updated' }, { type: 'user.signed_out' }],
    })
    expect(changed).toMatchObject({ user: { claimsVersion: 2, authVersion: 1 }, propagated: true })
    expect(await check(token)).toBe(401)
    expect(await recorded(user.id)).toMatchObject([{ claims_version: 2 }, { claims_version: null }])
  })

  it('that ends sessions keeps the one that it names', async () => {
    const user = await newUser()
    const [kept, other] = [await signIn(user), await signIn(user)]
    const ends = { reason: 'credentials_changed', keeps: kept.sessionId } as const
    const changed = await change(user.id, { ...BIO, ends })
    const versions = { authVersion: 2, claimsVersion: 1, factorVersion: null, keptSessionId: kept.sessionId }
    expect(changed).toMatchObject({ user: versions, propagated: true })
    expect([await check(kept.token), await check(other.token)]).toEqual([200, 401])
    expect(await change(user.id, { ...BIO, ends: { reason: 'credentials_changed' } })).toMatchObject({
      user: { authVersion: 3, keptSessionId: null },
    })
    expect(await check(kept.token)).toBe(401)
  })

  it('of the second factor raises its version too', async () => {
    const user = await newUser()
    const ends = { reason: 'credentials_changed', spares: 'two_factors' } as const
    expect(await change(user.id, { ...BIO, ends })).toMatchObject({ user: { authVersion: 2, factorVersion: 2 } })
  })

  it('can set no version by itself', () => {
    // @ts-expect-error: a version is raised by what the change says of it.
    const change: Pick<UserChange, 'set'> = { set: { authVersion: 7 } }
    expect(change).toBeDefined()
  })
})

describe('a change whose condition does not hold', () => {
  it('is null, writes no event, ends nothing and wakes no object', async () => {
    const user = await newUser()
    const { token } = await signIn(user)
    const { app: watched, woken } = createWatchedApp()
    const stale = roleChange({ userId: user.id, from: 'role-of-nobody', role: 'editor' })
    const consequences = { changesClaims: true, ends: { reason: 'credentials_changed' } } as const
    expect(await change(user.id, { ...BIO, ...stale, ...consequences }, watched)).toBeNull()
    expect(await change(crypto.randomUUID(), { ...BIO, ...consequences }, watched)).toBeNull()
    await watched.settled()
    expect(woken).toEqual([])
    expect(await recorded(user.id)).toEqual([])
    expect(await check(token)).toBe(200)
  })
})

describe('a change while the user’s object is silent', () => {
  it('stands, and is not propagated', async () => {
    const user = await newUser()
    const silent = isolateWithout('user', fails)
    const changed = await change(user.id, { ...BIO, ends: { reason: 'credentials_changed' } }, silent)
    expect(changed).toMatchObject({ user: { bio: 'changed', authVersion: 2 }, propagated: false })
  })

  it.each([
    ['the delivery of its events', { nudge: fails }],
    ['the end of the sessions', { endSessions: fails }],
  ])('is not propagated either when only %s fails', async (_, failing) => {
    const user = await newUser()
    const partly = createAppWithObjects((objects) => ({ user: (id) => withMethods(objects.user(id), failing) }))
    const changed = await change(user.id, { ...BIO, ends: { reason: 'credentials_changed' } }, partly)
    expect(changed).toMatchObject({ user: { authVersion: 2 }, propagated: false })
  })
})
