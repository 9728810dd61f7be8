import { describe, expect, it } from 'vitest'
import { ownPassword, voidReportsBeforeChange } from '../../../src/features/account/store.ts'
import { issueResetToken } from '../../../src/features/sign-in/service/reset-token.ts'
import { changeUser } from '../../../src/features/users/service/change-user.ts'
import { issueReportLink } from '../../../src/features/users/service/notices.ts'
import { changeUserState } from '../../../src/features/users/service/state.ts'
import { findUser } from '../../../src/features/users/service/users.ts'
import type { AddedFactor } from '../../../src/features/users/types.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env, json } from '../../support/app.ts'
import { linkIn, waitForMail } from '../../support/mail.ts'
import { newEmail, type SignedInUser, signInUser, signUpUser } from '../../support/users.ts'
import { createClockedApp, enrolQuickly, enrolUser, SECRET, totpAt, wrongCode } from '../factors/totp/support.ts'
import { answerOf, app, form, IPHONE, recordedTypes, signInFrom, userWithDevice } from './lock-support.ts'
import { mailedToken } from './mails.ts'
import {
  changeAddress,
  deleteOwnAccount,
  insertPasskey,
  insertTotp,
  revertLink,
  run,
  userOf,
  verifiedUser,
} from './way-back.ts'

const report = (token: unknown) => answerOf(app.fetch('/api/v1/auth/report-activity', json({ token })))

const reset = (token: unknown, password: string) =>
  answerOf(app.fetch('/api/v1/auth/reset-password', json({ token, new_password: password })))

async function userWithLink() {
  const signedUp = await signUpUser(app)
  const ctx = await app.ctx()
  const user = await findUser(ctx, signedUp.user.id)
  if (!user) throw new Error('no user')
  const token = new URL(await issueReportLink(ctx, user)).searchParams.get('token') ?? ''
  return { ...signedUp, token }
}

const isLive = async (headers: { authorization: string }) =>
  (await app.fetch('/api/v1/sessions/current', { headers })).status === 200

describe('POST /api/v1/auth/report-activity', () => {
  it('ends every session and the password, and its token sets a new one', async () => {
    const user = await userWithLink()
    const other = await signInUser(app, user)
    const answer = await report(user.token)
    expect(answer).toMatchObject({ status: 200, success: true, propagated: true, reset_token: expect.any(String) })
    expect([await isLive(user.headers), await isLive(other.headers)]).toEqual([false, false])
    expect((await signInFrom(user.email, {})).status).toBe(401)
    expect((await reset(answer.reset_token, 'An0ther-gate-of-the-castle')).status).toBe(200)
    expect((await signInFrom(user.email, {}, 'An0ther-gate-of-the-castle')).status).toBe(200)
    expect(await recordedTypes(user.user.id, 'user.activity_reported')).toContain('user.activity_reported')
  })

  it('works from the mail of a new device, against who signed in there', async () => {
    const { email } = await userWithDevice()
    const thief = await signInFrom(email, { userAgent: IPHONE, country: 'BR' })
    const token = linkIn(await waitForMail(app, email)).searchParams.get('token')
    expect(await report(token)).toMatchObject({ status: 200 })
    const refreshed = await app.fetch('/api/v1/auth/refresh', json({ refresh_token: thief.refresh_token }))
    expect(refreshed.status).toBe(401)
  })

  it('works once of many at once', async () => {
    const { token } = await userWithLink()
    const all = await Promise.all(Array.from({ length: 5 }, () => report(token)))
    expect(all.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400])
  })

  it('works no longer once a reset has ended what it would end: a copy from the mailbox sets no password again', async () => {
    const user = await userWithLink()
    const ctx = await app.ctx()
    const row = await findUser(ctx, user.user.id)
    if (!row) throw new Error('no user')
    const ofFactor = new URL(await issueReportLink(ctx, row, { kind: 'totp' })).searchParams.get('token')
    expect((await reset(await issueResetToken(ctx, row), 'An0ther-gate-of-the-castle')).status).toBe(200)
    expect(await report(user.token)).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
    expect((await signInFrom(user.email, {}, 'An0ther-gate-of-the-castle')).status).toBe(200)
    // A factor that a thief added outlives a reset, and so does the link that takes it away.
    expect((await report(ofFactor)).status).toBe(200)
  })

  it('voids a reset link of before: who reads it has nothing', async () => {
    const user = await userWithLink()
    const older = await issueResetToken(await app.ctx(), { id: user.user.id, email: user.email, authVersion: 1 })
    await report(user.token)
    expect(await reset(older, 'An0ther-gate-of-the-castle')).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
  })

  it('refuses tokens that are made up or none', async () => {
    for (const token of ['pot_made-up', 'x'])
      expect(await report(token)).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
    for (const token of [undefined, null, '', 0, true, [], {}, 'x'.repeat(600)])
      expect(await report(token)).toMatchObject({ status: 400, code: 'VALIDATION_ERROR' })
  })

  it('refuses a link after a week, and one to an address that is no longer the account’s', async () => {
    const { token, user } = await userWithLink()
    const later = createTestApp({ override: (ctx) => ({ ...ctx, now: () => Date.now() + 7 * 86_400_000 + 1 }) })
    expect(await answerOf(later.fetch('/api/v1/auth/report-activity', json({ token })))).toMatchObject({ status: 400 })
    await env.DB.prepare('update users set email = ? where id = ?').bind(newEmail(), user.id).run()
    expect(await report(token)).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
  })
})

describe('a changed password', () => {
  it('in the account voids the reports of earlier mails; its own notice has a new one', async () => {
    const user = await userWithLink()
    const body = { current_password: user.password, new_password: 'An0ther-gate-of-the-castle' }
    expect((await app.fetch('/api/v1/auth/password/change', json(body, user.headers))).status).toBe(200)
    expect(await report(user.token)).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
    expect(await report(await mailedToken(app, user.email, '/report-activity'))).toMatchObject({ status: 200 })
  })

  it('leaves them as they are when it was refused', async () => {
    const user = await userWithLink()
    const body = { current_password: 'wrong password', new_password: 'An0ther-gate-of-the-castle' }
    expect((await app.fetch('/api/v1/auth/password/change', json(body, user.headers))).status).toBe(400)
    expect(await report(user.token)).toMatchObject({ status: 200 })
  })

  it('leaves the link that takes an added factor away, and the one that takes a change of address back', async () => {
    const user = await userWithLink()
    await run('update users set email_verified_at = 1 where id = ?', user.user.id)
    await changeAddress(app, user, newEmail())
    const ctx = await app.ctx()
    const link = await issueReportLink(ctx, { id: user.user.id, email: user.email }, { kind: 'totp' })
    const reverting = await revertLink(app, user, user.email)
    const { id, email, authVersion } = await userOf(app, user)
    const target = { userId: id, email, authVersion }
    const changed = await changeUser(ctx, {
      userId: id,
      ...ownPassword(target, 'x'),
      actor: { type: 'user', id },
      with: [voidReportsBeforeChange(ctx, target)],
      ends: { reason: 'password_changed', keeps: 'x' },
      events: [{ type: 'user.password_changed' }],
    })
    expect(changed).not.toBeNull()
    expect(await report(user.token)).toMatchObject({ status: 400 })
    expect(await report(new URL(link).searchParams.get('token'))).toMatchObject({ status: 200 })
    const reverted = await app.fetch('/api/v1/auth/revert-email', json({ token: reverting }))
    expect(reverted.status).toBe(200)
  })
})

describe('a report by the mail of a factor that was added', () => {
  const linkOf = async (user: { user: { id: string }; email: string }, added: AddedFactor) => {
    const ctx = await app.ctx()
    const link = await issueReportLink(ctx, { id: user.user.id, email: user.email }, added)
    return new URL(link).searchParams.get('token')
  }

  const addPasskey = async (userId: string): Promise<string> => {
    const id = newUuid()
    await env.DB.prepare(
      `insert into passkeys (id, user_id, credential_id, public_key, sign_count, transports, device_type, backed_up, aaguid, rp_id, created_at)
       values (?, ?, ?, 'x', 0, '[]', 'multiDevice', 1, 'x', '127.0.0.1', 1)`,
    )
      .bind(id, userId, newUuid())
      .run()
    return id
  }

  const addTotp = (userId: string, confirmedAt: number) =>
    env.DB.batch([
      env.DB.prepare('update users set mfa_enabled = 1, email_verified_at = 1 where id = ?').bind(userId),
      env.DB.prepare(
        "insert into totp_factors (user_id, secret_sealed, created_at, confirmed_at) values (?, 'x', 1, ?)",
      ).bind(userId, confirmedAt),
      env.DB.prepare(
        "insert into backup_codes (id, user_id, salt, code_hash, hint, created_at) values (?, ?, 'x', 'x', 'xx', 1)",
      ).bind(newUuid(), userId),
    ])

  const rowsOf = async (table: string, userId: string) =>
    (await env.DB.prepare(`select * from ${table} where user_id = ?`).bind(userId).all()).results

  const isMfaEnabled = async (userId: string) => (await findUser(await app.ctx(), userId))?.mfaEnabled

  it('takes that passkey away, and no other', async () => {
    const user = await signUpUser(app)
    const [own, theirs] = [await addPasskey(user.user.id), await addPasskey(user.user.id)]
    expect(await report(await linkOf(user, { kind: 'passkey', id: theirs }))).toMatchObject({ status: 200 })
    expect((await rowsOf('passkeys', user.user.id)).map(({ id }) => id)).toEqual([own])
  })

  it("takes no other user's passkey away", async () => {
    const [user, other] = [await signUpUser(app), await signUpUser(app)]
    const id = await addPasskey(other.user.id)
    expect(await report(await linkOf(user, { kind: 'passkey', id }))).toMatchObject({ status: 200 })
    expect(await rowsOf('passkeys', other.user.id)).toHaveLength(1)
  })

  it('takes the authenticator and its backup codes away: its owner is not shut out', async () => {
    const user = await signUpUser(app)
    await addTotp(user.user.id, Date.now() - 1000)
    const { reset_token } = await report(await linkOf(user, { kind: 'totp' }))
    expect(await rowsOf('totp_factors', user.user.id)).toEqual([])
    expect(await rowsOf('backup_codes', user.user.id)).toEqual([])
    expect(await isMfaEnabled(user.user.id)).toBe(false)
    await reset(reset_token, 'An0ther-gate-of-the-castle')
    const signedIn = await signInFrom(user.email, {}, 'An0ther-gate-of-the-castle')
    expect(signedIn).toMatchObject({ status: 200, mfa_required: false })
  })

  it('knows the authenticator from the mail that enrolment sends', async () => {
    const { email, user } = await enrolUser(createClockedApp())
    expect(await rowsOf('totp_factors', user.id)).toHaveLength(1)
    expect(await report(await mailedToken(app, email, '/report-activity'))).toMatchObject({ status: 200 })
    expect([await rowsOf('totp_factors', user.id), await isMfaEnabled(user.id)]).toEqual([[], false])
  })

  it('leaves an authenticator that was set up after the mail', async () => {
    const user = await signUpUser(app)
    const token = await linkOf(user, { kind: 'totp' })
    await addTotp(user.user.id, Date.now() + 60_000)
    expect(await report(token)).toMatchObject({ status: 200 })
    expect(await rowsOf('totp_factors', user.user.id)).toHaveLength(1)
    expect(await rowsOf('backup_codes', user.user.id)).toHaveLength(1)
    expect(await isMfaEnabled(user.user.id)).toBe(true)
  })

  it('lives a day beside another second factor, and asks for that one before it does anything', async () => {
    const clocked = createClockedApp()
    const user = await enrolQuickly(clocked)
    const { id } = user.user
    clocked.clock.now += 1000
    const added = { kind: 'passkey', id: await insertPasskey(id, clocked.clock.now) } as const
    clocked.clock.now += 1000
    const link = await issueReportLink(await clocked.ctx(), { id, email: user.email }, added)
    const token = new URL(link).searchParams.get('token')
    const send = (given: object = {}) =>
      answerOf(clocked.fetch('/api/v1/auth/report-activity', json({ token, ...given })))
    // The passkey that was added proves nothing.
    const details = { available_methods: ['totp'] }
    expect(await send()).toMatchObject({ status: 403, code: 'STEP_UP_REQUIRED', details })
    const code = wrongCode(SECRET, clocked.clock.now)
    expect(await send({ code })).toMatchObject({ status: 400, code: 'INVALID_CODE' })
    expect(await rowsOf('passkeys', id)).toHaveLength(1)
    expect(await (await clocked.fetch(`/report-activity?token=${token}`)).text()).toContain('name="code"')
    const now = clocked.clock.now
    clocked.clock.now += 86_400_000 + 1
    expect(await send()).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
    await run('update totp_factors set confirmed_at = ? where user_id = ?', now, id)
    expect((await clocked.fetch(`/report-activity?token=${token}`)).status).toBe(200)
    await run('update totp_factors set confirmed_at = 1 where user_id = ?', id)
    clocked.clock.now = now
    const right = totpAt(SECRET, now)
    expect(await send({ code: right })).toMatchObject({ status: 200, reset_token: expect.any(String) })
    expect([await rowsOf('passkeys', id), await rowsOf('totp_factors', id)]).toMatchObject([[], [{ user_id: id }]])
  })

  it('asks for no factor that came later: a thief who adds two shuts nobody out', async () => {
    const user = await signUpUser(app)
    const link = await linkOf(user, { kind: 'passkey', id: await addPasskey(user.user.id) })
    await addTotp(user.user.id, Date.now() + 1000)
    expect(await report(link)).toMatchObject({ status: 200 })
  })

  it('lives seven days where the added factor is the only one, also beside a passkey', async () => {
    const user = await signUpUser(app)
    await addPasskey(user.user.id)
    const token = await linkOf(user, { kind: 'totp' })
    await addTotp(user.user.id, Date.now() - 1000)
    const later = createTestApp({ override: (ctx) => ({ ...ctx, now: () => Date.now() + 6 * 86_400_000 }) })
    expect(await answerOf(later.fetch('/api/v1/auth/report-activity', json({ token })))).toMatchObject({ status: 200 })
    expect(await rowsOf('totp_factors', user.user.id)).toEqual([])
  })

  it('of any other mail leaves the second factor: a mailbox alone turns nothing off', async () => {
    const user = await userWithLink()
    await addTotp(user.user.id, 1)
    const { reset_token } = await report(user.token)
    await reset(reset_token, 'An0ther-gate-of-the-castle')
    expect(await signInFrom(user.email, {}, 'An0ther-gate-of-the-castle')).toMatchObject({ mfa_required: true })
  })

  it('that comes too late takes nothing away', async () => {
    const user = await signUpUser(app)
    const id = await addPasskey(user.user.id)
    const token = await linkOf(user, { kind: 'passkey', id })
    const later = createTestApp({ override: (ctx) => ({ ...ctx, now: () => Date.now() + 8 * 86_400_000 }) })
    await later.fetch('/api/v1/auth/report-activity', json({ token }))
    expect(await rowsOf('passkeys', user.user.id)).toHaveLength(1)
  })
})

describe.each(['report-activity', 'unlock-account'])('POST /api/v1/auth/%s', (name) => {
  const path = `/api/v1/auth/${name}`
  const send = (body: string, type: string) =>
    answerOf(app.fetch(path, { method: 'POST', headers: { 'content-type': type }, body }))

  it('refuses what is no JSON object', async () => {
    expect(await send('{', 'application/json')).toMatchObject({ status: 400, code: 'VALIDATION_ERROR' })
    expect(await send('[]', 'application/json')).toMatchObject({ status: 400, code: 'VALIDATION_ERROR' })
    expect(await send('token=x', 'application/x-www-form-urlencoded')).toMatchObject({ status: 415 })
    expect(await send('{"token":"x"}', 'text/plain')).toMatchObject({ status: 415 })
    expect(await send('x'.repeat(1024 * 1024 + 1), 'application/json')).toMatchObject({ status: 413 })
  })

  it('takes no token from the address', async () => {
    const { token } = await userWithLink()
    expect((await app.fetch(`${path}?token=${token}`, json({}))).status).toBe(400)
    expect((await app.fetch(`${path}?token=${token}`)).status).toBe(405)
  })
})

describe('the page /report-activity', () => {
  it('asks first: opening it, as mail scanners do, ends nothing', async () => {
    const { token, headers } = await userWithLink()
    const page = await app.fetch(`/report-activity?token=${token}`)
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('method="post"')
    expect(await isLive(headers)).toBe(true)
  })

  it('refuses a form of another site, and nothing ends', async () => {
    const { token, headers } = await userWithLink()
    const page = await app.fetch('/report-activity', form({ token }, { origin: 'https://evil.example' }))
    expect(page.status).toBe(403)
    expect(await isLive(headers)).toBe(true)
  })

  it('ends the sessions by its own form, and has the form of a new password', async () => {
    const { token, headers } = await userWithLink()
    const page = await app.fetch('/report-activity', form({ token }))
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('action="/reset-password"')
    expect(await isLive(headers)).toBe(false)
  })
})

describe('a deleted account', () => {
  const linkOf = async (account: SignedInUser, added: AddedFactor | null) =>
    new URL(
      await issueReportLink(await app.ctx(), { id: account.user.id, email: account.email }, added),
    ).searchParams.get('token')

  it('is brought back by the report of a factor that its thief had added, who then deleted it', async () => {
    const owner = await verifiedUser(app)
    await insertTotp(owner.user.id, 1)
    const [ofFactor, plain] = [await linkOf(owner, { kind: 'totp' }), await linkOf(owner, null)]
    await deleteOwnAccount(app, owner)
    expect(await report(plain)).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
    const all = await Promise.all([report(ofFactor), report(ofFactor)])
    expect(all.map(({ status }) => status).sort()).toEqual([200, 400])
    expect(await userOf(app, owner)).toMatchObject({ status: 'active', eraseAt: null, mfaEnabled: false })
    expect(await recordedTypes(owner.user.id, 'user.restored')).toContain('user.restored')
    const done = all.find(({ status }) => status === 200)
    expect((await reset(done?.reset_token, 'An0ther-gate-of-the-castle')).status).toBe(200)
    expect((await signInFrom(owner.email, {}, 'An0ther-gate-of-the-castle')).status).toBe(200)
  })

  it('stays deleted where an admin deleted it', async () => {
    const owner = await verifiedUser(app)
    const token = await linkOf(owner, { kind: 'totp' })
    const actor = { type: 'user', id: 'the-admin' } as const
    await changeUserState(await app.ctx(), { userId: owner.user.id, change: 'delete', actor })
    expect(await report(token)).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
    // A link that stayed good, whatever the reason.
    await run('update one_time_tokens set used_at = null where user_id = ?', owner.user.id)
    expect(await report(token)).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
    expect(await userOf(app, owner)).toMatchObject({ status: 'deleted' })
  })
})
