import { describe, expect, it } from 'vitest'
import { createTestApp, json } from '../../support/app.ts'
import { claimsOf } from '../../support/tokens.ts'
import { newAddress, type SignedInUser } from '../../support/users.ts'
import {
  addPasskey,
  answerOf,
  app,
  beginSignIn,
  codeOf,
  freshPasskey,
  post,
  signIn,
} from '../factors/passkeys/support.ts'
import { createClockedApp, enrolQuickly, proveSecondFactor } from '../factors/totp/support.ts'

interface Challenge {
  readonly mfa_token: string
  readonly available_methods: readonly string[]
}

interface Session {
  readonly access_token: string
  readonly refresh_token: string
}

/** A user with TOTP and a passkey. */
async function freshUser() {
  const clocked = createClockedApp()
  return addPasskey(await proveSecondFactor(clocked, await enrolQuickly(clocked)))
}

const passwordStep = async ({ email, password }: SignedInUser): Promise<Challenge> =>
  answerOf(await app.fetch('/api/v1/auth/signin', json({ email, password }, { 'cf-connecting-ip': newAddress() })))

const answerStep = (body: unknown, path = '/api/v1/mfa/challenge/verify') =>
  app.fetch(path, json(body, { 'cf-connecting-ip': newAddress() }))

describe('a passkey as the second step', () => {
  it('completes a sign-in that a password began', async () => {
    const { user, authenticator } = await freshUser()
    const { mfa_token, available_methods } = await passwordStep(user)
    expect(available_methods).toEqual(['totp', 'passkey'])
    const options = await beginSignIn({ mfa_token })
    expect(options.allowCredentials.map(({ id }) => id)).toEqual([authenticator.id])
    const credential = await authenticator.get(options, { userVerified: false })
    const session = await answerOf<Session>(await answerStep({ mfa_token, credential }))
    expect(claimsOf(session.access_token)).toMatchObject({ amr: ['pwd', 'hwk', 'user', 'mfa'], acr: 'aal2' })
  })

  it('completes it once of two simultaneous answers, and on the path of the published client too', async () => {
    const { user, authenticator } = await freshUser()
    const { mfa_token: challenge_id } = await passwordStep(user)
    const ceremonies = await Promise.all([beginSignIn(), beginSignIn({ email: user.email })])
    const answers = await Promise.all(
      ceremonies.map(async (options) =>
        answerStep({ challenge_id, credential: await authenticator.get(options) }, '/api/v1/auth/mfa/verify'),
      ),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 401])
  })

  it("is not another user's, also when that user began the ceremony", async () => {
    const [{ user }, other] = await Promise.all([freshUser(), freshPasskey()])
    const { mfa_token } = await passwordStep(user)
    const ceremonies = await Promise.all([
      beginSignIn(),
      beginSignIn({ mfa_token }),
      beginSignIn({ email: other.user.email }),
    ])
    for (const options of ceremonies) {
      const credential = await other.authenticator.get(options)
      expect(await codeOf(await answerStep({ mfa_token, credential }))).toEqual([400, 'PASSKEY_REFUSED'])
    }
  })

  it('cannot be begun with an expired challenge', async () => {
    const { user, authenticator } = await freshUser()
    const { mfa_token } = await passwordStep(user)
    const credential = await authenticator.get(await beginSignIn({ mfa_token }))
    expect((await answerStep({ mfa_token, credential })).status).toBe(200)
    expect(await codeOf(await post('authenticate/begin', { mfa_token }))).toEqual([401, 'MFA_CHALLENGE_INVALID'])
    expect(await codeOf(await post('authenticate/begin', { mfa_token: 'pot_x' }))).toEqual([
      401,
      'MFA_CHALLENGE_INVALID',
    ])
    expect(await codeOf(await answerStep({ mfa_token, credential }))).toEqual([401, 'MFA_CHALLENGE_INVALID'])
  })
})

describe('a passkey that did not verify its user', () => {
  it('is a first factor: a user with TOTP has a second step, which the same passkey completes only with user verification', async () => {
    const { user, authenticator } = await freshUser()
    const first = await signIn(authenticator, { userVerified: false })
    const { mfa_token } = await answerOf<Challenge>(first)
    const again = await authenticator.get(await beginSignIn({ mfa_token }), { userVerified: false })
    expect(await codeOf(await answerStep({ mfa_token, credential: again }))).toEqual([400, 'PASSKEY_REFUSED'])
    const verified = await authenticator.get(await beginSignIn({ mfa_token }))
    const session = await answerOf<Session>(await answerStep({ mfa_token, credential: verified }))
    expect(claimsOf(session.access_token)).toMatchObject({ sub: user.user.id, acr: 'aal2' })
  })

  it('needs no second step when it verified, TOTP or not', async () => {
    const { authenticator } = await freshUser()
    const session = await answerOf<Session>(await signIn(authenticator))
    expect(claimsOf(session.access_token).acr).toBe('aal2')
  })
})

describe('step-up with a passkey', () => {
  const stepUp = (user: SignedInUser, credential: unknown) =>
    app.fetch('/api/v1/auth/step-up', json({ credential }, user.headers))

  it('steps up the caller’s session', async () => {
    const { user, authenticator } = await freshPasskey()
    expect(claimsOf(user.accessToken).acr).toBe('aal1')
    const credential = await authenticator.get(await beginSignIn({ email: user.email }))
    const session = await answerOf<Session>(await stepUp(user, credential))
    expect(session.refresh_token).toBe(user.refreshToken)
    expect(claimsOf(session.access_token)).toMatchObject({
      sid: claimsOf(user.accessToken).sid,
      amr: ['pwd', 'hwk', 'user', 'mfa'],
      acr: 'aal2',
    })
  })

  it("refuses another user's passkey, a replay, and what is no answer", async () => {
    const [mine, other] = await Promise.all([freshPasskey(), freshPasskey()])
    const stolen = await other.authenticator.get(await beginSignIn())
    expect(await codeOf(await stepUp(mine.user, stolen))).toEqual([400, 'PASSKEY_REFUSED'])
    const credential = await mine.authenticator.get(await beginSignIn())
    const both = await Promise.all([stepUp(mine.user, credential), stepUp(mine.user, credential)])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 400])
    for (const garbage of ['x', {}, [], 7]) expect((await stepUp(mine.user, garbage)).status).toBe(422)
  })

  it('is an accepted method where a fresh factor is missing', async () => {
    const clock = { now: Date.now() }
    const later = createTestApp({
      env: { ACCESS_TOKEN_SECONDS: '3600' },
      override: (ctx) => ({ ...ctx, now: () => clock.now }),
    })
    const { user } = await freshPasskey({}, later)
    clock.now += 601_000
    const answer = await post('register/begin', {}, user.headers, later)
    expect(await answer.json()).toMatchObject({
      code: 'STEP_UP_REQUIRED',
      details: { available_methods: ['password', 'passkey'] },
    })
  })
})
