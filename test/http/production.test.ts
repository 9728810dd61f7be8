import { afterEach, describe, expect, it, vi } from 'vitest'
import { listRoutes } from '../../src/app.ts'
import { createTestApp, json } from '../support/app.ts'

const PRODUCTION = { MODE: 'production', PUBLIC_URL: 'https://auth.example.test' }
const SECRET = 'production-root-secret-that-is-never-written-down'

afterEach(() => vi.restoreAllMocks())

function listenToLog(): string[] {
  const lines: string[] = []
  for (const level of ['info', 'warn', 'error'] as const)
    vi.spyOn(console, level).mockImplementation((line: string) => void lines.push(line))
  return lines
}

describe('a deployment without its configuration', () => {
  it.each([
    ['no root secret', { ROOT_SECRET: '' }, 'ROOT_SECRET'],
    ['a short root secret', { ROOT_SECRET: 'hunter2' }, 'ROOT_SECRET'],
    ['no public address', { PUBLIC_URL: '' }, 'PUBLIC_URL'],
    ['an address without TLS', { PUBLIC_URL: 'http://auth.example.test' }, 'PUBLIC_URL'],
    ['a malformed number', { ACCESS_TOKEN_SECONDS: 'hunter2' }, 'ACCESS_TOKEN_SECONDS'],
    ['a malformed mode', { MODE: 'hunter2' }, 'MODE'],
    ['a short admin secret', { ADMIN_SECRET_KEY: 'hunter2' }, 'ADMIN_SECRET_KEY'],
  ])('(%s) answers 503 everywhere and logs the name', async (_what, env, name) => {
    const lines = listenToLog()
    const app = createTestApp({ env: { ...PRODUCTION, ROOT_SECRET: SECRET, ...env } })
    const asked = [
      app.fetch('/health'),
      app.fetch('/readiness'),
      app.fetch('/nowhere'),
      app.fetch('/validate'),
      app.fetch('/dev/mailbox'),
      app.fetch('/.well-known/jwks.json'),
      app.fetch('/api/v1/auth/signin', json({ email: 'a@example.test', password: 'x' })),
      app.fetch('/liveness', { method: 'POST' }),
    ]
    for (const answer of await Promise.all(asked)) {
      expect(answer.status).toBe(503)
      expect(answer.headers.get('cache-control')).toBe('no-store')
      const text = await answer.text()
      expect(JSON.parse(text)).toMatchObject({ code: 'CONFIGURATION_ERROR', status: 503 })
      expect(text).not.toContain(name)
    }
    expect(lines.every((line) => JSON.parse(line).event === 'configuration_error')).toBe(true)
    expect(lines[0]).toContain(name)
    expect(lines.join()).not.toMatch(/hunter2|never-written-down/)
  })

  it('still says that it is alive', async () => {
    const app = createTestApp({ env: { ...PRODUCTION, ROOT_SECRET: '' } })
    for (const path of ['/liveness', '/liveness/']) {
      const answer = await app.fetch(path)
      expect([answer.status, await answer.json()]).toEqual([200, { status: 'alive' }])
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    }
  })
})

describe('a configured deployment', () => {
  it('answers, and knows nothing of /dev', async () => {
    const app = createTestApp({ env: { ...PRODUCTION, ROOT_SECRET: SECRET } })
    expect((await app.fetch('/liveness')).status).toBe(200)
    const unknown = await (await app.fetch('/nowhere')).json<{ message: string }>()
    const dev = listRoutes().filter(({ spec }) => spec.localOnly)
    expect(dev.length).toBeGreaterThan(0)
    for (const { path } of dev) {
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const answer = await app.fetch(`http://127.0.0.1:8787${path}?to=a@example.test`, { method })
        expect(answer.status).toBe(404)
        expect(await answer.json()).toMatchObject({ code: 'NOT_FOUND', message: unknown.message, details: {} })
      }
    }
  })

  it('takes the address of a client from the platform alone', async () => {
    const seen: string[] = []
    const app = createTestApp({
      env: { ...PRODUCTION, ROOT_SECRET: SECRET },
      override: (ctx) => {
        seen.push(ctx.ip)
        return ctx
      },
    })
    await app.fetch('/liveness', { headers: { 'cf-connecting-ip': '203.0.113.9', 'x-forwarded-for': '198.51.100.1' } })
    await app.fetch('/liveness', { headers: { 'x-forwarded-for': '198.51.100.1', 'x-real-ip': '198.51.100.1' } })
    expect(seen).toEqual(['203.0.113.9', '0.0.0.0'])
  })
})
