import { and, getTableColumns, gt, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Ctx } from '../../context.ts'
import { events } from '../../db/tables.ts'
import { passkeys } from '../factors/passkeys/tables.ts'
import {
  insertUsers,
  type NewUser,
  type newUserRow,
  normalizeEmail,
  normalizeIdentifier,
  toUserStatus,
  updateUsers,
} from '../users/service/users.ts'
import { formerAddresses, isReserved, users } from '../users/tables.ts'
import type { User } from '../users/types.ts'

type Store = Pick<Ctx, 'db' | 'now'>
export type UserRow = ReturnType<typeof newUserRow>
type NewEventRow = Omit<typeof events.$inferInsert, 'position'>

/** The SQL for one column of a row of the bound list. */
function cellOf(column: SQLiteColumn): SQL {
  // Not injectable: the name is that of a column.
  const value = sql.raw(`row.value ->> '$.${column.name}'`)
  const usual: unknown = column.defaultFn?.() ?? column.default
  if (usual === undefined) return sql`${value}`
  const fallback = usual instanceof Object ? usual : sql.param(usual, column)
  return sql`coalesce(${value}, ${fallback})`
}

const toDriverRow = (table: SQLiteTable, row: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(getTableColumns(table)).map(([property, column]) => {
      const value = row[property] ?? null
      return [column.name, value === null ? null : column.mapToDriverValue(value)]
    }),
  )

/** All rows as one parameter, because D1 allows only a hundred for each statement. */
const toList = (table: SQLiteTable, rows: readonly Readonly<Record<string, unknown>>[]): string =>
  JSON.stringify(rows.map((row) => toDriverRow(table, row)))

const columnsOf = (table: SQLiteTable): SQL => sql.join(Object.values(getTableColumns(table)).map(cellOf), sql`, `)

const isReservedRow = (now: number): SQL =>
  isReserved(sql`row.value ->> '$.email'`, { userId: sql`row.value ->> '$.id'`, now })

/** The rows as `insertListed` expects them. */
export const toUserList = (rows: readonly UserRow[]): string => toList(users, rows)

/**
 * Inserts the rows in order, except those whose email or username is taken or whose email is reserved. Of two rows with the
 * same email the first is inserted.
 */
export const insertListed = ({ db, now }: Store, list: string) =>
  insertUsers(
    { db },
    sql`select ${columnsOf(users)} from json_each(${list}) as row
      where not ${isReservedRow(now())}
      order by row.key`,
  )

/** Writes the events of those users that exist after the insert, and returns their ids. */
export const insertUserEvents = ({ db }: Store, rows: readonly NewEventRow[]) =>
  db
    .insert(events)
    .select(
      sql`select ${columnsOf(events)} from json_each(${toList(events, rows)}) as row
        where exists (select 1 from ${users} where ${users.id} = row.value ->> '$.subject') order by row.key`,
    )
    .returning({ subject: events.subject })

const given = (name: string): SQL => sql.raw(`row.value ->> '$.${name}'`)
const fill = (column: SQLiteColumn, condition: SQL = sql`true`): SQL =>
  sql`case when ${column} is null and ${condition} then ${given(column.name)} else ${column} end`

const isFree = (column: SQLiteColumn): SQL => {
  const name = sql.identifier(column.name)
  return sql`not exists (select 1 from ${users} as other where other.${name} = ${given(column.name)})`
}

/** Written with both table names: an unqualified column would be that of the inner table. */
const hasPasskey = sql<number>`exists (select 1 from ${passkeys} where passkeys.user_id = users.id)`

/** Neither password nor second factor nor passkeys of the user have changed since the import. */
const isUntouched = sql`${users.authVersion} = 1 and not ${users.mfaEnabled} and not ${hasPasskey}`

/** Keeps metadata that was changed since it was read. */
const fillJson = (column: SQLiteColumn): SQL =>
  sql`case when ${column} = ${given(`${column.name}_read`)} then coalesce(${given(column.name)}, ${column}) else ${column} end`

/** The values by column name. */
export const toColumns = (values: Partial<Fields>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [users[name as keyof Fields].name, value]))

/** The values for empty fields, as `fillListed` expects them. */
export const toFillList = (fills: readonly { id: string; values: Partial<Fields>; read: Account }[]): string =>
  JSON.stringify(
    fills.map(({ id, values, read }) => ({
      ...toDriverRow(users, values),
      id,
      username_key: values.username ? normalizeIdentifier(values.username) : null,
      metadata_read: read.metadataText,
      app_metadata_read: read.appMetadataText,
    })),
  )

/** Fills empty fields of imported accounts. The list is the outer loop of the join, so that each user is found by id. */
export const fillListed = (store: Store, list: string) =>
  updateUsers(store, list, {
    set: {
      firstName: fill(users.firstName),
      lastName: fill(users.lastName),
      displayName: fill(users.displayName),
      phoneNumber: fill(users.phoneNumber),
      timezone: fill(users.timezone),
      locale: fill(users.locale),
      profileImageUrl: fill(users.profileImageUrl),
      externalId: fill(users.externalId, isFree(users.externalId)),
      username: fill(users.username, isFree(users.usernameKey)),
      usernameKey: fill(users.usernameKey, isFree(users.usernameKey)),
      passwordHash: fill(users.passwordHash, isUntouched),
      emailVerifiedAt: fill(users.emailVerifiedAt, isUntouched),
      // The two are equal if the row of the first import had no `created_at`.
      createdAt: sql`case when ${users.createdAt} = ${users.importedAt} then coalesce(${given('created_at')}, ${users.createdAt}) else ${users.createdAt} end`,
      metadata: fillJson(users.metadata),
      appMetadata: fillJson(users.appMetadata),
    },
    when: sql`${users.id} = row.value ->> '$.id' and ${users.importedAt} is not null and ${users.status} <> 'deleted'`,
  })

/** Computed in the batch: how many rows were imported, skipped and rejected, added to the numbers of the plan. */
export function countOutcomes(
  { now }: Store,
  rows: readonly { id: string; email: string }[],
  planned: { readonly skipped: number; readonly rejected: number; readonly merged?: number },
): SQL {
  const list = JSON.stringify(rows.map(({ id, email }) => ({ id, email })))
  const counts = sql`select
    count(*) as total,
    count(own.id) as imported,
    count(case when own.id is null and (other.id is not null or ${isReservedRow(now())}) then 1 end) as skipped
    from json_each(${list}) as row
    left join users as own on own.id = row.value ->> '$.id'
    left join users as other on other.email = row.value ->> '$.email'`
  const merged = planned.merged === undefined ? sql`` : sql`, 'merged', ${planned.merged}`
  return sql`(select json_object('imported', imported, 'skipped', skipped + ${planned.skipped},
    'rejected', total - imported - skipped + ${planned.rejected}${merged}) from (${counts}))`
}

/** The fields that a merge may fill. */
export type Fields = Pick<
  User,
  | 'username'
  | 'externalId'
  | 'firstName'
  | 'lastName'
  | 'displayName'
  | 'phoneNumber'
  | 'timezone'
  | 'locale'
  | 'profileImageUrl'
  | 'passwordHash'
  | 'emailVerifiedAt'
  | 'createdAt'
  | 'metadata'
  | 'appMetadata'
>

/** The fields of an account that a merge reads. */
export interface Account
  extends Fields,
    Pick<User, 'id' | 'email' | 'status' | 'importedAt' | 'authVersion' | 'mfaEnabled'> {
  readonly hasPasskey: boolean
  /** Both as stored in the database. */
  readonly metadataText: string | null
  readonly appMetadataText: string | null
}

/** Emails, usernames and external ids of a chunk that exist already. */
export interface Known {
  /** By normalized email. */
  readonly accounts: ReadonlyMap<string, Account>
  /** Emails that are reserved for the accounts which had them before. */
  readonly reserved: ReadonlySet<string>
  /** The email of the user with a username, by the normalized username. */
  readonly usernames: ReadonlyMap<string, string>
  readonly externalIds: ReadonlyMap<string, { readonly email: string; readonly system: string | null }>
}

const isAmong = (column: SQLiteColumn, values: readonly string[]): SQL =>
  sql`${column} in (select value from json_each(${JSON.stringify(values)}))`

/** Reads which names of a chunk exist, in one batch. Later the unique indexes decide about the write. */
export async function selectKnown(
  { db, now }: Store,
  rows: readonly { readonly user: Pick<NewUser, 'email' | 'username' | 'externalId'> }[],
): Promise<Known> {
  const emails = rows.map(({ user }) => normalizeEmail(user.email))
  const keys = rows.flatMap(({ user }) => (user.username ? [normalizeIdentifier(user.username)] : []))
  const ids = rows.flatMap(({ user }) => user.externalId ?? [])
  const [accounts, reserved, usernames, externalIds] = await db.batch([
    db
      .select({
        ...getTableColumns(users),
        hasPasskey: hasPasskey.as('has_passkey'),
        metadataText: sql<string>`${users.metadata}`.as('metadata_text'),
        appMetadataText: sql<string>`${users.appMetadata}`.as('app_metadata_text'),
      })
      .from(users)
      .where(isAmong(users.email, emails)),
    db
      .select({ email: formerAddresses.email })
      .from(formerAddresses)
      .where(and(isAmong(formerAddresses.email, emails), gt(formerAddresses.until, now()))),
    db.select({ key: users.usernameKey, email: users.email }).from(users).where(isAmong(users.usernameKey, keys)),
    db
      .select({
        id: users.externalId,
        email: users.email,
        system: sql<string | null>`json_extract(${users.appMetadata}, '$.imported.from')`.as('system'),
      })
      .from(users)
      .where(isAmong(users.externalId, ids)),
  ])
  return {
    accounts: new Map(
      accounts.map(({ status, hasPasskey, ...row }) => [
        row.email,
        { ...row, status: toUserStatus(status), hasPasskey: Boolean(hasPasskey) },
      ]),
    ),
    reserved: new Set(reserved.map(({ email }) => email)),
    usernames: new Map(usernames.map(({ key, email }) => [key ?? '', email])),
    externalIds: new Map(externalIds.map(({ id, email, system }) => [id ?? '', { email, system }])),
  }
}
