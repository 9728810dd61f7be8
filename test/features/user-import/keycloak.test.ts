import { pbkdf2Sync } from 'node:crypto'
import { argon2id } from '@noble/hashes/argon2.js'
import { hash as hashBcrypt } from 'bcryptjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { newEmail } from '../../support/users.ts'
import { createImporter, type Importer, rowOf, signIn } from './support.ts'

const app = createTestApp()
const PASSWORD = 'ein Schlüssel für den Mantel'

let importer: Importer
beforeAll(async () => {
  importer = await createImporter(app)
})

const newSalt = () => crypto.getRandomValues(new Uint8Array(16))

const credential = (salt: Uint8Array, key: Uint8Array, data: object) => ({
  id: crypto.randomUUID(),
  type: 'password',
  userLabel: 'My password',
  createdDate: 1_600_000_000_000,
  secretData: JSON.stringify({ value: key.toBase64(), salt: salt.toBase64(), additionalParameters: {} }),
  credentialData: JSON.stringify({ additionalParameters: {}, ...data }),
})

async function pbkdf2(algorithm: string, hash: string, hashIterations: number) {
  const salt = newSalt()
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(PASSWORD), 'PBKDF2', false, ['deriveBits'])
  const bits = await crypto.subtle.deriveBits({ name: 'PBKDF2', hash, salt, iterations: hashIterations }, key, 512)
  return credential(salt, new Uint8Array(bits), { hashIterations, algorithm })
}

function argon2(hashIterations: number, memory: number) {
  const salt = newSalt()
  const key = argon2id(PASSWORD, salt, { t: hashIterations, m: memory, p: 1, dkLen: 32 })
  const additionalParameters = {
    hashLength: ['32'],
    memory: [String(memory)],
    type: ['id'],
    version: ['1.3'],
    parallelism: ['1'],
  }
  return credential(salt, key, { hashIterations, algorithm: 'argon2', additionalParameters })
}

describe('a user of Keycloak', () => {
  it('signs in with the old password, whatever hashed it', async () => {
    const credentials = [
      await pbkdf2('pbkdf2', 'SHA-1', 1000),
      await pbkdf2('pbkdf2-sha256', 'SHA-256', 27_500),
      await pbkdf2('pbkdf2-sha512', 'SHA-512', 2000),
      argon2(5, 256),
    ]
    const users = credentials.map((one, index) => ({
      id: crypto.randomUUID(),
      createdTimestamp: 1_600_000_000_000 + index,
      username: `k${index}-${crypto.randomUUID().slice(0, 8)}`,
      enabled: true,
      totp: false,
      emailVerified: index % 2 === 0,
      firstName: 'Ada',
      lastName: 'Lovelace',
      email: newEmail(),
      attributes: { locale: ['de'], phoneNumber: ['+4912'], department: ['R&D'], tags: ['a', 'b'] },
      credentials: [{ type: 'otp', secretData: '{}' }, one],
      disableableCredentialTypes: [],
      requiredActions: [],
      realmRoles: ['admin'],
      notBefore: 0,
      groups: [],
    }))
    const answer = await importer.rows(users)
    expect(answer.rows.map(({ reason }) => reason)).toEqual([undefined, undefined, undefined, undefined])
    for (const { email, username } of users) {
      expect(await signIn(app, email, `${PASSWORD}!`)).toBe(401)
      expect(await signIn(app, email, PASSWORD)).toBe(200)
      expect(await signIn(app, username, PASSWORD)).toBe(200)
    }
    expect(await rowOf(users[1]?.email ?? '')).toMatchObject({
      first_name: 'Ada',
      last_name: 'Lovelace',
      locale: 'de',
      phone_number: '+4912',
      role: 'user',
      email_verified_at: null,
      created_at: 1_600_000_000_001,
      metadata: '{"department":"R&D","tags":["a","b"]}',
      app_metadata: JSON.stringify({ imported: { from: 'keycloak', id: users[1]?.id } }),
    })
  })

  it('of a Keycloak before version 8, or with bcrypt from a plug-in, signs in', { timeout: 60_000 }, async () => {
    const salt = newSalt()
    const key = pbkdf2Sync(PASSWORD, salt, 1000, 64, 'sha256')
    const first = pbkdf2Sync(PASSWORD, salt, 1000, 64, 'sha1')
    const bcrypt = (await hashBcrypt(PASSWORD, 4)).replace('$2b$', '$2y$')
    const before = { type: 'password', counter: 0, createdDate: 1_500_000_000_000, digits: 0, period: 0, config: {} }
    const sha256 = { hashedSaltedValue: key.toString('base64'), salt: salt.toBase64(), hashIterations: 1000 }
    const sha1 = { hashedSaltedValue: first.toString('base64'), salt: salt.toBase64(), hashIterations: 1000 }
    const credentials = [
      { ...before, ...sha256, algorithm: 'pbkdf2-sha256' },
      { ...before, ...sha1, algorithm: 'HmacSHA1' },
      { ...before, ...sha1 },
      { ...before, hashedSaltedValue: bcrypt, salt: '', hashIterations: 4, algorithm: 'bcrypt' },
      {
        ...credential(newSalt(), newSalt(), { hashIterations: 4, algorithm: 'bcrypt' }),
        secretData: JSON.stringify({ value: bcrypt, salt: '', additionalParameters: {} }),
      },
    ]
    const users = credentials.map((one) => ({
      createdTimestamp: 1_600_000_000_000,
      email: newEmail(),
      emailVerified: true,
      credentials: [one],
    }))
    const answer = await importer.rows(users)
    expect(answer.rows.map(({ reason }) => reason)).toEqual(credentials.map(() => undefined))
    for (const { email } of users) {
      expect(await signIn(app, email, `${PASSWORD}!`)).toBe(401)
      expect(await signIn(app, email, PASSWORD)).toBe(200)
    }
  })

  it('whose username is the email has no username, and needs no separate email', async () => {
    const [one, two] = [newEmail(), newEmail()]
    const answer = await importer.rows([
      {
        username: one.toUpperCase(),
        email: one,
        enabled: false,
        emailVerified: true,
        createdTimestamp: 1_600_000_000_000,
      },
      { username: two, createdTimestamp: 1_600_000_000_000 },
    ])
    expect(answer).toMatchObject({ imported: 2 })
    expect(await rowOf(one)).toMatchObject({ username: null, status: 'suspended' })
    expect(await rowOf(two)).toMatchObject({ username: null, status: 'active' })
  })

  it('with an invalid username is imported without it, and the name is stored', async () => {
    const [id, email] = [crypto.randomUUID(), newEmail()]
    const username = `ada.${id.slice(0, 8)}`
    const user = {
      id,
      createdTimestamp: 1_600_000_000_000,
      username,
      email,
      credentials: [await pbkdf2('pbkdf2', 'SHA-1', 1000)],
    }
    expect((await importer.rows([user])).rows).toEqual([
      { row: 1, status: 'imported', id: expect.any(String), email, warning: expect.stringMatching(/^username: must/) },
    ])
    expect(await rowOf(email)).toMatchObject({
      username: null,
      app_metadata: JSON.stringify({ imported: { from: 'keycloak', id, username } }),
    })
    expect(await signIn(app, email, PASSWORD)).toBe(200)
    expect(await signIn(app, username, PASSWORD)).toBe(401)
  })

  it.each([
    [{ username: 'nobody' }, 'email: is missing'],
    [
      { serviceAccountClientId: 'orders', username: 'service-account-orders' },
      'it is the account of a client, not of a person',
    ],
    [
      { credentials: [{ type: 'password', value: 'hunter2!' }] },
      'password: clear text is not taken, export the hashes',
    ],
    [
      { credentials: [{ type: 'password', secretData: '{}', credentialData: '{"algorithm":"pkcs5"}' }] },
      'password_hash: the algorithm pkcs5 is not taken',
    ],
    [
      { credentials: [{ type: 'password', secretData: '{}', credentialData: '{"algorithm":"constructor"}' }] },
      'password_hash: the algorithm constructor is not taken',
    ],
    [
      { credentials: [{ type: 'password', secretData: '{', credentialData: '{"algorithm":"argon2"}' }] },
      'password_hash: the hash is malformed or of an unknown form',
    ],
    [{ credentials: [{ type: 'password' }] }, 'password_hash: the algorithm without a name is not taken'],
  ])('with %j is rejected', async (fields, reason) => {
    const user = {
      createdTimestamp: 1_600_000_000_000,
      ...('username' in fields ? {} : { email: newEmail() }),
      ...fields,
    }
    const answer = await importer.rows([user])
    expect(answer.rows[0]).toMatchObject({
      status: 'rejected',
      reason,
    })
    expect(JSON.stringify(answer)).not.toContain('hunter2')
  })
})
