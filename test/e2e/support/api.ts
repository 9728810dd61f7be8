import { randomUUID } from 'node:crypto'
import { ADMIN } from './checkout.ts'

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

async function signedIn(answer: Response, expected: number): Promise<SignedIn> {
  const text = await answer.text()
  if (answer.status !== expected) throw new Error(`${answer.status} ${text}`)
  const { user, tokens } = JSON.parse(text) as { user: { id: string; email: string }; tokens: Tokens }
  return { ...tokens, userId: user.id, email: user.email }
}

/** A new user with a session. */
export const signUp = async (origin: string, email = `${randomUUID()}@example.com`): Promise<SignedIn> =>
  signedIn(await post(origin, '/api/v1/auth/signup', { email, password: PASSWORD }), 201)

export const signIn = async (origin: string, email: string, password = PASSWORD): Promise<SignedIn> =>
  signedIn(await post(origin, '/api/v1/auth/signin', { email, password }), 200)

export const signInAdmin = (origin: string): Promise<SignedIn> => signIn(origin, ADMIN.email, ADMIN.password)

/** Ends the token's own session; `propagated` says that every edge refuses it within 5 seconds from now. */
export async function revoke(origin: string, token: string): Promise<{ propagated: boolean }> {
  const answer = await post(origin, '/api/v1/auth/signout', {}, bearer(token))
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
  return (await answer.json()) as { propagated: boolean }
}

/** The signature's first character is exchanged: any bit of it decides. */
export function tamper(token: string): string {
  const at = token.lastIndexOf('.') + 1
  const other = token[at] === 'A' ? 'B' : 'A'
  return `${token.slice(0, at)}${other}${token.slice(at + 1)}`
}
