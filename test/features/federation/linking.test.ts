import { describe, expect, it, vi } from 'vitest'
import { json } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { acceptedMails } from '../../support/mail.ts'
import { claimsOf } from '../../support/tokens.ts'
import { newEmail, PASSWORD, type SignedInUser, signInUser, signUpUser } from '../../support/users.ts'
import { ageSession } from '../factors/totp/support.ts'
import { changeAddress, insertPasskey, revertLink, verifiedUser } from '../sign-in/account-recovery-support.ts'
import { mailedToken } from '../sign-in/mails.ts'
import {
  type Answer,
  answerOf,
  bearerOf,
  codeIn,
  createFederation,
  exchange,
  identitiesOf,
  JSON_ONLY,
  linkByHand,
  newVerifier,
  pathOf,
  RETURN_TO,
  setUser,
  signInBy,
} from './support.ts'

const federation = createFederation()
const { app, providers, browser } = federation
const clocked = { ...app, clock: { now: Date.now() } }

const startLink = (by: Pick<SignedInUser, 'headers'>, query: Record<string, string> = {}, body?: object) =>
  answerOf(
    app.fetch(`/api/v1/oauth/discord/link?${new URLSearchParams({ redirect_to: RETURN_TO, ...query })}`, {
      method: 'POST',
      headers: { ...by.headers, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    }),
  )

/** Begins a link and goes through the provider as the person chosen there, to the code. */
async function linkCode(by: SignedInUser, query: Record<string, string> = {}, mine = browser()): Promise<string> {
  const started = await startLink(by, query)
  if (started.status !== 200) throw new Error(JSON.stringify(started))
  const on = await mine.open(pathOf(started.authorization_url))
  const answer = await mine.callback(await providers.authorize(on.headers.get('location') ?? ''))
  return codeIn(new URL(answer.headers.get('location') ?? ''))
}

const take = (code: string, by?: Pick<SignedInUser, 'headers'>) => answerOf(exchange(app, { code }, by?.headers))
const accountsOf = (by: Pick<SignedInUser, 'headers'>) => answerOf(app.fetch('/api/v1/auth/oauth/accounts', by))
const unlink = (by: Pick<SignedInUser, 'headers'>, provider = 'discord', path = `oauth/${provider}/unlink`) =>
  answerOf(app.fetch(`/api/v1/${path}`, { method: 'DELETE', headers: by.headers }))
const providersOf = async ({ user }: SignedInUser) =>
  (await identitiesOf('user_id', user.id)).map(({ provider }) => provider)

const CODE_INVALID = { status: 400, code: 'OAUTH_CODE_INVALID' }

describe('a link', () => {
  it('is made when its code is exchanged by the session that began it', async () => {
    const user = await signUpUser(app)
    const before = { password: true, mfa_enabled: false, passkeys_count: 0 }
    expect(await accountsOf(user)).toEqual({ status: 200, oauth_accounts: [], auth_methods: before, total_linked: 0 })
    const { id, username, email } = providers.person('discord')
    const started = await startLink(user)
    expect(started).toMatchObject({ status: 200, provider: 'discord', action: 'link', state: expect.any(String) })
    const linked = await take(await linkCode(user), user)
    expect(linked).toMatchObject({
      status: 200,
      oauth_accounts: [{ provider: 'discord', provider_user_id: id, provider_email: email, display_name: username }],
      auth_methods: before,
      total_linked: 1,
    })
    expect(await accountsOf(user)).toEqual(linked)
    expect(linked).not.toHaveProperty('access_token')
    expect(await signInBy(federation, 'discord')).toMatchObject({ is_new_user: false, user: { id: user.user.id } })
    await app.settled()
    expect(await acceptedMails(user.email, 'factor_added')).toHaveLength(1)
    expect(await recordedOf(user.user.id, 'oauth.account.linked')).toMatchObject([{ data: { provider: 'discord' } }])
  })

  it('may be of an identity without an address, and of any address', async () => {
    const [user, other] = [await signUpUser(app), await signUpUser(app)]
    providers.person('discord', { email: null, verified: false })
    expect(await take(await linkCode(user), user)).toMatchObject({ total_linked: 1 })
    providers.person('discord', { email: user.email })
    expect(await take(await linkCode(other), other)).toMatchObject({ total_linked: 1 })
  })

  it('is made by nobody else, and a wrong try uses nothing up', async () => {
    const user = await signUpUser(app)
    const [other, elsewhere] = [await signUpUser(app), await signInUser(app, user)]
    providers.person('discord')
    const code = await linkCode(user)
    expect(await take(code)).toMatchObject({ status: 401 })
    expect(await take(code, other)).toMatchObject(CODE_INVALID)
    expect(await take(code, elsewhere)).toMatchObject(CODE_INVALID)
    expect(await take(code, user)).toMatchObject({ status: 200, total_linked: 1 })
    expect(await take(code, user)).toMatchObject(CODE_INVALID)
    expect(await providersOf(other)).toEqual([])
  })

  it('that was sent to a victim attaches nothing to anybody: neither the code nor the address do', async () => {
    const [attacker, victim] = [await signUpUser(app), await signUpUser(app)]
    const { id } = providers.person('discord')
    const code = await linkCode(attacker, {}, browser())
    expect(await take(code, victim)).toMatchObject(CODE_INVALID)
    expect(await take(code)).toMatchObject({ status: 401 })
    expect(await identitiesOf('subject', id)).toEqual([])
  })

  it('ends with the session that began it: after a sign-out nobody exchanges its code', async () => {
    const user = await signUpUser(app)
    providers.person('discord')
    const code = await linkCode(user)
    expect((await app.fetch('/api/v1/auth/signout', { method: 'POST', headers: user.headers })).status).toBe(200)
    expect(await take(code, user)).toMatchObject({ status: 401 })
    expect(await take(code, await signInUser(app, user))).toMatchObject(CODE_INVALID)
    expect(await providersOf(user)).toEqual([])
  })

  it('is void, with its state and its code, once the owner ends the session that began it', async () => {
    const user = await signUpUser(app)
    const owner = await signInUser(app, user)
    providers.person('discord')
    const code = await linkCode(user)
    const mine = browser()
    const on = await mine.open(pathOf((await startLink(user)).authorization_url))
    const returned = await providers.authorize(on.headers.get('location') ?? '')
    const { sid } = claimsOf(user.accessToken)
    const ended = await app.fetch(`/api/v1/sessions/${sid}`, { method: 'DELETE', headers: owner.headers })
    expect(ended.status).toBe(200)
    expect(await answerOf(mine.callback(returned, JSON_ONLY))).toMatchObject({
      status: 400,
      code: 'OAUTH_STATE_INVALID',
    })
    for (const by of [user, owner]) expect((await take(code, by)).status).toBeGreaterThanOrEqual(400)
    expect(await providersOf(user)).toEqual([])
  })

  it('ends when the credentials change meanwhile', async () => {
    const user = await signUpUser(app)
    providers.person('discord')
    const code = await linkCode(user)
    await setUser(user.user.id, 'auth_version = auth_version + 1')
    expect((await take(code, user)).status).toBe(401)
    expect(await providersOf(user)).toEqual([])
  })

  it('is of one identity for a user at a provider, also of two links at once', async () => {
    const user = await signUpUser(app)
    const { id } = providers.person('discord')
    const first = await linkCode(user)
    providers.person('discord')
    const second = await linkCode(user)
    const both = await Promise.all([take(first, user), take(second, user)])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 400])
    expect(both.find((it) => it.status === 400)).toMatchObject({ code: 'OAUTH_ALREADY_LINKED' })
    expect(await providersOf(user)).toEqual(['discord'])
    expect(await startLink(user)).toMatchObject({ status: 400, code: 'OAUTH_ALREADY_LINKED' })
    expect((await identitiesOf('subject', id)).length).toBeLessThanOrEqual(1)
  })

  it('takes no identity of another account, also at once', async () => {
    const [one, two] = [await signUpUser(app), await signUpUser(app)]
    const { id } = providers.person('discord')
    const codes = [await linkCode(one), await linkCode(two)] as const
    const both = await Promise.all([take(codes[0], one), take(codes[1], two)])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409])
    expect(both.find((it) => it.status === 409)).toMatchObject({ code: 'OAUTH_IDENTITY_TAKEN' })
    expect(await identitiesOf('subject', id)).toHaveLength(1)
  })

  it('needs a bearer, a fresh factor, and a confirmed address where the settings say so', async () => {
    expect((await startLink({ headers: { authorization: 'Bearer x' } })).status).toBe(401)
    const user = await ageSession(clocked, await signUpUser(app))
    const refused = await startLink(user)
    expect([refused.status, refused.code]).toEqual([403, 'STEP_UP_REQUIRED'])
    expect(await startLink(user, {}, { password: 'wrong password' })).toMatchObject({ code: 'INVALID_PASSWORD' })
    expect((await startLink(user, {}, { password: PASSWORD })).status).toBe(200)
    const strict = createFederation({ providers, env: { REQUIRE_VERIFIED_EMAIL: 'true' } })
    const { headers } = await signUpUser(app)
    const started = strict.app.fetch('/api/v1/oauth/discord/link', { method: 'POST', headers })
    expect(await answerOf(started)).toMatchObject({ status: 403, code: 'EMAIL_NOT_VERIFIED' })
  })

  it('refuses addresses and providers as a sign-in does', async () => {
    const user = await signUpUser(app)
    const bad = await startLink(user, { redirect_to: 'https://attacker.example.test/' })
    expect(bad).toMatchObject({ status: 400, code: 'REDIRECT_NOT_ALLOWED' })
    const unknown = await app.fetch('/api/v1/auth/oauth/link/nobody', { method: 'POST', headers: user.headers })
    expect(await answerOf(unknown)).toMatchObject({ status: 400, code: 'OAUTH_PROVIDER_UNKNOWN' })
  })

  it('wants the verifier of a challenge', async () => {
    const user = await signUpUser(app)
    const { verifier, challenge } = await newVerifier()
    providers.person('discord')
    const code = await linkCode(user, { code_challenge: challenge })
    expect(await take(code, user)).toMatchObject(CODE_INVALID)
    expect(await answerOf(exchange(app, { code, code_verifier: verifier }, user.headers))).toMatchObject({
      total_linked: 1,
    })
  })

  it('tells a program the code, and never tokens', async () => {
    const user = await signUpUser(app)
    providers.person('discord')
    const mine = browser()
    const started = await startLink(user)
    const on = await mine.open(pathOf(started.authorization_url))
    const answer = await mine.callback(await providers.authorize(on.headers.get('location') ?? ''), JSON_ONLY)
    const told = await answer.json<Answer>()
    expect(told).toEqual({
      status: 'success',
      action: 'link',
      code: expect.any(String),
      state: started.state,
      redirect_url: RETURN_TO,
    })
    expect(await take(told.code ?? '', user)).toMatchObject({ total_linked: 1 })
  })

  it('of client mode is made by the callback, with the bearer that began it', async () => {
    const [user, other] = [await signUpUser(app), await signUpUser(app)]
    providers.person('discord')
    const started = await startLink(user, { redirect_uri: RETURN_TO })
    const { callback } = await providers.authorize(started.authorization_url)
    const given = Object.fromEntries(callback.searchParams)
    const call = (by?: SignedInUser) => answerOf(app.fetch('/api/v1/auth/oauth/callback', json(given, by?.headers)))
    expect((await call()).status).toBe(401)
    for (const wrong of [other, await signInUser(app, user)])
      expect(await call(wrong)).toMatchObject({ status: 400, code: 'OAUTH_STATE_INVALID' })
    expect(await call(user)).toMatchObject({ status: 200, total_linked: 1 })
    expect(await call(user)).toMatchObject({ status: 400 })
  })
})

describe('an identity’s removal', () => {
  it('needs another way in, a bearer and a fresh factor; it is mailed and recorded', async () => {
    const { id } = providers.person('discord')
    const session = await signInBy(federation, 'discord')
    const user = { headers: bearerOf(session) }
    expect(await unlink(user)).toMatchObject({ status: 400, code: 'LAST_SIGN_IN_METHOD' })
    expect(await identitiesOf('subject', id)).toHaveLength(1)
    await insertPasskey(session.user.id, Date.now())
    expect(await accountsOf(user)).toMatchObject({ auth_methods: { password: false, passkeys_count: 1 } })
    expect(await unlink({ headers: { authorization: 'Bearer x' } })).toMatchObject({ status: 401 })
    expect(await unlink(user)).toMatchObject({ status: 200, provider: 'discord', message: expect.any(String) })
    expect(await identitiesOf('subject', id)).toEqual([])
    await app.settled()
    expect(await acceptedMails(session.user.email, 'factor_removed')).toHaveLength(1)
    const removed = await recordedOf(session.user.id, 'oauth.account.unlinked')
    expect(removed).toMatchObject([{ data: { provider: 'discord' } }])
    expect((await app.fetch('/api/v1/auth/me', user)).status).toBe(200)
    expect((await signInBy(federation, 'discord')).user?.id).not.toBe(session.user.id)
  })

  it('needs a fresh factor', async () => {
    const user = await ageSession(clocked, await signUpUser(app))
    await linkByHand(user.user.id, 'discord', crypto.randomUUID())
    expect(await unlink(user)).toMatchObject({ status: 403, code: 'STEP_UP_REQUIRED' })
    expect(await providersOf(user)).toEqual(['discord'])
    const withPassword = json({ password: PASSWORD }, user.headers)
    const answer = await app.fetch('/api/v1/auth/oauth/unlink/discord', { ...withPassword, method: 'DELETE' })
    expect(answer.status).toBe(200)
  })

  it('says what is not linked, and leaves other users’', async () => {
    const [user, other] = [await signUpUser(app), await signUpUser(app)]
    await linkByHand(other.user.id, 'discord', crypto.randomUUID())
    for (const provider of ['discord', 'github', 'nobody'])
      expect(await unlink(user, provider)).toMatchObject({ status: 404, code: 'OAUTH_NOT_LINKED' })
    expect(await providersOf(other)).toEqual(['discord'])
  })

  it('works for a provider that is no longer configured', async () => {
    const { app: bare } = createFederation({
      providers,
      env: { OAUTH_DISCORD_CLIENT_ID: '', OAUTH_DISCORD_CLIENT_SECRET: '' },
    })
    const user = await signUpUser(app)
    await linkByHand(user.user.id, 'discord', crypto.randomUUID())
    const answer = await bare.fetch('/api/v1/oauth/discord/unlink', { method: 'DELETE', headers: user.headers })
    expect(answer.status).toBe(200)
    expect(await providersOf(user)).toEqual([])
  })

  it('leaves one of the last two, though both are asked for at once', async () => {
    providers.person('discord')
    const session = await signInBy(federation, 'discord')
    await linkByHand(session.user.id, 'github', crypto.randomUUID())
    const user = { headers: bearerOf(session) }
    const both = await Promise.all([unlink(user, 'discord'), unlink(user, 'github')])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 400])
    expect(both.find((it) => it.status === 400)).toMatchObject({ code: 'LAST_SIGN_IN_METHOD' })
    expect(await identitiesOf('user_id', session.user.id)).toHaveLength(1)
  })

  it('is done once of two at once', async () => {
    const user = await signUpUser(app)
    await linkByHand(user.user.id, 'discord', crypto.randomUUID())
    const both = await Promise.all([unlink(user), unlink(user)])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 404])
    await vi.waitFor(async () => expect(await recordedOf(user.user.id, 'oauth.account.unlinked')).toHaveLength(1))
  })
})

describe('an owner who takes an account back', () => {
  it('removes the identity of the mail that told of it, and no other', async () => {
    const user = await signUpUser(app)
    await linkByHand(user.user.id, 'github', crypto.randomUUID())
    providers.person('discord')
    expect((await take(await linkCode(user), user)).status).toBe(200)
    const token = await mailedToken(app, user.email, '/report-activity')
    const answer = await answerOf(app.fetch('/api/v1/auth/report-activity', json({ token })))
    expect(answer).toMatchObject({ status: 200, reset_token: expect.any(String) })
    expect(await providersOf(user)).toEqual(['github'])
    expect((await app.fetch('/api/v1/sessions/current', user)).status).toBe(401)
  })

  it('by reverting a change of address removes the identities that were added since', async () => {
    const owner = await verifiedUser(app)
    await linkByHand(owner.user.id, 'github', crypto.randomUUID())
    await changeAddress(app, owner, newEmail())
    await linkByHand(owner.user.id, 'discord', crypto.randomUUID())
    const token = await revertLink(app, owner, owner.email)
    expect((await app.fetch('/api/v1/auth/revert-email', json({ token }))).status).toBe(200)
    expect(await providersOf(owner)).toEqual(['github'])
  })

  it('by a mailed link keeps those of a confirmed account, and removes those of one that a stranger may have made', async () => {
    const [confirmed, planted] = [await verifiedUser(app), await signUpUser(app)]
    for (const user of [confirmed, planted]) {
      await linkByHand(user.user.id, 'discord', crypto.randomUUID())
      await app.fetch('/api/v1/auth/forgot-password', json({ email: user.email }))
      const token = await mailedToken(app, user.email, '/reset-password')
      const body = { token, new_password: 'An0ther-gate-of-the-castle' }
      expect((await app.fetch('/api/v1/auth/reset-password', json(body))).status).toBe(200)
    }
    expect([await providersOf(confirmed), await providersOf(planted)]).toEqual([['discord'], []])
  })
})
