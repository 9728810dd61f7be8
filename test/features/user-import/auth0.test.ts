import { scryptSync } from 'node:crypto'
import bcrypt from 'bcryptjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { newEmail } from '../../support/users.ts'
import { createImporter, type Importer, rowOf, signIn } from './support.ts'

const app = createTestApp()
const PASSWORD = 'nobody guesses this one'

let importer: Importer
beforeAll(async () => {
  importer = await createImporter(app)
})

/** Signs in with the old password, and with no other. */
async function expectSignIn(email: string) {
  expect(await signIn(app, email, `${PASSWORD}!`)).toBe(401)
  expect(await signIn(app, email, PASSWORD)).toBe(200)
}

describe('a user of Auth0', () => {
  it('of a database export signs in with the old password', async () => {
    const email = newEmail()
    const username = `a-${crypto.randomUUID().slice(0, 8)}`
    await importer.rows([
      {
        _id: { $oid: '60425da93519d90068f82966' },
        email,
        email_verified: true,
        passwordHash: bcrypt.hashSync(PASSWORD, 4).replace('$2b$', '$2a$'),
        given_name: 'Grace',
        family_name: 'Hopper',
        name: email,
        nickname: 'amazing',
        username,
        picture: 'https://example.com/g.png',
        created_at: { $date: '2021-03-05T16:34:49.502Z' },
        user_metadata: { theme: 'dark' },
        app_metadata: { plan: 'gold' },
        password_set_date: { $date: '2021-03-05T16:34:49.502Z' },
        tenant: 'castle',
        connection: 'Username-Password-Authentication',
        _tmp_is_unique: true,
      },
    ])
    await expectSignIn(email)
    expect(await rowOf(email)).toMatchObject({
      username,
      first_name: 'Grace',
      last_name: 'Hopper',
      display_name: 'amazing',
      profile_image_url: 'https://example.com/g.png',
      created_at: Date.parse('2021-03-05T16:34:49.502Z'),
      email_verified_at: expect.any(Number),
      email_unanswered_since: null,
      metadata: '{"theme":"dark"}',
      app_metadata: '{"plan":"gold","imported":{"from":"auth0","id":"60425da93519d90068f82966"}}',
    })
  })

  it('of the bulk import schema signs in, whatever hashed the password', async () => {
    const salt = crypto.getRandomValues(new Uint8Array(16))
    const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(PASSWORD), 'PBKDF2', false, [
      'deriveBits',
    ])
    const params = { name: 'PBKDF2', hash: 'SHA-512', salt, iterations: 1000 }
    const pbkdf2 = new Uint8Array(await crypto.subtle.deriveBits(params, key, 512)).toBase64()
    const scrypt = (text: Uint8Array | string) => scryptSync(PASSWORD, text, 64, { N: 1024, r: 8, p: 1 })
    const hashes = {
      bcrypt: { algorithm: 'bcrypt', hash: { value: bcrypt.hashSync(PASSWORD, 4) } },
      padded: {
        algorithm: 'pbkdf2',
        hash: { value: `$pbkdf2-sha512$i=1000,l=64$${salt.toBase64()}$${pbkdf2}`, encoding: 'utf8' },
      },
      hex: {
        algorithm: 'scrypt',
        hash: { value: scrypt(salt).toString('hex'), encoding: 'hex' },
        salt: { value: salt.toBase64(), encoding: 'base64' },
        keylen: 64,
        cost: 1024,
        blockSize: 8,
        parallelization: 1,
      },
      base64: {
        algorithm: 'scrypt',
        hash: { value: scrypt('a salt of text').toString('base64'), encoding: 'base64' },
        salt: { value: 'a salt of text' },
        password: { encoding: 'utf8' },
        keylen: 64,
        cost: 1024,
      },
    }
    const emails = Object.keys(hashes).map(newEmail)
    const answer = await importer.rows(
      Object.values(hashes).map((custom_password_hash, index) => ({ email: emails[index], custom_password_hash })),
    )
    expect(answer.rows.map(({ reason }) => reason)).toEqual([undefined, undefined, undefined, undefined])
    for (const email of emails) await expectSignIn(email)
  })

  it('with the email only in the identifiers signs in, and has the id of Auth0', async () => {
    const [one, other] = [newEmail(), newEmail()]
    const passwordHash = bcrypt.hashSync(PASSWORD, 4)
    const identified = (email: string, verified: boolean) => ({
      _id: { $oid: '5dea9f9c82dd7c0e76e4ec93' },
      passwordHash,
      tenant: 'castle',
      connection: 'Username-Password-Authentication',
      identifiers: [
        { type: 'username', value: 'ada' },
        { type: 'email', value: email, verified },
      ],
    })
    await importer.rows([{ ...identified(one, true), alt_id: 'euclid' }, identified(other, false)])
    await expectSignIn(one)
    expect(await rowOf(one)).toMatchObject({
      email_verified_at: expect.any(Number),
      app_metadata: '{"imported":{"from":"auth0","id":"euclid"}}',
    })
    expect(await rowOf(other)).toMatchObject({ email_verified_at: null })
  })

  it('of a social connection keeps a locale that is text, and is imported without any other', async () => {
    const [one, other] = [newEmail(), newEmail()]
    await importer.rows([
      { user_id: 'google-oauth2|1', email: one, locale: 'de' },
      { user_id: 'linkedin|1', email: other, locale: { country: 'US', language: 'en' }, timezone: -8 },
    ])
    expect(await rowOf(one)).toMatchObject({ locale: 'de' })
    expect(await rowOf(other)).toMatchObject({ locale: null, timezone: null })
  })

  it('with an argon2 hash signs in', async () => {
    const email = newEmail()
    const value = '$argon2i$v=19$m=256,t=1,p=1$c29tZXNhbHQ$AJFIsNZTMKTAewB4+ETN1A'
    await importer.rows([{ email, custom_password_hash: { algorithm: 'argon2', hash: { value, encoding: 'utf8' } } }])
    expect(await signIn(app, email, 'password')).toBe(200)
  })

  it.each([
    [{ algorithm: 'md5', hash: { value: 'x' } }, 'password_hash: the algorithm md5 is not taken'],
    [{ algorithm: 'hmac', hash: { value: 'x' } }, 'password_hash: the algorithm hmac is not taken'],
    [{}, 'password_hash: the algorithm without a name is not taken'],
    [
      { algorithm: 'bcrypt', hash: { value: 'x' }, password: { encoding: 'utf16le' } },
      'password_hash: a password in utf16le before it is hashed is not supported',
    ],
    [
      { algorithm: 'scrypt', hash: { value: 'zz', encoding: 'hex' }, salt: { value: 'x' } },
      'password_hash: the custom_password_hash of scrypt is malformed',
    ],
    [{ algorithm: 'pbkdf2', hash: { value: 'x' } }, 'password_hash: the hash is malformed or of an unknown form'],
  ])('with %j is rejected', async (custom_password_hash, reason) => {
    const answer = await importer.rows([{ email: newEmail(), custom_password_hash }])
    expect(answer.rows[0]).toMatchObject({ status: 'rejected', reason })
  })

  it('who was blocked is suspended', async () => {
    const email = newEmail()
    await importer.rows([{ user_id: 'auth0|1', email, blocked: true }])
    expect(await rowOf(email)).toMatchObject({
      status: 'suspended',
      app_metadata: '{"imported":{"from":"auth0","id":"auth0|1"}}',
    })
  })

  it('is recognised by its fields, or by the requested format', async () => {
    const [named, guessed] = [newEmail(), newEmail()]
    await importer.rows([{ email: named, name: 'Grace Hopper' }], '?format=auth0')
    await importer.rows([{ email: guessed, name: 'Grace Hopper' }])
    expect([(await rowOf(named))?.display_name, (await rowOf(guessed))?.display_name]).toEqual(['Grace Hopper', null])
  })
})
