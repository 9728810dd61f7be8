import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { FORMS as ACCOUNT_FORMS } from '../../../src/features/pages/wire/account/forms.ts'
import { FEW_STRANGE, STRANGE } from '../../bad-input/values.ts'
import { env, json } from '../../support/app.ts'
import { newAddress, newEmail, PASSWORD, signUpUser } from '../../support/users.ts'
import { addPasskey } from '../factors/passkeys/support.ts'
import { createClockedSuite, totpAt } from '../factors/totp/support.ts'
import { app, type Browser, COOKIE, fieldOf, OWN, openBrowser, titleOf } from './support.ts'

const FORMS = [
  'profile',
  'email',
  'language',
  'password',
  'start-passkey',
  'start-authenticator',
  'end-others',
  'export',
  'delete',
]

async function signedIn(on: Pick<typeof app, 'fetch'> = app) {
  const user = await signUpUser(app)
  const browser = openBrowser(on)
  await browser.post('/sign-in', { login: user.email, password: PASSWORD }, { 'cf-connecting-ip': newAddress() })
  return { user, browser }
}

const me = async (headers: { authorization: string }) =>
  (await app.fetch('/api/v1/users/me', { headers })).json<Record<string, unknown>>()

const to = (answer: Response): [number, string | null] => [answer.status, answer.headers.get('location')]
const codesIn = (text: string) => [...text.matchAll(/<li>([\w-]{8,})<\/li>/g)].map(([, code]) => code)
const textOf = async (browser: Browser, path: string): Promise<string> => (await browser.get(path)).text()

const SECOND = 1000
const MINUTE = 60 * SECOND
/** As much of one as its kind is known by. */
const PNG = Uint8Array.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', (letter) => letter.charCodeAt(0))

describe('the account', () => {
  it('asks to sign in, and comes back', async () => {
    for (const path of ['/account', '/account/security', '/account/data', '/account/confirm'])
      expect(to(await openBrowser().get(path))).toEqual([
        303,
        `/sign-in?${new URLSearchParams({ return_to: path === '/account/confirm' ? '/account' : path })}`,
      ])
    const asked = await openBrowser().get('/account/data?ui_locales=de')
    expect(asked.headers.get('location')).toBe('/sign-in?ui_locales=de&return_to=%2Faccount%2Fdata%3Fui_locales%3Dde')
  })

  it('shows its parts to whom the browser has signed in, in no window of others, from no cache', async () => {
    const { browser, user } = await signedIn()
    for (const [path, title] of [
      ['/account', 'Profile'],
      ['/account/security', 'Security'],
      ['/account/sessions', 'Devices'],
      ['/account/organizations', 'Organizations'],
      ['/account/data', 'Your data'],
    ] as const) {
      const answer = await browser.get(path)
      expect([path, answer.status, titleOf(await answer.text())]).toEqual([path, 200, title])
      expect(answer.headers.get('cross-origin-opener-policy')).toBe('same-origin')
      expect(answer.headers.get('cache-control')).toBe('no-store')
    }
    expect(await textOf(browser, '/account')).toContain(user.email)
    expect((await browser.get('/account/nothing')).status).toBe(400)
  })

  it('changes what people say of themselves, and shows it escaped', async () => {
    const { browser, user } = await signedIn()
    const name = '"><script>alert(1)</script>'
    const saved = await browser.post('/account/profile', {
      display_name: name,
      first_name: 'Ada',
      last_name: '',
      username: '',
    })
    expect(to(saved)).toEqual([303, '/account?done=saved'])
    expect(await me(user.headers)).toMatchObject({ display_name: name, first_name: 'Ada', last_name: null })
    const page = await textOf(browser, '/account?done=saved')
    expect(page).not.toContain('<script>alert')
    expect(page).toContain('value="&quot;&gt;&lt;script&gt;')
    const wrong = await browser.post('/account/profile', {
      display_name: 'Ada',
      first_name: 'Typed',
      last_name: '',
      username: '1',
    })
    expect([wrong.status, await wrong.text()]).toEqual([422, expect.stringContaining('value="Typed"')])
  })

  it('takes a picture, and says of what is none that it is none', async () => {
    const { browser, user } = await signedIn()
    const wrong = await browser.send('/account/picture', 'image/png', Uint8Array.of(0xff, 0xfe))
    expect([wrong.status, titleOf(await wrong.text())]).toEqual([415, 'Profile'])
    expect(to(await browser.send('/account/picture', 'image/png', PNG))).toEqual([303, '/account?done=saved'])
    expect((await me(user.headers)).profile_image_url).toEqual(expect.stringContaining('/avatars/'))
    expect(to(await browser.post('/account/remove-picture', {}))).toEqual([303, '/account?done=removed'])
    expect((await me(user.headers)).profile_image_url).toBeNull()
  })

  it('speaks the language that was chosen', async () => {
    const { browser } = await signedIn()
    expect(to(await browser.post('/account/language?ui_locales=en', { locale: 'ar' }))).toEqual([
      303,
      '/account?done=saved',
    ])
    expect(await textOf(browser, '/account')).toContain('<html lang="ar" dir="rtl">')
    expect((await browser.post('/account/language', { locale: 'xx' })).status).toBe(422)
  })

  it('changes the password, signs out everywhere else, and keeps this browser', async () => {
    const { browser, user } = await signedIn()
    const next = `${PASSWORD} and more`
    const wrong = await browser.post('/account/password', { current_password: 'wrong', new_password: next })
    const text = await wrong.text()
    expect([wrong.status, text.includes('The password is wrong.'), text.includes(next)]).toEqual([400, true, false])
    const before = browser.jar.get(COOKIE)
    const changed = await browser.post('/account/password', { current_password: PASSWORD, new_password: next })
    expect(to(changed)).toEqual([303, '/account/security?done=password'])
    expect(browser.jar.get(COOKIE)).not.toBe(before)
    expect((await browser.get('/account/security')).status).toBe(200)
    expect((await app.fetch('/api/v1/sessions', { headers: user.headers })).status).toBe(401)
  })

  it('ends a session, and all others', async () => {
    const { browser, user } = await signedIn()
    const { sessions } = await (await app.fetch('/api/v1/sessions', { headers: user.headers })).json<{
      sessions: { id: string; is_current: boolean }[]
    }>()
    const other = sessions.find(({ is_current }) => is_current)
    expect(await textOf(browser, '/account/sessions')).toContain('This browser')
    expect(to(await browser.post('/account/end-session', { id: other?.id ?? '' }))).toEqual([
      303,
      '/account/sessions?done=ended',
    ])
    expect((await app.fetch('/api/v1/sessions', { headers: user.headers })).status).toBe(401)
    expect((await browser.post('/account/end-session', { id: crypto.randomUUID() })).status).toBe(404)
    expect(to(await browser.post('/account/end-others', {}))).toEqual([303, '/account/sessions?done=ended'])
    expect((await browser.get('/account/sessions')).status).toBe(200)
  })

  it('deletes itself only where that is meant', async () => {
    const { browser, user } = await signedIn()
    expect((await browser.post('/account/delete', {})).status).toBe(422)
    const deleted = await browser.post('/account/delete', { sure: 'yes' })
    expect([deleted.status, titleOf(await deleted.text()), browser.jar.size]).toEqual([
      200,
      'Your account is deleted',
      0,
    ])
    expect((await app.fetch('/api/v1/users/me', { headers: user.headers })).status).toBe(401)
  })

  it('makes a copy of the data, for the browser that asked for it', async () => {
    const { browser, user } = await signedIn()
    const ready = await browser.post('/account/export', {})
    const id = /export=([\w-]{36})$/.exec(ready.headers.get('location') ?? '')?.[1] ?? ''
    expect(await textOf(browser, `/account/data?export=${id}`)).toContain(`/account/data/${id}`)
    const exports = async () => {
      const read = "select count(*) as count from events where user_id = ? and type = 'privacy.exported'"
      return (await env.DB.prepare(read).bind(user.user.id).first<{ count: number }>())?.count
    }
    const head = await app.fetch(`/account/data/${id}`, {
      method: 'HEAD',
      redirect: 'manual',
      headers: { cookie: `${COOKIE}=${browser.jar.get(COOKIE)}` },
    })
    expect([head.status, head.headers.get('content-disposition'), await exports()]).toEqual([303, null, 0])
    const copy = await browser.get(`/account/data/${id}`)
    expect(await exports()).toBe(1)
    expect([copy.status, copy.headers.get('content-disposition')]).toEqual([200, expect.stringContaining('attachment')])
    expect(await copy.text()).toContain(user.email)
    const stranger = await signedIn()
    expect((await stranger.browser.get(`/account/data/${id}`)).status).toBe(404)
    expect((await app.fetch(`/account/data/${id}`, { headers: user.headers, redirect: 'manual' })).status).toBe(303)
  })

  it('takes no form of others, and none with a bearer or without a session', async () => {
    const { browser, user } = await signedIn()
    const before = await me(user.headers)
    for (const form of FORMS) {
      for (const headers of [
        { origin: 'https://evil.test' },
        { origin: 'null' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
      ])
        expect([form, (await browser.post(`/account/${form}`, { sure: 'yes' }, headers)).status]).toEqual([form, 403])
      const anonymous = await openBrowser().post(`/account/${form}`, { sure: 'yes' }, user.headers)
      expect([form, anonymous.status, anonymous.headers.get('location')?.startsWith('/sign-in?')]).toEqual([
        form,
        303,
        true,
      ])
    }
    expect(await me(user.headers)).toEqual(before)
    expect((await browser.post('/account/constructor', {})).status).toBe(404)
    expect((await browser.post('/account/nothing', {})).status).toBe(404)
  })

  it('changes nothing of others', async () => {
    const [mine, theirs] = await Promise.all([signedIn(), signedIn()])
    const made = await app.fetch('/api/v1/passkeys', { headers: theirs.user.headers })
    expect(made.status).toBe(200)
    const id = crypto.randomUUID()
    for (const form of ['rename-passkey', 'remove-passkey', 'end-session'])
      expect([form, (await mine.browser.post(`/account/${form}`, { id, name: 'x' })).status]).toEqual([form, 404])
    for (const form of ['leave', 'member-role', 'remove-member', 'hand-over', 'invite', 'join'])
      expect([
        form,
        (
          await mine.browser.post(`/account/${form}`, {
            organization_id: id,
            user_id: theirs.user.user.id,
            role: 'owner',
            email: newEmail(),
          })
        ).status,
      ]).toEqual([form, 403])
  })
})

describe('a fresh factor', () => {
  const suite = createClockedSuite()

  it('is asked for on a page that comes back', async () => {
    const { browser } = await signedIn(suite)
    suite.clock.now += 11 * MINUTE
    const path = '/account/confirm?back=%2Faccount%2Fsecurity&again=yes'
    expect(to(await browser.post('/account/start-authenticator', {}))).toEqual([303, path])
    const page = await textOf(browser, path)
    expect(page).toContain('name="password"')
    const anew = new URLSearchParams({ another: 'yes', return_to: '/account/security?done=again' })
    expect(page).toContain(`href="/sign-in?${anew}"`.replace('&', '&amp;'))
    const wrong = await browser.post(path, { password: 'wrong' })
    expect([wrong.status, await wrong.text()]).toEqual([400, expect.stringContaining('aria-invalid="true"')])
    const before = browser.jar.get(COOKIE)
    expect(to(await browser.post(path, { password: PASSWORD }))).toEqual([303, '/account/security?done=again'])
    expect(await textOf(browser, '/account/security?done=again')).toContain('send the form once more')
    expect(browser.jar.get(COOKIE)).not.toBe(before)
    expect((await browser.post('/account/start-authenticator', {})).status).toBe(200)
  })

  it('is said not to have been taken, by whatever page a form was interrupted', async () => {
    const { browser } = await signedIn(suite)
    suite.clock.now += 11 * MINUTE
    for (const [form, fields, back] of [
      ['delete', { sure: 'yes' }, '/account/data'],
      ['email', { email: newEmail() }, '/account'],
    ] as const) {
      const search = new URLSearchParams({ back, again: 'yes' })
      expect(to(await browser.post(`/account/${form}`, fields))).toEqual([303, `/account/confirm?${search}`])
    }
    const search = new URLSearchParams({ return_to: '/account/data?done=again' })
    expect(to(await openBrowser(suite).post('/account/delete', { sure: 'yes' }))).toEqual([303, `/sign-in?${search}`])
    // Nothing was sent before this.
    expect(to(await browser.post('/account/confirm?back=%2Faccount', { password: PASSWORD }))).toEqual([
      303,
      '/account',
    ])
  })

  it('is another sign-in for whom a passkey, which needs script, leads nowhere', async () => {
    const { browser, user } = await signedIn(suite)
    await addPasskey(user)
    const page = await textOf(browser, '/account/confirm?back=%2Faccount%2Fdata')
    const anew = new URLSearchParams({ another: 'yes', return_to: '/account/data' })
    expect(page).toContain(`href="/sign-in?${anew}"`.replace('&', '&amp;'))
    expect(page).toMatch(/<noscript><p class="note">A passkey needs JavaScript\.<\/p><\/noscript>/)
    expect(page.match(/ autofocus/g)).toHaveLength(1)
  })

  it('marks no field wrong for what is wrong with none', async () => {
    const { browser } = await signedIn(suite)
    const refused = await browser.post('/account/confirm', {})
    expect([refused.status, (await refused.text()).includes('aria-invalid')]).toEqual([400, false])
  })

  it('comes back to the account alone', async () => {
    const { browser } = await signedIn(suite)
    for (const back of [
      '//evil.test',
      'https://evil.test',
      '/\\evil.test',
      '/account/../sign-out',
      '/account//evil.test',
      '',
    ])
      expect(
        to(await browser.post(`/account/confirm?${new URLSearchParams({ back })}`, { password: PASSWORD })),
      ).toEqual([303, '/account'])
  })

  it('is the second one where there is one: an authenticator app from its QR code to its end', async () => {
    const { browser } = await signedIn(suite)
    const started = await (await browser.post('/account/start-authenticator', {})).text()
    const secret = /class="secret" dir="ltr">([A-Z2-7 ]+)</.exec(started)?.[1]?.replaceAll(' ', '') ?? ''
    expect([started.includes('data:image/svg+xml;base64,'), secret.length]).toEqual([true, 32])
    const wrong = await browser.post('/account/confirm-authenticator', { code: '000000' })
    expect([wrong.status, (await wrong.text()).replaceAll(' ', '')]).toEqual([400, expect.stringContaining(secret)])
    const before = openBrowser(suite)
    for (const [name, value] of browser.jar) before.jar.set(name, value)
    const on = await browser.post('/account/confirm-authenticator', { code: totpAt(secret, suite.clock.now) })
    // The cookie moved on once: the one before is that which another tab still has.
    expect((await before.get('/account')).status).toBe(200)
    expect((await browser.get('/account')).status).toBe(200)
    const shown = await on.text()
    expect([on.status, titleOf(shown), codesIn(shown).length]).toEqual([200, 'Backup codes', 10])
    const present = fieldOf(await textOf(browser, '/account/security'), 'present')
    const made = await Promise.all([1, 2].map(() => browser.post('/account/backup-codes', { present })))
    expect(made.map(({ status }) => status).toSorted()).toEqual([200, 409])
    const codes = codesIn((await Promise.all(made.map((answer) => answer.text()))).join(''))
    expect(codes).toHaveLength(10)
    const reloaded = await browser.post('/account/backup-codes', { present })
    expect([reloaded.status, await reloaded.text()]).toEqual([409, expect.stringContaining('made already')])
    const nothing = await browser.post('/account/backup-codes', { present: '' })
    expect([nothing.status, codesIn(await nothing.text())]).toEqual([409, []])
    suite.clock.now += 11 * MINUTE
    expect(to(await browser.post('/account/remove-authenticator', {}))[0]).toBe(303)
    const page = await textOf(browser, '/account/confirm?back=%2Faccount%2Fsecurity')
    expect([page.includes('name="password"'), page.includes('name="code"')]).toEqual([false, true])
    // One of those that were shown last is good.
    await browser.post('/account/confirm', { code: codes[0] ?? '' })
    expect(to(await browser.post('/account/remove-authenticator', {}))).toEqual([303, '/account/security?done=removed'])
    expect((await browser.get('/account/security')).status).toBe(200)
  })
})

describe('the cookie before the present one', () => {
  const suite = createClockedSuite()

  it('shows pages for ten seconds, and does nothing: who has a copy of it gains nothing by what the owner proves', async () => {
    const { browser, user } = await signedIn(suite)
    const thief = openBrowser(suite)
    for (const [name, value] of browser.jar) thief.jar.set(name, value)
    suite.clock.now += 11 * MINUTE
    expect(to(await browser.post('/account/confirm', { password: PASSWORD }))).toEqual([303, '/account'])
    const code_challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    const search = new URLSearchParams({ redirect_to: `${OWN}/x`, code_challenge })
    expect((await thief.get('/account')).status).toBe(200)
    const forms = [
      ['/account/start-authenticator', {}],
      ['/account/profile', { display_name: 'Eve', first_name: '', last_name: '', username: '' }],
      ['/account/end-others', {}],
      ['/account/export', {}],
      ['/account/confirm', { password: PASSWORD }],
      [`/sign-in/continue?${search}`, {}],
    ] as const
    for (const [path, fields] of forms) {
      const answer = await thief.post(path, fields)
      expect([path, ...to(answer)]).toEqual([path, 303, expect.stringMatching(/^\/sign-in\?/)])
      expect(answer.headers.getSetCookie()).toEqual([])
    }
    for (const path of [
      `/account/data/${crypto.randomUUID()}`,
      '/account/linked?code=x',
      `/sign-in/renew?return_to=${OWN}/x`,
    ])
      expect([path, ...to(await thief.get(path))]).toEqual([path, 303, expect.stringMatching(/^\/sign-in\?/)])
    expect((await browser.post('/account/start-authenticator', {})).status).toBe(200)
    const object = (env.USER_AUTHORITY as DurableObjectNamespace).getByName(user.user.id)
    await runInDurableObject(object, (_, { storage }) => {
      storage.sql.exec('update sessions set advanced_at = advanced_at - ?', 11 * SECOND)
    })
    expect((await thief.get('/account')).status).toBe(303)
    expect((await browser.get('/account')).status).toBe(200)
  })
})

describe('a form with strange values', () => {
  const FIELDS = [
    'id',
    'organization_id',
    'user_id',
    'name',
    'display_name',
    'first_name',
    'last_name',
    'username',
    'locale',
  ]
  const OTHER_FIELDS = ['email', 'role', 'provider', 'code', 'credential', 'current_password', 'new_password', 'sure']

  it.each(Object.keys(ACCOUNT_FORMS))('has a page for them: %s', async (form) => {
    const { browser } = await signedIn()
    for (const what of FEW_STRANGE) {
      const value = (STRANGE[what] ?? what).toWellFormed()
      const fields = Object.fromEntries([...FIELDS, ...OTHER_FIELDS].map((name) => [name, value]))
      const answer = await browser.post(`/account/${form}`, fields)
      expect([200, 303, 400, 403, 404, 409, 413, 422, 423, 429], what).toContain(answer.status)
      const page = await answer.text()
      expect([what, page.includes('<script>alert'), page.includes('<img src=x')]).toEqual([what, false, false])
    }
  })

  it('or without any value has a page, too', async () => {
    const { browser } = await signedIn()
    const statuses = []
    for (const form of Object.keys(ACCOUNT_FORMS)) statuses.push((await browser.post(`/account/${form}`, {})).status)
    expect(statuses.every((status) => [200, 303, 400, 404, 422].includes(status))).toBe(true)
    expect((await browser.post('/account/constructor', {})).status).toBe(404)
  })
})

describe('an organization', () => {
  it('shows as much as the role goes', async () => {
    const owner = await signedIn()
    await confirmed(owner.user.user.id)
    const made = await app.fetch(
      '/api/v1/organizations',
      json({ name: 'Engines <i>', slug: `org-${crypto.randomUUID()}` }, owner.user.headers),
    )
    const { id } = await made.json<{ id: string }>()
    const email = newEmail()
    const path = `/account/organizations/${id}`
    const invite = { organization_id: id, email, role: 'member' }
    expect(to(await owner.browser.post('/account/invite', invite))).toEqual([303, `${path}?done=invited`])
    const again = await owner.browser.post('/account/invite', invite)
    expect([again.status, (await again.text()).includes('invited already')]).toEqual([409, true])
    const page = await textOf(owner.browser, path)
    expect([page.includes(email), page.includes('<h1>Engines &lt;i&gt;</h1>')]).toEqual([true, true])
    const last = await owner.browser.post('/account/leave', { organization_id: id })
    expect([last.status, (await last.text()).includes('needs an owner')]).toEqual([400, true])
    await env.DB.prepare('update organizations set require_two_factors = 1 where id = ?').bind(id).run()
    const led = await owner.browser.get(path)
    expect(to(led)).toEqual([303, '/account/security?done=two_factors'])
    expect(await textOf(owner.browser, led.headers.get('location') ?? '')).toContain('needs two factors')
    await env.DB.prepare('update organizations set require_two_factors = 0 where id = ?').bind(id).run()
    const stranger = await signedIn()
    expect((await stranger.browser.get(path)).status).toBe(403)
    expect((await stranger.browser.post('/account/invite', { ...invite, email: newEmail() })).status).toBe(403)
  })
})

async function confirmed(userId: string): Promise<void> {
  const confirm = "update users set email_verified_at = 1, status = 'active' where id = ?"
  await env.DB.prepare(confirm).bind(userId).run()
}
