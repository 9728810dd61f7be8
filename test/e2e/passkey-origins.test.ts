import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { signUp } from './support/api.ts'
import { CHROMIUM, launchBrowser, openPage, serveSecurePage } from './support/browser.ts'
import { type Authority, createAuthority } from './support/certificates.ts'
import { type OwnPostern, startOwnPostern } from './support/postern.ts'

const isMissing = CHROMIUM === undefined

describe.skipIf(isMissing)('passkeys of castle.test (needs the program chromium)', () => {
  let authority: Authority
  let postern: OwnPostern
  let browser: Browser
  let pages: Awaited<ReturnType<typeof serveSecurePage>>

  const originOf = (host: string): string => `https://${host}:${pages.port}`

  beforeAll(async () => {
    authority = await createAuthority()
    pages = await serveSecurePage(await authority.issue('castle.test'))
    postern = await startOwnPostern(inject('checkout'), {
      PASSKEY_RP_ID: 'castle.test',
      PASSKEY_ORIGINS: `https://*.castle.test:${pages.port},${originOf('keep.example')}`,
      CORS_ORIGINS: ['gate.castle.test', 'tower.castle.test', 'keep.example', 'evil.example'].map(originOf).join(),
    })
    pages.proxy(postern.origin)
    // Every name is this machine; the browser asks for related origins at the usual port.
    const names = `MAP castle.test:443 127.0.0.1:${pages.port},MAP * 127.0.0.1`
    browser = await launchBrowser(`--host-resolver-rules=${names}`, '--ignore-certificate-errors')
  })

  afterAll(async () => {
    await browser?.close()
    await postern?.stop()
    await Promise.all([pages?.stop(), authority?.remove()])
  })

  it('are made at one subdomain, and sign in at another and at a related origin, and nowhere else', async () => {
    const user = await signUp(postern.origin)
    const where = { origin: originOf('gate.castle.test'), service: postern.origin, kind: 'verifying' } as const
    const page = await openPage(browser, where)
    expect(await page.register({ token: user.access_token })).toMatchObject({ status: 200 })
    for (const host of ['gate.castle.test', 'tower.castle.test', 'keep.example']) {
      await page.visit(originOf(host))
      const answer = await page.prove({})
      expect([host, answer.status, answer.body.code]).toEqual([host, 200, undefined])
    }
    await page.visit(originOf('evil.example'))
    expect(await page.prove({})).toMatchObject({ status: 0, body: { code: 'SecurityError' } })
  })
})
