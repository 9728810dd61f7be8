import { describe, expect, it } from 'vitest'
import { authenticateClient, createClient, isClientEnabled } from '../../../src/features/clients/service.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { bearer, createTestApp, env, json } from '../../support/app.ts'
import { basicOf, bodyOf, form, freshMachine, freshUser, requestToken } from '../oauth/support.ts'

const app = createTestApp()
const CLIENTS = '/api/v1/admin/clients'

async function freshAdmin() {
  const { user, tokens } = await freshUser(app, { role: 'admin' })
  return { user, ...bearer(tokens.accessToken) }
}

describe('POST /api/v1/admin/clients', () => {
  it('registers a machine and shows its secret once', async () => {
    const { headers } = await freshAdmin()
    const answer = await app.fetch(CLIENTS, json({ name: ' Orders ', scopes: ['introspect', 'orders:*'] }, headers))
    expect(answer.status).toBe(201)
    const created = await bodyOf(answer)
    expect(created).toEqual({
      client_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4/),
      client_secret: expect.stringMatching(/^pcs_[A-Za-z0-9_-]{43}$/),
      name: 'Orders',
      scopes: ['introspect', 'orders:*'],
      created_at: expect.any(String),
      disabled_at: null,
    })
    const grant = form(
      { grant_type: 'client_credentials' },
      basicOf(String(created.client_id), String(created.client_secret)),
    )
    expect((await app.fetch('/oauth/token', grant)).status).toBe(200)
    const list = await (await app.fetch(CLIENTS, { headers })).text()
    expect(list).toContain(String(created.client_id))
    expect(list).not.toContain('pcs_')
  })

  it('stores a hash of the secret, and names the admin in the event', async () => {
    const { user, headers } = await freshAdmin()
    const created = await bodyOf(await app.fetch(CLIENTS, json({ name: 'x' }, headers)))
    const row = await env.DB.prepare('select * from clients where id = ?').bind(created.client_id).first()
    expect(JSON.stringify(row)).not.toContain(String(created.client_secret))
    const event = await env.DB.prepare('select * from events where subject = ?').bind(created.client_id).first()
    expect(event).toMatchObject({ type: 'client.created', actor_type: 'user', actor_id: user.id, user_id: null })
    expect(JSON.stringify(event)).not.toContain(String(created.client_secret))
  })

  it.each([
    {},
    { name: '' },
    { name: '  ' },
    { name: 'x'.repeat(101) },
    { name: 1 },
    { name: 'x', scopes: 'introspect' },
    { name: 'x', scopes: ['Introspect'] },
    { name: 'x', scopes: ['two words'] },
    { name: 'x', scopes: [''] },
    { name: 'x', scopes: ['"'] },
    { name: 'x', scopes: Array.from({ length: 51 }, (_, index) => `s${index}`) },
  ])('refuses %j', async (body) => {
    const { headers } = await freshAdmin()
    const answer = await app.fetch(CLIENTS, json(body, headers))
    expect([answer.status, await bodyOf(answer)]).toMatchObject([422, { code: 'VALIDATION_ERROR' }])
  })
})

describe('DELETE /api/v1/admin/clients/:id', () => {
  it('disables the client: its secret and its tokens are refused, and again it changes nothing', async () => {
    const { headers } = await freshAdmin()
    const machine = await freshMachine(app, ['introspect'])
    const token = await requestToken(app, machine)
    const remove = () => app.fetch(`${CLIENTS}/${machine.client.id}`, { method: 'DELETE', headers })
    const first = await bodyOf(await remove())
    expect(first).toMatchObject({ client_id: machine.client.id, disabled_at: expect.any(String), propagated: true })
    expect(await bodyOf(await remove())).toEqual(first)
    const grant = form({ grant_type: 'client_credentials' }, machine.basic)
    expect((await app.fetch('/oauth/token', grant)).status).toBe(401)
    for (const isolate of [app, createTestApp()])
      expect((await isolate.fetch('/validate', bearer(token))).status).toBe(401)
    const { results } = await env.DB.prepare("select type from events where subject = ? and type = 'client.disabled'")
      .bind(machine.client.id)
      .all()
    expect(results).toHaveLength(1)
  })

  it('of an unknown client is 404, and of a malformed id 400', async () => {
    const { headers } = await freshAdmin()
    const remove = (id: string) => app.fetch(`${CLIENTS}/${id}`, { method: 'DELETE', headers })
    const unknown = await remove(newUuid())
    expect([unknown.status, await bodyOf(unknown)]).toMatchObject([404, { code: 'CLIENT_NOT_FOUND' }])
    expect((await remove('1')).status).toBe(400)
  })
})

describe('GET /api/v1/admin/clients', () => {
  it('pages, newest first', async () => {
    const { headers } = await freshAdmin()
    await freshMachine(app)
    await freshMachine(app)
    const page = async (query: string) => {
      const body = await bodyOf(await app.fetch(`${CLIENTS}${query}`, { headers }))
      return (body.clients as { client_id: string }[]).map((client) => client.client_id)
    }
    const two = await page('?limit=2')
    expect(two).toHaveLength(2)
    expect([...(await page('?limit=1')), ...(await page('?limit=1&offset=1'))]).toEqual(two)
  })

  it.each(['?limit=0', '?limit=101', '?limit=x', '?offset=-1'])('refuses %s', async (query) => {
    const { headers } = await freshAdmin()
    expect((await app.fetch(`${CLIENTS}${query}`, { headers })).status).toBe(422)
  })
})

describe('every route of clients', () => {
  it.each([
    ['POST', CLIENTS],
    ['GET', CLIENTS],
    ['DELETE', `${CLIENTS}/${newUuid()}`],
  ])('%s %s is for admins alone', async (method, path) => {
    const user = await freshUser(app)
    const machineToken = await requestToken(app, await freshMachine(app, ['introspect']))
    const as = async (headers: Record<string, string>) => (await app.fetch(path, { method, headers })).status
    expect(await as({})).toBe(401)
    expect(await as({ authorization: 'Bearer garbage' })).toBe(401)
    expect(await as({ authorization: `Bearer ${user.tokens.refreshToken}` })).toBe(401)
    expect(await as({ authorization: `Bearer ${user.tokens.accessToken}` })).toBe(403)
    expect(await as({ authorization: `Bearer ${machineToken}` })).toBe(403)
    expect(await as({ authorization: (await freshMachine(app)).basic })).toBe(401)
  })
})

describe('authenticateClient', () => {
  it('takes the secret of that client and no other', async () => {
    const ctx = await app.ctx()
    const actor = { type: 'system', id: 'test' } as const
    const [one, two] = await Promise.all(['a', 'b'].map((name) => createClient(ctx, { name, scopes: [], actor })))
    const check = async (id = '', secret = '') => (await authenticateClient(ctx, id, secret))?.id
    expect(await check(one?.client.id, one?.secret)).toBe(one?.client.id)
    expect(await check(one?.client.id, two?.secret)).toBeUndefined()
    expect(await check(one?.client.id, '')).toBeUndefined()
    expect(await check(one?.client.id, `${one?.secret} `)).toBeUndefined()
    expect(await check(newUuid(), one?.secret)).toBeUndefined()
    expect(await check('not-an-id', one?.secret)).toBeUndefined()
    expect(await isClientEnabled(ctx, newUuid())).toBe(false)
  })
})
