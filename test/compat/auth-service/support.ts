import { newUuid } from '../../../src/lib/ids.ts'
import { env } from '../../support/app.ts'
import { newEmail, PASSWORD, type SignedInUser } from '../../support/users.ts'
import { answerOf, call } from '../support/requests.ts'

export const newUsername = (): string => `u_${newUuid().slice(0, 18).replaceAll('-', '_')}`

export const USER_KEYS = [
  'account_locked',
  'email',
  'failed_login_attempts',
  'id',
  'is_active',
  'preferences',
  'profile_picture',
  'role',
  'two_factor_enabled',
  'username',
]

export const TOKEN_KEYS = ['access_token', 'refresh_token', 'session_token', 'token_type']
export const LOGIN_KEYS = ['access_token', 'refresh_token', 'token_type']

export const keysOf = (body: object): string[] => Object.keys(body).sort()

export interface Person {
  readonly id: number
  readonly uuid: string
  readonly username: string
  readonly email: string
  readonly password: string
}

/** Registered on this surface, and nowhere signed in. */
export async function register(fields: Record<string, unknown> = {}): Promise<Person> {
  const account = { username: newUsername(), email: newEmail(), password: PASSWORD, ...fields }
  const [status, body] = await answerOf(call('POST', '/auth/register', { body: account }))
  if (status !== 200) throw new Error(JSON.stringify(body))
  const row = await env.DB.prepare('select id from users where number = ?').bind(body.id).first<{ id: string }>()
  return { ...account, id: Number(body.id), uuid: String(row?.id) }
}

export interface Login {
  readonly access_token: string
  readonly refresh_token: string
  readonly session_token: string
  readonly headers: { readonly authorization: string }
}

/** Signed in through the shared form. */
export async function login({ email, password }: Pick<Person, 'email' | 'password'>): Promise<Login> {
  const [status, body] = await answerOf(call('POST', '/auth/login', { form: { username: email, password } }))
  if (status !== 200) throw new Error(JSON.stringify(body))
  return { ...(body as unknown as Login), headers: { authorization: `Bearer ${body.access_token}` } }
}

/** A registered user with a session. */
export async function registerAndLogin(fields: Record<string, unknown> = {}): Promise<Person & Login> {
  const person = await register(fields)
  return { ...person, ...(await login(person)) }
}

export const numberOf = ({ user }: SignedInUser): number => user.number

export interface Issue {
  readonly loc: readonly (string | number)[]
  readonly msg: string
  readonly type: string
}

/** FastAPI's list of what is wrong with fields. */
export const issuesOf = (body: Record<string, unknown>): Issue[] => body.detail as Issue[]

/** Each field that is named, as `body.email`. */
export const namedFields = (body: Record<string, unknown>): string[] =>
  [...new Set(issuesOf(body).map(({ loc }) => loc.join('.')))].sort()
