import { promoteToAdmin } from './support/accounts.ts'
import { type Arguments, type Command, placeOf, REMOTE } from './support/arguments.ts'
import { withDatabase } from './support/database.ts'
import { propagate } from './support/propagation.ts'

export const command = {
  call: 'npm run admin:promote',
  about: 'Makes an admin of a user.',
  operands: [{ name: 'EMAIL', about: "the user's address" }],
  options: REMOTE,
} as const satisfies Command

export async function main({ values, operands: [email = ''] }: Arguments<typeof command>): Promise<void> {
  const place = placeOf(values)
  await withDatabase(place, (database) => promoteToAdmin(database, email))
  console.log(`${email} is an admin in the ${place.at} database.`)
  console.log(`Tokens of before are refused ${await propagate(place)}; their clients refresh and are admins.`)
}
