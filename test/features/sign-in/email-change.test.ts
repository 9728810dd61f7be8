import { describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { createTestApp, env } from '../../support/app.ts'
import { acceptedMails } from '../../support/mail.ts'
import { withMethods } from '../../support/objects.ts'
import { claimsOf } from '../../support/tokens.ts'
import { newEmail, signInUser, signUpUser } from '../../support/users.ts'
import { ageSession, createClockedApp } from '../factors/totp/support.ts'
import { mailedToken, mailedTokens } from './mails.ts'
import { answerOf, app, get, patchProfile, post } from './support.ts'

describe('a change of address', () => {
  it('takes effect once the new address is verified, notifies the old one, and ends every session but the requesting one', async () => {
    const account = await signUpUser(app)
    const other = await signInUser(app, account)
    const email = newEmail()
    expect(await answerOf(patchProfile(account, { email: email.toUpperCase() }))).toMatchObject([
      200,
      { email: account.email, pending_email: email },
    ])
    const token = await mailedToken(app, email, '/verify-email')
    expect(await acceptedMails(account.email, 'email_change_notice')).toHaveLength(1)
    expect((await post('signin', { email: account.email, password: account.password })).status).toBe(200)

    expect(await answerOf(post('verify-email', { token }))).toMatchObject([200, { propagated: true }])
    // The old token says the old address: refused, and its refresh brings the new claims.
    expect((await get('me', account.headers)).status).toBe(401)
    const [status, refreshed] = await answerOf(post('refresh', { refresh_token: account.refreshToken }))
    expect([status, claimsOf(String(refreshed.access_token))]).toMatchObject([200, { email }])
    expect((await post('refresh', { refresh_token: other.refreshToken })).status).toBe(401)
    expect((await post('signin', { email: account.email, password: account.password })).status).toBe(401)
    expect(await answerOf(post('signin', { email, password: account.password }))).toMatchObject([
      200,
      { user: { email, email_verified: true } },
    ])
    expect(await answerOf(post('verify-email', { token }))).toMatchObject([
      200,
      { message: 'Already verified, and the account is not confirmed', confirmed: false },
    ])
  })

  it('is one event, with both addresses', async () => {
    const account = await signUpUser(app)
    const email = newEmail()
    await patchProfile(account, { email })
    const token = await mailedToken(app, email, '/verify-email')
    const all = await Promise.all([1, 2, 3].map(() => post('verify-email', { token })))
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200])
    const { results } = await env.DB.prepare(
      "select data from events where user_id = ? and type = 'user.email_changed'",
    )
      .bind(account.user.id)
      .all<{ data: string }>()
    expect(results.map(({ data }) => JSON.parse(data))).toEqual([
      { before: { email: account.email }, after: { email } },
    ])
  })

  it('is void after a change of the password: an intruder does not get the account back', async () => {
    const account = await signUpUser(app)
    const email = newEmail()
    await patchProfile(account, { email })
    const token = await mailedToken(app, email, '/verify-email')
    await post('forgot-password', { email: account.email })
    const reset = await mailedToken(app, account.email, '/reset-password')
    await post('reset-password', { token: reset, new_password: 'Another-good-passw0rd' })
    expect(await answerOf(post('verify-email', { token }))).toMatchObject([400, { code: 'INVALID_TOKEN' }])
  })

  it('voids a reset link that was mailed to the old address', async () => {
    const account = await signUpUser(app)
    await post('forgot-password', { email: account.email })
    const reset = await mailedToken(app, account.email, '/reset-password')
    const email = newEmail()
    await patchProfile(account, { email })
    await post('verify-email', { token: await mailedToken(app, email, '/verify-email') })
    expect((await post('reset-password', { token: reset, new_password: 'Another-good-passw0rd' })).status).toBe(400)
  })

  it('is 409 for a taken address; one that is taken meanwhile is 409 at its link', async () => {
    const [account, other] = [await signUpUser(app), await signUpUser(app)]
    expect(await answerOf(patchProfile(account, { email: other.email }))).toMatchObject([
      409,
      { details: { field: 'email' } },
    ])
    const email = newEmail()
    await patchProfile(account, { email })
    const token = await mailedToken(app, email, '/verify-email')
    await signUpUser(app, { email })
    expect(await answerOf(post('verify-email', { token }))).toMatchObject([409, { code: 'CONFLICT' }])
    expect((await get('me', account.headers)).status).toBe(200)
  })

  it('has the same answer for a taken address where accounts are hidden', async () => {
    const hiding = createTestApp({ env: { HIDE_ACCOUNT_EXISTENCE: 'true' } })
    const [account, other] = [await signUpUser(app), await signUpUser(app)]
    expect(await answerOf(patchProfile(account, { email: other.email }, hiding))).toMatchObject([
      200,
      { pending_email: other.email },
    ])
    await hiding.settled()
    expect(await acceptedMails(other.email, 'email_change')).toEqual([])
  })

  it.each([
    ['free', async () => newEmail()],
    ['taken', async () => (await signUpUser(app)).email],
  ])(
    'of a %s address voids the older link there and is one of five in an hour: neither shows which',
    async (_, choose) => {
      const hiding = createTestApp({ env: { HIDE_ACCOUNT_EXISTENCE: 'true' } })
      const [account, own] = [await signUpUser(app), Array.from({ length: 5 }, newEmail)]
      const [first = '', ...others] = own
      const ask = async (email: string) => {
        expect((await patchProfile(account, { email }, hiding)).status).toBe(200)
        await hiding.settled()
      }
      await ask(first)
      const older = await mailedToken(app, first, '/verify-email')
      await ask(await choose())
      expect((await post('verify-email', { token: older })).status).toBe(400)
      for (const email of others) await ask(email)
      const mailed = await Promise.all(own.map(async (email) => (await acceptedMails(email, 'email_change')).length))
      expect(mailed).toEqual([1, 1, 1, 1, 0])
    },
  )

  it('is answered there before the link to a free address is issued: the time must not show which are taken', async () => {
    const held = Promise.withResolvers<void>()
    const hiding = createTestApp({
      env: { HIDE_ACCOUNT_EXISTENCE: 'true' },
      override: (ctx) => {
        const guard: Ctx['objects']['guard'] = (subject) =>
          withMethods(ctx.objects.guard(subject), {
            use: async (input) => {
              if (input.subject.startsWith('link:email_change')) await held.promise
              return ctx.objects.guard(subject).use(input)
            },
          })
        return { ...ctx, objects: { ...ctx.objects, guard } }
      },
    })
    const [account, email] = [await signUpUser(app), newEmail()]
    expect((await patchProfile(account, { email }, hiding)).status).toBe(200)
    expect(await acceptedMails(email, 'email_change')).toEqual([])
    held.resolve()
    await hiding.settled()
    expect(await acceptedMails(email, 'email_change')).toHaveLength(1)
  })

  it('does nothing for the present address, and voids the older link for a newer one', async () => {
    const account = await signUpUser(app)
    expect(await answerOf(patchProfile(account, { email: account.email }))).toMatchObject([
      200,
      { pending_email: null },
    ])
    const [first, second] = [newEmail(), newEmail()]
    await patchProfile(account, { email: first })
    const voided = await mailedToken(app, first, '/verify-email')
    await patchProfile(account, { email: second })
    const [token] = await mailedTokens(app, second, '/verify-email')
    expect((await post('verify-email', { token: voided })).status).toBe(400)
    expect((await post('verify-email', { token })).status).toBe(200)
  })

  it('needs a fresh factor: a stolen access token is not enough', async () => {
    const clocked = createClockedApp()
    const account = await ageSession(clocked, await signUpUser(app))
    const email = newEmail()
    expect(await answerOf(patchProfile(account, { email, first_name: 'Mallory' }))).toMatchObject([
      403,
      { code: 'STEP_UP_REQUIRED', details: { available_methods: ['password'] } },
    ])
    expect(await answerOf(patchProfile(account, { email, current_password: 'wrong password' }))).toMatchObject([
      400,
      { code: 'INVALID_PASSWORD' },
    ])
    expect(await acceptedMails(email, 'email_change')).toEqual([])
    expect(await answerOf(patchProfile(account, { email, current_password: account.password }))).toMatchObject([
      200,
      { pending_email: email, first_name: null },
    ])
    // Names are no credential.
    expect((await patchProfile(account, { first_name: 'Ada' })).status).toBe(200)
  })
})
