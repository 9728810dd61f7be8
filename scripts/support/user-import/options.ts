import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { isLoopbackHost } from '../../../src/lib/network.ts'
import { MAX_HASH_MS } from '../../../src/lib/password-hash/cost.ts'
import type { Arguments, Command } from '../arguments.ts'
import { Refusal } from '../refusal.ts'
import { DEFAULT_PORT, localOrigin } from '../settings.ts'
import type { Credentials } from './service.ts'
import { FORMATS, type Format } from './source.ts'

export const importCommand = {
  call: 'npm run users:import',
  about:
    'Imports users of another system into a running service (docs/import.md).\n' +
    'ADMIN_EMAIL and ADMIN_PASSWORD, or POSTERN_TOKEN, say who imports.',
  operands: [{ name: 'FILE', about: 'CSV, NDJSON, or an export of Firebase, Auth0 or Keycloak' }],
  options: {
    format: { value: 'FORMAT', about: 'auto, ndjson, csv, firebase, auth0 or keycloak (auto)' },
    url: { value: 'URL', about: 'the service (the one of this machine)' },
    rejects: { value: 'FILE', about: 'where rejected rows go (FILE.rejected.ndjson)' },
    chunk: { value: 'ROWS', about: 'rows a request (500)' },
    realm: { value: 'NAME', about: 'of a file of Keycloak that has several' },
    merge: { about: 'fills what accounts lack that an import made' },
    'dry-run': { about: 'writes nothing' },
    'max-hash-ms': { value: 'MS', about: `what verifying a hash may take (${MAX_HASH_MS})` },
    'firebase-signer-key': { value: 'KEY', about: 'as the Firebase console shows it (FIREBASE_SIGNER_KEY)' },
    'firebase-salt-separator': { value: 'TEXT', about: 'as the Firebase console shows it' },
    'firebase-rounds': { value: 'N', about: 'as the Firebase console shows it' },
    'firebase-mem-cost': { value: 'N', about: 'as the Firebase console shows it' },
  },
} as const satisfies Command

const MAX_CHUNK = 1000

/** As the Firebase console names them. */
export interface FirebaseParameters {
  readonly base64_signer_key: string
  readonly base64_salt_separator: string
  readonly rounds: number
  readonly mem_cost: number
}

export interface ImportOptions {
  readonly file: string
  readonly format: Format
  readonly url: string
  readonly rejects: string
  readonly chunk: number
  /** Of a file of Keycloak that has several. */
  readonly realm: string | null
  /** Fills what accounts lack that an import made. */
  readonly merge: boolean
  /** Does everything but write, beside the file too. */
  readonly dryRun: boolean
  /** What verifying a hash may take, in ms of CPU. */
  readonly maxHashMs: number
  readonly firebase: FirebaseParameters | null
  readonly credentials: Credentials
}

function readFile(file: string): string {
  if (!existsSync(file) || !statSync(file).isFile()) throw new Refusal(`${file} is no file`)
  return file
}

function readUrl(text: string): string {
  const url = URL.parse(text)
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname))
  if (!url || !isSafe) throw new Refusal(`--url ${text} must be https, or http on this machine`)
  return url.href.replace(/\/+$/, '')
}

function readFormat(text: string): Format {
  const format = FORMATS.find((name) => name === text)
  if (!format) throw new Refusal(`--format is one of ${FORMATS.join(', ')}`)
  return format
}

function readInteger(name: string, text: string, max: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > max) throw new Refusal(`--${name} must be 1 to ${max}`)
  return value
}

function readFirebase(values: Arguments<typeof importCommand>['values'], environment: NodeJS.ProcessEnv) {
  const parts = {
    'firebase-signer-key': values['firebase-signer-key'] ?? environment.FIREBASE_SIGNER_KEY,
    'firebase-salt-separator': values['firebase-salt-separator'],
    'firebase-rounds': values['firebase-rounds'],
    'firebase-mem-cost': values['firebase-mem-cost'],
  }
  const missing = Object.entries(parts).flatMap(([name, value]) => (value ? [] : [`--${name}`]))
  if (missing.length === Object.keys(parts).length) return null
  if (missing.length > 0)
    throw new Refusal(
      `${missing.join(', ')} missing: the Firebase console shows all four as the password hash parameters`,
    )
  return {
    base64_signer_key: parts['firebase-signer-key'] ?? '',
    base64_salt_separator: parts['firebase-salt-separator'] ?? '',
    rounds: readInteger('firebase-rounds', parts['firebase-rounds'] ?? '', 8),
    mem_cost: readInteger('firebase-mem-cost', parts['firebase-mem-cost'] ?? '', 14),
  }
}

function readCredentials({ ADMIN_EMAIL, ADMIN_PASSWORD, POSTERN_TOKEN }: NodeJS.ProcessEnv): Credentials {
  if (POSTERN_TOKEN) return { token: POSTERN_TOKEN }
  if (!ADMIN_EMAIL || !ADMIN_PASSWORD)
    throw new Refusal(
      'set ADMIN_EMAIL and ADMIN_PASSWORD in the environment, or an access token of an admin in POSTERN_TOKEN',
    )
  return { email: ADMIN_EMAIL, password: ADMIN_PASSWORD }
}

export function readOptions(
  { values, operands: [name = ''] }: Arguments<typeof importCommand>,
  environment: NodeJS.ProcessEnv,
): ImportOptions {
  const file = readFile(name)
  const rejects = values.rejects ?? `${file}.rejected.ndjson`
  if (resolve(rejects) === resolve(file)) throw new Refusal('--rejects names the file that is read')
  return {
    file,
    rejects,
    format: readFormat(values.format ?? 'auto'),
    url: readUrl(values.url ?? localOrigin(Number(environment.PORT) || DEFAULT_PORT)),
    chunk: readInteger('chunk', values.chunk ?? '500', MAX_CHUNK),
    realm: values.realm ?? null,
    merge: values.merge ?? false,
    dryRun: values['dry-run'] ?? false,
    maxHashMs: readInteger('max-hash-ms', values['max-hash-ms'] ?? String(MAX_HASH_MS), MAX_HASH_MS),
    firebase: readFirebase(values, environment),
    credentials: readCredentials(environment),
  }
}
