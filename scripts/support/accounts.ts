import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { argon2idAsync } from '@noble/hashes/argon2.js'
import { isEmail, normalizeEmail } from '../../src/features/users/rules.ts'
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, passwordLength } from '../../src/lib/password-hash/length.ts'
import { type Database, insertInto, query, quote } from './database.ts'
import { randomToken } from './random.ts'
import { Refusal } from './refusal.ts'

// The service's own parameters (decision 0030); a hash with others would be made anew at the first sign-in.
const ARGON2 = { m: 19_456, t: 2, p: 1, dkLen: 32 } as const

const CLIENT_SECRET_PREFIX = 'pcs_'

const toPhcBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '')

/** A PHC string (password-hashing-competition format) as sign-in reads it. */
async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await argon2idAsync(password, salt, ARGON2)
  return `$argon2id$v=19$m=${ARGON2.m},t=${ARGON2.t},p=${ARGON2.p}$${toPhcBase64(salt)}$${toPhcBase64(hash)}`
}

const eventRow = (type: string, subject: string, userId: string | null, data: object, time: number) =>
  insertInto('events', {
    id: randomUUID(),
    type,
    time,
    subject,
    user_id: userId,
    actor_type: 'system',
    actor_id: 'command-line',
    data: JSON.stringify(data),
  })

/** The address of an admin who can sign in, or undefined when there is none. */
export async function findAdmin(database: Database): Promise<string | undefined> {
  const [row] = await query(database, "SELECT email FROM users WHERE role = 'admin' AND status = 'active' LIMIT 1")
  return row ? String(row.email) : undefined
}

/** Refuses an address or a password that sign-up would refuse for its form. */
export function checkAdmin(account: { email: string; password: string }): void {
  if (!isEmail(account.email)) throw new Refusal(`${account.email} is not an email address`)
  const length = passwordLength(account.password)
  if (length < MIN_PASSWORD_LENGTH || length > MAX_PASSWORD_LENGTH)
    throw new Refusal(`the admin's password must have ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters`)
}

/** Makes a verified user with the role `admin`, and its event. Refuses when the address is taken. */
export async function createAdmin(database: Database, account: { email: string; password: string }): Promise<void> {
  checkAdmin(account)
  const email = normalizeEmail(account.email)
  const taken = await query(database, `SELECT 1 FROM users WHERE email = ${quote(email)}`)
  if (taken.length > 0) throw new Refusal(`${email} has an account already; nothing was changed`)
  const id = randomUUID()
  const now = Date.now()
  await database.execute([
    insertInto('users', {
      id,
      email,
      email_verified_at: now,
      password_hash: await hashPassword(account.password),
      role: 'admin',
      status: 'active',
      created_at: now,
      updated_at: now,
    }),
    eventRow('user.created', id, id, { after: { email, username: null, role: 'admin', status: 'active' } }, now),
  ])
}

/** Refuses what is no scope (RFC 6749 3.3). */
export async function checkScopes(scopes: readonly string[]): Promise<void> {
  // Loaded here, for clients alone: Drizzle, which the table needs, takes half a second.
  const { SCOPE } = await import('../../src/features/clients/tables.ts')
  const malformed = scopes.find((scope) => !SCOPE.test(scope))
  if (malformed !== undefined) throw new Refusal(`${malformed} is not a scope`)
}

/** Makes a machine's credentials. The secret is returned once; only its hash is stored. */
export async function createClient(
  database: Database,
  input: { name: string; scopes: readonly string[] },
): Promise<{ id: string; secret: string }> {
  const id = randomUUID()
  const secret = `${CLIENT_SECRET_PREFIX}${randomToken(32)}`
  const now = Date.now()
  await database.execute([
    insertInto('clients', {
      id,
      name: input.name,
      secret_hash: createHash('sha256').update(secret).digest('base64url'),
      scopes: JSON.stringify(input.scopes),
      created_at: now,
    }),
    eventRow('client.created', id, null, { name: input.name, scopes: input.scopes }, now),
  ])
  return { id, secret }
}
