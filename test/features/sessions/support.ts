import { openSession } from '../../../src/features/sessions/service/opening.ts'
import { refreshSession } from '../../../src/features/sessions/service/refreshing.ts'
import type { OpenedSession } from '../../../src/features/sessions/types.ts'
import { createUser, type NewUser } from '../../../src/features/users/service/users.ts'
import type { User } from '../../../src/features/users/types.ts'
import type { DomainError } from '../../../src/lib/errors.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { env, type TestApp } from '../../support/app.ts'

export interface Caller extends OpenedSession {
  readonly user: User
  readonly ask: (method: string, path: string) => Promise<Response>
}

export const freshUser = async (app: TestApp, changes: Partial<NewUser> = {}): Promise<User> =>
  createUser(await app.ctx(), { email: `${newUuid()}@example.test`, ...changes })

/** One more session of a user. */
export async function signIn(app: TestApp, user: User, amr: string[] = ['pwd']): Promise<Caller> {
  const opened = await openSession(await app.ctx(), { user, amr, events: [{ type: 'user.signed_in' }] })
  const headers = { authorization: `Bearer ${opened.tokens.accessToken}` }
  return { ...opened, user, ask: (method, path) => app.fetch(path, { method, headers }) }
}

export const freshCaller = async (app: TestApp, changes: Partial<NewUser> = {}): Promise<Caller> =>
  signIn(app, await freshUser(app, changes))

export const setUser = (id: string, column: 'status' | 'auth_version', value: string | number) =>
  env.DB.prepare(`update users set ${column} = ? where id = ?`).bind(value, id).run()

export async function refresh(app: TestApp, refreshToken: string, idempotencyKey: string | null = null) {
  return refreshSession(await app.ctx(), { refreshToken, idempotencyKey })
}

export const errorOf = (work: Promise<unknown>): Promise<DomainError> =>
  work.then(
    () => {
      throw new Error('it was answered')
    },
    (thrown: DomainError) => thrown,
  )
