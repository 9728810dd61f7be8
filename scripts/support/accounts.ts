import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { argon2idAsync } from '@noble/hashes/argon2.js'
import { isEmail, normalizeEmail } from '../../src/features/users/rules.ts'
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, passwordLength } from '../../src/lib/password-hash/length.ts'
import { type Database, insertInto, insertWhere, query, quote } from './database.ts'
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

const eventOf = (type: string, subject: string, userId: string | null, data: object, time: number) => ({
  id: randomUUID(),
  type,
  time,
  subject,
  user_id: userId,
  actor_type: 'system',
  actor_id: 'command-line',
  data: JSON.stringify(data),
})

const eventRow = (...event: Parameters<typeof eventOf>) => insertInto('events', eventOf(...event))

/** The address of an admin who can sign in, `wanted` if that is one; undefined when there is none. */
export async function findAdmin(database: Database, wanted = ''): Promise<string | undefined> {
  const [row] = await query(
    database,
    `SELECT email FROM users WHERE role = 'admin' AND status = 'active' ORDER BY email = ${quote(normalizeEmail(wanted))} DESC, number LIMIT 1`,
  )
  return row ? String(row.email) : undefined
}

interface Account {
  readonly id: string
  readonly email: string
  readonly role: string
  readonly authVersion: number
  readonly claimsVersion: number
}

/** Refuses an address without an account, and an account that may not sign in: neither command lets it in again. */
async function requireAccount(database: Database, address: string): Promise<Account> {
  const email = normalizeEmail(address)
  const columns = 'id, role, status, auth_version, claims_version'
  const [row] = await query(database, `SELECT ${columns} FROM users WHERE email = ${quote(email)}`)
  if (!row) throw new Refusal(`${email} has no account; nothing was changed`)
  if (row.status !== 'active') throw new Refusal(`the account of ${email} is ${row.status}; nothing was changed`)
  const { id, role, auth_version: authVersion, claims_version: claimsVersion } = row
  return {
    id: String(id),
    email,
    role: String(role),
    authVersion: Number(authVersion),
    claimsVersion: Number(claimsVersion),
  }
}

/**
 * What `changeUser` (features/users) writes: the row, its versions and the event, in one batch. The event carries the
 * claims version to the feed, so tokens are refused; a refresh of a session below the row's `auth_version` ends it.
 */
async function changeAccount(
  database: Database,
  { id, email, authVersion, claimsVersion }: Account,
  change: { set: Readonly<Record<string, string>>; endsSessions: boolean; event: string; data: object },
): Promise<void> {
  const now = Date.now()
  const next = claimsVersion + 1
  const set = [
    ...Object.entries(change.set).map(([column, value]) => `${column} = ${quote(value)}`),
    ...(change.endsSessions ? [`auth_version = ${authVersion + 1}`, 'kept_session_id = NULL'] : []),
    `claims_version = ${next}`,
    `updated_at = ${now}`,
  ]
  const asRead = `id = ${quote(id)} AND auth_version = ${authVersion} AND claims_version = ${claimsVersion}`
  const event = { ...eventOf(change.event, id, id, change.data, now), claims_version: next }
  const isChanged = [`id = ${quote(id)}`, ...set.filter((term) => !term.endsWith('NULL'))].join(' AND ')
  await database.execute([
    `UPDATE users SET ${set.join(', ')} WHERE ${asRead};`,
    insertWhere('events', event, `EXISTS (SELECT 1 FROM users WHERE ${isChanged})`),
  ])
  const written = await query(database, `SELECT 1 FROM events WHERE id = ${quote(event.id)}`)
  if (written.length === 0) throw new Refusal(`the account of ${email} was changed by others meanwhile: try again`)
}

/** Sets an admin's password; their sessions end. A second factor stays on. */
export async function resetAdminPassword(
  database: Database,
  account: { email: string; password: string },
): Promise<void> {
  checkAdmin(account)
  const found = await requireAccount(database, account.email)
  if (found.role !== 'admin') throw new Refusal(`${found.email} is no admin: users reset their password by mail`)
  const set = { password_hash: await hashPassword(account.password) }
  await changeAccount(database, found, { set, endsSessions: true, event: 'user.password_reset', data: {} })
}

/** Gives an account the role `admin`; its tokens are renewed with it. */
export async function promoteToAdmin(database: Database, email: string): Promise<void> {
  const found = await requireAccount(database, email)
  if (found.role === 'admin') throw new Refusal(`${found.email} is an admin already`)
  const data = { before: { role: found.role }, after: { role: 'admin' } }
  await changeAccount(database, found, { set: { role: 'admin' }, endsSessions: false, event: 'user.updated', data })
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
