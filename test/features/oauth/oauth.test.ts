import { describe, expect, it } from 'vitest'
import { serviceUnavailable } from '../../../src/lib/errors.ts'
import { createTestApp, json } from '../../support/app.ts'
import { basicOf, bodyOf, form, freshIp, freshMachine, freshUser, requestToken } from './support.ts'

const app = createTestApp()
const ENDPOINTS = ['/oauth/token', '/oauth/introspect', '/oauth/revoke']
const FIELDS = { grant_type: 'client_credentials', token: 'x' }

describe('failed client authentications', () => {
  it('of one network are counted over all endpoints, and refused as too many after a hundred in an hour', async () => {
    const ip = freshIp()
    const fail = async (path: string) => app.fetch(path, form(FIELDS, basicOf(crypto.randomUUID(), 'guess'), ip))
    const statuses = await Promise.all(
      Array.from({ length: 102 }, async (_, index) => (await fail(ENDPOINTS[index % 3] ?? '')).status),
    )
    expect(statuses.filter((status) => status === 401)).toHaveLength(100)
    const late = await fail('/oauth/introspect')
    expect([late.status, await bodyOf(late)]).toMatchObject([429, { error: 'temporarily_unavailable' }])
    const retryAfter = Number(late.headers.get('retry-after'))
    expect(retryAfter).toBeGreaterThan(3000)
    expect(retryAfter).toBeLessThanOrEqual(3600)
  })

  it('of others in its network do not lock a client out', async () => {
    const ip = freshIp()
    const machine = await freshMachine(app, ['introspect'])
    const fail = () => app.fetch('/oauth/introspect', form(FIELDS, basicOf(crypto.randomUUID(), 'guess'), ip))
    await Promise.all(Array.from({ length: 101 }, fail))
    expect((await app.fetch('/oauth/introspect', form(FIELDS, machine.basic, ip))).status).toBe(200)
  })

  it('are not counted for malformed requests', async () => {
    const ip = freshIp()
    const { basic } = await freshMachine(app)
    const statuses = await Promise.all(
      Array.from({ length: 101 }, async () => (await app.fetch('/oauth/introspect', form({}, basic, ip))).status),
    )
    expect(new Set(statuses)).toEqual(new Set([400]))
  })
})

describe.each(ENDPOINTS)('%s', (path) => {
  it('answers an oversized body with 413 and an OAuth error', async () => {
    const { basic } = await freshMachine(app)
    const answer = await app.fetch(path, form({ ...FIELDS, padding: 'x'.repeat(1024 * 1024) }, basic))
    expect([answer.status, await bodyOf(answer)]).toMatchObject([413, { error: 'invalid_request' }])
  })

  it('refuses any other media type, and a malformed form', async () => {
    const { basic } = await freshMachine(app)
    const asJson = await app.fetch(path, json(FIELDS, { authorization: basic }))
    expect([asJson.status, await bodyOf(asJson)]).toMatchObject([415, { error: 'invalid_request' }])
    const binary = await app.fetch(path, { ...form({}, basic), body: new Uint8Array([0xff, 0xfe]) })
    expect(binary.status).toBe(400)
  })

  it('answers 503 when clients cannot be read, and lets nobody in', async () => {
    const { basic } = await freshMachine(app)
    const withoutD1 = createTestApp({
      override: (ctx) => ({
        ...ctx,
        db: new Proxy(ctx.db, {
          get() {
            throw serviceUnavailable()
          },
        }),
      }),
    })
    const answer = await withoutD1.fetch(path, form(FIELDS, basic))
    expect([answer.status, await bodyOf(answer)]).toMatchObject([503, { error: 'temporarily_unavailable' }])
  })

  it('gives the same answer for an unknown client, a wrong secret and a disabled client', async () => {
    const { client } = await freshMachine(app)
    const answers = await Promise.all(
      [basicOf(client.id, 'pcs_wrong'), basicOf(crypto.randomUUID(), 'pcs_wrong')].map((basic) =>
        app.fetch(path, form(FIELDS, basic)),
      ),
    )
    const [one, two] = await Promise.all(answers.map(bodyOf))
    expect(one).toEqual(two)
  })

  it('forbids caching of errors', async () => {
    const answer = await app.fetch(path, form(FIELDS))
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([401, 'no-store'])
  })
})

describe("a machine's token", () => {
  it('passes a gateway as the client that it is', async () => {
    const machine = await freshMachine(app, ['orders:read'])
    const authorization = `Bearer ${await requestToken(app, machine)}`
    const answer = await app.fetch('/validate', { headers: { authorization } })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-auth-username')).toBe(`client:${machine.client.id}`)
    expect(answer.headers.get('x-auth-user-id')).toBe('')
  })

  it('is refused by routes of users', async () => {
    const authorization = `Bearer ${await requestToken(app, await freshMachine(app))}`
    expect((await app.fetch('/api/v1/sessions', { headers: { authorization } })).status).toBe(403)
  })
})

describe('one kind of token in place of another', () => {
  it('a refresh token is not accepted as an access token', async () => {
    const { tokens } = await freshUser(app)
    const authorization = `Bearer ${tokens.refreshToken}`
    expect((await app.fetch('/validate', { headers: { authorization } })).status).toBe(401)
    expect((await app.fetch('/api/v1/sessions', { headers: { authorization } })).status).toBe(401)
  })

  it('an access token is not accepted as a refresh token or a client secret', async () => {
    const { tokens } = await freshUser(app)
    const answer = await app.fetch('/api/v1/auth/refresh', json({ refresh_token: tokens.accessToken }))
    expect(answer.status).toBe(401)
    const asSecret = await app.fetch('/oauth/token', form(FIELDS, basicOf('postern', tokens.accessToken)))
    expect(asSecret.status).toBe(401)
  })
})
