import { beforeAll, describe, expect, it } from 'vitest'
import { makeAdmin, newAddress, newEmail, PASSWORD } from '../../support/users.ts'
import { answerOf, app, bearer, call } from '../support/requests.ts'
import { CALLS, type DocumentedCall, type Login, newUsername, type Person, registerAndLogin } from './support.ts'

const nameOf = ({ method, path }: DocumentedCall) => `${method} ${path}`
const named = CALLS.map((one) => [nameOf(one), one] as const)
const pathOf = ({ path }: DocumentedCall) =>
  path.replace(/\{(\w+)\}/g, (_, name) => (name === 'username' ? 'x_y_z' : '1'))
const withBody = named.filter(([, { body }]) => body !== undefined)

let person: Person & Login
let admin: Record<string, string>
let vendor: Record<string, string>
beforeAll(async () => {
  person = await registerAndLogin()
  admin = (await makeAdmin(app)).headers
  const shop = { name: 'Corner Shop', email: newEmail(), password: PASSWORD }
  await call('POST', '/vendor/register_vendor', { body: shop })
  const [, session] = await answerOf(call('POST', '/vendor/login', { body: shop }))
  vendor = bearer(String(session.access_token))
})

const headersFor = ({ guard }: DocumentedCall): Record<string, string> =>
  ({ public: {}, user: person.headers, admin })[guard]

const ask = (one: DocumentedCall, headers: Record<string, string>, body: unknown = one.body) =>
  answerOf(call(one.method, pathOf(one), { headers, ...(body === undefined ? {} : { body }) }))

const send = (one: DocumentedCall, body: BodyInit, type = 'application/json') =>
  answerOf(
    app.fetch(pathOf(one), {
      method: one.method,
      headers: { ...headersFor(one), 'content-type': type, 'cf-connecting-ip': newAddress() },
      body,
    }),
  )

describe.each(named.filter(([, { guard }]) => guard !== 'public'))('%s', (_name, one) => {
  it('is 401 without a bearer, with a bad one, with a refresh token, and with one in a cookie or the query', async () => {
    const { access_token, refresh_token } = person
    const tampered = `${access_token.slice(0, -4)}AAAA`
    for (const headers of [{}, bearer('x'), bearer(refresh_token), bearer(tampered), { authorization: access_token }]) {
      const [status, body] = await ask(one, headers)
      expect([status, typeof body.detail, body.status]).toEqual([401, 'string', 401])
    }
    expect((await ask(one, { cookie: `__Secure-postern=${access_token}` }))[0]).toBe(401)
    const query = `${pathOf(one)}?token=${access_token}`
    expect((await call(one.method, query, one.body === undefined ? {} : { body: one.body })).status).toBe(401)
  })
})

describe.each(named.filter(([, { guard }]) => guard === 'admin'))('%s', (_name, one) => {
  it('is 403 for a user and a vendor', async () => {
    for (const headers of [person.headers, vendor]) {
      const [status, body] = await ask(one, headers)
      expect([status, body.detail]).toEqual([403, 'Admin access required'])
    }
  })
})

describe.each(withBody)('%s', (_name, one) => {
  it('is 400 for what is no JSON, 422 for what is no object, 413 when huge, 415 for another type', async () => {
    for (const text of ['{', '{"a":}', 'a=b', '\u0000', '\ud800', `${'['.repeat(70)}${']'.repeat(70)}`])
      expect([text, (await send(one, text))[0]]).toEqual([text, 400])
    for (const text of ['[]', '[{}]', '"x"', '1', 'true', 'null'])
      expect([text, (await send(one, text))[0]]).toEqual([text, 422])
    expect((await send(one, JSON.stringify({ x: 'x'.repeat(1024 * 1024) })))[0]).toBe(413)
    expect((await send(one, '<a/>', 'application/xml'))[0]).toBe(415)
  })

  it('is 422 for wrong types, in FastAPI’s form, and 4xx for hostile text', async () => {
    // Anything goes into an interaction.
    if (one.path === '/chatbot/interact') return
    const fill = (value: unknown) => Object.fromEntries(Object.keys(one.body ?? {}).map((name) => [name, value]))
    for (const value of [[], {}, true, 1e308, 'x'.repeat(20_000)]) {
      const [status, answer] = await ask(one, headersFor(one), fill(value))
      expect([status, Array.isArray(answer.detail)]).toEqual([422, true])
    }
    for (const value of [
      "' or 1=1; --",
      '\u0000',
      '\ud800',
      '../../etc/passwd',
      '<script>',
      'аdmin',
      '%00',
      '\r\nBcc: x@y.zz',
    ]) {
      const [status, answer] = await ask(one, headersFor(one), fill(value))
      expect([400, 401, 422]).toContain(status)
      expect(Array.isArray(answer.detail)).toBe(status === 422)
    }
  })
})

describe.each(named)('%s', (_name, one) => {
  it('is served with a trailing slash, and 405 for another verb', async () => {
    const slash = await call(one.method, `${pathOf(one)}/`, one.body === undefined ? {} : { body: one.body })
    expect(slash.status).not.toBe(404)
    const [status, body] = await answerOf(call('PATCH', pathOf(one)))
    expect([status, body.code]).toEqual([405, 'METHOD_NOT_ALLOWED'])
  })
})

describe('confusables', () => {
  it('create no second account for an address or a username', async () => {
    const [local, domain] = person.email.split('@') as [string, string]
    const fullWidth = local.replace(/[a-z]/g, (letter) => String.fromCodePoint(letter.charCodeAt(0) + 0xfee0))
    for (const email of [person.email.toUpperCase(), `${fullWidth}@${domain}`, `${local}＠${domain}`]) {
      const body = { username: newUsername(), email, password: PASSWORD }
      const [status, answer] = await answerOf(call('POST', '/auth/register', { body }))
      expect([email, status, answer.detail]).toEqual([email, 400, 'Email already registered'])
    }
    for (const username of ['аdmin', `${person.username}​`, person.username.replace('_', '＿')]) {
      const body = { username, email: newEmail(), password: PASSWORD }
      expect([username, (await call('POST', '/auth/register', { body })).status]).toEqual([username, 422])
    }
  })
})
