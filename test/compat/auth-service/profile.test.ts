import { describe, expect, it } from 'vitest'
import { ageSession, createClockedApp } from '../../features/factors/totp/support.ts'
import { mailedToken } from '../../features/sign-in/mails.ts'
import { json } from '../../support/app.ts'
import { makeAdmin, newEmail, PASSWORD, signInUser, signUpUser } from '../../support/users.ts'
import { answerOf, app, bearer, call } from '../support/requests.ts'
import { CHANGED_KEYS, keysOf, login, namedFields, newUsername, register, registerAndLogin } from './support.ts'

describe('PUT /auth/profile', () => {
  const put = (body: unknown, headers: Record<string, string>) =>
    answerOf(call('PUT', '/auth/profile', { body, headers }))

  it('changes the username', async () => {
    const person = await registerAndLogin()
    const username = newUsername()
    const [status, body] = await put({ username }, person.headers)
    expect([status, keysOf(body), body.username]).toEqual([200, CHANGED_KEYS, username])
    const [, refreshed] = await answerOf(
      call('POST', '/auth/token-refresh', { body: { refresh_token: person.refresh_token } }),
    )
    const headers = bearer(String(refreshed.access_token))
    expect(await answerOf(call('GET', '/protected', { headers }))).toMatchObject([200, { user: username }])
  })

  it('changes nothing when nothing is given', async () => {
    const person = await registerAndLogin()
    const [status, body] = await put({ username: null, email: null, password: null, role: null }, person.headers)
    expect([status, body.username, body.email]).toEqual([200, person.username, person.email])
  })

  it('asks a new address to be verified before it counts', async () => {
    const person = await registerAndLogin()
    const email = newEmail()
    const [status, body] = await put({ email }, person.headers)
    expect([status, body.email]).toEqual([200, person.email])
    const token = await mailedToken(app, email, '/verify-email')
    expect((await app.fetch('/api/v1/auth/verify-email', json({ token }))).status).toBe(200)
    await login({ email, password: person.password })
  })

  it('sets a password and asks for an address in one request: the link still works', async () => {
    const person = await registerAndLogin()
    const [email, password] = [newEmail(), 'Another-of-the-gate-1']
    expect((await put({ email, password, current_password: person.password }, person.headers))[0]).toBe(200)
    const token = await mailedToken(app, email, '/verify-email')
    expect((await app.fetch('/api/v1/auth/verify-email', json({ token }))).status).toBe(200)
    await login({ email, password })
  })

  it('sets a password: the session that asks lives, the others end', async () => {
    const person = await registerAndLogin()
    const other = await login(person)
    const password = 'Another-of-the-gate-2'
    expect((await put({ password, current_password: PASSWORD }, person.headers))[0]).toBe(200)
    expect((await call('GET', '/protected', { headers: person.headers })).status).toBe(200)
    expect((await call('GET', '/protected', { headers: other.headers })).status).toBe(401)
    await login({ email: person.email, password })
  })

  it('gives roles to admins alone, be it the one they have', async () => {
    const person = await registerAndLogin()
    for (const role of ['admin', 'user']) {
      const [status, body] = await put({ role }, person.headers)
      expect([status, typeof body.detail]).toEqual([403, 'string'])
    }
    // Two of them: the last admin is never demoted.
    const [admin] = [await makeAdmin(app), await makeAdmin(app)]
    const [status, body] = await put({ role: 'vendor' }, admin.headers)
    expect([status, body.role]).toEqual([200, 'vendor'])
    const again = await signInUser(app, admin)
    expect((await call('GET', '/admin/users', { headers: again.headers })).status).toBe(403)
  })

  it('leaves all as it was when any of it is refused', async () => {
    const [person, taken] = [await registerAndLogin(), await register()]
    const password = 'Another-of-the-gate-3'
    const refused: [Record<string, unknown>, number][] = [
      [{ username: newUsername(), password: 'password1', current_password: PASSWORD }, 422],
      [{ username: newUsername(), password, current_password: 'wrong password' }, 400],
      [{ username: newUsername(), password, email: taken.email, current_password: PASSWORD }, 400],
      [{ username: taken.username, password, email: newEmail(), current_password: PASSWORD }, 400],
      [{ username: newUsername(), password, role: 'admin' }, 403],
      [{ username: newUsername(), role: 'no such role!' }, 422],
    ]
    for (const [body, expected] of refused)
      expect([body, (await put(body, person.headers))[0]]).toEqual([body, expected])
    const [, user] = await answerOf(call('GET', `/auth/verify-user/${person.username}`, { headers: person.headers }))
    expect(user).toMatchObject({ username: person.username, email: person.email, role: 'user' })
    await login(person)
  })

  it('is 422 for wrong fields', async () => {
    const { headers } = await registerAndLogin()
    for (const [field, value] of [
      ['username', 'with space'],
      ['email', 'nobody'],
      ['password', 'short'],
      ['role', ''],
      ['current_password', 1],
      ['code', {}],
    ] as const) {
      const [status, body] = await put({ [field]: value }, headers)
      expect([status, namedFields(body)]).toEqual([422, [`body.${field}`]])
    }
    for (const body of [[], 'x', 1, null]) expect((await put(body, headers))[0]).toBe(422)
  })
})

describe('PUT /auth/profile in a session whose factors are ten minutes old', () => {
  const clocked = createClockedApp()
  const put = (body: unknown, headers: Record<string, string>) =>
    answerOf(call('PUT', '/auth/profile', { app: clocked, body, headers }))

  it('wants the current password for a new password or address, not for a username', async () => {
    const { headers } = await ageSession(clocked, await signUpUser(clocked))
    const password = 'Another-of-the-gate-4'
    for (const body of [{ password }, { email: newEmail() }]) {
      const [status, refused] = await put(body, headers)
      expect([status, refused.code, typeof refused.detail]).toEqual([403, 'STEP_UP_REQUIRED', 'string'])
    }
    expect((await put({ password, current_password: PASSWORD }, headers))[0]).toBe(200)
    expect((await put({ username: newUsername() }, headers))[0]).toBe(200)
  })
})
