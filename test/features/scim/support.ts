import { newUuid } from '../../../src/lib/ids.ts'
import { env, type TestApp } from '../../support/app.ts'
import { createTeam, type Reply, type Team } from '../../support/organizations.ts'

export const run = (statement: string, ...values: unknown[]) =>
  env.DB.prepare(statement)
    .bind(...values)
    .run()

export const rowsOf = async <T = Record<string, unknown>>(statement: string, ...values: unknown[]): Promise<T[]> =>
  (
    await env.DB.prepare(statement)
      .bind(...values)
      .all<T>()
  ).results

export const SCIM = '/api/v1/scim/v2'
export const CORE = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group'
export const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
export const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

export interface ScimReply extends Reply {
  readonly headers: Headers
}

export interface Call {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is. */
  readonly text?: string
}

/** A directory with its token. */
export interface TestDirectory {
  readonly app: TestApp
  readonly team: Team
  /** Verified by the organization. */
  readonly domain: string
  readonly token: string
  call(method: string, path: string, call?: Call): Promise<ScimReply>
  /** A name in the organization's domain. */
  name(): string
  user(fields?: object): Promise<ScimReply>
  patch(id: string, ...operations: object[]): Promise<ScimReply>
  group(fields?: object): Promise<ScimReply>
  patchGroup(id: string, ...operations: object[]): Promise<ScimReply>
}

export async function verifyDomain(organizationId: string, domain = `${newUuid()}.test`): Promise<string> {
  await run("insert into organization_domains values (?, ?, 'x', 1, 1, 0, null, null)", organizationId, domain)
  return domain
}

export async function callScim(
  app: TestApp,
  token: string | null,
  { method, path, body, headers = {}, text }: { method: string; path: string } & Call,
): Promise<ScimReply> {
  const sent = text ?? (body === undefined ? undefined : JSON.stringify(body))
  const answer = await app.fetch(path, {
    method,
    headers: {
      ...(sent === undefined ? {} : { 'content-type': 'application/scim+json' }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(sent === undefined ? {} : { body: sent }),
  })
  const read = await answer.text()
  return { status: answer.status, headers: answer.headers, body: read === '' ? null : JSON.parse(read) }
}

export async function connect(app: TestApp, config: object = {}): Promise<TestDirectory> {
  const team = await createTeam(app)
  const domain = await verifyDomain(team.id)
  const { status, body } = await team.owner.call('POST', `${team.path}/scim/config`, { provider: 'okta', ...config })
  if (status !== 201) throw new Error(`not configured: ${JSON.stringify(body)}`)
  return directoryOf(app, { team, domain, token: body.bearer_token })
}

export function directoryOf(
  app: TestApp,
  { team, domain, token }: Pick<TestDirectory, 'team' | 'domain' | 'token'>,
): TestDirectory {
  const call = (method: string, path: string, rest: Call = {}) =>
    callScim(app, token, { method, path: `${SCIM}${path}`, ...rest })
  const name = () => `${newUuid()}@${domain}`
  const patched = (path: string, operations: object[]) =>
    call('PATCH', path, { body: { schemas: [PATCH_OP], Operations: operations } })
  return {
    app,
    team,
    domain,
    token,
    call,
    name,
    user: (fields = {}) => call('POST', '/Users', { body: { schemas: [CORE], userName: name(), ...fields } }),
    patch: (id, ...operations) => patched(`/Users/${id}`, operations),
    group: (fields = {}) => call('POST', '/Groups', { body: { schemas: [GROUP], displayName: newUuid(), ...fields } }),
    patchGroup: (id, ...operations) => patched(`/Groups/${id}`, operations),
  }
}

export const SCIM_ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error'

/** What is compared of a refusal. */
export const refusalOf = ({ status, body }: ScimReply) => [status, body?.scimType ?? null]

/** The account behind a record. */
export async function accountOf(id: string) {
  const [row] = await rowsOf<{ id: string; status: string; email: string }>(
    'select users.* from scim_users join users on users.id = scim_users.user_id where scim_users.id = ?',
    id,
  )
  return row
}

export async function membershipOf(organizationId: string, userId: string) {
  const [row] = await rowsOf<{ role: string; taken_up_at: number | null; suspended_at: number | null }>(
    'select * from memberships where organization_id = ? and user_id = ? and removed_at is null',
    organizationId,
    userId,
  )
  return row
}
