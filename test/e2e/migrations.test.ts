import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { PROJECT_ROOT } from './support/checkout.ts'

const MIGRATIONS = join(PROJECT_ROOT, 'migrations')
const files = readdirSync(MIGRATIONS)
  .filter((name) => name.endsWith('.sql'))
  .sort()

const apply = (database: DatabaseSync, names: readonly string[]) => {
  for (const name of names) database.exec(readFileSync(join(MIGRATIONS, name), 'utf8'))
}

it('ids of other systems are taken from what earlier imports kept, and users stay found', () => {
  const database = new DatabaseSync(':memory:')
  const at = files.findIndex((name) => name.endsWith('_external_ids.sql'))
  apply(database, files.slice(0, at))
  const users: readonly (readonly [string, object])[] = [
    ['signed-up', {}],
    ['auth0', { imported: { from: 'auth0', id: 'auth0|5dea' } }],
    ['auth0-database', { imported: { from: 'auth0', id: '60425da9' } }],
    ['firebase', { imported: { from: 'firebase', id: 'aBc123' }, plan: 'gold' }],
    ['twice', { imported: { from: 'firebase', id: 'aBc123' } }],
    ['nameless', { imported: { username: 'ada.lovelace' } }],
    ['odd', { imported: 7 }],
    ['plain', {}],
  ]
  const insert = database.prepare(
    'insert into users (id, email, app_metadata, created_at, updated_at) values (?, ?, ?, 5, 5)',
  )
  for (const [id, metadata] of users) insert.run(id, `${id}@example.com`, JSON.stringify(metadata))
  database.exec(`insert into events (id, type, time, subject, user_id, actor_type, actor_id, data)
    values ('e', 'user.created', 5, 'plain', 'plain', 'user', 'a', '{"after":{"imported":true}}')`)
  apply(database, files.slice(at))
  expect(database.prepare('select id, external_id, imported_at from users order by number').all()).toEqual([
    { id: 'signed-up', external_id: null, imported_at: null },
    { id: 'auth0', external_id: 'auth0|5dea', imported_at: 5 },
    { id: 'auth0-database', external_id: 'auth0|60425da9', imported_at: 5 },
    { id: 'firebase', external_id: 'aBc123', imported_at: 5 },
    { id: 'twice', external_id: null, imported_at: 5 },
    { id: 'nameless', external_id: null, imported_at: 5 },
    { id: 'odd', external_id: null, imported_at: null },
    { id: 'plain', external_id: null, imported_at: 5 },
  ])
  const search = database.prepare('select rowid from user_search where user_search match ?')
  expect(
    [search.all('"60425"'), search.all('"firebase@"'), search.all('"signed"')].map(({ length }) => length),
  ).toEqual([1, 1, 1])
  database.exec("insert into user_search (user_search, rank) values ('integrity-check', 1)")
  database.close()
})

it('organizations from before the index of their search are found', () => {
  const database = new DatabaseSync(':memory:')
  const at = files.findIndex((name) => name.endsWith('_organization_lists.sql'))
  apply(database, files.slice(0, at))
  database.exec(`insert into organizations (id, name, slug, created_at, updated_at)
    values ('a', 'Analytical Engines', 'engines', 5, 5), ('b', 'Looms', 'jacquard', 5, 5)`)
  apply(database, files.slice(at))
  const search = database.prepare('select rowid from organization_search where organization_search match ?')
  expect([search.all('"tical e"'), search.all('"acqu"')]).toEqual([[{ rowid: 1 }], [{ rowid: 2 }]])
  database.close()
})
