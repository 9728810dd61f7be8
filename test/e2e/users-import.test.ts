import { pbkdf2Sync, randomBytes, randomUUID } from 'node:crypto'
import { access, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import bcrypt from 'bcryptjs'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import vectors from '../vectors/firebase-scrypt.json' with { type: 'json' }
import { signIn, signInAdmin, signUp } from './support/api.ts'
import { ADMIN } from './support/checkout.ts'
import { freePort } from './support/ports.ts'
import { type OwnPostern, startOwnPostern, startPostern } from './support/postern.ts'
import { type Running, start } from './support/process.ts'

const PASSWORD = 'the keys of the other castle'
const HASH = bcrypt.hashSync(PASSWORD, 4)
const CREDENTIALS = { ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password }

let postern: OwnPostern
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-import-'))
  postern = await startOwnPostern(inject('checkout'))
})
afterAll(async () => {
  await postern.stop()
  await rm(folder, { recursive: true, force: true })
})

const newEmail = () => `${randomUUID()}@example.com`
const write = async (name: string, text: string) => {
  const file = join(folder, name)
  await writeFile(file, text)
  return file
}
const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  )
const linesOf = async (file: string) =>
  (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

function startImport(args: readonly string[], env: Readonly<Record<string, string>> = CREDENTIALS): Running {
  // The last of two counts: a test may name another service.
  const command = ['scripts/run.mjs', 'users-import', '--url', postern.origin, ...args]
  return start(process.execPath, command, { cwd: inject('checkout'), env })
}

async function importFile(args: readonly string[], env?: Readonly<Record<string, string>>) {
  const running = startImport(args, env)
  const code = await running.ended
  return { code, output: running.output() }
}

describe('npm run users:import', () => {
  it('imports a CSV, writes who was rejected and why, and a repeat changes nothing', async () => {
    const email = newEmail()
    const file = await write(
      'users.csv',
      `email,first_name,password_hash\n${email},"Ada, Countess",${HASH}\nnobody,,\n${newEmail()},x,hunter2!\n${newEmail()},a,b,c\n`,
    )
    const first = await importFile([file])
    expect(first).toMatchObject({ code: 0 })
    expect(first.output).toContain('Imported 1 users, skipped 0 who were there, rejected 3: see ')
    expect(await signIn(postern.origin, email, PASSWORD)).toMatchObject({ email })
    const rejects = `${file}.rejected.ndjson`
    expect(await linesOf(rejects)).toEqual([
      {
        email: 'nobody',
        first_name: '',
        password_hash: '',
        rejected: { row: 2, reason: 'email: must be an email address' },
      },
      expect.objectContaining({
        rejected: { row: 3, reason: 'password_hash: the hash is malformed or of an unknown form' },
      }),
      {
        cells: [expect.any(String), 'a', 'b', 'c'],
        rejected: { row: 4, reason: 'has 4 cells where the header has 3' },
      },
    ])
    expect((await stat(rejects)).mode & 0o777).toBe(0o600)
    expect(await exists(`${file}.import-state.json`)).toBe(false)
    expect((await importFile([file])).output).toContain('Imported 0 users, skipped 1 who were there, rejected 3')
  })

  it('leaves the reports of the run before when it cannot sign in, and keeps them when it begins anew', async () => {
    const file = await write('kept.ndjson', `{"email":"nobody"}\n{"email":"${newEmail()}","username":"a.1"}\n`)
    expect(await importFile([file])).toMatchObject({ code: 0 })
    const reports = [`${file}.rejected.ndjson`, `${file}.warnings.ndjson`]
    const read = (suffix = '') => Promise.all(reports.map((report) => readFile(`${report}${suffix}`, 'utf8')))
    const written = await read()
    for (const env of [{ ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: 'not hers' }, { POSTERN_TOKEN: 'not-a-token' }])
      expect(await importFile([file], env)).toMatchObject({ code: 1 })
    expect(await read()).toEqual(written)
    await writeFile(file, `{"email":"somebody"}\n`)
    expect(await importFile([file])).toMatchObject({ code: 0 })
    expect(await read('.1')).toEqual(written)
    expect(await linesOf(reports[0] ?? '')).toMatchObject([{ email: 'somebody' }])
    expect(await exists(reports[1] ?? '')).toBe(false)
  })

  it('says who came without a username', async () => {
    const emails = [newEmail(), newEmail(), newEmail()]
    const lines = emails.map((email, index) => JSON.stringify({ email, username: index === 1 ? null : `a.${index}` }))
    const file = await write('names.ndjson', lines.join('\n'))
    const result = await importFile([file, '--chunk', '1'])
    expect(result).toMatchObject({ code: 0, output: expect.stringContaining('Imported 3 users') })
    expect(result.output).toContain('2 came without their username')
    const warning = expect.stringMatching(/^username: must have/)
    expect(await linesOf(`${file}.warnings.ndjson`)).toEqual([
      { row: 1, email: emails[0], warning },
      { row: 3, email: emails[2], warning },
    ])
    const warnings = `${file}.warnings.ndjson`
    const written = await readFile(warnings, 'utf8')
    expect((await importFile([file])).output).not.toContain('without')
    expect(await exists(warnings)).toBe(false)
    expect(await readFile(`${warnings}.1`, 'utf8')).toBe(written)
  })

  it('counts by field what users came without, names what nobody reads, and what stays behind', async () => {
    const records = [
      { email: newEmail(), phone_number: '0'.repeat(28), locale: ['de', 'en'], name: 'Ada' },
      { email: newEmail(), locale: ['de'], name: 'Bob', shoe_size: 43 },
      { email: newEmail(), user_id: 'google-oauth2|e2e', identities: [{ provider: 'google-oauth2' }] },
    ]
    const file = await write('kinds.ndjson', records.map((record) => JSON.stringify(record)).join('\n'))
    const { code, output } = await importFile([file, '--chunk', '1'])
    expect([code, output]).toEqual([
      0,
      expect.stringContaining('Imported 3 users, skipped 0 who were there, rejected 0'),
    ])
    expect(output).toContain('1 came without their phone_number')
    expect(output).toContain('2 came without their locale')
    expect(output).toContain('ignored: name; did you mean display_name?, shoe_size')
    expect(output).toContain('left behind: 1 identity google-oauth2')
  })

  it('counts the hashes that take longer to verify than --max-hash-ms, also where it writes nothing', async () => {
    const hash = `$pbkdf2-sha256$i=200000$${'A'.repeat(22)}$${'A'.repeat(43)}`
    const records = [{ email: newEmail(), password_hash: hash }, { email: newEmail() }]
    const file = await write('dear.ndjson', records.map((record) => JSON.stringify(record)).join('\n'))
    for (const mode of [['--dry-run'], ['--merge']]) {
      const { code, output } = await importFile([file, '--max-hash-ms', '139', ...mode])
      expect([code, output]).toEqual([
        0,
        expect.stringContaining('Imported 1 users, skipped 0 who were there, rejected 1'),
      ])
      expect(output).toContain('1 of the rejected have a hash that takes too long to verify')
    }
  })

  it('says with --dry-run what would become of a file, and writes nothing, also beside it', async () => {
    const email = newEmail()
    const text = `email,name,password_hash,role\n${email},Ada,${HASH},admin\nnobody,,,\n${email},,,\n`
    const file = await write('dry.csv', text)
    const { code, output } = await importFile([file, '--dry-run'])
    expect([code, output]).toEqual([0, expect.stringContaining('Nothing was written; a run would have:')])
    expect(output).toContain('Imported 1 users, skipped 1 who were there, rejected 1 (')
    expect(output).toContain('rejected 1: email: must be an email address')
    expect(output).toContain('1 came without their role')
    for (const suffix of ['rejected.ndjson', 'warnings.ndjson', 'import-state.json'])
      expect(await exists(`${file}.${suffix}`)).toBe(false)
    expect((await importFile([file])).output).toContain('Imported 1 users, skipped 1 who were there, rejected 1')
  })

  it('with --merge makes one account of Auth0’s two files, packed as they come', async () => {
    const email = newEmail()
    const id = randomUUID().replaceAll('-', '').slice(0, 24)
    const profile = { user_id: `auth0|${id}`, email, email_verified: true, given_name: 'Grace' }
    const hashes = { _id: { $oid: id }, email, email_verified: true, passwordHash: HASH }
    const profiles = join(folder, 'profiles.json.gz')
    await writeFile(profiles, gzipSync(`${JSON.stringify(profile)}\n`))
    const secrets = await write('hashes.json', `${JSON.stringify(hashes)}\n`)
    expect((await importFile([profiles])).output).toContain('Imported 1 users')
    expect((await importFile([secrets])).output).toContain('Imported 0 users, skipped 1 who were there')
    expect((await importFile([secrets, '--merge'])).output).toContain('Imported 0 users, merged 1, skipped 0 who')
    expect(await signIn(postern.origin, email, PASSWORD)).toMatchObject({ email })
  })

  it('takes the file of rejected rows once it is corrected', async () => {
    const email = newEmail()
    const file = await write(
      'wrong.ndjson',
      `${JSON.stringify({ email, status: 'king', password_hash: HASH })}\nnot JSON\n`,
    )
    const rejects = join(folder, 'elsewhere.ndjson')
    expect(await importFile([file, '--rejects', rejects])).toMatchObject({ code: 0 })
    const [record, broken] = await linesOf(rejects)
    expect([record.rejected.row, broken]).toEqual([
      1,
      { line: 'not JSON', rejected: { row: 2, reason: 'is not JSON' } },
    ])
    await writeFile(rejects, JSON.stringify({ ...record, status: 'active' }))
    expect((await importFile([rejects])).output).toContain('Imported 1 users, skipped 0 who were there, rejected 0 (')
    expect(await exists(`${rejects}.rejected.ndjson`)).toBe(false)
    expect(await signIn(postern.origin, email, PASSWORD)).toMatchObject({ email })
  })

  it('goes on where a killed run stopped: every user once, every rejected row once', { timeout: 180_000 }, async () => {
    const emails = Array.from({ length: 2000 }, newEmail)
    const isBad = (index: number) => index % 100 === 7
    const file = await write(
      'many.ndjson',
      emails
        .map((email, index) => JSON.stringify({ email: isBad(index) ? `bad ${index}` : email, password_hash: HASH }))
        .join('\n'),
    )
    const stateOf = async () => JSON.parse(await readFile(`${file}.import-state.json`, 'utf8'))
    const killed = startImport([file, '--chunk', '50'])
    await vi.waitFor(async () => expect((await stateOf()).done).toBeGreaterThan(500), { timeout: 60_000, interval: 20 })
    await killed.stop('SIGKILL')
    const { done } = await stateOf()
    expect(done).toBeLessThan(2000)
    // Rows behind the state may have been written already: they are sent again.
    await writeFile(`${file}.rejected.ndjson`, 'half a line', { flag: 'a' })
    const { code, output } = await importFile([file, '--chunk', '200'])
    expect([code, output]).toEqual([0, expect.stringContaining(`Going on behind row ${done},`)])
    const [, imported, skipped, rejected] =
      /Imported ([\d,]+) users, skipped (\d+) who were there, rejected (\d+)/.exec(output) ?? []
    expect(Number(imported?.replace(',', '')) + Number(skipped)).toBe(1980)
    expect(Number(skipped)).toBeLessThanOrEqual(50)
    expect(rejected).toBe('20')
    const rows = (await linesOf(`${file}.rejected.ndjson`)).map((line) => line.rejected.row)
    expect(rows).toEqual(Array.from({ length: 20 }, (_, index) => index * 100 + 8))
    for (const index of [0, done, 1999]) await signIn(postern.origin, emails[index] ?? '', PASSWORD)
    const again = await importFile([file, '--chunk', '1000'])
    expect(again.output).toContain('Imported 0 users, skipped 1,980 who were there, rejected 20')
  })

  it('begins anew when the file is another', async () => {
    const file = await write('changed.ndjson', JSON.stringify({ email: newEmail() }))
    const state = {
      bound: { url: postern.origin, format: 'auto', size: 1, head: 'x' },
      done: 1,
      imported: 1,
      skipped: 0,
      rejected: 0,
      rejectsBytes: 0,
    }
    await writeFile(`${file}.import-state.json`, JSON.stringify(state))
    expect((await importFile([file])).output).toMatch(/^Imported 1 users, skipped 0/)
  })

  it('waits for a service that is away, and goes on', { timeout: 180_000 }, async () => {
    const emails = Array.from({ length: 2000 }, newEmail)
    const file = await write('outage.ndjson', emails.map((email) => JSON.stringify({ email })).join('\n'))
    const first = await startOwnPostern(inject('checkout'))
    const running = startImport([file, '--chunk', '20', '--url', first.origin])
    await vi.waitFor(async () => expect(await exists(`${file}.import-state.json`)).toBe(true), {
      timeout: 30_000,
      interval: 20,
    })
    await first.running.stop()
    const second = await startPostern(inject('checkout'), { PORT: String(first.port), PERSIST_TO: first.state })
    expect(await running.ended, running.output()).toBe(0)
    const [, imported, skipped] = /Imported ([\d,]+) users, skipped (\d+) who/.exec(running.output()) ?? []
    expect(Number(imported?.replace(',', '')) + Number(skipped)).toBe(2000)
    await second.running.stop()
    await first.stop()
  })
})

describe('an export', () => {
  const keycloakUser = (email: string) => {
    const salt = randomBytes(16)
    const key = pbkdf2Sync(PASSWORD, salt, 1000, 64, 'sha512')
    return {
      id: randomUUID(),
      createdTimestamp: 1_600_000_000_000,
      username: `k-${randomUUID().slice(0, 8)}`,
      enabled: true,
      emailVerified: true,
      email,
      credentials: [
        {
          type: 'password',
          secretData: JSON.stringify({
            value: key.toString('base64'),
            salt: salt.toString('base64'),
            additionalParameters: {},
          }),
          credentialData: JSON.stringify({
            hashIterations: 1000,
            algorithm: 'pbkdf2-sha512',
            additionalParameters: {},
          }),
        },
      ],
    }
  }

  it('of a Keycloak realm needs no memory for what is no user', async () => {
    const emails = Array.from({ length: 300 }, newEmail)
    // A realm of 60 MB; what reads it may hold 40.
    const clients = Array.from({ length: 60 }, (_, index) => ({
      clientId: `client-${index}`,
      users: [1],
      text: 'x'.repeat(1_000_000),
    }))
    const realm = {
      realm: 'castle',
      clients,
      users: emails.map(keycloakUser),
      scopeMappings: [{ users: [{ email: 'b@example.com' }] }],
    }
    const file = await write('realm.json', JSON.stringify(realm, null, 2))
    const result = await importFile([file, '--chunk', '50'], {
      ...CREDENTIALS,
      NODE_OPTIONS: '--max-old-space-size=40',
    })
    expect(result).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^Imported 300 users, skipped 0 who were there, rejected 0 /m),
    })
    expect(await signIn(postern.origin, emails[299] ?? '', PASSWORD)).toMatchObject({ email: emails[299] })
  })

  it('of Auth0 is a list in one document', async () => {
    const email = newEmail()
    const users = [{ user_id: 'auth0|1', email, custom_password_hash: { algorithm: 'bcrypt', hash: { value: HASH } } }]
    const file = await write('auth0.json', JSON.stringify(users, null, 2))
    expect(await importFile([file, '--format', 'auth0'])).toMatchObject({ code: 0 })
    await signIn(postern.origin, email, PASSWORD)
  })

  it('of Firebase needs the parameters of the project, as JSON or as CSV', async () => {
    const [json, csv] = [newEmail(), newEmail()]
    const [{ password, salt, hash } = { password: '', salt: '', hash: '' }] = vectors.tests
    const user = {
      localId: 'a',
      email: json,
      emailVerified: true,
      passwordHash: hash,
      salt,
      createdAt: '1520373872000',
    }
    const cells = Object.assign(Array(29).fill(''), {
      0: 'b',
      1: csv,
      2: 'false',
      3: hash,
      4: salt,
      5: 'Doe "Jane"',
      23: '1520373872000',
    })
    const files = [
      await write('firebase.json', JSON.stringify({ users: [user] }, null, 2)),
      await write('firebase.csv', `${cells.join(',')}\n`),
    ]
    const parameters = [
      `--firebase-signer-key=${vectors.base64_signer_key}`,
      `--firebase-salt-separator=${vectors.base64_salt_separator}`,
      `--firebase-rounds=${vectors.rounds}`,
      `--firebase-mem-cost=${vectors.mem_cost}`,
    ]
    for (const file of files) {
      expect((await importFile([file])).output).toContain('Imported 0 users, skipped 0 who were there, rejected 1')
      expect((await importFile([file, ...parameters])).output).toContain(
        'Imported 1 users, skipped 0 who were there, rejected 0',
      )
      expect(await exists(`${file}.rejected.ndjson`)).toBe(false)
    }
    for (const email of [json, csv]) await signIn(postern.origin, email, password)
    const some = await importFile([files[0] ?? '', ...parameters.slice(1)])
    expect(some).toMatchObject({ code: 1, output: expect.stringContaining('--firebase-signer-key missing') })
  })
})

describe('users:import refuses', () => {
  const file = () => write('one.ndjson', JSON.stringify({ email: newEmail() }))

  it.each([
    [{}, 'set ADMIN_EMAIL and ADMIN_PASSWORD in the environment, or an access token of an admin in POSTERN_TOKEN'],
    [{ ...CREDENTIALS, ADMIN_PASSWORD: 'wrong' }, `${ADMIN.email} cannot sign in: `],
    [{ POSTERN_TOKEN: 'garbage' }, 'POSTERN_TOKEN is not good'],
  ])('to start with %j', async (env, message) => {
    expect(await importFile([await file()], env)).toMatchObject({ code: 1, output: expect.stringContaining(message) })
  })

  it('a token of who is no admin, and takes one of an admin', async () => {
    const { access_token } = await signUp(postern.origin)
    expect(await importFile([await file()], { POSTERN_TOKEN: access_token })).toMatchObject({
      code: 1,
      output: expect.stringContaining('only an admin may import users'),
    })
    const admin = await signInAdmin(postern.origin)
    expect(await importFile([await file()], { POSTERN_TOKEN: admin.access_token })).toMatchObject({ code: 0 })
  })

  it.each([
    ['no.json', '{"users": [{"email": "a@example.com"}', 'the file is not JSON'],
    ['none.json', '{\n"realm": "castle",\n"clients": [{"users": [1]}]}', 'the file has no users'],
    ['header.csv', 'first_name\nAda\n', 'the first line must name the columns'],
    ['quote.csv', `email,first_name\n${newEmail()},"Ada\n`, 'the file is not CSV behind row 0'],
  ])('%s', async (name, text, message) => {
    expect(await importFile([await write(name, text)])).toMatchObject({
      code: 1,
      output: expect.stringContaining(message),
    })
  })

  it.each([
    [[], 'FILE is missing: npm run users:import -- FILE'],
    [['a', 'b'], 'b is not understood'],
    [['nowhere.csv'], 'nowhere.csv is no file'],
    [['README.md', '--format', 'okta'], '--format is one of auto, ndjson'],
    [['README.md', '--chunk', '1001'], '--chunk must be 1 to 1000'],
    [['README.md', '--rejects', './README.md'], '--rejects names the file that is read'],
    [['README.md', '--url', 'http://auth.example.com'], 'must be https, or http on this machine'],
    [['README.md', '--mail'], '--mail is no option here: npm run users:import -- --help'],
  ])('the arguments %j', async (args, message) => {
    const running = start(process.execPath, ['scripts/run.mjs', 'users-import', ...args], {
      cwd: inject('checkout'),
      env: CREDENTIALS,
    })
    expect([await running.ended, running.output()]).toEqual([1, expect.stringContaining(message)])
  })

  it('a service that is not there', async () => {
    const origin = `http://127.0.0.1:${await freePort()}`
    expect(await importFile([await file(), '--url', origin])).toMatchObject({
      code: 1,
      output: expect.stringContaining(`nobody listens at ${origin}`),
    })
  })
})
