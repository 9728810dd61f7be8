import type { Config } from '../../src/config.ts'
import { openSession } from '../../src/features/sessions/service/opening.ts'
import type { OpenedSession } from '../../src/features/sessions/types.ts'
import { createUser, type NewUser } from '../../src/features/users/service/users.ts'
import type { User } from '../../src/features/users/types.ts'
import { newUuid } from '../../src/lib/ids.ts'
import { hashPassword } from '../../src/lib/password-hash/password-hash.ts'
import type { TestApp } from './app.ts'

/** No common password, and nobody's name. */
export const PASSWORD = 'Tr0ubadour-of-the-gate'

export const newEmail = (): string => `user-${newUuid()}@example.test`

const hashes = new Map<string, Promise<string>>()

/** Each password is hashed once for all accounts that have it, at what a hash costs in the app. */
export async function hashOf(app: TestApp, password: string): Promise<string> {
  const ctx = await app.ctx()
  const key = JSON.stringify([ctx.hashCost, password])
  const known = hashes.get(key) ?? hashPassword(ctx, password)
  hashes.set(key, known)
  return known
}

/** An account with `PASSWORD`, made by the service: no sign-up is counted and no mail is sent. */
export async function createAccount(app: TestApp, fields: Partial<NewUser> = {}): Promise<User> {
  const passwordHash = await hashOf(app, PASSWORD)
  return createUser(await app.ctx(), { email: newEmail(), passwordHash, ...fields })
}

export interface OpenAccount extends OpenedSession {
  readonly user: User
}

/** As `createAccount`, with a session; `settings` are those that it is opened with. */
export async function openAccount(
  app: TestApp,
  fields: Partial<NewUser> = {},
  settings: Partial<Config> = {},
): Promise<OpenAccount> {
  const [ctx, user] = await Promise.all([app.ctx(), createAccount(app, fields)])
  const opened = await openSession({ ...ctx, config: { ...ctx.config, ...settings } }, { user, amr: ['pwd'] })
  return { user, ...opened }
}
