import { describe, expect, it } from 'vitest'
import { createWorld, mintUser } from '../features/validation/support.ts'
import { createTestApp } from '../support/app.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']
const PATHS = [
  '/validate',
  '/validate?role=user',
  '/validate/',
  '/validate//',
  '/validate/x',
  '/validate/..',
  '/validate/../',
  '/validate/../health',
  '/validate/../validate',
  '/validate/%2e%2e/health',
  '/validate/%2E%2E/liveness',
  '/validate/%2e%2e/validate',
  '/validate/.%2e/openapi.json',
  '/validate/..%2fhealth',
  '/validate/..\\health',
  '/validate/a/../../docs',
  '/validate/../swagger',
  '/validate/../.well-known/jwks.json',
  '/validate/../api/v1/auth/validate',
  '/validate/../api/v1/auth/signup',
  '//validate/',
  '/validate;/',
  '/VALIDATE/',
  '/',
  '/health',
  '/liveness',
  '/docs/swagger-ui.css',
  '/api/v1/auth/validate',
  '/api/v1/auth/validate/',
]
const JSON_BODY = JSON.stringify({ token: 'x', email: 'x@example.com', password: 'a long password' })

const world = createWorld()
const app = world.isolate()
const { token, claims } = await mintUser(app)
const revoked = await mintUser(app)
await world.feed.append([{ kind: 'session', id: revoked.claims.sid }])
const expired = await mintUser(app, { iat: claims.iat - 1000, exp: claims.iat - 400 })
const [header, payload] = token.split('.')
const unsigned = `${btoa('{"alg":"none","typ":"at+jwt"}').replaceAll('=', '')}.${payload}.`

const BAD: readonly (readonly [string, string | undefined])[] = [
  ['no token', undefined],
  ['an empty one', 'Bearer '],
  ['nonsense', 'Bearer nonsense'],
  ['another scheme', 'Basic dXNlcjpwYXNzd29yZA=='],
  ['a tampered one', `Bearer ${header}.${payload}.${'A'.repeat(342)}`],
  ['an unsigned one', `Bearer ${unsigned}`],
  ['an expired one', `Bearer ${expired.token}`],
  ['a revoked one', `Bearer ${revoked.token}`],
  ['two good ones', `Bearer ${token}, Bearer ${token}`],
  ['a good one behind another scheme', `Basic dXNlcjpwYXNzd29yZA==, Bearer ${token}`],
  ['a good one of another scheme', `DPoP ${token}`],
]

async function call(path: string, method: string, required: string | null, authorization?: string): Promise<Response> {
  const headers = new Headers({ 'content-type': 'application/json' })
  if (required !== null) headers.set('x-auth-require', required)
  if (authorization !== undefined) headers.set('authorization', authorization)
  const init: RequestInit = { method, headers, redirect: 'manual' }
  return app.fetch(path, method === 'GET' || method === 'HEAD' ? init : { ...init, body: JSON_BODY })
}

describe.each(BAD)("a gateway's check with %s", (_, authorization) => {
  it.each(['valid', 'role=admin', 'strong', 'nonsense', ''])(
    'and X-Auth-Require: %s is 401 or 403 everywhere',
    async (required) => {
      for (const method of METHODS) {
        for (const path of PATHS) {
          const { status } = await call(path, method, required, authorization)
          expect([401, 403], `${method} ${path} was ${status}`).toContain(status)
        }
      }
    },
  )
})

describe('a check with a good token', () => {
  it('passes below /validate/ alone', async () => {
    for (const method of METHODS) {
      for (const path of PATHS) {
        const { status } = await call(path, method, 'valid', `Bearer ${token}`)
        const isBelow = new URL(path, 'http://x').pathname.startsWith('/validate/')
        expect(status, `${method} ${path}`).toBe(isBelow ? 200 : 403)
      }
    }
  })
})

it('lets X-Auth-Require reach no route of a deployment that is not configured', async () => {
  const broken = createTestApp({ env: { ROOT_SECRET: '' } })
  for (const path of PATHS) {
    const { status } = await broken.fetch(path, { headers: { 'x-auth-require': 'valid' } })
    expect([403, 503], path).toContain(status)
  }
})
