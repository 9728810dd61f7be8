import { describe, expect, it } from 'vitest'
import { newAddress, newEmail, PASSWORD, signUpUser } from '../../support/users.ts'
import { createClockedSuite } from '../factors/totp/support.ts'
import { mailedToken } from '../sign-in/mails.ts'
import { app, type Browser, COOKIE, openBrowser } from './support.ts'

const suite = createClockedSuite()
const SECOND = 1000

async function signedIn() {
  const user = await signUpUser(app)
  const signIn = async () => {
    const browser = openBrowser(suite)
    await browser.post('/sign-in', { login: user.email, password: PASSWORD }, { 'cf-connecting-ip': newAddress() })
    return browser
  }
  return { user, signIn, browser: await signIn() }
}

async function asked(browser: Browser): Promise<{ email: string; token: string }> {
  const email = newEmail()
  expect((await browser.post('/account/email', { email })).status).toBe(303)
  return { email, token: await mailedToken(app, email, '/verify-email') }
}

const isSignedIn = async (browser: Browser): Promise<boolean> => (await browser.get('/account')).status === 200

describe('a change of address', () => {
  it('keeps the browser signed in that asked for it and follows its link, and no other', async () => {
    const { browser, signIn } = await signedIn()
    const other = await signIn()
    const stranger = await signedIn()
    const { email, token } = await asked(browser)
    const before = browser.jar.get(COOKIE)
    expect((await browser.post('/verify-email', { token, answer: 'yes' })).status).toBe(200)
    expect(browser.jar.get(COOKIE)).not.toBe(before)
    // Longer than the cookie before counts beside the present one.
    suite.clock.now += 30 * SECOND
    expect(await (await browser.get('/account')).text()).toContain(email)
    expect([await isSignedIn(browser), await isSignedIn(other)]).toEqual([true, false])
    expect(await isSignedIn(stranger.browser)).toBe(true)
  })

  it('gives no cookie to a browser of somebody else, or of another session, that follows the link', async () => {
    const stranger = await signedIn()
    for (const followerOf of ['another session', 'somebody else', 'nobody'] as const) {
      const { browser, signIn } = await signedIn()
      const other = await signIn()
      const { token } = await asked(browser)
      const follower = { 'another session': other, 'somebody else': stranger.browser, nobody: openBrowser(suite) }
      const answer = await follower[followerOf].post('/verify-email', { token, answer: 'yes' })
      expect([followerOf, answer.status, answer.headers.getSetCookie()]).toEqual([followerOf, 200, []])
    }
  })

  it('gives none for a link that is used, refused, or sent by a form of another site', async () => {
    const { browser } = await signedIn()
    const { token } = await asked(browser)
    const foreign = await browser.post('/verify-email', { token, answer: 'yes' }, { origin: 'https://evil.test' })
    expect([foreign.status, foreign.headers.getSetCookie()]).toEqual([403, []])
    const sent = await Promise.all([1, 2, 3].map(() => browser.post('/verify-email', { token, answer: 'yes' })))
    expect(sent.map(({ status }) => status)).toEqual([200, 200, 200])
    const again = await browser.post('/verify-email', { token, answer: 'yes' })
    expect([again.status, again.headers.getSetCookie()]).toEqual([200, []])
    suite.clock.now += 30 * SECOND
    expect(await isSignedIn(browser)).toBe(true)
  })
})
