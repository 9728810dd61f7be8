import { TOTP } from 'otpauth'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { bearer, PASSWORD, post, type SignedIn, signUp } from './support/api.ts'
import {
  type AuthenticatorKind,
  CHROMIUM,
  launchBrowser,
  openPage,
  type PageServer,
  type PasskeyPage,
  servePage,
} from './support/browser.ts'
import { type OwnPostern, startOwnPostern } from './support/postern.ts'

const isMissing = CHROMIUM === undefined

describe.skipIf(isMissing)('passkeys in a real browser (needs the program chromium)', () => {
  let postern: OwnPostern
  let browser: Browser
  let pages: PageServer
  let strangers: PageServer

  beforeAll(async () => {
    pages = await servePage()
    strangers = await servePage()
    postern = await startOwnPostern(inject('checkout'), { PASSKEY_ORIGINS: pages.origin })
    browser = await launchBrowser()
  })

  afterAll(async () => {
    await browser?.close()
    await postern?.stop()
    await Promise.all([pages?.stop(), strangers?.stop()])
  })

  /** A new user whose passkey is in the page's authenticator. */
  async function freshPasskey({
    way = 'native',
    kind = 'verifying',
  }: {
    way?: 'native' | 'manual'
    kind?: AuthenticatorKind
  } = {}): Promise<{ user: SignedIn; page: PasskeyPage }> {
    const where = { origin: pages.origin, service: postern.origin, kind }
    const [user, page] = await Promise.all([signUp(postern.origin), openPage(browser, where)])
    const answer = await page.register({ token: user.access_token, way })
    expect(answer).toMatchObject({ status: 200, body: { verified: true } })
    return { user, page }
  }

  const acrOf = async (token: unknown): Promise<number> =>
    (await fetch(`${postern.origin}/validate?acr=aal2`, { headers: bearer(String(token)) })).status

  const listPasskeys = async ({ access_token }: SignedIn) =>
    (await fetch(`${postern.origin}/api/v1/passkeys`, { headers: bearer(access_token) })).json() as Promise<
      { id: string; name: string; sign_count: number }[]
    >

  it('are registered, and sign in by email as two factors', async () => {
    const { user, page } = await freshPasskey()
    expect(await listPasskeys(user)).toMatchObject([{ name: 'A browser', authenticator_attachment: 'platform' }])
    const answer = await page.prove({ begin: { email: user.email } })
    expect(answer).toMatchObject({ status: 200, body: { verified: true, user: { id: user.userId } } })
    expect(await acrOf(answer.body.access_token)).toBe(200)
  })

  it('sign in without a name: the browser offers what it has', async () => {
    const { user, page } = await freshPasskey()
    const answer = await page.prove({})
    expect(answer).toMatchObject({ status: 200, body: { user: { id: user.userId } } })
  })

  it('do both through the base64 of a published client', async () => {
    const { user, page } = await freshPasskey({ way: 'manual' })
    const answer = await page.prove({ way: 'manual' })
    expect(answer).toMatchObject({ status: 200, body: { user: { id: user.userId } } })
  })

  it('are not registered twice by one authenticator', async () => {
    const { user, page } = await freshPasskey()
    expect(await page.register({ token: user.access_token })).toMatchObject({
      status: 0,
      body: { code: 'InvalidStateError' },
    })
    expect(await listPasskeys(user)).toHaveLength(1)
  })

  it('are the second step of a sign-in with a password', async () => {
    const { user, page } = await freshPasskey({ kind: 'touched' })
    const started = await post(postern.origin, '/api/v1/mfa/totp/generate', {}, bearer(user.access_token))
    const { secret } = (await started.json()) as { secret: string }
    const code = new TOTP({ secret }).generate()
    const enabled = await post(postern.origin, '/api/v1/mfa/totp/verify', { code }, bearer(user.access_token))
    expect(enabled.status).toBe(200)
    const begun = await post(postern.origin, '/api/v1/auth/signin', { email: user.email, password: PASSWORD })
    const { mfa_token, available_methods } = (await begun.json()) as { mfa_token: string; available_methods: string[] }
    expect(available_methods).toContain('passkey')
    const path = '/api/v1/mfa/challenge/verify'
    const answer = await page.prove({ begin: { mfa_token }, path, body: { mfa_token } })
    expect(answer.status).toBe(200)
    expect(await acrOf(answer.body.access_token)).toBe(200)
  })

  it('are one factor when the authenticator did not verify its user', async () => {
    const { user, page } = await freshPasskey({ kind: 'touched' })
    const answer = await page.prove({ begin: { email: user.email } })
    expect(answer.status).toBe(200)
    expect(await acrOf(answer.body.access_token)).toBe(403)
  })

  it('raise a session', async () => {
    const { user, page } = await freshPasskey()
    expect(await acrOf(user.access_token)).toBe(403)
    const answer = await page.prove({ path: '/api/v1/auth/step-up', token: user.access_token })
    expect(answer.status).toBe(200)
    expect(await acrOf(answer.body.access_token)).toBe(200)
  })

  it('are refused once they were removed', async () => {
    const { user, page } = await freshPasskey()
    const [passkey] = await listPasskeys(user)
    const removed = await fetch(`${postern.origin}/api/v1/passkeys/${passkey?.id}`, {
      method: 'DELETE',
      headers: bearer(user.access_token),
    })
    expect(removed.status).toBe(200)
    expect(await page.prove({})).toMatchObject({ status: 404, body: { code: 'PASSKEY_NOT_FOUND' } })
  })

  it('are refused from an origin that is not configured, though the browser would give them', async () => {
    const { user, page } = await freshPasskey()
    await page.visit(strangers.origin)
    expect(await page.prove({})).toMatchObject({ status: 400, body: { code: 'PASSKEY_REFUSED' } })
    expect(await page.prove({ begin: { email: user.email } })).toMatchObject({ status: 400 })
    await page.visit(pages.origin)
    expect((await page.prove({})).status).toBe(200)
  })

  it('are refused as copies: a count that was seen already', async () => {
    const { user, page } = await freshPasskey()
    const [copied] = await page.authenticator.credentials()
    if (!copied) throw new Error('the authenticator has no credential')
    expect((await page.prove({})).status).toBe(200)
    const [{ sign_count: counted } = { sign_count: 0 }] = await listPasskeys(user)
    expect(counted).toBeGreaterThan(copied.signCount)
    await page.authenticator.replace(copied)
    expect(await page.prove({})).toMatchObject({ status: 400, body: { code: 'PASSKEY_REFUSED' } })
    expect(await listPasskeys(user)).toMatchObject([{ sign_count: counted }])
  })
})
