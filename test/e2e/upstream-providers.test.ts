import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { APPLE_CLIENT, CLIENTS } from '../support/providers/clients.ts'
import { follow, launchBrowser } from './support/browser.ts'
import { type OpenidProvider, startOpenidProvider } from './support/openid-provider.ts'
import { type SocialProviders, startSocialProviders } from './support/social-providers.ts'

// What tests of sign-in by other providers stand on: no service takes part here.

/** Where browsers land, in the place of the service. */
const posted: string[] = []
const landing = createServer(async (request, response) => {
  // The browser asks for an icon, too.
  if (request.method === 'POST') posted.push(await text(request))
  response.setHeader('content-type', 'text/html').end('<!doctype html><title>Back</title>')
})
await new Promise<void>((resolve) => landing.listen(0, '127.0.0.1', resolve))
afterAll(() => landing.close())
const REDIRECT_URI = `http://127.0.0.1:${(landing.address() as AddressInfo).port}/callback`

const newVerifier = () => randomBytes(32).toString('base64url')

const challengeOf = (verifier: string) => ({
  code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  code_challenge_method: 'S256',
})

/** Follows redirects with the cookies that it is given, as a browser, until one leads to `end`. */
async function walk(from: string, end: string): Promise<URL> {
  const cookies = new Map<string, string>()
  for (let url = new URL(from), steps = 0; steps < 10; steps++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=')
      cookies.set(name, value)
    }
    const location = answer.headers.get('location')
    if (location === null) throw new Error(`${answer.status} at ${url}: ${await answer.text()}`)
    url = new URL(location, url)
    if (url.href.startsWith(end)) return url
  }
  throw new Error('too many redirects')
}

const json = async <Body>(answer: Response): Promise<Body> => (await answer.json()) as Body

describe('oidc-provider', () => {
  let provider: OpenidProvider

  beforeAll(async () => {
    provider = await startOpenidProvider({ redirectUris: [REDIRECT_URI], host: 'localhost' })
  })
  afterAll(() => provider.stop())

  const authorizationUrl = (parameters: Readonly<Record<string, string>>) =>
    `${provider.issuer}/auth?${new URLSearchParams({
      client_id: provider.clientId,
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      scope: 'openid email profile',
      state: 'state',
      nonce: 'nonce',
      ...parameters,
    })}`

  const exchange = (code: string, code_verifier: string) =>
    fetch(`${provider.issuer}/token`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa([provider.clientId, provider.clientSecret].map(encodeURIComponent).join(':'))}`,
      },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: REDIRECT_URI,
        code_verifier,
      }),
    })

  async function codeFor(email: string, verifier: string): Promise<string> {
    const back = await walk(authorizationUrl({ login_hint: email, ...challengeOf(verifier) }), REDIRECT_URI)
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ state: 'state', iss: provider.issuer })
    return back.searchParams.get('code') ?? ''
  }

  it('signs in the account of login_hint', async () => {
    const email = `${randomUUID()}@example.test`
    await provider.account({ email, name: 'Ada', email_verified: false })
    const verifier = newVerifier()
    const answer = await exchange(await codeFor(email, verifier), verifier)
    const { id_token, access_token } = await json<{ id_token: string; access_token: string }>(answer)
    const keys = createRemoteJWKSet(new URL(`${provider.issuer}/jwks`))
    const { payload } = await jwtVerify(id_token, keys, { issuer: provider.issuer, audience: provider.clientId })
    const claims = { email, email_verified: false, name: 'Ada' }
    expect(payload).toMatchObject({ ...claims, nonce: 'nonce' })
    const userinfo = await fetch(`${provider.issuer}/me`, { headers: { authorization: `Bearer ${access_token}` } })
    expect(await userinfo.json()).toEqual({ ...claims, sub: payload.sub })
  })

  it('refuses a wrong verifier and a request without PKCE', async () => {
    const code = await codeFor('ada@example.test', newVerifier())
    const refused = await exchange(code, newVerifier())
    expect([refused.status, (await json<{ error: string }>(refused)).error]).toEqual([400, 'invalid_grant'])
    const back = await walk(authorizationUrl({ login_hint: 'ada@example.test' }), REDIRECT_URI)
    expect(back.searchParams.get('error')).toBe('invalid_request')
  })

  it('fails when it is told to', async () => {
    const verifier = newVerifier()
    const code = await codeFor('ada@example.test', verifier)
    await provider.fault({ path: '/token', answer: 500 })
    expect((await exchange(code, verifier)).status).toBe(500)
    await provider.fault({ path: '/jwks', answer: 'html' })
    expect((await fetch(`${provider.issuer}/jwks`)).headers.get('content-type')).toContain('text/html')
    await provider.fault({ path: '/me', answer: 'hang' })
    await expect(fetch(`${provider.issuer}/me`, { signal: AbortSignal.timeout(200) })).rejects.toThrow('timeout')
    await provider.fault(null)
    expect((await exchange(code, verifier)).status).toBe(200)
  })

  it('asks a browser for the address when there is no login_hint, and for another account when there is', async () => {
    const browser = await launchBrowser()
    try {
      const page = await browser.newPage()
      const verifier = newVerifier()
      await page.goto(authorizationUrl(challengeOf(verifier)))
      await page.getByLabel('Email').fill('grace@example.test')
      await follow(page.getByRole('button', { name: 'Sign in' }))
      const code = new URL(page.url()).searchParams.get('code') ?? ''
      const { id_token } = await json<{ id_token: string }>(await exchange(code, verifier))
      expect(JSON.parse(Buffer.from(id_token.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({
        email: 'grace@example.test',
        email_verified: true,
      })
      await page.goto(authorizationUrl({ ...challengeOf(verifier), login_hint: 'ada@example.test' }))
      const secondCode = new URL(page.url()).searchParams.get('code') ?? ''
      const other = await json<{ id_token: string }>(await exchange(secondCode, verifier))
      expect(Buffer.from(other.id_token.split('.')[1] ?? '', 'base64url').toString()).toContain('ada@example.test')
    } finally {
      await browser.close()
    }
  })
})

describe('the stand-ins behind a server', () => {
  let social: SocialProviders

  beforeAll(async () => {
    social = await startSocialProviders({ redirectUris: [REDIRECT_URI] })
  })
  afterAll(() => social.stop())

  it('sign in under the address of loopback', async () => {
    const { id } = social.person('github')
    const query = new URLSearchParams({
      client_id: CLIENTS.github.id,
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      scope: 'read:user',
      state: 'state',
    })
    const back = await walk(`${social.address}/github.com/login/oauth/authorize?${query}`, REDIRECT_URI)
    const answer = await fetch(`${social.address}/github.com/login/oauth/access_token`, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams({
        client_id: CLIENTS.github.id,
        client_secret: CLIENTS.github.secret,
        code: back.searchParams.get('code') ?? '',
        redirect_uri: REDIRECT_URI,
        grant_type: 'authorization_code',
      }),
    })
    const { access_token } = await json<{ access_token: string }>(answer)
    const user = await fetch(`${social.address}/api.github.com/user`, {
      headers: { authorization: `Bearer ${access_token}` },
    })
    expect(await user.json()).toMatchObject({ id })
    expect((await fetch(`${social.address}/unknown.example.test/`)).status).toBe(502)
  })

  it('post the form of Apple from a browser', async () => {
    const browser = await launchBrowser()
    try {
      const page = await browser.newPage()
      const query = new URLSearchParams({
        client_id: APPLE_CLIENT.id,
        redirect_uri: REDIRECT_URI,
        response_type: 'code',
        response_mode: 'form_post',
        scope: 'name email',
        state: 'state',
      })
      await page.goto(`${social.address}/appleid.apple.com/auth/authorize?${query}`)
      await page.waitForURL(REDIRECT_URI)
      const form = new URLSearchParams(posted.at(-1))
      expect([...form.keys()].sort()).toEqual(['code', 'state', 'user'])
    } finally {
      await browser.close()
    }
  })

  it('hang until the caller gives up', async () => {
    social.fault('token_hang')
    const token = fetch(`${social.address}/oauth2.googleapis.com/token`, {
      method: 'POST',
      body: 'x',
      signal: AbortSignal.timeout(200),
    })
    await expect(token).rejects.toThrow('timeout')
    social.fault(null)
  })
})
