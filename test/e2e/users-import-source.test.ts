import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Format, openSource } from '../../scripts/support/user-import/source.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-source-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function rowsOf(content: string | Uint8Array, format: Format = 'auto', realm: string | null = null) {
  const file = join(folder, crypto.randomUUID())
  await writeFile(file, content)
  const source = await openSource(file, format, realm)
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

describe('a file of several realms', () => {
  const realm = (name: string, ...users: string[]) => ({
    id: crypto.randomUUID(),
    realm: name,
    roles: { realm: [{ name: 'x', realm: 'x' }] },
    users: users.map((text) => JSON.parse(text)),
    clients: [{ users: [1] }],
  })
  const both = JSON.stringify([realm('master', user('root')), realm('castle', ADA, BOB)], null, 2)

  it('is asked which of them is meant', async () => {
    const message = 'the file has the realms master, castle: name one of them with --realm'
    await expect(rowsOf(both)).rejects.toThrow(message)
    await expect(rowsOf(both, 'keycloak', 'moat')).rejects.toThrow(message)
  })

  it('has the users of the one that is named', async () => {
    expect(await rowsOf(both, 'auto', 'castle')).toEqual([
      { row: 1, line: ADA },
      { row: 2, line: BOB },
    ])
    expect(await rowsOf(both, 'keycloak', 'master')).toEqual([{ row: 1, line: user('root') }])
  })

  it('with one realm needs no name', async () => {
    expect(await rowsOf(JSON.stringify([realm('castle', ADA)]))).toEqual([{ row: 1, line: ADA }])
  })

  it('without users says so', async () => {
    await expect(rowsOf(JSON.stringify([realm('castle')]))).rejects.toThrow('the file has no users')
  })
})

describe('a packed file', () => {
  it.each([
    ['lines', `${ADA}\n${BOB}\n`],
    ['a list', `[${ADA},${BOB}]`],
    ['a document', `{"users":[${ADA},${BOB}]}`],
  ])('of gzip has the rows of %s', async (_, text) => {
    expect(await rowsOf(gzipSync(text))).toEqual([
      { row: 1, line: ADA },
      { row: 2, line: BOB },
    ])
  })

  it('of gzip may be CSV', async () => {
    expect(await rowsOf(gzipSync('email\nada@example.com\n'))).toEqual([{ row: 1, line: ADA }])
  })

  it.each([ADA, `[${ADA}]`, 'email\na@example.com\n'])('that is torn says that it cannot be read: %s', async (text) => {
    const bytes = gzipSync(text).subarray(0, -6)
    await expect(rowsOf(bytes)).rejects.toThrow(/unexpected end of file/)
  })

  it.each([
    [[0x50, 0x4b, 3, 4], 'is a ZIP archive: unpack it first'],
    [[0x42, 0x5a, 0x68, 0x39], 'is compressed with bzip2: unpack it first'],
    [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], 'is compressed with xz: unpack it first'],
    [[0x28, 0xb5, 0x2f, 0xfd], 'is compressed with zstd: unpack it first'],
    [[0xff, 0xfe, 0x65, 0], 'is UTF-16: save it as UTF-8'],
  ])('%# is refused with what it is', async (bytes, message) => {
    await expect(rowsOf(Uint8Array.from(bytes))).rejects.toThrow(message)
  })
})

describe('a CSV file', () => {
  it('that names a column twice is refused', async () => {
    await expect(rowsOf('email,name, email\na@example.com,Ada,b@example.com\n')).rejects.toThrow(
      'the first line names the column `email` twice',
    )
  })

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

  it.each(['auto', 'firebase'] as const)('has names with a line break, the first too (--format %s)', async (format) => {
    const rows = await rowsOf([line('Ada\nLovelace'), line('Bob'), line('a\nb\nc')].join(''), format)
    expect(rows.map((row) => JSON.parse(row.line ?? '{}'))).toMatchObject(
      ['Ada\nLovelace', 'Bob', 'a\nb\nc'].map((displayName) => ({ localId: 'a', displayName, disabled: 'true' })),
    )
  })

  it('has users with several custom claims, and identities of other providers', async () => {
    const cells = Object.assign(Array(27).fill(''), { 0: 'a', 1: 'ada@example.com', 2: 'true', 7: '123', 26: 'false' })
    const rows = await rowsOf(`${cells.join(',')},{"admin":true,"plan":"gold","level":3},\n`)
    expect(rows.map((row) => JSON.parse(row.line ?? '{}'))).toMatchObject([
      {
        email: 'ada@example.com',
        disabled: 'false',
        customAttributes: '{"admin":true,"plan":"gold","level":3},',
        providerUserInfo: [{ providerId: 'google.com' }],
      },
    ])
  })

  it('with --format firebase may begin with a broken line, which is rejected alone', async () => {
    const rows = await rowsOf(`b,bob@example.com,true\n${line('Ada')}`, 'firebase')
    expect(rows).toMatchObject([{ reason: 'has 3 cells where Firebase writes 26 to 29' }, { row: 2 }])
    expect(rows[1]).not.toHaveProperty('reason')
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
