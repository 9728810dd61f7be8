import { describe, expect, it } from 'vitest'
import { acceptedMails } from '../../support/mail.ts'
import { newEmail } from '../../support/users.ts'
import { codeOfPage, confirmAddress, createFederation } from '../federation/support.ts'
import { mailedToken } from '../sign-in/mails.ts'
import { type Browser, COOKIE, OWN, openBrowser, titleOf } from './support.ts'

const { app, providers } = createFederation()
const BACK = '/account/security'

/** Signs in with a provider that proves no address, as far as the page that asks for one; returns its path. */
async function askedForAddress(browser: Browser): Promise<string> {
  providers.person('discord', { verified: false })
  const begun = await browser.get(`/sign-in/with/discord?return_to=${encodeURIComponent(BACK)}`)
  const { callback } = await providers.authorize(begun.headers.get('location') ?? '')
  const returned = await browser.get(callback.pathname + callback.search)
  const done = await browser.get((returned.headers.get('location') ?? '').replace(OWN, ''))
  expect(done.status).toBe(303)
  return done.headers.get('location') ?? ''
}

const tokenIn = (path: string): string => new URL(path, OWN).searchParams.get('pending_token') ?? ''
const carried = `?return_to=${encodeURIComponent(BACK)}`

/** The code that the page of the mail shows. */
const mailedCode = async (email: string): Promise<string> =>
  codeOfPage(await confirmAddress(app, await mailedToken(app, email, '/provider-email')))

describe('a provider that proves no address', () => {
  it('is followed by a mail whose code signs this browser in, where it was to go', async () => {
    const browser = openBrowser(app)
    const email = newEmail()
    const path = await askedForAddress(browser)
    const pending_token = tokenIn(path)
    expect(titleOf(await (await browser.get(path)).text())).toBe('Confirm your address')
    const sent = await browser.post(`/sign-in/address${carried}`, { pending_token, email })
    const next = sent.headers.get('location') ?? ''
    expect([sent.status, titleOf(await (await browser.get(next)).text())]).toEqual([303, 'Check your mail'])
    const code = await mailedCode(email)
    const wrong = await browser.post(`/sign-in/address/code${carried}`, { pending_token, code: 'AAAA-AAAA' })
    const text = await wrong.text()
    expect([wrong.status, text.includes('The code is wrong, or was used before.')]).toEqual([400, true])
    const answer = await browser.post(`/sign-in/address/code${carried}`, { pending_token, code })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `${OWN}${BACK}`])
    expect(await (await browser.get('/account')).text()).toContain(email)
    const again = await browser.post(`/sign-in/address/code${carried}`, { pending_token, code })
    expect(again.status).toBe(400)
  })

  it('signs no other browser in, whoever has token and code', async () => {
    const asker = openBrowser(app)
    const email = newEmail()
    const pending_token = tokenIn(await askedForAddress(asker))
    await asker.post('/sign-in/address', { pending_token, email })
    const code = await mailedCode(email)
    const other = openBrowser(app)
    await askedForAddress(other)
    for (const browser of [other, openBrowser(app)]) {
      const answer = await browser.post('/sign-in/address/code', { pending_token, code })
      expect([answer.status, browser.jar.has(COOKIE)]).toEqual([400, false])
    }
    expect((await asker.post('/sign-in/address/code', { pending_token, code })).status).toBe(303)
  })

  it('mails nothing for what is no address, a token that is none, and a form of another site', async () => {
    const browser = openBrowser(app)
    const email = newEmail()
    const pending_token = tokenIn(await askedForAddress(browser))
    const typed = await browser.post('/sign-in/address', { pending_token, email: 'nobody' })
    expect([typed.status, (await typed.text()).includes('value="nobody"')]).toEqual([400, true])
    expect((await browser.post('/sign-in/address', { pending_token: 'x', email })).status).toBe(400)
    const foreign = { origin: 'https://elsewhere.test' }
    expect((await browser.post('/sign-in/address', { pending_token, email }, foreign)).status).toBe(403)
    await app.settled()
    expect(await acceptedMails(email, 'provider_email')).toEqual([])
  })
})
