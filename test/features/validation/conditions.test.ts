import { describe, expect, it } from 'vitest'
import type { UserClaims } from '../../../src/features/keys/types.ts'
import { readHeaderConditions, readQueryConditions } from '../../../src/features/validation/rules/conditions.ts'
import { encodeHeaderValue } from '../../../src/features/validation/rules/identity.ts'
import type { FeedEntry } from '../../../src/lib/event.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { applyEntries, createView, floorOf, MAX_VIEW_ENTRIES, packId, sizeOf } from '../../../src/revocation/view.ts'
import { ask, createWorld, mintMachine, mintUser } from './support.ts'

const ORG = '5f0f8a52-0000-4000-8000-000000000001'
const world = createWorld()
const app = world.isolate()

/** The status of `GET /validate` with these conditions, for a user with these claims. */
async function statusFor(query: string, given: Partial<UserClaims> = {}): Promise<number> {
  const { token } = await mintUser(app, given)
  return (await ask(app, token, query)).status
}

describe('conditions in the query', () => {
  it.each<[string, Partial<UserClaims>, number]>([
    ['?role=admin', { roles: ['admin'] }, 200],
    ['?role=admin', { roles: ['user'] }, 403],
    ['?role=admin', { roles: ['user'], org_role: 'admin', org_id: ORG }, 403],
    ['?role=admin&role=user', { roles: ['user'] }, 200],
    ['?role=admin|user', { roles: ['user'] }, 200],
    ['?role=admin%7Cuser', { roles: ['user'] }, 200],
    ['?role=admin|vendor', { roles: ['user'] }, 403],
    ['?role=admin|vendor&role=user', { roles: ['user'] }, 200],
    ['?role=user&acr=aal1|aal2', { roles: ['user'], acr: 'aal1' }, 200],
    ['?role=admin&role=vendor', { roles: ['user'] }, 403],
    ['?role=user&acr=aal2', { roles: ['user'], acr: 'aal1' }, 403],
    ['?role=user&acr=aal2', { roles: ['user'], acr: 'aal2' }, 200],
    ['?acr=aal1', { acr: 'aal2' }, 200],
    ['?acr=aal3', { acr: 'aal2' }, 403],
    [`?org=${ORG}`, { org_id: ORG, org_role: 'viewer' }, 200],
    [`?org=${ORG}`, {}, 403],
    ['?org=null', {}, 403],
    ['?permission=users:read', { org_id: ORG, org_role: 'viewer' }, 403],
    ['?permission=users:read:self', { org_id: ORG, org_role: 'viewer' }, 200],
    ['?permission=users:read', { org_id: ORG, org_role: 'member' }, 200],
    ['?permission=users:update:self', { org_id: ORG, org_role: 'admin' }, 200],
    ['?permission=webhooks:delete', { org_id: ORG, org_role: 'admin' }, 200],
    ['?permission=org:delete', { org_id: ORG, org_role: 'admin' }, 403],
    ['?permission=webhooksX', { org_id: ORG, org_role: 'admin' }, 403],
    ['?permission=anything:at:all', { org_id: ORG, org_role: 'owner' }, 200],
    ['?permission=anything:at:all', { roles: ['user', 'admin'] }, 200],
    ['?permission=org:read', { roles: ['user'] }, 403],
    ['?permission=constructor', { org_id: ORG, org_role: 'constructor' }, 403],
    ['?', {}, 200],
  ])('%s for %o is %i', async (query, given, status) => {
    expect(await statusFor(query, given)).toBe(status)
  })

  it.each([
    '?rolle=admin',
    '?role=',
    '?role',
    '?acr=&acr=aal1',
    '?role=admin|',
    '?role=|user',
    '?role=admin||user',
    '?role=|',
    '?from=',
    '?from=header',
    '?from=cookie|cookie',
    '?consistency=weak',
    '?consistency=',
    '?valid',
    '?=x',
    '?strong',
  ])('refuses %s with 403, with any token', async (query) => {
    expect(await statusFor(query, { roles: ['user', 'admin'], acr: 'aal2' })).toBe(403)
    expect((await app.fetch(`/validate${query}`)).status).toBe(403)
  })
})

describe('a refusal says which condition', () => {
  const errorOf = async (query: string, given: Partial<UserClaims> = {}) => {
    const { token } = await mintUser(app, given)
    const { code, details } = await (await ask(app, token, query)).json<{ code: string; details: object }>()
    return { code, details }
  }
  const ALLOWED = ['role', 'org', 'acr', 'permission', 'consistency', 'from']

  it.each([
    ['?role=user&rolle=admin', 'rolle'],
    ['?role=user&acr=', 'acr'],
    ['?consistency=weak', 'consistency'],
  ])('that is malformed: %s', async (query, key) => {
    expect(await errorOf(query)).toEqual({ code: 'CONDITIONS_MALFORMED', details: { key, allowed: ALLOWED } })
  })

  it.each([
    ['?role=admin|vendor', 'role'],
    ['?role=user&acr=aal2', 'acr'],
    [`?role=user&org=${ORG}`, 'org'],
    ['?role=user&permission=users:read', 'permission'],
  ])('that does not hold, without its values: %s', async (query, key) => {
    expect(await errorOf(query)).toEqual({ code: 'CONDITION_FAILED', details: { key } })
  })
})

describe('conditions after one slash too many', () => {
  const at = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const { token } = await mintUser(app, { roles: ['user', 'admin'], acr: 'aal2' })
    return app.fetch(path, { method, headers: { authorization: `Bearer ${token}`, ...headers } })
  }

  it.each(['role=admin', 'permission=x', 'org=x', 'acr=aal1', 'consistency=strong', 'from=cookie', 'page=2&role='])(
    'are refused, whoever asks: /validate/?%s',
    async (query) => {
      for (const path of ['/validate/', '/validate/.', '/validate/x/..']) {
        const answer = await at(`${path}?${query}`)
        expect(answer.status).toBe(403)
        expect(await answer.json()).toMatchObject({
          code: 'CONDITIONS_MALFORMED',
          message: expect.stringContaining('without a slash'),
        })
      }
      expect((await at(`/validate/?${query}`, {}, 'POST')).status).toBe(403)
      expect((await app.fetch(`/validate/?${query}`)).status).toBe(403)
    },
  )

  it("leave an application's own query alone", async () => {
    expect((await at('/validate/?page=2')).status).toBe(200)
    expect((await at('/validate/')).status).toBe(200)
    expect((await at('/validate/?role=nobody', { 'x-auth-require': 'valid' })).status).toBe(200)
    expect((await at('/validate/?role=user', { 'x-auth-require': 'role=nobody' })).status).toBe(403)
    expect((await at('/validate/users?role=nobody')).status).toBe(200)
  })
})

describe('conditions in X-Auth-Require', () => {
  it.each([
    ['valid', { consistency: 'view' }],
    [' valid ', { consistency: 'view' }],
    ['strong', { consistency: 'strong' }],
    ['role=admin, acr=aal2, strong', { consistency: 'strong', role: ['admin'], acr: ['aal2'] }],
    ['role=admin|vendor, acr=aal1', { role: ['admin', 'vendor'], acr: ['aal1'] }],
    ['role=admin, from=cookie', { from: 'cookie', role: ['admin'] }],
    ['permission=users:read:self', { permission: ['users:read:self'] }],
  ])('reads %s', (header, conditions) => {
    expect(readHeaderConditions(header)).toMatchObject(conditions)
  })

  it.each([
    '',
    ' ',
    ',',
    'valid,',
    'valid, valid',
    'valid, role=admin',
    'role',
    'role=',
    'role =admin',
    'role= admin',
    'rolle=admin',
    'ROLE=admin',
    'role=a b',
    'role=admin;',
    'weak',
    'consistency=strong',
    'role=\u00e9',
    '__proto__=x',
    'role=admin|',
    'role=|vendor',
    'from=authorization',
  ])('refuses %j', (header) => {
    const conditions = readHeaderConditions(header)
    if (header === 'role=admin;') expect(conditions?.role).toEqual(['admin;'])
    else expect(conditions).toBeUndefined()
  })

  it.each(['role=admin&acr=aal2', 'role=admin&consistency=strong'])('refuse the form of a query: %j', (header) => {
    expect(readHeaderConditions(header)).toBeUndefined()
  })

  it.each(['role=user, role=admin', 'role=user,role=user', 'strong, role=admin, strong', 'from=cookie, from=cookie'])(
    'refuse a repeated key, as in joined headers: %j',
    (header) => {
      expect(readHeaderConditions(header)).toBeUndefined()
    },
  )

  it("of a client, joined to the gateway's, let nobody pass", async () => {
    const { token } = await mintUser(app)
    for (const values of [
      ['role=user', 'role=admin'],
      ['role=admin', 'role=user'],
      ['valid', 'role=admin'],
      ['role=user', 'role=user'],
    ]) {
      const headers = new Headers({ authorization: `Bearer ${token}` })
      for (const value of values) headers.append('x-auth-require', value)
      expect((await app.fetch('/validate/x', { headers })).status, values.join(' and ')).toBe(403)
    }
  })

  it('are applied below /validate/', async () => {
    const { token } = await mintUser(app)
    const statuses = await Promise.all(
      ['role=user', 'role=admin', 'role=user, acr=aal2', 'nonsense', 'role=admin|user'].map(async (required) => {
        const headers = { authorization: `Bearer ${token}`, 'x-auth-require': required }
        return (await app.fetch('/validate/x', { method: 'POST', headers })).status
      }),
    )
    expect(statuses).toEqual([200, 403, 403, 403, 200])
  })
})

it('an empty query and the header form `valid` both mean no condition', () => {
  expect(readQueryConditions('')).toEqual(readHeaderConditions('valid'))
})

it('no condition is met by a machine but a permission that is one of its scopes, word by word', async () => {
  const { token } = await mintMachine(app, newUuid(), 'events:read users:*')
  const statuses = (queries: string[]) =>
    Promise.all(queries.map(async (query) => (await ask(app, token, query)).status))
  expect(await statuses(['?permission=events:read', '?permission=users:*'])).toEqual([200, 200])
  expect(
    await statuses(['?permission=users:read', '?role=user', '?acr=aal1', '?org=null', '?permission=events']),
  ).toEqual(Array(5).fill(403))
})

describe('a header value', () => {
  it.each([
    ['', ''],
    ['ada', 'ada'],
    ['Ada Lovelace', 'Ada Lovelace'],
    [' x ', '%20x%20'],
    ['100%', '100%25'],
    ['a\r\nb', 'a%0D%0Ab'],
    ['a\tb', 'a%09b'],
    ['\u007f', '%7F'],
    ['Zoë', 'Zo%C3%AB'],
    ['\u{1f600}', '%F0%9F%98%80'],
    ['\ud800', '%EF%BF%BD'],
    ['~!"', '~!"'],
  ])('%j is %s', (text, value) => {
    expect(encodeHeaderValue(text)).toBe(value)
  })
})

describe('the view', () => {
  it('packs each UUID into its own 16 bytes', () => {
    const [a, b] = [newUuid(), newUuid()]
    expect(packId(a)).toHaveLength(8)
    expect(packId(a)).not.toBe(packId(b))
    expect(packId(a)).toBe(packId(a))
    expect(packId('a-kid')).toBe('a-kid')
  })

  it('holds 100,000 entries; beyond that, objects are asked', () => {
    const view = createView()
    const sessions = (count: number) =>
      Array.from({ length: count }, () => ({ kind: 'session', id: newUuid() }) as const)
    applyEntries(view, sessions(MAX_VIEW_ENTRIES), 1)
    expect([sizeOf(view), view.overflow]).toEqual([MAX_VIEW_ENTRIES, false])
    applyEntries(view, sessions(1), 1)
    expect(view.overflow).toBe(true)
  })

  it('keeps the highest version of claims, of an organization and of its roles', () => {
    const view = createView()
    const id = newUuid()
    const named = (below: number): FeedEntry[] => [
      { kind: 'claims', userId: id, below },
      { kind: 'organization', id, below: below + 1 },
      { kind: 'roles', id, below: below + 2 },
    ]
    applyEntries(view, [5, 3].flatMap(named), 1)
    const kinds = ['claims', 'organization', 'roles'] as const
    expect(kinds.map((kind) => floorOf(view, kind, packId(id)))).toEqual([5, 6, 7])
    expect(sizeOf(view)).toBe(3)
  })
})
