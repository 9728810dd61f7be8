import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Arguments, type Command, placeOf, REMOTE } from './support/arguments.ts'
import { withDatabase } from './support/database.ts'
import { checkCopy, restoreDatabase } from './support/database-copy.ts'
import { Refusal } from './support/refusal.ts'

export const command = {
  call: 'npm run db:restore',
  about: 'Restores a copy of `npm run db:export` into an empty database.',
  options: { file: { value: 'FILE', about: 'the copy; required' }, ...REMOTE },
} as const satisfies Command

export async function main({ values }: Arguments<typeof command>): Promise<void> {
  const place = placeOf(values)
  if (!values.file) throw new Refusal('name the copy: npm run db:restore -- --file backup.sql')
  if (!existsSync(values.file)) throw new Refusal(`${values.file} is no file`)
  const file = resolve(values.file)
  await checkCopy(file)
  await withDatabase(place, (database) => restoreDatabase(database, file))
  console.log(
    `${values.file} was restored into the ${place.at} database. It needs the ROOT_SECRET that it was made with.`,
  )
}
