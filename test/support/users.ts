import type { OpenedSession } from '../../src/features/sessions/types.ts'
import { attemptOf, completeAttempt } from '../../src/features/sign-in/service/attempts.ts'
import { openFirstSession, toSignedIn } from '../../src/features/sign-in/service/sign-in.ts'
import type { SignUpInput } from '../../src/features/sign-in/service/sign-up.ts'
import { sendVerification } from '../../src/features/sign-in/service/verification.ts'
import { SignUpBody, toSignUp } from '../../src/features/sign-in/wire/session.ts'
import { createUser } from '../../src/features/users/service/users.ts'
import { type UserWire, userToWire } from '../../src/features/users/wire.ts'
import { json, type TestApp } from './app.ts'
import { hashOf, newEmail, PASSWORD } from './world.ts'

export { newEmail, PASSWORD }

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

interface Account {
  readonly email: string
  readonly password: string
  readonly address: string
}

const toSignedInUser = (account: Account, user: UserWire, tokens: IssuedTokens): SignedInUser => ({
  user,
  email: account.email,
  password: account.password,
  accessToken: tokens.accessToken,
  refreshToken: tokens.refreshToken,
  headers: { authorization: `Bearer ${tokens.accessToken}` },
  address: account.address,
})

type IssuedTokens = Pick<OpenedSession['tokens'], 'accessToken' | 'refreshToken'>

/** Through the API, where the account does not end up signed in. */
async function ask(app: TestApp, path: string, account: Account, body: Record<string, unknown>): Promise<SignedInUser> {
  const response = await app.fetch(path, json(body, { 'cf-connecting-ip': account.address }))
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  const { user, access_token: accessToken, refresh_token: refreshToken } = await response.json<SessionAnswer>()
  return toSignedInUser(account, user, { accessToken, refreshToken })
}

/**
 * All that a sign-up leaves behind: the account, its events and its verification mail, the session, and the network that the
 * account knows. Its password is hashed once for all, and no sign-up is counted.
 */
async function openSignedUp(app: TestApp, account: Account, input: SignUpInput, role: string): Promise<SignedInUser> {
  const ctx = { ...(await app.ctx()), ip: account.address }
  const { password, ...names } = input
  const user = await createUser(ctx, { ...names, role, passwordHash: await hashOf(app, password) })
  const mailed = sendVerification(ctx, user)
  ctx.defer(mailed)
  const opened = await openFirstSession(ctx, { user, amr: ['pwd'], method: 'password' })
  await completeAttempt(ctx, await attemptOf(ctx, user, user.email))
  // What still writes would be in the way of tests that watch the database.
  await Promise.allSettled([mailed])
  return toSignedInUser(account, userToWire(toSignedIn(ctx, user, opened).user), opened.tokens)
}

/** A new user, signed in, as the API leaves them. `fields` are its body's: username, first_name, another email. */
export async function signUpUser(app: TestApp, fields: Record<string, string> = {}): Promise<SignedInUser> {
  const account = { email: fields.email ?? newEmail(), password: fields.password ?? PASSWORD, address: newAddress() }
  const body = { ...fields, email: account.email, password: account.password }
  const { config } = await app.ctx()
  if (config.REQUIRE_VERIFIED_EMAIL) return ask(app, '/api/v1/auth/signup', account, body)
  return openSignedUp(app, account, toSignUp(SignUpBody.parse(body)), 'user')
}

/** Another session of a user. */
export function signInUser(
  app: TestApp,
  { email, password, address }: Pick<SignedInUser, 'email' | 'password' | 'address'>,
): Promise<SignedInUser> {
  return ask(app, '/api/v1/auth/signin', { email, password, address }, { email, password })
}

/** A platform admin, signed in. */
export async function makeAdmin(app: TestApp): Promise<SignedInUser> {
  const account = { email: newEmail(), password: PASSWORD, address: newAddress() }
  return openSignedUp(app, account, { email: account.email, password: PASSWORD }, 'admin')
}
