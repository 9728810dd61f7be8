import { randomUUID, X509Certificate } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt } from 'jose'
import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { answerOf, bearer, post, signUp } from './support/api.ts'
import { type Application, startApplication } from './support/application.ts'
import { CHROMIUM, launchBrowser } from './support/browser.ts'
import { openD1File } from './support/d1-file.ts'
import { canRun, type Gateway, startGateway } from './support/gateways.ts'
import { mailedLink } from './support/mailbox.ts'
import { freePort } from './support/ports.ts'
import { type OwnPostern, startOwnPostern } from './support/postern.ts'
import { type SamlProvider, startSamlProvider } from './support/saml-provider.ts'
import { subscribe } from './support/subscriber.ts'

const DOMAIN = `saml-${randomUUID().slice(0, 8)}.test`

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

let provider: SamlProvider
let postern: OwnPostern
let browser: Browser
let returnTo: string
let application: Application
/** Where the recipe's program is not installed, what it asks. */
let gateway: Gateway | undefined
let token: string
let organization: string
let own: { readonly saml_sp_entity_id: string; readonly saml_sp_slo_url: string }

const YEAR = 365 * 86_400
const email = `ada@${DOMAIN}`

describe.skipIf(CHROMIUM === undefined)('single sign-on by SAML (needs the program chromium)', () => {
  beforeAll(async () => {
    const port = await freePort()
    // The application and the provider are of another site than the service.
    const app = await serve((_, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>Application</title>')
    })
    returnTo = `http://localhost:${app}/signed-in`
    const resolvers = await Promise.all([serveDns(), serveDns()])
    ;[provider, postern, browser] = await Promise.all([
      startSamlProvider({ host: 'localhost' }),
      startOwnPostern(inject('checkout'), {
        PORT: String(port),
        REDIRECT_ORIGINS: new URL(returnTo).origin,
        DOH_URLS: resolvers.join(),
      }),
      launchBrowser(),
    ])
    application = await startApplication()
    if (canRun('nginx')) gateway = await startGateway('nginx', { postern: port, application: application.port })
    await configure()
  }, 180_000)

  afterAll(async () => {
    await Promise.all([browser?.close(), gateway?.stop(), application?.stop(), postern?.stop(), provider?.stop()])
    for (const server of servers) server.close()
  })

  const ask = <T>(method: string, path: string, body: unknown, status = 200): Promise<T> =>
    answerOf(
      fetch(`${postern.origin}/api/v1${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...bearer(token) },
        body: JSON.stringify(body),
      }),
      status,
    )

  /** An organization with a domain, and its provider by the address of the metadata. */
  async function configure(): Promise<void> {
    const owner = await signUp(postern.origin, `owner@${DOMAIN}`)
    token = owner.access_token
    const link = new URL(await mailedLink(postern.origin, owner.email, '/verify-email'))
    const proof = { token: link.searchParams.get('token') }
    await answerOf(post(postern.origin, '/api/v1/auth/verify-email', proof, bearer(token)), 200)
    const engines = { name: 'Engines', slug: DOMAIN.slice(0, -5) }
    organization = (await ask<{ id: string }>('POST', '/organizations', engines, 201)).id
    const domains = `/organizations/${organization}/domains`
    const claimed = await ask<{ record: { name: string; value: string } }>('POST', domains, { domain: DOMAIN }, 201)
    records.set(claimed.record.name, claimed.record.value)
    await ask('POST', `${domains}/${DOMAIN}/verify`, {})
    const fields = { provider: 'saml', saml_metadata_url: provider.metadataUrl }
    own = await ask('POST', `/sso/configurations?organization_id=${organization}`, fields, 201)
    expect(own).toMatchObject({ status: 'active', saml_entity_id: provider.entityId, saml_sso_url: provider.ssoUrl })
    expect(await ask('POST', '/sso/test', { configuration_id: organization })).toMatchObject({ success: true })
    await provider.configure({ account: { nameId: email, attributes: { email } } })
  }

  async function withBrowser<T>(work: (context: BrowserContext) => Promise<T>): Promise<T> {
    const context = await browser.newContext({ locale: 'en' })
    try {
      return await work(context)
    } finally {
      await context.close()
    }
  }

  /** A browser that knows nothing but the address ends at the application. */
  const signInBy = (context: BrowserContext): Promise<URL> =>
    context.newPage().then(async (page) => {
      await page.goto(`${postern.origin}/api/v1/sso/login?${new URLSearchParams({ email, redirect_to: returnTo })}`)
      await page.waitForURL((url) => url.href.startsWith(returnTo))
      return new URL(page.url())
    })

  interface Exchanged {
    readonly access_token: string
    readonly refresh_token: string
    readonly user: { readonly email: string }
  }

  const exchange = (end: URL): Promise<Exchanged> =>
    answerOf(post(postern.origin, '/api/v1/oauth/exchange', { code: end.searchParams.get('code') }), 200)

  const signsIn = () =>
    withBrowser(async (context) => {
      const signedIn = await exchange(await signInBy(context))
      expect(signedIn.user.email).toBe(email)
      expect(decodeJwt(signedIn.access_token)).toMatchObject({ org_id: organization, amr: ['fed'] })
    })

  /** The certificates in our metadata, the one that signs last first. */
  async function ownCertificates(): Promise<string[]> {
    const metadata = await (await fetch(own.saml_sp_entity_id)).text()
    // Each stands there for signatures and for encryption.
    return [...new Set([...metadata.matchAll(/<ds:X509Certificate>([^<]+)/g)].map(([, text = '']) => text))]
  }

  async function encryptFor(certificate = ''): Promise<void> {
    const key = new X509Certificate(Buffer.from(certificate, 'base64')).publicKey
    await provider.configure({
      encryptFor: { certificate, publicKey: String(key.export({ type: 'spki', format: 'pem' })) },
    })
  }

  it('is configured by an address, and signs a browser in however the provider signs', async () => {
    for (const signs of ['assertion', 'response', 'both'] as const) {
      await provider.configure({ signs })
      await signsIn()
    }
    await provider.configure({ signs: 'assertion' })
    await encryptFor((await ownCertificates())[0])
    await signsIn()
    await provider.configure({ encryptFor: null })
  }, 120_000)

  it('is an address away on the hosted pages, and comes back signed in', async () => {
    await withBrowser(async (context) => {
      const page = await context.newPage()
      await page.goto(`${postern.origin}/sign-in?return_to=/account/organizations`)
      await page.getByRole('link', { name: 'Single sign-on' }).click()
      await page.getByLabel('Work email').fill(email)
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.waitForURL(`${postern.origin}/account/organizations`)
      expect(await page.locator('main').textContent()).toContain('Engines')
      const session = (await context.cookies()).find(({ name }) => name === 'postern-session')
      expect(session).toMatchObject({ httpOnly: true, sameSite: 'Lax' })
    })
  })

  it('survives the provider’s new key: both stand side by side as soon as an owner says so', async () => {
    const before = await provider.certificate()
    await provider.renewKey()
    const refused = await withBrowser(signInBy)
    expect(refused.searchParams.get('error')).toBe('SSO_AUTHENTICATION_ERROR')
    const after = await provider.certificate()
    const trust = (saml_certificate: string | string[]) =>
      ask('PUT', `/sso/configurations/${organization}`, { saml_certificate })
    await trust([before, after])
    await signsIn()
    await trust(after)
    await signsIn()
  }, 120_000)

  it('survives our new key, for providers that have read it and for those that have not', async () => {
    const [former] = await ownCertificates()
    // Two years later.
    const database = openD1File(postern.state)
    database.prepare('update saml_keys set signs_from = signs_from - ?').run(2 * YEAR * 1000)
    database.close()
    expect((await fetch(`${postern.origin}/cdn-cgi/handler/scheduled`)).status).toBe(200)
    const both = await ownCertificates()
    expect(both).toHaveLength(2)
    expect(both).toContain(former)
    for (const certificate of both) {
      await encryptFor(certificate)
      await signsIn()
    }
    await provider.configure({ encryptFor: null })
  }, 120_000)

  describe('a logout', () => {
    const statusAt = (path: string, signedIn: Exchanged) => async () =>
      (await fetch(path, { headers: bearer(signedIn.access_token) })).status
    const gate = () => gateway?.origin ?? `${postern.origin}/validate`

    /** The provider holds us to the key that signs now. */
    const tellService = async () =>
      provider.configure({
        service: {
          entityId: own.saml_sp_entity_id,
          sloUrl: own.saml_sp_slo_url,
          certificate: (await ownCertificates()).at(-1) ?? '',
        },
      })

    it('at the provider ends the session everywhere within five seconds, and a wrapped one nothing', async () => {
      await tellService()
      await withBrowser(async (context) => {
        const posted = new Promise<string>((resolve) => {
          context.on('request', (request) => {
            if (request.url().endsWith('/saml/acs')) resolve(request.postData() ?? '')
          })
        })
        const signedIn = await exchange(await signInBy(context))
        const socket = subscribe(postern.origin, { token: signedIn.access_token })
        await socket.opened
        const atGate = statusAt(gate(), signedIn)
        expect(await atGate()).toBe(200)

        const answer = Buffer.from(new URLSearchParams(await posted).get('SAMLResponse') ?? '', 'base64').toString()
        const assertion = /<saml:Assertion .*<\/saml:Assertion>/s.exec(answer)?.[0] ?? ''
        expect(assertion).toContain('SignatureValue')
        const wrapped = `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_evil" Version="2.0" IssueInstant="${new Date().toISOString()}" Destination="${own.saml_sp_slo_url}"><saml:Issuer>${provider.entityId}</saml:Issuer><samlp:Extensions>${assertion}</samlp:Extensions><saml:NameID>${email}</saml:NameID></samlp:LogoutRequest>`
        const body = new URLSearchParams({ SAMLRequest: Buffer.from(wrapped).toString('base64') })
        expect((await fetch(own.saml_sp_slo_url, { method: 'POST', body })).status).toBe(400)
        expect(await statusAt(`${postern.origin}/validate?consistency=strong`, signedIn)()).toBe(200)

        const page = await context.newPage()
        expect((await page.goto(provider.logoutUrl))?.status()).toBe(200)
        expect(new URL(page.url()).searchParams.has('SAMLResponse')).toBe(true)
        await vi.waitFor(async () => expect(await atGate()).toBe(401), { timeout: 5000 })
        expect(await socket.closeCode()).toBe(4001)
        const { refresh_token } = signedIn
        expect((await post(postern.origin, '/api/v1/auth/refresh', { refresh_token })).status).toBe(401)
      })
    }, 120_000)

    it('here reaches the provider, which answers and sends the browser on', async () => {
      await tellService()
      await withBrowser(async (context) => {
        const signedIn = await exchange(await signInBy(context))
        const { slo_url } = await answerOf<{ slo_url: string }>(
          post(postern.origin, '/api/v1/auth/signout', {}, bearer(signedIn.access_token)),
          200,
        )
        const asked: string[] = []
        context.on('request', (request) => asked.push(request.url()))
        const page = await context.newPage()
        await page.goto(`${slo_url}&return_url=${encodeURIComponent(returnTo)}`)
        await page.waitForURL((url) => url.href.startsWith(returnTo))
        const atProvider = asked.filter((url) => url.startsWith(`${provider.logoutUrl}?SAMLRequest=`))
        expect(atProvider).toHaveLength(1)
        expect(new URL(atProvider[0] ?? '').searchParams.get('Signature')).not.toBe('')
      })
    }, 120_000)
  })
})
