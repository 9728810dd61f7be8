import { runInDurableObject } from 'cloudflare:test'
import bcrypt from 'bcryptjs'
import { describe, expect, it } from 'vitest'
import type { SignInGuard } from '../../../src/durable/sign-in-guard/sign-in-guard.ts'
import { issueResetToken } from '../../../src/features/sign-in/service/reset-token.ts'
import { issueReportLink } from '../../../src/features/users/service/notices.ts'
import { createUser } from '../../../src/features/users/service/users.ts'
import { sha256 } from '../../../src/lib/crypto.ts'
import { utf8 } from '../../../src/lib/encoding.ts'
import { serviceUnavailable } from '../../../src/lib/errors.ts'
import { createTestApp, env, json } from '../../support/app.ts'
import { acceptedMails, linkIn, waitForMail } from '../../support/mail.ts'
import { createAppWithObjects, withMethods } from '../../support/objects.ts'
import { newAddress, newEmail, PASSWORD, signUpUser } from '../../support/users.ts'
import { answerOf, app, appWithoutMail, form, lockOut, recordedTypes } from './lock-support.ts'

const locksTold = async (email: string) => (await acceptedMails(email, 'account_locked')).length

const unlock = (token: unknown) => answerOf(app.fetch('/api/v1/auth/unlock-account', json({ token })))

const open = (token: string) => app.fetch(`/unlock-account?token=${encodeURIComponent(token)}`)

const guess = (email: string, address: string) =>
  app.fetch('/api/v1/auth/signin', json({ email, password: 'wrong' }, { 'cf-connecting-ip': address }))

/** The guard of an account, with a clock that is ahead. */
async function lateGuard(account: string, byMs: number) {
  const [byte] = await sha256(utf8(account))
  const namespace = env.SIGN_IN_GUARD as unknown as DurableObjectNamespace<SignInGuard>
  const stub = namespace.getByName(String(byte))
  const setClock = (clock: () => number) =>
    runInDurableObject(stub, (object) => {
      object.clock = clock
    })
  await setClock(() => Date.now() + byMs)
  return { restore: () => setClock(() => Date.now()) }
}

const signIn = async (email: string, address: string) =>
  (await app.fetch('/api/v1/auth/signin', json({ email, password: PASSWORD }, { 'cf-connecting-ip': address }))).status

/** A user who is locked out of one network, and the token of the mail. */
async function lockedUser() {
  const { email, user } = await signUpUser(app)
  await app.settled()
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
  it('is mailed to its user, with a link that unlocks, and recorded', async () => {
    const { mail, id } = await lockedUser()
    expect(linkIn(mail)).toMatchObject({ origin: 'http://127.0.0.1:8787', pathname: '/unlock-account' })
    expect(await recordedTypes(id, 'security.sign_in_locked')).toContain('security.sign_in_locked')
  })

  it('is mailed once, however often and from wherever it refuses', async () => {
    const { email } = await signUpUser(app)
    const address = newAddress()
    await lockOut(email, address)
    expect(await signIn(email, address)).toBe(423)
    await lockOut(email)
    await app.settled()
    expect(await locksTold(email)).toBe(1)
  })

  it('is mailed again when it is a new one, after the time of the first, and only the newest link works', async () => {
    const { email, user } = await signUpUser(app)
    const address = newAddress()
    await lockOut(email, address)
    const later = await lateGuard(user.id, 16 * 60_000)
    try {
      await lockOut(email, address)
    } finally {
      await later.restore()
    }
    expect(await locksTold(email)).toBe(2)
    const { results } = await env.DB.prepare(
      "select 1 from one_time_tokens where user_id = ? and purpose = 'account_unlock' and used_at is null",
    )
      .bind(user.id)
      .all()
    expect(results).toHaveLength(1)
  })

  it('of all networks is mailed too, once, and its link lifts it', async () => {
    const email = newEmail()
    await createUser(await app.ctx(), { email, passwordHash: await bcrypt.hash(PASSWORD, 4) })
    const guesses = Array.from({ length: 30 }, () => guess(email, newAddress()))
    expect((await Promise.all(guesses)).map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 401))
    const refused = await Promise.all([guess(email, newAddress()), guess(email, newAddress())])
    expect(refused.map(({ status }) => status)).toEqual([423, 423])
    await app.settled()
    expect(await locksTold(email)).toBe(1)
    const token = linkIn(await waitForMail(app, email)).searchParams.get('token')
    expect(await unlock(token)).toMatchObject({ status: 200 })
    expect(await signIn(email, newAddress())).toBe(200)
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

  it('has the same answer for a user and an unknown identifier', async () => {
    const address = newAddress()
    const { email } = await signUpUser(app)
    const ghost = newEmail()
    for (const identifier of [email, ghost]) await lockOut(identifier, address)
    const [known, unknown] = await Promise.all([guess(email, address), guess(ghost, address)])
    const shapeOf = async (response: Response) => {
      const body = await response.json<{ details: object }>()
      return [response.status, Object.keys(body).sort(), Object.keys(body.details).sort()]
    }
    expect(await shapeOf(known)).toEqual(await shapeOf(unknown))
  })

  it('applies while no mail can be sent', async () => {
    const { email } = await signUpUser(app)
    await lockOut(email, newAddress(), appWithoutMail())
    expect(await locksTold(email)).toBe(0)
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

  it('has the next lock mailed again', async () => {
    const { email, address, token } = await lockedUser()
    await unlock(token)
    await lockOut(email, address)
    expect(await locksTold(email)).toBe(2)
  })

  it('is not needed after a reset, which has the next lock mailed again too', async () => {
    const { email, id, address } = await lockedUser()
    const token = await issueResetToken(await app.ctx(), { id, email, authVersion: 1 })
    const reset = await app.fetch('/api/v1/auth/reset-password', json({ token, new_password: 'Another-good-passw0rd' }))
    expect(reset.status).toBe(200)
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

  it('refuses made-up tokens, those of another purpose, and a missing one', async () => {
    const { user, email } = await signUpUser(app)
    const ctx = await app.ctx()
    const resetToken = await issueResetToken(ctx, { id: user.id, email, authVersion: 1 })
    const reportToken = new URL(await issueReportLink(ctx, { id: user.id, email })).searchParams.get('token')
    for (const token of ['pot_made-up', resetToken, reportToken, 'x'])
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

  it('is 503 when the guard does not answer', async () => {
    const { token } = await lockedUser()
    const broken = createAppWithObjects(({ guard }) => ({
      guard: (subject) => withMethods(guard(subject), { unlock: () => Promise.reject(serviceUnavailable()) }),
    }))
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
  ])('refuses a form of %s, and the link stays valid', async (_from, headers) => {
    const { token } = await lockedUser()
    const page = await app.fetch('/unlock-account', form({ token }, headers))
    expect([page.status, page.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8'])
    expect(await unlock(token)).toMatchObject({ status: 200 })
  })

  it('leads nowhere else, whatever the URL or the form says', async () => {
    const { token } = await lockedUser()
    const elsewhere = 'https://evil.example'
    const names = ['redirect_url', 'redirect_uri', 'next', 'return_to', 'url']
    const query = new URLSearchParams([['token', token], ...names.map((name) => [name, elsewhere])])
    const asked = await app.fetch(`/unlock-account?${query}`)
    const fields = Object.fromEntries(names.map((name) => [name, elsewhere]))
    const done = await app.fetch('/unlock-account', form({ ...fields, token }))
    for (const page of [asked, done]) {
      expect([page.status, page.headers.get('location')]).toEqual([200, null])
      expect(await page.text()).not.toContain('evil.example')
    }
  })

  it('shows a page for an invalid token, without echoing it', async () => {
    const page = await open('"><script>alert(1)</script>')
    expect(page.status).toBe(400)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await page.text()).not.toContain('<script')
  })
})
