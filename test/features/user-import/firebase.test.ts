import { beforeAll, describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { newEmail } from '../../support/users.ts'
import vectors from '../../vectors/firebase-scrypt.json' with { type: 'json' }
import { createImporter, type Importer, rowOf, signIn } from './support.ts'

const app = createTestApp()
const [{ password, salt, hash } = { password: '', salt: '', hash: '' }] = vectors.tests
const hash_config = {
  algorithm: 'SCRYPT',
  base64_signer_key: vectors.base64_signer_key,
  base64_salt_separator: vectors.base64_salt_separator,
  rounds: vectors.rounds,
  mem_cost: vectors.mem_cost,
}

let importer: Importer
beforeAll(async () => {
  importer = await createImporter(app)
})

describe('a user of Firebase', () => {
  it('signs in with the old password', async () => {
    const email = newEmail()
    const answer = await importer.rows([
      {
        localId: 'aBc123',
        email,
        emailVerified: true,
        passwordHash: hash,
        salt,
        displayName: 'Jane Doe',
        photoUrl: 'https://example.com/jane.png',
        phoneNumber: '+16505550101',
        lastSignedInAt: '1520380000000',
        createdAt: '1520373872000',
        disabled: false,
        providerUserInfo: [{ providerId: 'google.com', rawId: '1' }],
        hash_config,
      },
    ])
    expect(answer).toMatchObject({ imported: 1 })
    expect(await signIn(app, email, `${password}!`)).toBe(401)
    expect(await signIn(app, email, password)).toBe(200)
    expect(await rowOf(email)).toMatchObject({
      display_name: 'Jane Doe',
      profile_image_url: 'https://example.com/jane.png',
      phone_number: '+16505550101',
      email_verified_at: expect.any(Number),
      created_at: 1_520_373_872_000,
      status: 'active',
      app_metadata: '{"imported":{"from":"firebase","id":"aBc123"}}',
    })
  })

  it('with a hash in base64url signs in, too', async () => {
    const email = newEmail()
    const url = (text: string) => text.replaceAll('+', '-').replaceAll('/', '_')
    await importer.rows([{ localId: 'x', email, passwordHash: url(hash), salt: url(salt), hash_config }])
    expect(await signIn(app, email, password)).toBe(200)
  })

  it('with a password but without the parameters of the project is rejected', async () => {
    const answer = await importer.rows([
      { localId: 'x', email: newEmail(), passwordHash: hash, salt },
      { localId: 'x', email: newEmail(), passwordHash: hash, salt, hash_config: { ...hash_config, rounds: 0 } },
      { localId: 'x', email: newEmail(), passwordHash: hash, salt, hash_config: { ...hash_config, rounds: 80_000 } },
      { localId: 'x', email: newEmail(), passwordHash: 'UkVEQUNURUQ=', salt, hash_config },
      { localId: 'x', email: newEmail(), passwordHash: 'UkVEQUNURUQ=', hash_config },
    ])
    expect(answer.rows.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('the hash parameters of the Firebase project are needed'),
      expect.stringContaining('the hash parameters of the Firebase project are needed'),
      'password_hash: scrypt memory exceeds 32 MiB',
      'password_hash: the hash is malformed or of an unknown form',
      'password_hash: has no salt beside it, export as an owner of the project',
    ])
  })

  it('without a password is imported without one, disabled is suspended, and without an email is rejected', async () => {
    const [federated, disabled] = [newEmail(), newEmail()]
    const answer = await importer.rows([
      { localId: 'a', email: federated, emailVerified: true, photoUrl: 'data:image/png;base64,AAAA' },
      { localId: 'b', email: disabled, disabled: true },
      { localId: 'c', phoneNumber: '+16505550101' },
    ])
    expect(answer.rows.map(({ reason }) => reason)).toEqual([undefined, undefined, 'email: is missing'])
    expect(await rowOf(federated)).toMatchObject({ password_hash: null, profile_image_url: null })
    expect(await rowOf(disabled)).toMatchObject({ status: 'suspended' })
  })
})
