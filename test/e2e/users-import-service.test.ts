import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { createProgress } from '../../scripts/support/user-import/progress.ts'
import { openRejects } from '../../scripts/support/user-import/rejects.ts'
import { createImportService, TOO_LARGE } from '../../scripts/support/user-import/service.ts'
import { loadState, saveState } from '../../scripts/support/user-import/state.ts'

/** What came, and what is answered to it: status, JSON, headers. */
type Answer = readonly [status: number, body: object, headers?: Readonly<Record<string, string>>]
interface Asked {
  readonly path: string
  readonly authorization: string | undefined
  readonly body: string
}

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A server that plays the answers that a real service gives on bad days, in their order. */
async function play(...answers: readonly Answer[]) {
  const asked: Asked[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    asked.push({ path: request.url ?? '', authorization: request.headers.authorization, body: await text(request) })
    const [status, body, headers] = answers[asked.length - 1] ?? [500, {}]
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
  const server = createServer((request, response) => void answer(request, response))
  servers.push(server)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve())
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

const ADMIN = { email: 'admin@example.com', password: 'a secret' }
const signedIn = (name: string, expires_in = 600): Answer => [
  200,
  { mfa_required: false, access_token: `access-${name}`, refresh_token: `refresh-${name}`, expires_in },
]
const DONE = { imported: 1, skipped: 0, rejected: 0, rows: [{ row: 1, status: 'imported' }] }
const SIGN_IN = '/api/v1/auth/signin'
const REFRESH = '/api/v1/auth/refresh'
const IMPORT = '/api/v1/admin/users/import?format=auto'

describe('the import service', () => {
  it('signs in once and sends chunks', async () => {
    const { url, asked } = await play(signedIn('a'), [200, DONE], [200, DONE])
    const service = createImportService(url, 'auto', ADMIN)
    expect(await service.send(['{"a":1}', '{"b":2}'])).toEqual(DONE)
    await service.send(['{"c":3}'])
    expect(asked).toEqual([
      { path: SIGN_IN, authorization: undefined, body: JSON.stringify(ADMIN) },
      { path: IMPORT, authorization: 'Bearer access-a', body: '{"a":1}\n{"b":2}' },
      { path: IMPORT, authorization: 'Bearer access-a', body: '{"c":3}' },
    ])
  })

  it('renews its token before it expires, and signs in anew when it cannot', async () => {
    const { url, asked } = await play(
      signedIn('a', 30),
      [200, DONE],
      signedIn('b', 30),
      [200, DONE],
      [401, {}],
      signedIn('c'),
      [200, DONE],
    )
    const service = createImportService(url, 'auto', ADMIN)
    for (let chunk = 0; chunk < 3; chunk++) await service.send(['{}'])
    expect(asked.map(({ path, authorization }) => authorization ?? path)).toEqual([
      SIGN_IN,
      'Bearer access-a',
      REFRESH,
      'Bearer access-b',
      REFRESH,
      SIGN_IN,
      'Bearer access-c',
    ])
  })

  it('signs in anew when its session was ended, and sends the chunk again', async () => {
    const { url, asked } = await play(signedIn('a'), [401, {}], signedIn('b'), [200, DONE])
    expect(await createImportService(url, 'auto', ADMIN).send(['{}'])).toEqual(DONE)
    expect(asked.map(({ path }) => path)).toEqual([SIGN_IN, IMPORT, SIGN_IN, IMPORT])
  })

  it('waits as long as a limit says, and through an outage', async () => {
    const limit: Answer = [429, {}, { 'retry-after': '1' }]
    const { url, asked } = await play(limit, signedIn('a'), limit, [503, {}], [200, DONE])
    const started = performance.now()
    expect(await createImportService(url, 'auto', ADMIN).send(['{}'])).toEqual(DONE)
    expect(performance.now() - started).toBeGreaterThan(2900)
    expect(asked).toHaveLength(5)
  })

  it('says that a chunk is too large', async () => {
    const { url } = await play([413, {}])
    expect(await createImportService(url, 'auto', { token: 'x' }).send(['{}'])).toBe(TOO_LARGE)
  })

  it.each([
    [[401, { message: 'Invalid credentials' }], 'admin@example.com cannot sign in: Invalid credentials'],
    [[423, { message: 'Locked' }], 'admin@example.com cannot sign in: Locked'],
    [[200, { mfa_required: true, access_token: null }], 'admin@example.com has a second factor'],
  ] as const)('refuses to go on after %j', async (answer, message) => {
    const { url } = await play(answer)
    await expect(createImportService(url, 'auto', ADMIN).send(['{}'])).rejects.toThrow(message)
  })

  it('tells what the service said', async () => {
    const details = { validation_errors: [{ message: 'At most 1,000 rows are taken at once' }] }
    const { url } = await play([422, { message: 'Request validation failed', details }])
    await expect(createImportService(url, 'auto', { token: 'x' }).send([])).rejects.toThrow(
      'the service answered 422: At most 1,000 rows are taken at once',
    )
  })
})

describe('the progress of an import', () => {
  const state = {
    bound: { url: '', format: '', size: 0, head: '' },
    done: 12_345,
    imported: 12_000,
    skipped: 340,
    rejected: 5,
    tooDear: 0,
    merged: 0,
    lacking: {},
    leftBehind: {},
    ignored: {},
    rejects: '',
    rejectsBytes: 0,
  }
  const shown = (isTTY: boolean) => {
    let output = ''
    const write = (piece: string) => {
      output += piece
      return true
    }
    const progress = createProgress({ isTTY, write } as NodeJS.WriteStream)
    progress.show(state, 0.5)
    progress.end()
    return output
  }

  it('is a bar on a terminal', () => {
    const bar = `${'#'.repeat(15)}${'.'.repeat(15)}`
    expect(shown(true)).toBe(`\r\u001b[K[${bar}] 50 %  12,345 rows: 12,000 imported, 340 skipped, 5 rejected\n`)
  })

  it('is silent elsewhere until some seconds have passed', () => {
    expect(shown(false)).toBe('')
  })
})

describe('the file of rejected rows', () => {
  const row = (line: string) => ({ row: { row: 2, line }, reason: 'x' })
  const REJECTED = '{"a":1,"rejected":{"row":2,"reason":"x"}}\n'
  const inFolder = async (fact: (folder: string) => Promise<void>) => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-rejects-'))
    try {
      await fact(folder)
    } finally {
      await rm(folder, { recursive: true })
    }
  }

  it.each([
    ['was taken away', null, ''],
    ['was emptied', '', ''],
    ['has rows that are sent again', `${REJECTED}{"torn`, REJECTED],
  ])('%s: the run goes on', (_, content, kept) =>
    inFolder(async (folder) => {
      const path = join(folder, 'rejected.ndjson')
      if (content !== null) await writeFile(path, content)
      const file = await openRejects(path, REJECTED.length)
      await file.append([row('{"a":1}')])
      await file.close()
      expect(await readFile(path, 'utf8')).toBe(`${kept}${REJECTED}`)
    }),
  )

  it('that another run wrote is not gone on with, by length of this one', () =>
    inFolder(async (folder) => {
      const source = join(folder, 'users.ndjson')
      await writeFile(source, '{}')
      const target = { url: 'http://127.0.0.1', format: 'auto', rejects: join(folder, 'one') }
      const state = await loadState(source, target)
      await saveState(source, { ...state, done: 7, rejectsBytes: 100 })
      expect(await loadState(source, target)).toMatchObject({ done: 7, rejectsBytes: 100 })
      expect(await loadState(source, { ...target, rejects: join(folder, 'two') })).toMatchObject({
        done: 7,
        rejectsBytes: 0,
      })
    }))
})
