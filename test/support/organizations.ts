import { runInDurableObject } from 'cloudflare:test'
import { insertMembership, insertOrganization } from '../../src/features/memberships/service.ts'
import { openSession } from '../../src/features/sessions/service/opening.ts'
import type { User } from '../../src/features/users/types.ts'
import { newUuid } from '../../src/lib/ids.ts'
import type { Rank } from '../../src/lib/roles.ts'
import { env, type TestApp } from './app.ts'
import { createAccount, openAccount } from './world.ts'

export interface Reply {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
  readonly body: any
}

/** A user with a session, who calls the API. */
export interface Person {
  readonly app: TestApp
  readonly user: User
  readonly id: string
  readonly refreshToken: string
  readonly headers: Readonly<Record<string, string>>
  call(method: string, path: string, body?: unknown): Promise<Reply>
  /** The same person with another access token. */
  withToken(accessToken: string): Person
}

export async function ask(
  app: TestApp,
  { method, path, body, headers = {} }: { method: string; path: string; body?: unknown; headers?: object },
): Promise<Reply> {
  const answer = await app.fetch(path, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
}

const personOf = (app: TestApp, user: User, tokens: { accessToken: string; refreshToken: string }): Person => {
  const headers = { authorization: `Bearer ${tokens.accessToken}` }
  return {
    app,
    user,
    id: user.id,
    refreshToken: tokens.refreshToken,
    headers,
    call: (method, path, body) => ask(app, { method, path, body, headers }),
    withToken: (accessToken) => personOf(app, user, { ...tokens, accessToken }),
  }
}

/** Somebody whose address is verified, signed in. */
export async function openPerson(app: TestApp, fields: Parameters<typeof openAccount>[1] = {}): Promise<Person> {
  const { user, tokens } = await openAccount(app, { emailVerifiedAt: 1, status: 'active', ...fields })
  return personOf(app, user, tokens)
}

/** The person in a session of two factors. */
export async function withTwoFactors({ app, user }: Person): Promise<Person> {
  const { tokens } = await openSession(await app.ctx(), { user, amr: ['hwk', 'mfa'] })
  return personOf(app, user, tokens)
}

/** The person with an access token of now: a change of their rights has refused those of before. */
export async function renewed(person: Person): Promise<Person> {
  const { body } = await person.call('POST', '/api/v1/auth/refresh', { refresh_token: person.refreshToken })
  return person.withToken(body.access_token)
}

export const newSlug = (): string => `org-${newUuid()}`

const ORGANIZATIONS = '/api/v1/organizations'

export interface Team {
  readonly id: string
  readonly slug: string
  readonly path: string
  readonly owner: Person
  /** A new member who has taken that up, signed in: their first session is of this organization. */
  join(role: Rank, fields?: Parameters<typeof openAccount>[1]): Promise<Person>
}

/** Puts a user into an organization, taken up. */
export async function enroll(app: TestApp, organizationId: string, userId: string, role: Rank, at = Date.now()) {
  const row = { id: newUuid(), organizationId, userId, role, joinedAt: at, takenUpAt: at }
  const [made] = await insertMembership(await app.ctx(), row)
  if (!made) throw new Error('not enrolled')
}

/** `join` of an organization. */
export const joinTo =
  (app: TestApp, organizationId: string): Team['join'] =>
  async (role, fields = {}) => {
    const user = await createAccount(app, { emailVerifiedAt: 1, status: 'active', ...fields })
    await enroll(app, organizationId, user.id, role)
    const { tokens } = await openSession(await app.ctx(), { user, amr: ['pwd'] })
    return personOf(app, user, tokens)
  }

/** An organization with its owner, made by services; the owner's session is of it. */
export async function createTeam(app: TestApp): Promise<Team> {
  const [id, slug] = [newUuid(), newSlug()]
  const at = Date.now()
  const [made] = await insertOrganization(await app.ctx(), {
    id,
    slug,
    name: `Team ${slug}`,
    createdAt: at,
    updatedAt: at,
  })
  if (!made) throw new Error('no organization was made')
  const join = joinTo(app, id)
  return { id, slug, path: `${ORGANIZATIONS}/${id}`, owner: await join('owner'), join }
}

/** The person in a session whose factor was proved some time ago. */
export async function withStaleFactor(person: Person): Promise<Person> {
  await runInDurableObject(env.USER_AUTHORITY.getByName(person.id), (_, state) => {
    state.storage.sql.exec('update sessions set auth_time = auth_time - 900000')
  })
  const { body } = await person.call('POST', '/api/v1/auth/refresh', { refresh_token: person.refreshToken })
  return person.withToken(body.access_token)
}
