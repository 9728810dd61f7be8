import { beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, env } from '../../support/app.ts'
import { newEmail } from '../../support/users.ts'
import { createImporter, type Importer, rowOf } from './support.ts'

const app = createTestApp()
const BCRYPT = '$2b$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'

let importer: Importer
beforeAll(async () => {
  importer = await createImporter(app)
})

describe('a row is rejected with its reason', () => {
  it.each([
    [{ email: null }, 'email: is missing'],
    [{ email: '' }, 'email: is missing'],
    [{ email: 7 }, 'email: must be text'],
    [{ email: 'nobody' }, 'email: must be an email address'],
    [{ email: 'a b@example.test' }, 'email: must be an email address'],
    [{ email: 'a\u0000@example.test' }, 'email: must be an email address'],
    [{ email: ['a@example.test'] }, 'email: must be text'],
    [{ username: 7 }, 'username: must be text'],
    [{ username: 'x'.repeat(201) }, 'username: must have at most 200 characters'],
    [{ username: 'a\u0000b' }, 'username: has control characters'],
    [{ password: 'hunter2!' }, 'password: clear text is not taken, give password_hash'],
    [{ localId: 'x', password: 'hunter2!' }, 'password: clear text is not taken, give password_hash'],
    [{ password_hash: 'hunter2!' }, 'password_hash: the hash is malformed or of an unknown form'],
    [{ password_hash: BCRYPT.replace('$04$', '$14$') }, 'password_hash: bcrypt cost exceeds 13'],
    [
      { password_hash: `$pbkdf2-sha256$i=2000001$${'A'.repeat(22)}$${'A'.repeat(43)}` },
      'password_hash: PBKDF2 iterations exceed 2,000,000',
    ],
    [
      { password_hash: `$argon2id$v=19$m=65536,t=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}` },
      'password_hash: argon2id of 65536 KiB and 8 passes takes 1573 ms to verify: it exceeds 1500 ms',
    ],
    [
      { password_hash: `$argon2id$v=19$m=131072,t=1,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}` },
      'password_hash: argon2 memory exceeds 64 MiB',
    ],
    [
      { password_hash: `$scrypt$ln=16,r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}` },
      'password_hash: scrypt memory exceeds 32 MiB',
    ],
    [{ hashed_pw: BCRYPT }, 'hashed_pw: holds a hash, name the field password_hash'],
    [{ status: 'deleted' }, 'status: must be active, inactive or suspended'],
    [{ status: 'king', username: 7 }, /^username: .*; status: /],
  ])('%#', async (fields, reason) => {
    const email = newEmail()
    const answer = await importer.rows([{ email, ...fields }])
    expect(answer).toMatchObject({ imported: 0, rejected: 1 })
    expect(answer.rows[0]?.reason).toEqual(reason instanceof RegExp ? expect.stringMatching(reason) : reason)
    expect(JSON.stringify(answer)).not.toContain('hunter2')
    expect(await rowOf(email)).toBeNull()
  })

  it.each([
    ['{', 'is not JSON'],
    ['{"email":"a@example.test","email":"b@example.test"}', 'names email twice'],
    ['{"email":"a@example.test","a":{"x":[{"email":1}]},"\\u0065mail" : "b@example.test"}', 'names email twice'],
    ['email=a@example.test', 'is not JSON'],
    ['[]', 'is not a JSON object'],
    ['"a@example.test"', 'is not a JSON object'],
    ['null', 'is not a JSON object'],
    ['7', 'is not a JSON object'],
  ])('for the line %s', async (line, reason) => {
    const email = newEmail()
    const answer = await importer.send(`${line}\n\n${JSON.stringify({ email })}\r\n`)
    expect(await answer.json()).toMatchObject({
      imported: 1,
      rejected: 1,
      rows: [
        { row: 1, status: 'rejected', reason },
        { row: 2, status: 'imported', email },
      ],
    })
  })
})

describe('a row of our own fields with a field of another system', () => {
  it.each(['user_id', 'blocked', 'given_name', 'firstName', 'emailVerified', 'localId'])(
    '%s: all fields are used',
    async (name) => {
      const email = newEmail()
      const own = {
        password_hash: BCRYPT,
        last_name: 'Lovelace',
        display_name: 'Ada L.',
        timezone: 'Europe/Berlin',
        locale: 'de',
        profile_image_url: 'https://example.com/a.png',
        status: 'suspended',
        created_at: 1_600_000_000_000,
      }
      const row = {
        [name]: name === 'blocked' || name === 'emailVerified' ? false : 'x-1',
        email,
        ...own,
        user_metadata: { theme: 'dark' },
      }
      expect(await importer.rows([row])).toMatchObject({ imported: 1 })
      expect(await rowOf(email)).toMatchObject({
        ...own,
        metadata: '{"theme":"dark"}',
      })
    },
  )

  it.each([
    [{ firstName: 'Ada', status: 'gone' }, 'status: must be active, inactive or suspended'],
    [{ firstName: 'Ada', passwordHash: BCRYPT }, 'passwordHash: holds a hash, name the field password_hash'],
    [{ user_id: '7', hashed_pw: BCRYPT }, 'hashed_pw: holds a hash, name the field password_hash'],
  ])('%j is rejected as without that field', async (fields, reason) => {
    const answer = await importer.rows([{ email: newEmail(), ...fields }])
    expect(answer.rows[0]).toMatchObject({ status: 'rejected', reason })
  })
})

describe('hostile input', () => {
  it('that nests too deeply to be serialized is left out', async () => {
    const metadata = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`
    const answer = await importer.send(`{"email":"${newEmail()}","app_metadata":${metadata}}`)
    expect(await answer.json()).toMatchObject({
      rows: [{ warning: 'app_metadata: must have at most 10,000 characters: imported without it' }],
    })
  })

  it('in a text field stays text', async () => {
    const email = newEmail()
    const name = `'); drop table users; --"\\`
    await importer.rows([
      JSON.parse(`{"email":"${email}","first_name":${JSON.stringify(name)},"__proto__":{"role":"admin"}}`),
    ])
    expect(await rowOf(email)).toMatchObject({ first_name: name, role: 'user' })
  })

  it('does not set fields that only the service sets', async () => {
    const [email, id] = [newEmail(), crypto.randomUUID()]
    await importer.rows([
      {
        email,
        id,
        number: 1,
        auth_version: 99,
        mfa_enabled: true,
        phone_verified: true,
        usernameKey: 'x',
        claims_version: 9,
      },
    ])
    const row = await rowOf(email)
    expect(row).toMatchObject({
      auth_version: 1,
      claims_version: 1,
      mfa_enabled: 0,
      phone_verified: 0,
      username_key: null,
    })
    expect(row?.id).not.toBe(id)
    expect(row?.number).toBeGreaterThan(1)
  })
})

describe('a chunk', () => {
  it('has at most 1,000 rows', async () => {
    const line = JSON.stringify({ email: 'nobody' })
    const answer = await importer.send(Array.from({ length: 1001 }, () => line).join('\n'))
    expect([answer.status, await answer.json()]).toMatchObject([
      422,
      {
        code: 'VALIDATION_ERROR',
        details: { validation_errors: [{ message: 'At most 1,000 rows are taken at once' }] },
      },
    ])
    const csv = await importer.send(`email\n${'nobody\n'.repeat(1001)}`, 'text/csv')
    expect(csv.status).toBe(422)
    const emails = Array.from({ length: 1000 }, newEmail)
    expect(await importer.rows(emails.map((email) => ({ email })))).toMatchObject({ imported: 1000 })
    const { results } = await env.DB.prepare(
      'select count(*) as n from users where email in (select value from json_each(?))',
    )
      .bind(JSON.stringify(emails))
      .all()
    expect(results).toEqual([{ n: 1000 }])
  })

  it('has at most 1 MiB', async () => {
    const answer = await importer.send(' '.repeat(1024 * 1024 + 1))
    expect(answer.status).toBe(413)
  })

  it("that exceeds the database's limit for text is 413, and nothing is imported", async () => {
    const email = newEmail()
    const metadata = { a: Array.from({ length: 450 }, () => 1e20) }
    const text = Array.from({ length: 500 }, (_, index) =>
      JSON.stringify({ email: index === 0 ? email : newEmail(), metadata }).replaceAll('100000000000000000000', '1e20'),
    ).join('\n')
    const many = await importer.send(text.slice(0, text.lastIndexOf('\n', 1024 * 1024)))
    expect([many.status, await rowOf(email)]).toEqual([413, null])
  })

  it.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'of type %s is 415',
    async (type) => {
      expect((await importer.send('{}', type)).status).toBe(415)
    },
  )

  it('that is not UTF-8 is 400, and an unknown format is 422', async () => {
    const headers = { ...importer.admin.headers, 'content-type': 'application/x-ndjson' }
    const body = new Uint8Array([0x7b, 0xff])
    expect((await app.fetch('/api/v1/admin/users/import', { method: 'POST', headers, body })).status).toBe(400)
    expect((await importer.send('{}', undefined, '?format=okta')).status).toBe(422)
  })
})
