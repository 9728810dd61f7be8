import { describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { createUser } from '../../../src/features/users/service/users.ts'
import { serviceUnavailable } from '../../../src/lib/errors.ts'
import { createTestApp, env, json } from '../../support/app.ts'
import { acceptedMails, waitForMails } from '../../support/mail.ts'
import { createAppWithObjects, withMethods } from '../../support/objects.ts'
import { newEmail, PASSWORD, signInUser, signUpUser } from '../../support/users.ts'
import { mailedToken } from './mails.ts'
import { answerOf, app, get, post } from './support.ts'

const NEW = 'Another-good-passw0rd'

const askReset = async (email: string, count = 1): Promise<string> => {
  expect((await post('forgot-password', { email })).status).toBe(200)
  return mailedToken(app, email, '/reset-password', count)
}

const signIn = (email: string, password: string) => post('signin', { email, password })

const rowOf = (email: string) =>
  env.DB.prepare('select * from users where email = ?').bind(email).first<Record<string, unknown>>()

const FORGOT = ['forgot-password', 'password/forgot', 'password/reset-request', 'password/reset']

describe.each(FORGOT)('POST /api/v1/auth/%s', (path) => {
  it('mails a link to a user, and has the same answer for an unknown address', async () => {
    const { email } = await signUpUser(app)
    const nobody = newEmail()
    const both = await Promise.all([email, nobody].map((address) => answerOf(post(path, { email: address }))))
    expect(both[0]).toMatchObject([200, { success: true }])
    expect(both[1]).toEqual(both[0])
    await mailedToken(app, email, '/reset-password')
    expect(await acceptedMails(nobody, 'password_reset')).toEqual([])
  })

  it('mails none to users who may not sign in', async () => {
    for (const status of ['suspended', 'locked', 'inactive', 'deleted']) {
      const { email, user } = await signUpUser(app)
      await env.DB.prepare('update users set status = ? where id = ?').bind(status, user.id).run()
      expect((await post(path, { email })).status).toBe(200)
      await app.settled()
      expect(await acceptedMails(email, 'password_reset')).toEqual([])
    }
  })

  it('treats null and an empty token as missing', async () => {
    for (const token of [null, '', undefined]) {
      const { email } = await signUpUser(app)
      expect((await post(path, { email, token })).status).toBe(200)
      await mailedToken(app, email, '/reset-password')
    }
  })

  it('is 422 for what is no address', async () => {
    for (const email of [undefined, '', 'nobody', 'a@b.test\r\nBcc: x@b.test', 1, {}])
      expect((await post(path, { email })).status).toBe(422)
  })
})

describe('the address of an application’s reset page', () => {
  const trusting = createTestApp({ env: { REDIRECT_ORIGINS: 'https://app.example.test' } })
  const ask = (email: string, base: string) =>
    trusting.fetch('/api/v1/auth/forgot-password', json({ email, redirect_base: base }))

  it('is in the mail when its origin is configured', async () => {
    const { email } = await signUpUser(app)
    expect((await ask(email, 'https://app.example.test/account/')).status).toBe(200)
    const [{ text } = { text: '' }] = (await waitForMails(app, email, 2)).filter((mail) => mail.text.includes('reset'))
    expect(text).toMatch(/https:\/\/app\.example\.test\/account\/reset-password\?token=pot_[\w-]{43}\s/)
  })

  it.each(['https://evil.test', '//evil.test', 'https://app.example.test@evil.test', 'javascript:alert(1)', 'x'])(
    'is refused: %s',
    async (base) => {
      expect(await answerOf(ask(newEmail(), base))).toMatchObject([400, { code: 'REDIRECT_NOT_ALLOWED' }])
    },
  )
})

describe.each([
  ['reset-password', 'new_password'],
  ['password/reset', 'newPassword'],
  ['password/confirm', 'password'],
])('POST /api/v1/auth/%s', (path, field) => {
  it(`sets the password (${field}), ends every session and notifies the user`, async () => {
    const account = await signUpUser(app)
    const other = await signInUser(app, account)
    const token = await askReset(account.email)
    expect(await answerOf(post(path, { token, [field]: NEW }))).toMatchObject([
      200,
      { success: true, propagated: true },
    ])
    for (const { headers, refreshToken } of [account, other]) {
      expect((await get('me', headers)).status).toBe(401)
      expect((await post('refresh', { refresh_token: refreshToken })).status).toBe(401)
    }
    expect((await signIn(account.email, account.password)).status).toBe(401)
    expect((await signIn(account.email, NEW)).status).toBe(200)
    await mailedToken(app, account.email, '/report-activity')
    // Who reads the mailbox has proven the address.
    expect((await rowOf(account.email))?.email_verified_at).not.toBeNull()
  })

  it('is 400 for a token that is unknown, used, or older than an hour', async () => {
    const { email } = await signUpUser(app)
    const refused = [400, { code: 'INVALID_TOKEN' }]
    expect(await answerOf(post(path, { token: `pot_${'A'.repeat(43)}`, [field]: NEW }))).toMatchObject(refused)
    const token = await askReset(email)
    const later = createTestApp({ override: (ctx) => ({ ...ctx, now: () => Date.now() + 3_601_000 }) })
    const late = later.fetch(`/api/v1/auth/${path}`, json({ token, [field]: NEW }))
    expect(await answerOf(late)).toMatchObject(refused)
    expect((await post(path, { token, [field]: NEW })).status).toBe(200)
    expect(await answerOf(post(path, { token, [field]: NEW }))).toMatchObject(refused)
  })

  it('is 400 for a weak password, after which the link still works', async () => {
    const { email } = await signUpUser(app)
    const token = await askReset(email)
    for (const weak of ['password123', email])
      expect(await answerOf(post(path, { token, [field]: weak }))).toMatchObject([400, { code: 'WEAK_PASSWORD' }])
    expect((await post(path, { token, [field]: 'short' })).status).toBe(422)
    expect((await post(path, { token })).status).toBe(422)
    expect((await post(path, { token, [field]: NEW })).status).toBe(200)
  })
})

describe('reset links', () => {
  it('are kept as hashes, of 256 random bits', async () => {
    const { email } = await signUpUser(app)
    const token = await askReset(email)
    expect(token).toMatch(/^pot_[A-Za-z0-9_-]{43}$/)
    const { results } = await env.DB.prepare('select * from one_time_tokens where email = ?').bind(email).all()
    expect(results.length).toBeGreaterThan(0)
    expect(JSON.stringify(results)).not.toContain(token)
  })

  it('void the older ones', async () => {
    const { email } = await signUpUser(app)
    const first = await askReset(email)
    const second = await askReset(email, 2)
    expect((await post('reset-password', { token: first, new_password: NEW })).status).toBe(400)
    expect((await post('reset-password', { token: second, new_password: NEW })).status).toBe(200)
  })

  it('of one user set no other password', async () => {
    const [victim, attacker] = [await signUpUser(app), await signUpUser(app)]
    const token = await askReset(attacker.email)
    const body = { token, new_password: NEW, email: victim.email, user_id: victim.user.id }
    expect((await post('reset-password', body)).status).toBe(200)
    expect((await signIn(victim.email, NEW)).status).toBe(401)
    expect((await signIn(victim.email, victim.password)).status).toBe(200)
  })

  it('are void once the password was changed by other means', async () => {
    const account = await signUpUser(app)
    const token = await askReset(account.email)
    const change = { current_password: account.password, new_password: NEW }
    expect((await post('password/change', change, account.headers)).status).toBe(200)
    expect((await post('reset-password', { token, new_password: 'A-third-passw0rd' })).status).toBe(400)
    expect((await signIn(account.email, NEW)).status).toBe(200)
  })

  it('set the password once when two are used at once, to one of the two', async () => {
    const { email } = await signUpUser(app)
    const token = await askReset(email)
    const passwords = ['First-good-passw0rd', 'Second-good-passw0rd', 'Third-good-passw0rd']
    const all = await Promise.all(
      passwords.map((password) => post('reset-password', { token, new_password: password })),
    )
    expect(all.map(({ status }) => status).sort()).toEqual([200, 400, 400])
    const winner = passwords[all.findIndex(({ status }) => status === 200)] ?? ''
    for (const password of passwords)
      expect((await signIn(email, password)).status).toBe(password === winner ? 200 : 401)
  })

  it('remove what a stranger added to an account whose address was never proven', async () => {
    const { email, user } = await signUpUser(app)
    await env.DB.batch([
      env.DB.prepare(
        `insert into passkeys (id, user_id, credential_id, public_key, sign_count, transports, device_type, backed_up, aaguid, rp_id, created_at)
         values (?1, ?2, ?1, 'k', 0, '[]', 'singleDevice', 0, 'a', 'localhost', 0)`,
      ).bind(crypto.randomUUID(), user.id),
      env.DB.prepare(
        'insert into totp_factors (user_id, secret_sealed, created_at, confirmed_at) values (?, ?, 0, 1)',
      ).bind(user.id, 's'),
      env.DB.prepare('update users set mfa_enabled = 1 where id = ?').bind(user.id),
    ])
    const count = () =>
      env.DB.prepare(
        'select (select count(*) from passkeys where user_id = ?1) + (select count(*) from totp_factors where user_id = ?1) as left',
      )
        .bind(user.id)
        .first('left')
    expect((await post('reset-password', { token: await askReset(email), new_password: NEW })).status).toBe(200)
    expect(await count()).toBe(0)
    expect(await rowOf(email)).toMatchObject({ mfa_enabled: 0 })
  })

  it('leave the second factor of an account that its holder confirmed', async () => {
    const { email, user, headers } = await signUpUser(app)
    await post('verify-email', { token: await mailedToken(app, email, '/verify-email') }, headers)
    await env.DB.prepare('update users set mfa_enabled = 1 where id = ?').bind(user.id).run()
    expect((await post('reset-password', { token: await askReset(email), new_password: NEW })).status).toBe(200)
    expect(await rowOf(email)).toMatchObject({ mfa_enabled: 1 })
    const [, body] = await answerOf(signIn(email, NEW))
    expect(body).toMatchObject({ tokens: null, mfa_required: true })
  })
})

describe('locks and a reset', () => {
  it('an attempt lock does not prevent it, and is lifted', async () => {
    const { email, address } = await signUpUser(app)
    const from = { 'cf-connecting-ip': address }
    for (let count = 0; count < 6; count += 1) await post('signin', { email, password: 'wrong' }, from)
    expect((await post('signin', { email, password: PASSWORD }, from)).status).toBe(423)
    expect((await post('reset-password', { token: await askReset(email), new_password: NEW })).status).toBe(200)
    expect((await post('signin', { email, password: NEW }, from)).status).toBe(200)
  })

  it('an administrative lock stays, whenever it was set', async () => {
    const { email, user } = await signUpUser(app)
    const token = await askReset(email)
    await env.DB.prepare("update users set status = 'locked' where id = ?").bind(user.id).run()
    expect(await answerOf(post('reset-password', { token, new_password: NEW }))).toMatchObject([
      400,
      { code: 'INVALID_TOKEN' },
    ])
    expect((await signIn(email, PASSWORD)).status).toBe(423)
    expect((await signIn(email, NEW)).status).toBe(401)
    expect(await rowOf(email)).toMatchObject({ status: 'locked' })
  })

  it('a lock that comes between check and change wins', async () => {
    const { email, user } = await signUpUser(app)
    const token = await askReset(email)
    // The breached-password check is asked after the user was read and before the row is written.
    const racing = createTestApp({
      env: { BREACHED_PASSWORD_CHECK: 'true' },
      override: (ctx) => ({
        ...ctx,
        fetch: async () => {
          await env.DB.prepare("update users set status = 'locked' where id = ?").bind(user.id).run()
          return new Response('')
        },
      }),
    })
    const answer = await racing.fetch('/api/v1/auth/reset-password', json({ token, new_password: NEW }))
    expect(answer.status).toBe(400)
    expect((await signIn(email, PASSWORD)).status).toBe(423)
  })
})

describe('an old password against a reset', () => {
  it('leaves no session open, in whatever order they run', async () => {
    const account = await signUpUser(app)
    const token = await askReset(account.email)
    const signIns = Array.from({ length: 4 }, () => signInUser(app, account).catch(() => null))
    const reset = post('reset-password', { token, new_password: NEW })
    const late = Array.from({ length: 4 }, () => signInUser(app, account).catch(() => null))
    expect((await reset).status).toBe(200)
    for (const opened of await Promise.all([...signIns, ...late])) {
      if (!opened) continue
      expect((await post('refresh', { refresh_token: opened.refreshToken })).status).toBe(401)
    }
    const ctx = await app.ctx()
    const { id: userId } = account.user
    expect(await ctx.objects.user(userId).listSessions({ userId, withEnded: false })).toEqual([])
  })
})

describe('parts that fail during a reset', () => {
  it('an object that does not answer: the password is set, the sessions end at their refresh, and the answer says so', async () => {
    const account = await signUpUser(app)
    const token = await askReset(account.email)
    const failing = createAppWithObjects(({ user }) => ({
      user: (id) => withMethods(user(id), { endSessions: () => Promise.reject(new Error('silent')) }),
    }))
    const answer = await answerOf(failing.fetch('/api/v1/auth/reset-password', json({ token, new_password: NEW })))
    expect(answer).toMatchObject([200, { propagated: false }])
    expect((await post('refresh', { refresh_token: account.refreshToken })).status).toBe(401)
    expect((await signIn(account.email, NEW)).status).toBe(200)
  })

  it('mail that cannot be written or sent: the request succeeds', async () => {
    const { email } = await signUpUser(app)
    const token = await askReset(email)
    const failing = createTestApp({
      override: (ctx) => ({
        ...ctx,
        queues: { ...ctx.queues, mail: { ...ctx.queues.mail, send: async () => Promise.reject(new Error('down')) } },
      }),
    })
    expect((await failing.fetch('/api/v1/auth/forgot-password', json({ email }))).status).toBe(200)
    await failing.settled()
    expect(await acceptedMails(email, 'password_reset')).toHaveLength(2)
    expect((await post('reset-password', { token, new_password: NEW })).status).toBe(400)
  })

  it('a database that is down: 503 for known and unknown alike', async () => {
    const { email } = await signUpUser(app)
    const down = createTestApp({
      override: (ctx) => ({
        ...ctx,
        get db(): Ctx['db'] {
          throw serviceUnavailable()
        },
      }),
    })
    for (const address of [email, newEmail()])
      expect((await down.fetch('/api/v1/auth/forgot-password', json({ email: address }))).status).toBe(503)
  })
})

it('an account without a password gets one by reset', async () => {
  const { email } = await createUser(await app.ctx(), { email: newEmail() })
  expect((await post('reset-password', { token: await askReset(email), new_password: NEW })).status).toBe(200)
  expect((await signIn(email, NEW)).status).toBe(200)
})
