import { checkScopes, createClient } from './support/accounts.ts'
import { type Arguments, type Command, placeOf, REMOTE } from './support/arguments.ts'
import { withDatabase } from './support/database.ts'
import { Refusal } from './support/refusal.ts'

export const command = {
  call: 'npm run clients:create',
  about: "Makes a machine's credentials.",
  options: {
    name: { value: 'NAME', about: 'what it is called; required' },
    scopes: { value: 'SCOPES', about: 'such as introspect,events:read' },
    ...REMOTE,
  },
} as const satisfies Command

export async function main({ values }: Arguments<typeof command>): Promise<void> {
  const place = placeOf(values)
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
