import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { newEmail } from '../../support/users.ts'
import { createImporter, type ImportAnswer, type Importer } from './support.ts'

const app = createTestApp()
const NAMES = [
  'email',
  'username',
  'password_hash',
  'email_verified',
  'first_name',
  'phone_number',
  'profile_image_url',
  'status',
  'role',
  'created_at',
  'metadata',
  'app_metadata',
  'localId',
  'passwordHash',
  'salt',
  'hash_config',
  'disabled',
  'photoUrl',
  'createdAt',
  '_id',
  'user_id',
  'custom_password_hash',
  'picture',
  'blocked',
  'createdTimestamp',
  'attributes',
  'credentials',
  'enabled',
  'serviceAccountClientId',
  'constructor',
  'toString',
  '__proto__',
]
const PARTS = [
  'type',
  'secretData',
  'credentialData',
  'value',
  'salt',
  'algorithm',
  'hashIterations',
  'additionalParameters',
  'hash',
  'encoding',
  'cost',
  'password',
  'base64_signer_key',
  'base64_salt_separator',
  'rounds',
  'mem_cost',
  '$oid',
  '$date',
  'toString',
  'valueOf',
  'locale',
]
const WORDS = [
  'password',
  'argon2',
  'scrypt',
  'pbkdf2-sha256',
  'base64',
  'hex',
  'AAAAAAAAAAAAAAAAAAAAAA',
  'true',
  '1e9',
  '\u0000',
]

const { value } = fc.letrec((tie) => ({
  scalar: fc.oneof(
    fc.constantFrom(...WORDS),
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
  ),
  value: fc.oneof(
    { maxDepth: 4 },
    tie('scalar'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...PARTS), tie('value'), { maxKeys: 6 }),
  ),
}))
const record = fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 12 })

let importer: Importer
beforeAll(async () => {
  importer = await createImporter(app)
})

describe('for any input', () => {
  it.each(['auto', 'plain', 'firebase', 'auth0', 'keycloak'])(
    'every row has an outcome, read as %s',
    async (format) => {
      for (const seed of [1, 2, 3]) {
        const rows = fc.sample(record, { numRuns: 200, seed }).map((fields) => ({ email: newEmail(), ...fields }))
        const answer = await importer.rows(rows, `?format=${format}`)
        expect(answer.rows.map(({ row }) => row)).toEqual(rows.map((_, index) => index + 1))
      }
    },
  )

  it('any text has an outcome for each line', async () => {
    const lines = fc.sample(fc.string({ unit: 'grapheme', minLength: 1 }), { numRuns: 300, seed: 4 })
    for (const type of ['application/jsonl', 'text/csv']) {
      const answer = await importer.send(`email,a\n${lines.join('\n')}`, type)
      expect(answer.status).toBe(200)
      const { imported, rejected } = await answer.json<ImportAnswer>()
      expect([imported, rejected > 100]).toEqual([0, true])
    }
  })
})
