import { expect } from 'vitest'
import { createTestApp, json } from '../../support/app.ts'
import { newAddress } from '../../support/users.ts'

export const app = createTestApp()

/** Each call from a network of its own. */
export const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  app.fetch(`/api/v1/auth/${path}`, json(body, { 'cf-connecting-ip': newAddress(), ...headers }))

export const get = (path: string, headers: Record<string, string> = {}) =>
  app.fetch(`/api/v1/auth/${path}`, { headers })

export const patchProfile = ({ headers }: { readonly headers: Record<string, string> }, body: unknown, on = app) =>
  on.fetch('/api/v1/auth/profile', {
    method: 'PATCH',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

const SESSION_KEYS = [
  'access_token',
  'email_verification_required',
  'expires_in',
  'mfa_required',
  'mfa_token',
  'refresh_token',
  'token_type',
  'tokens',
  'user',
]

const GATEWAY_KEYS = ['accessToken', 'expiresAt', 'refreshToken', 'role', 'tokenType', 'userId', 'username']

export interface Session {
  readonly [key: string]: unknown
  readonly user: { id: string; number: number; email: string; username: string | null; last_sign_in_at: string | null }
  readonly tokens: Record<string, unknown>
  readonly access_token: string
  readonly refresh_token: string
  readonly expires_in: number
}

function expectTokens(session: Session) {
  expect(session.tokens).toEqual({
    access_token: session.access_token,
    refresh_token: session.refresh_token,
    token_type: 'bearer',
    expires_in: session.expires_in,
  })
  expect(session).toMatchObject({
    token_type: 'bearer',
    mfa_required: false,
    email_verification_required: false,
    mfa_token: null,
  })
  expect(session.expires_in).toBeGreaterThan(590)
}

/** A session in the native form: tokens flat and nested, in snake case alone. */
export function expectSession(session: Session) {
  expect(Object.keys(session).sort()).toEqual(SESSION_KEYS)
  expectTokens(session)
}

/** What every system's client reads at the paths that gateway-auth shares. */
export function expectEveryKeySet(session: Session, email: string) {
  expect(Object.keys(session).sort()).toEqual([...SESSION_KEYS, ...GATEWAY_KEYS].sort())
  expectTokens(session)
  expect(session).toMatchObject({
    accessToken: session.access_token,
    refreshToken: session.refresh_token,
    tokenType: 'Bearer',
    userId: session.user.number,
    username: session.user.username ?? email,
    role: 'ROLE_USER',
  })
  expect(session.expiresAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
}

/** Status and body, without what differs between any two answers. */
export async function answerOf(response: Promise<Response>): Promise<[number, Record<string, unknown>]> {
  const { status, ...rest } = await response.then(async (one) => ({ status: one.status, body: await one.json() }))
  const { timestamp: _time, error, ...body } = rest.body as Record<string, unknown>
  return [status, error === undefined ? body : { ...body, error: { ...(error as object), request_id: '' } }]
}
