import { randomUUID } from 'node:crypto'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { answerOf, bearer, PASSWORD, post, type SignedIn, signIn, signUp, signUpVerified } from './support/api.ts'
import { CHROMIUM, follow, launchBrowser } from './support/browser.ts'
import { mailedLink } from './support/mailbox.ts'

const origin = inject('origin')
const PATH = '/invitations/accept'
const SCRIPT = `<img src=x onerror=document['title']="owned">`

interface Invitation {
  readonly id: string
  readonly email: string
  readonly invite_url: string
}

let owner: SignedIn
let organizationId: string

const invite = (email = `${randomUUID()}@example.com`, fields: object = {}): Promise<Invitation> =>
  answerOf(
    post(
      origin,
      '/api/v1/invitations',
      { organization_id: organizationId, email, ...fields },
      bearer(owner.access_token),
    ),
    201,
  )

const statusOf = async ({ id }: Invitation): Promise<string> =>
  (await answerOf<{ status: string }>(fetch(`${origin}/api/v1/invitations/${id}`), 200)).status

/** Whoever has the mail and whoever has the link of the answer, in turn. */
const LINKS = {
  mail: ({ email }: Invitation) => mailedLink(origin, email, PATH),
  url: async ({ invite_url }: Invitation) => invite_url,
} as const

beforeAll(async () => {
  owner = await signUpVerified(origin)
  const body = { name: `Engines ${SCRIPT}”`, slug: `org-${randomUUID()}` }
  const made = await answerOf<{ id: string }>(
    post(origin, '/api/v1/organizations', body, bearer(owner.access_token)),
    201,
  )
  organizationId = made.id
})

describe.skipIf(CHROMIUM === undefined)(
  'the page of an invitation in a real browser (needs the program chromium)',
  () => {
    let browser: Browser

    beforeAll(async () => {
      browser = await launchBrowser()
    })

    afterAll(async () => {
      await browser?.close()
    })

    async function withPage(work: (page: Page, context: BrowserContext) => Promise<void>): Promise<void> {
      const context = await browser.newContext({ locale: 'en' })
      await work(await context.newPage(), context)
      await context.close()
    }

    const submit = (page: Page) => follow(page.locator('main button[type=submit]'))
    const title = (page: Page) => page.locator('h1').textContent()

    it.each(['mail', 'url'] as const)('makes an account and a member of whoever has the %s', async (kind) => {
      const invitation = await invite(undefined, { message: `Come ${SCRIPT}` })
      const link = await LINKS[kind](invitation)
      await withPage(async (page) => {
        await page.goto(link)
        const text = await page.locator('main').textContent()
        expect(text).toContain(owner.email)
        expect(text).toContain(`“Engines ${SCRIPT.replaceAll('"', "'")}'”`)
        expect(text).toContain(`“Come ${SCRIPT}”`)
        expect(await page.locator('img').count()).toBe(0)
        expect(await page.title()).not.toBe('owned')
        expect(await page.getByLabel('Account').inputValue()).toBe(invitation.email)
        await page.getByLabel('New password').fill('password123')
        await submit(page)
        expect(await page.locator(':focus').textContent()).toContain('too easy to guess')
        await page.getByLabel('Your name').fill('Ada')
        await page.getByLabel('New password').fill(PASSWORD)
        await submit(page)
        expect(await title(page)).toBe('Welcome')
        expect(await page.locator('img').count()).toBe(0)
        // Signed in, and a member: the link says so again, and to everybody else that it was used.
        await follow(page.getByRole('link', { name: 'Your account' }))
        expect(await page.locator('main').textContent()).toContain(invitation.email)
        await page.goto(link)
        expect(await title(page)).toBe('Welcome')
      })
      await withPage(async (page) => {
        await page.goto(link)
        expect(await title(page)).toBe('This link was used before')
      })
      const { access_token } = await signIn(origin, invitation.email)
      const me = await answerOf<{ email_verified: boolean; display_name: string }>(
        fetch(`${origin}/api/v1/auth/me`, { headers: bearer(access_token) }),
        200,
      )
      expect(me).toMatchObject({ email_verified: kind === 'mail', display_name: 'Ada' })
      const organizations = await fetch(`${origin}/api/v1/organizations`, { headers: bearer(access_token) })
      expect(await organizations.json()).toMatchObject([{ id: organizationId, user_role: 'member', status: 'active' }])
    })

    it.each(['mail', 'url'] as const)('tells whoever has an account and the %s to sign in', async (kind) => {
      const ada = await signUp(origin)
      const invitation = await invite(ada.email)
      await withPage(async (page) => {
        await page.goto(await LINKS[kind](invitation))
        expect(await page.locator('main').textContent()).toContain(
          `Sign in to Postern with the account of ${ada.email}`,
        )
        expect(await page.locator('form').count()).toBe(0)
      })
      expect(await statusOf(invitation)).toBe('pending')
    })

    it('says how an invitation stands that is void', async () => {
      const invitation = await invite()
      const link = await LINKS.mail(invitation)
      await withPage(async (page) => {
        await page.goto(link)
        // Somebody revokes it while the page is open.
        await answerOf(
          fetch(`${origin}/api/v1/invitations/${invitation.id}`, {
            method: 'DELETE',
            headers: bearer(owner.access_token),
          }),
          200,
        )
        await page.getByLabel('New password').fill(PASSWORD)
        await submit(page)
        expect(await title(page)).toBe('This invitation was withdrawn')
        await page.goto(link.slice(0, -4))
        expect(await title(page)).toBe('This link does not work')
        await page.goto(`${origin}${PATH}`)
        expect(await title(page)).toBe('This link is incomplete')
      })
    })

    it('sends its form only from our own page', async () => {
      const invitation = await invite()
      const token = new URL(invitation.invite_url).searchParams.get('token') ?? ''
      await withPage(async (page) => {
        // A page of another origin, which sends the form for its visitor.
        await page.setContent(`<form method="post" action="${origin}${PATH}">
        <input name="token" value="${token}"><input name="new_password" value="${PASSWORD}"><button>Go</button></form>`)
        const [answer] = await Promise.all([
          page.waitForResponse((response) => response.url().endsWith(PATH)),
          page.getByRole('button').click(),
        ])
        expect(answer.status()).toBe(403)
      })
      expect(await statusOf(invitation)).toBe('pending')
    })
  },
)

describe('the link of an invitation', () => {
  it('changes nothing when a scanner opens it', async () => {
    const invitation = await invite()
    const link = await LINKS.mail(invitation)
    for (const method of ['GET', 'HEAD', 'GET', 'OPTIONS'])
      expect((await fetch(link, { method })).status).toBeLessThan(300)
    expect(await statusOf(invitation)).toBe('pending')
  })

  it.each([
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-origin' },
    {},
  ])('takes no form with the headers %j', async (headers: Record<string, string>) => {
    const invitation = await invite()
    const token = new URL(invitation.invite_url).searchParams.get('token') ?? ''
    const body = new URLSearchParams({ token, new_password: PASSWORD })
    const answer = await fetch(`${origin}${PATH}`, { method: 'POST', headers, body })
    expect(answer.status).toBe(403)
    expect(await statusOf(invitation)).toBe('pending')
  })
})
