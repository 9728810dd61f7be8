import { describe, expect, it } from 'vitest'
import { createTestApp, json } from '../../support/app.ts'
import { newAddress, newEmail, PASSWORD, signUpUser } from '../../support/users.ts'
import { createClockedSuite, enrolQuickly, totpAt, wrongCode } from '../factors/totp/support.ts'
import { mailedToken, mailedTokens } from '../sign-in/mails.ts'
import { app, type Browser, COOKIE, fieldOf, OWN, openBrowser, titleOf } from './support.ts'

const signIn = (browser: Browser, email: string, search = '', more: Record<string, string> = {}) =>
  browser.post(`/sign-in${search}`, { login: email, password: PASSWORD, ...more }, { 'cf-connecting-ip': newAddress() })

async function signedIn(search = '') {
  const user = await signUpUser(app)
  const browser = openBrowser()
  const answer = await signIn(browser, user.email, search)
  return { user, browser, answer }
}

const sessionsOf = async (headers: { authorization: string }) =>
  (await (await app.fetch('/api/v1/sessions', { headers })).json<{ sessions: { id: string }[] }>()).sessions

describe('signing in on the page', () => {
  it('opens a session that goes with the browser, in a cookie that no script reads', async () => {
    const { browser, answer, user } = await signedIn()
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/sign-in'])
    const [line = ''] = answer.headers.getSetCookie()
    expect(line).toMatch(/^postern-session=pbs_[\w-]{98}; Path=\/; HttpOnly; SameSite=Lax$/)
    const page = await browser.get('/sign-in')
    expect(await page.text()).toContain(`<strong>${user.email}</strong>`)
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(await sessionsOf(user.headers)).toHaveLength(2)
  })

  it('keeps it for a month where that is asked', async () => {
    const user = await signUpUser(app)
    const answer = await signIn(openBrowser(), user.email, '', { remember: 'yes' })
    expect(answer.headers.getSetCookie()[0]).toMatch(/; Max-Age=2592000$/)
  })

  it('keeps it by what was asked, however short the settings have a session', async () => {
    const short = createTestApp({
      override: (ctx) => ({ ...ctx, config: { ...ctx.config, SESSION_IDLE_SECONDS: 3600 } }),
    })
    const user = await signUpUser(short)
    const lines = async (more: Record<string, string>) =>
      (await signIn(openBrowser(short), user.email, '', more)).headers.getSetCookie()[0]
    expect(await lines({ remember: 'yes' })).toMatch(/; Max-Age=2592000$/)
    expect(await lines({})).toMatch(/; SameSite=Lax$/)
  })

  it('keeps it no longer once the same person signs in without asking for that', async () => {
    const user = await signUpUser(app)
    const browser = openBrowser()
    await signIn(browser, user.email, '', { remember: 'yes' })
    const again = await signIn(browser, user.email)
    expect(again.headers.getSetCookie()[0]).toMatch(/; SameSite=Lax$/)
    expect(await sessionsOf(user.headers)).toHaveLength(2)
  })

  it('answers a wrong password as the API does, with what was typed but the password', async () => {
    const { email } = await signUpUser(app)
    const headers = { 'cf-connecting-ip': newAddress() }
    for (const [login, password] of [
      [email, 'wrong-password-1'],
      [newEmail(), PASSWORD],
    ] as const) {
      const browser = openBrowser()
      const answer = await browser.post('/sign-in', { login, password }, headers)
      const text = await answer.text()
      expect([answer.status, titleOf(text), browser.jar.size]).toEqual([401, 'Sign in', 0])
      expect(text).toContain('Email, username or password is wrong.')
      expect(text).toContain(`value="${login}"`)
      expect(text).not.toContain(password)
    }
  })

  it('escapes what was typed', async () => {
    const login = '"><script>alert(1)</script>'
    const answer = await openBrowser().post('/sign-in', { login, password: 'x' }, { 'cf-connecting-ip': newAddress() })
    const text = await answer.text()
    expect(text).not.toContain('<script>alert')
    expect(text).toContain('value="&quot;&gt;&lt;script&gt;')
  })

  it('says what is wrong with a new password, and how a form of elsewhere is mended', async () => {
    const browser = openBrowser()
    const weak = await browser.post('/sign-up', { email: newEmail(), password: 'short' })
    expect([weak.status, await weak.text()]).toEqual([400, expect.stringContaining('it needs at least')])
    const elsewhere = await browser.post('/sign-in', { login: 'a', password: 'b' }, { origin: 'https://other.test' })
    expect([elsewhere.status, await elsewhere.text()]).toEqual([403, expect.stringContaining('load the page again')])
  })

  it('speaks the language of who is signed in, or the one that was asked for', async () => {
    const { email } = await signUpUser(app, { locale: 'de' })
    const browser = openBrowser()
    const answer = await signIn(browser, email, '?ui_locales=fr')
    expect(answer.headers.get('location')).toBe('/sign-in?ui_locales=fr')
    const languages = ['/sign-in', '/sign-out', '/sign-in?ui_locales=fr'].map(async (path) =>
      (await browser.get(path)).headers.get('content-language'),
    )
    expect(await Promise.all(languages)).toEqual(['de', 'de', 'fr'])
  })

  it('makes an account, by its own form', async () => {
    const browser = openBrowser()
    const email = newEmail()
    const fields = { email, name: 'Ada <b>', password: PASSWORD }
    const weak = await browser.post('/sign-up', { ...fields, password: 'password' })
    expect([weak.status, await weak.text()]).toEqual([400, expect.stringContaining('too easy to guess')])
    const answer = await browser.post('/sign-up?return_to=%2Fdocs', fields)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `${OWN}/docs`])
    expect(browser.jar.get(COOKIE)).toMatch(/^pbs_/)
    expect((await openBrowser().post('/sign-up', fields)).status).toBe(409)
  })

  it('mails a reset link, with one answer for every address', async () => {
    const { email } = await signUpUser(app)
    for (const address of [email, newEmail()]) {
      const answer = await openBrowser().post('/forgot-password', { email: address })
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/forgot-password?done=yes'])
    }
    expect(await mailedToken(app, email, '/reset-password')).toMatch(/^pot_/)
    expect((await openBrowser().post('/forgot-password', { email: 'nobody' })).status).toBe(400)
  })
})

describe('what was asked for at the first page', () => {
  const SEARCH = `?${new URLSearchParams({ redirect_to: `${OWN}/app`, state: 's', code_challenge: 'c'.repeat(43) })}`
  const ON = `href="/sign-in${SEARCH.replaceAll('&', '&amp;')}"`

  it('is what the link of a new password ends with, mailed again too', async () => {
    const { email } = await signUpUser(app)
    const browser = openBrowser()
    await browser.post(`/forgot-password${SEARCH}`, { email })
    const first = await mailedToken(app, email, '/reset-password')
    await browser.post('/new-link', { token: first })
    const tokens = await mailedTokens(app, email, '/reset-password', 2)
    const token = tokens.find((one) => one !== first) ?? ''
    const answer = await openBrowser().post('/reset-password', { token, new_password: `${PASSWORD}-2` })
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining(ON)])
    expect((await browser.get(`/sign-in${SEARCH}`)).status).toBe(200)
  })

  it('is what a link that verifies ends with where nobody signs in before, mailed again too', async () => {
    const strict = createTestApp({ env: { REQUIRE_VERIFIED_EMAIL: 'true' } })
    const browser = openBrowser(strict)
    const email = newEmail()
    const fields = { email, password: PASSWORD }
    await browser.post(`/sign-up${SEARCH}`, fields, { 'cf-connecting-ip': newAddress() })
    const first = await mailedToken(strict, email, '/verify-email')
    await browser.post('/new-link', { token: first })
    const tokens = await mailedTokens(strict, email, '/verify-email', 2)
    const token = tokens.find((one) => one !== first) ?? ''
    const answer = await browser.post('/verify-email', { token, answer: 'yes' })
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining(ON)])
    expect(await (await browser.get(`/verify-email?token=${token}`)).text()).toContain(ON)
  })

  it('is not what a link that verifies ends with where the sign-up went on at once', async () => {
    const email = newEmail()
    await openBrowser().post(
      '/sign-up?return_to=%2Fdocs',
      { email, password: PASSWORD },
      { 'cf-connecting-ip': newAddress() },
    )
    const token = await mailedToken(app, email, '/verify-email')
    const answer = await openBrowser().post('/verify-email', { token, answer: 'yes' })
    expect([answer.status, await answer.text()]).toEqual([200, expect.not.stringContaining('/sign-in?')])
  })
})

describe("a browser's session", () => {
  it('is stepped up by a sign-in of the same user, and the cookie before is good for ten seconds', async () => {
    const { browser, user } = await signedIn()
    const before = browser.jar.get(COOKIE) ?? ''
    const count = (await sessionsOf(user.headers)).length
    await signIn(browser, user.email)
    expect(browser.jar.get(COOKIE)).not.toBe(before)
    expect(await sessionsOf(user.headers)).toHaveLength(count)
    const old = await app.fetch('/sign-in', { headers: { cookie: `${COOKIE}=${before}` } })
    expect(await old.text()).toContain(user.email)
    await signIn(browser, user.email)
    const older = await app.fetch('/sign-in', { headers: { cookie: `${COOKIE}=${before}` } })
    expect(await older.text()).not.toContain(user.email)
    // What is refused ends nothing.
    expect(await (await browser.get('/sign-in')).text()).toContain(user.email)
  })

  it('gives way to a new one at a sign-in by the cookie before: its bearer gets none of its factors', async () => {
    const { browser, user } = await signedIn()
    const other = openBrowser()
    for (const [name, value] of browser.jar) other.jar.set(name, value)
    await signIn(browser, user.email)
    const count = (await sessionsOf(user.headers)).length
    const [raised] = await sessionsOf(user.headers)
    await signIn(other, user.email)
    const after = await sessionsOf(user.headers)
    expect(after).toHaveLength(count)
    expect(after.map(({ id }) => id)).not.toContain(raised?.id)
    expect(titleOf(await (await browser.get('/sign-in')).text())).toBe('Sign in')
    expect(await (await other.get('/sign-in')).text()).toContain(user.email)
  })

  it('stays when a sign-in of somebody else is refused', async () => {
    const { browser, user } = await signedIn()
    const other = await signUpUser(app)
    const wrong = { login: other.email, password: 'wrong' }
    expect((await browser.post('/sign-in', wrong, { 'cf-connecting-ip': newAddress() })).status).toBe(401)
    expect(await (await browser.get('/sign-in')).text()).toContain(user.email)
  })

  it('ends with a sign-in of somebody else, which is a new one', async () => {
    const { browser, user } = await signedIn()
    const other = await signUpUser(app)
    await signIn(browser, other.email)
    expect(await (await browser.get('/sign-in')).text()).toContain(other.email)
    expect(await sessionsOf(user.headers)).toHaveLength(1)
  })

  it('is revoked as every other, at once', async () => {
    const { browser, user } = await signedIn()
    expect((await app.fetch('/api/v1/sessions', { method: 'DELETE', headers: user.headers })).status).toBe(200)
    expect(titleOf(await (await browser.get('/sign-in')).text())).toBe('Sign in')
  })

  it('is nothing to the API, to a check, or as a refresh token; nor is a refresh token a cookie', async () => {
    const { browser, user } = await signedIn()
    const token = browser.jar.get(COOKIE) ?? ''
    const asCookie = { cookie: `${COOKIE}=${token}; __Secure-postern=${token}` }
    for (const path of ['/api/v1/auth/me', '/api/v1/sessions', '/validate'])
      expect([path, (await app.fetch(path, { headers: asCookie })).status]).toEqual([path, 401])
    const asBearer = { authorization: `Bearer ${token}` }
    expect((await app.fetch('/api/v1/auth/me', { headers: asBearer })).status).toBe(401)
    for (const refresh_token of [token, token.replace('pbs_', 'prt_')])
      expect((await app.fetch('/api/v1/auth/refresh', json({ refresh_token }))).status).toBe(401)
    for (const refresh of [user.refreshToken, user.refreshToken.replace('prt_', 'pbs_'), user.accessToken]) {
      const page = await app.fetch('/sign-in', { headers: { cookie: `${COOKIE}=${refresh}` } })
      expect(titleOf(await page.text())).toBe('Sign in')
    }
    expect((await app.fetch('/api/v1/sessions', { headers: user.headers })).status).toBe(200)
  })

  it('is nobody where a second cookie of its name was planted, or where it is not whole', async () => {
    const { browser } = await signedIn()
    const token = browser.jar.get(COOKIE) ?? ''
    const other = (await signedIn()).browser.jar.get(COOKIE) ?? ''
    const cookies = [
      `${COOKIE}=${token}; ${COOKIE}=${other}`,
      `${COOKIE}=${token}; ${COOKIE}=${token}`,
      `${COOKIE}=${token}x`,
      `${COOKIE}=${token.slice(0, -1)}`,
      `${COOKIE}=${token.slice(0, 70)}${token.slice(70) === '' ? '' : 'A'.repeat(token.length - 70)}`,
      `${COOKIE}=`,
    ]
    for (const cookie of cookies)
      expect(titleOf(await (await app.fetch('/sign-in', { headers: { cookie } })).text())).toBe('Sign in')
  })

  it('is signed out by a form, and the page says so', async () => {
    const { browser, user } = await signedIn()
    const token = browser.jar.get(COOKIE) ?? ''
    expect(titleOf(await (await browser.get('/sign-out?return_to=%2Fdocs')).text())).toBe('Sign out?')
    const answer = await browser.post('/sign-out?return_to=%2Fdocs', {})
    expect([answer.status, browser.jar.has(COOKIE)]).toEqual([303, false])
    const said = await (await browser.get(answer.headers.get('location') ?? '')).text()
    expect([titleOf(said), said.includes(`href="${OWN}/docs"`)]).toEqual(['You are signed out', true])
    const again = await app.fetch('/sign-in', { headers: { cookie: `${COOKIE}=${token}` } })
    expect(titleOf(await again.text())).toBe('Sign in')
    expect(await sessionsOf(user.headers)).toHaveLength(1)
  })

  it('is signed out by the cookie before, too', async () => {
    const { browser, user } = await signedIn()
    const other = openBrowser()
    for (const [name, value] of browser.jar) other.jar.set(name, value)
    await signIn(browser, user.email)
    expect((await other.post('/sign-out', {})).status).toBe(303)
    expect(titleOf(await (await browser.get('/sign-in')).text())).toBe('Sign in')
    expect(await sessionsOf(user.headers)).toHaveLength(1)
  })

  it('is opened once by two tabs that sign in at once', async () => {
    const { browser, user } = await signedIn()
    const answers = await Promise.all([signIn(browser, user.email), signIn(browser, user.email)])
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    expect(await sessionsOf(user.headers)).toHaveLength(2)
  })
})

describe('the second step', () => {
  const clocked = createClockedSuite()

  it('asks for a code, says when it is wrong, and signs in with the right one once', async () => {
    const user = await enrolQuickly(clocked)
    const browser = openBrowser(clocked)
    const first = await signIn(browser, user.email, '?return_to=%2Fdocs', { remember: 'yes' })
    const text = await first.text()
    expect([first.status, titleOf(text), browser.jar.has(COOKIE)]).toEqual([200, 'One more step', false])
    const fields = { mfa_token: fieldOf(text, 'mfa_token'), remember: fieldOf(text, 'remember'), methods: 'totp' }
    const path = '/sign-in/second-step?return_to=%2Fdocs'
    const wrong = await browser.post(path, { ...fields, code: wrongCode(user.secret, clocked.clock.now) })
    expect([wrong.status, titleOf(await wrong.text())]).toEqual([401, 'One more step'])
    const code = totpAt(user.secret, clocked.clock.now)
    const right = await browser.post(path, { ...fields, code })
    expect([right.status, right.headers.get('location')]).toEqual([303, `${OWN}/docs`])
    expect(right.headers.getSetCookie()[0]).toContain('Max-Age=')
    const again = await openBrowser(clocked).post(path, { ...fields, code })
    expect([again.status, titleOf(await again.text())]).toEqual([401, 'Sign in'])
  })
})

describe('a link that is mailed from the page', () => {
  async function ask(search = '', more: Record<string, string> = {}) {
    const { email } = await signUpUser(app)
    const browser = openBrowser()
    const answer = await browser.post(`/sign-in/link${search}`, { login: email, password: '', ...more })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `/sign-in/sent${search}`])
    const [cookie = ''] = answer.headers.getSetCookie()
    return { email, browser, cookie, token: await mailedToken(app, email, '/sign-in/link/open') }
  }

  it('says whom it signs in, and opens the session of the browser', async () => {
    const { email, browser, token } = await ask('?return_to=%2Fdocs')
    const page = await (await browser.get(`/sign-in/link/open?token=${token}`)).text()
    expect(page).toContain(`<strong>${email}</strong>`)
    expect(page).not.toContain('did not ask')
    const answer = await browser.post('/sign-in/link/open', { token })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `${OWN}/docs`])
    expect(await (await browser.get('/sign-in')).text()).toContain(email)
    expect((await openBrowser().post('/sign-in/link/open', { token })).status).toBe(400)
  })

  it('warns in a browser that did not ask for it', async () => {
    const { token } = await ask()
    expect(await (await openBrowser().get(`/sign-in/link/open?token=${token}`)).text()).toContain('did not ask')
  })

  it('is known in the browser that asked for as long as it works', async () => {
    const { browser, cookie, token } = await ask()
    expect(cookie).toContain(`; Max-Age=${15 * 60};`)
    const at = (ms: number) => createTestApp({ override: (ctx) => ({ ...ctx, now: () => Date.now() + ms }) })
    const headers = { cookie: [...browser.jar].map((pair) => pair.join('=')).join('; ') }
    const shown = await at(14 * 60_000).fetch(`/sign-in/link/open?token=${token}`, { headers })
    expect(shown.status).toBe(200)
    expect(await shown.text()).not.toContain('did not ask')
    const late = await at(15 * 60_000 + 1).fetch(`/sign-in/link/open?token=${token}`, { headers })
    expect(late.status).toBe(400)
    const page = await late.text()
    expect(titleOf(page)).toBe('This link has expired')
    expect(page).toContain('action="/new-link"')
  })

  it('keeps the browser that asked signed in where that was ticked, and no other', async () => {
    const remembered = { remember: 'yes' }
    const own = await ask('', remembered)
    const answer = await own.browser.post('/sign-in/link/open', { token: own.token })
    expect(answer.headers.getSetCookie()[0]).toMatch(/; Max-Age=2592000$/)
    const foreign = await openBrowser().post('/sign-in/link/open', { token: (await ask('', remembered)).token })
    expect(foreign.headers.getSetCookie()[0]).toMatch(/; SameSite=Lax$/)
    const unticked = await ask()
    const short = await unticked.browser.post('/sign-in/link/open', { token: unticked.token })
    expect(short.headers.getSetCookie()[0]).toMatch(/; SameSite=Lax$/)
  })

  it('says what became of it, and is mailed again', async () => {
    const { email, browser, token } = await ask('?return_to=%2Fdocs')
    await browser.post('/sign-in/link/open', { token })
    for (const answer of [
      await browser.get(`/sign-in/link/open?token=${token}`),
      await browser.post('/sign-in/link/open', { token }),
    ]) {
      expect(answer.status).toBe(400)
      expect(titleOf(await answer.text())).toBe('This link was used before')
    }
    expect((await browser.post('/new-link', { token })).status).toBe(200)
    const mailed = await mailedTokens(app, email, '/sign-in/link/open', 2)
    const renewed = mailed.find((one) => one !== token) ?? ''
    const answer = await browser.post('/sign-in/link/open', { token: renewed })
    expect(answer.headers.get('location')).toBe(`${OWN}/docs`)
  })

  it('speaks the language of its user', async () => {
    const { email } = await signUpUser(app, { locale: 'de' })
    const browser = openBrowser()
    await browser.post('/sign-in/link', { login: email, password: '' })
    const token = await mailedToken(app, email, '/sign-in/link/open')
    const page = await browser.get(`/sign-in/link/open?token=${token}`)
    expect(page.headers.get('content-language')).toBe('de')
    await browser.post('/sign-in/link/open', { token })
    const used = await browser.post('/sign-in/link/open', { token })
    expect(used.headers.get('content-language')).toBe('de')
  })

  it('is no link of the API, nor is one of the API a link of the page', async () => {
    const { email, token } = await ask()
    const shown = await openBrowser().post('/magic-link', { token })
    expect(shown.status).toBe(400)
    await app.fetch('/api/v1/auth/magic/send', json({ email }))
    const other = await mailedToken(app, email, '/magic-link')
    const opened = await openBrowser().post('/sign-in/link/open', { token: other })
    expect([opened.status, opened.headers.getSetCookie()]).toEqual([400, []])
  })

  it('is asked for alike for an address without an account', async () => {
    const answer = await openBrowser().post('/sign-in/link', { login: newEmail(), password: '' })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/sign-in/sent'])
  })
})

/** Each form, and what it would do. */
const FORMS = {
  '/sign-in': { login: 'a@example.test', password: PASSWORD },
  '/sign-in/continue': {},
  '/sign-in/passkey': { credential: '{}', ceremony: 'x' },
  '/sign-in/second-step': { mfa_token: 'x', code: '000000' },
  '/sign-in/link': { login: 'a@example.test' },
  '/sign-in/link/open': { token: 'pot_x' },
  '/sign-in/sso': { login: 'a@example.test' },
  '/sign-up': { email: 'a@example.test', password: PASSWORD },
  '/forgot-password': { email: 'a@example.test' },
  '/sign-out': {},
}

describe.each(Object.entries(FORMS))('the form of %s', (path, fields) => {
  it('is refused from another site, from nowhere, and from another port, without a cookie', async () => {
    const { browser } = path === '/sign-out' ? await signedIn() : { browser: openBrowser() }
    const foreign = [
      { origin: 'https://evil.test' },
      { origin: 'null' },
      { origin: '' },
      { origin: 'http://127.0.0.1:8788' },
      { origin: 'http://localhost:8788' },
      { origin: 'http://localhost:8787.evil.test' },
      { origin: OWN, 'sec-fetch-site': 'cross-site' },
      { origin: OWN, 'sec-fetch-site': 'same-site' },
    ]
    for (const headers of foreign) {
      const answer = await browser.post(
        path,
        path === '/sign-in/passkey' ? { ...fields, credential: ASSERTION } : fields,
        headers,
      )
      expect([headers, answer.status, answer.headers.getSetCookie()]).toEqual([headers, 403, []])
    }
    if (path === '/sign-out') expect(titleOf(await (await browser.get('/sign-in')).text())).toBe('Welcome back')
  })
})

describe('the local service by its other name', () => {
  it('takes its own forms, for browsers have no passkeys at an address; a deployment has one name', async () => {
    const fields = { login: newEmail(), password: PASSWORD }
    const headers = { origin: 'http://localhost:8787', 'cf-connecting-ip': newAddress() }
    expect((await openBrowser().post('/sign-in', fields, headers)).status).toBe(401)
    const deployed = createTestApp({ env: { MODE: 'production', PUBLIC_URL: 'https://127.0.0.1:8787' } })
    for (const origin of ['http://localhost:8787', 'https://localhost:8787'])
      expect((await openBrowser(deployed).post('/sign-in', fields, { ...headers, origin })).status).toBe(403)
  })
})

const ASSERTION = JSON.stringify({
  id: 'AAAA',
  type: 'public-key',
  response: { clientDataJSON: 'AAAA', authenticatorData: 'AAAA', signature: 'AAAA' },
})
