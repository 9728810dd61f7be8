import bcrypt from 'bcryptjs'
import { describe, expect, it } from 'vitest'
import { listRoutes } from '../../src/app.ts'
import { createUser } from '../../src/features/users/service/users.ts'
import type { Route } from '../../src/http/router.ts'
import { newUuid } from '../../src/lib/ids.ts'
import { createTestApp, env, json } from '../support/app.ts'
import { createTestServer } from '../support/server.ts'
import { newAddress, newEmail, PASSWORD } from '../support/users.ts'
import { testRoutes } from './routes-of-tests.ts'

const EVIL = 'https://evil.example'
const OWN = 'https://app.example.test'
const app = createTestApp({
  env: { CORS_ORIGINS: `${OWN}, capacitor://localhost, ionic://localhost, tauri://localhost` },
})

/** What a page can have a browser send without asking: a form's post, or `fetch` with `no-cors` and no content type. */
const fromPage = (headers: Record<string, string>, body: unknown = {}): RequestInit => ({
  method: 'POST',
  headers: { 'cf-connecting-ip': newAddress(), ...headers },
  body: new Blob([JSON.stringify(body)]),
})

/** Routes that pages of any site may send something to, and why. Reviewed by hand. */
const FOR_ANY_SITE: Readonly<Record<string, string>> = {
  'POST /validate': 'a check of an access token counts nothing',
  'POST /api/v1/auth/validate': 'a check of an access token counts nothing',
  'POST /api/v1/sso/oidc/callback':
    "where an organization's provider sends the browser back to, with a form; a state and its browser are needed",
  'POST /api/v1/sso/oidc/callback/:config_id': 'as /api/v1/sso/oidc/callback, of one connection',
  'POST /api/v1/sso/saml/acs':
    "where the provider's page posts its answer; a state, its browser and a signature are needed",
  'POST /api/v1/sso/saml/slo': "where the provider's page posts a logout; its signature is the authority",
  'POST /api/v1/oauth/:provider/callback':
    'where Apple sends the browser back to, with a form; a state and its browser are needed',
}

const nameOf = ({ method, path }: Pick<Route, 'method' | 'path'>): string => `${method} ${path}`

describe("another site's page", () => {
  const changing = listRoutes().filter(({ method }) => method !== 'GET')
  const isRefusedAt = async ({ method, path }: Route): Promise<boolean> => {
    const headers = { origin: EVIL, 'sec-fetch-site': 'cross-site' }
    const answer = await app.fetch(path.replace(/:\w+/g, newUuid()), { ...fromPage(headers), method })
    const text = await answer.text()
    // A page says it in a sentence, without the origin.
    const saysWhy = text.includes(EVIL) || text.includes('The form was not sent by a page of ours.')
    // Before anything is counted: no tier of the rate limits either.
    return answer.status === 403 && saysWhy && !answer.headers.has('x-ratelimit-remaining')
  }

  it('reaches no route that changes, checks or mails anything, on any surface', async () => {
    const reached: string[] = []
    for (const route of changing) if (!(await isRefusedAt(route))) reached.push(nameOf(route))
    expect(reached.sort()).toEqual(Object.keys(FOR_ANY_SITE).sort())
  })

  it('is told which origin was refused, and which setting would take it', async () => {
    const answer = await app.fetch('/api/v1/auth/signin', fromPage({ origin: EVIL, 'sec-fetch-site': 'cross-site' }))
    expect([answer.status, await answer.json()]).toMatchObject([
      403,
      { code: 'ORIGIN_NOT_ALLOWED', message: `The origin ${EVIL} is not in CORS_ORIGINS`, details: { origin: EVIL } },
    ])
  })

  it('locks its visitor out of nothing', async () => {
    const { id, email } = await createUser(await app.ctx(), {
      email: newEmail(),
      passwordHash: await bcrypt.hash(PASSWORD, 4),
    })
    const address = newAddress()
    const headers = { origin: EVIL, 'sec-fetch-site': 'cross-site', 'cf-connecting-ip': address }
    for (const path of ['/api/v1/auth/signin', '/auth/login', '/token', '/api/v1/auth/login', '/vendor/login'])
      for (const _guess of [1, 2])
        expect((await app.fetch(path, fromPage(headers, { email, username: email, password: 'wrong' }))).status).toBe(
          403,
        )
    const guard = (await app.ctx()).objects.guard(id)
    expect((await guard.status({ account: id })).failedAttempts).toBe(0)
    const mailed = await app.fetch('/api/v1/auth/magic-link', fromPage(headers, { email }))
    expect(mailed.status).toBe(403)
    await app.settled()
    expect(await env.DB.prepare('select id from mails where recipient = ?').bind(email).all()).toMatchObject({
      results: [],
    })
    const own = { origin: OWN, 'cf-connecting-ip': address }
    expect((await app.fetch('/api/v1/auth/signin', json({ email, password: PASSWORD }, own))).status).toBe(200)
  })
})

describe('the site that a request comes from', () => {
  const server = createTestServer({ routes: testRoutes, env: { MODE: 'local', CORS_ORIGINS: OWN } })
  const send = async (headers: Record<string, string>) => (await server.fetch('/t/echo', json({}, headers))).status

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: EVIL }],
    ['a sibling', { 'sec-fetch-site': 'same-site', origin: 'https://blog.example.test' }],
    ['a sandbox', { 'sec-fetch-site': 'cross-site', origin: 'null' }],
    ['a page that hides its origin', { 'sec-fetch-site': 'cross-site' }],
    ['an older browser', { origin: EVIL }],
    ['a sandbox in an older browser', { origin: 'null' }],
    ['a browser that says something new', { 'sec-fetch-site': 'somewhere', origin: EVIL }],
    ['a name that begins as ours does', { origin: `${OWN}.evil.example` }],
  ])('is refused when it is %s', async (_who, headers) => {
    expect(await send(headers as Record<string, string>)).toBe(403)
  })

  it.each([
    ['a program', {}],
    ['a configured origin', { 'sec-fetch-site': 'cross-site', origin: OWN }],
    ['a configured sibling', { 'sec-fetch-site': 'same-site', origin: OWN }],
    ['a configured origin in an older browser', { origin: OWN }],
    ['an application that has us behind its own host', { 'sec-fetch-site': 'same-origin', origin: 'https://a.test' }],
    ['the person at the browser', { 'sec-fetch-site': 'none' }],
  ])('passes when it is %s', async (_who, headers) => {
    expect(await send(headers as Record<string, string>)).toBe(200)
  })

  it.each(['capacitor://localhost', 'ionic://localhost', 'tauri://localhost'])(
    'passes when it is the shell of an app: %s',
    async (origin) => {
      const answer = await app.fetch('/api/v1/auth/signin', fromPage({ origin, 'sec-fetch-site': 'cross-site' }))
      expect(answer.status).toBe(422)
    },
  )

  it('does not matter to links: they are followed from mails', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    expect((await server.fetch('/t/things/3d0ca315-aff9-4fc2-be61-3b76b9a2d798', { headers })).status).toBe(200)
  })
})
