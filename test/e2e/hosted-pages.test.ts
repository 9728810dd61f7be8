import { randomUUID } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { answerOf, bearer, PASSWORD, post, type SignedIn, signUp } from './support/api.ts'
import { type Application, startApplication } from './support/application.ts'
import { expectNothingFound } from './support/axe.ts'
import { CHROMIUM, follow, launchBrowser, VirtualAuthenticator } from './support/browser.ts'
import { PROJECT_ROOT } from './support/checkout.ts'
import { canRun, type GatewayName, RECIPES, startGateway } from './support/gateways.ts'
import { mailedLink } from './support/mailbox.ts'
import { freePort } from './support/ports.ts'
import { type OwnPostern, startOwnPostern } from './support/postern.ts'
import { enrol, OATHTOOL } from './support/totp.ts'

const REVOCATION_BOUND_MS = 5000
/** Where pictures of the pages are kept, to be looked at. */
const PICTURES = process.env.PICTURES_FOLDER

const titleOf = (page: Page) => page.locator('h1').textContent()

async function withPage(
  browser: Browser,
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

async function signInOn(page: Page, { email }: Pick<SignedIn, 'email'>): Promise<void> {
  await page.getByLabel('Email or username').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

describe.skipIf(CHROMIUM === undefined)('hosted pages in a real browser (needs the program chromium)', () => {
  let browser: Browser
  let postern: OwnPostern
  let application: Application

  beforeAll(async () => {
    const port = String(await freePort())
    // `localhost`: an address is no relying party of passkeys.
    const settings = { PORT: port, PUBLIC_URL: `http://localhost:${port}`, SESSION_COOKIE_DOMAIN: 'localhost' }
    ;[postern, application, browser] = await Promise.all([
      startOwnPostern(inject('checkout'), {
        ...settings,
        BRAND_COLOR: '#0f766e',
        TERMS_URL: 'https://example.com/terms',
      }),
      startApplication(),
      launchBrowser(),
    ])
  })

  afterAll(async () => {
    await browser?.close()
    await application?.stop()
    await postern?.stop()
  })

  async function confirmAddress({ email, access_token }: SignedIn): Promise<void> {
    const token = new URL(await mailedLink(postern.origin, email, '/verify-email')).searchParams.get('token')
    await answerOf(post(postern.origin, '/api/v1/auth/verify-email', { token }, bearer(access_token)), 200)
  }

  const own = () => `http://localhost:${postern.port}`
  async function look(page: Page, name: string): Promise<void> {
    await expectNothingFound(page)
    if (PICTURES === undefined) return
    await mkdir(PICTURES, { recursive: true })
    for (const [colorScheme, width] of [
      ['light', 900],
      ['dark', 360],
    ] as const) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 800 })
      await page.screenshot({ path: join(PICTURES, `${name}-${colorScheme}.png`), fullPage: true })
    }
  }

  it('have no fault that axe knows, in every state', { timeout: 240_000 }, async () => {
    const user = await signUp(postern.origin)
    await withPage(browser, async (page) => {
      const open = async (path: string, name: string) => {
        await page.goto(`${own()}${path}`)
        await look(page, name)
      }
      await open('/sign-in', 'sign-in')
      await signInOn(page, { email: 'nobody@example.com' })
      await page.getByRole('alert').first().waitFor()
      expect(await page.evaluate('document.activeElement.id')).toBe('problem')
      await look(page, 'sign-in-refused')
      await open('/sign-up', 'sign-up')
      await page.getByLabel('Email').fill(`${randomUUID()}@example.com`)
      await page.getByLabel('Password', { exact: true }).fill('password123')
      await follow(page.getByRole('button', { name: 'Create the account' }))
      await look(page, 'sign-up-refused')
      await open('/forgot-password', 'forgot')
      await page.getByLabel('Email').fill(user.email)
      await follow(page.getByRole('button', { name: 'Mail me the link' }))
      await look(page, 'forgot-sent')
      await open('/sign-in/sso', 'sso')
      await page.getByLabel('Work email').fill(user.email)
      await follow(page.getByRole('button', { name: 'Continue' }))
      await look(page, 'sso-refused')
      await page.goto(`${own()}/sign-in`)
      await page.getByLabel('Email or username').fill(user.email)
      await follow(page.getByRole('button', { name: 'Email me a sign-in link' }))
      await look(page, 'link-sent')
      const link = await mailedLink(postern.origin, user.email, '/sign-in/link/open')
      await page.goto(link)
      await look(page, 'link')
      await withPage(browser, async (stranger) => {
        await stranger.goto(link)
        await look(stranger, 'link-foreign')
      })
      await follow(page.getByRole('button', { name: 'Sign in' }))
      await look(page, 'welcome')
      await open(
        `/sign-in?return_to=${encodeURIComponent(`http://localhost:${application.port}/x`)}`,
        'welcome-application',
      )
      for (let times = 0; times < 2; times += 1) await page.goto(`${own()}/sign-in/renew?return_to=/docs`)
      await open('/sign-in/renew?return_to=/docs', 'loop')
      await open('/sign-in?return_to=//evil.test', 'refused')
      await open('/sign-out', 'sign-out')
      await follow(page.getByRole('button', { name: 'Sign out' }))
      await look(page, 'signed-out')
      // What was there before is not shown again from memory.
      await page.goBack()
      await page.goBack()
      expect(await page.locator('body').textContent()).not.toContain(user.email)
    })
  })

  it.each(['en', 'ar'])(
    'of the account have no fault that axe knows, in every state, in %s',
    async (ui_locales) => {
      const user = await signUp(postern.origin)
      await confirmAddress(user)
      const slug = `org-${randomUUID()}`
      const headers = bearer(user.access_token)
      const { id } = await answerOf<{ id: string }>(
        post(postern.origin, '/api/v1/organizations', { name: 'Analytical Engines', slug }, headers),
        201,
      )
      const invitation = { email: `${randomUUID()}@example.com`, organization_id: id }
      await answerOf(post(postern.origin, '/api/v1/invitations', invitation, headers), 201)
      await withPage(browser, async (page) => {
        await page.goto(`${own()}/sign-in`)
        await signInOn(page, user)
        await page.waitForURL(`${own()}/sign-in`)
        const send = (form: string) => follow(page.locator(`form[action^="/account/${form}"] button:not(.show)`).last())
        const open = async (path: string, name: string) => {
          await page.goto(`${own()}${path}?ui_locales=${ui_locales}`)
          expect(await page.locator('html').getAttribute('lang')).toBe(ui_locales)
          await look(page, `account-${name}-${ui_locales}`)
        }
        await open('/account', 'profile')
        await page.locator('#username').fill('1')
        await send('profile')
        await look(page, `account-profile-refused-${ui_locales}`)
        expect(await page.evaluate('document.activeElement.id')).toBe('problem')
        await open('/account/sessions', 'sessions')
        await open('/account/organizations', 'organizations')
        await open(`/account/organizations/${id}`, 'organization')
        await open('/account/data', 'data')
        await send('export')
        await look(page, `account-data-ready-${ui_locales}`)
        await open('/account/confirm', 'confirm')
        await open('/account/security', 'security')
        await send('start-authenticator')
        await look(page, `account-authenticator-${ui_locales}`)
        await page.locator('#code').fill('000000')
        await send('confirm-authenticator')
        await look(page, `account-authenticator-refused-${ui_locales}`)
      })
    },
    240_000,
  )

  it('make, rename and remove a passkey, and confirm with it', async () => {
    const user = await signUp(postern.origin)
    await withPage(browser, async (page) => {
      const authenticator = await VirtualAuthenticator.attach(page, 'verifying')
      await page.goto(`${own()}/sign-in?return_to=/account/security`)
      await signInOn(page, user)
      await page.waitForURL(`${own()}/account/security`)
      await page.getByLabel('Name of the passkey').fill('A <key>')
      await follow(page.getByRole('button', { name: 'Add a passkey' }))
      await page.getByRole('button', { name: 'Create the passkey' }).click()
      await page.waitForURL(`${own()}/account/security?done=added`)
      expect(await authenticator.credentials()).toHaveLength(1)
      await page.getByText('Rename').click()
      await page.getByLabel('Name of the passkey').first().fill('Mine')
      await follow(page.getByRole('button', { name: 'Save' }))
      expect(await page.locator('main').textContent()).toContain('Mine')
      await page.goto(`${own()}/account/confirm?back=/account/security`)
      await page.getByRole('button', { name: 'Use a passkey' }).click()
      await page.waitForURL(`${own()}/account/security`)
      await follow(page.getByRole('button', { name: 'Remove' }))
      expect(await page.getByRole('status').textContent()).toBe('Removed.')
    })
  })

  it.skipIf(OATHTOOL === undefined)(
    'work without JavaScript: up, out, in with two factors, by keyboard alone',
    async () => {
      const user = await signUp(postern.origin)
      const { backup_codes } = await enrol(postern.origin, user.access_token)
      await withPage(
        browser,
        async (page) => {
          await page.goto(`${own()}/sign-up`)
          await page.getByLabel('Email').fill(`${randomUUID()}@example.com`)
          await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
          await page.keyboard.press('Enter')
          await page.waitForURL(`${own()}/sign-in`)
          expect(await titleOf(page)).toBe('Welcome back')
          await page.getByRole('link', { name: 'Sign out' }).click()
          await follow(page.getByRole('button', { name: 'Sign out' }))
          await page.goto(`${own()}/sign-in`)
          // The first field has the focus.
          await page.keyboard.type(user.email)
          await page.keyboard.press('Tab')
          await page.keyboard.type(PASSWORD)
          await page.keyboard.press('Enter')
          await page.getByLabel('Code').waitFor()
          await page.getByLabel('Code').fill('000000')
          await follow(page.getByRole('button', { name: 'Continue' }))
          await page.getByLabel('Code').fill(backup_codes[0] ?? '')
          await follow(page.getByRole('button', { name: 'Continue' }))
          expect(await page.locator('main').textContent()).toContain(user.email)
        },
        { javaScriptEnabled: false },
      )
      await withPage(browser, async (page) => {
        await page.goto(`${own()}/sign-in`)
        await signInOn(page, user)
        await page.getByLabel('Code').fill('000000')
        await look(page, 'second-step')
        await follow(page.getByRole('button', { name: 'Continue' }))
        await look(page, 'second-step-refused')
      })
    },
  )

  it('are an account without JavaScript, from signing up to deleting it', async () => {
    const owner = await signUp(postern.origin)
    await confirmAddress(owner)
    const email = `${randomUUID()}@example.com`
    const organization = { name: 'Engines', slug: `org-${randomUUID()}` }
    const { id } = await answerOf<{ id: string }>(
      post(postern.origin, '/api/v1/organizations', organization, bearer(owner.access_token)),
      201,
    )
    const invitation = { email, organization_id: id, role: 'admin' }
    await answerOf(post(postern.origin, '/api/v1/invitations', invitation, bearer(owner.access_token)), 201)
    const link = await mailedLink(postern.origin, email, '/invitations/accept')
    await withPage(
      browser,
      async (page) => {
        const said = () => page.getByRole('status').first().textContent()
        const open = (section: string) => page.goto(`${own()}/account${section}`)
        const send = (form: string) =>
          follow(page.locator(`form[action^="/account/${form}"] button[type=submit]`).first())
        const signInAgain = async (password: string) => {
          await page.goto(`${own()}/sign-in?return_to=/account`)
          await page.locator('#login').fill(email)
          await page.locator('#password').fill(password)
          await follow(page.getByRole('button', { name: 'Sign in', exact: true }))
          expect(new URL(page.url()).pathname).toBe('/account')
        }
        await page.goto(`${own()}/sign-up`)
        await page.getByLabel('Email').fill(email)
        await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
        await follow(page.getByRole('button', { name: 'Create the account' }))

        await page.goto(link)
        await follow(page.getByRole('button', { name: 'Join' }))
        expect(await titleOf(page)).toBe('Welcome')
        await open(`/organizations/${id}`)
        await page.getByLabel('Address to invite').fill(`${randomUUID()}@example.com`)
        await send('invite')
        expect(await said()).toBe('The invitation is on its way.')
        await send('revoke-invitation')
        expect(await said()).toBe('Removed.')
        await open('/organizations')
        await send('leave')
        expect(await said()).toBe('You have left the organization.')

        await open('')
        await page.getByLabel('First name').fill('Ada')
        await send('profile')
        expect([await said(), await page.getByLabel('First name').inputValue()]).toEqual(['Saved.', 'Ada'])
        await page.locator('#locale').selectOption('de')
        await send('language')
        expect([await page.locator('html').getAttribute('lang'), await said()]).toEqual(['de', 'Gespeichert.'])
        await page.locator('#locale').selectOption('')
        await send('language')

        await open('/security')
        await send('start-authenticator')
        expect(await page.getByRole('img', { name: 'QR code' }).count()).toBe(1)
        await page.getByRole('link', { name: 'Cancel' }).click()
        await page.getByLabel('Current password').fill(PASSWORD)
        const changed = `${PASSWORD} still`
        await page.locator('input[name=new_password]').fill(changed)
        await send('password')
        expect(await said()).toBe('Your password is changed. You are signed out everywhere else.')

        for (const form of ['end-session', 'end-others']) {
          await post(postern.origin, '/api/v1/auth/signin', { email, password: changed })
          await open('/sessions')
          await send(form)
          expect(await said()).toBe('Signed out.')
          expect(await page.locator('form[action^="/account/end-"]').count()).toBe(0)
        }

        await page.getByRole('link', { name: 'Sign out' }).click()
        await follow(page.getByRole('button', { name: 'Sign out' }))
        expect(await titleOf(page)).toBe('You are signed out')
        await signInAgain(changed)

        await open('/data')
        await send('export')
        const copy = await page.getByRole('link', { name: 'Download it' }).getAttribute('href')
        const downloaded = await page.request.get(`${own()}${copy}`)
        expect([downloaded.status(), await downloaded.text()]).toEqual([200, expect.stringContaining(email)])
        await page.getByLabel('I want to delete my account').check()
        await send('delete')
        expect(await titleOf(page)).toBe('Your account is deleted')
        await open('')
        expect(new URL(page.url()).pathname).toBe('/sign-in')
      },
      { javaScriptEnabled: false },
    )
  })

  it('sign in with a passkey, by its button and from the field itself', async () => {
    const user = await signUp(postern.origin)
    await withPage(browser, async (page, context) => {
      const authenticator = await VirtualAuthenticator.attach(page, 'verifying')
      await page.goto(`${own()}/forgot-password`)
      await page.evaluate(register(user.access_token))
      expect(await authenticator.credentials()).toHaveLength(1)
      // A virtual authenticator takes the offer of the field at once.
      await page.goto(`${own()}/sign-in?return_to=${encodeURIComponent('/docs')}`)
      await page.waitForURL(`${own()}/docs`)
      await context.clearCookies()
      await page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false')
      await page.goto(`${own()}/sign-in?return_to=${encodeURIComponent('/docs')}`)
      await page.getByRole('button', { name: 'Use a passkey' }).click()
      await page.waitForURL(`${own()}/docs`)
      await page.goto(`${own()}/sign-in`)
      expect(await page.locator('main').textContent()).toContain(user.email)
    })
  })

  it('lead to the example of an application without a server, and back', async () => {
    const user = await signUp(postern.origin)
    const html = await readFile(join(PROJECT_ROOT, 'examples/hosted-sign-in/index.html'))
    const server = createServer((_request, answer) => {
      answer.setHeader('content-type', 'text/html; charset=utf-8').end(html)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    try {
      await withPage(browser, async (page) => {
        await page.goto(`http://127.0.0.1:${port}/?postern=${encodeURIComponent(own())}`)
        await page.getByRole('button', { name: 'Sign in' }).click()
        await page.getByLabel('Email or username').waitFor()
        expect(await page.locator('main').textContent()).toContain(`127.0.0.1:${port}`)
        await signInOn(page, user)
        await page.getByText(`Hello, ${user.email}`).waitFor()
        // The code is gone from the address.
        expect(new URL(page.url()).search).toBe('')
      })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('give an application without a server a session of its own', async () => {
    const user = await signUp(postern.origin)
    const target = `http://127.0.0.1:${application.port}/back`
    const verifier = 'v'.repeat(64)
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
    const code_challenge = Buffer.from(digest).toString('base64url')
    await withPage(browser, async (page) => {
      await page.goto(`${own()}/sign-in?${new URLSearchParams({ redirect_to: target, state: 'mine', code_challenge })}`)
      await signInOn(page, user)
      await page.waitForURL((url) => url.pathname === '/back')
      const url = new URL(page.url())
      expect(url.searchParams.get('state')).toBe('mine')
      const code = url.searchParams.get('code')
      const made = await answerOf<{ user: { email: string } }>(
        post(postern.origin, '/api/v1/oauth/exchange', { code, code_verifier: verifier }),
        200,
      )
      expect(made.user.email).toBe(user.email)
    })
  })
})

describe.skipIf(CHROMIUM === undefined)('a gateway in front of an application (needs the program chromium)', () => {
  let browser: Browser
  let postern: OwnPostern
  let application: Application

  beforeAll(async () => {
    ;[postern, application, browser] = await Promise.all([
      startOwnPostern(inject('checkout'), { SESSION_COOKIE_DOMAIN: '127.0.0.1' }),
      startApplication(),
      launchBrowser(),
    ])
  })

  afterAll(async () => {
    await browser?.close()
    await application?.stop()
    await postern?.stop()
  })

  describe.each(Object.keys(RECIPES) as GatewayName[])('behind %s', (name) => {
    it.skipIf(!canRun(name))(
      'a browser signs in on the way, is renewed unseen, and is sent to sign in once it is revoked',
      async () => {
        const user = await signUp(postern.origin)
        const ports = { postern: postern.port, application: application.port }
        const gateway = await startGateway(name, ports)
        const address = `${gateway.origin}/orders?a=1&b=2`
        try {
          const program = await fetch(`${gateway.origin}/orders`, { redirect: 'manual' })
          expect([program.status, program.headers.get('www-authenticate')]).toEqual([
            401,
            expect.stringContaining('Bearer'),
          ])
          const script = { 'sec-fetch-mode': 'cors', accept: 'text/html' }
          expect((await fetch(`${gateway.origin}/orders`, { headers: script, redirect: 'manual' })).status).toBe(401)
          await withPage(browser, async (page, context) => {
            await page.goto(address)
            expect([new URL(page.url()).pathname, await titleOf(page)]).toEqual(['/sign-in', 'Sign in'])
            await signInOn(page, user)
            await page.waitForURL(address)
            const seen = () => page.locator('body').textContent()
            expect(await seen()).toContain('/orders?a=1&b=2')
            expect(await seen()).toContain(user.userId)
            await context.clearCookies({ name: '__Secure-postern' })
            await page.goto(address)
            expect([page.url(), (await seen())?.includes(user.userId)]).toEqual([address, true])
            await fetch(`${postern.origin}/api/v1/sessions`, { method: 'DELETE', headers: bearer(user.access_token) })
            await vi.waitFor(
              async () => {
                await page.goto(address)
                expect(new URL(page.url()).pathname).toBe('/sign-in')
              },
              { timeout: REVOCATION_BOUND_MS, interval: 300 },
            )
          })
        } finally {
          await gateway.stop()
        }
      },
    )
  })
})

/** Adds a passkey, as an application's own page does. */
const register = (token: string): string => `(async () => {
  const ask = async (path, body) => (await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer ${token}' },
    body: JSON.stringify(body),
  })).json()
  const options = await ask('/api/v1/passkeys/register/begin', {})
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
  const credential = await navigator.credentials.create({ publicKey })
  await ask('/api/v1/passkeys/register/complete', { credential: credential.toJSON(), name: 'A browser' })
})()`
