import { describe, expect, it } from 'vitest'
import { createTestApp, env } from '../support/app.ts'
import { newAddress, newEmail, PASSWORD, signUpUser } from '../support/users.ts'
import { answerOf, app, call } from './support/requests.ts'

const LOCKED = 'Too many login attempts. Please try again later.'

describe('GET /', () => {
  it('greets as JANUX does', async () => {
    expect(await answerOf(call('GET', '/'))).toEqual([200, { message: 'Welcome to the JANUX Authentication Gateway!' }])
  })
})

describe.each(['/auth/login', '/token'])('POST %s', (path) => {
  const login = (form: Record<string, string>, headers: Record<string, string> = {}) =>
    call('POST', path, { form, headers })

  it('signs in by email or username, with what an OAuth2 client sends besides', async () => {
    const username = `ada_${Math.floor(performance.now() * 1000)}_${path.length}`
    const { email, password, user } = await signUpUser(app, { username })
    const oauth = { grant_type: 'password', scope: 'read write', client_id: 'web', client_secret: 's3cret' }
    for (const extra of [{}, oauth, { grant_type: '', scope: '', client_id: '', client_secret: '' }]) {
      for (const name of [email, username]) {
        const [status, body] = await answerOf(login({ username: name, password, ...extra }))
        expect([status, Object.keys(body).sort()]).toEqual([
          200,
          ['access_token', 'refresh_token', 'session_token', 'token_type'],
        ])
        expect(body.token_type).toBe('bearer')
        const me = await answerOf(
          call('GET', '/api/v1/auth/me', { headers: { authorization: `Bearer ${body.access_token}` } }),
        )
        expect(me).toMatchObject([200, { id: user.id }])
      }
    }
  })

  it('names the session with a handle that opens nothing', async () => {
    const { email, password } = await signUpUser(app)
    const [, body] = await answerOf(login({ username: email, password }))
    const handle = String(body.session_token)
    const asBearer = await call('GET', '/api/v1/auth/me', { headers: { authorization: `Bearer ${handle}` } })
    const asRefresh = await call('POST', '/api/v1/auth/refresh', { body: { refresh_token: handle } })
    expect([asBearer.status, asRefresh.status]).toEqual([401, 401])
  })

  it('takes a form as browsers and axios make it of a FormData, and JSON', async () => {
    const { email, password } = await signUpUser(app)
    const form = new FormData()
    form.append('username', email)
    form.append('password', password)
    const headers = { 'cf-connecting-ip': newAddress() }
    expect((await app.fetch(path, { method: 'POST', body: form, headers })).status).toBe(200)
    expect((await call('POST', path, { body: { username: email, password } })).status).toBe(200)
  })

  it('is 401 in the documented words for a wrong password and for an unknown user', async () => {
    const { email } = await signUpUser(app)
    for (const username of [email, newEmail(), 'nobody_here', "' or 1=1 --", '\u0000', '12345']) {
      const answer = await login({ username, password: 'wrong password' })
      expect([username, answer.status, answer.headers.get('www-authenticate')]).toEqual([username, 401, 'Bearer'])
      expect(await answer.json()).toMatchObject({ detail: 'Invalid email or password', code: 'INVALID_CREDENTIALS' })
    }
  })

  it('is 429 from the sixth attempt on, and says when to come again', async () => {
    const { email, password } = await signUpUser(app)
    const headers = { 'cf-connecting-ip': newAddress() }
    for (let attempt = 0; attempt < 5; attempt += 1)
      expect((await login({ username: email, password: 'wrong password' }, headers)).status).toBe(401)
    const locked = await login({ username: email, password }, headers)
    expect(locked.status).toBe(429)
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(800)
    expect(await locked.json()).toMatchObject({ detail: LOCKED, code: 'ACCOUNT_LOCKED', status: 429 })
  })

  it('is 429 for a user whom an admin locked and who knows the password', async () => {
    const { email, password, user } = await signUpUser(app)
    await env.DB.prepare("update users set status = 'locked' where id = ?").bind(user.id).run()
    expect(await answerOf(login({ username: email, password }))).toMatchObject([429, { detail: LOCKED }])
    expect(await answerOf(login({ username: email, password: 'wrong password' }))).toMatchObject([
      401,
      { detail: 'Invalid email or password' },
    ])
  })

  it.each(['suspended', 'inactive', 'deleted'])('is 401 for a user who is %s', async (status) => {
    const { email, password, user } = await signUpUser(app)
    await env.DB.prepare('update users set status = ? where id = ?').bind(status, user.id).run()
    expect(await answerOf(login({ username: email, password }))).toMatchObject([
      401,
      { detail: 'Invalid email or password' },
    ])
  })

  it('says 429 in the same words when the tier of its caller is used up', async () => {
    const few = createTestApp({ env: { RATE_LIMIT_ANONYMOUS: '1' } })
    const headers = { 'cf-connecting-ip': newAddress() }
    const ask = () => call('POST', path, { form: { username: newEmail(), password: PASSWORD }, headers, app: few })
    expect((await ask()).status).toBe(401)
    expect(await answerOf(ask())).toMatchObject([429, { detail: LOCKED, code: 'RATE_LIMIT_EXCEEDED' }])
  })

  it('is 422 with the list of FastAPI for what is no sign-in', async () => {
    const cases: [Record<string, string>, string][] = [
      [{ password: PASSWORD }, 'username'],
      [{ username: 'ada' }, 'password'],
      [{ username: '   ', password: PASSWORD }, 'username'],
      [{ username: 'a'.repeat(300), password: PASSWORD }, 'username'],
      [{ username: 'ada', password: 'x'.repeat(1025) }, 'password'],
      [{ username: 'ada', password: PASSWORD, grant_type: 'refresh_token' }, 'grant_type'],
    ]
    for (const [form, field] of cases) {
      const [status, body] = await answerOf(login(form))
      expect([status, body.detail]).toEqual([
        422,
        [{ loc: ['body', field], msg: expect.any(String), type: expect.any(String) }],
      ])
    }
    for (const body of [{ username: { $ne: null }, password: PASSWORD }, [], null, { username: 1, password: [] }])
      expect((await call('POST', path, { body })).status).toBe(422)
  })

  it('refuses broken bodies, files, fields that are given twice, and other media types', async () => {
    const send = (body: BodyInit, type?: string) =>
      app.fetch(path, {
        method: 'POST',
        body,
        headers: { 'cf-connecting-ip': newAddress(), ...(type ? { 'content-type': type } : {}) },
      })
    const form = 'application/x-www-form-urlencoded'
    const file = new FormData()
    file.append('username', new File(['ada'], 'ada.txt'))
    file.append('password', PASSWORD)
    const twice = new FormData()
    twice.append('username', 'ada')
    twice.append('username', 'grace')
    const statuses = [
      await send('username=a&username=b&password=c', form),
      await send(twice),
      await send('--x\r\nbroken', 'multipart/form-data; boundary=y'),
      await send('no boundary', 'multipart/form-data'),
      await send('{"username":', 'application/json'),
      await send(file),
      await send('username=a', 'text/plain'),
      await send(`username=${'a'.repeat(1024 * 1024)}`, form),
    ].map(({ status }) => status)
    expect(statuses).toEqual([400, 400, 400, 400, 400, 422, 415, 413])
  })
})

describe('a system alone', () => {
  it('has what its own document has: JANUX has no /token', async () => {
    const statusesWith = async (COMPAT: string) => {
      const alone = createTestApp({ env: { COMPAT } })
      const form = { username: newEmail(), password: PASSWORD }
      return [
        (await call('GET', '/', { app: alone })).status,
        (await call('POST', '/auth/login', { app: alone, form })).status,
        (await call('POST', '/token', { app: alone, form })).status,
      ]
    }
    expect(await statusesWith('janux')).toEqual([200, 401, 404])
    expect(await statusesWith('auth-service')).toEqual([200, 401, 401])
    // Without JANUX the root is the service's own.
    expect(await statusesWith('')).toEqual([200, 404, 404])
  })
})
