import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { freshMachine, freshUser, requestToken } from '../../features/oauth/support.ts'
import { createTestApp } from '../../support/app.ts'

const app = createTestApp()

/** What a resource server does that knows of Postern only its documents (4). */
async function verifyAsResourceServer(token: string) {
  const discovery = (await (await app.fetch('/.well-known/openid-configuration')).json()) as Record<string, string>
  const keys = await (await app.fetch(new URL(discovery.jwks_uri ?? '').pathname)).json()
  return jwtVerify(token, createLocalJWKSet(keys as { keys: [] }), {
    typ: 'at+jwt',
    issuer: discovery.issuer ?? '',
    audience: 'postern',
  })
}

describe('an access token', () => {
  it('has the header of 2.1 and no parameter more', async () => {
    const { tokens } = await freshUser(app)
    const header = decodeProtectedHeader(tokens.accessToken)
    expect(header).toEqual({ alg: 'RS256', kid: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/), typ: 'at+jwt' })
  })

  it('of a user verifies against the published keys and has every required claim (2.2)', async () => {
    const { user, session, tokens } = await freshUser(app)
    const { payload } = await verifyAsResourceServer(tokens.accessToken)
    expect(payload).toMatchObject({
      iss: 'http://127.0.0.1:8787',
      aud: 'postern',
      sub: user.id,
      client_id: 'postern',
      sid: session.id,
      iat: expect.any(Number),
      exp: tokens.expiresAt,
      jti: expect.any(String),
      auth_time: expect.any(Number),
      acr: 'aal1',
      amr: ['pwd'],
    })
    expect(Number(payload.exp) - Number(payload.iat)).toBe(600)
  })

  it('of a machine has its client id as subject (5) and its scope (2.2.3)', async () => {
    const machine = await freshMachine(app, ['a:read'])
    const { payload } = await verifyAsResourceServer(await requestToken(app, machine))
    expect(payload).toEqual({
      iss: 'http://127.0.0.1:8787',
      aud: 'postern',
      sub: machine.client.id,
      client_id: machine.client.id,
      jti: expect.any(String),
      iat: expect.any(Number),
      exp: expect.any(Number),
      type: 'access',
      scope: 'a:read',
    })
  })

  it('has a jti of its own each time', async () => {
    const machine = await freshMachine(app)
    const both = await Promise.all([requestToken(app, machine), requestToken(app, machine)])
    const [one, two] = await Promise.all(both.map(verifyAsResourceServer))
    expect(one?.payload.jti).not.toBe(two?.payload.jti)
  })
})
