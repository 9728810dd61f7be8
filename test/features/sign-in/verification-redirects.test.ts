import { describe, expect, it } from 'vitest'
import { createTestApp, json, type TestApp } from '../../support/app.ts'
import { newAddress, newEmail, PASSWORD } from '../../support/users.ts'
import { mailedToken } from './mails.ts'
import { answerOf, app } from './support.ts'

const ORIGINS = { REDIRECT_ORIGINS: 'https://app.example.test' }
const BACK = 'https://app.example.test/welcome?from=mail&step=2'
const trusting = createTestApp({ env: ORIGINS })
const verifying = createTestApp({ env: { ...ORIGINS, REQUIRE_VERIFIED_EMAIL: 'true', HIDE_ACCOUNT_EXISTENCE: 'true' } })

const call = (
  path: string,
  body: unknown,
  { on = trusting, headers = {} }: { on?: TestApp; headers?: Record<string, string> } = {},
) => answerOf(on.fetch(`/api/v1/auth/${path}`, json(body, { 'cf-connecting-ip': newAddress(), ...headers })))

async function signUp(body: Record<string, unknown>, on: TestApp = trusting) {
  const email = newEmail()
  const [status, answer] = await call('signup', { email, password: PASSWORD, ...body }, { on })
  expect(status).toBe(201)
  return { email, headers: { authorization: `Bearer ${answer.access_token}` } }
}

async function confirm(token: string, answer = 'yes', on: TestApp = trusting) {
  const page = await on.fetch('/verify-email', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'http://127.0.0.1:8787' },
    body: new URLSearchParams({ token, answer }).toString(),
  })
  return { status: page.status, refresh: page.headers.get('refresh'), text: await page.text() }
}

describe('the way back after an address is confirmed', () => {
  it.each([
    ['at once', trusting],
    ['where the address has to be verified, and accounts are hidden', verifying],
  ])('leads to the redirect of the sign-up %s, by a page of our own', async (_name, on) => {
    const { email } = await signUp({ redirect_url: BACK }, on)
    const page = await confirm(await mailedToken(app, email, '/verify-email'))
    expect([page.status, page.refresh]).toEqual([200, `0; url=${BACK}`])
    expect(page.text).toContain('<a class="button" href="https://app.example.test/welcome?from=mail&amp;step=2">')
    expect(page.text).toContain('Address confirmed')
  })

  it('is told again by a second use, and there is none after a No', async () => {
    const [mine, other] = [await signUp({ redirect_url: BACK }), await signUp({ redirect_url: BACK })]
    const token = await mailedToken(app, mine.email, '/verify-email')
    await confirm(token)
    expect(await confirm(token)).toMatchObject({ status: 200, refresh: `0; url=${BACK}` })
    expect((await confirm(await mailedToken(app, other.email, '/verify-email'), 'no')).refresh).toBeNull()
  })

  it('is none without a redirect', async () => {
    const { email } = await signUp({})
    expect((await confirm(await mailedToken(app, email, '/verify-email'))).refresh).toBeNull()
  })

  it('is that of the newest mail that names one, asked for by address or by the user', async () => {
    const account = await signUp({ redirect_url: BACK })
    const tokens = [await mailedToken(app, account.email, '/verify-email')]
    const other = 'https://app.example.test/other'
    const asked = [
      () => call('resend-verification', { email: account.email }),
      () => call('resend-verification', { redirect_url: other }, { headers: account.headers }),
      () => call('resend-verification', {}, { headers: account.headers }),
    ]
    for (const [index, ask] of asked.entries()) {
      expect((await ask())[0]).toBe(200)
      tokens.push(await mailedToken(app, account.email, '/verify-email', index + 2))
    }
    expect((await confirm(tokens[3] ?? '')).refresh).toBe(`0; url=${other}`)
  })

  it('is kept by a mail that names none', async () => {
    const { email } = await signUp({ redirect_url: BACK })
    await mailedToken(app, email, '/verify-email')
    await call('resend-verification', { email })
    expect((await confirm(await mailedToken(app, email, '/verify-email', 2))).refresh).toBe(`0; url=${BACK}`)
  })

  it('is closed once its origin is no longer allowed: the address is confirmed all the same', async () => {
    const { email } = await signUp({ redirect_url: BACK })
    const page = await confirm(await mailedToken(app, email, '/verify-email'), 'yes', app)
    expect([page.status, page.refresh]).toEqual([200, null])
    expect(page.text).not.toContain('app.example.test')
  })

  it.each([
    'https://evil.test/',
    'https://app.example.test.evil.test/',
    'https://app.example.test@evil.test/',
    '//app.example.test/',
    '/local',
    'javascript:alert(1)//https://app.example.test',
    'https://app.example.test/\r\nx: y',
  ])('leads to no other site, and nobody is signed up or mailed for it: %j', async (redirect_url) => {
    const email = newEmail()
    const refused = [400, { code: 'REDIRECT_NOT_ALLOWED' }]
    expect(await call('signup', { email, password: PASSWORD, redirect_url })).toMatchObject(refused)
    expect(await call('resend-verification', { email, redirect_url })).toMatchObject(refused)
    expect(await call('signup', { email, password: PASSWORD }, { on: trusting })).toMatchObject([
      201,
      { user: { email } },
    ])
  })
})
