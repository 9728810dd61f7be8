import { resetAdminPassword } from './support/accounts.ts'
import { type Arguments, type Command, placeOf, REMOTE } from './support/arguments.ts'
import { withDatabase } from './support/database.ts'
import { propagate } from './support/propagation.ts'
import { randomToken } from './support/random.ts'

export const command = {
  call: 'npm run admin:reset-password',
  about: 'Sets the password of an admin who forgot it. Every session of theirs ends; a second factor stays on.',
  operands: [{ name: 'EMAIL', about: "the admin's address" }],
  options: {
    password: { value: 'PASSWORD', about: 'the new password (ADMIN_PASSWORD); without it one is made and shown once' },
    ...REMOTE,
  },
} as const satisfies Command

export async function main({ values, operands: [email = ''] }: Arguments<typeof command>): Promise<void> {
  const place = placeOf(values)
  const given = values.password || process.env.ADMIN_PASSWORD || undefined
  const password = given ?? randomToken(15)
  await withDatabase(place, (database) => resetAdminPassword(database, { email, password }))
  console.log(`The password of ${email} was set in the ${place.at} database.`)
  if (given === undefined) console.log(`Password, shown once: ${password}`)
  console.log(`Older sessions are refused ${await propagate(place)}.`)
}
