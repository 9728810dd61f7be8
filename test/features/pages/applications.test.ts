import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createTestApp, json } from '../../support/app.ts'
import { claimsOf } from '../../support/tokens.ts'
import { newAddress, PASSWORD, signUpUser } from '../../support/users.ts'
import { createClockedSuite, enrolQuickly, totpAt } from '../factors/totp/support.ts'
import { app, COOKIE, fieldOf, OWN, openBrowser } from './support.ts'

const VERIFIER = 'v'.repeat(50)
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
const TARGET = 'http://127.0.0.1:9000/back?page=1'
const search = `?${new URLSearchParams({ redirect_to: TARGET, state: 's 1', code_challenge: CHALLENGE })}`

const addressIn = (answer: Response): URL => new URL((answer.headers.get('refresh') ?? '').replace(/^0; url=/, ''))
const exchange = (code: string | null, more: Record<string, string> = { code_verifier: VERIFIER }) =>
  app.fetch('/api/v1/oauth/exchange', json({ code, ...more }))

async function signedIn(on = app) {
  const user = await signUpUser(app)
  const browser = openBrowser(on)
  const fields = { login: user.email, password: PASSWORD }
  const answer = await browser.post(`/sign-in${search}`, fields, { 'cf-connecting-ip': newAddress() })
  return { user, browser, answer }
}

describe('an application without a server', () => {
  it('gets a session of its own by a code that needs its verifier, once', async () => {
    const { user, answer } = await signedIn()
    // Not a redirect: Chromium holds a form's whole chain to `form-action`.
    expect([answer.status, answer.headers.get('location')]).toEqual([200, null])
    const url = addressIn(answer)
    expect([url.origin, url.pathname, url.searchParams.get('page'), url.searchParams.get('state')]).toEqual([
      'http://127.0.0.1:9000',
      '/back',
      '1',
      's 1',
    ])
    const code = url.searchParams.get('code')
    for (const wrong of [{}, { code_verifier: 'w'.repeat(50) }] as Record<string, string>[])
      expect((await exchange(code, wrong)).status).toBe(400)
    const [one, other] = await Promise.all([exchange(code), exchange(code)])
    expect([one.status, other.status].sort()).toEqual([200, 400])
    const { access_token, user: who } = await (one.ok ? one : other).json<{
      access_token: string
      user: { email: string }
    }>()
    expect([who.email, claimsOf(access_token).amr]).toEqual([user.email, ['pwd']])
    expect((await app.fetch('/api/v1/auth/me', { headers: { authorization: `Bearer ${access_token}` } })).status).toBe(
      200,
    )
  })

  it('is asked for by a tap where the browser is signed in already, and gets its own session', async () => {
    const { browser } = await signedIn()
    const page = await (await browser.get(`/sign-in${search}`)).text()
    expect(page).toContain('<strong>127.0.0.1:9000</strong>')
    const answer = await browser.post(`/sign-in/continue${search}`, {})
    expect((await exchange(addressIn(answer).searchParams.get('code'))).status).toBe(200)
  })

  it('gets nothing by a code of a session that has ended meanwhile', async () => {
    const { user, browser } = await signedIn()
    const code = addressIn(await browser.post(`/sign-in/continue${search}`, {})).searchParams.get('code')
    await browser.post('/sign-out', {})
    expect((await exchange(code)).status).toBe(400)
    expect(user.email).not.toBe('')
  })

  it('gets nothing by a code from before everybody else was signed out', async () => {
    const { browser } = await signedIn()
    const ask = async () => addressIn(await browser.post(`/sign-in/continue${search}`, {})).searchParams.get('code')
    const before = await ask()
    await browser.post('/account/end-others', {})
    expect((await exchange(before)).status).toBe(401)
    expect((await exchange(await ask())).status).toBe(200)
  })

  it("gets none of the address's own values of our names", async () => {
    const given = new URLSearchParams({
      redirect_to: `${TARGET}&code=theirs&state=theirs&error=x`,
      code_challenge: CHALLENGE,
    })
    const { browser } = await signedIn()
    const url = addressIn(await browser.post(`/sign-in/continue?${given}`, {}))
    expect(url.searchParams.getAll('code')).toHaveLength(1)
    expect([url.searchParams.get('state'), url.searchParams.get('error')]).toEqual([null, null])
  })
})

describe('somebody else', () => {
  it('signs no browser in with a code of theirs', async () => {
    const { answer } = await signedIn()
    const code = addressIn(answer).searchParams.get('code') ?? ''
    const victim = openBrowser()
    // The flow cookie alone is of the victim.
    victim.jar.set('__Host-postern-flow', 'A'.repeat(43))
    for (const browser of [victim, openBrowser()]) {
      const done = await browser.get(`/sign-in/done?code=${code}&state=x`)
      expect([done.status, browser.jar.has(COOKIE)]).toEqual([400, false])
    }
  })

  it('who planted a session keeps none of it once its victim signs in', async () => {
    const attacker = await signedIn()
    const victim = openBrowser()
    victim.jar.set(COOKIE, attacker.browser.jar.get(COOKIE) ?? '')
    const { email } = await signUpUser(app)
    await victim.post('/sign-in', { login: email, password: PASSWORD }, { 'cf-connecting-ip': newAddress() })
    expect(victim.jar.get(COOKIE)).not.toBe(attacker.browser.jar.get(COOKIE))
    expect(await (await attacker.browser.get('/sign-in')).text()).not.toContain(email)
  })
})

describe('after a second factor', () => {
  const clocked = createClockedSuite()

  it('nothing is asked again, and nothing is fresher than in the browser', async () => {
    const user = await enrolQuickly(clocked)
    const browser = openBrowser(clocked)
    const first = await browser.post(
      '/sign-in',
      { login: user.email, password: PASSWORD },
      { 'cf-connecting-ip': newAddress() },
    )
    const fields = { mfa_token: fieldOf(await first.text(), 'mfa_token'), code: totpAt(user.secret, clocked.clock.now) }
    await browser.post('/sign-in/second-step', fields)
    const provedAt = Math.floor(clocked.clock.now / 1000)
    clocked.clock.now += 8 * 60_000
    const code = addressIn(await browser.post(`/sign-in/continue${search}`, {})).searchParams.get('code')
    const answer = await clocked.fetch('/api/v1/oauth/exchange', json({ code, code_verifier: VERIFIER }))
    const { access_token } = await answer.json<{ access_token: string }>()
    expect(claimsOf(access_token)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal2', auth_time: provedAt })
  })
})

describe('the cookie of gateways', () => {
  const gated = createTestApp({
    override: (ctx) => ({ ...ctx, config: { ...ctx.config, SESSION_COOKIE_DOMAIN: '127.0.0.1' } }),
  })
  const GATEWAY = '__Secure-postern'

  it('holds a token that a check takes from the cookie, and nothing else takes at all', async () => {
    const { browser, user, answer } = await signedIn(gated)
    const line = answer.headers.getSetCookie().find((it) => it.startsWith(GATEWAY)) ?? ''
    expect(line).toMatch(/; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=600$/)
    const token = browser.jar.get(GATEWAY) ?? ''
    const claims = claimsOf(token) as unknown as Record<string, unknown>
    expect(claims).toMatchObject({ aud: 'postern#gateway', type: 'gateway', scope: 'gateway', sub: user.user.id })
    const check = await gated.fetch('/validate', { headers: { cookie: `${GATEWAY}=${token}` } })
    expect([check.status, check.headers.get('x-auth-email')]).toEqual([200, user.email])
    const bearer = { authorization: `Bearer ${token}` }
    const refused = await Promise.all([
      gated.fetch('/validate', { headers: bearer }),
      gated.fetch('/api/v1/auth/me', { headers: bearer }),
      gated.fetch('/api/v1/auth/me', { headers: { cookie: `${GATEWAY}=${token}` } }),
      gated.fetch('/api/v1/sessions', { method: 'DELETE', headers: bearer }),
    ])
    expect(refused.map(({ status }) => status)).toEqual([401, 401, 401, 401])
    const asked = await gated.fetch('/validate', json({ token }))
    expect(await asked.json()).toMatchObject({ valid: false })
    // An access token is good there as before.
    const own = await gated.fetch('/validate', { headers: { cookie: `${GATEWAY}=${user.accessToken}` } })
    expect(own.status).toBe(200)
  })

  it('is renewed on the way, and sends nobody round for ever', async () => {
    const { browser } = await signedIn(gated)
    const before = browser.jar.get(COOKIE)
    const target = 'http://127.0.0.1:9999/x?a=1&b=2'
    for (const spelt of [target, encodeURIComponent(target)]) {
      browser.jar.delete(GATEWAY)
      browser.jar.delete('postern-renewed')
      const answer = await browser.get(`/sign-in/renew?return_to=${spelt}`)
      expect([answer.status, answer.headers.get('location')]).toEqual([303, target])
      expect(browser.jar.get(GATEWAY)).toMatch(/^ey/)
      expect(browser.jar.get(COOKIE)).toBe(before)
    }
    expect((await browser.get(`/sign-in/renew?return_to=${target}`)).status).toBe(303)
    const third = await browser.get(`/sign-in/renew?return_to=${target}`)
    expect([third.status, third.headers.get('location')]).toEqual([409, null])
    expect((await browser.get(`/sign-in/renew?return_to=${target}x`)).status).toBe(303)
  })

  it('is asked for by a sign-in where nobody is signed in', async () => {
    const answer = await openBrowser(gated).get('/sign-in/renew?return_to=http://127.0.0.1:9999/x?a=1&b=2')
    expect([answer.status, answer.headers.get('location')]).toEqual([
      303,
      '/sign-in?return_to=http%3A%2F%2F127.0.0.1%3A9999%2Fx%3Fa%3D1%26b%3D2',
    ])
  })

  it('ends with the session', async () => {
    const { browser } = await signedIn(gated)
    const cookie = `${GATEWAY}=${browser.jar.get(GATEWAY)}`
    const answer = await browser.post('/sign-out', {})
    expect(answer.headers.getSetCookie().filter((it) => it.includes('Max-Age=0'))).toHaveLength(2)
    expect((await gated.fetch('/validate?consistency=strong', { headers: { cookie } })).status).toBe(401)
  })

  it('is not set without a domain', async () => {
    const { answer } = await signedIn()
    expect(answer.headers.getSetCookie()).toHaveLength(1)
    expect(OWN).toContain('127.0.0.1')
  })
})
