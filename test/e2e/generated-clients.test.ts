import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createClient } from '@hey-api/openapi-ts'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { build } from 'esbuild'
import openapiTS, { astToString } from 'openapi-typescript'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

const origin = inject('origin')

const read = async (path: string): Promise<string> => {
  const answer = await fetch(`${origin}${path}`)
  expect([path, answer.status]).toEqual([path, 200])
  return answer.text()
}

/** Rules of Redocly's recommended set that the service breaks on purpose: where, and why. */
const BROKEN: Readonly<Record<string, RegExp>> = {
  // A probe or a public document reads no input and has no limit: it refuses nobody.
  'operation-4xx-response': /health|status|read|live|well-known/,
  // A socket opens with 101.
  'operation-2xx-response': /~1ws\//,
  // Janua names these paths (`by-slug/{slug}`, `{id}/members`, `users/{id}` beside `{log_id}/proof`): an id is a UUID, and none of the words.
  'no-ambiguous-paths': /~1(organizations|invitations|audit-logs)~1/,
}

describe('the OpenAPI documents', () => {
  it.each([
    '/openapi.json',
    ...['janux', 'auth-service', 'users-api', 'gateway-auth'].map((it) => `/openapi/${it}.json`),
  ])('%s has what the linter recommends', async (path) => {
    const config = await createConfig({ extends: ['recommended'] })
    const problems = await lintFromString({ source: await read(path), absoluteRef: path, config })
    const unexpected = problems.filter(({ ruleId }) => !(ruleId in BROKEN))
    expect(unexpected.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([])
    const found = problems.filter(({ ruleId }) => ruleId in BROKEN)
    for (const { ruleId, location } of found) expect(location[0]?.pointer).toMatch(BROKEN[ruleId] ?? '')
  })
})

/** What an application writes against the types of openapi-typescript. */
const TYPED = `
import type { paths } from './types'

type SignIn = paths['/api/v1/auth/signin']['post']
type Credentials = SignIn['requestBody']['content']['application/json']
type Answer = SignIn['responses'][200]['content']['application/json']
type Me = paths['/api/v1/auth/me']['get']['responses'][200]['content']['application/json']
type Refused = SignIn['responses'][401]['content']['application/json']

// @ts-expect-error Neither an email nor a username.
export const incomplete: Credentials = { password: 'p' }

export const isWrong = ({ code }: Refused): boolean => code === 'INVALID_CREDENTIALS'

export async function whoIs(origin: string, credentials: Credentials): Promise<string> {
  const signedIn = await fetch(origin + '/api/v1/auth/signin', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(credentials),
  })
  const answer = (await signedIn.json()) as Answer
  // @ts-expect-error A challenge has no token.
  answer.access_token
  if (answer.mfa_required) throw new Error(answer.mfa_token)
  const authorization = 'Bearer ' + answer.access_token
  const me = (await (await fetch(origin + '/api/v1/auth/me', { headers: { authorization } })).json()) as Me
  return me.email
}
`

/** What an application writes against the client of openapi-ts. */
const CALLED = `
import { getCurrentUser, refreshTokens, signIn } from './client'
import { createClient } from './client/client'
import type { RefreshTokensRequest, SignInRequest } from './client'

// @ts-expect-error No token at all.
export const incomplete: RefreshTokensRequest = {}

export async function whoIs(origin: string, credentials: SignInRequest): Promise<string> {
  const client = createClient({ baseUrl: origin })
  const { data, error } = await signIn({ client, body: credentials })
  if (error) throw new Error(error.code)
  if (data.mfa_required) throw new Error(data.mfa_token)
  const headers = { 'Idempotency-Key': 'one-refresh' }
  const next = await refreshTokens({ client, headers, body: { refresh_token: data.refresh_token } })
  const me = await getCurrentUser({ client, auth: next.data?.access_token ?? '', throwOnError: true })
  return me.data.email
}
`

function problemsOf(files: readonly string[]): string[] {
  const program = ts.createProgram([...files], {
    strict: true,
    skipLibCheck: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
  })
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
}

describe('clients that generators make of the native document', () => {
  const account = { email: `generated-${crypto.randomUUID()}@example.com`, password: 'A-gate-0f-the-castle' }
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-generated-'))
    const document = await read('/openapi.json')
    await Promise.all([
      writeFile(join(folder, 'openapi.json'), document),
      writeFile(join(folder, 'typed.ts'), TYPED),
      writeFile(join(folder, 'called.ts'), CALLED),
      openapiTS(document).then((types) => writeFile(join(folder, 'types.ts'), astToString(types))),
    ])
    await createClient({
      input: join(folder, 'openapi.json'),
      output: join(folder, 'client'),
      logs: { level: 'silent' },
    })
    const made = await fetch(`${origin}/api/v1/auth/signup`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(account),
    })
    expect(made.status).toBe(201)
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('compile under strict', () => {
    expect(problemsOf(['typed.ts', 'called.ts'].map((file) => join(folder, file)))).toEqual([])
  })

  it.each(['typed', 'called'])('sign in (%s.ts)', async (name) => {
    const outfile = join(folder, `${name}.mjs`)
    await build({ entryPoints: [join(folder, `${name}.ts`)], outfile, bundle: true, format: 'esm', logLevel: 'error' })
    const { whoIs } = await import(pathToFileURL(outfile).href)
    expect(await whoIs(origin, { email: account.email, password: account.password })).toBe(account.email)
  })
})
