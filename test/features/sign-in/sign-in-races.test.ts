import bcrypt from 'bcryptjs'
import { describe, expect, it } from 'vitest'
import type { EndReason } from '../../../src/durable/rpc.ts'
import { createUser, findUser, replacePasswordHash } from '../../../src/features/users/service/users.ts'
import type { User } from '../../../src/features/users/types.ts'
import { createTestApp, env, json, REAL, type TestApp } from '../../support/app.ts'
import { createAppWithObjects, withMethods } from '../../support/objects.ts'
import { newAddress, newEmail, PASSWORD, signInUser, signUpUser } from '../../support/users.ts'

const app = createTestApp()

const signIn = (on: TestApp, email: string, password: string) =>
  on.fetch('/api/v1/auth/signin', json({ email, password }, { 'cf-connecting-ip': newAddress() }))

/** An app in which `meanwhile` happens after the user's row was read and before the password is checked. */
const withChangeDuringSignIn = (meanwhile: () => Promise<unknown>): TestApp =>
  createAppWithObjects(({ guard }) => ({
    guard: (subject) =>
      withMethods(guard(subject), {
        attempt: async (input) => {
          await meanwhile()
          return guard(subject).attempt(input)
        },
      }),
  }))

const sessionsOf = async (userId: string) =>
  (await app.ctx()).objects.user(userId).listSessions({ userId, withEnded: false })

/** As a change of credentials does it: the row first, then the object. */
async function changeRow(userId: string, set: string): Promise<number> {
  const row = await env.DB.prepare(
    `update users set ${set}, auth_version = auth_version + 1 where id = ? returning auth_version`,
  )
    .bind(userId)
    .first<{ auth_version: number }>()
  return row?.auth_version ?? 0
}

async function tellObject(userId: string, authVersion: number, reason: EndReason): Promise<void> {
  const ctx = await app.ctx()
  await ctx.objects.user(userId).endSessions({
    userId,
    except: null,
    reason,
    actor: { type: 'system', id: 'test' },
    caller: { ip: ctx.ip, country: null, userAgent: null },
    authVersion,
  })
}

describe('an old password against a change of it', () => {
  it('opens no session once the object knows of the change', async () => {
    const { user, email, password } = await signUpUser(app)
    const newHash = await bcrypt.hash('another good password', 4)
    const racing = withChangeDuringSignIn(async () => {
      const version = await changeRow(user.id, `password_hash = '${newHash}'`)
      await tellObject(user.id, version, 'password_changed')
    })
    const answer = await signIn(racing, email, password)
    expect([answer.status, await answer.json()]).toMatchObject([401, { code: 'INVALID_CREDENTIALS' }])
    expect(await sessionsOf(user.id)).toEqual([])
  })

  it('opens a session that ends with the change, when the object learns of it later', async () => {
    const { user, email, password } = await signUpUser(app)
    const newHash = await bcrypt.hash('another good password', 4)
    const version: number[] = []
    const racing = withChangeDuringSignIn(async () => {
      version.push(await changeRow(user.id, `password_hash = '${newHash}'`))
    })
    const answer = await signIn(racing, email, password)
    expect(answer.status).toBe(200)
    const { refresh_token } = await answer.json<{ refresh_token: string }>()
    const refreshed = await app.fetch('/api/v1/auth/refresh', json({ refresh_token }))
    expect(refreshed.status).toBe(401)
    await tellObject(user.id, version[0] ?? 0, 'password_changed')
    expect(await sessionsOf(user.id)).toEqual([])
  })
})

describe('a suspension against a sign-in', () => {
  it('leaves no session open in either order', async () => {
    const { user, email, password } = await signUpUser(app)
    const racing = withChangeDuringSignIn(async () => {
      await tellObject(user.id, await changeRow(user.id, "status = 'suspended'"), 'suspended')
    })
    expect((await signIn(racing, email, password)).status).toBe(401)
    expect((await signIn(app, email, password)).status).toBe(401)
    expect(await sessionsOf(user.id)).toEqual([])
  })

  it('leaves no session open when they run at once', async () => {
    const account = await signUpUser(app)
    const suspend = async () =>
      tellObject(account.user.id, await changeRow(account.user.id, "status = 'suspended'"), 'suspended')
    const opens = Array.from({ length: 5 }, () => signInUser(app, account).catch(() => null))
    await Promise.all([...opens.slice(0, 3), suspend(), ...opens.slice(3)])
    const refreshes = (await Promise.all(opens)).flatMap((opened) =>
      opened ? [app.fetch('/api/v1/auth/refresh', json({ refresh_token: opened.refreshToken }))] : [],
    )
    for (const answer of await Promise.all(refreshes)) expect(answer.status).toBe(401)
    expect(await sessionsOf(account.user.id)).toEqual([])
  })
})

describe('a hash of another form', () => {
  const imported = (passwordHash: string): Promise<User> =>
    app.ctx().then((ctx) => createUser(ctx, { email: newEmail(), passwordHash }))

  const forms: readonly (readonly [string, string, string])[] = [
    ['bcrypt', 'abcdefghijklmnopqrstuvwxyz', '$2a$10$fVH8e28OQRj9tqiDXs1e1uxpsjN0c7II7YPKXua2NAKYvM6iQk7dq'],
    ['scrypt', 'password', '$scrypt$ln=8,r=2,p=1$dO6d0xoDoLT2PofQGoNQag$g/Wf2A0vhHhaJM+addK61QPBthSmYB6uVTtQzh8CM3o'],
    ['PBKDF2', 'not a password', 'pbkdf2_sha256$10000$kjVJaVz6qsnJ$5yPHw3rwJGECpUf70daLGhOrQ5+AMxIJdz1c3bqK1Rs='],
    ['argon2i', 'password', '$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8'],
    [
      'argon2id with less memory',
      'password',
      '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    ],
  ]
  const deployed = createTestApp({ timing: REAL })
  it.each(forms)('%s signs in, and is hashed anew without ending sessions', async (_name, password, hash) => {
    const { id, email, authVersion } = await imported(hash)
    expect((await signIn(deployed, email, password)).status).toBe(200)
    await deployed.settled()
    const after = await findUser(await app.ctx(), id)
    expect(after?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(after?.authVersion).toBe(authVersion)
    expect((await signIn(deployed, email, password)).status).toBe(200)
    expect((await signIn(deployed, email, `${password}x`)).status).toBe(401)
  })

  it('stays when the password was wrong, and when it is current', async () => {
    const { id, email } = await imported('$2a$10$WvvTPHKwdBJ3uk0Z37EMR.hLA2W6N9AEBhEgrAOljy2Ae5MtaSIUi')
    await signIn(app, email, 'abd')
    await app.settled()
    expect((await findUser(await app.ctx(), id))?.passwordHash).toMatch(/^\$2a\$10\$/)
    const current = await signUpUser(app)
    const before = (await findUser(await app.ctx(), current.user.id))?.passwordHash
    await signInUser(app, current)
    await app.settled()
    expect((await findUser(await app.ctx(), current.user.id))?.passwordHash).toBe(before)
  })

  it('is not written over a password that was changed meanwhile', async () => {
    const ctx = await app.ctx()
    const { id } = await imported('changed meanwhile')
    await replacePasswordHash(ctx, { userId: id, from: 'the old hash', to: 'the old password anew' })
    expect((await findUser(ctx, id))?.passwordHash).toBe('changed meanwhile')
  })

  it.each([
    '',
    'x',
    '$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$2b$31$abc',
  ])('that is malformed or too dear is a wrong password: %s', async (hash) => {
    const { email } = await imported(hash)
    expect((await signIn(app, email, PASSWORD)).status).toBe(401)
  })
})
