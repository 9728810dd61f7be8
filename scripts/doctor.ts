import type { Arguments, Command } from './support/arguments.ts'
import { diagnose } from './support/doctor.ts'
import { Refusal } from './support/refusal.ts'
import { DEFAULT_PORT, localOrigin } from './support/settings.ts'

export const command = {
  call: 'npm run doctor',
  about:
    'Checks a running service: reachable, settings, keys, clock; and as the admin of ADMIN_EMAIL and ADMIN_PASSWORD:\n' +
    'how soon an ended session is refused, and whether mail leaves (the admin gets one).',
  options: { url: { value: 'URL', about: 'the service (the one of this machine)' } },
} as const satisfies Command

export async function main({ values }: Arguments<typeof command>): Promise<void> {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password, PORT } = process.env
  const text = values.url ?? localOrigin(Number(PORT) || DEFAULT_PORT)
  const url = URL.parse(text)
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') throw new Refusal(`--url ${text} is no http(s) address`)
  const isWell = await diagnose(url.origin, email && password ? { email, password } : null)
  process.exitCode = isWell ? 0 : 1
}
