import { randomUUID } from 'node:crypto'
import { ADMIN } from './checkout.ts'
import { mailedLink } from './mailbox.ts'

export const PASSWORD = 'three blind mice, see how they run'

interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

export interface SignedIn extends Tokens {
  readonly userId: string
  readonly email: string
}

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

export const post = (origin: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${origin}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

/** The body of an answer that must have that status. */
export async function answerOf<T>(asked: Promise<Response>, expected: number): Promise<T> {
  const answer = await asked
  const text = await answer.text()
  if (answer.status !== expected) throw new Error(`${answer.url}: ${answer.status} ${text}`)
  return JSON.parse(text) as T
}

async function signedIn(asked: Promise<Response>, expected: number): Promise<SignedIn> {
  const { user, tokens } = await answerOf<{ user: { id: string; email: string }; tokens: Tokens }>(asked, expected)
  return { ...tokens, userId: user.id, email: user.email }
}

/** A new user with a session. */
export const signUp = (origin: string, email = `${randomUUID()}@example.com`): Promise<SignedIn> =>
  signedIn(post(origin, '/api/v1/auth/signup', { email, password: PASSWORD }), 201)

/** A new user with a session, whose address is verified. */
export async function signUpVerified(origin: string, email?: string): Promise<SignedIn> {
  const user = await signUp(origin, email)
  const link = new URL(await mailedLink(origin, user.email, '/verify-email'))
  const proof = { token: link.searchParams.get('token') }
  await answerOf(post(origin, '/api/v1/auth/verify-email', proof, bearer(user.access_token)), 200)
  return user
}

export const signIn = (origin: string, email: string, password = PASSWORD): Promise<SignedIn> =>
  signedIn(post(origin, '/api/v1/auth/signin', { email, password }), 200)

export const signInAdmin = (origin: string): Promise<SignedIn> => signIn(origin, ADMIN.email, ADMIN.password)

/** The user with the successor of the refresh token. */
export async function refresh(origin: string, user: SignedIn): Promise<SignedIn> {
  const { refresh_token } = user
  const tokens = await answerOf<Tokens>(post(origin, '/api/v1/auth/refresh', { refresh_token }), 200)
  return { ...user, access_token: tokens.access_token, refresh_token: tokens.refresh_token }
}

/** Ends the token's own session; `propagated` says that every edge refuses it within 5 seconds from now. */
export const revoke = (origin: string, token: string): Promise<{ propagated: boolean }> =>
  answerOf(post(origin, '/api/v1/auth/signout', {}, bearer(token)), 200)

/** The signature's first character is exchanged: any bit of it decides. */
export function tamper(token: string): string {
  const at = token.lastIndexOf('.') + 1
  const other = token[at] === 'A' ? 'B' : 'A'
  return `${token.slice(0, at)}${other}${token.slice(at + 1)}`
}
