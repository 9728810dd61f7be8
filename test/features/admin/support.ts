import { env, type TestApp } from '../../support/app.ts'
import type { SignedInUser } from '../../support/users.ts'

export const ADMIN = '/api/v1/admin'

/** A request of `user` to the admin API; a body makes it JSON. */
export function asking(app: TestApp, user: Pick<SignedInUser, 'headers'>) {
  return async (method: string, path: string, body?: unknown): Promise<Response> =>
    app.fetch(ADMIN + path, {
      method,
      headers: { ...user.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
}

/** A passkey in the database alone: nobody can sign in with it. */
export async function insertPasskey(userId: string, name: string | null = null): Promise<string> {
  const id = crypto.randomUUID()
  await env.DB.prepare(
    `insert into passkeys (id, user_id, credential_id, public_key, sign_count, transports, device_type, backed_up, aaguid, rp_id, name, created_at)
     values (?, ?, ?, 'x', 0, '[]', 'singleDevice', 0, '', 'localhost', ?, 1)`,
  )
    .bind(id, userId, crypto.randomUUID(), name)
    .run()
  return id
}
