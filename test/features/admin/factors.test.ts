import { decodeJwt } from 'jose'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { countCode, failCode } from '../../../src/features/factors/totp/service/codes.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { env } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { acceptedMails } from '../../support/mail.ts'
import { makeAdmin, type SignedInUser, signInUser, signUpUser } from '../../support/users.ts'
import { createClockedSuite, enrolQuickly } from '../factors/totp/support.ts'
import { asking, insertPasskey } from './support.ts'

const app = createClockedSuite()
let admin: SignedInUser
let ask: ReturnType<typeof asking>
beforeAll(async () => {
  admin = await makeAdmin(app)
  ask = asking(app, admin)
})

const isLive = async ({ headers }: SignedInUser): Promise<boolean> =>
  (await app.fetch('/api/v1/auth/me', { headers })).status === 200

const isTold = (user: SignedInUser, count = 1) =>
  vi.waitFor(async () => expect(await acceptedMails(user.email, 'factor_removed')).toHaveLength(count), 10_000)

describe('DELETE /api/v1/admin/users/:id/mfa', () => {
  it('turns the second factor off, ends the sessions, and notifies the user', async () => {
    const user = await enrolQuickly(app)
    const answer = await ask('DELETE', `/users/${user.user.id}/mfa`)
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { message: 'Second factor removed', removed: 1, propagated: true },
    ])
    expect(await isLive(user)).toBe(false)
    // A password alone signs in again.
    expect(await isLive(await signInUser(app, user))).toBe(true)
    expect(await recordedOf(user.user.id, 'mfa.disabled')).toMatchObject([
      {
        actor_id: admin.user.id,
        data: { before: { mfa_enabled: true, method: 'totp' }, after: { mfa_enabled: false } },
      },
    ])
    expect(await recordedOf(user.user.id, 'notification.created')).toMatchObject([{ data: { kind: 'factor_removed' } }])
    await isTold(user)
    const left = await env.DB.prepare('select count(*) as count from totp_factors where user_id = ?')
      .bind(user.user.id)
      .first()
    expect(left).toEqual({ count: 0 })
  })

  it('lets one of two concurrent admins do it; is 400 for a user without one, 404 for an unknown user', async () => {
    const { user } = await enrolQuickly(app)
    const both = await Promise.all([ask('DELETE', `/users/${user.id}/mfa`), ask('DELETE', `/users/${user.id}/mfa`)])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400])
    expect(await recordedOf(user.id, 'mfa.disabled')).toHaveLength(1)
    expect((await ask('DELETE', `/users/${newUuid()}/mfa`)).status).toBe(404)
  })

  it('increments the version at which sessions open: a session that a crash leaves ends at its refresh', async () => {
    const user = await enrolQuickly(app)
    const ctx = await app.ctx()
    const before = await env.DB.prepare('select auth_version from users where id = ?').bind(user.user.id).first()
    await ask('DELETE', `/users/${user.user.id}/mfa`)
    const after = await env.DB.prepare('select auth_version, kept_session_id from users where id = ?')
      .bind(user.user.id)
      .first<{ auth_version: number; kept_session_id: string | null }>()
    expect(after).toEqual({ auth_version: Number(before?.auth_version) + 1, kept_session_id: null })
    expect(await ctx.objects.user(user.user.id).listSessions({ userId: user.user.id, withEnded: false })).toEqual([])
  })
})

describe('a second factor that wrong codes have locked', () => {
  it('is shown with the end of its lock, until an admin unlocks', async () => {
    const user = await enrolQuickly(app)
    const shown = async () =>
      (await (await ask('GET', `/users/${user.user.id}`)).json<{ second_factor_locked_until: string | null }>())
        .second_factor_locked_until
    expect(await shown()).toBeNull()
    const ctx = await app.ctx()
    for (let guess = 0; guess < 10; guess += 1) await failCode(ctx, await countCode(ctx, user.user.id))
    expect(Date.parse((await shown()) ?? '')).toBeGreaterThan(ctx.now())
    await ask('POST', `/users/${user.user.id}/unlock`)
    expect(await shown()).toBeNull()
  })
})

describe("an admin's reason", () => {
  it.each(['body', 'query'])('is recorded with every measure, from the %s', async (place) => {
    const reason = 'asked by phone'
    const take = async (method: string, path: string, body: object = {}) => {
      const inQuery = `?reason=${encodeURIComponent(reason)}`
      const answer = await (place === 'body'
        ? ask(method, path, { ...body, reason })
        : ask(method, `${path}${inQuery}`, body))
      expect(answer.status).toBe(200)
    }
    const user = await enrolQuickly(app)
    const { id } = user.user
    await take('DELETE', `/users/${id}/mfa`)
    expect(await recordedOf(id, 'mfa.disabled')).toMatchObject([{ data: { reason } }])
    await insertPasskey(id)
    await take('DELETE', `/users/${id}/passkeys`)
    expect(await recordedOf(id, 'passkey.removed')).toMatchObject([{ data: { reason } }])
    const { accessToken } = await signInUser(app, user)
    await take('POST', '/sessions/revoke-all', { user_id: id })
    const { sid } = decodeJwt(accessToken)
    await vi.waitFor(async () => {
      const revoked = await recordedOf(id, 'session.revoked')
      expect(revoked.find(({ subject }) => subject === sid)).toMatchObject({
        data: { reason: 'revoked', note: reason },
      })
    }, 10_000)
    await take('DELETE', `/users/${id}`)
    expect(await recordedOf(id, 'user.deleted')).toMatchObject([{ data: { reason } }])
    const other = await signUpUser(app)
    await take('DELETE', `/../users/${other.user.id}`)
    expect(await recordedOf(other.user.id, 'user.deleted')).toMatchObject([{ data: { reason } }])
  })
})

describe('DELETE /api/v1/admin/users/:id/passkeys', () => {
  it('removes one and ends the sessions', async () => {
    const user = await signUpUser(app)
    const { id } = user.user
    const [first, second] = [await insertPasskey(id, 'phone'), await insertPasskey(id)]
    const answer = await ask('DELETE', `/users/${user.user.number}/passkeys/${first}`)
    expect([answer.status, await answer.json()]).toMatchObject([200, { removed: 1, propagated: true }])
    expect(await isLive(user)).toBe(false)
    const { results } = await env.DB.prepare('select id from passkeys where user_id = ?').bind(id).all()
    expect(results).toEqual([{ id: second }])
    expect(await recordedOf(id, 'passkey.removed')).toMatchObject([
      { subject: first, actor_id: admin.user.id, data: { before: { id: first, name: 'phone' } } },
    ])
    expect(await recordedOf(id, 'notification.created')).toMatchObject([
      { data: { kind: 'factor_removed', message: expect.stringContaining('Passkey (phone)') } },
    ])
    await isTold(user)
  })

  it('removes all, each with its event; of none nothing changes and the sessions live', async () => {
    const user = await signUpUser(app)
    for (const name of ['a', 'b', 'c']) await insertPasskey(user.user.id, name)
    const answer = await ask('DELETE', `/users/${user.user.id}/passkeys`)
    expect(await answer.json()).toMatchObject({ removed: 3, propagated: true })
    expect(await recordedOf(user.user.id, 'passkey.removed')).toHaveLength(3)
    await isTold(user, 3)
    const again = await signInUser(app, user)
    expect(await (await ask('DELETE', `/users/${user.user.id}/passkeys`)).json()).toMatchObject({ removed: 0 })
    expect(await isLive(again)).toBe(true)
  })

  it('succeeds once for several concurrent removals: one event, and one new version', async () => {
    const { id } = (await signUpUser(app)).user
    const passkey = await insertPasskey(id)
    const all = await Promise.all([1, 2, 3].map(() => ask('DELETE', `/users/${id}/passkeys/${passkey}`)))
    expect(all.map(({ status }) => status).sort()).toEqual([200, 404, 404])
    expect(await recordedOf(id, 'passkey.removed')).toHaveLength(1)
    const row = await env.DB.prepare('select auth_version from users where id = ?').bind(id).first()
    expect(row).toEqual({ auth_version: 2 })
  })

  it("is 404 for another user's passkey, and takes nothing from them", async () => {
    const [user, other] = [await signUpUser(app), await signUpUser(app)]
    const id = await insertPasskey(other.user.id)
    const answer = await ask('DELETE', `/users/${user.user.id}/passkeys/${id}`)
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'PASSKEY_NOT_FOUND' }])
    expect(await isLive(user)).toBe(true)
    expect(await isLive(other)).toBe(true)
  })
})
