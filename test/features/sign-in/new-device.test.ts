import { describe, expect, it } from 'vitest'
import { finishFirstFactor } from '../../../src/features/sign-in/service/sign-in.ts'
import { findUser } from '../../../src/features/users/service/users.ts'
import { acceptedMails, linkIn, waitForMail } from '../../support/mail.ts'
import { newAddress, signUpUser } from '../../support/users.ts'
import { app, appWithoutMail, IPHONE, MAC_CHROME, recordedTypes, signInFrom, userWithDevice } from './lock-support.ts'
import { setUser } from './magic-link-support.ts'

const noticesTo = async (email: string) => {
  await app.settled()
  return (await acceptedMails(email, 'new_device')).length
}

describe('a sign-in from a new device', () => {
  it('is mailed with device, address and country, and a link to report it', async () => {
    const { email, user } = await userWithDevice()
    const address = newAddress()
    expect((await signInFrom(email, { userAgent: IPHONE, country: 'BR', address })).status).toBe(200)
    const mail = await waitForMail(app, email)
    expect(mail.text).toContain('iPhone')
    expect(mail.text).toContain(`${address} (BR)`)
    expect(linkIn(mail)).toMatchObject({ origin: 'http://127.0.0.1:8787', pathname: '/report-activity' })
    expect(await recordedTypes(user.id, 'security.new_device')).toContain('security.new_device')
  })

  it('is mailed once', async () => {
    const { email } = await userWithDevice()
    await signInFrom(email, { userAgent: IPHONE })
    await signInFrom(email, { userAgent: IPHONE })
    expect(await noticesTo(email)).toBe(1)
  })

  it('is mailed once when many sign in at once', async () => {
    const { email } = await userWithDevice()
    const all = await Promise.all(Array.from({ length: 4 }, () => signInFrom(email, { userAgent: IPHONE })))
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(await noticesTo(email)).toBe(1)
  })

  it('is mailed for every way to sign in', async () => {
    const {
      email,
      user: { id },
    } = await userWithDevice()
    const ctx = { ...(await app.ctx()), userAgent: IPHONE, country: 'NL', ip: newAddress() }
    const user = await findUser(ctx, id)
    if (!user) throw new Error('no user')
    await finishFirstFactor(ctx, { user, amr: ['email'], method: 'magic_link' })
    expect(await noticesTo(email)).toBe(1)
  })

  it('is not mailed when the password was wrong', async () => {
    const { email } = await userWithDevice()
    expect((await signInFrom(email, { userAgent: IPHONE }, 'wrong password')).status).toBe(401)
    expect(await noticesTo(email)).toBe(0)
  })

  it.each([
    ['<img src=x onerror=alert(1)>/7 (x; y)', '<b>'],
    ['Your account is at risk, see https://evil.example/now/1 (x)', 'https://evil.example'],
    ['evil.example/1 x', 'evil.example'],
  ])('lets the user agent %s and the country %s put no words into the mail', async (userAgent, country) => {
    const { email } = await userWithDevice()
    const address = newAddress()
    expect((await signInFrom(email, { userAgent, country, address })).status).toBe(200)
    const { text, html } = await waitForMail(app, email)
    expect(`${text}${html}`).not.toMatch(/evil|img|<b>|&lt;/)
    expect(text).toContain(`Device: ?\nAddress: ${address}\n`)
  })

  it('names a program that no browser list has to a confirmed owner alone', async () => {
    const [owner, unconfirmed] = [await userWithDevice(), await userWithDevice()]
    await setUser(owner.user.id, 'email_verified_at = 1')
    for (const { email } of [owner, unconfirmed]) await signInFrom(email, { userAgent: 'okhttp/4.12.0 (x)' })
    expect((await waitForMail(app, owner.email)).text).toContain('Device: okhttp\n')
    expect((await waitForMail(app, unconfirmed.email)).text).toContain('Device: ?\n')
  })

  it('applies while no mail can be sent', async () => {
    const { email } = await userWithDevice()
    const broken = appWithoutMail()
    expect((await signInFrom(email, { userAgent: IPHONE }, undefined, broken)).status).toBe(200)
    await broken.settled()
    expect(await noticesTo(email)).toBe(0)
  })
})

describe('the first sign-in of all', () => {
  it('is not mailed: a sign-up is no new device', async () => {
    const { email } = await signUpUser(app)
    expect(await noticesTo(email)).toBe(0)
  })

  it('is not mailed for the same kind of device, whatever its version', async () => {
    const { email } = await userWithDevice()
    await signInFrom(email, { userAgent: MAC_CHROME.replace('130', '131') })
    expect(await noticesTo(email)).toBe(0)
  })
})
