import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { newAddress, newEmail, PASSWORD } from '../../support/users.ts'
import { answerOf, app, call } from '../support/requests.ts'
import { keysOf, LOGIN_KEYS, namedFields, register } from './support.ts'

const creation = (fields: Record<string, unknown> = {}) => ({
  name: 'Corner Shop',
  email: newEmail(),
  password: PASSWORD,
  ...fields,
})
const post = (body: unknown) => answerOf(call('POST', '/vendor/register_vendor', { body }))
const login = (body: unknown, headers = {}) => answerOf(call('POST', '/vendor/login', { body, headers }))
const VENDOR_KEYS = ['description', 'id', 'name', 'rating']

describe('POST /vendor/register_vendor', () => {
  it('makes a user with the role vendor and a vendor profile, from JSON', async () => {
    const sent = creation({
      description: 'Bread and milk',
      profile_picture: 'https://example.test/shop.png',
      rating: 4.5,
      preferences: 'cash',
    })
    const [status, body] = await post(sent)
    expect([status, body]).toEqual([
      200,
      { id: expect.any(Number), name: 'Corner Shop', description: 'Bread and milk', rating: 4.5 },
    ])
    const [, token] = await login(sent)
    const headers = { authorization: `Bearer ${token.access_token}` }
    const [, me] = await answerOf(call('GET', '/api/v1/auth/me', { headers }))
    expect(me).toMatchObject({
      number: body.id,
      display_name: 'Corner Shop',
      bio: 'Bread and milk',
      roles: ['vendor'],
      profile_image_url: 'https://example.test/shop.png',
    })
    const [, user] = await answerOf(call('GET', `/auth/verify-user/${sent.email}`, { headers }))
    expect(user).toMatchObject({ role: 'vendor', preferences: 'cash', username: sent.email })
  })

  it('takes what axios sends of a form: URL-encoded, numbers as text, empty fields', async () => {
    const form = { name: 'Corner Shop', email: newEmail(), password: PASSWORD, description: '', rating: '4.25' }
    const [status, body] = await answerOf(call('POST', '/vendor/register_vendor', { form }))
    expect([status, body]).toEqual([
      200,
      { id: expect.any(Number), name: 'Corner Shop', description: null, rating: 4.25 },
    ])
    const empty = { ...form, email: newEmail(), rating: '', profile_picture: '', preferences: '' }
    const [also, unrated] = await answerOf(call('POST', '/vendor/register_vendor', { form: empty }))
    expect([also, unrated.rating]).toEqual([200, null])
  })

  it.each([
    ['.5', 0.5],
    ['5e-1', 0.5],
    ['+4', 4],
    [' 4. ', 4],
  ])('reads the text %j of a form as the number it is', async (text, rating) => {
    const form = { name: 'Corner Shop', email: newEmail(), password: PASSWORD, rating: text }
    const answer = await answerOf(call('POST', '/vendor/register_vendor', { form }))
    expect(answer).toMatchObject([200, { rating }])
  })

  it('takes a multipart form, and no file', async () => {
    const send = (fields: Record<string, string | File>) => {
      const body = new FormData()
      for (const [name, value] of Object.entries(fields)) body.append(name, value)
      const headers = { 'cf-connecting-ip': newAddress() }
      return answerOf(app.fetch('/vendor/register_vendor', { method: 'POST', body, headers }))
    }
    const fields = { name: 'Corner Shop', email: newEmail(), password: PASSWORD, rating: '3' }
    const [status, body] = await send(fields)
    expect([status, keysOf(body), body.rating]).toEqual([200, VENDOR_KEYS, 3])
    const file = new File(['x'], 'shop.png', { type: 'image/png' })
    const [refused, why] = await send({ ...fields, email: newEmail(), profile_picture: file })
    expect([refused, namedFields(why)]).toEqual([422, ['body.profile_picture']])
  })

  it('is 400 for a taken address', async () => {
    const { email } = await register()
    const [status, body] = await post(creation({ email }))
    expect([status, body.detail]).toEqual([400, 'Email already registered'])
  })

  it('gives no role but vendor, whatever is asked for', async () => {
    const sent = creation({ role: 'admin', roles: ['admin'], is_active: false })
    expect((await post(sent))[0]).toBe(200)
    const [, token] = await login(sent)
    const headers = { authorization: `Bearer ${token.access_token}` }
    expect((await call('GET', '/admin/users', { headers })).status).toBe(403)
  })

  it('is 422 for what is missing or wrong', async () => {
    const [status, body] = await post({})
    expect([status, namedFields(body)]).toEqual([422, ['body.email', 'body.name', 'body.password']])
    for (const [field, values] of Object.entries({
      name: [1, null, '', '   ', 'x'.repeat(201)],
      email: [1, 'nobody'],
      password: ['short', 7, 'x'.repeat(129)],
      description: [1, 'x'.repeat(1001), 'a\0b', '\ud800'],
      rating: ['good', [], true, {}, '1e9999', 'NaN', '0x10', '4.5; drop table users'],
      preferences: [1, {}],
    })) {
      for (const value of values) {
        const [code, wrong] = await post(creation({ [field]: value }))
        expect([field, value, code, namedFields(wrong)]).toEqual([field, value, 422, [`body.${field}`]])
      }
    }
  })

  it('says nothing of an account where none is shown to exist', async () => {
    const hidden = createTestApp({ env: { HIDE_ACCOUNT_EXISTENCE: 'true', REQUIRE_VERIFIED_EMAIL: 'true' } })
    const { email } = await register()
    const answer = (address: string) =>
      answerOf(call('POST', '/vendor/register_vendor', { app: hidden, body: creation({ email: address, rating: 2 }) }))
    const [taken, free] = [await answer(email), await answer(newEmail())]
    expect(taken).toEqual(free)
    expect(taken).toEqual([200, { id: 0, name: 'Corner Shop', description: null, rating: 2 }])
  })
})

describe('POST /vendor/login', () => {
  it('answers a session', async () => {
    const sent = creation()
    await post(sent)
    const [status, body] = await login(sent)
    expect([status, keysOf(body), body.token_type]).toEqual([200, LOGIN_KEYS, 'bearer'])
  })

  it('is the same 400 for a wrong password, an unknown user and a user who is no vendor', async () => {
    const vendor = creation()
    await post(vendor)
    const user = await register()
    const wrong = { ...vendor, password: 'wrong password' }
    for (const body of [wrong, { email: newEmail(), password: PASSWORD }, user]) {
      const [status, answer] = await login(body)
      expect([status, answer.detail, answer.code]).toEqual([400, 'Invalid credentials', 'INVALID_CREDENTIALS'])
    }
  })

  it('opens no session for a user who is no vendor', async () => {
    const user = await register()
    await login(user)
    const [, token] = await answerOf(
      call('POST', '/token', { form: { username: user.email, password: user.password } }),
    )
    const headers = { authorization: `Bearer ${token.access_token}` }
    expect(await (await call('GET', '/auth/sessions', { headers })).json()).toHaveLength(1)
  })

  it('is 403 once five wrong passwords came from one network', async () => {
    const vendor = creation()
    await post(vendor)
    const headers = { 'cf-connecting-ip': newAddress() }
    for (let time = 0; time < 5; time += 1) await login({ ...vendor, password: 'wrong password' }, headers)
    const [status, body] = await login(vendor, headers)
    expect([status, body.code, typeof body.detail]).toEqual([403, 'ACCOUNT_LOCKED', 'string'])
  })

  it('is 422 for wrong fields', async () => {
    const [status, body] = await login({})
    expect([status, namedFields(body)]).toEqual([422, ['body.email', 'body.password']])
  })
})
