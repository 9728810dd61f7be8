import { putAvatar } from '../../../src/features/account/store.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env, json, type TestApp } from '../../support/app.ts'
import { newAddress, type SignedInUser } from '../../support/users.ts'
import { run, userWithEverything } from '../account/erasure-support.ts'
import { refreshUser } from '../factors/totp/support.ts'

export const COMPLIANCE = '/api/v1/compliance'
export const EXPORTS = `${COMPLIANCE}/privacy/data-export`
export const REQUESTS = `${COMPLIANCE}/privacy/data-subject-requests`
export const HOLDS = `${COMPLIANCE}/holds`

/** An isolate whose clock is that much later. The suite's signing keys are not due by then: cron does all its jobs. */
export const later = (ms: number, options: { readonly env?: Readonly<Record<string, unknown>> } = {}): TestApp =>
  createTestApp({
    env: { KEY_ROTATION_DAYS: '365', ...options.env },
    override: (ctx) => ({ ...ctx, now: () => Date.now() + ms }),
  })

// biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
export type Answer = { status: number; body: any; headers: Headers }

export async function call(
  app: TestApp,
  who: Pick<SignedInUser, 'headers'>,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const headers = { ...who.headers, 'cf-connecting-ip': newAddress() }
  const response = await app.fetch(path, method === 'GET' ? { headers } : { ...json(body ?? {}, headers), method })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers }
}

/** What stands of others beside the user: none of it may be in their export. */
export interface Strangers {
  readonly adminId: string
  readonly secrets: readonly string[]
}

/** As `userWithEverything`, with a row for every section of an export, and others who acted on them. */
export async function userInEverySection(app: TestApp): Promise<{ user: SignedInUser; others: Strangers }> {
  const user = await refreshUser(app, await userWithEverything(app))
  const { id } = user.user
  const [organizationId, adminId, friendId] = [newUuid(), newUuid(), newUuid()]
  const secrets = [`friend-${friendId}@example.test`, '203.0.113.66', 'Admin-Browser/1.0', adminId]
  await run(
    `insert into organizations (id, name, slug, created_by, created_at, updated_at) values (?, 'Mine', ?, ?, 0, 0)`,
    organizationId,
    organizationId,
    id,
  )
  const membership = `insert into memberships (id, organization_id, user_id, role, invited_by, removed_by, joined_at, removed_at)
    values (?, ?, ?, 'member', ?, ?, 0, 1)`
  await run(membership, newUuid(), organizationId, id, friendId, adminId)
  await run(membership, newUuid(), organizationId, friendId, id, adminId)
  await run(
    `insert into invitations (id, organization_id, email, role, invited_by, created_at, updated_at, expires_at)
     values (?, ?, ?, 'member', ?, 0, 0, 0)`,
    newUuid(),
    organizationId,
    `friend-${friendId}@example.test`,
    id,
  )
  await run('update role_assignments set assigned_by = ? where user_id = ?', adminId, id)
  await run('update grants set granted_by = ? where user_id = ?', adminId, id)
  await run('insert into role_assignments values (?, ?, ?, ?, 0)', newUuid(), friendId, 'platform', id)
  await run("insert into grants values ('platform', ?, 'x:read', ?, 0)", friendId, id)
  await run(
    `insert into scim_user_emails (organization_id, email, record_id) select organization_id, ?, id from scim_users where user_id = ?`,
    user.email,
    id,
  )
  for (const [group, record] of [
    ['Friends', id],
    ['Strangers', null],
  ] as const) {
    const groupId = newUuid()
    await run(
      `insert into scim_groups (id, organization_id, display_name, display_name_key, write_id, created_at, updated_at)
       values (?1, ?1, ?2, ?1, 'x', 0, 0)`,
      groupId,
      group,
    )
    await run(
      "insert into scim_members select organization_id, ?, id, 'x' from scim_users where user_id is ? limit 1",
      groupId,
      record,
    )
  }
  const event = `insert into events (id, type, time, subject, user_id, actor_type, actor_id, data, ip, user_agent, delivered_at)
    values (?, ?, 1000, ?, ?, 'user', ?, ?, ?, ?, 1)`
  await run(event, newUuid(), 'user.locked', id, id, adminId, '{"reason":"odd"}', '203.0.113.66', 'Admin-Browser/1.0')
  const about = JSON.stringify({ about: `friend-${friendId}@example.test` })
  await run(event, newUuid(), 'user.updated', friendId, friendId, id, about, '192.0.2.1', 'x')
  await putAvatar(await app.ctx(), { userId: id, random: '00'.repeat(16), extension: 'png' }, new Uint8Array([1, 2, 3]))
  await delivered(id)
  return { user, others: { adminId, secrets } }
}

/** An attempt of the user's own endpoint. */
async function delivered(userId: string): Promise<void> {
  const [row] = (
    await env.DB.prepare('select id from webhook_endpoints where user_id = ?').bind(userId).all<{ id: string }>()
  ).results
  const { runInDurableObject } = await import('cloudflare:test')
  const stub = (env.WEBHOOK_ENDPOINT as unknown as DurableObjectNamespace).getByName(row?.id ?? '')
  await runInDurableObject(stub, (_, { storage }) => {
    storage.sql.exec(`insert into events (seq, id, type, taken_at) values (1, ?, 'user.updated', 0)`, newUuid())
    storage.sql.exec(
      `insert into attempts (id, seq, events, attempt, at, ok, status, duration) values (?, 1, 1, 1, ?, 1, 200, 1)`,
      newUuid(),
      Date.now(),
    )
  })
}

/** Asks for an export, in the caller's session. */
export async function exportOf(app: TestApp, user: Pick<SignedInUser, 'headers'>): Promise<string> {
  const { status, body } = await call(app, user, 'POST', EXPORTS)
  if (status !== 202) throw new Error(JSON.stringify(body))
  return body.id
}
