import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { newEmail, PASSWORD, signInUser } from '../../support/users.ts'
import { app, ask } from '../users/support.ts'

const register = (body: unknown, to = app) => ask('POST', '', { body, app: to })
const account = (fields: Record<string, unknown> = {}) => ({ email: newEmail(), password: PASSWORD, ...fields })

describe('POST /api/v1/users', () => {
  it('makes an account with the integer id, the UUID beside it, and no session', async () => {
    const username = `new_${newUuid().slice(0, 8)}`
    const body = account({ username, given_name: 'Ada', family_name: 'King' })
    const [status, user] = await register(body)
    expect([status, user]).toMatchObject([
      201,
      {
        id: user.number,
        uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        email: body.email,
        username,
        first_name: 'Ada',
        last_name: 'King',
        is_active: true,
        is_superuser: false,
        email_verified: false,
      },
    ])
    expect(Object.keys(user).filter((key) => /token/i.test(key))).toEqual([])
    const open = await env.DB.prepare("select count(*) as n from events where user_id = ? and type = 'session.created'")
      .bind(user.uuid)
      .first()
    expect(open).toEqual({ n: 0 })
    expect((await recordedOf(String(user.uuid), 'user.created')).map(({ actor_id }) => actor_id)).toEqual([user.uuid])
  })

  it('gives nobody a role, a state or a verified address that the body asks for', async () => {
    const wish = { role: 'admin', is_admin: true, is_superuser: true, status: 'pending', email_verified: true, id: 1 }
    expect(await register(account(wish))).toMatchObject([
      201,
      { roles: ['user'], is_superuser: false, status: 'active', email_verified: false },
    ])
  })

  it('mails the link that verifies the address', async () => {
    const body = account()
    await register(body)
    await app.settled()
    const mail = await env.DB.prepare("select kind from mails where recipient = ? and kind = 'email_verification'")
      .bind(body.email)
      .first()
    expect(mail).toEqual({ kind: 'email_verification' })
  })

  it('is 409 for a taken address or name, and lets one of two racing win', async () => {
    const body = account({ username: `taken_${newUuid().slice(0, 8)}` })
    await register(body)
    expect(await register({ ...body, username: null, email: body.email.toUpperCase() })).toMatchObject([
      409,
      { code: 'CONFLICT', details: { field: 'email' } },
    ])
    expect(await register({ ...body, email: newEmail() })).toMatchObject([409, { details: { field: 'username' } }])
    const racing = account()
    const statuses = await Promise.all([register(racing), register(racing)])
    expect(statuses.map(([status]) => status).sort()).toEqual([201, 409])
  })

  it.each([
    {},
    { email: 'nobody' },
    { password: 'short' },
    { password: 'password123' },
    { password: 'x'.repeat(129) },
    { email: ['a@b.co'] },
    { email: { $ne: null } },
    { username: 'a b' },
    { username: '12345' },
    { username: 'аdа_1' },
    { username: 'ada@example.test' },
    { first_name: 'x'.repeat(101) },
    { given_name: 'A\0da' },
    { family_name: 'King\r\nBcc: x' },
    { display_name: 'half \ud800' },
    { display_name: 7 },
  ])('is 400 for %j', async (fields) => {
    const body = Object.keys(fields).length === 0 ? {} : account(fields)
    const [status, answer] = await register(body)
    expect([status, typeof answer.detail]).toEqual([400, 'string'])
  })

  it('is closed with sign-ups, and waits for the address where that is asked', async () => {
    const closed = createTestApp({ env: { SIGNUPS_ENABLED: 'false' } })
    expect(await register(account(), closed)).toMatchObject([403, { code: 'SIGNUPS_DISABLED' }])
    const strict = createTestApp({ env: { REQUIRE_VERIFIED_EMAIL: 'true' } })
    expect(await register(account(), strict)).toMatchObject([201, { status: 'pending', id: expect.any(Number) }])
  })

  it('answers a free and a taken address alike where accounts are not shown to exist', async () => {
    const hiding = createTestApp({ env: { REQUIRE_VERIFIED_EMAIL: 'true', HIDE_ACCOUNT_EXISTENCE: 'true' } })
    const body = account()
    const [free, taken] = [await register(body, hiding), await register(body, hiding)]
    expect(free).toEqual([201, { email_verification_required: true, message: expect.any(String) }])
    expect(taken).toEqual(free)
  })
})

/** Decision 0031: one normal form, and look-alikes of other scripts are others. */
describe('spellings of one account', () => {
  it('meet: full width, ligatures, combining marks, case, a domain in Unicode', async () => {
    const mark = newUuid().slice(0, 8)
    const spellings: [string, string][] = [
      [`ａｄａ${mark}@ｅｘａｍｐｌｅ.ｔｅｓｔ`, `ada${mark}@example.test`],
      [`ﬁona${mark}@example.test`, `FIONA${mark}@Example.Test`],
      [`jose\u0301${mark}@example.test`, `JOSÉ${mark}@example.test`],
      [`ada${mark}@BÜCHER.example`, `ada${mark}@xn--bcher-kva.example`],
      [`ada${mark}＠full.test`, `ada${mark}@full。test`],
    ]
    for (const [first, second] of spellings) {
      const [status, user] = await register(account({ email: first }))
      expect([first, status]).toEqual([first, 201])
      expect((await register(account({ email: second })))[0]).toBe(409)
      const address = { email: second, password: PASSWORD, address: '2001:db8:abcd::1' }
      expect((await signInUser(app, address)).user.id).toBe(user.uuid)
    }
  })

  it('do not meet across scripts: Cyrillic and Latin are two mailboxes', async () => {
    const mark = newUuid().slice(0, 8)
    const [latin, cyrillic] = [`ada${mark}@example.test`, `аda${mark}@example.test`]
    const both = [await register(account({ email: latin })), await register(account({ email: cyrillic }))]
    expect(both.map(([status]) => status)).toEqual([201, 201])
    expect(both[0]?.[1].uuid).not.toBe(both[1]?.[1].uuid)
  })

  it('leave usernames no look-alike: ASCII letters, digits, - and _, unique in any case', async () => {
    for (const username of ['аdmin_1', 'ａｄｍｉｎ_1', 'admin\u200b_1', 'ädmin_1', 'admin\u202e', 'Ⓐdmin', 'ﬁona'])
      expect([username, (await register(account({ username })))[0]]).toEqual([username, 400])
    const username = `Case_${newUuid().slice(0, 8)}`
    expect((await register(account({ username })))[0]).toBe(201)
    expect((await register(account({ username: username.toUpperCase() })))[0]).toBe(409)
  })
})
