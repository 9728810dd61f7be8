import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { bearer, PASSWORD, post, type SignedIn, signUp } from './support/api.ts'
import { expectNothingFound, expectToFit, WCAG_22_AA } from './support/axe.ts'
import { CHROMIUM, follow, launchBrowser } from './support/browser.ts'
import { mailedLink } from './support/mailbox.ts'

const origin = inject('origin')
const NEW_PASSWORD = `${PASSWORD} and more`

const LOCALES = ['en', 'de', 'fr', 'es', 'ar']
/** Looked at in every window: one from left to right, one from right to left. */
const WHOLLY = ['en', 'ar']

const submit = (page: Page) => follow(page.locator('main button[type=submit]').first())

async function resetLink(email: string): Promise<string> {
  await post(origin, '/api/v1/auth/forgot-password', { email })
  return mailedLink(origin, email, '/reset-password')
}

async function confirmAddress(email: string, accessToken: string): Promise<void> {
  const link = new URL(await mailedLink(origin, email, '/verify-email'))
  const body = { token: link.searchParams.get('token') }
  expect((await post(origin, '/api/v1/auth/verify-email', body, bearer(accessToken))).status).toBe(200)
}

async function signUpConfirmed(): Promise<SignedIn> {
  const account = await signUp(origin)
  await confirmAddress(account.email, account.access_token)
  return account
}

/** Whoever has the link of a page, by the page's path. */
const LINKS: Readonly<Record<string, () => Promise<string>>> = {
  '/verify-email': async () => mailedLink(origin, (await signUp(origin)).email, '/verify-email'),
  '/reset-password': async () => resetLink((await signUp(origin)).email),
  '/report-activity': async () => {
    const { email } = await signUp(origin)
    const token = new URL(await resetLink(email)).searchParams.get('token')
    await post(origin, '/api/v1/auth/reset-password', { token, new_password: NEW_PASSWORD })
    return mailedLink(origin, email, '/report-activity')
  },
  '/revert-email': async () => {
    const { email, access_token } = await signUpConfirmed()
    const other = `other-${email}`
    await fetch(`${origin}/api/v1/auth/profile`, {
      method: 'PATCH',
      headers: { ...bearer(access_token), 'content-type': 'application/json' },
      body: JSON.stringify({ email: other }),
    })
    await confirmAddress(other, access_token)
    return mailedLink(origin, email, '/revert-email')
  },
  '/restore-account': async () => {
    const { email, access_token, userId } = await signUpConfirmed()
    const deleted = await fetch(`${origin}/api/v1/users/${userId}`, {
      method: 'DELETE',
      headers: { ...bearer(access_token), 'content-type': 'application/json' },
      body: JSON.stringify({ password: PASSWORD }),
    })
    expect(deleted.ok).toBe(true)
    await post(origin, '/api/v1/auth/forgot-password', { email })
    return mailedLink(origin, email, '/restore-account')
  },
  '/unlock-account': async () => {
    const { email } = await signUp(origin)
    for (let failures = 0; failures < 6; failures += 1)
      await post(origin, '/api/v1/auth/signin', { email, password: 'wrong password' })
    return mailedLink(origin, email, '/unlock-account')
  },
  '/magic-link': async () => {
    const { email } = await signUp(origin)
    await post(origin, '/api/v1/auth/magic/send', { email })
    return mailedLink(origin, email, '/magic-link')
  },
  '/invitations/accept': async () => {
    const headers = bearer((await signUpConfirmed()).access_token)
    const organization = { name: 'Engines', slug: `org-${randomUUID()}` }
    expect((await post(origin, '/api/v1/organizations', organization, headers)).status).toBe(201)
    const email = `${randomUUID()}@example.com`
    expect((await post(origin, '/api/v1/invitations', { email, message: 'Come' }, headers)).status).toBe(201)
    return mailedLink(origin, email, '/invitations/accept')
  },
}

describe.skipIf(CHROMIUM === undefined)('pages in a real browser (needs the program chromium)', () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await launchBrowser()
  })

  afterAll(async () => {
    await browser?.close()
  })

  async function withPage(work: (page: Page, context: BrowserContext) => Promise<void>, locale = 'en'): Promise<void> {
    const context = await browser.newContext({ locale })
    await work(await context.newPage(), context)
    await context.close()
  }

  it.each(LOCALES)(
    'fit, and have no fault that axe knows, at any step, in %s',
    async (locale) => {
      // What axe looks at depends on no language, widths on its words.
      const look = (page: Page) => (WHOLLY.includes(locale) ? expectNothingFound(page) : expectToFit(page))
      await withPage(async (page) => {
        for (const [path, makeLink] of Object.entries(LINKS)) {
          const link = await makeLink()
          await page.goto(link)
          const html = page.locator('html')
          expect([path, await html.getAttribute('lang'), await html.getAttribute('dir')]).toEqual([
            path,
            locale,
            locale === 'ar' ? 'rtl' : 'ltr',
          ])
          await look(page)
          if (path === '/reset-password') {
            await page.locator('#password').fill('password123')
            await submit(page)
            await look(page)
            await page.locator('#password').fill(NEW_PASSWORD)
          }
          if (path === '/invitations/accept') await page.locator('#password').fill(NEW_PASSWORD)
          if (path === '/restore-account') {
            await submit(page)
            await look(page)
            await page.locator('#password').fill(PASSWORD)
          }
          await submit(page)
          await look(page)
          // A second use says what is wrong, or that all is done.
          await page.goto(link)
          await look(page)
        }
        const reset = await resetLink((await signUp(origin)).email)
        await page.goto(reset.slice(0, -5))
        await look(page)
        await page.goto(reset)
        await page.locator('#password').fill(NEW_PASSWORD)
        await submit(page)
        await page.goto(reset)
        await submit(page)
        await look(page)
        for (const path of ['/', '/dev/mailbox', '/dev/mailbox?to=nobody']) {
          await page.goto(`${origin}${path}`)
          await look(page)
        }
      }, locale)
    },
    240_000,
  )

  it('give the account to a holder who says No, with a form for its password', async () => {
    await withPage(async (page) => {
      const { email } = await signUp(origin)
      await page.goto(await mailedLink(origin, email, '/verify-email'))
      await follow(page.getByRole('button', { name: 'No' }))
      await expectNothingFound(page)
      expect(await page.getByLabel('Account').inputValue()).toBe(email)
      await page.getByLabel('New password').fill(NEW_PASSWORD)
      await submit(page)
      expect(await page.locator('h1').textContent()).toBe('Password set')
    })
  })

  it('show a typed password where there is script, and work where there is none', async () => {
    const link = await resetLink((await signUp(origin)).email)
    await withPage(async (page) => {
      await page.goto(link)
      const field = page.getByLabel('New password')
      const button = page.getByRole('button', { name: 'Show password' })
      await button.click()
      expect([await field.getAttribute('type'), await button.getAttribute('aria-pressed')]).toEqual(['text', 'true'])
      await button.click()
      expect([await field.getAttribute('type'), await button.getAttribute('aria-pressed')]).toEqual([
        'password',
        'false',
      ])
    })
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(link)
    expect(await page.getByRole('button').count()).toBe(1)
    await page.getByLabel('New password').fill(NEW_PASSWORD)
    await submit(page)
    expect(await page.locator('h1').textContent()).toBe('Password set')
    await context.close()
  })

  it('put the focus on what was wrong', async () => {
    await withPage(async (page) => {
      await page.goto(await resetLink((await signUp(origin)).email))
      await page.getByLabel('New password').fill('password123')
      await submit(page)
      expect(await page.locator(':focus').textContent()).toContain('too easy to guess')
    })
  })

  it('show mails as they look, with links that work', async () => {
    const { email } = await signUp(origin)
    await mailedLink(origin, email, '/verify-email')
    await withPage(async (page, context) => {
      await page.goto(`${origin}/dev/mailbox`)
      await page.getByLabel('Mails to this address').fill(email)
      await submit(page)
      const mail = page.frameLocator('iframe').first()
      const button = mail.getByRole('link', { name: 'Confirm the address' })
      // Its own style: dark, with white text.
      const background = await button.evaluate((link) => {
        const styleOf = Reflect.get(globalThis, 'getComputedStyle') as (one: unknown) => { backgroundColor: string }
        return styleOf(link).backgroundColor
      })
      expect(background).toBe('rgb(34, 34, 34)')
      const [opened] = await Promise.all([context.waitForEvent('page'), button.click()])
      await opened.waitForLoadState()
      expect(await opened.locator('h1').textContent()).toBe('Confirm your address')
      await follow(opened.getByRole('button', { name: 'Yes' }))
      expect(await opened.locator('h1').textContent()).toBe('Address confirmed')
    })
  })

  it('hold no mail that axe finds fault with', async () => {
    for (const locale of LOCALES) {
      const email = `${randomUUID()}@example.com`
      await post(origin, '/api/v1/auth/signup', { email, password: PASSWORD, locale })
      await mailedLink(origin, email, '/verify-email')
    }
    const answer = await fetch(`${origin}/dev/mailbox`)
    const mails = (await answer.json()) as { subject: string; html: string }[]
    const bySubject = new Map(mails.map(({ subject, html }) => [subject, html]))
    expect(bySubject.size).toBeGreaterThan(3)
    await withPage(async (page) => {
      for (const html of bySubject.values()) {
        await page.setContent(html)
        // Landmarks and headings are for pages.
        await expectNothingFound(page, { rules: WCAG_22_AA })
      }
    })
  })

  describe('that lead to an application', () => {
    let servers: Server[] = []

    const serve = async (answer: (url: string) => { status: number; location?: string }): Promise<string> => {
      const server = createServer((request, response) => {
        const { status, location } = answer(request.url ?? '')
        response.writeHead(status, location === undefined ? {} : { location }).end()
      })
      servers.push(server)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    }

    afterAll(() => {
      for (const server of servers) {
        server.closeAllConnections()
        server.close()
      }
      servers = []
    })

    it('get their user there although it answers with a redirect to somewhere else', async () => {
      const home = await serve(() => ({ status: 200 }))
      const application = await serve((url) => ({
        status: 302,
        location: `${home}/home?was=${encodeURIComponent(url)}`,
      }))
      const { email } = await signUp(origin)
      await post(origin, '/api/v1/auth/magic/send', { email, redirect_url: `${application}/in` })
      await post(origin, '/api/v1/auth/resend-verification', { email, redirect_url: `${application}/confirmed` })
      for (const [path, arrived] of [
        ['/magic-link', '/in?token=pot_'],
        ['/verify-email', '/confirmed'],
      ] as const) {
        const link = await mailedLink(origin, email, path)
        await withPage(async (page) => {
          await page.goto(link)
          await submit(page)
          await page.waitForURL(`${home}/home**`)
          expect(new URL(page.url()).searchParams.get('was')).toContain(arrived)
        })
      }
    })
  })
})
