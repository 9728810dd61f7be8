import { expect } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { env } from '../../support/app.ts'
import { newEmail, PASSWORD } from '../../support/users.ts'
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

/** Of a user who was changed. */
export const CHANGED_KEYS = [...USER_KEYS, 'propagated'].sort()

/** Of a call that ended sessions or made tokens stale. */
export const DONE = { message: expect.any(String), propagated: true }

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

/** A call as the document has it. */
export interface DocumentedCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly guard: 'public' | 'user' | 'admin'
  /** Every field of its body; undefined where the document shows none. */
  readonly body?: Readonly<Record<string, unknown>>
  /** The document's schemas of body and answer, by the names that they have here. */
  readonly request?: string
  readonly answer?: string
  /** It documents `HTTPValidationError`. */
  readonly validates: boolean
}

const credentials = { email: 'a@example.test', password: PASSWORD }
const code = { code: '123456' }

/** The calls of the document but `/`, `/auth/login` and `/token`, which other systems share. */
export const CALLS: readonly DocumentedCall[] = [
  {
    method: 'POST',
    path: '/auth/register',
    guard: 'public',
    body: { username: 'ada', ...credentials },
    request: 'UserCreate',
    answer: 'UserResponse',
    validates: true,
  },
  {
    method: 'POST',
    path: '/auth/password-reset-request',
    guard: 'public',
    body: { email: 'a@example.test' },
    request: 'PasswordResetRequest',
    answer: 'Message',
    validates: true,
  },
  {
    method: 'POST',
    path: '/auth/password-reset',
    guard: 'public',
    body: { token: 'x', new_password: PASSWORD },
    request: 'PasswordReset',
    answer: 'Done',
    validates: true,
  },
  {
    method: 'POST',
    path: '/auth/token-refresh',
    guard: 'public',
    body: { refresh_token: 'x' },
    request: 'TokenRefresh',
    answer: 'Token',
    validates: true,
  },
  {
    method: 'POST',
    path: '/auth/enable-2fa',
    guard: 'user',
    body: code,
    request: 'Enable2FARequest',
    answer: 'Message',
    validates: true,
  },
  { method: 'POST', path: '/auth/disable-2fa', guard: 'user', body: code, answer: 'Message', validates: false },
  {
    method: 'POST',
    path: '/auth/verify-2fa',
    guard: 'user',
    body: code,
    request: 'Verify2FARequest',
    answer: 'Token',
    validates: true,
  },
  { method: 'GET', path: '/auth/test-2fa', guard: 'user', answer: 'Message', validates: false },
  { method: 'GET', path: '/auth/generate-2fa-code', guard: 'user', answer: 'GeneratedCode', validates: false },
  { method: 'GET', path: '/auth/sessions', guard: 'user', validates: false },
  { method: 'DELETE', path: '/auth/sessions/{session_id}', guard: 'user', answer: 'Done', validates: true },
  { method: 'GET', path: '/auth/verify-user/{username}', guard: 'user', answer: 'UserResponse', validates: true },
  {
    method: 'PUT',
    path: '/auth/profile',
    guard: 'user',
    body: { username: 'ada', ...credentials, role: 'user' },
    request: 'UserUpdate',
    answer: 'ChangedUserResponse',
    validates: true,
  },
  { method: 'GET', path: '/admin/users', guard: 'admin', validates: false },
  {
    method: 'PUT',
    path: '/admin/deactivate-user/{user_id}',
    guard: 'admin',
    answer: 'ChangedUserResponse',
    validates: true,
  },
  {
    method: 'PUT',
    path: '/admin/activate-user/{user_id}',
    guard: 'admin',
    answer: 'ChangedUserResponse',
    validates: true,
  },
  {
    method: 'PUT',
    path: '/admin/user/role',
    guard: 'admin',
    body: { username: 'ada', role: 'user' },
    request: 'RoleUpdate',
    answer: 'Done',
    validates: true,
  },
  { method: 'DELETE', path: '/admin/user/{user_id}', guard: 'admin', answer: 'Done', validates: true },
  {
    method: 'POST',
    path: '/admin/lock',
    guard: 'admin',
    body: { email: 'a@example.test' },
    request: 'LockAccountRequest',
    answer: 'Done',
    validates: true,
  },
  {
    method: 'POST',
    path: '/admin/unlock',
    guard: 'admin',
    body: { email: 'a@example.test' },
    request: 'UnlockAccountRequest',
    answer: 'Done',
    validates: true,
  },
  {
    method: 'POST',
    path: '/admin/register',
    guard: 'public',
    body: { username: 'ada', ...credentials, secret_key: 'x' },
    request: 'AdminCreate',
    answer: 'UserResponse',
    validates: true,
  },
  { method: 'POST', path: '/admin/login', guard: 'public', body: credentials, request: 'AdminLogin', validates: true },
  {
    method: 'POST',
    path: '/vendor/register_vendor',
    guard: 'public',
    body: { name: 'Shop', ...credentials, rating: 1 },
    request: 'VendorCreate',
    answer: 'VendorResponse',
    validates: true,
  },
  {
    method: 'POST',
    path: '/vendor/login',
    guard: 'public',
    body: credentials,
    request: 'VendorLogin',
    validates: true,
  },
  {
    method: 'POST',
    path: '/chatbot/interact',
    guard: 'user',
    body: { message: 'hello' },
    request: 'Chatbot',
    validates: true,
  },
  { method: 'GET', path: '/protected', guard: 'user', validates: false },
]
