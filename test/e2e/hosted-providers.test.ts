import { createHash, randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt } from 'jose'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { CLIENTS } from '../support/providers/clients.ts'
import { answerOf, bearer, post, signUpVerified } from './support/api.ts'
import { expectNothingFound } from './support/axe.ts'
import { CHROMIUM, follow, launchBrowser } from './support/browser.ts'
import { mailedLink } from './support/mailbox.ts'
import { type OpenidProvider, startOpenidProvider } from './support/openid-provider.ts'
import { freePort } from './support/ports.ts'
import { type OwnPostern, startOwnPostern } from './support/postern.ts'
import { type SocialProviders, startSocialProviders } from './support/social-providers.ts'
import { codeOf, enrol, OATHTOOL } from './support/totp.ts'

const DOMAIN = `engines-${randomUUID().slice(0, 8)}.test`
const VERIFIER = 'v'.repeat(64)
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

const servers: Server[] = []

async function serve(answer: Parameters<typeof createServer>[1]): Promise<number> {
  const server = createServer(answer as never)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** The TXT record that proves the domain, as DNS over HTTPS has it in JSON. */
let record = { name: '', value: '' }
const serveDns = async (): Promise<string> => {
  const port = await serve((_, response) => {
    const Answer = [{ name: `${record.name}.`, type: 16, TTL: 60, data: `"${record.value}"` }]
    response.setHeader('content-type', 'application/dns-json').end(JSON.stringify({ Status: 0, TC: false, Answer }))
  })
  return `http://127.0.0.1:${port}/dns-query`
}

describe.skipIf(CHROMIUM === undefined)('hosted pages with providers (needs the program chromium)', () => {
  let browser: Browser
  let social: SocialProviders
  let provider: OpenidProvider
  let postern: OwnPostern
  /** Of an application, on another site than the service. */
  let back: string

  beforeAll(async () => {
    const port = await freePort()
    const origin = `http://127.0.0.1:${port}`
    const app = await serve((_, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>Application</title>')
    })
    back = `http://localhost:${app}/back`
    const resolvers = await Promise.all([serveDns(), serveDns()])
    social = await startSocialProviders({ origin })
    ;[provider, postern, browser] = await Promise.all([
      startOpenidProvider({
        redirectUris: [`${origin}/api/v1/sso/oidc/callback`],
        signedOutUris: [`${origin}/api/v1/sso/logout`],
        host: 'localhost',
      }),
      startOwnPostern(inject('checkout'), {
        PORT: String(port),
        REDIRECT_ORIGINS: new URL(back).origin,
        DOH_URLS: resolvers.join(),
        OAUTH_STAND_IN: social.address,
        OAUTH_GITHUB_CLIENT_ID: CLIENTS.github.id,
        OAUTH_GITHUB_CLIENT_SECRET: CLIENTS.github.secret,
      }),
      launchBrowser(),
    ])
  })

  afterAll(async () => {
    await Promise.all([browser?.close(), postern?.stop(), provider?.stop(), social?.stop()])
    for (const server of servers) server.close()
  })

  async function withPage(
    work: (page: Page, context: BrowserContext) => Promise<void>,
    options: { javaScriptEnabled?: boolean } = {},
  ): Promise<void> {
    const context = await browser.newContext({ locale: 'en', ...options })
    try {
      await work(await context.newPage(), context)
    } finally {
      await context.close()
    }
  }

  const own = (path: string) => `${postern.origin}${path}`
  const forApplication = () =>
    own(
      `/sign-in?${new URLSearchParams({ redirect_to: back, state: 'of the application', code_challenge: CHALLENGE })}`,
    )
  const textOf = (page: Page) => page.locator('main').textContent()
  const github = (page: Page) => page.getByRole('link', { name: 'Continue with GitHub' })

  /** The address of somebody whom GitHub signs in from now on. */
  const newPerson = () => social.person('github').emails.find(({ primary }) => primary)?.email ?? ''

  interface Made {
    readonly access_token: string
    readonly user: { readonly id: string; readonly email: string }
  }

  /** The session that the code of the application's address is good for. */
  async function exchange(page: Page): Promise<Made> {
    await page.waitForURL((url) => url.href.startsWith(back))
    const { searchParams } = new URL(page.url())
    expect([...searchParams.keys(), searchParams.get('state')]).toEqual(['code', 'state', 'of the application'])
    const body = { code: searchParams.get('code'), code_verifier: VERIFIER }
    const made = await answerOf<Made>(post(postern.origin, '/api/v1/oauth/exchange', body), 200)
    await answerOf(post(postern.origin, '/api/v1/oauth/exchange', body), 400)
    return made
  }

  it('sign up and in with a social provider, without JavaScript, and go on where they were to', async () => {
    const email = newPerson()
    await withPage(
      async (page) => {
        await page.goto(own('/sign-in?return_to=/account/security'))
        await github(page).click()
        await page.waitForURL(own('/account/security'))
        await page.goto(own('/account'))
        expect(await textOf(page)).toContain(email)
        // One who is signed in is asked before an application gets a session.
        await page.goto(forApplication())
        expect(await textOf(page)).toContain(new URL(back).host)
        await page.getByRole('button').click()
        const made = await exchange(page)
        expect([made.user.email, decodeJwt(made.access_token).amr]).toEqual([email, ['fed']])
      },
      { javaScriptEnabled: false },
    )
    await withPage(async (page) => {
      await page.goto(forApplication())
      await github(page).click()
      expect((await exchange(page)).user.email).toBe(email)
    })
  })

  it('have an address proved by mail where the provider proves none', async () => {
    const email = `${randomUUID()}@example.com`
    social.person('github', { emails: [] })
    await withPage(async (page, context) => {
      await page.goto(own('/sign-in?return_to=/account'))
      await github(page).click()
      await page.getByLabel('Email').fill(email)
      await expectNothingFound(page)
      await page.getByRole('button', { name: 'Mail me the link' }).click()
      const mail = await context.newPage()
      await mail.goto(await mailedLink(postern.origin, email, '/provider-email'))
      await mail.getByRole('button').click()
      await page.getByLabel('Code').fill((await mail.locator('code').textContent()) ?? '')
      await expectNothingFound(page)
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.waitForURL(own('/account'))
      expect(await textOf(page)).toContain(email)
    })
  })

  it('say that a provider refused, sign nobody in, and keep the way to the application', async () => {
    const email = newPerson()
    await withPage(async (page, context) => {
      social.fault('access_denied')
      await page.goto(forApplication())
      await github(page).click()
      const alert = page.getByRole('alert').first()
      expect(await alert.textContent()).toBe(
        'The other provider did not sign you in. Try again, or choose another way.',
      )
      expect(await page.evaluate('document.activeElement.id')).toBe('problem')
      expect((await context.cookies()).map(({ name }) => name)).not.toContain('postern-session')
      await expectNothingFound(page)
      social.fault('token_500')
      await github(page).click()
      await page.waitForURL((url) => url.searchParams.get('error') === 'OAUTH_EXCHANGE_FAILED')
      expect(await alert.textContent()).toContain('Begin again in a few minutes')
      social.fault(null)
      await github(page).click()
      expect((await exchange(page)).user.email).toBe(email)
    })
  })

  describe.skipIf(OATHTOOL === undefined)('of an organization (needs the program oathtool)', () => {
    interface Owner {
      readonly id: string
      readonly email: string
      readonly token: string
    }
    let owner: Owner

    const ask = <T>(token: string, method: string, path: string, body: object, status = 200): Promise<T> =>
      answerOf(
        fetch(own(`/api/v1${path}`), {
          method,
          headers: { 'content-type': 'application/json', ...bearer(token) },
          body: JSON.stringify(body),
        }),
        status,
      )

    beforeAll(async () => {
      const { email, access_token: token } = await signUpVerified(postern.origin, `owner@${DOMAIN}`)
      const named = { name: 'Analytical Engines', slug: DOMAIN.slice(0, -5) }
      const { id } = await ask<{ id: string }>(token, 'POST', '/organizations', named, 201)
      const domains = `/organizations/${id}/domains`
      const made = await ask<{ record: typeof record }>(token, 'POST', domains, { domain: DOMAIN }, 201)
      record = made.record
      await ask(token, 'POST', `${domains}/${DOMAIN}/verify`, {})
      const connection = {
        provider: 'oidc',
        oidc_issuer: provider.issuer,
        oidc_client_id: provider.clientId,
        oidc_client_secret: provider.clientSecret,
      }
      await ask(token, 'POST', `/sso/configurations?organization_id=${id}`, connection, 201)
      owner = { id, email, token }
    })

    /** From the page of single sign-on to the provider, which knows the person by the address. */
    async function typeAddress(page: Page, email: string): Promise<void> {
      await page.getByRole('link', { name: 'Single sign-on' }).click()
      await page.getByLabel('Work email').fill(email)
      await page.getByRole('button', { name: 'Continue' }).click()
    }

    it('sign in by address, also an application, and sign out at the provider too', async () => {
      await withPage(async (page, context) => {
        await page.goto(own('/sign-in?return_to=/account/organizations'))
        await typeAddress(page, owner.email)
        await page.waitForURL(own('/account/organizations'))
        expect(await textOf(page)).toContain('Analytical Engines')
        expect((await context.cookies(provider.issuer)).map(({ name }) => name)).toContain('_session')
        await page.goto(forApplication())
        await page.getByRole('button').click()
        const { access_token, user } = await exchange(page)
        expect([user.email, decodeJwt(access_token)]).toEqual([
          owner.email,
          expect.objectContaining({ amr: ['fed'], org_id: owner.id }),
        ])
        // The connection is the browser's: signing out of the application leads to the provider, too.
        const out = await ask<{ slo_url?: string }>(access_token, 'POST', '/auth/signout', {})
        expect(out.slo_url).toContain('/api/v1/sso/logout?token=')
        await page.goto(own('/sign-out?return_to=/docs'))
        await page.getByRole('button', { name: 'Sign out' }).click()
        await page.waitForURL((url) => url.href.startsWith(`${provider.issuer}/session/end`))
        await page.getByRole('button', { name: 'Yes' }).click()
        await page.waitForURL((url) => url.pathname === '/sign-out')
        expect(await page.locator('h1').textContent()).toBe('You are signed out')
        expect(await page.getByRole('link', { name: 'Back' }).getAttribute('href')).toBe(own('/docs'))
        await page.goto(own('/account'))
        expect(new URL(page.url()).pathname).toBe('/sign-in')
        // The provider asks again who it is.
        await page.goto(forApplication())
        await typeAddress(page, `ada@${DOMAIN}`)
        expect((await exchange(page)).user.email).toBe(`ada@${DOMAIN}`)
      })
    })

    it('say whom no organization signs in, and whom the organization’s provider does not', async () => {
      const stranger = `mallory@${DOMAIN}`
      await provider.account({ email: stranger, email_verified: false })
      await withPage(async (page, context) => {
        await page.goto(forApplication())
        await typeAddress(page, 'ada@elsewhere.test')
        const alert = page.getByRole('alert').first()
        expect(await alert.textContent()).toBe('No organization signs this address in.')
        await page.getByLabel('Work email').fill(stranger)
        await page.getByRole('button', { name: 'Continue' }).click()
        await page.waitForURL((url) => url.pathname === '/sign-in/done')
        expect(await alert.textContent()).toContain('Single sign-on did not sign you in')
        expect((await context.cookies()).map(({ name }) => name)).not.toContain('postern-session')
        // The way to the application is the same still.
        await typeAddress(page, `grace@${DOMAIN}`)
        expect((await exchange(page)).user.email).toBe(`grace@${DOMAIN}`)
      })
    })

    it('send on who types a password where the organization requires single sign-on', async () => {
      const { secret } = await enrol(postern.origin, owner.token)
      await withPage(async (page) => {
        await page.goto(forApplication())
        await typeAddress(page, owner.email)
        // The second factor is asked for here, whoever proved the first.
        await page.getByLabel('Code').fill(await codeOf(secret, 30))
        await page.getByRole('button', { name: 'Continue' }).click()
        const { access_token } = await exchange(page)
        expect(decodeJwt(access_token)).toMatchObject({ amr: ['fed', 'otp', 'mfa'], org_id: owner.id })
        await ask(access_token, 'PUT', `/organizations/${owner.id}/sso-policy`, { required: true })
      })
      await withPage(async (page) => {
        await page.goto(own('/sign-in?return_to=/account'))
        await page.getByLabel('Email or username').fill(`ben@${DOMAIN}`)
        await page.getByLabel('Password', { exact: true }).fill('what they had before')
        await follow(page.getByRole('button', { name: 'Sign in', exact: true }))
        expect(await page.getByRole('alert').first().textContent()).toBe('Your organization signs you in.')
        await page.getByRole('button', { name: 'Continue' }).click()
        await page.waitForURL(own('/account'))
        expect(await textOf(page)).toContain(`ben@${DOMAIN}`)
      })
    })
  })
})
