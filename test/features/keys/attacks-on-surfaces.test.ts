import { describe, expect, it } from 'vitest'
import { loadSigningKey, mintClientToken } from '../../../src/features/keys/service/tokens.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { bearer, createTestApp, json } from '../../support/app.ts'
import { bodyOf, form, freshMachine } from '../oauth/support.ts'
import { TOKEN_ATTACKS } from './attacks.ts'
import { clientClaims, emptyRing, ringIsolate } from './support.ts'

const app = createTestApp()
/** The answer of each surface to an access token; none refuses a valid one. */
async function askEverywhere(token: string) {
  const { basic } = await freshMachine(app, ['introspect'])
  const status = async (path: string, init: RequestInit) => (await app.fetch(path, init)).status
  return {
    gateway: await status('/validate', bearer(token)),
    gatewayCookie: await status('/validate', { headers: { cookie: `__Secure-postern=${token}` } }),
    envoy: await status('/validate/orders/1', {
      method: 'PUT',
      headers: { ...bearer(token).headers, 'x-auth-require': 'valid' },
    }),
    json: (await bodyOf(await app.fetch('/validate', json({ token })))).valid,
    janua: (await bodyOf(await app.fetch('/api/v1/auth/validate', json({ token })))).valid,
    introspection: (await bodyOf(await app.fetch('/oauth/introspect', form({ token }, basic)))).active,
    introspector: await status('/oauth/introspect', form({ token: 'x' }, `Bearer ${token}`)),
    user: await status('/api/v1/sessions', bearer(token)),
    admin: await status('/api/v1/admin/keys', bearer(token)),
  }
}

const REFUSED = {
  gateway: 401,
  gatewayCookie: 401,
  envoy: 401,
  json: false,
  janua: false,
  introspection: false,
  introspector: 401,
  user: 401,
  admin: 401,
}

describe('on every surface', () => {
  it.each(TOKEN_ATTACKS)('a token with %s is refused', async (_name, _reason, forge) => {
    const ctx = await app.ctx()
    expect(await askEverywhere(await forge(ctx, await loadSigningKey(ctx)))).toEqual(REFUSED)
  })

  it('a token of another deployment is refused', async () => {
    await emptyRing()
    const ROOT_SECRET = 'another-deployment-0123456789-0123456789-0123456'
    const ctx = await ringIsolate({ now: Date.now() }, { ROOT_SECRET }).ctx()
    expect(await askEverywhere(await mintClientToken(await loadSigningKey(ctx), clientClaims(ctx)))).toEqual(REFUSED)
  })

  it('a valid token is accepted', async () => {
    const ctx = await app.ctx()
    const { client } = await freshMachine(app)
    const claims = clientClaims(ctx, { client_id: client.id, sub: client.id, jti: newUuid(), scope: 'introspect' })
    expect(await askEverywhere(await mintClientToken(await loadSigningKey(ctx), claims))).toEqual({
      gateway: 200,
      gatewayCookie: 200,
      envoy: 200,
      json: true,
      janua: true,
      introspection: true,
      introspector: 200,
      user: 403,
      admin: 403,
    })
  })
})
