import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { readArguments } from './support/arguments.ts'
import { restoreDatabase } from './support/database-copy.ts'
import { Refusal } from './support/refusal.ts'

/** `npm run db:restore -- --file backup.sql [--remote]`. */
export async function main(args: readonly string[]): Promise<void> {
  const { values, database } = readArguments(args, ['file'])
  if (!values.file) throw new Refusal('name the copy: npm run db:restore -- --file backup.sql')
  if (!existsSync(values.file)) throw new Refusal(`${values.file} is no file`)
  await restoreDatabase(database, resolve(values.file))
  console.log(`${values.file} was restored into the ${database.at} database.`)
}
