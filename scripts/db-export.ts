import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { readArguments } from './support/arguments.ts'
import { withDatabase } from './support/database.ts'
import { exportDatabase } from './support/database-copy.ts'
import { Refusal } from './support/refusal.ts'

/** `npm run db:export -- --output backup.sql [--remote]`. */
export async function main(args: readonly string[]): Promise<void> {
  const { values, place } = readArguments(args, ['output'])
  if (!values.output) throw new Refusal('name the file: npm run db:export -- --output backup.sql')
  if (existsSync(values.output)) throw new Refusal(`${values.output} is there already; nothing was written`)
  const file = resolve(values.output)
  await withDatabase(place, (database) => exportDatabase(database, file))
  console.log(`The ${place.at} database was copied to ${values.output}. It holds password hashes: keep it as a secret.`)
}
