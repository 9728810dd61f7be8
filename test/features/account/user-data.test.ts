import { getTableColumns, getTableName, is } from 'drizzle-orm'
import { getTableConfig, integer, SQLiteTable, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { expect, it } from 'vitest'
import { deletedRows, type UserData, withheld } from '../../../src/db/user-data.ts'
import { users } from '../../../src/features/users/tables.ts'
import { ORGANIZATION_DATA, USER_DATA } from '../../../src/user-data.ts'
import { columns } from './erasure-support.ts'

const modules = import.meta.glob('../../../src/**/tables.ts', { eager: true })
const TABLES = Object.values(modules).flatMap((module) =>
  Object.values(module).filter((exported) => is(exported, SQLiteTable)),
)

/** Names of columns that refer to a user or contain something of one. */
const ABOUT_A_USER = /(^|_)user(_|name|$)|email|recipient|replaced_by|phone|address|^actor_id$|^subject$|^ip$/

const referencesUsers = (table: SQLiteTable): string[] =>
  getTableConfig(table).foreignKeys.flatMap((key) => {
    const { foreignTable, columns: from } = key.reference()
    return foreignTable === users ? from.map(({ name }) => name) : []
  })

/** Columns about a user that no list names. The row of `users` is deleted whole. */
const findUnlisted = (tables: readonly SQLiteTable[], list: readonly UserData[]): string[] =>
  tables
    .filter((table) => table !== users)
    .flatMap((table) => {
      const entries = list.filter((entry) => entry.table === table)
      const listed = new Set(entries.flatMap(({ erases, keeps }) => [...erases, ...Object.keys(keeps ?? {})]))
      const references = referencesUsers(table)
      return Object.entries(getTableColumns(table))
        .filter(([key, { name }]) => (ABOUT_A_USER.test(name) || references.includes(name)) && !listed.has(key))
        .map(([, { name }]) => `${getTableName(table)}.${name}`)
    })

it('every column about a user is erased, or kept with a reason', () => {
  expect(findUnlisted(TABLES, USER_DATA)).toEqual([])
})

it('every row of an organization is deleted with it, but what the record keeps', () => {
  const named = TABLES.flatMap((table) =>
    Object.values(getTableColumns(table)).filter(({ name }) => name === 'organization_id' || name === 'scope'),
  )
  const unlisted = named.filter((column) => !ORGANIZATION_DATA.some((listed) => listed.by === column))
  expect(unlisted.map(({ table, name }) => `${getTableName(table)}.${name}`)).toEqual(['events.organization_id'])
})

it('the tables are those of the database', async () => {
  const inDatabase = new Set((await columns()).map(({ table }) => table))
  expect(TABLES.map(getTableName).toSorted()).toEqual([...inDatabase].toSorted())
})

it('the list names columns that exist', () => {
  for (const { table, erases, keeps } of USER_DATA)
    expect(Object.keys(getTableColumns(table))).toEqual(
      expect.arrayContaining([...erases, ...Object.keys(keeps ?? {})]),
    )
})

it('a column about a user that is on no list is found, by its name or by its reference', () => {
  const trips = sqliteTable('trips', {
    id: text('id').primaryKey(),
    userId: text('user_id').notNull(),
    owner: text('owner').references(() => users.id),
    contact: text('contact_email'),
    length: integer('length'),
  })
  const all = ['trips.user_id', 'trips.owner', 'trips.contact_email']
  expect(findUnlisted([...TABLES, trips], USER_DATA)).toEqual(all)
  expect(findUnlisted([trips], [{ ...deletedRows(trips, { userId: 'id' }), ...withheld('x') }])).toEqual(all.slice(1))
  expect(
    findUnlisted(
      [trips],
      [{ ...deletedRows(trips, { userId: 'id' }, { also: ['owner', 'contact'] }), ...withheld('x') }],
    ),
  ).toEqual([])
})

it('each kind of data of today is missed when it is taken off the list', () => {
  const missed = USER_DATA.flatMap((_, index) => findUnlisted(TABLES, USER_DATA.toSpliced(index, 1)))
  expect(missed.toSorted()).toEqual(
    expect.arrayContaining([
      'backup_codes.user_id',
      'consents.user_id',
      'data_requests.user_id',
      'dead_letters.user_id',
      'dear_hashes.user_id',
      'events.user_id',
      'federated_sessions.user_id',
      'former_addresses.email',
      'former_addresses.user_id',
      'grants.user_id',
      'identities.user_id',
      'invitations.email',
      'legal_holds.user_id',
      'mails.recipient',
      'mails.user_id',
      'one_time_tokens.email',
      'one_time_tokens.user_id',
      'passkey_handles.user_id',
      'passkeys.user_id',
      'privacy_settings.user_id',
      'role_assignments.user_id',
      'totp_factors.user_id',
    ]),
  )
})
