import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { APPLE_CLIENT, CLIENTS } from '../support/providers/clients.ts'
import { answerOf, bearer, post, signUpVerified } from './support/api.ts'
import { CHROMIUM, follow, launchBrowser } from './support/browser.ts'
import { mailedLink } from './support/mailbox.ts'
import { type OpenidProvider, startOpenidProvider } from './support/openid-provider.ts'
import { freePort } from './support/ports.ts'
import { type OwnPostern, startOwnPostern } from './support/postern.ts'
import { type SocialProviders, startSocialProviders } from './support/social-providers.ts'

/** The application: on another site than the service and the providers. */
const application = createServer((_, response) => {
  response.setHeader('content-type', 'text/html').end('<!doctype html><title>Application</title>')
})

let provider: OpenidProvider
let social: SocialProviders
let postern: OwnPostern
let returnTo: string

beforeAll(async () => {
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve))
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  returnTo = `http://localhost:${(application.address() as AddressInfo).port}/signed-in`
  provider = await startOpenidProvider({ redirectUris: [`${origin}/api/v1/oauth/demo/callback`], host: 'localhost' })
  social = await startSocialProviders({ origin })
  postern = await startOwnPostern(inject('checkout'), {
    PORT: String(port),
    REDIRECT_ORIGINS: new URL(returnTo).origin,
    OAUTH_STAND_IN: social.address,
    OAUTH_GITHUB_CLIENT_ID: CLIENTS.github.id,
    OAUTH_GITHUB_CLIENT_SECRET: CLIENTS.github.secret,
    OAUTH_APPLE_CLIENT_ID: APPLE_CLIENT.id,
    OAUTH_APPLE_TEAM_ID: APPLE_CLIENT.teamId,
    OAUTH_APPLE_KEY_ID: APPLE_CLIENT.keyId,
    OAUTH_APPLE_PRIVATE_KEY: APPLE_CLIENT.privateKey.replaceAll('\n', '\\n'),
    OAUTH_PROVIDERS: JSON.stringify([
      {
        name: 'demo',
        display_name: 'Demo ID',
        issuer: provider.issuer,
        client_id: provider.clientId,
        client_secret: provider.clientSecret,
      },
    ]),
  })
}, 120_000)

afterAll(async () => {
  await Promise.all([postern?.stop(), provider?.stop(), social?.stop()])
  application.close()
})

const newVerifier = () => randomBytes(32).toString('base64url')
const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url')

const startAddress = (name: string, query: Record<string, string> = {}) =>
  `${postern.origin}/api/v1/oauth/${name}/authorize?${new URLSearchParams({ redirect_to: returnTo, ...query })}`

interface Federated {
  readonly access_token: string
  readonly is_new_user: boolean
  readonly user: { readonly id: string; readonly email: string }
}

const exchange = (address: URL, code_verifier?: string): Promise<Federated> =>
  answerOf(
    post(postern.origin, '/api/v1/oauth/exchange', { code: address.searchParams.get('code'), code_verifier }),
    200,
  )

describe.skipIf(CHROMIUM === undefined)(
  'sign-in by other providers in a real browser (needs the program chromium)',
  () => {
    let browser: Browser

    beforeAll(async () => {
      browser = await launchBrowser()
    })

    afterAll(async () => {
      await browser?.close()
    })

    async function withPage<T>(work: (page: Page, context: BrowserContext) => Promise<T>): Promise<T> {
      const context = await browser.newContext({ locale: 'en' })
      try {
        return await work(await context.newPage(), context)
      } finally {
        await context.close()
      }
    }

    /** Types the address at the provider, unless it knows the person. */
    async function signInAt(page: Page, email: string): Promise<URL> {
      await page.getByLabel('Email').fill(email)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.waitForURL((url) => url.origin === new URL(returnTo).origin)
      return new URL(page.url())
    }

    it('signs up and in through an OpenID provider of another site', async () => {
      const email = `${randomUUID()}@example.com`
      const verifier = newVerifier()
      const query = { state: 'of the application', code_challenge: challengeOf(verifier) }
      const first = await withPage(async (page) => {
        await page.goto(startAddress('demo', query))
        expect(new URL(page.url()).hostname).toBe('localhost')
        return signInAt(page, email)
      })
      expect(first.searchParams.get('state')).toBe('of the application')
      const made = await exchange(first, verifier)
      expect(made).toMatchObject({ is_new_user: true, user: { email, email_verified: true } })
      const next = await withPage(async (page) => {
        await page.goto(startAddress('demo', query))
        return signInAt(page, email)
      })
      expect(await exchange(next, verifier)).toMatchObject({ is_new_user: false, user: { id: made.user.id } })
      const check = await fetch(`${postern.origin}/validate`, { headers: bearer(made.access_token) })
      expect(check.status).toBe(200)
    })

    it('goes on with what a program began, in the browser that opens it first', async () => {
      const email = `${randomUUID()}@example.com`
      const started = await answerOf<{ authorization_url: string; state: string }>(
        fetch(startAddress('demo'), { headers: { accept: 'application/json' } }),
        200,
      )
      const end = await withPage(async (page) => {
        await page.goto(started.authorization_url)
        return signInAt(page, email)
      })
      expect(end.searchParams.get('state')).toBe(started.state)
      await exchange(end)
      await withPage(async (page) => {
        expect((await page.goto(started.authorization_url))?.status()).toBe(400)
        expect(await page.locator('main').textContent()).toContain('another browser')
      })
    })

    it('keeps two tabs apart, and refuses the back button', async () => {
      const [one, other] = [`${randomUUID()}@example.com`, `${randomUUID()}@example.com`]
      await withPage(async (page, context) => {
        await page.goto(startAddress('demo'))
        const second = await context.newPage()
        await second.goto(startAddress('demo', { login_hint: other }))
        await second.waitForURL((url) => url.origin === new URL(returnTo).origin)
        const first = await signInAt(page, one)
        expect((await exchange(first)).user.email).toBe(one)
        expect((await exchange(new URL(second.url()))).user.email).toBe(other)
      })
      await withPage(async (page) => {
        let callback = ''
        page.on('request', (request) => {
          if (request.url().includes('/callback')) callback = request.url()
        })
        await page.goto(startAddress('demo'))
        await signInAt(page, one)
        expect((await page.goto(callback))?.status()).toBe(400)
      })
    })

    it('refuses a callback in a browser that did not begin', async () => {
      const begun = startAddress('demo', { login_hint: `${randomUUID()}@example.com` })
      const end = await walk(begun, ({ pathname }) => pathname.endsWith('/callback'))
      await withPage(async (page) => {
        expect((await page.goto(end.href))?.status()).toBe(400)
        expect(page.url()).toBe(end.href)
      })
    })

    it('gets in by the form that Apple posts from its own site', async () => {
      social.person('apple')
      const end = await withPage(async (page) => {
        await page.goto(startAddress('apple'))
        await page.waitForURL((url) => url.origin === new URL(returnTo).origin)
        return new URL(page.url())
      })
      expect(await exchange(end)).toMatchObject({ is_new_user: true })
    })

    it('links GitHub to an account that is there, and asks for a mailed proof where GitHub has none', async () => {
      const owner = await signUpVerified(postern.origin)
      const github = social.person('github')
      const started = await answerOf<{ authorization_url: string; action: string }>(
        post(
          postern.origin,
          `/api/v1/oauth/github/link?${new URLSearchParams({ redirect_to: returnTo })}`,
          {},
          bearer(owner.access_token),
        ),
        200,
      )
      expect(started.action).toBe('link')
      const end = await withPage(async (page) => {
        await page.goto(started.authorization_url)
        await page.waitForURL((url) => url.origin === new URL(returnTo).origin)
        return new URL(page.url())
      })
      const code = end.searchParams.get('code')
      const linked = await answerOf<{ oauth_accounts: { provider: string; display_name: string }[] }>(
        post(postern.origin, '/api/v1/oauth/exchange', { code }, bearer(owner.access_token)),
        200,
      )
      expect(linked.oauth_accounts).toMatchObject([{ provider: 'github', display_name: github.login }])
    })

    it('makes an account by a mailed proof where the provider proves no address', async () => {
      const email = `${randomUUID()}@example.com`
      social.person('github', { emails: [] })
      const end = await withPage(async (page) => {
        await page.goto(startAddress('github'))
        await page.waitForURL((url) => url.origin === new URL(returnTo).origin)
        return new URL(page.url())
      })
      expect(end.searchParams.get('error')).toBe('EMAIL_REQUIRED')
      const pending_token = end.searchParams.get('pending_token')
      await answerOf(post(postern.origin, '/api/v1/oauth/pending-email', { pending_token, email }), 200)
      const link = await mailedLink(postern.origin, email, '/provider-email')
      const code = await withPage(async (page) => {
        await page.goto(link)
        expect(await page.locator('main').textContent()).toContain('GitHub')
        await follow(page.locator('main button[type=submit]'))
        return page.locator('code').textContent()
      })
      const made = await answerOf<Federated>(
        post(postern.origin, '/api/v1/oauth/exchange', { code, pending_token }),
        200,
      )
      expect(made).toMatchObject({ is_new_user: true, user: { email, email_verified: true } })
    })
  },
)

describe('a provider that fails', () => {
  it.each([
    { path: '/token', answer: 500 },
    { path: '/token', answer: 'html' },
    { path: '/jwks', answer: 500 },
    { path: '/me', answer: 403 },
    { path: '/token', answer: 'hang' },
  ] as const)('at $path with $answer ends in an error, and the next sign-in works', async (fault) => {
    const email = `${randomUUID()}@example.com`
    await provider.fault(fault)
    const refused = await walk(startAddress('demo', { login_hint: email }))
    expect(refused.searchParams.get('error')).toBe('OAUTH_EXCHANGE_FAILED')
    expect(refused.searchParams.get('code')).toBeNull()
    await provider.fault(null)
    expect(await exchange(await walk(startAddress('demo', { login_hint: email })))).toMatchObject({ user: { email } })
  })
})

/** Follows redirects as a browser does, until one leads to the application. */
async function walk(from: string, isEnd = ({ href }: URL) => href.startsWith(returnTo)): Promise<URL> {
  const cookies = new Map<string, string>()
  for (let url = new URL(from), steps = 0; steps < 12; steps++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie, accept: 'text/html' } })
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=')
      cookies.set(name, value)
    }
    const location = answer.headers.get('location')
    if (location === null) throw new Error(`${answer.status} at ${url}: ${await answer.text()}`)
    url = new URL(location, url)
    if (isEnd(url)) return url
  }
  throw new Error('too many redirects')
}
