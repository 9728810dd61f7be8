import { describe, expect, it, vi } from 'vitest'
import { createTestApp, env, json } from '../../support/app.ts'
import { SoftwareAuthenticator } from '../../support/authenticator.ts'
import { recordedOf } from '../../support/events.ts'
import { claimsOf } from '../../support/tokens.ts'
import { newAddress, newEmail, signUpUser } from '../../support/users.ts'
import {
  addPasskey,
  answerOf,
  app,
  beginSignIn,
  type CreationAnswer,
  codeOf,
  freshPasskey,
  post,
  type RequestAnswer,
  signIn,
} from '../factors/passkeys/support.ts'

interface Session {
  readonly verified: boolean
  readonly access_token: string
  readonly tokens: Record<string, unknown>
  readonly user: Record<string, unknown>
  readonly [name: string]: unknown
}

/** An id that `atob` does not read in base64url: it begins with `-__-`. */
const unreadableId = (): string =>
  Buffer.from([0xfb, 0xff, 0xfe, ...crypto.getRandomValues(new Uint8Array(17))]).toString('base64url')

const setStatus = (userId: string, status: string) =>
  env.DB.prepare('update users set status = ? where id = ?').bind(status, userId).run()

describe('a sign-in with a passkey', () => {
  it.each([
    ['ES256', -7],
    ['RS256', -257],
    ['EdDSA', -8],
  ] as const)('opens a session of two factors with %s', async (_name, algorithm) => {
    const { user, authenticator } = await freshPasskey({ algorithm })
    const options = await beginSignIn({ email: user.email.toUpperCase() })
    expect(options).toEqual({
      sessionId: expect.any(String),
      challenge: expect.stringMatching(/^[A-Za-z0-9]{43}$/),
      rpId: 'localhost',
      timeout: 600_000,
      allowCredentials: [{ id: authenticator.id, type: 'public-key', transports: ['internal'] }],
      userVerification: 'preferred',
    })
    const { sessionId } = options
    const answer = await post('authenticate/complete', { credential: await authenticator.get(options), sessionId })
    const session = await answerOf<Session>(answer)
    expect(session).toMatchObject({
      verified: true,
      token_type: 'bearer',
      mfa_required: false,
      user: { id: user.user.id, email: user.email },
    })
    expect(session.tokens).toMatchObject({ access_token: session.access_token })
    expect(session).not.toHaveProperty('requires_mfa')
    expect(claimsOf(session.access_token)).toMatchObject({
      sub: user.user.id,
      amr: ['hwk', 'user', 'mfa'],
      acr: 'aal2',
    })
    await waitForSignIns(user.user.id)
  })

  it('needs no identifier', async () => {
    const { user, authenticator } = await freshPasskey({ isDiscoverable: true, isSynced: true })
    const options = await beginSignIn()
    expect(options.allowCredentials).toEqual([])
    const answer = await post('authenticate/verify', { credential: await authenticator.get(options) })
    const session = await answerOf<Session>(answer)
    expect(session.user.id).toBe(user.user.id)
    expect(claimsOf(session.access_token).amr).toEqual(['swk', 'user', 'mfa'])
  })

  it('takes the challenge back in the body, in the query, or not at all', async () => {
    const { user, authenticator } = await freshPasskey()
    const ways: readonly ((challenge: string) => readonly [string, Record<string, unknown>])[] = [
      (challenge) => ['authenticate/verify', { challenge, email: user.email }],
      (challenge) => [`authenticate/verify?challenge=${challenge}`, {}],
      () => ['authenticate/verify/', {}],
    ]
    for (const way of ways) {
      const options = await beginSignIn({ email: user.email })
      const [path, body] = way(options.challenge)
      expect((await post(path, { ...body, credential: await authenticator.get(options) })).status).toBe(200)
    }
  })

  it('takes the standard base64 of a published client', async () => {
    const { authenticator } = await freshPasskey()
    const { response, ...rest } = await authenticator.get(await beginSignIn())
    const standard = (text: string) => Buffer.from(text, 'base64url').toString('base64')
    const credential = {
      ...rest,
      rawId: standard(rest.rawId),
      response: Object.fromEntries(Object.entries(response).map(([name, value]) => [name, standard(value)])),
    }
    expect((await post('authenticate/verify', { credential })).status).toBe(200)
  })

  it('gives ids that `atob` reads on the path of a published client, made-up ones too', async () => {
    const { user, authenticator } = await freshPasskey({ id: unreadableId() })
    const idsAt = async (path: string, email: string) => {
      const { allowCredentials } = await answerOf<RequestAnswer>(await post(path, { email }))
      return allowCredentials.map(({ id }) => id)
    }
    const [id = ''] = await idsAt('authenticate/options', user.email)
    expect(Buffer.from(atob(id), 'latin1').toString('base64url')).toBe(authenticator.id)
    expect(await idsAt('authenticate/begin', user.email)).toEqual([authenticator.id])
    for (const nobody of Array.from({ length: 5 }, newEmail)) {
      const [decoys, standard] = [
        await idsAt('authenticate/begin', nobody),
        await idsAt('authenticate/options', nobody),
      ]
      expect(standard.map((text) => Buffer.from(atob(text), 'latin1').toString('base64url'))).toEqual(decoys)
    }
    const options = await answerOf<CreationAnswer>(await post('register/options', {}, user.headers))
    expect(options.excludeCredentials.map((one) => one.id)).toEqual([id])
  })

  it('takes back an id and a challenge in either alphabet', async () => {
    const { user, authenticator } = await freshPasskey({ id: unreadableId() })
    for (const standard of [
      (text: string) => text,
      (text: string) => Buffer.from(text, 'base64url').toString('base64'),
    ]) {
      const options = await answerOf<RequestAnswer>(await post('authenticate/options', { email: user.email }))
      const credential = await authenticator.get(options)
      const sent = { ...credential, id: standard(credential.id), rawId: standard(credential.rawId) }
      const answer = await post('authenticate/verify', { credential: sent, challenge: standard(options.challenge) })
      expect(answer.status).toBe(200)
    }
  })

  it('updates the count and the last use', async () => {
    const { user, authenticator } = await freshPasskey({ counts: true })
    expect((await signIn(authenticator)).status).toBe(200)
    const list = await app.fetch('/api/v1/passkeys', { headers: user.headers })
    expect(await list.json()).toMatchObject([{ sign_count: 2, last_used_at: expect.stringMatching(/Z$/) }])
  })

  it('is one factor without user verification', async () => {
    const { authenticator } = await freshPasskey()
    const session = await answerOf<Session>(await signIn(authenticator, { userVerified: false }))
    expect(claimsOf(session.access_token)).toMatchObject({ amr: ['hwk', 'user'], acr: 'aal1' })
  })

  it('is refused without user verification where that is required', async () => {
    const strict = createTestApp({ env: { PASSKEY_USER_VERIFICATION: 'required' } })
    const { authenticator } = await freshPasskey()
    expect(await codeOf(await signIn(authenticator, { userVerified: false }, strict))).toEqual([400, 'PASSKEY_REFUSED'])
    expect((await signIn(authenticator, {}, strict)).status).toBe(200)
  })

  it('is not stopped by an attempt lock', async () => {
    const { user, authenticator } = await freshPasskey()
    const guess = (password: string) =>
      app.fetch('/api/v1/auth/signin', json({ email: user.email, password }, { 'cf-connecting-ip': user.address }))
    for (let count = 0; count < 5; count += 1) await guess('a wrong password')
    expect((await guess(user.password)).status).toBe(423)
    const credential = await authenticator.get(await beginSignIn())
    const answer = await post('authenticate/complete', { credential }, { 'cf-connecting-ip': user.address })
    expect(answer.status).toBe(200)
    expect((await guess(user.password)).status).toBe(200)
  })

  it('opens one session for one answer that is sent ten times at once', async () => {
    const { user, authenticator } = await freshPasskey()
    const credential = await authenticator.get(await beginSignIn())
    const answers = await Promise.all(Array.from({ length: 10 }, () => post('authenticate/complete', { credential })))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(9).fill(400)])
    const list = await app.fetch('/api/v1/sessions', { headers: user.headers })
    expect((await list.json<{ total: number }>()).total).toBe(2)
  })
})

/** Events of the user's object come to the record through a queue. */
const waitForSignIns = (userId: string) =>
  vi.waitFor(
    async () => {
      const events = await recordedOf(userId, 'user.signed_in')
      expect(events.map(({ data }) => data.method)).toContain('passkey')
    },
    { timeout: 10_000, interval: 50 },
  )

describe('a user who may not sign in', () => {
  it('is 423 for a locked user, and 400 for every other, after the passkey was checked', async () => {
    const { user, authenticator } = await freshPasskey()
    await setStatus(user.user.id, 'locked')
    expect(await codeOf(await signIn(authenticator))).toEqual([423, 'ACCOUNT_LOCKED'])
    expect(await codeOf(await signIn(authenticator, { origin: 'http://evil.example' }))).toEqual([
      400,
      'PASSKEY_REFUSED',
    ])
    for (const status of ['suspended', 'inactive', 'deleted']) {
      await setStatus(user.user.id, status)
      expect(await codeOf(await signIn(authenticator))).toEqual([400, 'PASSKEY_REFUSED'])
    }
  })

  it('is 401 for an address that must be verified first', async () => {
    const strict = createTestApp({ env: { REQUIRE_VERIFIED_EMAIL: 'true' } })
    const { authenticator } = await freshPasskey()
    expect(await codeOf(await signIn(authenticator, {}, strict))).toEqual([401, 'EMAIL_NOT_VERIFIED'])
  })

  it('is 404 for an unknown passkey, and for one that was removed', async () => {
    const { user, authenticator, passkeyId } = await freshPasskey()
    const unknown = await SoftwareAuthenticator.make()
    expect(await codeOf(await signIn(unknown))).toEqual([404, 'PASSKEY_NOT_FOUND'])
    await app.fetch(`/api/v1/passkeys/${passkeyId}`, { method: 'DELETE', headers: user.headers })
    expect(await codeOf(await signIn(authenticator))).toEqual([404, 'PASSKEY_NOT_FOUND'])
  })
})

describe('the beginning of a sign-in', () => {
  it('answers for an unknown user, and for an account without passkeys, as for one that has some', async () => {
    const { user } = await freshPasskey()
    const bare = await signUpUser(app)
    const nobody = newEmail()
    const shapeOf = async (email: string) => {
      const { allowCredentials, ...rest } = await beginSignIn({ email })
      expect(allowCredentials.length).toBeGreaterThan(0)
      for (const { id, type } of allowCredentials) {
        expect(type).toBe('public-key')
        expect([16, 20, 32]).toContain(Buffer.from(id, 'base64url').length)
      }
      return Object.keys(rest).toSorted()
    }
    const shapes = await Promise.all([user.email, bare.email, nobody].map(shapeOf))
    expect(shapes[1]).toEqual(shapes[0])
    expect(shapes[2]).toEqual(shapes[0])
    const [first, again] = [await beginSignIn({ email: nobody }), await beginSignIn({ email: nobody.toUpperCase() })]
    expect(again.allowCredentials).toEqual(first.allowCredentials)
    expect((await beginSignIn({ email: newEmail() })).allowCredentials).not.toEqual(first.allowCredentials)
  })

  it('names all passkeys of the account', async () => {
    const { user, authenticator } = await freshPasskey()
    const second = await addPasskey(user)
    const { allowCredentials } = await beginSignIn({ email: user.email })
    expect(allowCredentials.map(({ id }) => id).toSorted()).toEqual(
      [authenticator.id, second.authenticator.id].toSorted(),
    )
  })

  it('takes any text as an identifier, and is 422 for anything else', async () => {
    for (const email of ['', null, 'grace', '@', "' or 1=1 --", '\u0000', 'x'.repeat(254)])
      expect((await post('authenticate/begin', { email })).status).toBe(200)
    for (const email of [7, {}, [], 'x'.repeat(255)])
      expect((await post('authenticate/options', { email })).status).toBe(422)
    const empty = { method: 'POST', headers: { 'cf-connecting-ip': newAddress() } }
    expect((await app.fetch('/api/v1/passkeys/authenticate/begin', empty)).status).toBe(200)
  })
})
