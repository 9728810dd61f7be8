import { beforeEach, describe, expect, it } from 'vitest'
import { createTestApp, json, type TestApp } from '../../support/app.ts'
import { ask, createWorld, type MintedUser, mintUser, type World } from './support.ts'

let world: World
let app: TestApp
let ada: MintedUser

beforeEach(async () => {
  world = createWorld()
  app = world.isolate()
  ada = await mintUser(app)
})

const asBearer = (token: string, more: Record<string, string> = {}) => ({ authorization: `Bearer ${token}`, ...more })

describe.each(['/validate', '/api/v1/auth/validate'])('POST %s', (path) => {
  const NOBODY = { valid: false, userId: null, username: null, role: null, expirationTime: null }

  it('identifies the user of a valid token', async () => {
    const answer = await app.fetch(path, json({ token: ada.token, extra: 1 }))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('vary')).toContain('Authorization, Cookie')
    expect(await answer.json()).toEqual({
      valid: true,
      userId: 4711,
      username: 'ada',
      role: 'ROLE_USER',
      expirationTime: ada.claims.exp,
      errorMessage: null,
    })
  })

  it('has the email of a user without a username, and the role in the form of the contract', async () => {
    const root = await mintUser(app, { username: null, role: 'admin', roles: ['admin'] })
    expect(await (await app.fetch(path, json({ token: root.token }))).json()).toMatchObject({
      username: 'ada@example.com',
      role: 'ROLE_ADMIN',
    })
  })

  it('answers that an expired token has expired', async () => {
    world.now = ada.claims.exp * 1000
    const answer = await app.fetch(path, json({ token: ada.token }))
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ ...NOBODY, errorMessage: 'Token has expired' })
  })

  it.each(['', 'x', 'a.b.c', 'x'.repeat(100_000)])('answers that a malformed token is invalid', async (token) => {
    const answer = await app.fetch(path, json({ token }))
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ ...NOBODY, errorMessage: 'Invalid token' })
  })

  it.each([
    ['nothing', undefined, 'application/json'],
    ['no token', '{}', 'application/json'],
    ['a token that is no string', '{"token":1}', 'application/json'],
    ['a null token', '{"token":null}', 'application/json'],
    ['an array', '["token"]', 'application/json'],
    ['a string', '"token"', 'application/json'],
    ['null', 'null', 'application/json'],
    ['no JSON', '{"token":', 'application/json'],
    ['a form', 'token=x', 'application/x-www-form-urlencoded'],
    ['a text', 'token', 'text/plain'],
    ['an unknown consistency', '{"token":"x","consistency":"weak"}', 'application/json'],
  ])('answers 400 to %s, never 200', async (_, body, type) => {
    const init = { method: 'POST', headers: { 'content-type': type, ...asBearer(ada.token) } }
    const answer = await app.fetch(path, body === undefined ? init : { ...init, body })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ status: 400, code: 'VALIDATION_ERROR' })
  })

  it('refuses conditions that were meant for the header form', async () => {
    expect((await app.fetch(`${path}?role=admin`, json({ token: ada.token }))).status).toBe(400)
  })

  it('accepts strong consistency in the body and in the query', async () => {
    await app.fetch(path, json({ token: ada.token, consistency: 'strong' }))
    await app.fetch(`${path}?consistency=strong`, json({ token: ada.token }))
    expect(world.asked).toHaveLength(2)
  })

  it('is not served with a trailing slash', async () => {
    const answer = await app.fetch(`${path}/`, json({ token: ada.token }))
    expect(answer.status).toBe(path === '/validate' ? 401 : 404)
  })
})

describe('GET /validate', () => {
  it('answers a valid token with its identity and no body', async () => {
    const rich = await mintUser(app, {
      roles: ['user', 'vendor'],
      org_id: '5f0f8a52-0000-4000-8000-000000000001',
      org_role: 'admin',
      amr: ['pwd', 'otp'],
    })
    const answer = await ask(app, rich.token)
    expect(answer.status).toBe(200)
    expect(await answer.text()).toBe('')
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-auth-user-id': rich.claims.sub,
      'x-auth-username': 'ada',
      'x-auth-email': 'ada@example.com',
      'x-auth-roles': 'user,vendor',
      'x-auth-org-id': '5f0f8a52-0000-4000-8000-000000000001',
      'x-auth-org-role': 'admin',
      'x-auth-session-id': rich.claims.sid,
      'x-auth-amr': 'pwd,otp',
      'x-auth-expires-at': String(rich.claims.exp),
      'x-auth-freshness': '0',
      'cache-control': 'no-store',
    })
    expect(answer.headers.get('vary')).toContain('Authorization, Cookie')
  })

  it('sends every identity header, empty when it does not apply', async () => {
    const answer = await ask(app, ada.token)
    expect(answer.headers.get('x-auth-org-id')).toBe('')
    expect(answer.headers.get('x-auth-org-role')).toBe('')
  })

  it('answers HEAD in the same way', async () => {
    const answer = await app.fetch('/validate', { method: 'HEAD', headers: asBearer(ada.token) })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-auth-user-id')).toBe(ada.claims.sub)
  })

  it('answers 401 without a credential', async () => {
    const answer = await app.fetch('/validate')
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    expect(answer.headers.get('vary')).toContain('Authorization, Cookie')
  })

  it.each([
    ['a token that is none', 'Bearer x.y.z'],
    ['an empty one', 'Bearer '],
    ['two in one header', 'Bearer a, Bearer b'],
    ['a space inside', 'Bearer a b'],
    ['a huge one', `Bearer ${'a'.repeat(9000)}.b.c`],
  ])('refuses %s', async (_, authorization) => {
    const answer = await app.fetch('/validate', { headers: { authorization } })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    expect(answer.headers.get('x-auth-user-id')).toBeNull()
  })

  it('refuses two Authorization lines, even if each is valid', async () => {
    const headers = new Headers()
    headers.append('authorization', `Bearer ${ada.token}`)
    headers.append('authorization', `Bearer ${ada.token}`)
    expect((await app.fetch('/validate', { headers })).status).toBe(401)
  })

  it('accepts the scheme in any case', async () => {
    const answer = await app.fetch('/validate', { headers: { authorization: `bEARER ${ada.token}` } })
    expect(answer.status).toBe(200)
  })

  it('never echoes identity headers that the client sent', async () => {
    const answer = await app.fetch('/validate', {
      headers: asBearer(ada.token, { 'x-auth-roles': 'admin', 'x-auth-user-id': 'root', 'x-auth-extra': 'x' }),
    })
    expect(answer.headers.get('x-auth-roles')).toBe('user')
    expect(answer.headers.get('x-auth-user-id')).toBe(ada.claims.sub)
    expect(answer.headers.get('x-auth-extra')).toBeNull()
  })

  it('prevents header injection by a name', async () => {
    const { token } = await mintUser(app, { username: 'a\r\nX-Auth-Roles: admin', email: ' 100%é@example.com' })
    const answer = await ask(app, token)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-auth-username')).toBe('a%0D%0AX-Auth-Roles: admin')
    expect(answer.headers.get('x-auth-email')).toBe('%20100%25%C3%A9@example.com')
    expect(answer.headers.get('x-auth-roles')).toBe('user')
  })

  it('is 405 for other methods', async () => {
    const answer = await app.fetch('/validate', { method: 'DELETE', headers: asBearer(ada.token) })
    expect(answer.status).toBe(405)
  })
})

describe('the cookie', () => {
  const withCookie = (cookie: string): RequestInit => ({ headers: { cookie } })

  it('is read by the header forms', async () => {
    const cookie = `a=b; __Secure-postern=${ada.token}; c=d`
    expect((await app.fetch('/validate', withCookie(cookie))).status).toBe(200)
    expect((await app.fetch('/validate/app', withCookie(cookie))).status).toBe(200)
  })

  it('is not used when the Authorization header is invalid', async () => {
    const headers = { cookie: `__Secure-postern=${ada.token}`, authorization: 'Bearer x.y.z' }
    expect((await app.fetch('/validate', { headers })).status).toBe(401)
  })

  it('is refused when there are two different ones', async () => {
    const { token } = await mintUser(app)
    const cookie = `__Secure-postern=${ada.token}; __Secure-postern=${token}`
    expect((await app.fetch('/validate', withCookie(cookie))).status).toBe(401)
  })

  it('may be sent twice, as browsers do for two paths', async () => {
    const cookie = `__Secure-postern=${ada.token}; a=b; __Secure-postern=${ada.token}`
    expect((await app.fetch('/validate', withCookie(cookie))).status).toBe(200)
  })

  it('has the configured name', async () => {
    const other = world.isolate({ SESSION_COOKIE: 'sid' })
    expect((await other.fetch('/validate', withCookie(`sid=${ada.token}`))).status).toBe(200)
    expect((await other.fetch('/validate', withCookie(`__Secure-postern=${ada.token}`))).status).toBe(401)
  })

  it('is read by no other route', async () => {
    const cookie = `__Secure-postern=${ada.token}`
    const answer = await app.fetch('/validate', { ...json({}, { cookie }) })
    expect(answer.status).toBe(400)
    const { verifier } = await import('../../../src/features/validation/verifier.ts')
    const request = new Request('http://127.0.0.1/api/v1/auth/me', { headers: { cookie } })
    expect(await verifier.identify(await app.ctx(), request)).toEqual({ state: 'anonymous' })
  })
})

/** Credentials of other schemes, as in their specifications. */
const OTHER_SCHEMES = [
  ['Basic', 'Basic dXNlcjpwYXNzd29yZA=='],
  ['Digest (RFC 7616)', 'Digest username="bearer", realm="http-auth@example.org", uri="/dir", qop=auth, nc=00000001'],
  ['AWS4', 'AWS4-HMAC-SHA256 Credential=AK/20260101/eu/s3/aws4_request, SignedHeaders=host;range, Signature=fe5f'],
  [
    'Hawk',
    'Hawk id="dh37fgj492je", ts="1353832234", nonce="j4h3g2", mac="6R4rV5iE+NPoym+WwjeHzjAGXUtLNIxmo1vpMofpLAE="',
  ],
  ['OAuth (RFC 5849)', 'OAuth realm="Bearer", oauth_consumer_key="9djdj82h48djs9d2", oauth_token="kkk9d7dh3k39sjv7"'],
  ['Digest that speaks of ours', 'Digest username="x, Bearer y", bearer=z, dpop = "a\\", Bearer b"'],
  ['Negotiate', 'Negotiate YIIJvwYGKwYBBQUCoIIJszCC'],
  ['a name that begins like ours', 'Bearer-Of-Others x, y'],
] as const

describe('an Authorization header of the application', () => {
  const cookieOf = (token: string) => ({ cookie: `__Secure-postern=${token}` })

  it.each(OTHER_SCHEMES)('with %s does not prevent the check of the cookie', async (_, authorization) => {
    const headers = { authorization, ...cookieOf(ada.token) }
    expect((await app.fetch('/validate', { headers })).status).toBe(200)
    expect((await app.fetch('/validate/x', { headers })).status).toBe(200)
    const alone = await app.fetch('/validate', { headers: { authorization } })
    expect([alone.status, alone.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  })

  it.each([
    'DPoP x.y.z',
    'DPoP',
    'Bearer',
    'bearer,',
    ', Bearer x.y.z',
    'Basic a, Bearer x.y.z',
    'Bearer x.y.z, Digest a="b"',
  ])('that was meant as a token is refused, with a cookie or without: %j', async (authorization) => {
    const headers = { authorization, ...cookieOf(ada.token) }
    expect((await app.fetch('/validate', { headers })).status).toBe(401)
  })

  it('with a token of another issuer is ignored with from=cookie', async () => {
    const headers = { authorization: 'Bearer a.foreign.token', ...cookieOf(ada.token) }
    expect((await app.fetch('/validate', { headers })).status).toBe(401)
    const answers = [
      await app.fetch('/validate?from=cookie', { headers }),
      await app.fetch('/validate?role=user&from=cookie', { headers }),
      await app.fetch('/validate/orders', { method: 'POST', headers: { ...headers, 'x-auth-require': 'from=cookie' } }),
    ]
    for (const answer of answers) expect(answer.headers.get('x-auth-user-id')).toBe(ada.claims.sub)
  })

  it('does not replace the cookie with from=cookie', async () => {
    for (const cookie of [{}, cookieOf('x.y.z')]) {
      const headers = asBearer(ada.token, cookie)
      expect((await app.fetch('/validate?from=cookie', { headers })).status).toBe(401)
      expect(
        (await app.fetch('/validate/x', { headers: { ...headers, 'x-auth-require': 'from=cookie' } })).status,
      ).toBe(401)
    }
  })
})

/** Headers that every answer to a check may have. */
const ALWAYS = ['cache-control', 'vary', 'x-content-type-options', 'x-request-id']
const IDENTITY = ['user-id', 'username', 'email', 'roles', 'org-id', 'org-role', 'session-id', 'amr', 'expires-at']
  .concat('freshness')
  .map((name) => `x-auth-${name}`)
const BODY = ['content-type']
const CORS = ['access-control-allow-origin', 'access-control-allow-credentials', 'access-control-expose-headers']

describe('an answer to a check has only the headers that its caller reads:', () => {
  const token = () => asBearer(ada.token)
  const origin = { origin: 'http://localhost:3000' }
  const preflight = { ...origin, 'access-control-request-method': 'POST' }

  it.each<[string, string, () => RequestInit, number, readonly string[]]>([
    ['GET', '/validate', () => ({ headers: token() }), 200, IDENTITY],
    ['GET with conditions', '/validate?role=user', () => ({ headers: token() }), 200, IDENTITY],
    ['HEAD', '/validate', () => ({ method: 'HEAD', headers: token() }), 200, IDENTITY],
    ['any method below', '/validate/x', () => ({ method: 'DELETE', headers: token() }), 200, IDENTITY],
    ['JSON', '/validate', () => json({ token: ada.token }), 200, [...BODY, 'x-auth-freshness']],
    ['JSON of a bad token', '/api/v1/auth/validate', () => json({ token: 'x' }), 200, [...BODY, 'x-auth-freshness']],
    ['no JSON', '/validate', () => ({ method: 'POST', body: '{' }), 400, BODY],
    ['no token', '/validate', () => ({}), 401, [...BODY, 'www-authenticate']],
    ['no token below', '/validate/x', () => ({}), 401, [...BODY, 'www-authenticate']],
    ['a condition that fails', '/validate?role=admin', () => ({ headers: token() }), 403, BODY],
    ['a check that strayed', '/health', () => ({ headers: { 'x-auth-require': 'valid' } }), 403, BODY],
    ['a slash too many', '/api/v1/auth/validate/', () => json({ token: ada.token }), 404, BODY],
    ['a configured origin', '/validate', () => ({ headers: { ...token(), ...origin } }), 200, [...IDENTITY, ...CORS]],
    ['JSON of one', '/validate', () => json({ token: 'x' }, origin), 200, [...BODY, 'x-auth-freshness', ...CORS]],
  ])('%s', async (_, path, init, status, names) => {
    const answer = await app.fetch(path, init())
    expect(answer.status).toBe(status)
    expect([...answer.headers.keys()].sort()).toEqual([...ALWAYS, ...names].sort())
    expect(answer.headers.get('vary')).toContain('Authorization, Cookie')
  })

  it('a preflight of a configured origin, and a method that is not served', async () => {
    const ofBrowsers = ['x-frame-options', 'content-security-policy', 'strict-transport-security', 'referrer-policy']
    for (const init of [{ method: 'OPTIONS', headers: preflight }, { method: 'DELETE' }]) {
      const { headers } = await app.fetch('/validate', init)
      for (const name of [...ofBrowsers, 'permissions-policy', 'server', 'x-xss-protection'])
        expect(headers.has(name), name).toBe(false)
    }
  })

  it('a deployment that is not configured', async () => {
    const answer = await createTestApp({ env: { ROOT_SECRET: '' } }).fetch('/validate')
    expect(answer.status).toBe(503)
    expect([...answer.headers.keys()].filter((name) => name !== 'retry-after').sort()).toEqual(
      [...ALWAYS, ...BODY].filter((name) => name !== 'vary').sort(),
    )
  })
})

describe('any method at /validate/ and below', () => {
  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])('checks %s', async (method) => {
    for (const path of ['/validate/', '/validate/a/b/', '/validate/api/v1/auth/signin?role=admin&consistency=x']) {
      const headers = asBearer(ada.token, { 'x-auth-require': 'valid', origin: 'https://evil.test' })
      const answer = await app.fetch(path, { method, headers })
      expect(answer.status).toBe(200)
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
      expect((await app.fetch(path, { method })).status).toBe(401)
    }
  })

  it('does not read the body', async () => {
    let pulled = 0
    const body = new ReadableStream(
      {
        pull(controller) {
          pulled += 1
          controller.enqueue(new Uint8Array(1024))
          if (pulled > 10) controller.close()
        },
      },
      { highWaterMark: 0 },
    )
    const answer = await app.fetch('/validate/upload', {
      method: 'POST',
      headers: asBearer(ada.token, { 'content-type': 'application/json' }),
      body,
      duplex: 'half',
    } as RequestInit)
    expect(answer.status).toBe(200)
    expect(pulled).toBe(0)
  })

  it('is not a preflight', async () => {
    const headers = { origin: 'http://localhost:3000', 'access-control-request-method': 'GET' }
    expect((await app.fetch('/validate/x', { method: 'OPTIONS', headers })).status).toBe(401)
  })
})

describe('VALIDATE_LIMIT', () => {
  it('counts the checks of one user in all forms', async () => {
    const limited = world.isolate({ VALIDATE_LIMIT: '2' })
    expect((await ask(limited, ada.token)).status).toBe(200)
    expect((await limited.fetch('/validate', json({ token: ada.token }))).status).toBe(200)
    const over = await ask(limited, ada.token)
    expect(over.status).toBe(429)
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0)
    const other = await mintUser(limited)
    expect((await ask(limited, other.token)).status).toBe(200)
    world.now += 120_000
    expect((await ask(limited, ada.token)).status).toBe(200)
  })
})

it('does not serve the cached answer of the feed', async () => {
  expect((await app.fetch('/__feed')).status).toBe(404)
})
