import { expect } from 'vitest'
import { eraseUser } from '../../../src/features/account/service/erasure.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { USER_DATA } from '../../../src/user-data.ts'
import { createTestApp, env, type TestApp } from '../../support/app.ts'
import { waitForMails } from '../../support/mail.ts'
import { type SignedInUser, signUpUser } from '../../support/users.ts'

export const app = createTestApp()
export const ADMIN = { type: 'user', id: 'the-admin' } as const

export const run = (statement: string, ...values: unknown[]) =>
  env.DB.prepare(statement)
    .bind(...values)
    .run()

export const rowsOf = async <T = Record<string, unknown>>(statement: string, ...values: unknown[]): Promise<T[]> =>
  (
    await env.DB.prepare(statement)
      .bind(...values)
      .all<T>()
  ).results

interface Column {
  readonly table: string
  readonly column: string
}

export const columns = (): Promise<Column[]> =>
  rowsOf<Column>(
    `select m.name as "table", c.name as "column" from sqlite_master m join pragma_table_info(m.name) c
     where m.type = 'table' and m.name not like 'sqlite_%' and m.name not like '_cf_%' and m.name not glob '*_search*'
       and m.name <> 'd1_migrations'`,
  )

/** Columns of the whole database that have `text` somewhere. */
export async function placesOf(text: string): Promise<string[]> {
  const all = await columns()
  const found = await env.DB.batch<{ found: number }>(
    all.map(({ table, column }) =>
      env.DB.prepare(`select exists (select 1 from ${table} where instr(${column}, ?) > 0) as found`).bind(text),
    ),
  )
  return all.flatMap(({ table, column }, index) => (found[index]?.results[0]?.found ? `${table}.${column}` : []))
}

export const tablesOf = (places: readonly string[]) =>
  [...new Set(places.map((place) => place.split('.')[0]))].toSorted()

/** A user with a row in every table that has users' rows, and no mail on its way. */
export async function userWithEverything(
  on: TestApp = app,
  fields: Record<string, string> = {},
): Promise<SignedInUser> {
  const user = await signUpUser(on, { username: `u${newUuid().slice(0, 8)}`, ...fields })
  await on.settled()
  await waitForMails(on, user.email)
  const { id } = user.user
  // What was written to an address alone is theirs once they have confirmed it.
  await run('update users set email_verified_at = 1, email_unanswered_since = null where id = ?', id)
  await run("insert into totp_factors (user_id, secret_sealed, created_at) values (?, 'sealed', 0)", id)
  await run(
    "insert into backup_codes (id, user_id, salt, code_hash, hint, created_at) values (?, ?, '', '', '', 0)",
    newUuid(),
    id,
  )
  await run('insert into dear_hashes (user_id, cost_ms, used_at) values (?, 1, 0)', id)
  await run(
    'insert into former_addresses (id, user_id, email, replaced_by, changed_at, until) values (?, ?, ?, ?, 0, 0)',
    newUuid(),
    id,
    `former-${user.email}`,
    user.email,
  )
  await run('insert into passkey_handles (user_id, handle) values (?, ?)', id, newUuid())
  await run(
    `insert into passkeys (id, user_id, credential_id, public_key, sign_count, transports, device_type, backed_up, aaguid, rp_id, created_at)
     values (?, ?, ?, '', 0, '[]', 'singleDevice', 0, '', '', 0)`,
    newUuid(),
    id,
    newUuid(),
  )
  await run(
    `insert into identities (id, user_id, provider, issuer, subject, email, created_at)
     values (?, ?, 'google', 'https://accounts.google.com', ?, ?, 0)`,
    newUuid(),
    id,
    newUuid(),
    user.email,
  )
  await run(
    `insert into federated_sessions (session_id, organization_id, user_id, connection_id, subject_hash, sealed, expires_at)
     values (?, 'x', ?, 'x', 'hash', 'sealed', 8e15)`,
    newUuid(),
    id,
  )
  await run("insert into role_assignments values (?, ?, 'platform', 'x', 0)", newUuid(), id)
  await run("insert into grants values ('platform', ?, 'reports:read', 'x', 0)", id)
  await run(
    `insert into policies (id, scope, name, effect, target_type, target_id, size, created_at, updated_at)
     values (?, 'platform', 'x', 'allow', 'user', ?, 1, 0, 0)`,
    newUuid(),
    id,
  )
  const former = JSON.stringify({ target_type: 'user', target_id: id })
  await run('insert into policy_versions values (?, 1, ?, ?, 0)', newUuid(), former, id)
  await run("insert into policy_versions values (?, 1, '{}', ?, 0)", newUuid(), id)
  await run(
    `insert into webhook_endpoints (id, user_id, url, events, secret_sealed, ordered, batch, audit, created_by, told_version, created_at, updated_at)
     values (?, ?, 'https://hooks.example.test/', '[]', 'sealed', 0, 0, 0, ?, 1, 0, 0)`,
    newUuid(),
    id,
    id,
  )
  await run(
    `insert into invitations (id, organization_id, email, role, invited_by, created_at, updated_at, expires_at, accepted_by)
     values (?, 'x', ?, 'member', ?, 0, 0, 0, ?)`,
    newUuid(),
    user.email,
    id,
    id,
  )
  await run(
    `insert into scim_users (id, organization_id, user_id, user_name_key, active, attributes, folded, write_id, created_at, updated_at)
     values (?, 'x', ?, ?, 1, '{}', '{}', 'x', 0, 0)`,
    newUuid(),
    id,
    newUuid(),
  )
  await run(
    `insert into scim_tokens (id, organization_id, token_hash, prefix, created_by, created_at, expires_at)
     values (?, 'x', ?, 'scim_x', ?, 0, 0)`,
    newUuid(),
    newUuid(),
    id,
  )
  await run(
    `insert into data_requests (id, user_id, type, status, description, asked_for, received_at, due_at, updated_at, answer, session_id, handled_by)
     values (?, ?, 'rectification', 'received', ?, ?, 0, 0, 0, ?, 'x', ?)`,
    newUuid(),
    id,
    `my name is not ${user.email}`,
    JSON.stringify({ specific_fields: [user.email] }),
    `dear ${user.email}`,
    id,
  )
  await run(
    "insert into consents (id, user_id, purpose, version, change, at) values (?, ?, 'news', '1', 'given', 0)",
    newUuid(),
    id,
  )
  await run(`insert into privacy_settings values (?, '{"ads":false}', 0)`, id)
  await run(
    `insert into legal_holds (id, user_id, reason, placed_by, placed_at, released_by, released_at) values (?, ?, ?, ?, 0, ?, 1)`,
    newUuid(),
    id,
    `about ${user.email}`,
    id,
    id,
  )
  await recorded(id, 'session.created')
  return user
}

/** Waits until the queue has brought the user's events of this type to the record. */
const recorded = (userId: string, type: string) =>
  expect
    .poll(() => rowsOf('select id from events where user_id = ? and type = ?', userId, type), { timeout: 15_000 })
    .not.toEqual([])

export const erase = async (userId: string, on: TestApp = app) =>
  eraseUser(await on.ctx(), { userId, actor: ADMIN, userData: USER_DATA })
