import { describe, expect, it } from 'vitest'
import { listRoutes } from '../../../src/app.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp } from '../../support/app.ts'
import { newAddress, PASSWORD, signUpUser } from '../../support/users.ts'
import { openBrowser } from './support.ts'

const APP = 'https://app.example.test'
const app = createTestApp({ env: { CORS_ORIGINS: APP } })
const ALLOWED = 'access-control-allow-origin'

const preflight = (path: string, method: string) =>
  app.fetch(path, { method: 'OPTIONS', headers: { origin: APP, 'access-control-request-method': method } })

async function signedIn() {
  const user = await signUpUser(app)
  const browser = openBrowser(app)
  await browser.post('/sign-in', { login: user.email, password: PASSWORD }, { 'cf-connecting-ip': newAddress() })
  return { user, browser }
}

describe('an application whose origin is allowed', () => {
  it('reads answers of the API, and no page, however its path is spelled', async () => {
    const pages = listRoutes().filter(({ tag }) => tag === 'pages')
    expect(pages.length).toBeGreaterThan(20)
    const given: [string, string, string | null][] = []
    for (const { method, path } of pages) {
      const at = path.replace(/:\w+/g, newUuid())
      for (const spelled of [at, `${at}/`, at.replace('s', '%73')])
        given.push([method, spelled, (await preflight(spelled, method)).headers.get(ALLOWED)])
      const headers = { origin: APP, 'cf-connecting-ip': newAddress() }
      given.push([method, path, (await app.fetch(at, { method, headers })).headers.get(ALLOWED)])
      if (method === 'GET')
        given.push(['HEAD', path, (await app.fetch(at, { method: 'HEAD', headers })).headers.get(ALLOWED)])
    }
    expect(given.filter(([, , allowed]) => allowed !== null)).toEqual([])
    const ofApi = await preflight('/api/v1/users/me', 'PATCH')
    expect([ofApi.status, ofApi.headers.get(ALLOWED)]).toEqual([204, APP])
    const answer = await app.fetch('/api/v1/users/me', { headers: { origin: APP } })
    expect([answer.status, answer.headers.get(ALLOWED)]).toEqual([401, APP])
  })

  it("reads nothing of an account with the browser's cookie", async () => {
    const { browser, user } = await signedIn()
    for (const site of ['same-site', 'cross-site']) {
      const read = { origin: APP, 'sec-fetch-site': site, 'sec-fetch-mode': 'cors' }
      for (const path of ['/account', '/account/security', '/account/confirm', `/account/data/${newUuid()}`]) {
        const answer = await browser.get(path, read)
        expect([path, answer.status, answer.headers.get(ALLOWED)]).toEqual([path, 403, null])
        expect(await answer.text()).not.toContain(user.email)
      }
      // `no-cors` too, as a picture or a script is asked for; a link is followed.
      expect((await browser.get('/account', { 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors' })).status).toBe(403)
      expect((await browser.get('/account', { 'sec-fetch-site': site })).status).toBe(403)
      const followed = await browser.get('/account', { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' })
      expect([followed.status, followed.headers.get(ALLOWED)]).toEqual([200, null])
    }
    for (const site of ['same-origin', 'none'])
      expect((await browser.get('/account', { 'sec-fetch-site': site, 'sec-fetch-mode': 'cors' })).status).toBe(200)
  })
})
