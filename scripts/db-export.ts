import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Arguments, type Command, placeOf, REMOTE } from './support/arguments.ts'
import { withDatabase } from './support/database.ts'
import { exportDatabase, retryWhileBusy } from './support/database-copy.ts'
import { Refusal } from './support/refusal.ts'

export const command = {
  call: 'npm run db:export',
  about: 'Copies the database into a file.',
  options: { output: { value: 'FILE', about: 'a file that is not there yet; required' }, ...REMOTE },
} as const satisfies Command

export async function main({ values }: Arguments<typeof command>): Promise<void> {
  const place = placeOf(values)
  if (!values.output) throw new Refusal('name the file: npm run db:export -- --output backup.sql')
  if (existsSync(values.output)) throw new Refusal(`${values.output} is there already; nothing was written`)
  const file = resolve(values.output)
  await retryWhileBusy(() => withDatabase(place, (database) => exportDatabase(database, file)))
  console.log(`The ${place.at} database was copied to ${values.output}. It holds password hashes: keep it as a secret.`)
}
