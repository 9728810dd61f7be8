import { randomUUID, X509Certificate } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt } from 'jose'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { answerOf, bearer, post, signUp } from './support/api.ts'
import { CHROMIUM, launchBrowser } from './support/browser.ts'
import { mailedLink } from './support/mailbox.ts'
import { freePort } from './support/ports.ts'
import { type OwnPostern, startOwnPostern } from './support/postern.ts'
import { type SamlProvider, startSamlProvider } from './support/saml-provider.ts'

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

  /** A browser that knows nothing but the address ends at the application. */
  async function signInBy(email: string): Promise<URL> {
    const context = await browser.newContext({ locale: 'en' })
    try {
      const page = await context.newPage()
      await page.goto(`${postern.origin}/api/v1/sso/login?${new URLSearchParams({ email, redirect_to: returnTo })}`)
      await page.waitForURL((url) => url.href.startsWith(returnTo))
      return new URL(page.url())
    } finally {
      await context.close()
    }
  }

  const exchange = (end: URL): Promise<{ access_token: string; user: { email: string } }> =>
    answerOf(post(postern.origin, '/api/v1/oauth/exchange', { code: end.searchParams.get('code') }), 200)

  it('is configured by an address, signs a browser in however the provider signs, and survives its new key', async () => {
    const owner = await signUp(postern.origin, `owner@${DOMAIN}`)
    const token = owner.access_token
    const link = new URL(await mailedLink(postern.origin, owner.email, '/verify-email'))
    const proof = { token: link.searchParams.get('token') }
    await answerOf(post(postern.origin, '/api/v1/auth/verify-email', proof, bearer(token)), 200)
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
    records.set(record.name, record.value)
    await ask(token, 'POST', `${domains}/${DOMAIN}/verify`, {})
    const fields = { provider: 'saml', saml_metadata_url: provider.metadataUrl }
    const made = await ask<{ saml_sp_entity_id: string }>(
      token,
      'POST',
      `/sso/configurations?organization_id=${id}`,
      fields,
      201,
    )
    expect(made).toMatchObject({ status: 'active', saml_entity_id: provider.entityId, saml_sso_url: provider.ssoUrl })
    expect(await ask(token, 'POST', '/sso/test', { configuration_id: id })).toMatchObject({ success: true })

    const email = `ada@${DOMAIN}`
    const account = { nameId: email, attributes: { email } }
    const signsIn = async () => {
      const signedIn = await exchange(await signInBy(email))
      expect(signedIn.user.email).toBe(email)
      expect(decodeJwt(signedIn.access_token)).toMatchObject({ org_id: id, amr: ['fed'] })
    }
    for (const signs of ['assertion', 'response', 'both'] as const) {
      await provider.configure({ signs, account })
      await signsIn()
    }

    const metadata = await (await fetch(made.saml_sp_entity_id)).text()
    const certificate = /<ds:X509Certificate>([^<]+)/.exec(metadata)?.[1] ?? ''
    const key = new X509Certificate(Buffer.from(certificate, 'base64')).publicKey
    const publicKey = String(key.export({ type: 'spki', format: 'pem' }))
    await provider.configure({ signs: 'assertion', encryptFor: { certificate, publicKey } })
    await signsIn()
    await provider.configure({ encryptFor: null })

    // A key that nobody knows signs nobody in; both stand side by side as soon as an owner says so.
    const before = await provider.certificate()
    await provider.renewKey()
    expect((await signInBy(email)).searchParams.get('error')).toBe('SSO_AUTHENTICATION_ERROR')
    const both = [before, await provider.certificate()]
    await ask(token, 'PUT', `/sso/configurations/${id}`, { saml_certificate: both })
    await signsIn()
  }, 120_000)
})
