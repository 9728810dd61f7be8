import bcrypt from 'bcryptjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { newEmail } from '../../support/users.ts'
import { createImporter, type Importer, rowOf, signIn } from './support.ts'

const app = createTestApp()
const PASSWORD = 'comma, separated, values'
const HASH = bcrypt.hashSync(PASSWORD, 4)

let importer: Importer
beforeAll(async () => {
  importer = await createImporter(app)
})

describe('a CSV', () => {
  it('has a header line, quotes only where needed, and any line end', async () => {
    const [one, two] = [newEmail(), newEmail()]
    const answer = await importer.csv(
      [
        '\ufeffemail, first_name,last_name,email_verified,password_hash,user_metadata,created_at,note',
        `${one},Ada,"Love""lace, ""Countess""",TRUE,${HASH},"{""theme"": ""dark""}",1551675967000,x`,
        '',
        `"${two}","two\nlines",,false,,,,`,
      ].join('\r\n'),
    )
    expect(answer.rows.map(({ row, status, warning }) => [row, status, warning])).toEqual([
      [1, 'imported', undefined],
      [2, 'imported', 'first_name: has control characters: imported without it'],
    ])
    expect(await signIn(app, one, PASSWORD)).toBe(200)
    expect(await rowOf(one)).toMatchObject({
      first_name: 'Ada',
      last_name: 'Love"lace, "Countess"',
      email_verified_at: expect.any(Number),
      metadata: '{"theme":"dark"}',
      created_at: 1_551_675_967_000,
    })
  })

  it('with a broken line rejects only that line', async () => {
    const [one, two, three] = [newEmail(), newEmail(), newEmail()]
    const answer = await importer.csv(
      `email,first_name\n${one},A"da\n${newEmail()},a,b\n${newEmail()}\n${two},"A"da\n${three},Ada,,\n`,
    )
    expect(answer.rows.map(({ status, reason }) => [status, reason])).toEqual([
      ['imported', undefined],
      ['rejected', 'has 3 cells where the header has 2'],
      ['rejected', 'has 1 cells where the header has 2'],
      ['imported', undefined],
      ['imported', undefined],
    ])
  })

  it('reports where a quoted cell does not end, and imports the rows before it', async () => {
    const answer = await importer.csv(`email,first_name\n${newEmail()},Ada\n${newEmail()},"Ada\n${newEmail()},Ada\n`)
    expect(answer.rows.map(({ status, reason }) => [status, reason])).toEqual([
      ['imported', undefined],
      ['rejected', 'begins a quoted cell that does not end; nothing behind it was read'],
    ])
  })

  it.each(['first_name\nAda', 'email;first_name\na@example.test;Ada', `${newEmail()},Ada`, '"', '\n\nx'])(
    'without an email column in the first line (%j) is 422',
    async (text) => {
      const answer = await importer.send(text, 'text/csv; charset=utf-8')
      expect([answer.status, await answer.json()]).toMatchObject([422, { code: 'VALIDATION_ERROR' }])
    },
  )

  it.each(['email,first_name,email', ' email ,email'])('with a repeated column (%j) is 422', async (header) => {
    const answer = await importer.send(`${header}\n${newEmail()},a,b`, 'text/csv')
    expect([answer.status, await answer.json()]).toMatchObject([
      422,
      { details: { validation_errors: [{ message: 'The first line names the column email twice' }] } },
    ])
  })

  it.each(['', '\n', 'email\n', 'email,first_name'])('without rows (%j) imports nobody', async (text) => {
    expect(await importer.csv(text)).toEqual({ imported: 0, skipped: 0, rejected: 0, rows: [] })
  })
})
