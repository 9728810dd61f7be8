import { describe, expect, it } from 'vitest'
import { json } from '../../support/app.ts'
import { newAddress, newEmail } from '../../support/users.ts'
import { mailedToken } from '../sign-in/mails.ts'
import {
  answerOf,
  bearerOf,
  codeIn,
  createFederation,
  exchange,
  identitiesOf,
  JSON_ONLY,
  newVerifier,
  proveAddress,
  RETURN_TO,
  signInBy,
  startAsProgram,
} from './support.ts'

// How one person would get into another's account by what a provider says.

const federation = createFederation()
const { app, providers, browser } = federation
const gmail = () => `ada.${crypto.randomUUID()}@gmail.com`
const github = (email: string) =>
  providers.person('github', { emails: [{ email, primary: true, verified: true, visibility: null }] })
const { verifier, challenge } = await newVerifier()

describe('an account that a stranger made with an address by a provider that has not its mailbox', () => {
  it('is not joined by whoever has the mailbox', async () => {
    const email = gmail()
    github(email)
    expect(await signInBy(federation, 'github')).toMatchObject({
      is_new_user: true,
      user: { email, email_verified: true, email_confirmed: false },
    })
    providers.person('google', { email, email_verified: true })
    const owner = await browser().signIn('google')
    expect(owner.searchParams.get('error')).toBe('ACCOUNT_LINK_REQUIRED')
  })

  it('is taken over by a mailed link, and the stranger is out', async () => {
    const email = newEmail()
    const person = github(email)
    const planted = await signInBy(federation, 'github')
    const from = { 'cf-connecting-ip': newAddress() }
    await app.fetch('/api/v1/auth/magic/send', json({ email, redirect_url: RETURN_TO }, from))
    const token = await mailedToken(app, email, '/magic-link')
    const owner = await answerOf(app.fetch('/api/v1/auth/magic-link/verify', json({ token }, from)))
    expect(owner).toMatchObject({ status: 200, user: { id: planted.user.id } })
    expect(await identitiesOf('user_id', planted.user.id)).toEqual([])
    expect((await app.fetch('/api/v1/auth/me', { headers: bearerOf(planted) })).status).toBe(401)
    providers.person('github', person)
    expect((await browser().signIn('github')).searchParams.get('error')).toBe('ACCOUNT_LINK_REQUIRED')
  })

  it('asks its maker by mail whether it is theirs', async () => {
    const email = newEmail()
    github(email)
    const made = await signInBy(federation, 'github')
    const token = await mailedToken(app, email, '/verify-email')
    const confirmed = await app.fetch('/api/v1/auth/verify-email', json({ token }, bearerOf(made)))
    expect(confirmed.status).toBe(200)
    expect(await identitiesOf('user_id', made.user.id)).toHaveLength(1)
  })
})

describe('a provider of the settings in client mode', () => {
  it('names itself: else it could be sent the code of another', async () => {
    const started = await startAsProgram(app, 'oidc', { redirect_uri: RETURN_TO })
    const { callback } = await providers.authorize(started.authorization_url)
    const { code, state, iss } = Object.fromEntries(callback.searchParams)
    const call = (body: object) =>
      answerOf(app.fetch('/api/v1/auth/oauth/callback', json(body, { 'cf-connecting-ip': newAddress() })))
    const tokens = () => providers.calls.filter(({ endpoint }) => endpoint === 'token').length
    const before = tokens()
    expect(await call({ code, state })).toMatchObject({ status: 400, code: 'OAUTH_STATE_INVALID' })
    expect(await call({ code, state, iss: 'https://accounts.google.com' })).toMatchObject({ status: 400 })
    expect(tokens()).toBe(before)
    expect(await call({ code, state, iss })).toMatchObject({ status: 200 })
  })
})

describe('a pending proof', () => {
  it('is of whoever has the verifier of the start', async () => {
    providers.person('github', { emails: [] })
    const end = await browser().signIn('github', { redirect_to: RETURN_TO, code_challenge: challenge })
    const pending_token = String(end.searchParams.get('pending_token'))
    const email = newEmail()
    const code = await proveAddress(app, pending_token, email)
    expect(await answerOf(exchange(app, { code, pending_token }))).toMatchObject({ code: 'OAUTH_CODE_INVALID' })
    const made = await answerOf(exchange(app, { code, pending_token, code_verifier: verifier }))
    expect(made).toMatchObject({ status: 200, user: { email } })
  })

  it('does not show an address that the provider has not checked as who asks', async () => {
    const victim = newEmail()
    const person = providers.person('microsoft', { email: victim })
    const end = await browser().signIn('microsoft')
    const body = { pending_token: end.searchParams.get('pending_token'), email: victim }
    await app.fetch('/api/v1/oauth/pending-email', json(body, { 'cf-connecting-ip': newAddress() }))
    const token = await mailedToken(app, victim, '/provider-email')
    const page = await (await app.fetch(`/provider-email?token=${token}`)).text()
    expect(page.split(victim)).toHaveLength(2)
    expect(page).toContain(person.name)
  })
})

describe('a code', () => {
  it('without a challenge takes no verifier: it was begun by somebody else', async () => {
    const code = codeIn(await browser().signIn('discord'))
    expect(await answerOf(exchange(app, { code, code_verifier: verifier }))).toMatchObject({
      code: 'OAUTH_CODE_INVALID',
    })
    expect((await exchange(app, { code })).status).toBe(200)
  })

  it('is worth nothing once its identity is unlinked', async () => {
    providers.person('discord')
    const first = await signInBy(federation, 'discord')
    const [identity] = await identitiesOf('user_id', first.user.id)
    const next = await browser().signIn('discord')
    const { env } = await import('../../support/app.ts')
    await env.DB.prepare('delete from identities where id = ?').bind(identity?.id).run()
    expect(await answerOf(exchange(app, { code: codeIn(next) }))).toMatchObject({ code: 'OAUTH_CODE_INVALID' })
  })
})

describe('where answers hide who has an account', () => {
  it('a second identity at the provider and closed sign-ups are no difference', async () => {
    const hiding = createFederation({ providers, env: { HIDE_ACCOUNT_EXISTENCE: 'true', SIGNUPS_ENABLED: 'false' } })
    const email = gmail()
    providers.person('google', { email, email_verified: true })
    await signInBy(federation, 'google')
    const ask = async (address: string) => {
      providers.person('google', { email: address, email_verified: true })
      const mine = hiding.browser()
      return answerOf(mine.callback(await mine.toCallback('google'), JSON_ONLY))
    }
    for (const address of [email, gmail()]) expect(await ask(address)).toMatchObject({ code: 'EMAIL_REQUIRED' })
  })
})
