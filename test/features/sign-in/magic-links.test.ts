import { describe, expect, it } from 'vitest'
import { createTestApp, json } from '../../support/app.ts'
import { acceptedMails } from '../../support/mail.ts'
import { withMethods } from '../../support/objects.ts'
import { claimsOf } from '../../support/tokens.ts'
import { newEmail, signUpUser } from '../../support/users.ts'
import { addPasskey, signIn as signInWithPasskey } from '../factors/passkeys/support.ts'
import { createClockedApp, enrolUser, rowsOf, totpAt } from '../factors/totp/support.ts'
import { insertTotp } from './account-recovery-support.ts'
import { linkFor, open, PAGE, send, setUser, submit, verifiedUser, withoutBinding } from './magic-link-support.ts'
import { mailedToken } from './mails.ts'
import { answerOf, app, expectSession, get, post, type Session } from './support.ts'

describe.each(['magic/send', 'magic-link', 'magic-link/resend'])('POST /api/v1/auth/%s', (path) => {
  it('mails a link to a user, and has the same answer for users who may not sign in', async () => {
    const [account, suspended] = [await signUpUser(app), await signUpUser(app)]
    await setUser(suspended.user.id, "status = 'suspended'")
    const both = await Promise.all([account, suspended].map(({ email }) => answerOf(post(path, { email }))))
    expect(both[0]).toMatchObject([200, { success: true }])
    const [of, ofSuspended] = both.map(withoutBinding)
    expect(ofSuspended).toEqual(of)
    await mailedToken(app, account.email, PAGE)
    expect(await acceptedMails(suspended.email, 'magic_link')).toEqual([])
  })

  it('mails none to a new address once the network is over its sign-ups, with the same answer', async () => {
    const full = createTestApp({
      override: (ctx) => {
        const guard: typeof ctx.objects.guard = (subject) =>
          withMethods(ctx.objects.guard(subject), {
            use: async (input) =>
              input.subject.startsWith('sign-up:')
                ? { allowed: false, retryAfterMs: 1 }
                : ctx.objects.guard(subject).use(input),
          })
        return { ...ctx, objects: { ...ctx.objects, guard } }
      },
    })
    const [{ email: known }, unknown] = [await signUpUser(app), newEmail()]
    const ask = async (email: string) =>
      withoutBinding(await answerOf(full.fetch(`/api/v1/auth/${path}`, json({ email }))))
    expect(await ask(unknown)).toEqual(await ask(known))
    await full.settled()
    expect([await acceptedMails(unknown, 'magic_link'), await acceptedMails(known, 'magic_link')]).toMatchObject([
      [],
      [{ recipient: known }],
    ])
  })

  it('is 422 for what is no address', async () => {
    for (const email of [undefined, '', 'nobody', 1]) expect((await post(path, { email })).status).toBe(422)
  })
})

describe('a link', () => {
  it.each([
    ['GET /magic/verify', (token: string) => open(token)],
    ['GET /magic-link/callback', (token: string) => open(token, {}, '/api/v1/auth/magic-link/callback')],
    ['POST /magic-link/verify', (token: string) => post('magic-link/verify', { token })],
    ['GET /magic-link as JSON', (token: string) => open(token, { accept: 'application/json' }, PAGE)],
  ])('signs in at %s, once, with tokens flat and nested', async (_name, use) => {
    const account = await verifiedUser()
    const token = await linkFor(account.email)
    const answer = await use(token)
    expect(answer.status).toBe(200)
    const session = await answer.json<Session>()
    expectSession(session)
    expect(claimsOf(session.access_token)).toMatchObject({ amr: ['email'], acr: 'aal1' })
    expect((await get('me', { authorization: `Bearer ${session.access_token}` })).status).toBe(200)
    expect((await use(token)).status).toBe(400)
    // A verified user keeps the password and the other session.
    expect((await get('me', account.headers)).status).toBe(200)
    expect((await post('signin', { email: account.email, password: account.password })).status).toBe(200)
  })

  it('makes a verified account for an unknown address, unless sign-ups are closed', async () => {
    const email = newEmail()
    const [status, body] = await answerOf(open(await linkFor(email)))
    expect([status, body]).toMatchObject([200, { user: { email, email_verified: true } }])
    const closed = createTestApp({ env: { SIGNUPS_ENABLED: 'false' } })
    const other = newEmail()
    const known = await verifiedUser()
    const both = [await send(other, {}, closed), await send(known.email, {}, closed)].map(withoutBinding)
    expect(both[0]).toEqual(both[1])
    await closed.settled()
    expect(await acceptedMails(other, 'magic_link')).toEqual([])
    const late = newEmail()
    const token = await linkFor(late)
    expect((await closed.fetch(`/api/v1/auth/magic/verify?token=${token}`)).status).toBe(400)
  })

  it('signs in once of five uses at once', async () => {
    for (const { email } of [await verifiedUser(), await signUpUser(app), { email: newEmail() }]) {
      const token = await linkFor(email)
      const all = await Promise.all(
        Array.from({ length: 5 }, (_, index) => (index % 2 ? open(token) : post('magic-link/verify', { token }))),
      )
      expect(all.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400])
    }
  })

  it('is valid for fifteen minutes, and void once there is a newer one', async () => {
    const { email } = await verifiedUser()
    const first = await linkFor(email)
    const late = createTestApp({ override: (ctx) => ({ ...ctx, now: () => Date.now() + 15 * 60_000 + 1 }) })
    expect((await late.fetch(`/api/v1/auth/magic/verify?token=${first}`)).status).toBe(400)
    const second = await linkFor(email, {}, 2)
    expect((await open(first)).status).toBe(400)
    expect((await open(second)).status).toBe(200)
  })

  it.each(['suspended', 'locked', 'inactive', 'deleted'])(
    'is refused like a made-up one for a %s user',
    async (status) => {
      const { email, user } = await verifiedUser()
      const token = await linkFor(email)
      await setUser(user.id, `status = '${status}'`)
      const [refused, made] = await Promise.all([answerOf(open(token)), answerOf(open(`pot_${'A'.repeat(43)}`))])
      expect(refused).toMatchObject([400, { code: 'INVALID_TOKEN' }])
      expect(refused).toEqual(made)
    },
  )

  it('does not sign in once the address is another account’s', async () => {
    const { email, user } = await verifiedUser()
    const token = await linkFor(email)
    await setUser(user.id, `email = '${newEmail()}'`)
    await signUpUser(app, { email })
    expect((await open(token)).status).toBe(400)
  })

  it('leads to the second factor of a user who has one', async () => {
    const clocked = createClockedApp()
    const user = await enrolUser(clocked)
    await setUser(user.user.id, 'email_verified_at = 1')
    const [status, challenge] = await answerOf(post('magic-link/verify', { token: await linkFor(user.email) }))
    expect([status, challenge]).toMatchObject([200, { tokens: null, mfa_required: true, requires_mfa: true }])
    const done = await clocked.fetch(
      '/api/v1/mfa/challenge/verify',
      json({ mfa_token: challenge.mfa_token, code: totpAt(user.secret, clocked.clock.now) }),
    )
    const session = await done.json<Session>()
    expect(claimsOf(session.access_token)).toMatchObject({ amr: ['email', 'otp', 'mfa'], acr: 'aal2' })
  })

  it('takes over an account that a stranger may have made: its password, factors and sessions end', async () => {
    const squatter = await signUpUser(app)
    const { authenticator } = await addPasskey(squatter)
    await insertTotp(squatter.user.id, 1)
    const [status, body] = await answerOf(open(await linkFor(squatter.email)))
    expect([status, body]).toMatchObject([200, { user: { id: squatter.user.id, email_verified: true } }])
    expect(await rowsOf('totp_factors', squatter.user.id)).toEqual([])
    expect((await signInWithPasskey(authenticator)).status).toBe(404)
    expect((await get('me', squatter.headers)).status).toBe(401)
    expect((await post('refresh', { refresh_token: squatter.refreshToken })).status).toBe(401)
    expect((await post('signin', { email: squatter.email, password: squatter.password })).status).toBe(401)
    expect((await get('me', { authorization: `Bearer ${body.access_token}` })).status).toBe(200)
  })
})

describe('a link that is bound to its requester', () => {
  it('does not sign in without the secret, and stays valid', async () => {
    const { email } = await verifiedUser()
    const [, { binding }] = await send(email, { bind: true })
    const token = await mailedToken(app, email, PAGE)
    expect((await open(token)).status).toBe(400)
    for (const wrong of [undefined, '', 'x', `pmb_${'A'.repeat(43)}`])
      expect((await post('magic-link/verify', { token, binding: wrong })).status).toBe(400)
    expect((await post('magic-link/verify', { token, binding })).status).toBe(200)
  })

  it('stays bound through its page', async () => {
    const { email } = await verifiedUser()
    const [, { binding }] = await send(email, { bind: true })
    const page = await submit(await mailedToken(app, email, PAGE))
    const [, code = ''] = /<code>([^<]+)<\/code>/.exec(await page.text()) ?? []
    expect((await post('magic-link/verify', { token: code })).status).toBe(400)
    expect((await post('magic-link/verify', { token: code, binding })).status).toBe(200)
  })

  it('answers a secret for unknown addresses too', async () => {
    const closed = createTestApp({ env: { SIGNUPS_ENABLED: 'false' } })
    const [status, body] = await send(newEmail(), { bind: true }, closed)
    expect([status, body.binding]).toEqual([200, expect.stringMatching(/^pmb_[\w-]{43}$/)])
  })
})
