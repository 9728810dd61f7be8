import { beforeAll, describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { newEmail } from '../../support/users.ts'
import { createImporter, type Importer } from './support.ts'

const app = createTestApp()

let importer: Importer
beforeAll(async () => {
  importer = await createImporter(app)
})

describe('unknown fields', () => {
  it('are reported once, with the field that may have been meant', async () => {
    const csv = await importer.csv(
      `email,name,Active,Vorname,notes\n${newEmail()},Ada,t,Ada,\n${newEmail()},Bob,f,Bob,\n`,
    )
    expect(csv.ignored).toEqual([
      { field: 'name', did_you_mean: 'display_name' },
      { field: 'Active', did_you_mean: 'status' },
      { field: 'Vorname', did_you_mean: null },
    ])
  })

  it.each([
    ['FirstName', 'first_name'],
    ['surname', 'last_name'],
    ['mobile', 'phone_number'],
    ['is_verified', 'email_verified'],
    ['date_joined', 'created_at'],
    ['id', 'external_id'],
    ['avatar', 'profile_image_url'],
  ])('%s is %s', async (field, did_you_mean) => {
    expect((await importer.rows([{ email: newEmail(), [field]: 'x' }])).ignored).toEqual([{ field, did_you_mean }])
  })

  it('do not include those of a supported system', async () => {
    const firebase = {
      localId: 'ignored',
      emailVerified: true,
      displayName: 'A',
      photoUrl: 'https://example.com/a.png',
      createdAt: '1520373872000',
      disabled: false,
      providerUserInfo: [],
      customAttributes: '{"a":1}',
    }
    const auth0 = {
      user_id: 'auth0|ignored',
      name: 'A',
      nickname: 'a',
      given_name: 'A',
      family_name: 'B',
      picture: 'https://example.com/a.png',
      created_at: '2020-01-01',
      identities: [],
      logins_count: 7,
    }
    const keycloak = {
      id: 'ignored',
      username: 'ignored-name',
      firstName: 'A',
      lastName: 'B',
      emailVerified: true,
      enabled: true,
      createdTimestamp: 1_600_000_000_000,
      attributes: {},
      realmRoles: ['x'],
    }
    const rows = [firebase, auth0, keycloak].map((record) => ({ email: newEmail(), ...record, rejected: { row: 1 } }))
    const { ignored } = await importer.rows(rows)
    expect(ignored?.map(({ field }) => field)).toEqual(['customAttributes', 'logins_count', 'realmRoles'])
  })

  it('are reported up to a hundred', async () => {
    const record = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`field${index}`, 1]))
    expect((await importer.rows([{ email: newEmail(), ...record }])).ignored).toHaveLength(100)
  })
})

describe('what is not imported of a user', () => {
  it.each([
    [
      {
        user_id: 'auth0|behind',
        identities: [{ provider: 'auth0' }, { provider: 'google-oauth2' }],
        multifactor: ['guardian'],
      },
      ['identity google-oauth2', 'second factor guardian'],
    ],
    [
      {
        localId: 'behind',
        providerUserInfo: [{ providerId: 'password' }, { providerId: 'google.com' }],
        mfaInfo: [{ phoneInfo: '+1' }, { totpInfo: {} }],
      },
      ['identity google.com', 'second factor phone', 'second factor totp'],
    ],
    [
      {
        createdTimestamp: 1_600_000_000_000,
        federatedIdentities: [{ identityProvider: 'github' }],
        credentials: [{ type: 'otp' }, { type: 'webauthn' }],
      },
      ['identity github', 'second factor otp', 'second factor webauthn'],
    ],
    [{ user_id: 'auth0|nothing', identities: [{ provider: 'auth0' }] }, undefined],
    [{ user_id: 'auth0|odd', identities: 'x', multifactor: {} }, undefined],
  ])('%#', async (record, left_behind) => {
    const answer = await importer.rows([{ email: newEmail(), ...record }])
    expect(answer.rows[0]).toMatchObject({ status: 'imported', ...(left_behind ? { left_behind } : {}) })
    if (!left_behind) expect(answer.rows[0]).not.toHaveProperty('left_behind')
  })
})

describe('a row that is not a user', () => {
  it('but a realm is rejected with that reason', async () => {
    const answer = await importer.rows([{ realm: 'castle', users: [{ email: newEmail() }] }])
    expect(answer.rows[0]?.reason).toBe('is an export with a list of users: send the users')
  })
})
