import { describe, expect, it } from 'vitest'
import { env, json } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { acceptedMails, waitForMail } from '../../support/mail.ts'
import { OIDC_ISSUER } from '../../support/providers/openid.ts'
import type { Changes, People } from '../../support/providers/people.ts'
import { claimsOf } from '../../support/tokens.ts'
import { newAddress, newEmail, PASSWORD, signInUser, signUpUser } from '../../support/users.ts'
import { createAccount } from '../../support/world.ts'
import { enrolQuickly } from '../factors/totp/support.ts'
import { changeAddress, verifiedUser } from '../sign-in/account-recovery-support.ts'
import { mailedToken } from '../sign-in/mails.ts'
import {
  answerOf,
  codeIn,
  codeOfPage,
  confirmAddress,
  createFederation,
  exchange,
  type Federation,
  identitiesOf,
  JSON_ONLY,
  linkByHand,
  type ProviderName,
  proveAddress,
  setUser,
} from './support.ts'

const federation = createFederation()
const { app, providers, browser } = federation

/** A program's callback: what the sign-in of this person is answered. */
async function arrive<Name extends ProviderName>(
  name: Name,
  person: Changes<People[Name]>,
  on: Federation = federation,
) {
  providers.person(name, person)
  const mine = on.browser()
  return answerOf(mine.callback(await mine.toCallback(name, {}), JSON_ONLY))
}

const gmail = () => `ada.${crypto.randomUUID()}@gmail.com`
const VERIFIED = { emailVerifiedAt: 1, status: 'active' } as const
const MUST_LINK = { status: 409, code: 'ACCOUNT_LINK_REQUIRED' }
const MUST_PROVE = { status: 403, code: 'EMAIL_REQUIRED' }
const MADE = { status: 200, is_new_user: true, user: { email_verified: true } }

/** No account, one whose holder has confirmed the address, and ones whose holder has not. */
async function holders(newEmail: () => string) {
  const [none, verified, unverified, unanswered] = Array.from({ length: 4 }, newEmail) as [
    string,
    string,
    string,
    string,
  ]
  const [account] = await Promise.all([
    createAccount(app, { email: verified, ...VERIFIED }),
    createAccount(app, { email: unverified }),
    createAccount(app, { email: unanswered, ...VERIFIED }).then(({ id }) => setUser(id, 'email_unanswered_since = 1')),
  ])
  return { none, verified, unconfirmed: [unverified, unanswered], account }
}

describe('a verified address that the provider speaks for', () => {
  const domain = `${crypto.randomUUID()}.example.test`
  const hosted = () => `ada.${crypto.randomUUID()}@${domain}`
  const trusting = createFederation({
    providers,
    env: {
      OAUTH_TRUST_EMAIL: 'discord',
      OAUTH_PROVIDERS: JSON.stringify([
        {
          name: 'oidc',
          issuer: OIDC_ISSUER,
          client_id: 'postern',
          client_secret: 'secret+with:100% of it',
          trust_email: true,
        },
      ]),
    },
  })

  it.each<[string, () => string, (email: string) => ReturnType<typeof arrive>]>([
    ['Google, of gmail.com', gmail, (email) => arrive('google', { email })],
    ['Google, of the hosted domain', hosted, (email) => arrive('google', { email, hd: domain })],
    [
      'Apple, of its relay',
      () => `${crypto.randomUUID()}@privaterelay.appleid.com`,
      (email) => arrive('apple', { email }),
    ],
    ['one of OAUTH_TRUST_EMAIL', newEmail, (email) => arrive('discord', { email }, trusting)],
    ['one with trust_email', newEmail, (email) => arrive('oidc', { email }, trusting)],
  ])('%s: makes an account, links a confirmed one, and no other', async (_, newEmail, arriveAs) => {
    const { none, verified, unconfirmed, account } = await holders(newEmail)
    expect(await arriveAs(none)).toMatchObject(MADE)
    expect(await arriveAs(verified)).toMatchObject({ status: 200, is_new_user: false, user: { id: account.id } })
    for (const email of unconfirmed) expect(await arriveAs(email)).toMatchObject(MUST_LINK)
  })

  it('is mailed to the owner when it links, recorded, and leaves the second factor', async () => {
    const clock = { now: Date.now() }
    const email = gmail()
    const owner = await signUpUser(app, { email })
    await setUser(owner.user.id, 'email_verified_at = 1')
    await enrolQuickly({ ...app, clock }, owner)
    const answer = await arrive('google', { email })
    expect(answer).toMatchObject({ status: 200, mfa_required: true, is_new_user: false })
    expect(answer.access_token ?? null).toBeNull()
    await app.settled()
    expect(await acceptedMails(email, 'factor_added')).toHaveLength(1)
    const [identity] = await identitiesOf('user_id', owner.user.id)
    expect(await recordedOf(owner.user.id, 'oauth.account.linked')).toMatchObject([
      { data: { provider: 'google', identity_id: identity?.id } },
    ])
    expect(await recordedOf(owner.user.id, 'user.created')).toHaveLength(1)
  })

  it('is not that of another domain, and a domain that the person names is no hosted one', async () => {
    for (const [email, hd] of [
      [newEmail(), undefined],
      [newEmail(), 'other.example.test'],
      [`ada.${crypto.randomUUID()}@gmail.com.example.test`, undefined],
      [`ada.${crypto.randomUUID()}@sub.example.test`, 'example.test'],
    ] as const) {
      await createAccount(app, { email, ...VERIFIED })
      expect([email, await arrive('google', { email, hd })]).toMatchObject([email, MUST_LINK])
    }
  })

  it('links no admin', async () => {
    const email = gmail()
    const { id } = await createAccount(app, { email, ...VERIFIED, role: 'admin' })
    expect(await arrive('google', { email })).toMatchObject(MUST_LINK)
    expect(await identitiesOf('user_id', id)).toEqual([])
  })

  it.each([
    ['suspended', 401],
    ['inactive', 401],
    ['deleted', 401],
    ['locked', 423],
  ])('links no account that is %s', async (status, answered) => {
    const email = gmail()
    const { id } = await createAccount(app, { email, ...VERIFIED })
    await setUser(id, `status = '${status}'`)
    expect((await arrive('google', { email })).status).toBe(answered)
    expect(await identitiesOf('user_id', id)).toEqual([])
  })

  it('links no account that has another identity of the provider', async () => {
    const email = gmail()
    const { id } = await createAccount(app, { email, ...VERIFIED })
    await linkByHand(id, 'google', crypto.randomUUID())
    expect(await arrive('google', { email })).toMatchObject(MUST_LINK)
    expect(await identitiesOf('user_id', id)).toHaveLength(1)
  })
})

describe('a verified address that the provider does not speak for', () => {
  it.each<[string, (email: string) => ReturnType<typeof arrive>]>([
    ['Google', (email) => arrive('google', { email })],
    ['GitHub', (email) => arrive('github', { emails: [{ email, primary: true, verified: true, visibility: null }] })],
    ['Discord', (email) => arrive('discord', { email })],
    ['X', (email) => arrive('twitter', { confirmed_email: email })],
    ['Apple', (email) => arrive('apple', { email })],
    ['an OpenID provider', (email) => arrive('oidc', { email })],
    ['Microsoft, of the tenant’s own domain', (email) => arrive('microsoft', { email, xms_edov: true })],
  ])('%s: makes an account, and links none', async (_, arriveAs) => {
    const { none, verified, unconfirmed } = await holders(newEmail)
    expect(await arriveAs(none)).toMatchObject(MADE)
    for (const email of [verified, unconfirmed[0] ?? '']) expect(await arriveAs(email)).toMatchObject(MUST_LINK)
  })
})

describe('an address that is not verified, or none', () => {
  it.each<[string, (email: string) => ReturnType<typeof arrive>]>([
    ['GitHub', (email) => arrive('github', { emails: [{ email, primary: true, verified: false, visibility: null }] })],
    [
      'GitHub, none primary',
      (email) => arrive('github', { emails: [{ email, primary: false, verified: true, visibility: null }] }),
    ],
    ['Discord', (email) => arrive('discord', { email, verified: false })],
    ['X', () => arrive('twitter', { confirmed_email: undefined })],
    [
      'Microsoft, as any admin of any tenant writes it',
      (email) => arrive('microsoft', { email, preferred_username: email }),
    ],
    ['Microsoft, of a domain that is not the tenant’s', (email) => arrive('microsoft', { email, xms_edov: false })],
  ])('%s: is answered alike, whoever has it', async (_, arriveAs) => {
    const { none, verified, unconfirmed } = await holders(newEmail)
    for (const email of [none, verified, unconfirmed[0] ?? '']) {
      const answer = await arriveAs(email)
      expect(answer).toMatchObject({ ...MUST_PROVE, details: { pending_token: expect.any(String) } })
      expect(JSON.stringify(answer)).not.toContain(email)
    }
  })

  it.each<[string, () => ReturnType<typeof arrive>]>([
    ['Google', () => arrive('google', { email_verified: false })],
    ['Apple', () => arrive('apple', { email_verified: 'false' })],
    ['an OpenID provider', () => arrive('oidc', { email_verified: false })],
    ['an OpenID provider that leaves it out', () => arrive('oidc', { email_verified: undefined })],
    ['an OpenID provider that writes a string', () => arrive('oidc', { email_verified: 'true' })],
  ])('%s: is refused, for it always has one', async (_, arriveAs) => {
    expect(await arriveAs()).toMatchObject({ status: 401, code: 'OAUTH_EXCHANGE_FAILED' })
  })

  it('keeps out who is known to Google, and nobody who is known to Discord', async () => {
    const [{ id: one }, { id: two }] = [await createAccount(app), await createAccount(app)]
    const [sub, id] = [crypto.randomUUID(), `${Date.now()}`]
    await Promise.all([linkByHand(one, 'google', sub), linkByHand(two, 'discord', id)])
    expect((await arrive('google', { sub, email_verified: false })).status).toBe(401)
    expect(await arrive('discord', { id, email: null, verified: false })).toMatchObject({ user: { id: two } })
  })
})

describe('an identity that is known', () => {
  it('signs in to its account whatever its address is now', async () => {
    const victim = await createAccount(app, { email: gmail(), ...VERIFIED })
    const made = await arrive('google', { sub: 'known-1', email: gmail() })
    const again = await arrive('google', { sub: 'known-1', email: victim.email })
    expect(again).toMatchObject({ is_new_user: false, user: { id: made.user.id, email: made.user.email } })
    await app.settled()
    expect(await identitiesOf('subject', 'known-1')).toMatchObject([{ user_id: made.user.id, email: victim.email }])
    expect(await identitiesOf('user_id', victim.id)).toEqual([])
  })

  it('is one of its issuer: another provider’s equal subject is another', async () => {
    const id = `${Date.now()}77`
    const one = await arrive('discord', { id, email: newEmail() })
    const two = await arrive('twitter', { id, confirmed_email: newEmail() })
    expect(two).toMatchObject({ is_new_user: true })
    expect(two.user.id).not.toBe(one.user.id)
  })

  it('of Microsoft is one of its tenant', async () => {
    const sub = crypto.randomUUID()
    const one = await arrive('microsoft', { sub, xms_edov: true, email: newEmail() })
    const two = await arrive('microsoft', { sub, xms_edov: true, email: newEmail() })
    expect([one.is_new_user, two.is_new_user, one.user.id === two.user.id]).toEqual([true, true, false])
  })
})

describe('an address that changed hands', () => {
  it('makes no account while it is reserved for who had it', async () => {
    const owner = await verifiedUser(app)
    await changeAddress(app, owner, newEmail())
    expect(await arrive('discord', { email: owner.email })).toMatchObject(MUST_LINK)
    const { details } = await arrive('discord', { email: owner.email, verified: false })
    const code = await proveAddress(app, details.pending_token, owner.email)
    const answer = await answerOf(exchange(app, { code, pending_token: details.pending_token }))
    expect(answer).toMatchObject({ status: 400, code: 'OAUTH_CODE_INVALID' })
  })
})

describe('settings', () => {
  it('HIDE_ACCOUNT_EXISTENCE has the address proved by mail in the place of the 409, for admins too', async () => {
    const hiding = createFederation({ providers, env: { HIDE_ACCOUNT_EXISTENCE: 'true' } })
    const { verified, unconfirmed, account } = await holders(newEmail)
    const admin = await createAccount(app, { ...VERIFIED, role: 'admin' })
    for (const email of [admin.email, ...unconfirmed, verified])
      expect(await arrive('discord', { email }, hiding)).toMatchObject(MUST_PROVE)
    const { details } = await arrive('discord', { email: verified }, hiding)
    const code = await proveAddress(hiding.app, details.pending_token, verified)
    const answer = await answerOf(exchange(hiding.app, { code, pending_token: details.pending_token }))
    expect(answer).toMatchObject({ is_new_user: false, user: { id: account.id } })
  })

  it('SIGNUPS_ENABLED=false makes no account, links those that are there, and mails to nobody else', async () => {
    const closed = createFederation({ providers, env: { SIGNUPS_ENABLED: 'false' } })
    expect(await arrive('google', { email: gmail() }, closed)).toMatchObject({ status: 403, code: 'SIGNUPS_DISABLED' })
    const { id, email } = await createAccount(app, { email: gmail(), ...VERIFIED })
    expect(await arrive('google', { email }, closed)).toMatchObject({ status: 200, user: { id } })
    const stranger = newEmail()
    const { details } = await arrive('discord', { verified: false }, closed)
    const asked = json({ pending_token: details.pending_token, email: stranger })
    expect((await closed.app.fetch('/api/v1/oauth/pending-email', asked)).status).toBe(200)
    await closed.app.settled()
    expect(await acceptedMails(stranger, 'provider_email')).toEqual([])
  })
})

describe('an address that is proved by mail', () => {
  const pending = async () => {
    const { details } = await arrive('discord', { verified: false })
    return details.pending_token as string
  }
  const ask = (pending_token: string, email: unknown) =>
    app.fetch('/api/v1/oauth/pending-email', json({ pending_token, email }, { 'cf-connecting-ip': newAddress() }))
  const take = (code: string, pending_token: string) => answerOf(exchange(app, { code, pending_token }))
  const REFUSED = { status: 400, code: 'OAUTH_CODE_INVALID' }

  it('makes the account, which the identity then signs in to', async () => {
    const email = newEmail()
    const { id, username } = providers.person('discord', { verified: false })
    const mine = browser()
    const told = await mine.signIn('discord')
    expect(Object.fromEntries(told.searchParams)).toMatchObject({ error: 'EMAIL_REQUIRED', state: expect.any(String) })
    const token = told.searchParams.get('pending_token') ?? ''
    expect((await ask(token, email)).status).toBe(200)
    const link = await mailedToken(app, email, '/provider-email')
    const page = await app.fetch(`/provider-email?token=${link}`)
    const text = await page.text()
    for (const part of ['Discord', email]) expect(text).toContain(part)
    expect(text).toMatch(new RegExp(`ada[.\\d]+@example\\.test|${username}`))
    const code = await codeOfPage(await confirmAddress(app, link))
    const made = await take(code, token)
    expect(made).toMatchObject({ ...MADE, user: { email } })
    expect(claimsOf(made.access_token).amr).toEqual(['fed'])
    expect(await arrive('discord', { id, verified: false })).toMatchObject({ user: { id: made.user.id } })
    expect(await take(code, token)).toMatchObject(REFUSED)
    expect((await ask(token, email)).status).toBe(400)
  })

  it('links the account that is there, with a mail, and asks its second factor', async () => {
    const clock = { now: Date.now() }
    const owner = await signUpUser(app)
    await setUser(owner.user.id, 'email_verified_at = 1')
    await enrolQuickly({ ...app, clock }, owner)
    const token = await pending()
    const code = await proveAddress(app, token, owner.email)
    expect(await take(code, token)).toMatchObject({ mfa_required: true, is_new_user: false })
    await app.settled()
    expect(await acceptedMails(owner.email, 'factor_added')).toHaveLength(1)
    expect(await identitiesOf('user_id', owner.user.id)).toHaveLength(1)
  })

  it('takes an unconfirmed account over: its password, identities and sessions end', async () => {
    const planted = await signUpUser(app)
    await linkByHand(planted.user.id, 'discord', crypto.randomUUID())
    const token = await pending()
    const code = await proveAddress(app, token, planted.email)
    expect(await take(code, token)).toMatchObject({
      is_new_user: false,
      user: { id: planted.user.id, email_verified: true },
    })
    await expect(signInUser(app, planted)).rejects.toThrow('401')
    expect((await app.fetch('/api/v1/sessions/current', planted)).status).toBe(401)
    expect(await identitiesOf('user_id', planted.user.id)).toHaveLength(1)
  })

  it('links no admin, and no account that may not sign in', async () => {
    const admin = await createAccount(app, { ...VERIFIED, role: 'admin' })
    const token = await pending()
    const code = await proveAddress(app, token, admin.email)
    expect(await take(code, token)).toMatchObject(MUST_LINK)
    const account = await createAccount(app, VERIFIED)
    const other = await pending()
    const second = await proveAddress(app, other, account.email)
    await setUser(account.id, "status = 'suspended'")
    expect((await take(second, other)).status).toBe(401)
    for (const { id } of [admin, account]) expect(await identitiesOf('user_id', id)).toEqual([])
  })

  it('links no account that has another identity of the provider, and says so', async () => {
    const account = await createAccount(app, VERIFIED)
    await linkByHand(account.id, 'discord', crypto.randomUUID())
    const token = await pending()
    const code = await proveAddress(app, token, account.email)
    expect(await take(code, token)).toMatchObject(MUST_LINK)
  })

  it('attaches nothing to who has the address by the time the code comes back', async () => {
    const owner = await createAccount(app, VERIFIED)
    const token = await pending()
    const code = await proveAddress(app, token, owner.email)
    await setUser(owner.id, `email = '${newEmail()}'`)
    const heir = await createAccount(app, { email: owner.email, ...VERIFIED })
    expect(await take(code, token)).toMatchObject(REFUSED)
    for (const { id } of [owner, heir]) expect(await identitiesOf('user_id', id)).toEqual([])
  })

  it('counts five tries of the code', async () => {
    const token = await pending()
    const code = await proveAddress(app, token, newEmail())
    const wrong = code.replace(/[A-Z0-9]/g, (letter) => (letter === 'A' ? 'B' : 'A'))
    for (let round = 0; round < 5; round++) expect(await take(wrong, token)).toMatchObject(REFUSED)
    expect(await take(code, token)).toMatchObject(REFUSED)
  })

  it('is worth nothing with another’s pending token, or with none: a stranger’s mail attaches nothing', async () => {
    const [token, other] = [await pending(), await pending()]
    const code = await proveAddress(app, token, newEmail())
    for (const half of [other, 'pot_made-up', `${token}:code`]) expect(await take(code, half)).toMatchObject(REFUSED)
    expect(await answerOf(exchange(app, { code }))).toMatchObject(REFUSED)
    expect(await take(code, token)).toMatchObject(MADE)
  })

  it('is asked for alike, whoever has the address', async () => {
    const suspended = await createAccount(app, VERIFIED)
    await setUser(suspended.id, "status = 'suspended'")
    const known = await createAccount(app, VERIFIED)
    const answers = []
    for (const email of [newEmail(), known.email, suspended.email]) {
      const { status, headers } = await ask(await pending(), email)
      answers.push([status, headers.get('content-length')])
    }
    expect(new Set(answers.map(String)).size).toBe(1)
    await app.settled()
    expect(await acceptedMails(suspended.email, 'provider_email')).toEqual([])
    for (const email of ['x', '', null, 1, ['a@example.test']])
      expect((await ask(await pending(), email)).status).toBe(400)
  })

  it('is asked for of five addresses, and with a token alone', async () => {
    const token = await pending()
    const asked = await Promise.all(Array.from({ length: 7 }, () => ask(token, newEmail())))
    expect(asked.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 200, 200, 400, 400])
    for (const wrong of ['x', 'pot_made-up', codeIn(await browser().signIn('discord'))])
      expect(await answerOf(ask(wrong || 'x', newEmail()))).toMatchObject(REFUSED)
  })

  it('waits for a button of our own page: looking and other sites’ forms use nothing up', async () => {
    const [token, email] = [await pending(), newEmail()]
    await ask(token, email)
    const link = await mailedToken(app, email, '/provider-email')
    for (const method of ['GET', 'HEAD', 'GET']) {
      expect((await app.fetch(`/provider-email?token=${link}`, { method })).status).toBe(200)
    }
    for (const headers of [{}, { origin: 'https://attacker.example.test' }])
      expect((await confirmAddress(app, link, headers as Record<string, string>)).status).toBe(403)
    const both = await Promise.all([confirmAddress(app, link), confirmAddress(app, link)])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 400])
    expect((await app.fetch(`/provider-email?token=${link}`)).status).toBe(400)
  })

  it('ends once of many exchanges at once', async () => {
    const [token, email] = [await pending(), newEmail()]
    const code = await proveAddress(app, token, email)
    const all = await Promise.all(Array.from({ length: 4 }, () => take(code, token)))
    expect(all.map(({ status }) => status).toSorted()).toEqual([200, 400, 400, 400])
    const { results } = await env.DB.prepare('select id from users where email = ?').bind(email).all()
    expect(results).toHaveLength(1)
  })
})

describe('at once', () => {
  it('two first sign-ins of one identity make one user', async () => {
    const { email, id } = providers.person('discord')
    const begun = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const mine = browser()
        return { mine, returned: await mine.toCallback('discord') }
      }),
    )
    const all = await Promise.all(begun.map(({ mine, returned }) => answerOf(mine.callback(returned, JSON_ONLY))))
    expect(new Set(all.map(({ user }) => user.id)).size).toBe(1)
    expect(all.filter((it) => it.is_new_user)).toHaveLength(1)
    expect(await identitiesOf('subject', id)).toHaveLength(1)
    const userId = all[0]?.user.id
    for (const type of ['user.created', 'oauth.account.linked']) expect(await recordedOf(userId, type)).toHaveLength(1)
    const { results } = await env.DB.prepare('select id from users where email = ?').bind(email).all()
    expect(results).toEqual([{ id: userId }])
  })

  it('two first sign-ins of one identity under two addresses make one user', async () => {
    const id = `${Date.now()}88`
    const begun = []
    for (const email of [newEmail(), newEmail()]) {
      providers.person('discord', { id, email })
      const mine = browser()
      begun.push({ mine, email, returned: await mine.toCallback('discord') })
    }
    const all = await Promise.all(begun.map(({ mine, returned }) => answerOf(mine.callback(returned, JSON_ONLY))))
    expect(all.map(({ status }) => status)).toEqual([200, 200])
    expect(new Set(all.map(({ user }) => user.id)).size).toBe(1)
    const { results } = await env.DB.prepare('select id from users where email in (?, ?)')
      .bind(...begun.map(({ email }) => email))
      .all()
    expect(results).toEqual([{ id: all[0]?.user.id }])
  })

  it('two sign-ins that link one account link it once', async () => {
    const { id, email } = await createAccount(app, { email: gmail(), ...VERIFIED })
    providers.person('google', { email })
    const begun = [browser(), browser(), browser()]
    const returned = await Promise.all(begun.map((mine) => mine.toCallback('google')))
    const all = await Promise.all(begun.map((mine, at) => answerOf(mine.callback(returned[at] as never, JSON_ONLY))))
    expect(all.map(({ status, user }) => [status === undefined, user.id])).toEqual(all.map(() => [false, id]))
    expect(await identitiesOf('user_id', id)).toHaveLength(1)
    expect(await recordedOf(id, 'oauth.account.linked')).toHaveLength(1)
  })

  it('a sign-up with the address and a first sign-in make one account, and the identity is not in the stranger’s', async () => {
    for (let round = 0; round < 3; round++) {
      const { email, id } = providers.person('discord')
      const mine = browser()
      const returned = await mine.toCallback('discord')
      const body = { email, password: PASSWORD }
      const [signUp, arrived] = await Promise.all([
        app.fetch('/api/v1/auth/signup', json(body, { 'cf-connecting-ip': newAddress() })),
        answerOf(mine.callback(returned, JSON_ONLY)),
      ])
      const { results } = await env.DB.prepare('select id from users where email = ?').bind(email).all()
      expect(results).toHaveLength(1)
      const isSignedUp = signUp.status < 300
      expect(await identitiesOf('subject', id)).toHaveLength(isSignedUp ? 0 : 1)
      expect(arrived.code ?? null).toBe(isSignedUp ? 'ACCOUNT_LINK_REQUIRED' : null)
    }
  })
})

it('mails the proof in the words of the provider', async () => {
  const email = newEmail()
  const { details } = await arrive('discord', { verified: false })
  await app.fetch('/api/v1/oauth/pending-email', json({ pending_token: details.pending_token, email }))
  expect((await waitForMail(app, email)).text).toContain('Discord')
})
