import { describe, expect, it } from 'vitest'
import { loadSigningKey } from '../../../src/features/keys/service/tokens.ts'
import { bearer, createTestApp, json } from '../../support/app.ts'
import { bodyOf, freshMachine, freshUser, requestToken } from '../oauth/support.ts'

const app = createTestApp()

describe('GET /.well-known/jwks.json', () => {
  it('has the public part of the signing key, and nothing private', async () => {
    const key = await loadSigningKey(await app.ctx())
    const answer = await app.fetch('/.well-known/jwks.json')
    expect(answer.status).toBe(200)
    const { keys } = (await answer.json()) as { keys: Record<string, string>[] }
    const published = keys.find(({ kid }) => kid === key.kid)
    expect(published).toEqual({
      kty: 'RSA',
      use: 'sig',
      alg: 'RS256',
      kid: key.kid,
      n: expect.any(String),
      e: 'AQAB',
    })
    for (const one of keys)
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(one).not.toHaveProperty(secret)
  })

  it('may be cached as long as a new key waits, and read from any origin', async () => {
    const answer = await app.fetch('/.well-known/jwks.json', { headers: { origin: 'https://anyone.example' } })
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300')
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
    expect(answer.headers.get('x-ratelimit-limit')).toBeNull()
  })
})

describe('GET /.well-known/openid-configuration', () => {
  it('has what RFC 8414 2 requires, and names endpoints that exist', async () => {
    const body = await bodyOf(await app.fetch('/.well-known/openid-configuration'))
    expect(body).toMatchObject({
      issuer: 'http://127.0.0.1:8787',
      response_types_supported: [],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      grant_types_supported: ['client_credentials'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    })
    expect(body).not.toHaveProperty('authorization_endpoint')
    for (const name of ['token_endpoint', 'introspection_endpoint', 'revocation_endpoint']) {
      const { pathname } = new URL(String(body[name]))
      expect((await app.fetch(pathname, { method: 'POST' })).status).toBeLessThan(403)
    }
    expect((await app.fetch(new URL(String(body.jwks_uri)).pathname)).status).toBe(200)
  })

  it('depends on the configuration, not on the Host header', async () => {
    const answer = await app.fetch('/.well-known/openid-configuration', { headers: { host: 'attacker.example' } })
    expect(await answer.text()).not.toContain('attacker')
  })

  it('is also served at the path of RFC 8414 3', async () => {
    const [one, two] = await Promise.all(
      ['openid-configuration', 'oauth-authorization-server'].map((name) => app.fetch(`/.well-known/${name}`)),
    )
    expect(await one?.json()).toEqual(await two?.json())
  })
})

describe('the key list for admins', () => {
  it('has every key with its state, and no key material', async () => {
    const { tokens } = await freshUser(app, { role: 'admin' })
    const { kid } = await loadSigningKey(await app.ctx())
    const answer = await app.fetch('/api/v1/admin/keys', bearer(tokens.accessToken))
    expect(answer.status).toBe(200)
    const body = (await answer.json()) as { keys: Record<string, unknown>[] }
    expect(body.keys.find((key) => key.kid === kid)).toEqual({
      kid,
      alg: 'RS256',
      state: 'signing',
      created_at: expect.any(String),
      signs_from: expect.any(String),
      published_until: null,
      revoked_at: null,
    })
  })

  it.each([
    ['GET', '/api/v1/admin/keys'],
    ['POST', '/api/v1/admin/keys/rotate'],
  ])('%s %s is for admins only', async (method, path) => {
    const user = await freshUser(app)
    const machine = await freshMachine(app, ['introspect', 'admin'])
    const as = async (token: string | null) =>
      (await app.fetch(path, { method, ...(token === null ? {} : bearer(token)) })).status
    expect(await as(null)).toBe(401)
    expect(await as('garbage')).toBe(401)
    expect(await as(user.tokens.refreshToken)).toBe(401)
    expect(await as(user.tokens.accessToken)).toBe(403)
    expect(await as(await requestToken(app, machine))).toBe(403)
  })

  it('refuses a body of the wrong type', async () => {
    const { tokens } = await freshUser(app, { role: 'admin' })
    const { headers } = bearer(tokens.accessToken)
    const answer = await app.fetch('/api/v1/admin/keys/rotate', json({ revoke_current: 'yes' }, headers))
    expect(answer.status).toBe(422)
  })
})
