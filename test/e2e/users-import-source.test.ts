import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSource } from '../../scripts/support/user-import/source.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-source-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function rowsOf(text: string) {
  const file = join(folder, crypto.randomUUID())
  await writeFile(file, text)
  const source = await openSource(file, 'auto')
  return Array.fromAsync(source.rows())
}

const user = (name: string, more: object = {}) => JSON.stringify({ email: `${name}@example.com`, ...more })
const [ADA, BOB] = [user('ada'), user('bob')]

describe('lines of users', () => {
  it.each([
    [
      'the first is longer than 256 KiB',
      user('long', { text: 'x'.repeat(1_000_000) }),
      { reason: 'is longer than 256 KiB' },
    ],
    ['the first is long', user('long', { text: 'x'.repeat(100_000) }), { line: expect.stringContaining('long@') }],
    ['the first is not JSON', '{"email": "x@example.com", oops}', { line: '{"email": "x@example.com", oops}' }],
  ])('are read when %s', async (_, first, row) => {
    for (const end of ['\n', '\r\n', '\n\n'])
      expect(await rowsOf([first, ADA, BOB, ''].join(end))).toEqual([
        { row: 1, ...row },
        { row: 2, line: ADA },
        { row: 3, line: BOB },
      ])
  })
})

describe('one document', () => {
  const realm = { realm: 'castle', text: 'x'.repeat(100_000), users: [JSON.parse(ADA), JSON.parse(BOB)], roles: {} }

  it.each([
    ['on one line', JSON.stringify(realm)],
    ['on one line that ends', `${JSON.stringify(realm)}\r\n`],
    ['on many lines', JSON.stringify(realm, null, 2)],
    ['as Firebase writes it', `{"users": [\n${JSON.stringify(JSON.parse(ADA), null, 2)},\n${BOB}]}`],
    ['that is a list', `\ufeff[\n${ADA},\n${BOB}\n]`],
  ])('%s has the rows of its list', async (_, text) => {
    expect(await rowsOf(text)).toEqual([
      { row: 1, line: ADA },
      { row: 2, line: BOB },
    ])
  })
})

describe('a CSV file', () => {
  it('keeps what does not fit its header', async () => {
    expect(await rowsOf('email,first_name\nada@example.com,Ada,Lovelace\n')).toEqual([
      { row: 1, reason: 'has 3 cells where the header has 2', line: '{"cells":["ada@example.com","Ada","Lovelace"]}' },
    ])
  })
})

describe('a CSV file of Firebase', () => {
  // What the tool writes: 28 cells and a comma, and quotes around a name with a comma, none doubled in it.
  const line = (name: string) =>
    `${Object.assign(Array(28).fill(''), { 0: 'a', 1: 'ada@example.com', 2: 'true', 5: name, 23: '1', 26: 'true' }).join(',')},\n`

  it('has names with commas or quotes', async () => {
    const names = ['Ada', '"Lovelace, Ada"', 'Ada "Countess" Lovelace']
    const rows = await rowsOf(names.map(line).join(''))
    expect(rows.map((row) => JSON.parse(row.line ?? '{}'))).toMatchObject(
      ['Ada', 'Lovelace, Ada', 'Ada "Countess" Lovelace'].map((displayName) => ({ displayName, disabled: 'true' })),
    )
  })

  it('rejects a line whose name has both, for its other cells are not where they belong', async () => {
    const rows = await rowsOf([line('Ada'), line('"the "Countess", Ada"'), 'a,b@example.com,true\n'].join(''))
    expect(rows.slice(1)).toEqual([
      { row: 2, reason: 'has 30 cells where Firebase writes 26 to 29', line: expect.stringContaining('Countess') },
      {
        row: 3,
        reason: 'has 3 cells where Firebase writes 26 to 29',
        line: '{"cells":["a","b@example.com","true"]}',
      },
    ])
  })
})
