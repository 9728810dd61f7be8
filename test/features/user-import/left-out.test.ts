import { beforeAll, describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { newEmail } from '../../support/users.ts'
import { createImporter, type Importer, rowOf } from './support.ts'

const app = createTestApp()

let importer: Importer
beforeAll(async () => {
  importer = await createImporter(app)
})

describe('an invalid field that is not essential is left out with a warning', () => {
  it.each([
    [{ email_verified: 'perhaps' }, 'email_verified: must be true or false'],
    [{ email_verified: {} }, 'email_verified: must be true or false'],
    [{ first_name: 'x'.repeat(101) }, 'first_name: must have at most 100 characters'],
    [{ first_name: 'a\tb' }, 'first_name: has control characters'],
    [{ last_name: 'a\u0000b' }, 'last_name: has control characters'],
    [{ display_name: '\ud800' }, 'display_name: has control characters'],
    [{ display_name: {} }, 'display_name: must be text'],
    [{ phone_number: '+49 30 1234567 ext. 1234 (AB)' }, 'phone_number: must have at most 20 characters'],
    [{ timezone: -8 }, 'timezone: must be text'],
    [{ locale: ['de', 'en'] }, 'locale: must be text'],
    [{ profile_image_url: 'javascript:alert(1)' }, 'profile_image_url: must be an http or https URL'],
    [{ profile_image_url: 'data:image/png;base64,AAAA' }, 'profile_image_url: must be an http or https URL'],
    [{ external_id: 'x'.repeat(201) }, 'external_id: must have at most 200 characters'],
    [{ external_id: 'a\nb' }, 'external_id: has control characters'],
    [{ role: 'admin' }, 'role: can only be user: admins are not made by an import'],
    [{ role: ['admin'] }, 'role: can only be user: admins are not made by an import'],
    [{ created_at: 'yesterday' }, 'created_at: must be ISO 8601 or epoch milliseconds'],
    [{ created_at: 0 }, 'created_at: must be ISO 8601 or epoch milliseconds'],
    [{ created_at: 1_551_675_967 }, 'created_at: must be ISO 8601 or epoch milliseconds'],
    [{ created_at: -5 }, 'created_at: must be ISO 8601 or epoch milliseconds'],
    [{ created_at: '2999-01-01' }, 'created_at: lies in the future'],
    [{ created_at: true }, 'created_at: must be a time'],
    [{ metadata: [1] }, 'metadata: must be an object'],
    [{ user_metadata: 'not JSON' }, 'user_metadata: must be an object'],
    [{ user_metadata: { a: 'x'.repeat(10_000) } }, 'user_metadata: must have at most 10,000 characters'],
    [{ user_metadata: { a: JSON.parse('['.repeat(64) + ']'.repeat(64)) } }, 'user_metadata: must nest 64 deep at most'],
  ])('%#', async (fields, reason) => {
    const email = newEmail()
    const answer = await importer.rows([{ email, ...fields, bio: null }])
    const warning = `${reason}: imported without it`
    expect(answer.rows).toEqual([{ row: 1, status: 'imported', id: expect.any(String), email, warning }])
    expect(await rowOf(email)).toMatchObject({
      role: 'user',
      status: 'active',
      email_verified_at: null,
      first_name: null,
      last_name: null,
      display_name: null,
      phone_number: null,
      timezone: null,
      locale: null,
      profile_image_url: null,
      external_id: null,
      metadata: '{}',
    })
  })

  it('with its own warning, and valid ones stay', async () => {
    const email = newEmail()
    const answer = await importer.rows([
      { email, first_name: 'Ada', last_name: 'Love\tlace', locale: 7, timezone: 'UTC' },
    ])
    expect(answer.rows[0]?.warning).toBe(
      'last_name: has control characters: imported without it; locale: must be text: imported without it',
    )
    expect(await rowOf(email)).toMatchObject({ first_name: 'Ada', last_name: null, locale: null, timezone: 'UTC' })
  })

  it.each([
    [{ createdTimestamp: 0, attributes: { locale: ['de', 'en'] } }, ['locale', 'created_at']],
    [
      { createdTimestamp: 1_600_000_000_000, firstName: 'A\tB', attributes: { phoneNumber: ['0'.repeat(28)] } },
      ['first_name', 'phone_number'],
    ],
    [
      { localId: 'deco', photoUrl: 'data:image/png;base64,AAAA', displayName: 'a\nb' },
      ['display_name', 'profile_image_url'],
    ],
    [
      { user_id: 'google-oauth2|deco', locale: { country: 'US' }, picture: 'x', timezone: -8 },
      ['timezone', 'locale', 'profile_image_url'],
    ],
  ])('%#, in the shape of another system', async (record, fields) => {
    const email = newEmail()
    const answer = await importer.rows([{ email, ...record }])
    expect(answer).toMatchObject({ imported: 1, rejected: 0 })
    expect(answer.rows[0]?.warning?.split('; ').map((text) => text.split(':')[0])).toEqual(fields)
  })
})

describe('a flag', () => {
  it.each([true, 'true', 'TRUE', 't', 'T', '1', 1, 'yes', 'y', 'on'])('is true as %j', async (email_verified) => {
    const email = newEmail()
    expect((await importer.rows([{ email, email_verified }])).rows[0]).not.toHaveProperty('warning')
    expect(await rowOf(email)).toMatchObject({ email_verified_at: expect.any(Number) })
  })

  it.each([false, 'false', 'f', 'F', '0', 0, 'no', 'off'])('is false as %j', async (email_verified) => {
    const email = newEmail()
    expect((await importer.rows([{ email, email_verified }])).rows[0]).not.toHaveProperty('warning')
    expect(await rowOf(email)).toMatchObject({ email_verified_at: null })
  })

  it.each([{ blocked: 't' }, { blocked: 1 }, { localId: 'flag', disabled: 'T' }, { firstName: 'Ada', enabled: 'f' }])(
    'that blocks a user is read in any form: %j',
    async (record) => {
      const email = newEmail()
      await importer.rows([{ email, ...record }])
      expect(await rowOf(email)).toMatchObject({ status: 'suspended' })
    },
  )
})
