import { describe, expect, it } from 'vitest'
import { eraseUser } from '../../../src/features/account/service/erasure.ts'
import { issueOneTimeToken } from '../../../src/features/links/service.ts'
import { changeUserState } from '../../../src/features/users/service/state.ts'
import { USER_DATA } from '../../../src/user-data.ts'
import { createTestApp, env } from '../../support/app.ts'
import { acceptedMails } from '../../support/mail.ts'
import { newAddress, newEmail, PASSWORD, type SignedInUser, signUpUser } from '../../support/users.ts'
import { addPasskey, beginSignIn } from '../factors/passkeys/support.ts'
import { createClockedApp, enrolQuickly, SECRET, totpAt, wrongCode } from '../factors/totp/support.ts'
import { call, deleteOwnAccount, insertTotp, run, userOf, verifiedUser } from './account-recovery-support.ts'
import { mailedToken } from './mails.ts'

const app = createTestApp()
const ADMIN = { type: 'user', id: 'the-admin' } as const

const restore = (token: unknown, given: object = {}, on = app) => call(on, 'restore-account', { token, ...given })

/** A link without the mail that brings it. */
async function restoreLink({ user, email }: SignedInUser, on = app): Promise<string> {
  const input = { purpose: 'account_restore', userId: user.id, email, lifetimeMs: 60_000, keepsOlder: true } as const
  return (await issueOneTimeToken(await on.ctx(), input)).token
}

async function deletedUser(on = app): Promise<SignedInUser> {
  const account = await verifiedUser(on)
  await deleteOwnAccount(on, account)
  return account
}

describe('somebody who deleted their account', () => {
  it('is mailed by a reset until when it can be restored, and restores it with the password', async () => {
    const account = await verifiedUser(app)
    const deleted = await app.fetch('/api/v1/users/me', { method: 'DELETE', headers: account.headers })
    expect(deleted.status).toBe(200)
    await call(app, 'forgot-password', { email: account.email })
    const token = await mailedToken(app, account.email, '/restore-account')
    const wanted = { status: 403, code: 'STEP_UP_REQUIRED', details: { available_methods: ['password'] } }
    expect(await restore(token)).toMatchObject(wanted)
    expect(await restore(token, { password: 'wrong password' })).toMatchObject({
      status: 400,
      code: 'INVALID_PASSWORD',
    })
    expect(await restore(token, { password: PASSWORD })).toMatchObject({ status: 200, success: true, propagated: true })
    expect(await userOf(app, account)).toMatchObject({ status: 'active', deletedAt: null, eraseAt: null })
    expect((await call(app, 'signin', { email: account.email, password: PASSWORD })).status).toBe(200)
    // Sessions of before the deletion stay ended.
    expect((await call(app, 'refresh', { refresh_token: account.refreshToken })).status).toBe(401)
    expect(await restore(token, { password: PASSWORD })).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
  })

  it.each<[string, Record<string, string>, object]>([
    ['forgot-password', {}, {}],
    ['magic/send', {}, {}],
    ['magic/send', { SIGNUPS_ENABLED: 'false' }, {}],
    ['signup', { REQUIRE_VERIFIED_EMAIL: 'true', HIDE_ACCOUNT_EXISTENCE: 'true' }, { password: PASSWORD }],
  ])('is mailed by %s with %j, which answers as it does for an unknown address', async (path, settings, fields) => {
    const on = createTestApp({ env: settings })
    const { email } = await deletedUser()
    const ask = async (address: string) => {
      // Each asker of a sign-in link gets a secret of their own.
      const { binding, ...answer } = await call(on, path, { email: address, ...fields })
      return { ...answer, binding: typeof binding, timestamp: 0 }
    }
    const [known, unknown] = [await ask(email), await ask(newEmail())]
    expect(known).toEqual(unknown)
    await on.settled()
    expect(await acceptedMails(email, 'deleted_account')).toHaveLength(1)
    expect(await acceptedMails(email, 'magic_link')).toEqual([])
  })

  it('is mailed by a sign-up, which answers that the address is taken, five times an hour', async () => {
    const { email } = await deletedUser()
    const from = { 'cf-connecting-ip': newAddress() }
    const signUp = () => call(app, 'signup', { email, password: PASSWORD }, from)
    for (let again = 0; again < 6; again += 1) expect(await signUp()).toMatchObject({ status: 409, code: 'CONFLICT' })
    await app.settled()
    expect(await acceptedMails(email, 'deleted_account')).toHaveLength(5)
  })

  it('restores it with the mailbox alone where there is neither password nor second factor', async () => {
    const account = await deletedUser()
    await run('update users set password_hash = null where id = ?', account.user.id)
    expect(await restore(await restoreLink(account))).toMatchObject({ status: 200 })
  })

  it('needs no factor of a stranger who made the account and deleted it', async () => {
    const account = await signUpUser(app)
    await insertTotp(account.user.id, 1)
    await deleteOwnAccount(app, account)
    expect(await restore(await restoreLink(account))).toMatchObject({ status: 200 })
  })

  it('accepts a code instead of the password, and counts wrong ones', async () => {
    const clocked = createClockedApp()
    const account = await enrolQuickly(clocked)
    await run('update users set email_verified_at = 1 where id = ?', account.user.id)
    await deleteOwnAccount(clocked, account)
    const token = await restoreLink(account, clocked)
    const code = wrongCode(SECRET, clocked.clock.now)
    expect(await restore(token, { code }, clocked)).toMatchObject({ status: 400, code: 'INVALID_CODE' })
    const right = totpAt(SECRET, clocked.clock.now)
    expect(await restore(token, { code: right }, clocked)).toMatchObject({ status: 200 })
    expect(await userOf(clocked, account)).toMatchObject({ status: 'active', mfaEnabled: true })
  })

  it('accepts the user’s own passkey as a second factor, and no other', async () => {
    const account = await verifiedUser(app)
    const [own, other] = [await addPasskey(account), await addPasskey(await signUpUser(app))]
    await insertTotp(account.user.id, 1)
    await deleteOwnAccount(app, account)
    const token = await restoreLink(account)
    const proofOf = async ({ authenticator }: typeof own) => ({
      credential: await authenticator.get(await beginSignIn()),
    })
    expect(await restore(token, await proofOf(other))).toMatchObject({ status: 400, code: 'PASSKEY_REFUSED' })
    expect(await restore(token, await proofOf(own))).toMatchObject({ status: 200 })
  })

  it('is locked out after five wrong passwords, as at a sign-in', async () => {
    const token = await restoreLink(await deletedUser())
    const address = { 'cf-connecting-ip': '203.0.113.77' }
    const statuses = []
    for (let guess = 0; guess < 6; guess += 1)
      statuses.push((await call(app, 'restore-account', { token, password: 'wrong password' }, address)).status)
    expect(statuses).toEqual([400, 400, 400, 400, 400, 423])
  })

  it('restores it once of many at once', async () => {
    const account = await deletedUser()
    const [one, other] = [await restoreLink(account), await restoreLink(account)]
    const all = await Promise.all([one, one, other].map((token) => restore(token, { password: PASSWORD })))
    expect(all.map(({ status }) => status).sort()).toEqual([200, 400, 400])
    const { results } = await env.DB.prepare("select 1 from events where user_id = ? and type = 'user.restored'")
      .bind(account.user.id)
      .all()
    expect(results).toHaveLength(1)
  })
})

describe('an account can be restored by its user', () => {
  it.each<[string, (account: SignedInUser) => Promise<unknown>]>([
    [
      'an admin deleted it',
      async ({ user }) => changeUserState(await app.ctx(), { userId: user.id, change: 'delete', actor: ADMIN }),
    ],
    [
      'it was suspended when it was deleted',
      async (account) => {
        const ctx = await app.ctx()
        await changeUserState(ctx, { userId: account.user.id, change: 'suspend', actor: ADMIN })
        await deleteOwnAccount(app, account)
      },
    ],
    [
      'an admin deleted it after its user had, which begins with a restore',
      async (account) => {
        const ctx = await app.ctx()
        await deleteOwnAccount(app, account)
        for (const change of ['restore', 'delete'] as const)
          await changeUserState(ctx, { userId: account.user.id, change, actor: ADMIN })
      },
    ],
  ])('not when %s: the mail says so, and has no link', async (_, remove) => {
    const account = await signUpUser(app)
    await remove(account)
    await call(app, 'forgot-password', { email: account.email })
    await app.settled()
    expect(await acceptedMails(account.email, 'deleted_by_admin')).toHaveLength(1)
    expect(await acceptedMails(account.email, 'deleted_account')).toEqual([])
    const answer = await restore(await restoreLink(account), { password: PASSWORD })
    expect(answer).toMatchObject({ status: 400, code: 'INVALID_TOKEN' })
  })

  it('not once its erasure has begun, and then nothing is mailed', async () => {
    const account = await deletedUser()
    await run('update users set erase_at = ? where id = ?', Date.now() - 1, account.user.id)
    expect((await restore(await restoreLink(account), { password: PASSWORD })).status).toBe(400)
    await call(app, 'forgot-password', { email: account.email })
    await app.settled()
    expect(await acceptedMails(account.email, 'deleted_account')).toEqual([])
    expect(
      (await eraseUser(await app.ctx(), { userId: account.user.id, actor: ADMIN, userData: USER_DATA })).erased,
    ).toBe(true)
  })

  it('not when an admin has restored it: it is inactive', async () => {
    const account = await deletedUser()
    const token = await restoreLink(account)
    await changeUserState(await app.ctx(), { userId: account.user.id, change: 'restore', actor: ADMIN })
    expect(await userOf(app, account)).toMatchObject({ status: 'inactive', userRestorable: false })
    expect((await restore(token, { password: PASSWORD })).status).toBe(400)
  })
})
