import type { UserWire } from '../../src/features/users/wire/user.ts'
import { newUuid } from '../../src/lib/ids.ts'
import { env, json, type TestApp } from './app.ts'

export const newEmail = (): string => `user-${newUuid()}@example.test`

/** No common password, and nobody's name. */
export const PASSWORD = 'Tr0ubadour-of-the-gate'

/** An address of a network that no other test uses: attempts are counted by network. */
export function newAddress(): string {
  const [a = 0, b = 0] = crypto.getRandomValues(new Uint16Array(2))
  return `2001:db8:${a.toString(16)}:${b.toString(16)}::1`
}

export interface SignedInUser {
  readonly user: UserWire
  readonly email: string
  readonly password: string
  readonly accessToken: string
  readonly refreshToken: string
  /** `Authorization` of the access token. */
  readonly headers: { readonly authorization: string }
  /** The address that signed in. */
  readonly address: string
}

interface SessionAnswer {
  readonly user: UserWire
  readonly access_token: string
  readonly refresh_token: string
}

function toSignedInUser(answer: SessionAnswer, account: Account): SignedInUser {
  return {
    user: answer.user,
    email: account.email,
    password: account.password,
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token,
    headers: { authorization: `Bearer ${answer.access_token}` },
    address: account.address,
  }
}

interface Account {
  readonly email: string
  readonly password: string
  readonly address: string
}

async function ask(app: TestApp, path: string, account: Account, body: Record<string, unknown>): Promise<SignedInUser> {
  const response = await app.fetch(path, json(body, { 'cf-connecting-ip': account.address }))
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  return toSignedInUser(await response.json(), account)
}

/** A new user through the API, signed in. `fields` go into the body: username, first_name, another email. */
export function signUpUser(app: TestApp, fields: Record<string, string> = {}): Promise<SignedInUser> {
  const account = { email: fields.email ?? newEmail(), password: fields.password ?? PASSWORD, address: newAddress() }
  return ask(app, '/api/v1/auth/signup', account, { ...fields, email: account.email, password: account.password })
}

/** Another session of a user. */
export function signInUser(
  app: TestApp,
  { email, password, address }: Pick<SignedInUser, 'email' | 'password' | 'address'>,
): Promise<SignedInUser> {
  return ask(app, '/api/v1/auth/signin', { email, password, address }, { email, password })
}

/** A platform admin, signed in after the role was given. */
export async function makeAdmin(app: TestApp): Promise<SignedInUser> {
  const user = await signUpUser(app)
  await env.DB.prepare("update users set role = 'admin' where id = ?").bind(user.user.id).run()
  return signInUser(app, user)
}
