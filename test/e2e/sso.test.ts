import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt } from 'jose'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { answerOf, bearer, PASSWORD, post, refresh, type SignedIn, signUp } from './support/api.ts'
import { startApplication } from './support/application.ts'
import { CHROMIUM, launchBrowser } from './support/browser.ts'
import { canRun, startGateway } from './support/gateways.ts'
import { mailedLink } from './support/mailbox.ts'
import { type OpenidProvider, startOpenidProvider } from './support/openid-provider.ts'
import { freePort } from './support/ports.ts'
import { type OwnPostern, startOwnPostern } from './support/postern.ts'
import { subscribe } from './support/subscriber.ts'
import { codeOf, enrol, OATHTOOL } from './support/totp.ts'

const DOMAIN = `engines-${randomUUID().slice(0, 8)}.test`

/** TXT records, as DNS over HTTPS has them in JSON. */
const records = new Map<string, string>()
const servers: Server[] = []

async function serve(answer: Parameters<typeof createServer>[1]): Promise<number> {
  const server = createServer(answer as never)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** A resolver; the service asks two, which must agree. */
const serveDns = async (): Promise<string> => {
  const port = await serve(({ url = '' }, response) => {
    const name = new URL(url, 'http://localhost').searchParams.get('name') ?? ''
    const value = records.get(name)
    const Answer = value === undefined ? [] : [{ name: `${name}.`, type: 16, TTL: 60, data: `"${value}"` }]
    response.setHeader('content-type', 'application/dns-json').end(JSON.stringify({ Status: 0, TC: false, Answer }))
  })
  return `http://127.0.0.1:${port}/dns-query`
}

let provider: OpenidProvider
let postern: OwnPostern
let returnTo: string

const isUsable = CHROMIUM !== undefined && OATHTOOL !== undefined

describe.skipIf(!isUsable)('single sign-on of an organization (needs the programs chromium and oathtool)', () => {
  let browser: Browser

  beforeAll(async () => {
    const port = await freePort()
    // The application and the provider are of another site than the service.
    const app = await serve((_, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>Application</title>')
    })
    returnTo = `http://localhost:${app}/signed-in`
    const resolvers = await Promise.all([serveDns(), serveDns()])
    const callback = `http://127.0.0.1:${port}/api/v1/sso/oidc/callback`
    ;[provider, postern, browser] = await Promise.all([
      startOpenidProvider({ redirectUris: [callback], host: 'localhost' }),
      startOwnPostern(inject('checkout'), {
        PORT: String(port),
        REDIRECT_ORIGINS: new URL(returnTo).origin,
        DOH_URLS: resolvers.join(),
      }),
      launchBrowser(),
    ])
  }, 120_000)

  afterAll(async () => {
    await Promise.all([browser?.close(), postern?.stop(), provider?.stop()])
    for (const server of servers) server.close()
  })

  const ask = <T>(token: string, method: string, path: string, body: unknown, status = 200): Promise<T> =>
    answerOf(
      fetch(`${postern.origin}/api/v1${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...bearer(token) },
        body: JSON.stringify(body),
      }),
      status,
    )

  async function withPage<T>(work: (page: Page) => Promise<T>): Promise<T> {
    const context = await browser.newContext({ locale: 'en' })
    try {
      return await work(await context.newPage())
    } finally {
      await context.close()
    }
  }

  const login = (email: string) =>
    `${postern.origin}/api/v1/sso/login?${new URLSearchParams({ email, redirect_to: returnTo })}`

  /** A browser that knows nothing but the address ends at the application. */
  const signInBy = (email: string): Promise<URL> =>
    withPage(async (page) => {
      await page.goto(login(email))
      await page.waitForURL((url) => url.href.startsWith(returnTo))
      return new URL(page.url())
    })

  interface Exchanged {
    readonly access_token: string
    readonly refresh_token: string
    readonly user: { readonly id: string; readonly email: string }
    readonly is_new_user: boolean
  }

  const exchange = (end: URL): Promise<Exchanged> =>
    answerOf(post(postern.origin, '/api/v1/oauth/exchange', { code: end.searchParams.get('code') }), 200)

  const orgOf = ({ access_token: token }: { access_token: string }) => decodeJwt(token).org_id

  const refusedBy = async (asked: Promise<Response>) => {
    const answer = await asked
    const { code, details } = (await answer.json()) as { code: string; details: { authorization_url?: string } }
    return [answer.status, code, details.authorization_url]
  }

  /** Of the first test, for those behind it. */
  let place: { readonly id: string; readonly ownerToken: string }

  async function signUpOwner(): Promise<SignedIn> {
    const owner = await signUp(postern.origin, `owner@${DOMAIN}`)
    const link = new URL(await mailedLink(postern.origin, owner.email, '/verify-email'))
    const proof = { token: link.searchParams.get('token') }
    await answerOf(post(postern.origin, '/api/v1/auth/verify-email', proof, bearer(owner.access_token)), 200)
    return owner
  }

  it('is proved, configured, tested, required, used by address alone, and passed by an owner who breaks the glass', async () => {
    const owner = await signUpOwner()
    const token = owner.access_token
    const { id } = await ask<{ id: string }>(
      token,
      'POST',
      '/organizations',
      { name: 'Engines', slug: DOMAIN.slice(0, -5) },
      201,
    )

    const domains = `/organizations/${id}/domains`
    const { record } = await ask<{ record: { name: string; value: string } }>(
      token,
      'POST',
      domains,
      { domain: DOMAIN },
      201,
    )
    await ask(token, 'POST', `${domains}/${DOMAIN}/verify`, {}, 400)
    records.set(record.name, record.value)
    expect(await ask(token, 'POST', `${domains}/${DOMAIN}/verify`, {})).toMatchObject({ status: 'verified' })

    const configuration = await ask<{ id: string; redirect_uri: string; status: string }>(
      token,
      'POST',
      `/sso/configurations?organization_id=${id}`,
      {
        provider: 'oidc',
        oidc_issuer: provider.issuer,
        oidc_client_id: provider.clientId,
        oidc_client_secret: provider.clientSecret,
      },
      201,
    )
    expect(configuration).toMatchObject({
      status: 'active',
      redirect_uri: `${postern.origin}/api/v1/sso/oidc/callback`,
    })
    expect(await ask(token, 'POST', '/sso/test', { configuration_id: configuration.id })).toMatchObject({
      success: true,
    })

    // Nobody requires it before an owner has got in through it.
    await ask(token, 'PUT', `/organizations/${id}/sso-policy`, { required: true }, 409)
    const bySso = await exchange(await signInBy(owner.email))
    expect([bySso.user.id, bySso.is_new_user, orgOf(bySso)]).toEqual([owner.userId, false, id])
    // A second factor that is younger than the policy breaks no glass.
    const { secret } = await enrol(postern.origin, token)
    const renewed = await refresh(postern.origin, owner)
    await ask(renewed.access_token, 'PUT', `/organizations/${id}/sso-policy`, { required: true })

    const ada = await exchange(await signInBy(`ada@${DOMAIN}`))
    expect([ada.is_new_user, orgOf(ada)]).toEqual([true, id])
    const check = await fetch(`${postern.origin}/validate?org=${id}`, { headers: bearer(ada.access_token) })
    expect([check.status, check.headers.get('x-auth-org-role')]).toEqual([200, 'member'])

    const required = (email: string) => [
      403,
      'SSO_REQUIRED',
      `${postern.origin}/api/v1/sso/login?${new URLSearchParams({ email })}`,
    ]
    const tried = [
      [owner.email, 'not the password'],
      [`ada@${DOMAIN}`, PASSWORD],
      [`nobody@${DOMAIN}`, PASSWORD],
    ] as const
    for (const [email, password] of tried)
      expect(await refusedBy(post(postern.origin, '/api/v1/auth/signin', { email, password }))).toEqual(required(email))

    // The owner's session of before is in no organization, and goes on.
    const plain = await refresh(postern.origin, renewed)
    expect(orgOf(plain)).toBeNull()
    const { mfa_token } = await answerOf<{ mfa_token: string }>(
      post(postern.origin, '/api/v1/auth/signin', { email: owner.email, password: PASSWORD }),
      200,
    )
    const code = await codeOf(secret, 30)
    const broken = await answerOf<{ access_token: string }>(
      post(postern.origin, '/api/v1/mfa/challenge/verify', { mfa_token, code }),
      200,
    )
    expect(orgOf(broken)).toBe(id)
    place = { id, ownerToken: broken.access_token }
    await vi.waitFor(
      async () => {
        const mailbox = await fetch(`${postern.origin}/dev/mailbox?to=${encodeURIComponent(owner.email)}`)
        const mails = (await mailbox.json()) as { subject: string }[]
        expect(mails.map(({ subject }) => subject).join('\n')).toContain('without its identity provider')
      },
      { timeout: 15_000, interval: 100 },
    )
  })

  it.skipIf(!canRun('nginx'))(
    'ends everywhere within 5 seconds when a directory deactivates the person, and begins again with the record (needs nginx)',
    async () => {
      const application = await startApplication()
      const gateway = await startGateway('nginx', { postern: postern.port, application: application.port })
      try {
        const { id, ownerToken } = place
        const config = await ask<{ base_url: string; bearer_token: string }>(
          ownerToken,
          'POST',
          `/organizations/${id}/scim/config`,
          { provider: 'okta', role_mapping: [{ group: 'Engineers', role: 'admin' }] },
          201,
        )
        const scim = (method: string, path: string, body: object) =>
          fetch(`${config.base_url}${path}`, {
            method,
            headers: { 'content-type': 'application/scim+json', ...bearer(config.bearer_token) },
            ...(method === 'DELETE' ? {} : { body: JSON.stringify(body) }),
          })
        const email = `ben@${DOMAIN}`
        const ben = await exchange(await signInBy(email))
        const record = await answerOf<{ id: string }>(scim('POST', '/Users', { userName: email }), 201)
        const active = (value: boolean) =>
          scim('PATCH', `/Users/${record.id}`, {
            schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
            Operations: [{ op: 'replace', value: { active: value } }],
          })

        const throughNginx = async ({ access_token }: { access_token: string }) =>
          (await fetch(`${gateway.origin}/orders`, { headers: bearer(access_token) })).status
        const socket = subscribe(postern.origin, { token: ben.access_token })
        await socket.opened
        expect(await throughNginx(ben)).toBe(200)

        const off = await active(false)
        const endedAt = Date.now()
        expect([off.status, off.headers.get('x-propagated')]).toEqual([200, 'true'])
        const { refresh_token } = ben
        expect((await post(postern.origin, '/api/v1/auth/refresh', { refresh_token })).status).toBe(401)
        expect(await socket.closeCode()).toBe(4001)
        await vi.waitFor(async () => expect(await throughNginx(ben)).toBe(401), { timeout: 5000, interval: 50 })
        expect(Date.now() - endedAt).toBeLessThan(5000)
        const refused = await signInBy(email)
        expect([refused.searchParams.has('error'), refused.searchParams.has('code')]).toEqual([true, false])

        expect((await active(true)).status).toBe(200)
        const again = await exchange(await signInBy(email))
        expect([again.user.id, orgOf(again), await throughNginx(again)]).toEqual([ben.user.id, id, 200])
        expect(await throughNginx(ben)).toBe(401)

        const roleOf = ({ access_token: token }: { access_token: string }) => decodeJwt(token).org_role
        const members = [{ value: record.id }]
        const group = await answerOf<{ id: string }>(
          scim('POST', '/Groups', { displayName: 'Engineers', members }),
          201,
        )
        const engineer = await refresh(postern.origin, { ...again, userId: again.user.id, email })
        expect([roleOf(again), roleOf(engineer)]).toEqual(['member', 'admin'])
        expect((await scim('DELETE', `/Groups/${group.id}`, {})).status).toBe(204)
        expect(roleOf(await refresh(postern.origin, engineer))).toBe('member')
      } finally {
        await gateway.stop()
        await application.stop()
      }
    },
  )

  it('tells the application, and no more, when the provider speaks for somebody else’s address', async () => {
    const stranger = `mallory@${DOMAIN}`
    await provider.account({ email: stranger, email_verified: false })
    const end = await signInBy(stranger)
    expect([end.searchParams.get('error'), end.searchParams.has('code')]).toEqual(['SSO_AUTHENTICATION_ERROR', false])
  })

  it('shows a page for an address of nobody’s domain', async () => {
    await withPage(async (page) => {
      expect((await page.goto(login('ada@elsewhere.test')))?.status()).toBe(404)
      expect(await page.locator('main').textContent()).not.toBe('')
    })
  })
})
