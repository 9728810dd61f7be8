import { checkScopes, createClient } from './support/accounts.ts'
import { readArguments } from './support/arguments.ts'
import { withDatabase } from './support/database.ts'
import { Refusal } from './support/refusal.ts'

/** `npm run clients:create -- --name gateway --scopes introspect,events:read [--remote]`. */
export async function main(args: readonly string[]): Promise<void> {
  const { values, place } = readArguments(args, ['name', 'scopes'])
  const { name } = values
  if (!name) throw new Refusal('name the client: npm run clients:create -- --name gateway --scopes introspect')
  const scopes = (values.scopes ?? '').split(/[\s,]+/).filter(Boolean)
  await checkScopes(scopes)
  const { id, secret } = await withDatabase(place, async (database) => {
    if (place.at === 'local') await database.applyMigrations()
    return createClient(database, { name, scopes })
  })
  console.log(`client_id      ${id}`)
  console.log(`client_secret  ${secret}  (shown once)`)
  console.log(`scopes         ${scopes.join(' ') || 'none'}`)
}
