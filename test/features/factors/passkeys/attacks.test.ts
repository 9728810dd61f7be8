import { describe, expect, it } from 'vitest'
import { createTestApp, json } from '../../../support/app.ts'
import { SoftwareAuthenticator } from '../../../support/authenticator.ts'
import { recordedOf } from '../../../support/events.ts'
import { createTimedApp } from '../../../support/timed.ts'
import { newEmail } from '../../../support/users.ts'
import { app, beginRegistration, beginSignIn, codeOf, freshPasskey, post, signIn } from './support.ts'

describe('an answer that is not as it should be', () => {
  it.each([
    ['of another origin', { origin: 'http://localhost.evil.example' }],
    ['of another scheme', { origin: 'https://localhost:3000' }],
    ['of an origin with a path', { origin: 'http://localhost:3000/' }],
    ['of a page in a frame', { crossOrigin: true }],
    ['of a registration', { type: 'webauthn.create' }],
    ['of another relying party', { rpId: 'evil.example' }],
    ['of an absent user', { userPresent: false }],
    ["with another's handle", { userHandle: 'AAAA' }],
  ])('is refused, and ends its ceremony: %s', async (_name, deviation) => {
    const { authenticator } = await freshPasskey()
    const options = await beginSignIn()
    const [wrong, right] = await Promise.all([authenticator.get(options, deviation), authenticator.get(options)])
    const timedApp = createTimedApp()
    const complete = () => timedApp.fetch('/api/v1/passkeys/authenticate/complete', json({ credential: wrong }))
    const { result, took } = await timedApp.timed(complete)
    expect(await codeOf(result)).toEqual([400, 'PASSKEY_REFUSED'])
    expect(took).toBeGreaterThanOrEqual(399)
    expect(await codeOf(await post('authenticate/complete', { credential: right }))).toEqual([
      400,
      'PASSKEY_CHALLENGE_INVALID',
    ])
  })

  it('is refused for every bit of it that was changed', async () => {
    const { authenticator } = await freshPasskey()
    for (const field of ['authenticatorData', 'signature', 'clientDataJSON'] as const) {
      const credential = await authenticator.get(await beginSignIn())
      const bytes = Buffer.from(credential.response[field], 'base64url')
      bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1
      const response = { ...credential.response, [field]: bytes.toString('base64url') }
      const answer = await post('authenticate/complete', { credential: { ...credential, response } })
      expect([field, answer.status]).toEqual([field, 400])
    }
  })

  it('is refused under the id of another passkey', async () => {
    const [mine, other] = await Promise.all([freshPasskey(), freshPasskey()])
    const answer = await mine.authenticator.get(await beginSignIn())
    const { id } = other.authenticator
    const credential = { ...answer, id, rawId: id }
    expect(await codeOf(await post('authenticate/complete', { credential }))).toEqual([400, 'PASSKEY_REFUSED'])
  })

  it('is refused in a ceremony that was begun for another user or an unknown one', async () => {
    const [mine, other] = await Promise.all([freshPasskey(), freshPasskey()])
    for (const email of [other.user.email, newEmail()]) {
      const credential = await mine.authenticator.get(await beginSignIn({ email }))
      expect(await codeOf(await post('authenticate/complete', { credential }))).toEqual([400, 'PASSKEY_REFUSED'])
    }
  })

  it('is refused with the challenge or the id of another ceremony, after ten minutes, and with one of its own making', async () => {
    const { authenticator } = await freshPasskey()
    const other = await beginSignIn()
    const wrong = [{ challenge: other.challenge }, { sessionId: other.sessionId }]
    for (const fields of wrong) {
      const credential = await authenticator.get(await beginSignIn())
      const answer = await post('authenticate/complete', { ...fields, credential })
      expect(await codeOf(answer)).toEqual([400, 'PASSKEY_CHALLENGE_INVALID'])
    }
    const later = createTestApp({ override: (ctx) => ({ ...ctx, now: () => Date.now() + 600_001 }) })
    const late = await authenticator.get(await beginSignIn())
    expect((await post('authenticate/complete', { credential: late }, {}, later)).status).toBe(400)
    const forged = await authenticator.get({ ...other, challenge: 'A'.repeat(43) })
    expect((await post('authenticate/complete', { credential: forged })).status).toBe(400)
  })
})

describe('a copied passkey', () => {
  it('is refused when its count does not rise, and that is an event', async () => {
    const { user, authenticator, passkeyId } = await freshPasskey({ counts: true })
    expect((await signIn(authenticator, { signCount: 10 })).status).toBe(200)
    for (const signCount of [10, 9, 0])
      expect(await codeOf(await signIn(authenticator, { signCount }))).toEqual([400, 'PASSKEY_REFUSED'])
    expect(await recordedOf(user.user.id, 'passkey.counter_regressed')).toMatchObject([
      { subject: passkeyId, actor_type: 'system', data: { stored: 10, presented: 10 } },
      { data: { stored: 10, presented: 9 } },
      { data: { stored: 10, presented: 0 } },
    ])
    expect((await signIn(authenticator, { signCount: 11 })).status).toBe(200)
  })

  it('has one of two answers with one count let in', async () => {
    const { authenticator } = await freshPasskey({ counts: true })
    const ceremonies = await Promise.all([beginSignIn(), beginSignIn()])
    const credentials = await Promise.all(ceremonies.map((options) => authenticator.get(options, { signCount: 5 })))
    const answers = await Promise.all(credentials.map((credential) => post('authenticate/complete', { credential })))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400])
  })

  it('is never suspected when its authenticator does not count', async () => {
    const { authenticator } = await freshPasskey({ counts: false })
    for (let use = 0; use < 3; use += 1) expect((await signIn(authenticator)).status).toBe(200)
  })
})

describe('garbage', () => {
  it('is 400 in a ceremony that is in progress too', async () => {
    const { authenticator, user } = await freshPasskey()
    const nested = [
      `${'81'.repeat(20_000)}00`,
      'a1'.repeat(9000),
      '9f'.repeat(9000),
      `bb${'ff'.repeat(8)}`,
      '5bffffffffffffffff',
    ]
    const texts = [...nested.map((hex) => Buffer.from(hex, 'hex').toString('base64url')), 'AAAA', 'A'.repeat(65_536)]
    for (const text of texts) {
      const made = await (await SoftwareAuthenticator.make()).create(await beginRegistration(user))
      const attestation = { ...made, response: { ...made.response, attestationObject: text } }
      expect((await post('register/complete', { credential: attestation }, user.headers)).status).toBe(400)
    }
    const answers = await Promise.all(
      texts.flatMap((text) =>
        ['authenticatorData', 'signature'].map(async (name) => {
          const right = await authenticator.get(await beginSignIn())
          const credential = { ...right, response: { ...right.response, [name]: text } }
          return (await post('authenticate/complete', { credential })).status
        }),
      ),
    )
    expect(new Set(answers)).toEqual(new Set([400]))
  })

  it('is 400, whatever it is', async () => {
    const { authenticator, user } = await freshPasskey()
    const right = await authenticator.get(await beginSignIn())
    const made = await (await SoftwareAuthenticator.make()).create({
      rp: { id: 'x' },
      user: { id: 'x' },
      challenge: 'x',
    })
    const deep = Buffer.from('81'.repeat(30_000), 'hex').toString('base64url')
    const values = [0, -1, true, null, [], {}, '', '=', '%', 'é', 'A', 'AAAA', 'A'.repeat(70_000), deep, '\u0000']
    const bodies = values.flatMap((value) => [
      { credential: value },
      { credential: { ...right, response: value } },
      ...['id', 'rawId', 'type'].map((name) => ({ credential: { ...right, [name]: value } })),
      ...Object.keys(right.response).map((name) => ({
        credential: { ...right, response: { ...right.response, [name]: value } },
      })),
    ])
    for (const body of [null, [], 'x', {}, ...bodies]) {
      const answer = await app.fetch('/api/v1/passkeys/authenticate/complete', json(body))
      const isTolerated = JSON.stringify(body)?.includes('"rawId":null') ?? false
      expect([400, ...(isTolerated ? [200] : [])]).toContain(answer.status)
    }
    const attestations = values.flatMap((value) =>
      ['clientDataJSON', 'attestationObject'].map((name) => ({
        credential: { ...made, response: { ...made.response, [name]: value } },
      })),
    )
    for (const body of attestations)
      expect((await app.fetch('/api/v1/passkeys/register/complete', json(body, user.headers))).status).toBe(400)
    const huge = { credential: { ...right, id: 'A'.repeat(1_100_000) } }
    expect((await app.fetch('/api/v1/passkeys/authenticate/complete', json(huge))).status).toBe(413)
  })
})
