import { createAdmin } from './support/accounts.ts'
import { type Arguments, type Command, placeOf, REMOTE } from './support/arguments.ts'
import { withDatabase } from './support/database.ts'
import { terminal } from './support/deployment/answers.ts'
import { randomToken } from './support/random.ts'
import { Refusal } from './support/refusal.ts'

async function askEmail(): Promise<string> {
  const instead = 'npm run admin:create -- --email you@example.com'
  if (!process.stdin.isTTY) throw new Refusal(`name the admin: ${instead}`)
  return terminal.ask('Email of the admin:', instead)
}

export const command = {
  call: 'npm run admin:create',
  about: 'Makes an admin.',
  options: {
    email: { value: 'EMAIL', about: 'the address (ADMIN_EMAIL)' },
    password: { value: 'PASSWORD', about: 'the password (ADMIN_PASSWORD); without it one is made and shown once' },
    ...REMOTE,
  },
} as const satisfies Command

export async function main({ values }: Arguments<typeof command>): Promise<void> {
  const place = placeOf(values)
  const email = values.email || process.env.ADMIN_EMAIL || (await askEmail())
  const given = values.password || process.env.ADMIN_PASSWORD || undefined
  const password = given ?? randomToken(15)
  await withDatabase(place, async (database) => {
    if (place.at === 'local') await database.applyMigrations()
    await createAdmin(database, { email, password })
  })
  console.log(`Admin ${email} was made in the ${place.at} database.`)
  if (given === undefined) console.log(`Password, shown once: ${password}`)
}
