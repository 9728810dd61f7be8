import { issueOneTimeToken } from '../../../src/features/links/service.ts'
import { listFormerAddresses } from '../../../src/features/users/service/former-addresses.ts'
import { changeUserState } from '../../../src/features/users/service/state.ts'
import { findUser } from '../../../src/features/users/service/users.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { env, json, type TestApp } from '../../support/app.ts'
import { newAddress, type SignedInUser, signUpUser } from '../../support/users.ts'

export const run = (statement: string, ...values: unknown[]) =>
  env.DB.prepare(statement)
    .bind(...values)
    .run()

interface Answer {
  readonly status: number
  readonly [key: string]: unknown
}

export async function call(
  app: TestApp,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await app.fetch(`/api/v1/auth/${path}`, json(body, { 'cf-connecting-ip': newAddress(), ...headers }))
  return { ...(await answer.json<object>()), status: answer.status }
}

export const userOf = async (app: TestApp, { user }: { readonly user: { readonly id: string } }) => {
  const found = await findUser(await app.ctx(), user.id)
  if (!found) throw new Error('no user')
  return found
}

/** A user who has proven the address. */
export async function verifiedUser(app: TestApp): Promise<SignedInUser> {
  const account = await signUpUser(app)
  await run('update users set email_verified_at = 1 where id = ?', account.user.id)
  return account
}

/** The link that a change of address waits for, without the mail that brings it. */
export async function changeLink(app: TestApp, account: SignedInUser, email: string): Promise<string> {
  const { id: userId, email: oldEmail, authVersion } = await userOf(app, account)
  const data = { oldEmail, authVersion, sessionId: newUuid() }
  const input = { purpose: 'email_change', userId, email, data, lifetimeMs: 60_000, keepsOlder: true } as const
  return (await issueOneTimeToken(await app.ctx(), input)).token
}

/** The account's user, or a thief in it, changes the address. */
export async function changeAddress(app: TestApp, account: SignedInUser, email: string): Promise<void> {
  const answer = await call(app, 'verify-email', { token: await changeLink(app, account, email) })
  if (answer.status !== 200) throw new Error(JSON.stringify(answer))
  await app.settled()
}

/** A link that takes the last change away from `email` back, without the mail that brings it. */
export async function revertLink(app: TestApp, { user }: SignedInUser, email: string): Promise<string> {
  const ctx = await app.ctx()
  const former = (await listFormerAddresses(ctx, user.id)).findLast((address) => address.email === email)
  if (!former) throw new Error('the address is not reserved')
  const data = { changeId: former.id }
  const lifetimeMs = former.until - ctx.now()
  const input = { purpose: 'email_revert', userId: user.id, email, data, lifetimeMs, keepsOlder: true } as const
  return (await issueOneTimeToken(ctx, input)).token
}

export async function insertPasskey(userId: string, createdAt: number): Promise<string> {
  const id = newUuid()
  await run(
    `insert into passkeys (id, user_id, credential_id, public_key, sign_count, transports, device_type, backed_up, aaguid, rp_id, created_at)
     values (?, ?, ?, 'x', 0, '[]', 'multiDevice', 1, 'x', '127.0.0.1', ?)`,
    id,
    userId,
    newUuid(),
    createdAt,
  )
  return id
}

/** An authenticator whose codes nobody asks for. */
export async function insertTotp(userId: string, confirmedAt: number): Promise<void> {
  await run('update users set mfa_enabled = 1 where id = ?', userId)
  await run(
    "insert into totp_factors (user_id, secret_sealed, created_at, confirmed_at) values (?, 'x', 1, ?)",
    userId,
    confirmedAt,
  )
  await run(
    "insert into backup_codes (id, user_id, salt, code_hash, hint, created_at) values (?, ?, 'x', 'x', 'xx', ?)",
    newUuid(),
    userId,
    confirmedAt,
  )
}

export const idsOf = async (table: 'passkeys' | 'totp_factors' | 'backup_codes', userId: string) =>
  (await env.DB.prepare(`select * from ${table} where user_id = ?`).bind(userId).all<{ id: string }>()).results.map(
    ({ id }) => id,
  )

/** What `DELETE /api/v1/users/me` does. */
export async function deleteOwnAccount(app: TestApp, { user: { id } }: SignedInUser): Promise<void> {
  await changeUserState(await app.ctx(), { userId: id, change: 'delete', actor: { type: 'user', id } })
}
