import { afterEach, describe, expect, it, vi } from 'vitest'
import { findBrokenVariables } from '../../src/config.ts'
import { verifier } from '../../src/features/validation/verifier.ts'
import { createTestApp, json } from '../support/app.ts'
import { createTestServer } from '../support/server.ts'
import { testRoutes } from './routes-of-tests.ts'

const { fetch } = createTestServer({ routes: testRoutes })
const ORIGIN = 'https://app.example.test'
const cors = createTestServer({ routes: testRoutes, env: { CORS_ORIGINS: `${ORIGIN}, https://other.example.test` } })
const ID = '7b0f7c9e-3b0e-4f5e-9a43-0d5d3a1f4c11'

afterEach(() => vi.restoreAllMocks())

describe('every answer', () => {
  it.each(['/t/cached', '/nowhere', '/t/taken', '/t/sql', '/broken'])(
    'of %s has the headers of its contract',
    async (path) => {
      const { headers } = await fetch(path)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.has('x-xss-protection')).toBe(false)
      expect(headers.has('server')).toBe(false)
      expect(headers.get('referrer-policy')).toBe('strict-origin-when-cross-origin')
      expect(headers.get('strict-transport-security')).toContain('max-age=31536000')
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('permissions-policy')).toContain('camera=()')
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
      expect(headers.has('server-timing')).toBe(false)
      expect(headers.get('cache-control')).toBe(path === '/t/cached' ? 'public, max-age=5' : 'no-store')
    },
  )

  it('says how long it took where that is switched on', async () => {
    const server = createTestServer({ routes: testRoutes, env: { SERVER_TIMING: 'true' } })
    expect((await server.fetch('/t/cached')).headers.get('server-timing')).toMatch(/^total;dur=\d+$/)
  })
})

describe('a request id', () => {
  it('of the caller is kept when it is a plain token, and stands in the envelope', async () => {
    const answer = await createTestApp().fetch('/nowhere', { headers: { 'x-request-id': 'caller-1234' } })
    expect(answer.headers.get('x-request-id')).toBe('caller-1234')
    expect(await answer.json()).toMatchObject({ error: { request_id: 'caller-1234' } })
  })

  it.each(['short', 'a'.repeat(129), 'has spaces in it', '{"json":1}', 'tab\there-is-one'])(
    '%j is replaced',
    async (given) => {
      const answer = await createTestApp().fetch('/nowhere', { headers: { 'x-request-id': given } })
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    },
  )
})

describe('a path', () => {
  it('is served with and without a trailing slash, never by a redirect', async () => {
    for (const path of [`/t/things/${ID}`, `/t/things/${ID}/`, `/t/things/${ID}/?page=2`])
      expect((await fetch(path)).status).toBe(200)
    expect((await fetch('/t/echo/', json({ name: 'a' }))).status).toBe(200)
  })

  it('that is unknown is 404, with a method it does not serve 405 and which it does', async () => {
    expect((await fetch('/t/none')).status).toBe(404)
    const wrong = await fetch('/t/echo/', { method: 'DELETE' })
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'OPTIONS, POST'])
    expect(await wrong.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED', details: { allow: ['OPTIONS', 'POST'] } })
    expect((await fetch('/t/taken', { method: 'PROPFIND' })).headers.get('allow')).toBe('GET, HEAD, OPTIONS')
  })

  it('with more than one slash behind it is unknown', async () => {
    for (const method of ['GET', 'DELETE'])
      expect([method, (await fetch('/t/taken//', { method })).status]).toEqual([method, 404])
  })

  it('answers HEAD as GET without a body', async () => {
    const answer = await fetch(`/t/things/${ID}`, { method: 'HEAD' })
    expect([answer.status, await answer.text()]).toEqual([200, ''])
    expect((await fetch('/nowhere', { method: 'HEAD' })).status).toBe(404)
  })

  it('answers OPTIONS with what it allows', async () => {
    const answer = await fetch('/t/taken', { method: 'OPTIONS' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS'])
    expect((await fetch('/nowhere', { method: 'OPTIONS' })).status).toBe(404)
  })

  it.each([
    '//t/taken',
    '///',
    '/t//things',
    '/t/things/%2e%2e/taken%00',
    '/t/things/a%2Fb',
    '/t/things/%',
    '/t/things/%zz%c3%28',
    '/t/things/%E2%82',
    '/t/../../../../etc/passwd',
    '/t/things/:id',
    '/*',
    '/t/things/\u{1F600}',
    '/t/things/x?%=%&=&&&',
    '/t;/things',
    '/t\\things',
  ])('as odd as %j is no failure of the server', async (path) => {
    const url = `http://127.0.0.1:8787${path}`
    for (const method of ['GET', 'POST', 'OPTIONS']) expect((await fetch(url, { method })).status).toBeLessThan(500)
  })

  it('of any length is no failure of the server', async () => {
    const paths = [
      `/${'a'.repeat(10_000)}`,
      `/t/things/${'%41'.repeat(3000)}`,
      `/${'a/'.repeat(4000)}`,
      `/t/things/${ID}?${'a=1&'.repeat(3000)}`,
    ]
    for (const path of paths) expect((await fetch(path)).status).toBeLessThan(500)
  })
})

describe('a failure', () => {
  it('that is expected is the one envelope', async () => {
    const answer = await fetch('/t/taken')
    expect(answer.status).toBe(409)
    expect(answer.headers.get('content-type')).toBe('application/json')
    const body = await answer.json<Record<string, unknown>>()
    expect(body).toMatchObject({ code: 'CONFLICT', status: 409, details: { field: 'name' } })
    expect(body).toHaveProperty('message', body.detail)
    expect(body.timestamp).toMatch(/^\d{4}-.*Z$/)
  })

  it('that is unexpected shows its message neither to the client nor in the log', async () => {
    const written: string[] = []
    for (const level of ['info', 'warn', 'error'] as const)
      vi.spyOn(console, level).mockImplementation((line: string) => void written.push(line))
    const answer = await fetch('/t/sql?token=hunter2')
    const text = await answer.text()
    expect(answer.status).toBe(500)
    expect(JSON.parse(text)).toMatchObject({ code: 'INTERNAL_ERROR', message: 'Internal server error' })
    expect(text + written.join()).not.toMatch(/hunter2|secret_column|no_such_table/)
    expect(written.some((line) => line.includes('unexpected_error'))).toBe(true)
  })

  it('of the renderer itself is INTERNAL_ERROR', async () => {
    const answer = await fetch('/broken')
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toContain('hunter2')
  })

  it('of a gateway check is INTERNAL_ERROR, and of identifying the caller does not fail a public route', async () => {
    const failing = createTestServer({
      routes: testRoutes,
      answerGateway: async (_ctx, request) => {
        if (request.url.endsWith('/validate')) throw new Error('hunter2')
        return null
      },
      verifier: { ...verifier, identify: () => Promise.reject(new Error('down')), confirm: async () => false },
    })
    expect((await failing.fetch('/validate')).status).toBe(500)
    expect((await failing.fetch('/t/echo', json({}))).status).toBe(200)
    expect((await failing.fetch('/nowhere')).status).toBe(404)
  })
})

describe('the log of a request', () => {
  it('is one JSON line with its id, without query, headers or body', async () => {
    const lines: string[] = []
    vi.spyOn(console, 'info').mockImplementation((line: string) => void lines.push(line))
    await fetch('/t/echo?token=hunter2', json({ name: 'hunter2' }, { authorization: 'Bearer hunter2' }))
    await fetch(`/${'a'.repeat(5000)}`)
    const [first = '', second = ''] = lines
    expect(JSON.parse(first)).toMatchObject({ event: 'request', method: 'POST', path: '/t/echo', status: 200 })
    expect(first).not.toContain('hunter2')
    expect(second.length).toBeLessThan(600)
  })

  it('is left out for a good answer to a gateway or a probe, and written for a bad one', async () => {
    const lines: string[] = []
    vi.spyOn(console, 'info').mockImplementation((line: string) => void lines.push(line))
    const app = createTestApp()
    expect((await app.fetch('/liveness')).status).toBe(200)
    expect(lines).toEqual([])
    expect((await app.fetch('/validate')).status).toBe(401)
    expect((await app.fetch('/validate/orders')).status).toBe(401)
    expect(lines.map((line) => JSON.parse(line).path)).toEqual(['/validate', '/validate/orders'])
  })
})

describe('cross-origin requests', () => {
  const preflight = (server: typeof cors, origin: string) =>
    server.fetch('/t/echo', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    })

  it('of a configured origin are allowed, with credentials', async () => {
    const answer = await preflight(cors, ORIGIN)
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN)
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true')
    expect(answer.headers.get('access-control-allow-methods')).toBe('GET, POST, PUT, DELETE, OPTIONS, PATCH')
    expect(answer.headers.get('access-control-allow-headers')).toContain('Authorization')
    expect(answer.headers.get('access-control-max-age')).toBe('600')
    const got = await cors.fetch('/t/taken', { headers: { origin: ORIGIN } })
    expect(got.headers.get('access-control-allow-origin')).toBe(ORIGIN)
    expect(got.headers.get('access-control-expose-headers')).toContain('X-RateLimit-Remaining')
    expect(got.headers.get('access-control-expose-headers')).toContain('X-Total-Count')
  })

  it('may carry what tracing adds to every request of a page', async () => {
    const granted = (await preflight(cors, ORIGIN)).headers.get('access-control-allow-headers')?.split(', ')
    expect(granted).toEqual(expect.arrayContaining(['traceparent', 'tracestate', 'baggage', 'sentry-trace']))
  })

  it('of an origin that was written as an address are allowed', async () => {
    const written = createTestServer({
      routes: testRoutes,
      env: { CORS_ORIGINS: 'https://App.example.test:443/, capacitor://localhost' },
    })
    for (const origin of [ORIGIN, 'capacitor://localhost'])
      expect((await preflight(written, origin)).headers.get('access-control-allow-origin')).toBe(origin)
  })

  it.each([
    ['CORS_ORIGINS', 'must list origins, such as https://app.example.com'],
    [
      'REDIRECT_ORIGINS',
      'must list origins, such as https://app.example.com, or schemes of apps, such as com.example.app:',
    ],
  ])('need origins in %s: nothing else would ever be one', (name, reason) => {
    const good = { ROOT_SECRET: 'x'.repeat(32), PUBLIC_URL: 'https://auth.example.test' }
    for (const value of ['*', 'app.example.test', `${ORIGIN}/path`, 'https://*.example.test', `${ORIGIN}, x`])
      expect(findBrokenVariables({ ...good, [name]: value })).toEqual([{ name, reason }])
  })

  it.each([
    'https://evil.test',
    'https://app.example.test.evil.test',
    'http://app.example.test',
    'null',
    `${ORIGIN}:444`,
  ])('of %j get no permission', async (origin) => {
    const answer = await preflight(cors, origin)
    const message = `The origin ${origin} is not in CORS_ORIGINS`
    expect([answer.status, await answer.json()]).toMatchObject([403, { code: 'ORIGIN_NOT_ALLOWED', message }])
    expect(answer.headers.has('access-control-allow-origin')).toBe(false)
    const got = await cors.fetch('/t/cached', { headers: { origin } })
    expect(got.headers.has('access-control-allow-origin')).toBe(false)
    expect(got.headers.get('vary')).toBe('Authorization, Origin')
  })

  it('of a loopback page are allowed in local mode only', async () => {
    expect((await preflight(cors, 'http://localhost:3000')).status).toBe(204)
    const production = createTestServer({
      routes: testRoutes,
      env: { MODE: 'production', PUBLIC_URL: 'https://auth.example.test' },
    })
    expect((await preflight(production, 'http://localhost:3000')).status).toBe(403)
  })
})

it.each(['/auth', '/?a=b', '/#here'])(
  'PUBLIC_URL is refused with %j behind its host: nothing is served there',
  (rest) => {
    const PUBLIC_URL = `https://auth.example.test${rest}`
    expect(findBrokenVariables({ ROOT_SECRET: 'x'.repeat(32), PUBLIC_URL })).toEqual([
      { name: 'PUBLIC_URL', reason: 'must have a scheme, a host and a port alone' },
    ])
  },
)

it('JURISDICTION is refused in local mode: the local runtime would fail at every object', () => {
  const variables = { ROOT_SECRET: 'x'.repeat(32), PUBLIC_URL: 'https://auth.example.test', JURISDICTION: 'eu' }
  expect(findBrokenVariables(variables)).toEqual([])
  expect(findBrokenVariables({ ...variables, MODE: 'local' })).toEqual([
    { name: 'JURISDICTION', reason: 'is for a deployment: the local runtime has none' },
  ])
})

describe('a route for development', () => {
  it('is served to loopback in local mode', async () => {
    for (const host of ['127.0.0.1:8787', 'localhost:8787', '[::1]:8787'])
      expect((await fetch(`http://${host}/dev/tool`)).status).toBe(200)
  })

  it('is an unknown path to every other host and in production', async () => {
    const production = createTestServer({
      routes: testRoutes,
      env: { MODE: 'production', PUBLIC_URL: 'https://auth.example.test' },
    })
    const asked = [
      fetch('http://rebound.example.test/dev/tool'),
      fetch('http://127.0.0.1.example.test/dev/tool', { method: 'POST' }),
      production.fetch('/dev/tool'),
      production.fetch('/dev/tool', { method: 'POST' }),
    ]
    for (const answer of await Promise.all(asked)) {
      expect(answer.status).toBe(404)
      expect(answer.headers.has('allow')).toBe(false)
      expect(await answer.json()).toMatchObject({ code: 'NOT_FOUND' })
    }
  })
})
