import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { newAddress, PASSWORD, signUpUser } from '../../support/users.ts'
import { app, COOKIE, OWN, openBrowser } from './support.ts'

const few = createTestApp({ env: { RATE_LIMIT_ANONYMOUS: '3', RATE_LIMIT_AUTHENTICATED: '6' } })
const PATHS = ['/account', '/account/security', `/sign-in/renew?return_to=${OWN}/x`]

async function signedIn() {
  const { email } = await signUpUser(app)
  const browser = openBrowser(few)
  await browser.post('/sign-in', { login: email, password: PASSWORD }, { 'cf-connecting-ip': newAddress() })
  return browser
}

describe('pages of whom the browser has signed in', () => {
  it('count for each person in an office by themselves', async () => {
    const office = { 'cf-connecting-ip': newAddress() }
    const statuses: number[] = []
    for (const browser of [await signedIn(), await signedIn()])
      for (const path of [...PATHS, ...PATHS]) statuses.push((await browser.get(path, office)).status)
    expect(statuses.filter((status) => status === 429)).toEqual([])
  })

  it('count for no longer than the limit of users, and elsewhere anew: an ended session keeps a whole cookie', async () => {
    const browser = await signedIn()
    const office = { 'cf-connecting-ip': newAddress() }
    const statuses: number[] = []
    for (let call = 0; call < 7; call += 1) statuses.push((await browser.get('/account', office)).status)
    expect(statuses).toEqual([...Array(6).fill(200), 429])
    expect((await browser.get('/account', { 'cf-connecting-ip': newAddress() })).status).toBe(200)
  })

  it('count by the address with a cookie that nobody has sealed, or none', async () => {
    const real = (await signedIn()).jar.get(COOKIE) ?? ''
    const forged = (at: number) => `${real.slice(0, at)}${real[at] === 'A' ? 'B' : 'A'}${real.slice(at + 1)}`
    // Another user, another seal, another cookie beside it.
    const cookies = [`${COOKIE}=${forged(20)}`, `${COOKIE}=${forged(65)}`, `${COOKIE}=${real}; ${COOKIE}=${real}`, '']
    const address = newAddress()
    const statuses: number[] = []
    for (const cookie of cookies)
      statuses.push((await few.fetch('/account', { headers: { cookie, 'cf-connecting-ip': address } })).status)
    expect(statuses).toEqual([303, 303, 303, 429])
  })
})
