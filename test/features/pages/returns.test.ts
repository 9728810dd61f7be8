import { describe, expect, it } from 'vitest'
import { findReturn, MAX_RETURN } from '../../../src/features/pages/rules/returns.ts'
import { newAddress, PASSWORD, signUpUser } from '../../support/users.ts'
import { app, OWN, openBrowser } from './support.ts'

const SETTINGS = {
  PUBLIC_URL: 'https://auth.example.test',
  REDIRECT_ORIGINS: ['https://partner.test', 'com.example.app:'],
  SESSION_COOKIE_DOMAIN: 'example.test',
}

/** None may lead anywhere else, in any reading of a browser. */
const OPEN = [
  'https://evil.test',
  'https://evil.test/',
  '//evil.test',
  '///evil.test',
  '////evil.test',
  '/\\evil.test',
  '/x\\?a',
  '\\\\evil.test',
  '\\/evil.test',
  '/\t/evil.test',
  '/\n/evil.test',
  '/\r\n/evil.test',
  ' //evil.test',
  '\u0000//evil.test',
  'https:evil.test',
  'https:/evil.test',
  'https:\\\\evil.test',
  'https:///evil.test',
  'https://auth.example.test@evil.test',
  'https://auth.example.test:443@evil.test/',
  'https://user:password@auth.example.test/',
  'https://auth.example.test.evil.test',
  'https://evil-example.test',
  'https://evilexample.test',
  'https://evil.test/https://auth.example.test',
  'https://evil.test#auth.example.test',
  'https://evil.test?auth.example.test',
  'https://evil.test\\.example.test',
  'https://evil。test',
  'http://app.example.test',
  'http://auth.example.test',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\tscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:x',
  'blob:https://auth.example.test/x',
  'ftp://app.example.test/',
  'com.example.app:/x',
  'filesystem:https://auth.example.test/x',
  'evil.test',
  '',
  '.',
]

describe('an address to which a browser may return', () => {
  it('is none of other sites, in any spelling', () => {
    expect(OPEN.filter((address) => findReturn(SETTINGS, address) !== undefined)).toEqual([])
  })

  it('is a path of ours, an application under the domain, or an origin that is listed', () => {
    const good = {
      '/docs?a=1&b=2': 'https://auth.example.test/docs?a=1&b=2',
      '/a/../docs': 'https://auth.example.test/docs',
      'https://auth.example.test/x': 'https://auth.example.test/x',
      'https://example.test/': 'https://example.test/',
      'https://app.example.test:8443/x?y=1#z': 'https://app.example.test:8443/x?y=1#z',
      '/x?a=\\b': 'https://auth.example.test/x?a=%5Cb',
      '/x?a=\\b#\\c': 'https://auth.example.test/x?a=%5Cb#%5Cc',
      'https://app.example.test?\\@evil.test': 'https://app.example.test/?%5C@evil.test',
      'HTTPS://APP.EXAMPLE.TEST/x': 'https://app.example.test/x',
      'https://partner.test/x': 'https://partner.test/x',
    }
    for (const [address, href] of Object.entries(good))
      expect([address, findReturn(SETTINGS, address)?.href]).toEqual([address, href])
  })

  it('is as long as gateways take one', () => {
    const address = `https://app.example.test/?${'x'.repeat(3000)}`
    expect(findReturn(SETTINGS, address)?.href).toBe(address)
    expect(findReturn(SETTINGS, `/${'x'.repeat(MAX_RETURN)}`)).toBeUndefined()
  })

  it('is below the domain only where the cookie reaches it', () => {
    const hostOnly = { ...SETTINGS, SESSION_COOKIE_DOMAIN: 'auth.example.test' }
    expect(findReturn(hostOnly, 'https://auth.example.test:8443/x')).toBeDefined()
    for (const address of ['https://a.auth.example.test/', 'https://example.test/', 'https://app.example.test/'])
      expect([address, findReturn(hostOnly, address)]).toEqual([address, undefined])
    const none = { PUBLIC_URL: SETTINGS.PUBLIC_URL, REDIRECT_ORIGINS: [] }
    expect(findReturn(none, 'https://app.example.test/')).toBeUndefined()
    expect(findReturn(none, '/x')).toBeDefined()
  })
})

/** Every page on the way. Where the form of a step would need more, it is refused before that is looked at. */
const STEPS: readonly (readonly [method: 'GET' | 'POST', path: string, fields?: Record<string, string>])[] = [
  ['GET', '/sign-in'],
  ['GET', '/sign-in/sso'],
  ['GET', '/sign-in/sent'],
  ['GET', '/sign-in/done'],
  ['GET', '/sign-in/with/google'],
  ['GET', '/sign-up'],
  ['GET', '/forgot-password'],
  ['GET', '/sign-out'],
  ['POST', '/sign-in', { login: 'a@example.test', password: 'x' }],
  ['POST', '/sign-in/continue', {}],
  ['POST', '/sign-in/second-step', { mfa_token: 'x', code: '1' }],
  ['POST', '/sign-in/link', { login: 'a@example.test' }],
  ['POST', '/sign-in/sso', { login: 'a@example.test' }],
  ['POST', '/sign-up', { email: 'a@example.test', password: 'x' }],
  ['POST', '/forgot-password', { email: 'a@example.test' }],
  ['POST', '/sign-out', {}],
]

const challenge = 'A'.repeat(43)

describe.each(STEPS.map(([method, path, fields = {}]) => ({ method, path, fields })))(
  '$method $path',
  ({ method, path, fields }) => {
    const ask = (query: Record<string, string>) => {
      const search = new URLSearchParams(query)
      const browser = openBrowser()
      return method === 'GET' ? browser.get(`${path}?${search}`) : browser.post(`${path}?${search}`, fields)
    }

    it('refuses every address of another site, names it nowhere, and sends nobody there', async () => {
      for (const address of OPEN) {
        const queries = [{ return_to: address }, { redirect_to: address, code_challenge: challenge, state: 's' }]
        for (const query of queries) {
          const answer = await ask(query)
          const text = await answer.text()
          expect([query, answer.status]).toEqual([query, 400])
          expect([answer.headers.get('location'), answer.headers.get('refresh')]).toEqual([null, null])
          expect(text).not.toMatch(/evil|javascript:|vbscript:/i)
        }
      }
    })

    it('refuses an application without a challenge', async () => {
      expect((await ask({ redirect_to: `${OWN}/x` })).status).toBe(400)
      expect((await ask({ redirect_to: `${OWN}/x`, code_challenge: 'short' })).status).toBe(400)
    })
  },
)

describe('a gateway that sends a browser', () => {
  it('is refused for addresses of other sites', async () => {
    for (const address of OPEN.filter((it) => /^[\x21-\x7e]*$/.test(it))) {
      for (const spelt of [address, encodeURIComponent(address)]) {
        const answer = await app.fetch(`/sign-in/renew?return_to=${spelt}`)
        expect([spelt, answer.status, answer.headers.get('location')]).toEqual([spelt, 400, null])
      }
    }
    expect((await app.fetch('/sign-in/renew')).status).toBe(400)
  })

  it('is asked to sign in for a long address, with a backslash in its query, and gets there', async () => {
    const { email } = await signUpUser(app)
    const address = `${OWN}/x?a=\\&b=${'%26'.repeat(1000)}`
    const asked = await app.fetch(`/sign-in/renew?return_to=${address}`)
    const browser = openBrowser()
    const path = asked.headers.get('location') ?? ''
    expect((await browser.get(path)).status).toBe(200)
    const fields = { login: email, password: PASSWORD }
    const answer = await browser.post(path, fields, { 'cf-connecting-ip': newAddress() })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, address.replace('\\', '%5C')])
    const tooLong = `${OWN}/${'x'.repeat(MAX_RETURN)}`
    for (const at of ['/sign-in/renew', '/sign-in'])
      expect([at, (await browser.get(`${at}?return_to=${tooLong}`)).status]).toEqual([at, 400])
  })
})
