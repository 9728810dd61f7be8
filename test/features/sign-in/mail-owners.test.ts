import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { waitForMails } from '../../support/mail.ts'
import { newEmail, PASSWORD } from '../../support/users.ts'
import { setUser } from './magic-link-support.ts'
import { answerOf, app, patchProfile, post } from './support.ts'

const ADVERT = 'cheap-pills'

/** An account whose every name is an advertisement. */
async function advertiser() {
  const email = newEmail()
  const username = `${ADVERT}-${newUuid().slice(0, 8)}`
  const names = { username, first_name: ADVERT, last_name: `${ADVERT}.example.test`, locale: 'en' }
  const [status, session] = await answerOf(post('signup', { email, password: PASSWORD, ...names }))
  expect(status).toBe(201)
  return {
    email,
    userId: (session.user as { id: string }).id,
    headers: { authorization: `Bearer ${session.access_token}` },
  }
}

/** Has mails of several kinds sent to the account's address. */
async function haveMailed({ email, headers }: Awaited<ReturnType<typeof advertiser>>) {
  await post('forgot-password', { email })
  await post('magic-link', { email })
  await patchProfile({ headers }, { email: `${ADVERT}-${newEmail()}` })
}

describe('what whoever signed up typed', () => {
  it('is in no mail until the holder of the address has confirmed the account', async () => {
    const account = await advertiser()
    await haveMailed(account)
    const mails = await waitForMails(app, account.email, 4)
    for (const { subject, text, html } of mails) {
      expect(`${subject}${text}${html}`).not.toContain(ADVERT)
      expect(text).toMatch(/^Hello,\n/)
    }
    expect(mails.some(({ text }) => text.includes('change its email address to another address'))).toBe(true)
  })

  it('greets the owner, and names the new address', async () => {
    const account = await advertiser()
    await waitForMails(app, account.email, 1)
    await setUser(account.userId, 'email_verified_at = 1')
    await haveMailed(account)
    const mails = (await waitForMails(app, account.email, 4)).slice(0, 3)
    for (const { text } of mails) expect(text).toMatch(/^Hello cheap-pills cheap-pills\.example\.test,\n/)
    expect(mails.some(({ text }) => text.includes(`address to ${ADVERT}-`))).toBe(true)
  })
})
