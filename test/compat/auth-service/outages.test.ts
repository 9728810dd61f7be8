import { describe, expect, it } from 'vitest'
import { fails, hangs, isolateWithout } from '../../faults/support.ts'
import { createTestApp } from '../../support/app.ts'
import { createAppWithObjects, withMethods } from '../../support/objects.ts'
import { makeAdmin, newEmail, PASSWORD } from '../../support/users.ts'
import { answerOf, app, call } from '../support/requests.ts'
import { login, newUsername, register, registerAndLogin } from './support.ts'

const FAILURES = [
  ['fails', fails],
  ['is silent', hangs],
] as const

describe.each(FAILURES)('when the sign-in guard %s', (_how, failure) => {
  const without = isolateWithout('guard', failure)

  it('no password and no secret key is looked at: 503', async () => {
    const { email } = await register()
    const account = { username: newUsername(), email: newEmail(), password: PASSWORD }
    const calls: [string, unknown][] = [
      ['/admin/login', { email, password: PASSWORD }],
      ['/vendor/login', { email, password: PASSWORD }],
      ['/admin/register', { ...account, secret_key: 'test-admin-secret-key' }],
      ['/auth/register', account],
      ['/vendor/register_vendor', { ...account, name: 'Corner Shop' }],
    ]
    const answers = await Promise.all(
      calls.map(async ([path, body]) => [path, (await call('POST', path, { app: without, body })).status]),
    )
    expect(answers).toEqual(calls.map(([path]) => [path, 503]))
  })

  it('a user is shown without the count of attempts', async () => {
    const { username, headers } = await registerAndLogin()
    const answer = answerOf(call('GET', `/auth/verify-user/${username}`, { app: without, headers }))
    expect(await answer).toMatchObject([200, { failed_login_attempts: 0, account_locked: false }])
  })
})

describe.each(FAILURES)('when the user’s object %s', (_how, failure) => {
  const without = isolateWithout('user', failure)

  it('nothing of a session is answered or changed: 503 with a text', async () => {
    const { headers, refresh_token } = await registerAndLogin()
    const calls: [string, string, unknown?][] = [
      ['GET', '/auth/sessions'],
      ['DELETE', '/auth/sessions/1'],
      ['PUT', '/auth/profile', { username: newUsername() }],
      ['GET', '/auth/generate-2fa-code'],
      ['POST', '/auth/token-refresh', { refresh_token }],
    ]
    const answers = await Promise.all(
      calls.map(async ([method, path, body]) => {
        const [status, answer] = await answerOf(call(method, path, { app: without, headers, body }))
        return [path, status, typeof answer.detail]
      }),
    )
    expect(answers).toEqual(calls.map(([, path]) => [path, 503, 'string']))
  })
})

describe('when the revocation feed does not answer the object of a user', () => {
  const late = async <T extends object>(answer: Promise<T>) => ({ ...(await answer), propagated: false })
  const without = createAppWithObjects(({ user }) => ({
    user: (id) =>
      withMethods(user(id), {
        endSession: (input) => late(user(id).endSession(input)),
        endSessions: (input) => late(user(id).endSessions(input)),
        nudge: (input) => late(user(id).nudge(input)),
      }),
  }))

  it('what ends sessions or makes tokens stale is done, and says that not everybody knows yet', async () => {
    const [admin, person] = [await makeAdmin(app), await registerAndLogin()]
    const { email, username, id } = person
    await login(person)
    const calls: [string, string, Readonly<Record<string, string>>, unknown?][] = [
      ['DELETE', '/auth/sessions/2', person.headers],
      ['PUT', '/auth/profile', person.headers, { password: 'Another-of-the-gate-8', current_password: PASSWORD }],
      ['PUT', '/admin/user/role', admin.headers, { username, role: 'vendor' }],
      ['PUT', `/admin/deactivate-user/${id}`, admin.headers],
      ['PUT', `/admin/activate-user/${id}`, admin.headers],
      ['POST', '/admin/lock', admin.headers, { email }],
      ['POST', '/admin/unlock', admin.headers, { email }],
      ['DELETE', `/admin/user/${id}`, admin.headers],
    ]
    for (const [method, path, headers, body] of calls) {
      const [status, { propagated }] = await answerOf(call(method, path, { app: without, headers, body }))
      expect([path, status, propagated]).toEqual([path, 200, false])
    }
  })
})

describe('PUT /auth/profile', () => {
  const put = (body: unknown, headers: Record<string, string>, to = app) =>
    answerOf(call('PUT', '/auth/profile', { app: to, body, headers }))

  it('writes nothing where no mail can be sent', async () => {
    const mute = createTestApp({ env: { MAIL_TRANSPORT: 'smtp' } })
    const person = await registerAndLogin()
    const password = 'Another-of-the-gate-5'
    const change = { username: newUsername(), password, current_password: person.password, email: newEmail() }
    const [status, body] = await put(change, person.headers, mute)
    expect([status, body.code]).toEqual([503, 'CONFIGURATION_ERROR'])
    expect((await call('GET', `/auth/verify-user/${person.username}`, { headers: person.headers })).status).toBe(200)
    await login(person)
  })

  it('says nothing of a taken address where none is shown to exist', async () => {
    const hidden = createTestApp({ env: { HIDE_ACCOUNT_EXISTENCE: 'true' } })
    const [person, taken] = [await registerAndLogin(), await register()]
    const [known, unknown] = [
      await put({ email: taken.email }, person.headers, hidden),
      await put({ email: newEmail() }, person.headers, hidden),
    ]
    expect(known).toEqual(unknown)
    expect(known).toMatchObject([200, { email: person.email }])
  })

  it('gives a username to one of two racing calls', async () => {
    const both = [await registerAndLogin(), await registerAndLogin()]
    const username = newUsername()
    const answers = await Promise.all(both.map(({ headers }) => put({ username }, headers)))
    expect(answers.map(([status]) => status).sort()).toEqual([200, 400])
  })

  it('lets one of two racing passwords of one user win', async () => {
    const { headers, email } = await registerAndLogin()
    const passwords = ['Another-of-the-gate-6', 'Another-of-the-gate-7']
    const answers = await Promise.all(
      passwords.map((password) => put({ password, current_password: PASSWORD }, headers)),
    )
    expect(answers.map(([status]) => status).sort()).toEqual([200, 400])
    const winner = passwords[answers.findIndex(([status]) => status === 200)] ?? ''
    await login({ email, password: winner })
  })
})

describe('two admins at once', () => {
  it('change one user to one state, and delete it once', async () => {
    const [first, second] = [await makeAdmin(app), await makeAdmin(app)]
    const { id, email } = await register()
    const both = (method: string, path: string, body?: unknown) =>
      Promise.all([first, second].map(async ({ headers }) => (await call(method, path, { headers, body })).status))
    expect((await both('POST', '/admin/lock', { email })).every((status) => status === 200 || status === 400)).toBe(
      true,
    )
    expect(await both('POST', '/admin/unlock', { email })).toContain(200)
    expect((await both('DELETE', `/admin/user/${id}`)).toSorted()).toContain(200)
    expect(await both('DELETE', `/admin/user/${id}`)).toEqual([404, 404])
  })
})
