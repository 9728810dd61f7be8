import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { env } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { acceptedMails } from '../../support/mail.ts'
import { createTeam } from '../../support/organizations.ts'
import { claimsOf } from '../../support/tokens.ts'
import { newAddress, signUpUser } from '../../support/users.ts'
import { createAccount } from '../../support/world.ts'
import { answerChallenge, enrolQuickly, totpAt } from '../factors/totp/support.ts'
import { expectSession } from '../sign-in/support.ts'
import {
  answerOf,
  codeIn,
  createFederation,
  exchange,
  identitiesOf,
  JSON_ONLY,
  laterFederation,
  linkByHand,
  newVerifier,
  PROVIDERS,
  RETURN_TO,
  setUser,
  signInBy,
} from './support.ts'

const federation = createFederation()
const { app, providers, browser } = federation

/** What objects do is recorded by a queue. */
const RECORDED = { timeout: 10_000, interval: 50 }

describe.each(PROVIDERS)('%s', (provider) => {
  it('makes an account at the first sign-in, and signs in to it at the next', async () => {
    const person = providers.person(provider, (provider === 'microsoft' ? { xms_edov: true } : {}) as never)
    const first = await browser().signIn(provider)
    expect(`${first.origin}${first.pathname}`).toBe(RETURN_TO)
    const made = await answerOf(exchange(app, { code: codeIn(first) }))
    expect(made).toMatchObject({ status: 200, is_new_user: true, mfa_required: false, user: { email_verified: true } })
    providers.person(provider, person as never)
    expect(await signInBy(federation, provider)).toMatchObject({ is_new_user: false, user: { id: made.user.id } })
    expect(await identitiesOf('user_id', made.user.id)).toMatchObject([{ provider, email: made.user.email }])
  })
})

describe('Apple', () => {
  const signIn = async (user: string | null) => {
    const mine = browser()
    const returned = await mine.toCallback('apple')
    if (user === null) returned.form?.delete('user')
    else returned.form?.set('user', user)
    const answer = await mine.callback(returned)
    expect(answer.status).toBe(303)
    return answerOf(exchange(app, { code: codeIn(new URL(answer.headers.get('location') ?? '')) }))
  }

  it('tells a name once, which the account keeps', async () => {
    providers.person('apple', { name: { firstName: 'Grace', lastName: 'Hopper' } })
    const made = await signInBy(federation, 'apple')
    expect(made.user).toMatchObject({ first_name: 'Grace', last_name: 'Hopper' })
    expect((await signIn(null)).user).toMatchObject({ first_name: 'Grace', last_name: 'Hopper' })
    const other = JSON.stringify({ name: { firstName: 'Mallory' }, email: 'mallory@example.test' })
    expect((await signIn(other)).user).toMatchObject({ first_name: 'Grace', email: made.user.email })
  })

  it('tells one that is not believed in anything else, and left out when it cannot be read', async () => {
    for (const user of [
      'no JSON',
      'null',
      '{"name":{"firstName":1,"lastName":{}}}',
      JSON.stringify({ name: { firstName: 'x'.repeat(101), lastName: 'a\u0000b' } }),
      JSON.stringify({ __proto__: { name: { firstName: 'x' } }, sub: 'other', email: 'other@example.test' }),
    ]) {
      const { email } = providers.person('apple')
      const made = await signIn(user)
      expect([user, made]).toMatchObject([
        user,
        { is_new_user: true, user: { email, first_name: null, last_name: null } },
      ])
    }
  })
})

it('GitHub’s verified primary address counts, not the public one', async () => {
  const email = `ada.${crypto.randomUUID()}@example.test`
  providers.person('github', {
    email: 'public@example.test',
    emails: [
      { email: 'public@example.test', primary: false, verified: true, visibility: 'public' },
      { email: email.toUpperCase(), primary: true, verified: true, visibility: null },
    ],
  })
  expect((await signInBy(federation, 'github')).user.email).toBe(email)
})

describe('the session', () => {
  it('has its tokens flat and nested, says how it came about, and is recorded', async () => {
    providers.person('discord')
    const { status: _status, is_new_user: isNew, ...session } = await signInBy(federation, 'discord')
    expectSession(session as never)
    expect(isNew).toBe(true)
    const { amr, acr, auth_time: at = 0, sid } = claimsOf(session.access_token)
    expect([amr, acr]).toEqual([['fed'], 'aal1'])
    expect(Math.abs(at - Date.now() / 1000)).toBeLessThan(30)
    const { id } = session.user
    const signIn = { session_id: sid, data: { method: 'discord' } }
    await vi.waitFor(async () => expect(await recordedOf(id, 'user.signed_in')).toMatchObject([signIn]), RECORDED)
    expect(await recordedOf(id, 'user.created')).toHaveLength(1)
    expect(await recordedOf(id, 'oauth.account.linked')).toMatchObject([{ data: { provider: 'discord' } }])
  })

  it('from another device is mailed', async () => {
    providers.person('discord')
    const { user } = await signInBy(federation, 'discord')
    const code = codeIn(await browser().signIn('discord'))
    const from = { 'user-agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)', 'cf-ipcountry': 'BR' }
    expect((await exchange(app, { code }, from)).status).toBe(200)
    await app.settled()
    expect(await acceptedMails(user.email, 'new_device')).toHaveLength(1)
  })

  it('is of the organization that the exchange names, if the user is a member', async () => {
    const [team, other] = [await createTeam(app), await createTeam(app)]
    const { id } = await team.join('member')
    await linkByHand(id, 'discord', providers.person('discord').id)
    const take = async (organization_id: string) =>
      answerOf(exchange(app, { code: codeIn(await browser().signIn('discord')), organization_id }))
    expect(claimsOf((await take(team.id)).access_token)).toMatchObject({ sub: id, org_id: team.id, org_role: 'member' })
    expect(await take(other.id)).toMatchObject({ status: 403, code: 'NOT_A_MEMBER' })
  })
})

describe('a second factor', () => {
  it('is asked for after the exchange, and by the callback of a program', async () => {
    const clock = { now: Date.now() }
    const user = await enrolQuickly({ ...app, clock }, await signUpUser(app))
    await linkByHand(user.user.id, 'discord', providers.person('discord').id)
    const mine = browser()
    const direct = await (await mine.callback(await mine.toCallback('discord'), JSON_ONLY)).json()
    const code = codeIn(await mine.signIn('discord'))
    const challenge = await answerOf(exchange(app, { code }))
    for (const answer of [challenge, direct]) {
      expect(answer).toMatchObject({ mfa_required: true, is_new_user: false, mfa_token: expect.any(String) })
      for (const name of ['access_token', 'refresh_token'])
        expect(answer).not.toMatchObject({ [name]: expect.any(String) })
    }
    expect((await exchange(app, { code })).status).toBe(400)
    const session = await answerOf(answerChallenge(app, challenge.mfa_token, totpAt(user.secret, Date.now())))
    expect(claimsOf(session.access_token)).toMatchObject({ sub: user.user.id, acr: 'aal2' })
    expect(claimsOf(session.access_token).amr).toEqual(expect.arrayContaining(['fed', 'otp']))
    const signIn = expect.objectContaining({
      session_id: claimsOf(session.access_token).sid,
      data: expect.objectContaining({ method: 'discord' }),
    })
    await vi.waitFor(
      async () => expect(await recordedOf(user.user.id, 'user.signed_in')).toContainEqual(signIn),
      RECORDED,
    )
  })
})

describe('an account that may not sign in', () => {
  const CASES = [
    ['suspended', 401, 'INVALID_CREDENTIALS'],
    ['inactive', 401, 'INVALID_CREDENTIALS'],
    ['deleted', 401, 'INVALID_CREDENTIALS'],
    ['locked', 423, 'ACCOUNT_LOCKED'],
  ] as const

  it.each(CASES)(
    'gets no session when %s, at the callback or between code and exchange',
    async (state, status, code) => {
      const { id } = await createAccount(app)
      await linkByHand(id, 'discord', providers.person('discord').id)
      const mine = browser()
      const issued = codeIn(await mine.signIn('discord'))
      await setUser(id, `status = '${state}'`)
      expect(await answerOf(exchange(app, { code: issued }))).toMatchObject({ status, code })
      const told = await mine.signIn('discord')
      expect(Object.fromEntries(told.searchParams)).toMatchObject({ error: code })
      expect(told.searchParams.has('code')).toBe(false)
      const returned = await mine.toCallback('discord')
      expect(await answerOf(mine.callback(returned, JSON_ONLY))).toMatchObject({ status, code })
      await setUser(id, "status = 'active'")
      expect((await exchange(app, { code: issued })).status).toBe(400)
    },
  )

  it('may not with a code from before its credentials were changed', async () => {
    const { id } = await createAccount(app)
    await linkByHand(id, 'discord', providers.person('discord').id)
    const code = codeIn(await browser().signIn('discord'))
    await setUser(id, 'auth_version = auth_version + 1')
    expect(await answerOf(exchange(app, { code }))).toMatchObject({ status: 400, code: 'OAUTH_CODE_INVALID' })
  })

  it('is erased meanwhile: nobody signs in, and the identity makes a new account', async () => {
    providers.person('discord')
    const { user } = await signInBy(federation, 'discord')
    const code = codeIn(await browser().signIn('discord'))
    await env.DB.batch(
      ['identities where user_id', 'one_time_tokens where user_id', 'users where id'].map((where) =>
        env.DB.prepare(`delete from ${where} = ?`).bind(user.id),
      ),
    )
    expect(await answerOf(exchange(app, { code }))).toMatchObject({ status: 400, code: 'OAUTH_CODE_INVALID' })
    expect(await signInBy(federation, 'discord')).toMatchObject({ is_new_user: true })
  })

  it('waits for a verified address where the settings say so', async () => {
    const strict = createFederation({ providers, env: { REQUIRE_VERIFIED_EMAIL: 'true' } })
    const { id } = await createAccount(app)
    await linkByHand(id, 'discord', providers.person('discord').id)
    expect(await signInBy(strict, 'discord')).toMatchObject({ status: 401, code: 'EMAIL_NOT_VERIFIED' })
    providers.person('discord')
    expect(await signInBy(strict, 'discord')).toMatchObject({ status: 200, is_new_user: true })
  })
})

describe('maintenance', () => {
  const open = async () => {
    await env.DB.exec('delete from maintenance')
  }
  // Other files leave its row, of a door that is open again.
  beforeEach(open)
  afterEach(open)

  it('keeps out who has an account and who would get one, and makes none', async () => {
    const { id } = await createAccount(app)
    const member = providers.person('discord')
    await linkByHand(id, 'discord', member.id)
    await env.DB.exec('insert into maintenance (id, enabled, message, changed_at) values (1, 1, null, 0)')
    const closed = createFederation({ providers })
    expect(await signInBy(closed, 'discord')).toMatchObject({ status: 503, code: 'MAINTENANCE' })
    const stranger = providers.person('discord')
    expect((await closed.browser().signIn('discord')).searchParams.get('error')).toBe('MAINTENANCE')
    expect(await identitiesOf('subject', stranger.id)).toEqual([])
  })

  it('lets an admin in', async () => {
    const { id } = await createAccount(app, { role: 'admin' })
    await linkByHand(id, 'discord', providers.person('discord').id)
    await env.DB.exec('insert into maintenance (id, enabled, message, changed_at) values (1, 1, null, 0)')
    expect(await signInBy(createFederation({ providers }), 'discord')).toMatchObject({ status: 200, user: { id } })
  })
})

it('exchanges nothing for another purpose: a code is no bearer, link or challenge', async () => {
  const { verifier, challenge } = await newVerifier()
  const code = codeIn(await browser().signIn('discord', { redirect_to: RETURN_TO, code_challenge: challenge }))
  const asBearer = await app.fetch('/api/v1/auth/me', { headers: { authorization: `Bearer ${code}` } })
  expect(asBearer.status).toBe(401)
  expect((await answerChallenge(app, code, '000000', newAddress())).status).toBeGreaterThanOrEqual(400)
  expect((await laterFederation(providers, 0).app.fetch(`/magic-link?token=${code}`)).status).toBe(400)
  expect((await exchange(app, { code, code_verifier: verifier })).status).toBe(200)
})
