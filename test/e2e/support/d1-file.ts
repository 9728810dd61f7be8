import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** The file of the D1 database in a state, read without the service. */
export function openD1File(state: string): DatabaseSync {
  const folder = join(state, 'v3/d1/miniflare-D1DatabaseObject')
  const name = readdirSync(folder).find((file) => /^[0-9a-f]+\.sqlite$/.test(file)) ?? ''
  return new DatabaseSync(join(folder, name))
}
