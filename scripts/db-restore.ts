import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { readArguments } from './support/arguments.ts'
import { withDatabase } from './support/database.ts'
import { checkCopy, restoreDatabase } from './support/database-copy.ts'
import { Refusal } from './support/refusal.ts'

/** `npm run db:restore -- --file backup.sql [--remote]`. */
export async function main(args: readonly string[]): Promise<void> {
  const { values, place } = readArguments(args, ['file'])
  if (!values.file) throw new Refusal('name the copy: npm run db:restore -- --file backup.sql')
  if (!existsSync(values.file)) throw new Refusal(`${values.file} is no file`)
  const file = resolve(values.file)
  await checkCopy(file)
  await withDatabase(place, (database) => restoreDatabase(database, file))
  console.log(`${values.file} was restored into the ${place.at} database.`)
}
