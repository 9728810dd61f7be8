import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { PASSWORD, post, signUp } from './support/api.ts'
import { type Application, startApplication } from './support/application.ts'
import { CHROMIUM, follow, launchBrowser } from './support/browser.ts'
import { mailedLink } from './support/mailbox.ts'

const origin = inject('origin')
const isMissing = CHROMIUM === undefined

describe.skipIf(isMissing)('links of mails in a real browser (needs the program chromium)', () => {
  let browser: Browser
  let application: Application

  beforeAll(async () => {
    application = await startApplication()
    browser = await launchBrowser()
  })

  afterAll(async () => {
    await browser?.close()
    await application?.stop()
  })

  async function open(link: string): Promise<Page> {
    const page = await (await browser.newContext()).newPage()
    await page.goto(link)
    return page
  }

  const headingOf = (page: Page) => page.locator('h1').textContent()

  it('confirm an address with a button, without script', async () => {
    const { email, access_token } = await signUp(origin)
    const page = await open(await mailedLink(origin, email, '/verify-email'))
    expect(await page.locator('strong').textContent()).toBe(email)
    await follow(page.getByRole('button', { name: 'Yes' }))
    expect(await headingOf(page)).toBe('Address confirmed')
    const me = await fetch(`${origin}/api/v1/auth/me`, { headers: { authorization: `Bearer ${access_token}` } })
    expect(await me.json()).toMatchObject({ email_verified: true })
  })

  it('set a password, after a weak one was refused', async () => {
    const { email } = await signUp(origin)
    await post(origin, '/api/v1/auth/forgot-password', { email })
    const page = await open(await mailedLink(origin, email, '/reset-password'))
    await page.getByLabel('New password').fill('password123')
    await follow(page.getByRole('button', { name: 'Set the password' }))
    expect(await page.getByRole('alert').textContent()).toContain('too easy to guess')
    await page.getByLabel('New password').fill(`${PASSWORD} and more`)
    await follow(page.getByRole('button', { name: 'Set the password' }))
    expect(await headingOf(page)).toBe('Password set')
    const signedIn = await post(origin, '/api/v1/auth/signin', { email, password: `${PASSWORD} and more` })
    expect(signedIn.status).toBe(200)
  })

  it('lead back to the application with a code that signs in once', async () => {
    const { email } = await signUp(origin)
    const redirect_url = `http://127.0.0.1:${application.port}/back?next=%2Fhome`
    const sent = await post(origin, '/api/v1/auth/magic/send', { email, redirect_url, bind: true })
    const { binding } = (await sent.json()) as { binding: string }
    const page = await open(await mailedLink(origin, email, '/magic-link'))
    await follow(page.getByRole('button'))
    await page.waitForURL(`http://127.0.0.1:${application.port}/**`)
    const back = new URL(page.url())
    expect([back.pathname, back.searchParams.get('next')]).toEqual(['/back', '/home'])
    // The application learns the code from its own address and from nowhere else.
    const seen = JSON.parse((await page.locator('body').textContent()) ?? '') as { headers: Record<string, string> }
    expect(seen.headers.referer).toBeUndefined()
    const token = back.searchParams.get('token')
    const use = (body: unknown) => post(origin, '/api/v1/auth/magic-link/verify', body)
    expect((await use({ token })).status).toBe(400)
    expect((await use({ token, binding })).status).toBe(200)
    expect((await use({ token, binding })).status).toBe(400)
  })

  it('do nothing for a form that another site sends', async () => {
    const { email } = await signUp(origin)
    const token = new URL(await mailedLink(origin, email, '/verify-email')).searchParams.get('token') ?? ''
    const attacker = createServer((_request, response) => {
      response
        .setHeader('content-type', 'text/html')
        .end(
          `<form method="post" action="${origin}/verify-email"><input name="token" value="${token}"><input name="answer" value="yes"></form><script>document.forms[0].submit()</script>`,
        )
    })
    await new Promise<void>((resolve) => attacker.listen(0, 'localhost', resolve))
    try {
      const page = await open(`http://localhost:${(attacker.address() as AddressInfo).port}/`)
      await page.waitForURL(`${origin}/verify-email`)
      expect(await headingOf(page)).toBe('This did not work')
      expect((await post(origin, '/api/v1/auth/verify-email', { token })).status).toBe(200)
    } finally {
      attacker.closeAllConnections()
      attacker.close()
    }
  })
})
