import { describe, expect, it } from 'vitest'
import type { MailKind } from '../../../src/features/mail/types.ts'
import { json } from '../../support/app.ts'
import { acceptedMails } from '../../support/mail.ts'
import { newAddress, newEmail, signUpUser } from '../../support/users.ts'
import { linkFor, PAGE, submit } from './magic-link-support.ts'
import { mailedToken, mailedTokens } from './mails.ts'
import { app, post } from './support.ts'

const ask = async (path: string, body: Record<string, unknown>, address: string) => {
  const answer = await app.fetch(`/api/v1/auth/${path}`, json(body, { 'cf-connecting-ip': address }))
  expect(answer.status).toBe(200)
  const answered = await answer.json<{ binding?: string }>()
  await app.settled()
  return answered
}

/** Asks so often from each network, at once: links are counted exactly. */
async function askFrom(networks: readonly string[], times: number, path: string, body: Record<string, unknown>) {
  const from = networks.flatMap((address) => Array.from({ length: times }, () => address))
  await Promise.all(from.map((address) => ask(path, body, address)))
  await app.settled()
}

const addresses = (count: number) => Array.from({ length: count }, newAddress)

const KINDS: readonly [string, MailKind, Record<string, boolean>][] = [
  ['magic-link', 'magic_link', {}],
  ['magic-link', 'magic_link', { bind: true }],
  ['forgot-password', 'password_reset', {}],
  ['resend-verification', 'email_verification', {}],
]

describe.each(KINDS)('strangers who request links again and again (%s, %s, %j)', (path, kind, extra) => {
  it('get five an hour from one network, twenty from all, and leave the holder five', async () => {
    const { email, address } = await signUpUser(app)
    await app.settled()
    const before = (await acceptedMails(email, kind)).length
    const mailed = async () => (await acceptedMails(email, kind)).length - before
    const [first = '', ...others] = addresses(5)
    await askFrom([first], 6, path, { email, ...extra })
    expect(await mailed()).toBe(5)
    await askFrom(others, 5, path, { email, ...extra })
    // A sign-up's own mail may come before its network is known: then it is one of the twenty.
    const ofStrangers = await mailed()
    expect([20, 20 - before]).toContain(ofStrangers)
    await askFrom([address], 6, path, { email })
    expect(await mailed()).toBe(ofStrangers + 5 - before)
  }, 60_000)
})

describe('a holder who has no password', () => {
  it('has five links of their own where a link has signed them in', async () => {
    const [email, home] = [newEmail(), newAddress()]
    const token = await linkFor(email)
    const init = json({ token }, { 'cf-connecting-ip': home })
    expect((await app.fetch('/api/v1/auth/magic-link/verify', init)).status).toBe(200)
    await askFrom(addresses(5), 5, 'magic-link', { email, bind: true })
    const ofStrangers = (await acceptedMails(email, 'magic_link')).length
    await askFrom([home], 6, 'magic-link', { email, bind: true })
    expect((await acceptedMails(email, 'magic_link')).length).toBe(ofStrangers + 5)
  }, 60_000)
})

describe('the link of a holder', () => {
  it('without a binding stays valid while bound ones are requested', async () => {
    const { email } = await signUpUser(app)
    const token = await linkFor(email)
    for (const address of addresses(5)) await ask('magic-link', { email, bind: true }, address)
    expect((await post('magic-link/verify', { token })).status).toBe(200)
  })

  it('that is bound stays valid whatever strangers request', async () => {
    const { email, address } = await signUpUser(app)
    const { binding } = await ask('magic-link', { email, bind: true }, address)
    const token = await mailedToken(app, email, PAGE)
    await ask('magic-link', { email }, newAddress())
    await ask('magic-link', { email, bind: true }, newAddress())
    expect((await post('magic-link/verify', { token, binding })).status).toBe(200)
  })

  it('that was confirmed stays valid as the code on the page', async () => {
    const { email } = await signUpUser(app)
    const { binding } = await ask('magic-link', { email }, newAddress())
    const page = await (await submit(await mailedToken(app, email, PAGE))).text()
    const [, code = ''] = /<code>([^<]+)<\/code>/.exec(page) ?? []
    await ask('magic-link', { email }, newAddress())
    expect((await post('magic-link/verify', { token: code, binding })).status).toBe(200)
  })

  it('is the newest of those without a binding', async () => {
    const { email } = await signUpUser(app)
    const older = await linkFor(email)
    await ask('magic-link', { email }, newAddress())
    const [newest] = await mailedTokens(app, email, PAGE, 2)
    expect((await post('magic-link/verify', { token: older })).status).toBe(400)
    expect((await post('magic-link/verify', { token: newest })).status).toBe(200)
  })
})

describe('strangers who ask for a change to an address that is not theirs', () => {
  it('do not use up another network’s limit', async () => {
    const [email, address] = [newEmail(), newAddress()]
    const change = async (from: string) => {
      const { headers } = await signUpUser(app)
      const init = { ...json({ email }, { ...headers, 'cf-connecting-ip': from }), method: 'PATCH' }
      expect((await app.fetch('/api/v1/auth/profile', init)).status).toBe(200)
      await app.settled()
      return (await acceptedMails(email, 'email_change')).length
    }
    for (const mailed of [1, 2, 3, 4, 5, 5]) expect(await change(address)).toBe(mailed)
    expect(await change(newAddress())).toBe(6)
  })
})
