import { describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { newEmail, signUpUser } from '../../support/users.ts'
import { mailedToken } from './mails.ts'
import { app, post } from './support.ts'

const OWN = 'http://127.0.0.1:8787'
const NAMED = {
  APP_NAME: 'Castle & Co',
  APP_URL: 'https://castle.example.test/start?a=1&b=2',
  PASSWORD_MIN_LENGTH: '12',
}
const named = createTestApp({ env: NAMED })

const look = async (
  path: string,
  { token, headers = {}, on = app }: { token?: string; headers?: Record<string, string>; on?: TestApp },
) => {
  const query = token === undefined ? '' : `?${new URLSearchParams({ token })}`
  const page = await on.fetch(`${path}${query}`, { headers })
  return { status: page.status, language: page.headers.get('content-language'), text: await page.text() }
}

const submit = async (
  path: string,
  fields: Record<string, string>,
  { on = app, headers = {} }: { on?: TestApp; headers?: Record<string, string> } = {},
) => {
  const page = await on.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: OWN, ...headers },
    body: new URLSearchParams(fields).toString(),
  })
  return { status: page.status, language: page.headers.get('content-language'), text: await page.text() }
}

const verifyToken = async (body: Record<string, unknown> = {}) => {
  const { email } = await signUpUser(app, { email: newEmail(), ...body })
  return { email, token: await mailedToken(app, email, '/verify-email') }
}

async function resetToken(): Promise<{ email: string; token: string }> {
  const { email } = await signUpUser(app)
  await post('forgot-password', { email })
  return { email, token: await mailedToken(app, email, '/reset-password') }
}

const headingOf = (text: string): string => /<h1>([^<]*)<\/h1>/.exec(text)?.[1] ?? ''

describe('the language of a page', () => {
  it.each([
    ['de-AT', '', 'de'],
    ['en', 'de', 'en'],
    ['pt-PT', 'de', 'de'],
    [undefined, 'de', 'de'],
    [undefined, 'ja;q=0.9, de-CH;q=0.8, en;q=0.2', 'de'],
    [undefined, 'de;q=0.1, en;q=0.9', 'en'],
    [undefined, 'de;q=0, ja', 'en'],
    // RFC 4647 3.4: a range is cut from its end, single letters too, before the next range is asked.
    [undefined, 'de-Latn-DE-1996, en', 'de'],
    [undefined, 'ja, de-x-private, en', 'de'],
    [undefined, 'DE_at', 'de'],
    [undefined, `${'x'.repeat(5000)}, de`, 'de'],
    [undefined, `de-${'a-'.repeat(100)}b`, 'en'],
    [undefined, ';q=1, __proto__, constructor, de', 'de'],
    [undefined, '*', 'en'],
    [undefined, '', 'en'],
  ])('for a user of locale %j and a browser that accepts %j is %s', async (locale, accepted, language) => {
    const { token } = await verifyToken(locale === undefined ? {} : { locale })
    const page = await look('/verify-email', { token, headers: { 'accept-language': accepted } })
    expect([page.language, page.text.includes(`<html lang="${language}" dir="ltr">`)]).toEqual([language, true])
    expect(headingOf(page.text)).toBe(language === 'de' ? 'Bestätigen Sie Ihre Adresse' : 'Confirm your address')
  })

  it.each([
    ['ui_locales=fr', 'fr', 'ltr', 'Confirmez votre adresse'],
    ['lang=es', 'es', 'ltr', 'Confirme su dirección'],
    ['ui_locales=ja%20fr-CA%20de', 'fr', 'ltr', 'Confirmez votre adresse'],
    ['ui_locales=ar&lang=es', 'ar', 'rtl', 'أكِّد عنوانك'],
    ['ui_locales=%22%3E%3Cscript%3E', 'de', 'ltr', 'Bestätigen Sie Ihre Adresse'],
  ])(
    'is what its address asks for (%s), before its user’s, on the page after its form, too',
    async (query, language, dir, heading) => {
      const { token } = await verifyToken({ locale: 'de' })
      const page = await app.fetch(`/verify-email?token=${token}&${query}`, { headers: { 'accept-language': 'en' } })
      const text = await page.text()
      expect([page.headers.get('content-language'), page.headers.get('vary')]).toEqual([
        language,
        expect.stringContaining('Accept-Language'),
      ])
      expect(text).toContain(`<html lang="${language}" dir="${dir}">`)
      expect(headingOf(text)).toBe(heading)
      const action = /<form method="post" action="([^"]+)"/.exec(text)?.[1] ?? ''
      expect(action).toBe(`/verify-email?ui_locales=${language}`)
      expect((await submit(action, { token, answer: 'yes' })).language).toBe(language)
    },
  )

  it('is DEFAULT_LOCALE where nobody asks for one that there is', async () => {
    const spanish = createTestApp({ env: { DEFAULT_LOCALE: 'es' } })
    expect((await look('/verify-email', { on: spanish, headers: { 'accept-language': 'ja' } })).language).toBe('es')
    expect((await look('/verify-email', { on: spanish, headers: { 'accept-language': 'en' } })).language).toBe('en')
    const unknown = createTestApp({ env: { DEFAULT_LOCALE: 'ja' } })
    expect((await look('/verify-email', { on: unknown })).language).toBe('en')
  })

  it('is the user’s on the page after the form, and in a refusal', async () => {
    const { email, token } = await verifyToken({ locale: 'de' })
    const done = await submit('/verify-email', { token, answer: 'yes' }, { headers: { 'accept-language': 'en' } })
    expect([done.language, headingOf(done.text)]).toEqual(['de', 'Adresse bestätigt'])
    await post('forgot-password', { email })
    const reset = await mailedToken(app, email, '/reset-password')
    const weak = await submit('/reset-password', { token: reset, new_password: 'password123' })
    expect(weak.text).toContain('zu leicht zu erraten')
  })

  it('is the browser’s where no link says whose page it is', async () => {
    const page = await look('/verify-email', { headers: { 'accept-language': 'de' } })
    expect([page.status, page.language, headingOf(page.text)]).toEqual([400, 'de', 'Dieser Link ist unvollständig'])
  })
})

describe('the deployment', () => {
  it('is named on every page, and linked where its address is known', async () => {
    const { token } = await verifyToken()
    const plain = await look('/verify-email', { token })
    expect(plain.text).toContain('<title>Confirm your address · Postern</title>')
    expect(plain.text).toContain('<header>Postern</header>')
    const linked = await look('/verify-email', { token, on: named })
    expect(linked.text).toContain('<title>Confirm your address · Castle &amp; Co</title>')
    expect(linked.text).toContain(
      '<header><a href="https://castle.example.test/start?a=1&amp;b=2">Castle &amp; Co</a></header>',
    )
  })

  it('is where the last page leads, or that page can be closed', async () => {
    const way = '<a class="button" href="https://castle.example.test/start?a=1&amp;b=2">Continue to Castle &amp; Co</a>'
    const [first, second] = [await resetToken(), await resetToken()]
    const body = { new_password: 'A-third-good-passw0rd' }
    expect((await submit('/reset-password', { token: first.token, ...body }, { on: named })).text).toContain(way)
    const closed = await submit('/reset-password', { token: second.token, ...body })
    expect(closed.text).toContain('You can close this page.')
    expect(/<body.*/s.exec(closed.text)?.[0]).not.toContain('href=')
  })
})

describe('the form of a new password', () => {
  it('names the rule of the settings before, and the account for password managers', async () => {
    const { email, token } = await resetToken()
    const { text } = await look('/reset-password', { token, on: named })
    expect(text).toMatch(/<label for="password">New password<\/label>\s*<input id="password" [^>]*minlength="12"/)
    expect(text).toMatch(/id="password" [^>]*aria-describedby="rule"/)
    expect(text).toMatch(/id="rule">At least 12 characters\./)
    expect(text).toContain(`autocomplete="username" value="${email}" readonly`)
  })

  it('says what was wrong in a text that has the focus and describes the field, for a short password too', async () => {
    const { token } = await resetToken()
    for (const [new_password, says] of [
      ['Eleven-4-12', 'too short: it needs at least 12 characters'],
      ['x', 'too short'],
      ['password1234', 'too easy to guess'],
    ] as const) {
      const { status, text } = await submit('/reset-password', { token, new_password }, { on: named })
      expect(status).toBe(400)
      expect(
        /<p class="problem" id="problem" role="alert" tabindex="-1" autofocus="">([^<]*)</.exec(text)?.[1],
      ).toContain(says)
      expect(text).toMatch(/id="password" [^>]*aria-invalid="true" aria-describedby="problem rule"/)
    }
    expect(
      (await submit('/reset-password', { token, new_password: 'A-third-good-passw0rd' }, { on: named })).status,
    ).toBe(200)
  })

  it('has a button that shows it once there is script', async () => {
    const { token } = await resetToken()
    const { text } = await look('/reset-password', { token })
    expect(text).toMatch(/<button class="show" type="button" aria-controls="password" aria-pressed="false" hidden="">/)
  })
})

describe('a link that does not work', () => {
  const later = createTestApp({ override: (ctx) => ({ ...ctx, now: () => Date.now() + 3_600_001 }) })

  it.each(['', 'x', `pot_${'A'.repeat(42)}`, `pot_${'A'.repeat(44)}`])('is incomplete: %j', async (token) => {
    const page = await look('/reset-password', { token })
    expect([page.status, headingOf(page.text)]).toEqual([400, 'This link is incomplete'])
    expect(page.text).not.toContain('/new-link')
  })

  it('is unknown where there is none of the kind', async () => {
    const { token } = await verifyToken()
    for (const unknown of [`pot_${'A'.repeat(43)}`, token]) {
      const page = await look('/reset-password', { token: unknown })
      expect([page.status, headingOf(page.text)]).toEqual([400, 'This link does not work'])
      expect(page.text).not.toContain('/new-link')
    }
  })

  it('was used before', async () => {
    const { token } = await resetToken()
    await submit('/reset-password', { token, new_password: 'A-third-good-passw0rd' })
    for (const page of [
      await look('/reset-password', { token }),
      await submit('/reset-password', { token, new_password: 'A-third-good-passw0rd' }),
    ])
      expect([page.status, headingOf(page.text)]).toEqual([400, 'This link was used before'])
  })

  it('has expired, and says when', async () => {
    const { token } = await resetToken()
    const page = await look('/reset-password', { token, on: later })
    expect([page.status, headingOf(page.text)]).toEqual([400, 'This link has expired'])
    expect(page.text).toMatch(/It worked until .* UTC\./)
  })

  it('is older than the newest', async () => {
    const { email, token } = await resetToken()
    await post('forgot-password', { email })
    await mailedToken(app, email, '/reset-password', 2)
    const page = await look('/reset-password', { token })
    expect([page.status, headingOf(page.text)]).toEqual([400, 'There is a newer link'])
  })

  it('is void since the account has changed', async () => {
    const account = await signUpUser(app)
    await post('forgot-password', { email: account.email })
    const token = await mailedToken(app, account.email, '/reset-password')
    const change = { current_password: account.password, new_password: 'A-third-good-passw0rd' }
    expect((await post('password/change', change, account.headers)).status).toBe(200)
    const page = await look('/reset-password', { token })
    expect([page.status, headingOf(page.text)]).toEqual([400, 'This link no longer works'])
  })

  it('is told apart on its page alone: the API answers every bad token alike', async () => {
    const { token } = await resetToken()
    await submit('/reset-password', { token, new_password: 'A-third-good-passw0rd' })
    const messages = await Promise.all(
      [token, 'x', `pot_${'A'.repeat(43)}`].map(async (bad) => {
        const answer = await post('reset-password', { token: bad, new_password: 'A-third-good-passw0rd' })
        return (await answer.json<{ message: string }>()).message
      }),
    )
    expect(new Set(messages).size).toBe(1)
  })
})

describe('a new link for an old one', () => {
  const kinds: readonly (readonly [string, string])[] = [
    ['forgot-password', '/reset-password'],
    ['resend-verification', '/verify-email'],
    ['magic-link', '/magic-link'],
  ]

  it.each(kinds)('of %s is offered, and mailed to the address that had it', async (ask, path) => {
    const { email } = await signUpUser(app)
    await mailedToken(app, email, '/verify-email')
    await post(ask, { email })
    const count = path === '/verify-email' ? 2 : 1
    const old = await mailedToken(app, email, path, count)
    const far = createTestApp({ override: (ctx) => ({ ...ctx, now: () => Date.now() + 49 * 3_600_000 }) })
    const page = await look(path, { token: old, on: far })
    expect(page.text).toMatch(
      /<form method="post" action="\/new-link">\s*<input type="hidden" name="token" value="pot_/,
    )
    const sent = await submit('/new-link', { token: old })
    expect([sent.status, headingOf(sent.text)]).toEqual([200, 'Look into your mailbox'])
    const fresh = await mailedToken(app, email, path, count + 1)
    expect((await look(path, { token: fresh })).status).toBe(200)
    expect(headingOf((await look(path, { token: old })).text)).toBe('There is a newer link')
  })

  it('is for whoever has the old one, from our own page, and for no other kind of token', async () => {
    const { token } = await resetToken()
    expect((await submit('/new-link', { token }, { headers: { origin: 'https://evil.test' } })).status).toBe(403)
    for (const bad of ['x', `pot_${'A'.repeat(43)}`])
      expect((await submit('/new-link', { token: bad })).status).toBe(400)
    const account = await signUpUser(app)
    await post('forgot-password', { email: account.email })
    await submit('/reset-password', {
      token: await mailedToken(app, account.email, '/reset-password'),
      new_password: 'A-third-good-passw0rd',
    })
    const report = await mailedToken(app, account.email, '/report-activity')
    expect((await submit('/new-link', { token: report })).status).toBe(400)
  })
})

describe('a failure that is not the link’s', () => {
  it('is told in the reader’s language, without the words of the API', async () => {
    const page = await submit(
      '/reset-password',
      { token: 'x', new_password: 'y' },
      { headers: { origin: 'https://evil.test', 'accept-language': 'de' } },
    )
    expect([page.status, headingOf(page.text)]).toEqual([403, 'Das hat nicht funktioniert'])
    expect(page.text).toContain('nicht von einer unserer Seiten gesendet')
  })
})
