import { describe, expect, it, vi } from 'vitest'
import { createTestApp, env } from '../../../support/app.ts'
import { SoftwareAuthenticator } from '../../../support/authenticator.ts'
import { recordedOf } from '../../../support/events.ts'
import { acceptedMails, readMailbox } from '../../../support/mail.ts'
import { signInUser, signUpUser } from '../../../support/users.ts'
import {
  addPasskey,
  answerOf,
  app,
  beginRegistration,
  beginSignIn,
  codeOf,
  freshPasskey,
  post,
  send,
} from './support.ts'

describe('the beginning of a registration', () => {
  it('gives what a browser needs to make a passkey', async () => {
    const user = await signUpUser(app, { username: `p${crypto.randomUUID().slice(0, 8)}` })
    const options = await beginRegistration(user, { authenticator_attachment: 'cross-platform' })
    expect(options).toMatchObject({
      rp: { id: 'localhost', name: 'Postern' },
      user: { name: user.email, displayName: user.user.username },
      timeout: 300_000,
      excludeCredentials: [],
      authenticatorSelection: {
        residentKey: 'preferred',
        userVerification: 'preferred',
        authenticatorAttachment: 'cross-platform',
      },
      attestation: 'none',
    })
    expect(options.pubKeyCredParams).toEqual([-7, -257, -8].map((alg) => ({ type: 'public-key', alg })))
  })

  it('draws a challenge and a handle that `atob` reads, and keeps the handle', async () => {
    const user = await signUpUser(app)
    const both = await Promise.all([beginRegistration(user), beginRegistration(user)])
    for (const { challenge, user: account } of both) {
      expect(challenge).toMatch(/^[A-Za-z0-9]{43}$/)
      expect(account.id).toMatch(/^[A-Za-z0-9]{43}$/)
    }
    expect(both[0].user.id).toBe(both[1].user.id)
    expect(both[0].challenge).not.toBe(both[1].challenge)
    expect(Buffer.from(both[0].user.id, 'base64url').toString('hex')).not.toContain(user.user.id.replaceAll('-', ''))
  })

  it('names the passkeys that the account has', async () => {
    const { user, authenticator } = await freshPasskey()
    expect((await beginRegistration(user)).excludeCredentials).toMatchObject([
      { id: authenticator.id, type: 'public-key' },
    ])
  })

  it('wants a fresh factor: the session, or a password with the request', async () => {
    const clock = { now: Date.now() }
    const later = createTestApp({
      env: { ACCESS_TOKEN_SECONDS: '3600' },
      override: (ctx) => ({ ...ctx, now: () => clock.now }),
    })
    const user = await signUpUser(later)
    clock.now += 595_000
    expect((await post('register/begin', {}, user.headers, later)).status).toBe(200)
    clock.now += 6000
    const begin = (body: unknown) => post('register/begin', body, user.headers, later)
    expect(await codeOf(await begin({}))).toEqual([403, 'STEP_UP_REQUIRED'])
    expect(await codeOf(await begin({ password: 'no' }))).toEqual([400, 'INVALID_PASSWORD'])
    expect((await begin({ password: user.password })).status).toBe(200)
  })

  it('is 401 without a token, and 422 for fields that are none', async () => {
    const user = await signUpUser(app)
    expect(await codeOf(await post('register/begin', {}))).toEqual([401, 'UNAUTHORIZED'])
    for (const body of [{ authenticator_attachment: 'usb' }, { name: 'x'.repeat(101) }, { name: 7 }, []])
      expect((await post('register/options', body, user.headers)).status).toBe(422)
  })
})

describe('a registration', () => {
  it.each([
    ['ES256', -7],
    ['RS256', -257],
    ['EdDSA', -8],
  ] as const)('adds a passkey with %s, with its event and a mail', async (_name, algorithm) => {
    const user = await signUpUser(app)
    const authenticator = await SoftwareAuthenticator.make({ algorithm })
    const credential = await authenticator.create(await beginRegistration(user, { name: 'Laptop' }))
    const answer = await post('register/complete', { credential, name: ' Blue key ' }, user.headers)
    const { passkey_id } = await answerOf<{ passkey_id: string }>(answer)
    const list = await answerOf<Record<string, unknown>[]>(await send('GET', '/', user.headers))
    expect(list).toEqual([
      {
        id: passkey_id,
        name: 'Blue key',
        authenticator_attachment: 'platform',
        device_type: 'singleDevice',
        backed_up: false,
        created_at: expect.stringMatching(/Z$/),
        last_used_at: null,
        sign_count: 0,
      },
    ])
    expect(await recordedOf(user.user.id, 'passkey.registered')).toMatchObject([
      { subject: passkey_id, actor_type: 'user', data: { after: { id: passkey_id, name: 'Blue key' } } },
    ])
    await vi.waitFor(async () => {
      const mails = await readMailbox(app, user.email)
      // The account is not confirmed: what its maker typed is in no mail.
      const added = mails.filter(({ text }) => text.includes('a passkey or an authenticator app'))
      expect(added.map(({ text }) => text.includes('Blue key'))).toEqual([false])
    }, 10_000)
  })

  it('takes its name from the beginning when the end has none', async () => {
    const user = await signUpUser(app)
    const authenticator = await SoftwareAuthenticator.make()
    const credential = await authenticator.create(await beginRegistration(user, { name: 'Laptop' }))
    expect((await post('register/verify', { credential }, user.headers)).status).toBe(200)
    expect(await (await send('GET', '', user.headers)).json()).toMatchObject([{ name: 'Laptop' }])
  })

  it('takes the standard base64 of a published client', async () => {
    const user = await signUpUser(app)
    const authenticator = await SoftwareAuthenticator.make({ algorithm: -257 })
    const { response, ...rest } = await authenticator.create(await beginRegistration(user))
    const standard = (text: string) => Buffer.from(text, 'base64url').toString('base64')
    const credential = {
      ...rest,
      rawId: standard(rest.rawId),
      response: {
        clientDataJSON: standard(response.clientDataJSON),
        attestationObject: standard(response.attestationObject),
      },
    }
    expect((await post('register/verify', { credential, name: null }, user.headers)).status).toBe(200)
  })

  it('takes an authenticator that attests itself: browsers pass that on unasked', async () => {
    for (const algorithm of [-7, -8] as const) await freshPasskey({ attestsItself: true, algorithm })
  })

  it('takes several passkeys of a user, and no more than twenty', async () => {
    const { user } = await freshPasskey()
    await addPasskey(user)
    const options = await beginRegistration(user)
    const copy = env.DB.prepare(
      `insert into passkeys select 'copy-' || value || ?1, user_id, 'copy-' || value || ?1, public_key, 0, '[]', null, device_type, 0, aaguid, rp_id, null, created_at, null
       from passkeys, json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18]') where user_id = ?1 group by value`,
    )
    await copy.bind(user.user.id).run()
    const credential = await (await SoftwareAuthenticator.make()).create(options)
    expect(await codeOf(await post('register/complete', { credential }, user.headers))).toEqual([
      409,
      'TOO_MANY_PASSKEYS',
    ])
    expect(await codeOf(await post('register/begin', {}, user.headers))).toEqual([409, 'TOO_MANY_PASSKEYS'])
  })

  it('takes no more in an hour than its user is mailed of', async () => {
    const user = await signUpUser(app)
    for (let added = 0; added < 5; added += 1) await addPasskey(user)
    const credential = await (await SoftwareAuthenticator.make()).create(await beginRegistration(user))
    expect(await codeOf(await post('register/complete', { credential }, user.headers))).toEqual([
      429,
      'RATE_LIMIT_EXCEEDED',
    ])
    await app.settled()
    expect(await acceptedMails(user.email, 'factor_added')).toHaveLength(5)
  })

  it('refuses a credential that is registered, of whomever', async () => {
    const { user, authenticator } = await freshPasskey()
    const other = await signUpUser(app)
    for (const account of [user, other]) {
      const credential = await authenticator.create(await beginRegistration(account))
      expect(await codeOf(await post('register/complete', { credential }, account.headers))).toEqual([
        400,
        'PASSKEY_ALREADY_REGISTERED',
      ])
    }
  })

  it('lets one of two racing registrations of a credential win, and counts one answer once', async () => {
    const [first, second] = await Promise.all([signUpUser(app), signUpUser(app)])
    const authenticator = await SoftwareAuthenticator.make()
    const answers = await Promise.all(
      [first, second].map(async (user) => {
        const credential = await authenticator.create(await beginRegistration(user))
        return Promise.all([1, 2].map(() => post('register/complete', { credential }, user.headers)))
      }),
    )
    const codes = await Promise.all(
      answers.flat().map(async (answer) => (answer.ok ? 'ok' : (await codeOf(answer))[1])),
    )
    expect(codes.toSorted()).toEqual([
      'PASSKEY_ALREADY_REGISTERED',
      'PASSKEY_CHALLENGE_INVALID',
      'PASSKEY_CHALLENGE_INVALID',
      'ok',
    ])
  })
})

describe('a challenge of a registration', () => {
  it('is used once, by a failure too', async () => {
    const user = await signUpUser(app)
    const authenticator = await SoftwareAuthenticator.make()
    const options = await beginRegistration(user)
    const wrong = await authenticator.create(options, { origin: 'https://evil.example' })
    const right = await authenticator.create(options)
    expect(await codeOf(await post('register/complete', { credential: wrong }, user.headers))).toEqual([
      400,
      'PASSKEY_REFUSED',
    ])
    expect(await codeOf(await post('register/complete', { credential: right }, user.headers))).toEqual([
      400,
      'PASSKEY_CHALLENGE_INVALID',
    ])
  })

  it('is of the session that began, for five minutes', async () => {
    const user = await signUpUser(app)
    const [sameUser, stranger] = await Promise.all([signInUser(app, user), signUpUser(app)])
    const authenticator = await SoftwareAuthenticator.make()
    for (const thief of [sameUser, stranger]) {
      const credential = await authenticator.create(await beginRegistration(user))
      const stolen = await post('register/complete', { credential }, thief.headers)
      expect(await codeOf(stolen)).toEqual([400, 'PASSKEY_CHALLENGE_INVALID'])
    }
    const later = createTestApp({ override: (ctx) => ({ ...ctx, now: () => Date.now() + 300_001 }) })
    const credential = await authenticator.create(await beginRegistration(user))
    const late = await post('register/complete', { credential }, user.headers, later)
    expect(await codeOf(late)).toEqual([400, 'PASSKEY_CHALLENGE_INVALID'])
  })

  it('is no challenge of a sign-in, and void once the credentials have changed', async () => {
    const user = await signUpUser(app)
    const authenticator = await SoftwareAuthenticator.make()
    const { challenge } = await beginSignIn({ email: user.email })
    const crossed = await authenticator.create({ ...(await beginRegistration(user)), challenge })
    const options = await beginRegistration(user)
    await env.DB.prepare("update users set auth_version = auth_version + 1, kept_session_id = 'x' where id = ?")
      .bind(user.user.id)
      .run()
    const stale = await authenticator.create(options)
    for (const credential of [crossed, stale])
      expect((await post('register/complete', { credential }, user.headers)).status).not.toBe(200)
    const count = await env.DB.prepare('select count(*) as n from passkeys where user_id = ?')
      .bind(user.user.id)
      .first()
    expect(count).toEqual({ n: 0 })
  })
})

describe('an attestation that is not as it should be', () => {
  it.each([
    ['of another origin', { origin: 'http://localhost.evil.example' }],
    ['of a page in a frame', { crossOrigin: true }],
    ['of a sign-in', { type: 'webauthn.get' }],
    ['of another relying party', { rpId: 'evil.example' }],
    ['of an absent user', { userPresent: false }],
    ['with a format nobody asked for', { format: 'fido-u2f' }],
    ['with an unknown format', { format: 'mine' }],
    ['with a chain of certificates', { format: 'packed', statement: [['x5c', [new Uint8Array(3)]]] as const }],
    [
      'with a false signature of its own',
      {
        format: 'packed',
        statement: [
          ['alg', -7],
          ['sig', new Uint8Array(70)],
        ] as const,
      },
    ],
  ])('is refused: %s', async (_name, deviation) => {
    const user = await signUpUser(app)
    const credential = await (await SoftwareAuthenticator.make()).create(await beginRegistration(user), deviation)
    expect(await codeOf(await post('register/complete', { credential }, user.headers))).toEqual([
      400,
      'PASSKEY_REFUSED',
    ])
  })

  it('is refused: under another id than the signed one', async () => {
    const user = await signUpUser(app)
    const made = await (await SoftwareAuthenticator.make()).create(await beginRegistration(user))
    const id = (await SoftwareAuthenticator.make()).id
    const credential = { ...made, id, rawId: id }
    expect(await codeOf(await post('register/complete', { credential }, user.headers))).toEqual([
      400,
      'PASSKEY_REFUSED',
    ])
  })

  it('is refused without user verification where that is required', async () => {
    const strict = createTestApp({ env: { PASSKEY_USER_VERIFICATION: 'required' } })
    const user = await signUpUser(strict)
    const options = await beginRegistration(user, {}, strict)
    expect(options.authenticatorSelection).toMatchObject({ userVerification: 'required' })
    const credential = await (await SoftwareAuthenticator.make()).create(options, { userVerified: false })
    const answer = await post('register/complete', { credential }, user.headers, strict)
    expect(await codeOf(answer)).toEqual([400, 'PASSKEY_REFUSED'])
  })
})
