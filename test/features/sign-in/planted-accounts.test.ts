import { describe, expect, it } from 'vitest'
import { createTestApp, env, json } from '../../support/app.ts'
import { SoftwareAuthenticator } from '../../support/authenticator.ts'
import { recordedOf } from '../../support/events.ts'
import { makeAdmin, newEmail, PASSWORD, type SignedInUser, signUpUser } from '../../support/users.ts'
import * as passkeys from '../factors/passkeys/support.ts'
import { mailedToken, mailedTokens } from './mails.ts'
import { answerOf, app, get, patchProfile, post } from './support.ts'

const OWN = 'http://127.0.0.1:8787'
const NEW = 'Another-good-passw0rd'

const look = async (token: string) => {
  const answer = await app.fetch(`/verify-email?${new URLSearchParams({ token })}`)
  return [answer.status, await answer.text()] as const
}

const answer = (token: string, said: 'yes' | 'no') =>
  app.fetch('/verify-email', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: OWN },
    body: new URLSearchParams({ token, answer: said }).toString(),
  })

const tokenIn = (page: string): string => /name="token" value="([^"]+)"/.exec(page)?.[1] ?? ''

/** A passkey, an authenticator and backup codes; and a webhook endpoint, which would copy what happens to the holder. */
const bindFactors = ({ user: { id } }: SignedInUser) =>
  env.DB.batch([
    env.DB.prepare(
      `insert into passkeys (id, user_id, credential_id, public_key, sign_count, transports, device_type, backed_up, aaguid, rp_id, created_at)
       values (?1, ?2, ?1, 'k', 0, '[]', 'singleDevice', 0, 'a', 'localhost', 0)`,
    ).bind(crypto.randomUUID(), id),
    env.DB.prepare(
      "insert into totp_factors (user_id, secret_sealed, created_at, confirmed_at) values (?, 's', 0, 1)",
    ).bind(id),
    env.DB.prepare(
      "insert into backup_codes (id, user_id, salt, code_hash, hint, created_at) values (?, ?, 's', 'h', 'ab', 0)",
    ).bind(crypto.randomUUID(), id),
    env.DB.prepare('update users set mfa_enabled = 1 where id = ?').bind(id),
    env.DB.prepare(
      `insert into webhook_endpoints (id, user_id, url, events, secret_sealed, ordered, batch, audit, created_by, told_version, created_at, updated_at)
       values (?1, ?2, 'https://hooks.example.test/', '[]', 's', 0, 0, 0, ?2, 1, 0, 0)`,
    ).bind(crypto.randomUUID(), id),
  ])

const stateOf = ({ user: { id } }: SignedInUser) =>
  env.DB.prepare(
    `select email, email_verified_at is not null as verified, email_unanswered_since is not null as unanswered,
       password_hash is not null as password, mfa_enabled as second_factor,
       (select count(*) from passkeys where user_id = users.id) + (select count(*) from totp_factors where user_id = users.id)
         + (select count(*) from backup_codes where user_id = users.id) as factors,
       (select count(*) from webhook_endpoints where user_id = users.id) as endpoints
     from users where id = ?`,
  )
    .bind(id)
    .first()

const WHOLE = { password: 1, second_factor: 1, factors: 3, endpoints: 1 }
const TAKEN_OVER = { verified: 1, unanswered: 0, second_factor: 0, factors: 0, endpoints: 0 }

const isSignedIn = async ({ headers }: SignedInUser) => (await get('me', headers)).status === 200

const eventsOf = async ({ user: { id } }: SignedInUser, type: string) => {
  const { results } = await env.DB.prepare('select data from events where user_id = ? and type = ?')
    .bind(id, type)
    .all<{ data: string }>()
  return results.map(({ data }) => JSON.parse(data))
}

interface Planted {
  /** The stranger's session. */
  readonly stranger: SignedInUser
  /** The address of somebody else, who gets the link. */
  readonly holder: string
  readonly token: string
}

/** A stranger signs up with the holder's address, and binds factors. */
async function plantBySignUp(before?: (stranger: SignedInUser) => Promise<void>): Promise<Planted> {
  const stranger = await signUpUser(app)
  await before?.(stranger)
  await bindFactors(stranger)
  return { stranger, holder: stranger.email, token: await mailedToken(app, stranger.email, '/verify-email') }
}

/** A stranger asks for the holder's address in place of the own one. */
async function plantByChange(): Promise<Planted> {
  const stranger = await signUpUser(app)
  const { headers, email } = stranger
  await post('verify-email', { token: await mailedToken(app, email, '/verify-email') }, headers)
  const holder = newEmail()
  expect((await patchProfile(stranger, { email: holder })).status).toBe(200)
  await bindFactors(stranger)
  return { stranger, holder, token: await mailedToken(app, holder, '/verify-email') }
}

/** The holder's ways in that a mail opens. */
const MAILED_WAYS: Readonly<Record<string, (holder: string) => Promise<number>>> = {
  'a reset': async (email) => {
    await post('forgot-password', { email })
    const token = await mailedToken(app, email, '/reset-password')
    return (await post('reset-password', { token, new_password: NEW })).status
  },
  'a sign-in link': async (email) => {
    await post('magic/send', { email })
    return (await post('magic-link/verify', { token: await mailedToken(app, email, '/magic-link') })).status
  },
}

const resetBy = (email: string) => MAILED_WAYS['a reset']?.(email)

describe('an account that a stranger made with the address of another', () => {
  it('says in the record that a reset removed its factors, and says it of no other reset', async () => {
    const planted = await plantBySignUp()
    const confirmed = await signUpUser(app)
    await post('verify-email', { token: await mailedToken(app, confirmed.email, '/verify-email') }, confirmed.headers)
    for (const email of [planted.holder, confirmed.email]) expect(await resetBy(email)).toBe(200)
    const dataOf = async ({ user }: SignedInUser) =>
      (await recordedOf(user.id, 'user.password_reset')).map(({ data }) => data)
    expect(await dataOf(planted.stranger)).toEqual([{ factors_removed: true }])
    expect(await dataOf(confirmed)).toEqual([{}])
  })

  it('is shown on the page of the link, which changes nothing', async () => {
    const { stranger, holder, token } = await plantBySignUp()
    await env.DB.prepare('update users set created_at = ? where id = ?')
      .bind(Date.UTC(2026, 1, 3), stranger.user.id)
      .run()
    const [status, page] = await look(token)
    expect([status, page]).toEqual([200, expect.stringContaining('Did you make this account on February 3, 2026')])
    expect(page).toContain(holder)
    expect(page.match(/name="answer" value="(yes|no)"/g)).toHaveLength(2)
    expect(await stateOf(stranger)).toMatchObject({ verified: 0, ...WHOLE })
  })

  it('is its holder’s after a No: password, factors, sessions and links of the stranger end', async () => {
    const { stranger, holder, token } = await plantBySignUp()
    const page = await answer(token, 'no')
    const text = await page.text()
    expect([page.status, text]).toEqual([200, expect.stringContaining('The account is yours')])
    expect(await stateOf(stranger)).toEqual({ email: holder, password: 0, ...TAKEN_OVER })
    expect(await isSignedIn(stranger)).toBe(false)
    expect((await post('refresh', { refresh_token: stranger.refreshToken })).status).toBe(401)
    expect((await post('signin', { email: holder, password: PASSWORD })).status).toBe(401)
    expect(await eventsOf(stranger, 'user.email_verified')).toEqual([
      { after: { email: holder }, answer: 'no', password_removed: true },
    ])
    // The page goes on to the holder's own password.
    expect((await post('reset-password', { token: tokenIn(text), new_password: NEW })).status).toBe(200)
    expect((await post('signin', { email: holder, password: NEW })).status).toBe(200)
    for (const said of ['no', 'yes'] as const) await answer(token, said)
    expect(await stateOf(stranger)).toMatchObject({ password: 1 })
  })

  it('has none of the stranger’s consents, settings and open requests after a takeover, and all of them after a Yes', async () => {
    const plant = async ({ headers }: SignedInUser) => {
      const send = (path: string, body: object, method = 'POST') =>
        app.fetch(`/api/v1/compliance${path}`, { ...json(body, headers), method })
      for (const [purpose, version] of [
        ['news', '1'],
        ['news', '2'],
        ['ads', '1'],
      ])
        expect((await send('/consent', { purpose, version })).status).toBe(200)
      expect((await send('/consent/withdraw', { purpose: 'ads' })).status).toBe(200)
      expect((await send('/privacy-settings', { tracking: true }, 'PUT')).status).toBe(200)
      const asked = ['objection', 'restriction'].map((request_type) =>
        send('/privacy/data-subject-requests', { request_type, description: 'x' }),
      )
      for (const answered of await Promise.all(asked)) expect(answered.status).toBe(201)
    }
    const heldOf = async ({ user: { id } }: SignedInUser) => {
      const rows = async (sql: string) => (await env.DB.prepare(sql).bind(id).all()).results
      return {
        consents: await rows('select purpose, version, change from consents where user_id = ? order by position'),
        settings: await rows('select switches from privacy_settings where user_id = ?'),
        requests: await rows(
          'select status, answer is not null as answered, remind_at is not null as reminds from data_requests where user_id = ?',
        ),
      }
    }
    const planted = [
      { purpose: 'news', version: '1', change: 'given' },
      { purpose: 'news', version: '2', change: 'given' },
      { purpose: 'ads', version: '1', change: 'given' },
      { purpose: 'ads', version: '1', change: 'withdrawn' },
    ]
    const open = { status: 'received', answered: 0, reminds: 1 }
    const rejected = { status: 'rejected', answered: 1, reminds: 0 }
    const takeovers = {
      'a No': ({ token }: Planted) => answer(token, 'no').then(({ status }) => status),
      ...Object.fromEntries(
        Object.entries(MAILED_WAYS).map(([name, way]) => [name, ({ holder }: Planted) => way(holder)]),
      ),
    }
    for (const [name, take] of Object.entries(takeovers)) {
      const one = await plantBySignUp(plant)
      expect([name, await take(one)]).toEqual([name, 200])
      expect([name, await heldOf(one.stranger)]).toEqual([
        name,
        {
          consents: [...planted, { purpose: 'news', version: '2', change: 'withdrawn' }],
          settings: [],
          requests: [rejected, rejected],
        },
      ])
      expect(await eventsOf(one.stranger, 'privacy.consent_withdrawn')).toEqual([
        { purpose: 'ads' },
        { purpose: 'news' },
      ])
      expect((await eventsOf(one.stranger, 'privacy.settings_changed')).at(-1)).toEqual({ after: { tracking: null } })
      expect(await eventsOf(one.stranger, 'privacy.request_changed')).toEqual(
        [1, 2].map(() => ({ before: { status: 'received' }, after: { status: 'rejected' } })),
      )
    }
    const kept = await plantBySignUp(plant)
    expect((await answer(kept.token, 'yes')).status).toBe(200)
    expect(await heldOf(kept.stranger)).toEqual({
      consents: planted,
      settings: [{ switches: '{"tracking":true}' }],
      requests: [open, open],
    })
  })

  it('keeps everything after a Yes, also through a reset', async () => {
    const { stranger, holder, token } = await plantBySignUp()
    expect((await answer(token, 'yes')).status).toBe(200)
    expect(await stateOf(stranger)).toMatchObject({ verified: 1, unanswered: 0, ...WHOLE })
    expect(await isSignedIn(stranger)).toBe(true)
    expect(await resetBy(holder)).toBe(200)
    expect(await stateOf(stranger)).toMatchObject(WHOLE)
  })

  it('is not taken over by a No after it was confirmed', async () => {
    const { stranger, holder, token } = await plantBySignUp()
    await answer(token, 'yes')
    // A link that stayed good, whatever the reason.
    await env.DB.prepare('update one_time_tokens set used_at = null where user_id = ?').bind(stranger.user.id).run()
    expect((await answer(token, 'no')).status).toBe(400)
    expect(await stateOf(stranger)).toMatchObject({ email: holder, verified: 1, ...WHOLE })
  })

  for (const [way, enter] of Object.entries(MAILED_WAYS)) {
    it(`ends nothing when it is verified without an answer, and everything at ${way}`, async () => {
      const { stranger, holder, token } = await plantBySignUp()
      expect((await post('verify-email', { token })).status).toBe(200)
      expect(await stateOf(stranger)).toMatchObject({ verified: 1, unanswered: 1, ...WHOLE })
      expect(await isSignedIn(stranger)).toBe(true)
      expect(await enter(holder)).toBe(200)
      expect(await stateOf(stranger)).toMatchObject(TAKEN_OVER)
      expect(await isSignedIn(stranger)).toBe(false)
      expect((await post('signin', { email: holder, password: PASSWORD })).status).toBe(401)
    })
  }

  it('applies one of a simultaneous Yes and No, never half of each', async () => {
    const { stranger, token } = await plantBySignUp()
    const [yes, no] = await Promise.all([answer(token, 'yes'), answer(token, 'no')])
    const taken = { password: 0, ...TAKEN_OVER }
    const kept = { verified: 1, unanswered: 0, ...WHOLE }
    expect([no.status, await stateOf(stranger)]).toMatchObject(no.status === 200 ? [200, taken] : [400, kept])
    expect(yes.status).toBe(200)
  })

  it('has no passkey of a ceremony that was under way when its holder said No', async () => {
    const stranger = await signUpUser(app)
    const token = await mailedToken(app, stranger.email, '/verify-email')
    const authenticator = await SoftwareAuthenticator.make({})
    const credential = await authenticator.create(await passkeys.beginRegistration(stranger))
    const complete = () => passkeys.post('register/complete', { credential }, stranger.headers)
    await Promise.all([answer(token, 'no'), complete()])
    await complete()
    expect(await stateOf(stranger)).toMatchObject({ password: 0, ...TAKEN_OVER })
  })
})

describe('a stranger whose sessions the object has not ended yet', () => {
  /** The row is changed, and the object was not told. */
  const takeOverRow = ({ user: { id } }: SignedInUser) =>
    env.DB.prepare(
      'update users set auth_version = auth_version + 1, kept_session_id = null, password_hash = null where id = ?',
    )
      .bind(id)
      .run()

  /** What is bound to an account, by one call or by the last of several. */
  const BINDINGS: Readonly<Record<string, (stranger: SignedInUser) => Promise<() => Promise<Response>>>> = {
    'begins no passkey':
      async ({ headers }) =>
      () =>
        passkeys.post('register/begin', {}, headers),
    'completes no passkey': async (stranger) => {
      const authenticator = await SoftwareAuthenticator.make({})
      const credential = await authenticator.create(await passkeys.beginRegistration(stranger))
      return () => passkeys.post('register/complete', { credential }, stranger.headers)
    },
    'begins no authenticator':
      async ({ headers }) =>
      () =>
        app.fetch('/api/v1/mfa/totp/generate', json({}, headers)),
    'sees no pending authenticator':
      async ({ headers }) =>
      () =>
        app.fetch('/auth/generate-2fa-code', { headers }),
    'confirms no authenticator': async ({ headers }) => {
      const { code } = await (await app.fetch('/auth/generate-2fa-code', { headers })).json<{ code: string }>()
      return () => app.fetch('/auth/enable-2fa', json({ code }, headers))
    },
    'has no link sent to another address': async (stranger) => () => patchProfile(stranger, { email: newEmail() }),
  }

  for (const [what, prepare] of Object.entries(BINDINGS)) {
    it(what, async () => {
      const stranger = await signUpUser(app)
      const bind = await prepare(stranger)
      await takeOverRow(stranger)
      expect((await bind()).status).toBe(401)
      const left = await env.DB.prepare(
        `select (select count(*) from passkeys where user_id = ?1)
           + (select count(*) from totp_factors where user_id = ?1 and confirmed_at is not null)
           + (select count(*) from one_time_tokens where user_id = ?1 and purpose = 'email_change') as bound`,
      )
        .bind(stranger.user.id)
        .first('bound')
      expect(left).toBe(0)
    })
  }
})

describe('a change to the address of another', () => {
  it('is refused by a No: the account keeps its address, and the link is used up', async () => {
    const { stranger, holder, token } = await plantByChange()
    const [, page] = await look(token)
    expect(page).toMatch(/Did you make this account on \w+ \d+, \d{4}/)
    const refused = await answer(token, 'no')
    expect([refused.status, await refused.text()]).toEqual([200, expect.stringContaining('Change refused')])
    expect(await stateOf(stranger)).toMatchObject({ email: stranger.email, verified: 1, ...WHOLE })
    expect(await eventsOf(stranger, 'user.email_change_refused')).toEqual([{}])
    expect((await answer(token, 'yes')).status).toBe(400)
    expect((await post('verify-email', { token })).status).toBe(400)
    // The address is free for its holder.
    expect((await post('signup', { email: holder, password: PASSWORD })).status).toBe(201)
  })

  it('stays after a Yes', async () => {
    const { stranger, holder, token } = await plantByChange()
    expect((await answer(token, 'yes')).status).toBe(200)
    expect(await stateOf(stranger)).toMatchObject({ email: holder, verified: 1, unanswered: 0, ...WHOLE })
  })

  it('without an answer lasts until the first mailed link; then links to the old address are void as well, but for the one that reverts the change', async () => {
    const { stranger, holder, token } = await plantByChange()
    const old = await post('forgot-password', { email: stranger.email })
    expect(old.status).toBe(200)
    await mailedToken(app, stranger.email, '/reset-password')
    expect((await post('verify-email', { token })).status).toBe(200)
    expect(await stateOf(stranger)).toMatchObject({ email: holder, verified: 1, unanswered: 1, ...WHOLE })
    expect(await resetBy(holder)).toBe(200)
    expect(await stateOf(stranger)).toMatchObject({ email: holder, ...TAKEN_OVER })
    const pending = await env.DB.prepare(
      "select count(*) as count from one_time_tokens where user_id = ? and email is not ? and used_at is null and purpose <> 'email_revert'",
    )
      .bind(stranger.user.id, holder)
      .first('count')
    expect(pending).toBe(0)
  })
})

/** What the account's own answers say. */
const confirmedIn = ({ headers }: SignedInUser) =>
  Promise.all(
    ['/api/v1/auth/me', '/api/v1/users/me'].map(
      async (path) => (await (await app.fetch(path, { headers })).json<{ email_confirmed: boolean }>()).email_confirmed,
    ),
  )

describe('the confirmation of an account', () => {
  it('comes from a verification with its access token; any other credential is ignored', async () => {
    const [own, other] = [await signUpUser(app), await signUpUser(app)]
    const credentials = [other.headers.authorization, 'Bearer x', 'Basic eDp5']
    for (const authorization of credentials) {
      const { stranger, token } = await plantBySignUp()
      expect(await answerOf(post('verify-email', { token }, { authorization }))).toMatchObject([
        200,
        { confirmed: false },
      ])
      expect(await confirmedIn(stranger)).toEqual([false, false])
      expect(await stateOf(stranger)).toMatchObject({ verified: 1, unanswered: 1 })
    }
    await bindFactors(own)
    const token = await mailedToken(app, own.email, '/verify-email')
    expect(await confirmedIn(own)).toEqual([false, false])
    expect(await answerOf(post('verify-email', { token }, own.headers))).toMatchObject([200, { confirmed: true }])
    expect(await confirmedIn(own)).toEqual([true, true])
    expect(await answerOf(post('verify-email', { token }))).toMatchObject([
      200,
      { message: 'Already confirmed', confirmed: true },
    ])
    expect(await stateOf(own)).toMatchObject({ verified: 1, unanswered: 0, ...WHOLE })
    expect(await resetBy(own.email)).toBe(200)
    expect(await stateOf(own)).toMatchObject(WHOLE)
  })

  it('does not come from gateway-auth’s GET without a token, nor from an admin', async () => {
    const { stranger, token } = await plantBySignUp()
    expect((await app.fetch(`/api/v1/auth/verify-email/${token}`)).status).toBe(200)
    expect(await stateOf(stranger)).toMatchObject({ verified: 1, unanswered: 1, ...WHOLE })

    const planted = await plantBySignUp()
    const { headers } = await makeAdmin(app)
    const path = `/api/v1/admin/users/${planted.stranger.user.id}`
    const set = async (email_verified: boolean) =>
      expect((await app.fetch(path, { ...json({ email_verified }, headers), method: 'PATCH' })).status).toBe(200)
    await set(true)
    expect(await stateOf(planted.stranger)).toMatchObject({ verified: 1, unanswered: 1, ...WHOLE })
    await set(false)
    expect(await stateOf(planted.stranger)).toMatchObject({ verified: 0, unanswered: 0 })
    await set(true)
    expect(await resetBy(planted.holder)).toBe(200)
    expect(await stateOf(planted.stranger)).toMatchObject(TAKEN_OVER)
  })

  it('can follow later: another link takes a Yes, a No or the access token', async () => {
    const again = async (said: (token: string, account: SignedInUser) => Promise<Response>) => {
      const { stranger, token } = await plantBySignUp()
      await post('verify-email', { token })
      expect((await post('resend-verification', {}, stranger.headers)).status).toBe(200)
      const [second = ''] = await mailedTokens(app, stranger.email, '/verify-email', 2)
      expect((await said(second, stranger)).status).toBe(200)
      return stateOf(stranger)
    }
    const kept = { verified: 1, unanswered: 0, ...WHOLE }
    expect(await again((token) => answer(token, 'yes'))).toMatchObject(kept)
    expect(await again((token, { headers }) => post('verify-email', { token }, headers))).toMatchObject(kept)
    expect(await again((token) => answer(token, 'no'))).toMatchObject({ password: 0, ...TAKEN_OVER })
  })
})

describe('REQUIRE_VERIFIED_EMAIL', () => {
  const strict = createTestApp({ env: { REQUIRE_VERIFIED_EMAIL: 'true' } })

  /** Everything that binds a factor, on every surface. */
  const BINDING: readonly (readonly [string, string, unknown])[] = [
    ['POST', '/api/v1/mfa/totp/generate', {}],
    ['POST', '/api/v1/auth/mfa/enable', {}],
    ['POST', '/api/v1/mfa/enable', { password: PASSWORD }],
    ['POST', '/api/v1/mfa/totp/verify', { code: '000000' }],
    ['POST', '/api/v1/passkeys/register/begin', {}],
    ['GET', '/auth/generate-2fa-code', undefined],
    ['POST', '/auth/enable-2fa', { code: '000000' }],
  ]

  const bindEverywhere = async ({ headers }: SignedInUser) => {
    const all = []
    for (const [method, path, body] of BINDING) {
      const init = body === undefined ? { headers } : json(body, headers)
      all.push((await strict.fetch(path, { ...init, method })).status)
    }
    return all
  }

  const registered = async (account: SignedInUser) => {
    const authenticator = await SoftwareAuthenticator.make({})
    const credential = await authenticator.create(await passkeys.beginRegistration(account))
    return passkeys.post('register/complete', { credential }, account.headers, strict)
  }

  it('allows no factor before the holder of the address has confirmed the account', async () => {
    const account = await signUpUser(app)
    const refused = BINDING.map(() => 403)
    expect(await bindEverywhere(account)).toEqual(refused)
    await post('verify-email', { token: await mailedToken(app, account.email, '/verify-email') })
    expect(await bindEverywhere(account)).toEqual(refused)
    expect(await answerOf(registered(account))).toMatchObject([
      403,
      { code: 'EMAIL_NOT_VERIFIED', message: expect.stringContaining('resend-verification') },
    ])
    await post('resend-verification', {}, account.headers)
    const [token = ''] = await mailedTokens(app, account.email, '/verify-email', 2)
    expect((await answer(token, 'yes')).status).toBe(200)
    expect(await bindEverywhere(account)).toEqual([200, 200, 200, 400, 200, 200, 400])
    expect((await registered(account)).status).toBe(200)
  })

  it('has no effect where it is off', async () => {
    const account = await signUpUser(app)
    await passkeys.addPasskey(account)
    expect(await stateOf(account)).toMatchObject({ verified: 0, factors: 1 })
  })
})

describe('a second click', () => {
  it('on a link that verified its address says so, on the page and in JSON, and changes nothing', async () => {
    const account = await signUpUser(app)
    const token = await mailedToken(app, account.email, '/verify-email')
    await answer(token, 'yes')
    const repeats = [
      await look(token),
      await answer(token, 'yes').then(async (page) => [page.status, await page.text()]),
    ]
    for (const [status, text] of repeats)
      expect([status, text]).toEqual([200, expect.stringContaining('Already confirmed')])
    expect(await answerOf(post('verify-email', { token }))).toMatchObject([200, { message: 'Already confirmed' }])
    expect(await stateOf(account)).toMatchObject({ verified: 1, unanswered: 0 })
    expect(await eventsOf(account, 'user.email_verified')).toHaveLength(1)
  })

  it('confirms nothing, and fails once the address is no longer the verified one', async () => {
    const { stranger, holder, token } = await plantByChange()
    const [first] = await mailedTokens(app, stranger.email, '/verify-email')
    await post('verify-email', { token })
    expect(await answerOf(post('verify-email', { token }, stranger.headers))).toMatchObject([
      200,
      { message: 'Already verified, and the account is not confirmed', confirmed: false },
    ])
    expect(await stateOf(stranger)).toMatchObject({ email: holder, unanswered: 1 })
    expect((await look(first ?? ''))[0]).toBe(400)
    await env.DB.prepare('update users set email_verified_at = null where id = ?').bind(stranger.user.id).run()
    expect((await post('verify-email', { token })).status).toBe(400)
  })
})
