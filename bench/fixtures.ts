import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Miniflare } from 'miniflare'

export interface PosternUser {
  readonly email: string
  readonly password: string
  readonly accessToken: string
  readonly refreshToken: string
}

const PASSWORD = 'a long walk past the lighthouse'

const emailOf = (index: number): string => `user${index}.${randomBytes(4).toString('hex')}@example.com`

async function post(url: URL, body: unknown): Promise<Response> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: 'http://127.0.0.1' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`POST ${url.pathname} answered ${answer.status}: ${await answer.text()}`)
  return answer
}

interface Tokens {
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

/** A machine that may hear the platform's events, written as `npm run clients:create` does, and its access token. */
export async function createPosternClient(runtime: Miniflare, base: URL): Promise<string> {
  const id = randomUUID()
  const secret = `pcs_${randomBytes(32).toString('base64url')}`
  const database = await runtime.getD1Database('DB', 'postern')
  await database
    .prepare('insert into clients (id, name, secret_hash, scopes, created_at) values (?, ?, ?, ?, ?)')
    .bind(id, 'bench', createHash('sha256').update(secret).digest('base64url'), '["events:read"]', Date.now())
    .run()
  const answer = await fetch(new URL('/oauth/token', base), {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  if (!answer.ok) throw new Error(`POST /oauth/token answered ${answer.status}: ${await answer.text()}`)
  return ((await answer.json()) as Tokens).access_token
}
