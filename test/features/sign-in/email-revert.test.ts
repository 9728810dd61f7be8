import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { type ActorCtx, narrow } from '../../../src/context.ts'
import { registerAdmin } from '../../../src/features/admin/service/register.ts'
import { findOneTimeToken, issueOneTimeToken } from '../../../src/features/links/service.ts'
import { NOTICES } from '../../../src/features/mail/rules.ts'
import { mailEmailChange } from '../../../src/features/sign-in/service/email-change.ts'
import { notifyLocked } from '../../../src/features/sign-in/service/lock.ts'
import { notifyNewDevice } from '../../../src/features/sign-in/service/sign-in.ts'
import { importUsers } from '../../../src/features/user-import/service.ts'
import { listFormerAddresses, pruneFormerAddresses } from '../../../src/features/users/service/former-addresses.ts'
import { issueReportLink, sendNotice } from '../../../src/features/users/service/notices.ts'
import { changeUserState, type StateChange } from '../../../src/features/users/service/state.ts'
import { createUser } from '../../../src/features/users/service/users.ts'
import { createTestApp, env, json } from '../../support/app.ts'
import { acceptedMails } from '../../support/mail.ts'
import { newAddress, newEmail, PASSWORD, type SignedInUser, signInUser, signUpUser } from '../../support/users.ts'
import { addPasskey, beginSignIn } from '../factors/passkeys/support.ts'
import { createClockedApp, enrolQuickly, SECRET, totpAt, wrongCode } from '../factors/totp/support.ts'
import {
  call,
  changeAddress,
  changeLink,
  idsOf,
  insertPasskey,
  insertTotp,
  revertLink,
  run,
  userOf,
  verifiedUser,
} from './account-recovery-support.ts'
import { mailedToken } from './mails.ts'
import { patchProfile } from './support.ts'

const app = createTestApp()
const ADMIN = { type: 'user', id: 'the-admin' } as const
const DAY = 86_400_000
const NEW_PASSWORD = 'An0ther-gate-of-the-castle'

const later = (ms: number) => createTestApp({ override: (ctx) => ({ ...ctx, now: () => Date.now() + ms }) })

const revert = (token: unknown, given: object = {}, on = app) => call(on, 'revert-email', { token, ...given })

const isLive = async ({ headers }: SignedInUser) =>
  (await app.fetch('/api/v1/sessions/current', { headers })).status === 200

/** A verified user whose address was changed. */
async function changedUser(on = app) {
  const owner = await verifiedUser(on)
  const stolen = newEmail()
  await changeAddress(on, owner, stolen)
  return { owner, stolen }
}

/** Whoever reads the mails of an address that nobody has answered by sets a password. */
async function takeOver(email: string): Promise<void> {
  await call(app, 'forgot-password', { email })
  const token = await mailedToken(app, email, '/reset-password')
  expect((await call(app, 'reset-password', { token, new_password: NEW_PASSWORD })).status).toBe(200)
}

/** The context of a new session of the user, by the present address. */
async function actorCtx(owner: SignedInUser): Promise<ActorCtx> {
  const { email } = await userOf(app, owner)
  const { accessToken } = await signInUser(app, { ...owner, email })
  const { sid: sessionId } = decodeJwt(accessToken)
  return {
    ...(await app.ctx()),
    actor: { type: 'user', id: owner.user.id, sessionId, roles: [] },
  } as unknown as ActorCtx
}

describe('a change of address', () => {
  it('mails the previous address a link that reverts it', async () => {
    const owner = await verifiedUser(app)
    const stolen = newEmail()
    await patchProfile(owner, { email: stolen })
    await call(app, 'verify-email', { token: await mailedToken(app, stolen, '/verify-email') })
    const token = await mailedToken(app, owner.email, '/revert-email')
    const answer = await revert(token)
    expect(answer).toMatchObject({ status: 200, success: true, reset_token: expect.any(String) })
    expect(await userOf(app, owner)).toMatchObject({ email: owner.email, passwordHash: null })
    await app.settled()
    expect(await acceptedMails(stolen, 'email_reverted')).toHaveLength(1)
    expect(await call(app, 'reset-password', { token: answer.reset_token, new_password: NEW_PASSWORD })).toMatchObject({
      status: 200,
    })
    const signedIn = await call(app, 'signin', { email: owner.email, password: NEW_PASSWORD })
    expect(signedIn.status).toBe(200)
  })

  it('mails nothing to an unverified previous address, and keeps nothing of it', async () => {
    const owner = await signUpUser(app)
    await changeAddress(app, owner, newEmail())
    expect(await acceptedMails(owner.email, 'email_changed')).toEqual([])
    expect(await listFormerAddresses(await app.ctx(), owner.user.id)).toEqual([])
    expect((await call(app, 'signup', { email: owner.email, password: PASSWORD })).status).toBe(201)
  })

  it('notifies each address of the last days, with its own link', async () => {
    const { owner, stolen } = await changedUser()
    await changeAddress(app, owner, newEmail())
    const mails = await Promise.all([owner.email, stolen].map((to) => acceptedMails(to, 'email_changed')))
    expect(mails.map(({ length }) => length)).toEqual([2, 1])
  })
})

describe('a change that is reverted', () => {
  it('reverts later changes too, ends every session, and removes what was added since', async () => {
    const owner = await verifiedUser(app)
    const { id } = owner.user
    const own = await insertPasskey(id, 1)
    const thief = await signInUser(app, owner)
    await changeAddress(app, owner, newEmail())
    const token = await revertLink(app, owner, owner.email)
    await changeAddress(app, owner, newEmail())
    await insertPasskey(id, Date.now() + 1000)
    await insertTotp(id, Date.now() + 1000)
    const ctx = await app.ctx()
    const magic = { purpose: 'magic_link', userId: id, email: 'x', lifetimeMs: DAY } as const
    const { token: pending } = await issueOneTimeToken(ctx, magic)
    expect(await revert(token)).toMatchObject({ status: 200, propagated: true })
    expect(await userOf(app, owner)).toMatchObject({ email: owner.email, passwordHash: null, mfaEnabled: false })
    expect([await isLive(owner), await isLive(thief)]).toEqual([false, false])
    expect(await idsOf('passkeys', id)).toEqual([own])
    expect([await idsOf('totp_factors', id), await idsOf('backup_codes', id)]).toEqual([[], []])
    expect(await findOneTimeToken(ctx, 'magic_link', pending)).toBeUndefined()
  })

  it('is one event, whose `before` is true, and makes tokens with the other address stale', async () => {
    const { owner, stolen } = await changedUser()
    await revert(await revertLink(app, owner, owner.email))
    const { results } = await env.DB.prepare(
      "select data, claims_version from events where user_id = ? and type = 'user.email_changed' order by position",
    )
      .bind(owner.user.id)
      .all<{ data: string; claims_version: number | null }>()
    expect(results.map(({ claims_version }) => claims_version)).toEqual([2, 3])
    expect(results.map(({ data }) => JSON.parse(data)).slice(1)).toEqual([
      { before: { email: stolen }, after: { email: owner.email }, reverted: true },
    ])
  })

  it('cannot be undone: neither by the other address, nor by another link', async () => {
    const { owner, stolen } = await changedUser()
    const [first, second] = [await revertLink(app, owner, owner.email), await revertLink(app, owner, owner.email)]
    expect((await revert(first)).status).toBe(200)
    for (const token of [first, second])
      expect(await revert(token)).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
    await call(app, 'forgot-password', { email: stolen })
    await app.settled()
    expect(await acceptedMails(stolen, 'email_changed')).toEqual([])
    expect((await call(app, 'signup', { email: stolen, password: PASSWORD })).status).toBe(201)
  })

  it('leaves the link of an earlier change valid', async () => {
    const { owner, stolen } = await changedUser()
    await changeAddress(app, owner, newEmail())
    const [first, second] = [await revertLink(app, owner, owner.email), await revertLink(app, owner, stolen)]
    expect((await revert(second)).status).toBe(200)
    expect((await userOf(app, owner)).email).toBe(stolen)
    expect((await revert(first)).status).toBe(200)
    expect((await userOf(app, owner)).email).toBe(owner.email)
  })

  it.each([
    ['unknown tokens', async () => 'pot_made-up'],
    [
      'links after seven days',
      async () => {
        const owner = await verifiedUser(later(-7 * DAY - 1000))
        await changeAddress(later(-7 * DAY - 1000), owner, newEmail())
        return revertLink(later(-7 * DAY - 1000), owner, owner.email)
      },
    ],
    [
      'a change that an admin or a directory made over it',
      async () => {
        const { owner } = await changedUser()
        await run('update users set email = ? where id = ?', newEmail(), owner.user.id)
        return revertLink(app, owner, owner.email)
      },
    ],
    [
      'the account that an admin deleted',
      async () => {
        const { owner } = await changedUser()
        await changeUserState(await app.ctx(), { userId: owner.user.id, change: 'delete', actor: ADMIN })
        return revertLink(app, owner, owner.email)
      },
    ],
  ])('is refused for %s', async (_, getToken) => {
    expect(await revert(await getToken())).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
  })

  it.each([
    ['suspend', ['unsuspend']],
    ['lock', ['unlock']],
    ['deactivate', ['activate']],
  ] as const)(
    'waits while an admin keeps the account closed ("%s"), and works once it is open',
    async (measure, lifting) => {
      const { owner, stolen } = await changedUser()
      const token = await mailedToken(app, owner.email, '/revert-email')
      const admin = async (change: StateChange) =>
        changeUserState(await app.ctx(), { userId: owner.user.id, change, actor: ADMIN })
      await admin(measure)
      expect(await revert(token)).toMatchObject({ status: 403, code: 'ACCOUNT_CLOSED' })
      const page = await app.fetch(`/revert-email?token=${token}`)
      expect([page.status, await page.text()]).toEqual([
        403,
        expect.stringContaining('An admin has closed this account'),
      ])
      expect((await userOf(app, owner)).email).toBe(stolen)
      for (const change of lifting) await admin(change)
      expect(await revert(token)).toMatchObject({ status: 200 })
      expect(await userOf(app, owner)).toMatchObject({ email: owner.email, passwordHash: null })
    },
  )

  it('is refused like a made-up link while an admin keeps the account deleted, and works once it is restored', async () => {
    const { owner } = await changedUser()
    const token = await mailedToken(app, owner.email, '/revert-email')
    const admin = async (change: StateChange) =>
      changeUserState(await app.ctx(), { userId: owner.user.id, change, actor: ADMIN })
    await admin('delete')
    expect(await revert(token)).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
    await admin('restore')
    expect(await revert(token)).toMatchObject({ status: 403, code: 'ACCOUNT_CLOSED' })
    await admin('activate')
    expect(await revert(token)).toMatchObject({ status: 200 })
  })

  it('restores an account that the thief deleted, by the first link too', async () => {
    const { owner } = await changedUser()
    const { id } = owner.user
    const token = await mailedToken(app, owner.email, '/revert-email')
    await changeUserState(await app.ctx(), { userId: id, change: 'delete', actor: { type: 'user', id } })
    expect(await revert(token)).toMatchObject({ status: 200 })
    expect(await userOf(app, owner)).toMatchObject({ status: 'active', email: owner.email })
  })

  it('restores an account that the thief deleted, by the link that a reset mails', async () => {
    const { owner } = await changedUser()
    const { id } = owner.user
    await changeUserState(await app.ctx(), { userId: id, change: 'delete', actor: { type: 'user', id } })
    await call(app, 'forgot-password', { email: owner.email })
    // The first told of the change.
    const token = await mailedToken(app, owner.email, '/revert-email', 2)
    expect(await revert(token)).toMatchObject({ status: 200 })
    expect(await userOf(app, owner)).toMatchObject({ status: 'active', email: owner.email, eraseAt: null })
  })
})

describe('a second factor that is older than the change', () => {
  it('is needed before the change is reverted, and wrong codes leave the link valid', async () => {
    const clocked = createClockedApp()
    const owner = await enrolQuickly(clocked)
    await run('update users set email_verified_at = 1 where id = ?', owner.user.id)
    clocked.clock.now += 1000
    await changeAddress(clocked, owner, newEmail())
    const token = await revertLink(clocked, owner, owner.email)
    expect(await revert(token, {}, clocked)).toMatchObject({
      status: 403,
      code: 'STEP_UP_REQUIRED',
      details: { available_methods: ['totp'] },
    })
    const code = wrongCode(SECRET, clocked.clock.now)
    expect(await revert(token, { code }, clocked)).toMatchObject({ status: 400, code: 'INVALID_CODE' })
    expect((await userOf(clocked, owner)).email).not.toBe(owner.email)
    const right = totpAt(SECRET, clocked.clock.now)
    expect(await revert(token, { code: right }, clocked)).toMatchObject({ status: 200 })
    expect(await userOf(clocked, owner)).toMatchObject({ email: owner.email, mfaEnabled: true })
  })

  it('counts codes: ten wrong ones in an hour lock the second step', async () => {
    const clocked = createClockedApp()
    const owner = await enrolQuickly(clocked)
    await run('update users set email_verified_at = 1 where id = ?', owner.user.id)
    clocked.clock.now += 1000
    await changeAddress(clocked, owner, newEmail())
    const token = await revertLink(clocked, owner, owner.email)
    const code = wrongCode(SECRET, clocked.clock.now)
    const statuses = []
    for (let guess = 0; guess < 11; guess += 1) statuses.push((await revert(token, { code }, clocked)).status)
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 400), 423])
  })

  it('may be an older passkey, and none that was added since', async () => {
    const owner = await verifiedUser(app)
    const { id } = owner.user
    const old = await addPasskey(owner)
    const young = await addPasskey(owner)
    await insertTotp(id, 1)
    await changeAddress(app, owner, newEmail())
    await run('update passkeys set created_at = ? where id = ?', Date.now() + 1000, young.passkeyId)
    const token = await revertLink(app, owner, owner.email)
    const proofOf = async ({ authenticator }: typeof old) => ({
      credential: await authenticator.get(await beginSignIn()),
    })
    expect(await revert(token, await proofOf(young))).toMatchObject({ status: 400, code: 'PASSKEY_REFUSED' })
    expect(await revert(token, await proofOf(old))).toMatchObject({ status: 200 })
    expect(await idsOf('passkeys', id)).toEqual([old.passkeyId])
  })

  it('has a page with a field for the code, which comes again', async () => {
    const clocked = createClockedApp()
    const owner = await enrolQuickly(clocked)
    await run('update users set email_verified_at = 1 where id = ?', owner.user.id)
    clocked.clock.now += 1000
    await changeAddress(clocked, owner, newEmail())
    const token = await revertLink(clocked, owner, owner.email)
    expect(await (await clocked.fetch(`/revert-email?token=${token}`)).text()).toContain('name="code"')
    const submit = (code: string) =>
      clocked.fetch('/revert-email', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'http://127.0.0.1:8787' },
        body: new URLSearchParams({ token, code }).toString(),
      })
    const again = await submit('')
    expect([again.status, (await again.text()).includes('role="alert"')]).toEqual([400, true])
    const done = await submit(totpAt(SECRET, clocked.clock.now))
    expect([done.status, (await done.text()).includes('action="/reset-password"')]).toEqual([200, true])
  })
})

describe('an address that its user changed', () => {
  it('cannot be taken for seven days, in whatever way an account gets an address', async () => {
    const { owner } = await changedUser()
    const { email } = owner
    const other = await verifiedUser(app)
    const ctx = await app.ctx()
    expect(await call(app, 'signup', { email, password: PASSWORD })).toMatchObject({ status: 409, code: 'CONFLICT' })
    await expect(createUser(ctx, { email: email.toUpperCase() })).rejects.toMatchObject({ details: { field: 'email' } })
    const admin = { email, password: PASSWORD, actor: { id: 'x', roles: ['admin'] }, secretKey: null }
    await expect(registerAdmin(ctx, admin)).rejects.toMatchObject({ code: 'CONFLICT' })
    const row = { row: 1, user: { email }, system: null, isUnproven: false, warnings: [], leftBehind: [] }
    for (const merge of [false, true])
      expect(
        await importUsers(narrow(await actorCtx(other), { isAdmin: true }), [row], { merge, dryRun: false }),
      ).toMatchObject([{ status: 'skipped', reason: 'already exists' }])
    expect(await (await patchProfile(other, { email })).json()).toMatchObject({ code: 'CONFLICT' })
    const late = await call(app, 'verify-email', { token: await changeLink(app, other, email) })
    expect(late).toMatchObject({ status: 409, code: 'CONFLICT' })
    await changeAddress(app, owner, email)
    expect((await userOf(app, owner)).email).toBe(email)
  })

  it('is free after that, and forgotten', async () => {
    const past = later(-7 * DAY - 1000)
    const { owner } = await changedUser(past)
    await pruneFormerAddresses(await app.ctx())
    const rows = await env.DB.prepare('select 1 from former_addresses where user_id = ?').bind(owner.user.id).all()
    expect(rows.results).toEqual([])
    expect((await createUser(await app.ctx(), { email: owner.email })).email).toBe(owner.email)
  })

  it('gets the link again from a reset, a sign-in link and a sign-up, answered as for an unknown address, five an hour', async () => {
    const { owner } = await changedUser()
    await run('delete from mails where recipient = ?', owner.email)
    const from = { 'cf-connecting-ip': newAddress() }
    const ask = async (path: string, email: string) => {
      // Each asker of a sign-in link gets a secret of their own.
      const { timestamp: _, binding, ...answer } = await call(app, path, { email }, from)
      await app.settled()
      return { ...answer, binding: typeof binding }
    }
    for (const path of ['forgot-password', 'magic/send'])
      expect(await ask(path, owner.email)).toEqual(await ask(path, newEmail()))
    expect((await call(app, 'signup', { email: owner.email, password: PASSWORD }, from)).status).toBe(409)
    for (let again = 0; again < 4; again += 1) await ask('forgot-password', owner.email)
    const kinds = await env.DB.prepare('select kind from mails where recipient = ?').bind(owner.email).all()
    expect(kinds.results).toEqual(Array.from({ length: 5 }, () => ({ kind: 'email_changed' })))
  })

  it('gets the mail at a sign-up that reveals no accounts', async () => {
    const hiding = createTestApp({ env: { REQUIRE_VERIFIED_EMAIL: 'true', HIDE_ACCOUNT_EXISTENCE: 'true' } })
    const { owner } = await changedUser()
    const signUp = (email: string) => call(hiding, 'signup', { email, password: PASSWORD })
    const [known, unknown] = [await signUp(owner.email), await signUp(newEmail())]
    expect({ ...known, timestamp: 0 }).toEqual({ ...unknown, timestamp: 0 })
    await hiding.settled()
    expect(await acceptedMails(owner.email, 'email_changed')).toHaveLength(2)
  })

  const lock = { allowed: false, scope: 'network', lockedUntil: Date.now() } as never

  const noticeBy = (notice: Parameters<typeof sendNotice>[2]) => async (owner: SignedInUser) =>
    sendNotice(await app.ctx(), await userOf(app, owner), notice)

  /** Each kind of notice, and what sends it. */
  const SENDERS: Record<(typeof NOTICES)[number], ((owner: SignedInUser) => Promise<unknown>) | null> = {
    email_change_notice: async (owner) => mailEmailChange(await actorCtx(owner), await userOf(app, owner), newEmail()),
    email_changed: (owner) => changeAddress(app, owner, newEmail()),
    // To the address that loses the account.
    email_reverted: null,
    password_changed: noticeBy({ kind: 'password_changed', params: {} }),
    new_device: async (owner) =>
      notifyNewDevice(await app.ctx(), await userOf(app, owner), { userAgent: null, country: null, ip: 'x' } as never),
    factor_added: noticeBy({ kind: 'factor_added', params: { factor: 'x', ended: 'none' } }),
    factor_removed: noticeBy({ kind: 'factor_removed', params: { factor: 'x', ended: 'none' } }),
    backup_codes_replaced: noticeBy({ kind: 'backup_codes_replaced', params: {} }),
    account_closed: noticeBy({ kind: 'account_closed', params: {} }),
    account_reopened: noticeBy({ kind: 'account_reopened', params: {} }),
    account_kept: noticeBy({ kind: 'account_kept', params: {} }),
    account_deleted: noticeBy({ kind: 'account_deleted', params: { until: 0 } }),
    account_restored: noticeBy({ kind: 'account_restored', params: {} }),
    // It has a link that sets a password: for the present address alone.
    password_dropped: null,
    // About an organization, not the account.
    sso_changed: null,
    // To owners and admins of the platform, of another's sign-in.
    sso_break_glass: null,
    account_locked: async (owner) => notifyLocked(await app.ctx(), owner.user.id, lock),
  }

  it.each(NOTICES.filter((kind) => SENDERS[kind] !== null))('gets the notice %s, beside the new one', async (kind) => {
    const { owner, stolen } = await changedUser()
    await run('delete from mails where recipient in (?, ?)', owner.email, stolen)
    await SENDERS[kind]?.(owner)
    await app.settled()
    const told = await Promise.all([owner.email, stolen].map((to) => acceptedMails(to, kind)))
    expect(told.map(({ length }) => length)).toEqual([1, 1])
  })

  it('unlocks by its own link, which the other address cannot use up', async () => {
    const { owner, stolen } = await changedUser()
    notifyLocked(await app.ctx(), owner.user.id, lock)
    await app.settled()
    for (const email of [stolen, owner.email]) {
      const token = await mailedToken(app, email, '/unlock-account')
      expect((await call(app, 'unlock-account', { token })).status).toBe(200)
    }
  })

  it('still works when a thief has not confirmed the account and requests a reset at the new address', async () => {
    const { owner, stolen } = await changedUser()
    const token = await mailedToken(app, owner.email, '/revert-email')
    await takeOver(stolen)
    expect(await revert(token)).toMatchObject({ status: 200 })
    expect(await userOf(app, owner)).toMatchObject({ email: owner.email, passwordHash: null })
  })

  it('still works when the thief has gone on to a third address', async () => {
    const { owner } = await changedUser()
    const token = await mailedToken(app, owner.email, '/revert-email')
    const third = newEmail()
    await changeAddress(app, owner, third)
    await takeOver(third)
    expect(await revert(token)).toMatchObject({ status: 200 })
    expect(await userOf(app, owner)).toMatchObject({ email: owner.email })
  })
})

describe('a report link', () => {
  const reportLink = async ({ user, email }: SignedInUser) =>
    new URL(await issueReportLink(await app.ctx(), { id: user.id, email })).searchParams.get('token')

  it('works although the address was changed since', async () => {
    const owner = await verifiedUser(app)
    const token = await reportLink(owner)
    await changeAddress(app, owner, newEmail())
    expect(await call(app, 'report-activity', { token })).toMatchObject({
      status: 200,
      reset_token: expect.any(String),
    })
    expect((await userOf(app, owner)).passwordHash).toBeNull()
  })

  it('to an unverified address becomes void with it: it may have been a stranger’s', async () => {
    const owner = await signUpUser(app)
    const token = await reportLink(owner)
    await changeAddress(app, owner, newEmail())
    expect(await call(app, 'report-activity', { token })).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
  })
})

describe('at the same moment', () => {
  it('one of several reverts succeeds', async () => {
    const { owner } = await changedUser()
    const one = await revertLink(app, owner, owner.email)
    const other = await revertLink(app, owner, owner.email)
    const all = await Promise.all([one, one, other, other].map((token) => revert(token)))
    expect(all.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400])
  })

  it('a revert wins against a further change, whichever comes first', async () => {
    const { owner } = await changedUser()
    const [token, further] = [await revertLink(app, owner, owner.email), await changeLink(app, owner, newEmail())]
    const [reverted] = await Promise.all([revert(token), call(app, 'verify-email', { token: further })])
    expect(reverted.status).toBe(200)
    expect((await userOf(app, owner)).email).toBe(owner.email)
  })

  it('a revert loses no address to a sign-up or to another account', async () => {
    const { owner } = await changedUser()
    const other = await verifiedUser(app)
    const [token, theirs] = [await revertLink(app, owner, owner.email), await changeLink(app, other, owner.email)]
    const [reverted, signedUp, changed] = await Promise.all([
      revert(token),
      app.fetch('/api/v1/auth/signup', json({ email: owner.email, password: PASSWORD })),
      call(app, 'verify-email', { token: theirs }),
    ])
    expect([reverted.status, signedUp.status, changed.status]).toEqual([200, 409, 409])
  })
})
