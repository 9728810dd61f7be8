import { describe, expect, it } from 'vitest'
import { verifyAccessToken } from '../../../src/features/keys/service/tokens.ts'
import { basicOf, bodyOf, form, freshMachine } from '../../features/oauth/support.ts'
import { createTestApp } from '../../support/app.ts'

const app = createTestApp()
const GRANT = { grant_type: 'client_credentials' }
const ask = (fields: Record<string, string>, authorization?: string) =>
  app.fetch('/oauth/token', form(fields, authorization))

describe('the client credentials grant (4.4)', () => {
  it('gives a bearer token that names the client, without a refresh token (4.4.3)', async () => {
    const machine = await freshMachine(app, ['introspect', 'orders:read'])
    const answer = await ask(GRANT, machine.basic)
    expect(answer.status).toBe(200)
    const body = await bodyOf(answer)
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 600,
      scope: 'introspect orders:read',
    })
    const verified = await verifyAccessToken(await app.ctx(), String(body.access_token))
    expect(verified).toMatchObject({
      ok: true,
      claims: { sub: machine.client.id, client_id: machine.client.id, scope: 'introspect orders:read' },
    })
    for (const claim of ['sid', 'ver', 'email', 'username', 'number', 'role', 'roles', 'org_id', 'amr', 'acr'])
      expect(verified.ok && verified.claims).not.toHaveProperty(claim)
  })

  it('is never cached (5.1)', async () => {
    const answer = await ask(GRANT, (await freshMachine(app)).basic)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('pragma')).toBe('no-cache')
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
  })

  it('is served under /api/v1 as well', async () => {
    const machine = await freshMachine(app)
    expect((await app.fetch('/api/v1/oauth/token', form(GRANT, machine.basic))).status).toBe(200)
  })
})

describe('scope (3.3)', () => {
  it('may be a part of what the client has, in any order', async () => {
    const machine = await freshMachine(app, ['a:read', 'b:read', 'c:read'])
    expect(await bodyOf(await ask({ ...GRANT, scope: 'c:read a:read' }, machine.basic))).toMatchObject({
      scope: 'c:read a:read',
    })
  })

  it.each(['d:read', 'a:read d:read', ' ', 'A:READ', 'a:read\u0000', '*'])('%j is invalid_scope', async (scope) => {
    const machine = await freshMachine(app, ['a:read'])
    const answer = await ask({ ...GRANT, scope }, machine.basic)
    expect([answer.status, await bodyOf(answer)]).toMatchObject([400, { error: 'invalid_scope' }])
  })

  it('without a value counts as omitted (3.2)', async () => {
    const machine = await freshMachine(app, ['a:read'])
    expect(await bodyOf(await ask({ ...GRANT, scope: '' }, machine.basic))).toMatchObject({ scope: 'a:read' })
  })
})

describe('client authentication (2.3.1)', () => {
  it('takes id and secret from the form', async () => {
    const { client, secret } = await freshMachine(app)
    expect((await ask({ ...GRANT, client_id: client.id, client_secret: secret })).status).toBe(200)
  })

  it('decodes the form encoding inside Basic', async () => {
    const { client, secret } = await freshMachine(app)
    const encode = (text: string) => [...text].map((c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`).join('')
    expect((await ask(GRANT, basicOf(encode(client.id), encode(secret)))).status).toBe(200)
  })

  it('takes the name of the scheme in any case (RFC 9110 11.1)', async () => {
    const { basic } = await freshMachine(app)
    expect((await ask(GRANT, basic.replace('Basic', 'bAsIC'))).status).toBe(200)
  })

  it('may name the client in the form beside Basic, but no other', async () => {
    const { client, basic } = await freshMachine(app)
    expect((await ask({ ...GRANT, client_id: client.id }, basic)).status).toBe(200)
    const other = await ask({ ...GRANT, client_id: crypto.randomUUID() }, basic)
    expect([other.status, await bodyOf(other)]).toMatchObject([400, { error: 'invalid_request' }])
  })

  it('is by one method: Basic and a secret in the form is invalid_request (2.3)', async () => {
    const { client, secret, basic } = await freshMachine(app)
    const answer = await ask({ ...GRANT, client_id: client.id, client_secret: secret }, basic)
    expect([answer.status, await bodyOf(answer)]).toMatchObject([400, { error: 'invalid_request' }])
  })

  it('is never read from the query', async () => {
    const { client, secret } = await freshMachine(app)
    const query = new URLSearchParams({ client_id: client.id, client_secret: secret })
    expect((await app.fetch(`/oauth/token?${query}`, form(GRANT))).status).toBe(401)
  })

  it('that fails is 401 with a challenge (5.2)', async () => {
    const { client, secret, basic } = await freshMachine(app)
    const other = await freshMachine(app)
    const failures = [
      undefined,
      basicOf(client.id, `${secret}x`),
      basicOf(client.id, ''),
      basicOf('', secret),
      basicOf(crypto.randomUUID(), secret),
      basicOf(other.client.id, secret),
      basicOf("' or 1=1 --", secret),
      basicOf('%zz', secret),
      `Basic ${btoa(client.id)}`,
      'Basic !!!',
      'Basic',
      `Digest ${basic.slice(6)}`,
      `Bearer ${secret}`,
    ]
    for (const authorization of failures) {
      const answer = await ask(GRANT, authorization)
      expect([authorization, answer.status, await bodyOf(answer)]).toEqual([
        authorization,
        401,
        { error: 'invalid_client', error_description: 'Client authentication failed' },
      ])
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm="postern"/)
      expect(answer.headers.get('cache-control')).toBe('no-store')
    }
  })

  it('does not take the first-party client, which has no secret', async () => {
    for (const fields of [{ client_id: 'postern' }, { client_id: 'postern', client_secret: 'x' }]) {
      const answer = await ask({ ...GRANT, ...fields })
      expect([answer.status, await bodyOf(answer)]).toMatchObject([401, { error: 'invalid_client' }])
    }
  })
})

describe('a request that is wrong (5.2)', () => {
  it.each(['password', 'authorization_code', 'refresh_token', 'CLIENT_CREDENTIALS'])(
    'in its grant type %s is unsupported_grant_type',
    async (grant_type) => {
      const { basic } = await freshMachine(app)
      const answer = await ask({ grant_type }, basic)
      expect([answer.status, await bodyOf(answer)]).toMatchObject([400, { error: 'unsupported_grant_type' }])
    },
  )

  it('without a grant type, or with an empty one, is invalid_request', async () => {
    const { basic } = await freshMachine(app)
    for (const fields of [{}, { grant_type: '' }]) {
      const answer = await ask(fields, basic)
      expect([answer.status, await bodyOf(answer)]).toMatchObject([400, { error: 'invalid_request' }])
    }
  })

  it('with a parameter twice is invalid_request (3.2)', async () => {
    const { basic } = await freshMachine(app)
    const body = 'grant_type=client_credentials&grant_type=client_credentials'
    const answer = await app.fetch('/oauth/token', { ...form({}, basic), body })
    expect([answer.status, await bodyOf(answer)]).toMatchObject([400, { error: 'invalid_request' }])
  })

  it('in JSON is refused in the words of OAuth', async () => {
    const { basic } = await freshMachine(app)
    const answer = await app.fetch('/oauth/token', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: basic },
      body: JSON.stringify(GRANT),
    })
    expect([answer.status, await bodyOf(answer)]).toMatchObject([415, { error: 'invalid_request' }])
  })

  it('by GET is 405', async () => {
    const answer = await app.fetch('/oauth/token?grant_type=client_credentials')
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toContain('POST')
  })

  it('describes itself in printable ASCII', async () => {
    const { basic } = await freshMachine(app)
    const answer = await app.fetch('/oauth/token', { ...form({}, basic), body: 'é"=1&é"=2' })
    expect(String((await bodyOf(answer)).error_description)).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
  })
})
