import { describe, expect, it } from 'vitest'
import { createTestApp, env, json } from '../../support/app.ts'
import { PAGE_POLICY } from '../../support/pages.ts'
import { newEmail } from '../../support/users.ts'
import { BROWSER, linkFor, open, PAGE, send, submit, verifiedUser } from './magic-link-support.ts'
import { mailedToken } from './mails.ts'
import { answerOf, app, post } from './support.ts'

describe('the page of a link', () => {
  it('redeems nothing when it is opened, by a browser, a scanner or a HEAD request', async () => {
    const { email } = await verifiedUser()
    const token = await linkFor(email)
    const looks: readonly (readonly [Record<string, string>, string, string])[] = [
      [BROWSER, '/api/v1/auth/magic/verify', 'GET'],
      [BROWSER, PAGE, 'GET'],
      [{}, PAGE, 'GET'],
      [{ accept: '*/*' }, PAGE, 'GET'],
      [{}, PAGE, 'HEAD'],
      [{}, '/api/v1/auth/magic/verify', 'HEAD'],
      [{ accept: 'application/json' }, PAGE, 'HEAD'],
    ]
    for (const [headers, path, method] of looks) {
      const page = await open(token, headers, path, method)
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
      expect(page.headers.get('cache-control')).toBe('no-store')
      expect(page.headers.get('referrer-policy')).toBe('same-origin')
      expect(page.headers.get('content-security-policy')).toBe(PAGE_POLICY)
    }
    expect((await open(token)).status).toBe(200)
  })

  it('shows the address, and gives a code that the application redeems once', async () => {
    const { email } = await verifiedUser()
    const [, { binding }] = await send(email)
    const token = await mailedToken(app, email, PAGE)
    expect(await (await open(token, BROWSER)).text()).toContain(`<strong>${email}</strong>`)
    const page = await submit(token)
    expect(page.status).toBe(200)
    const [, code = ''] = /<code>([^<]+)<\/code>/.exec(await page.text()) ?? []
    expect((await submit(token)).status).toBe(400)
    expect((await submit(code)).status).toBe(400)
    expect((await post('magic-link/verify', { token: code, binding })).status).toBe(200)
    expect((await post('magic-link/verify', { token: code, binding })).status).toBe(400)
  })

  it('confirms once of four submissions at once', async () => {
    const { email } = await verifiedUser()
    const token = await linkFor(email)
    const all = await Promise.all([1, 2, 3, 4].map(() => submit(token)))
    expect(all.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400])
  })

  it.each([
    ['another site', { origin: 'https://evil.test' }],
    ['a sandboxed page', { origin: 'null' }],
    ['nobody who says so', {}],
    ['our name over plain HTTP of another port', { origin: 'http://127.0.0.1:9999' }],
    ['a site of the same registrable domain', { origin: 'http://127.0.0.1:8787', 'sec-fetch-site': 'same-site' }],
  ])('refuses the form of %s, and the link stays valid', async (_name, headers) => {
    const { email } = await verifiedUser()
    const token = await linkFor(email)
    const answer = await submit(token, headers as Record<string, string>)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8'])
    expect((await submit(token)).status).toBe(200)
  })

  it('is a page too when the link is invalid, and echoes nothing of it', async () => {
    const page = await app.fetch(`${PAGE}?token=%3Cscript%3Ealert(1)%3C/script%3E`)
    expect([page.status, page.headers.get('content-type')]).toEqual([400, 'text/html; charset=utf-8'])
    expect(await page.text()).not.toContain('script')
  })
})

async function newestLinkTo(email: string): Promise<{ redirectUrl: string | null } | null> {
  const { results } = await env.DB.prepare(
    "select data from one_time_tokens where purpose = 'magic_link' and email = ? order by rowid desc limit 1",
  )
    .bind(email)
    .all<{ data: string }>()
  return JSON.parse(results[0]?.data ?? 'null')
}

describe('the redirect to an application', () => {
  const trusting = createTestApp({ env: { REDIRECT_ORIGINS: 'https://app.example.test' } })
  const back = 'https://app.example.test/in?next=%2Fhome'

  it('carries a code instead of tokens, and is no redirect of the form', async () => {
    const { email } = await verifiedUser()
    expect((await send(email, { redirect_url: back }, trusting))[0]).toBe(200)
    const token = await mailedToken(app, email, PAGE)
    const page = await trusting.fetch(`${PAGE}?token=${token}`)
    // Browsers hold a form to the policy through every redirect that follows: so there is none.
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self';")
    const form = {
      method: 'POST',
      headers: { origin: 'http://127.0.0.1:8787', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token }).toString(),
    }
    const answer = await trusting.fetch(PAGE, form)
    const [, address = ''] = /^0; url=(.*)$/.exec(answer.headers.get('refresh') ?? '') ?? []
    const location = new URL(address)
    expect([answer.status, location.origin, location.pathname]).toEqual([200, 'https://app.example.test', '/in'])
    expect(await answer.text()).toContain(`href="${address.replaceAll('&', '&amp;')}"`)
    expect(location.searchParams.get('next')).toBe('/home')
    const code = location.searchParams.get('token') ?? ''
    expect(code).not.toBe(token)
    expect((await post('magic-link/verify', { token: code })).status).toBe(200)
    expect((await post('magic-link/verify', { token: code })).status).toBe(400)
  })

  it('is kept by a link that is sent again, unless another is given', async () => {
    const { email } = await verifiedUser()
    const again = (body: Record<string, unknown> = {}) =>
      answerOf(trusting.fetch('/api/v1/auth/magic-link/resend', json({ email, ...body })))
    await send(email, { redirect_url: back }, trusting)
    await mailedToken(app, email, PAGE)
    const ways: (string | null)[] = []
    for (const [count, body] of [
      [2, {}],
      [3, {}],
      [4, { redirect_url: 'https://app.example.test/other' }],
    ] as const) {
      expect((await again(body))[0]).toBe(200)
      await mailedToken(app, email, PAGE, count)
      ways.push((await newestLinkTo(email))?.redirectUrl ?? null)
    }
    expect(ways).toEqual([back, back, 'https://app.example.test/other'])
    // A new request is a new one, and an old request is forgotten.
    expect((await send(email))[0]).toBe(200)
    await mailedToken(app, email, PAGE, 5)
    expect((await newestLinkTo(email))?.redirectUrl).toBe(null)
  })

  it('is not kept once its origin is no longer allowed, or when the link is an hour old', async () => {
    const { email } = await verifiedUser()
    await send(email, { redirect_url: back }, trusting)
    await mailedToken(app, email, PAGE)
    expect((await answerOf(app.fetch('/api/v1/auth/magic-link/resend', json({ email }))))[0]).toBe(200)
    expect((await submit(await mailedToken(app, email, PAGE, 2))).status).toBe(200)
    await send(email, { redirect_url: back }, trusting)
    await mailedToken(app, email, PAGE, 3)
    const later = createTestApp({
      env: { REDIRECT_ORIGINS: 'https://app.example.test' },
      override: (ctx) => ({ ...ctx, now: () => Date.now() + 3_600_001 }),
    })
    await later.fetch('/api/v1/auth/magic-link/resend', json({ email }))
    await mailedToken(app, email, PAGE, 4)
    expect((await newestLinkTo(email))?.redirectUrl).toBe(null)
  })

  it('is refused when its origin is no longer allowed', async () => {
    const { email } = await verifiedUser()
    await send(email, { redirect_url: back }, trusting)
    expect((await submit(await mailedToken(app, email, PAGE))).status).toBe(400)
  })

  it.each([
    'https://evil.test',
    'https://app.example.test.evil.test/',
    'https://app.example.test@evil.test/',
    'https://app.example.test:444/',
    'http://app.example.test/',
    '//app.example.test/',
    '/local',
    'https:\\\\app.example.test',
    'https://evil.test\\@app.example.test',
    'https://app.example.test/\r\nx: y',
    ' https://app.example.test/',
    'https://user:pw@app.example.test/',
    'javascript:alert(1)//https://app.example.test',
    'data:text/html,x',
    'https://аpp.example.test/',
  ])('leads to no other site: %j', async (redirect_url) => {
    expect(await send(newEmail(), { redirect_url }, trusting)).toMatchObject([400, { code: 'REDIRECT_NOT_ALLOWED' }])
  })

  it.each(['https://app.example.test', 'http://127.0.0.1:8787/x', 'http://localhost:3000/callback'])(
    'leads to origins that are configured, and to loopback in local mode: %s',
    async (redirect_url) => {
      expect((await send(newEmail(), { redirect_url }, trusting))[0]).toBe(200)
    },
  )
})
