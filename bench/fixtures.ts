import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Miniflare } from 'miniflare'

export interface PosternUser {
  readonly email: string
  readonly password: string
  readonly accessToken: string
  readonly refreshToken: string
}

export const PASSWORD = 'a long walk past the lighthouse'

const emailOf = (index: number): string => `user${index}.${randomBytes(4).toString('hex')}@example.com`

export async function send(method: string, url: URL, body?: unknown, token?: string): Promise<Response> {
  const answer = await fetch(url, {
    method,
    headers: {
      'content-type': 'application/json',
      origin: 'http://127.0.0.1',
      ...(token && { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(`${method} ${url.pathname} answered ${answer.status}: ${await answer.text()}`)
  return answer
}

export const post = (url: URL, body: unknown, token?: string): Promise<Response> => send('POST', url, body, token)

/** A new UUID, in SQL. */
export const NEW_UUID = `lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a' ||
  substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))`

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

export async function signUpPostern(base: URL, count: number): Promise<PosternUser[]> {
  const users: PosternUser[] = []
  for (let index = 0; index < count; index += 1) {
    const email = emailOf(index)
    const answer = await post(new URL('/api/v1/auth/signup', base), { email, password: PASSWORD })
    const tokens = (await answer.json()) as Tokens
    users.push({ email, password: PASSWORD, accessToken: tokens.access_token, refreshToken: tokens.refresh_token })
  }
  return users
}

const ORGANIZATION = { roles: 10, permissions: 20 }

/** What a member of the bench's organization may do: by the role `member`, and by a custom role. */
export const ALLOWED = { bySystemRole: 'users:read', byCustomRole: 'r1:p1' }

/** Makes the users members of an organization in which each has a custom role, and signs them in there. */
export async function joinOrganization(
  runtime: Miniflare,
  base: URL,
  users: readonly PosternUser[],
): Promise<PosternUser[]> {
  const database = await runtime.getD1Database('DB', 'postern')
  const run = (sql: string, ...values: unknown[]) =>
    database
      .prepare(sql)
      .bind(...values)
      .run()
  const organization = randomUUID()
  const now = Date.now()
  await run(
    'insert into organizations (id, name, slug, created_at, updated_at) values (?, ?, ?, ?, ?)',
    ...[organization, 'Bench', organization, now, now],
  )
  for (let role = 1; role <= ORGANIZATION.roles; role += 1) {
    const permissions = Array.from({ length: ORGANIZATION.permissions }, (_, index) => `r${role}:p${index + 1}`)
    await run(
      'insert into roles (id, scope, key, name, name_key, permissions, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?)',
      ...[
        `${organization}-${role}`,
        organization,
        `r${role}`,
        `r${role}`,
        `r${role}`,
        JSON.stringify(permissions),
        now,
        now,
      ],
    )
  }
  const members: PosternUser[] = []
  for (const { email, password } of users) {
    const { id: user } =
      (await database.prepare('select id from users where email = ?').bind(email).first<{ id: string }>()) ?? {}
    await run(
      "insert into memberships (id, organization_id, user_id, role, joined_at, taken_up_at) values (?, ?, ?, 'member', ?, ?)",
      ...[randomUUID(), organization, user, now, now],
    )
    await run(
      'insert into role_assignments (role_id, user_id, scope, assigned_by, assigned_at) values (?, ?, ?, ?, ?)',
      ...[`${organization}-1`, user, organization, user, now],
    )
    const answer = await post(new URL('/api/v1/auth/signin', base), { email, password })
    const tokens = (await answer.json()) as Tokens
    members.push({ email, password, accessToken: tokens.access_token, refreshToken: tokens.refresh_token })
  }
  return members
}

const PLACES = 10

/** Makes users members of ten new organizations, one of which becomes the active one of their sessions; returns that one's id. */
export async function joinTen(runtime: Miniflare, base: URL, users: readonly PosternUser[]): Promise<string> {
  const database = await runtime.getD1Database('DB', 'postern')
  const active = randomUUID()
  const organizations = [active, ...Array.from({ length: PLACES - 1 }, () => randomUUID())]
  const now = Date.now()
  const made = database.prepare(
    'insert into organizations (id, name, slug, created_at, updated_at) values (?, ?, ?, ?, ?)',
  )
  const joined = database.prepare(
    `insert into memberships (id, organization_id, user_id, role, joined_at, taken_up_at)
     select ?, ?, id, 'member', ?, ? from users where email = ?`,
  )
  await database.batch([
    ...organizations.map((id) => made.bind(id, 'Bench', id, now, now)),
    ...organizations.flatMap((id) => users.map(({ email }) => joined.bind(randomUUID(), id, now, now, email))),
  ])
  for (const { accessToken } of users)
    await post(new URL(`/api/v1/organizations/${active}/activate`, base), {}, accessToken)
  return active
}

export interface BetterAuthUser {
  readonly email: string
  readonly password: string
  /** The `Cookie` header of its session. */
  readonly cookie: string
}

export async function signUpBetterAuth(base: URL, count: number): Promise<BetterAuthUser[]> {
  await fetch(new URL('/migrate', base))
  const users: BetterAuthUser[] = []
  for (let index = 0; index < count; index += 1) {
    const email = emailOf(index)
    const body = { email, password: PASSWORD, name: `User ${index}` }
    const answer = await post(new URL('/api/auth/sign-up/email', base), body)
    const cookies = answer.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0] ?? '')
    users.push({ email, password: PASSWORD, cookie: cookies.join('; ') })
  }
  return users
}

/** An organization with this many policies, a tenth of which are about what is asked, and a question about one of its members. */
export async function createPolicies(runtime: Miniflare, members: readonly PosternUser[], count: number) {
  const database = await runtime.getD1Database('DB', 'postern')
  const { user, scope } =
    (await database
      .prepare(
        'select user_id as user, organization_id as scope from memberships join users on users.id = user_id where email = ?',
      )
      .bind(members[0]?.email)
      .first<{ user: string; scope: string }>()) ?? {}
  const insert = database.prepare(
    `insert into policies (id, scope, name, effect, resource_pattern, conditions, size, created_at, updated_at)
     values (?, ?, 'Bench', 'allow', ?, '{"StringEquals":{"context.department":["design","engineering"]}}', 100, 0, 0)`,
  )
  await database.batch([
    ...Array.from({ length: count }, (_, index) => insert.bind(randomUUID(), scope, `team-${index % 10}-*`)),
    database.prepare('insert into policy_sets values (?, 1)').bind(scope),
  ])
  return {
    subject_id: user,
    organization_id: scope,
    resource_type: 'document',
    resource_id: 'team-0-plan',
    action: 'read',
    context: { department: 'design' },
  }
}

/** A machine with scopes, written as `npm run clients:create` does, and its access token. */
export async function createPosternClient(runtime: Miniflare, base: URL, scopes: readonly string[]): Promise<string> {
  const id = randomUUID()
  const secret = `pcs_${randomBytes(32).toString('base64url')}`
  const database = await runtime.getD1Database('DB', 'postern')
  await database
    .prepare('insert into clients (id, name, secret_hash, scopes, created_at) values (?, ?, ?, ?, ?)')
    .bind(id, 'bench', createHash('sha256').update(secret).digest('base64url'), JSON.stringify(scopes), Date.now())
    .run()
  const answer = await fetch(new URL('/oauth/token', base), {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  if (!answer.ok) throw new Error(`POST /oauth/token answered ${answer.status}: ${await answer.text()}`)
  return ((await answer.json()) as Tokens).access_token
}
