import { describe, expect, it } from 'vitest'
import { createTestApp, env, json } from '../../support/app.ts'
import { acceptedMails, linkIn, waitForMail } from '../../support/mail.ts'
import { newAddress, newEmail, PASSWORD, signUpUser } from '../../support/users.ts'
import { answerOf, app, form, lockOut, recordedTypes } from './support.ts'

const locksTold = async (email: string) => (await acceptedMails(email, 'account_locked')).length

const unlock = (token: unknown) => answerOf(app.fetch('/api/v1/auth/unlock-account', json({ token })))

const open = (token: string) => app.fetch(`/unlock-account?token=${encodeURIComponent(token)}`)

const signIn = async (email: string, address: string) =>
  (await app.fetch('/api/v1/auth/signin', json({ email, password: PASSWORD }, { 'cf-connecting-ip': address }))).status

/** A user who is locked out of one network, and the token of the mail. */
async function lockedUser() {
  const { email, user } = await signUpUser(app)
  await env.DB.prepare("delete from mails where recipient = ? and kind <> 'account_locked'").bind(email).run()
  const address = newAddress()
  await lockOut(email, address)
  const mail = await waitForLockMail(email)
  return { email, id: user.id, address, mail, token: linkIn(mail).searchParams.get('token') ?? '' }
}

async function waitForLockMail(email: string) {
  const mail = await waitForMail(app, email)
  expect(mail.subject).toContain('locked')
  return mail
}

describe('a lock after too many failed attempts', () => {
  it('is told its user by mail, with a link that unlocks, and recorded', async () => {
    const { mail, id } = await lockedUser()
    expect(linkIn(mail)).toMatchObject({ origin: 'http://127.0.0.1:8787', pathname: '/unlock-account' })
    expect(await recordedTypes(id, 'security.sign_in_locked')).toContain('security.sign_in_locked')
  })

  it('is told once, however often and from wherever it is met', async () => {
    const { email } = await signUpUser(app)
    const address = newAddress()
    await lockOut(email, address)
    expect(await signIn(email, address)).toBe(423)
    await lockOut(email)
    await app.settled()
    expect(await locksTold(email)).toBe(1)
  })

  it('is told again once it is another: after the time of the first', async () => {
    const { email } = await signUpUser(app)
    await lockOut(email)
    expect(await locksTold(email)).toBe(1)
    await env.DB.prepare("update mails set kind = 'new_device' where recipient = ?").bind(email).run()
    expect(await locksTold(email)).toBe(0)
  })

  it('of an account that does not exist mails nobody', async () => {
    const email = newEmail()
    await lockOut(email)
    expect(await locksTold(email)).toBe(0)
    const { results } = await env.DB.prepare('select 1 from one_time_tokens where email = ?').bind(email).all()
    expect(results).toEqual([])
  })

  it('of a suspended user mails nobody', async () => {
    const { email, user } = await signUpUser(app)
    await env.DB.prepare("update users set status = 'suspended' where id = ?").bind(user.id).run()
    await lockOut(email)
    expect(await locksTold(email)).toBe(0)
  })

  it('is answered without a word of the mail', async () => {
    const { email, user } = await signUpUser(app)
    const address = newAddress()
    await lockOut(email, address)
    const ghost = newEmail()
    await lockOut(ghost, address.replace(/::1$/, '::2'))
    const ask = (identifier: string) =>
      app.fetch('/api/v1/auth/signin', json({ email: identifier, password: 'x' }, { 'cf-connecting-ip': address }))
    const [known, unknown] = [await ask(email), await ask(ghost)]
    const keysOf = async (response: Response) => Object.keys(await response.json<object>()).sort()
    expect(known.status).toBe(423)
    expect(unknown.status).toBe(423)
    expect(await keysOf(known)).toEqual(await keysOf(unknown))
    expect(user.id).toBeTruthy()
  })

  it('stands while its mail cannot be written', async () => {
    const broken = createTestApp({
      override: (ctx) => ({
        ...ctx,
        get queues(): never {
          throw new Error('no queue')
        },
      }),
    })
    const { email } = await signUpUser(app)
    await lockOut(email, newAddress(), broken)
  })
})

describe('POST /api/v1/auth/unlock-account', () => {
  it('lets the user sign in again, and is recorded', async () => {
    const { email, address, token, id } = await lockedUser()
    expect(await signIn(email, address)).toBe(423)
    expect(await unlock(token)).toMatchObject({ status: 200, success: true })
    expect(await signIn(email, address)).toBe(200)
    expect(await recordedTypes(id, 'security.sign_in_unlocked')).toContain('security.sign_in_unlocked')
  })

  it('has the next lock told again', async () => {
    const { email, address, token } = await lockedUser()
    await unlock(token)
    await lockOut(email, address)
    expect(await locksTold(email)).toBe(2)
  })

  it('works once of many at once', async () => {
    const { token } = await lockedUser()
    const all = await Promise.all(Array.from({ length: 5 }, () => unlock(token)))
    expect(all.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400])
    expect(all.filter(({ status }) => status === 400).map(({ code }) => code)).toEqual(
      Array.from({ length: 4 }, () => 'INVALID_TOKEN'),
    )
  })

  it('refuses tokens that are made up, of another purpose, or none', async () => {
    const { user, email } = await signUpUser(app)
    const reset = await app.ctx()
    const { issueResetToken } = await import('../../../src/features/auth/service/reset-token.ts')
    const other = await issueResetToken(reset, { id: user.id, email, authVersion: 1 })
    for (const token of ['pot_made-up', other, 'x'])
      expect(await unlock(token)).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
    for (const token of [undefined, null, '', 0, true, [], {}, 'x'.repeat(600)])
      expect(await unlock(token)).toMatchObject({ status: 400, code: 'VALIDATION_ERROR' })
  })

  it('refuses a link after an hour', async () => {
    const { token } = await lockedUser()
    const later = createTestApp({ override: (ctx) => ({ ...ctx, now: () => Date.now() + 3_600_001 }) })
    const answer = await answerOf(later.fetch('/api/v1/auth/unlock-account', json({ token })))
    expect(answer).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
  })

  it('lifts no administrative lock', async () => {
    const { id, token } = await lockedUser()
    await env.DB.prepare("update users set status = 'locked' where id = ?").bind(id).run()
    expect(await unlock(token)).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
    expect((await open(token)).status).toBe(400)
  })

  it('lifts no lock once the address is somebody else’s', async () => {
    const { id, token } = await lockedUser()
    await env.DB.prepare('update users set email = ? where id = ?').bind(newEmail(), id).run()
    expect(await unlock(token)).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
  })

  it('is 503 when the guard is silent', async () => {
    const { token } = await lockedUser()
    const { serviceUnavailable } = await import('../../../src/lib/errors.ts')
    const broken = createTestApp({
      override: (ctx) => ({
        ...ctx,
        objects: {
          ...ctx.objects,
          guard: (subject) => ({
            ...ctx.objects.guard(subject),
            unlock: async () => {
              throw serviceUnavailable()
            },
          }),
        },
      }),
    })
    const answer = await answerOf(broken.fetch('/api/v1/auth/unlock-account', json({ token })))
    expect(answer).toMatchObject({ status: 503, code: 'SERVICE_UNAVAILABLE' })
  })
})

describe('the page /unlock-account', () => {
  it('asks first: opening it, as mail scanners do, changes nothing', async () => {
    const { email, address, token } = await lockedUser()
    const page = await open(token)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self'")
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(await page.text()).toContain(`value="${token}"`)
    expect(await signIn(email, address)).toBe(423)
  })

  it('unlocks by its form', async () => {
    const { email, address, token } = await lockedUser()
    const page = await app.fetch('/unlock-account', form({ token }))
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(await signIn(email, address)).toBe(200)
    expect((await app.fetch('/unlock-account', form({ token }))).status).toBe(400)
  })

  it.each([
    ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['a sandbox', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['a sibling of our site', { 'sec-fetch-site': 'same-site' }],
  ])('refuses a form of %s, and the link stays good', async (_from, headers) => {
    const { token } = await lockedUser()
    const page = await app.fetch('/unlock-account', form({ token }, headers))
    expect([page.status, page.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8'])
    expect(await unlock(token)).toMatchObject({ status: 200 })
  })

  it('shows a page, without what it was given, for a token that is not good', async () => {
    const page = await open('"><script>alert(1)</script>')
    expect(page.status).toBe(400)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await page.text()).not.toContain('<script')
  })
})
