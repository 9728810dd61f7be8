import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp } from '../../support/app.ts'
import {
  CORE,
  callScim,
  connect,
  ENTERPRISE,
  GROUP,
  refusalOf,
  SCIM,
  SCIM_ERROR,
  type TestDirectory,
} from './support.ts'

const app = createTestApp()

let known: Promise<TestDirectory> | undefined
const shared = () => {
  known ??= connect(app)
  return known
}

describe('what the service says of itself', () => {
  const read = (path: string) => callScim(app, null, { method: 'GET', path })

  it('is public, at both homes, and true', async () => {
    for (const home of [SCIM, '/api/v1/scim']) {
      const { status, headers, body } = await read(`${home}/ServiceProviderConfig`)
      expect([status, headers.get('content-type')]).toEqual([200, 'application/scim+json'])
      expect(body).toMatchObject({
        patch: { supported: true },
        bulk: { supported: false },
        filter: { supported: true, maxResults: 1000 },
        changePassword: { supported: false },
        sort: { supported: false },
        etag: { supported: true },
        pagination: { cursor: true, index: true, maxPageSize: 1000 },
        authenticationSchemes: [{ type: 'oauthbearertoken' }],
        meta: { location: `http://127.0.0.1:8787${SCIM}/ServiceProviderConfig` },
      })
    }
    const { body: types } = await read(`${SCIM}/ResourceTypes`)
    expect(types.Resources.map(({ id, endpoint, schema }: Record<string, string>) => [id, endpoint, schema])).toEqual([
      ['User', '/Users', CORE],
      ['Group', '/Groups', GROUP],
    ])
    expect((await read(`${SCIM}/ResourceTypes/user`)).body.schemaExtensions).toEqual([
      { schema: ENTERPRISE, required: false },
    ])
    expect((await read(`${SCIM}/ResourceTypes/Robot`)).status).toBe(404)
  })

  it('has the schemas of RFC 7643, without the password that nobody stores', async () => {
    const { body } = await read(`${SCIM}/Schemas`)
    expect(body.Resources.map(({ id }: { id: string }) => id)).toEqual([CORE, GROUP, ENTERPRISE])
    const { body: user } = await read(`${SCIM}/Schemas/${CORE}`)
    const names = user.attributes.map(({ name }: { name: string }) => name)
    expect(names).toEqual(expect.arrayContaining(['userName', 'name', 'emails', 'active', 'groups', 'addresses']))
    expect(names).not.toContain('password')
    expect(user.attributes.find(({ name }: { name: string }) => name === 'userName')).toMatchObject({
      type: 'string',
      multiValued: false,
      required: true,
      caseExact: false,
      mutability: 'readWrite',
      returned: 'default',
      uniqueness: 'server',
    })
    expect((await read(`${SCIM}/Schemas/urn:unknown`)).status).toBe(404)
  })
})

describe('a list', () => {
  it('is paged by index and by cursor, in one order', async () => {
    const directory = await connect(app)
    const ids: string[] = []
    for (let index = 0; index < 5; index += 1) ids.push((await directory.user({ userName: `u${index}` })).body.id)
    const idsOf = (body: { Resources: { id: string }[] }) => body.Resources.map(({ id }) => id)
    const list = async (query: string) => (await directory.call('GET', `/Users?${query}`)).body
    expect(await list('')).toMatchObject({ totalResults: 5, itemsPerPage: 5, startIndex: 1 })
    const page = await list('startIndex=2&count=2')
    expect([page.totalResults, page.itemsPerPage, page.startIndex, idsOf(page)]).toEqual([
      5,
      2,
      2,
      idsOf(await list('')).slice(1, 3),
    ])
    expect(await list('startIndex=0&count=-3')).toMatchObject({
      totalResults: 5,
      itemsPerPage: 0,
      startIndex: 1,
      Resources: [],
    })
    expect(await list('count=0')).toMatchObject({ totalResults: 5, Resources: [] })
    expect(await list('startIndex=6')).toMatchObject({ totalResults: 5, Resources: [] })
    expect(idsOf(await list('count=100000&sortBy=userName&sortOrder=descending'))).toEqual(idsOf(await list('')))
    const seen: string[] = []
    let cursor: string | undefined = ''
    for (let turn = 0; cursor !== undefined && turn < 5; turn += 1) {
      const body: { nextCursor?: string; Resources: { id: string }[] } = await list(`count=2&cursor=${cursor}`)
      expect(body).not.toHaveProperty('startIndex')
      seen.push(...idsOf(body))
      cursor = body.nextCursor
    }
    expect(seen.sort()).toEqual(ids.sort())
  })

  it.each([
    ['startIndex=x', 'invalidValue'],
    ['count=1.5', 'invalidValue'],
    ['count=1&count=2', 'invalidValue'],
    ['cursor=nothing', 'invalidCursor'],
    ['cursor=WzEsMl0', 'invalidCursor'],
    ['filter=%28', 'invalidFilter'],
    ['attributes=userName&excludedAttributes=emails', 'invalidValue'],
  ])('refuses %s', async (query, scimType) => {
    expect(refusalOf(await (await shared()).call('GET', `/Users?${query}`))).toEqual([400, scimType])
  })

  it('has what is asked for', async () => {
    const directory = await shared()
    const { body } = await directory.user({
      userName: newUuid(),
      name: { givenName: 'Ada', familyName: 'Lovelace' },
      emails: [{ value: 'ada@elsewhere.test', type: 'work' }],
      [ENTERPRISE]: { department: 'Engines', division: 'Difference' },
    })
    const read = async (query: string) => (await directory.call('GET', `/Users/${body.id}?${query}`)).body
    const always = { schemas: [CORE, ENTERPRISE], id: body.id }
    expect(await read('attributes=userName')).toEqual({ ...always, userName: body.userName })
    expect(await read('attributes=name.givenName,EMAILS.value')).toEqual({
      ...always,
      name: { givenName: 'Ada' },
      emails: [{ value: 'ada@elsewhere.test' }],
    })
    expect(await read(`attributes=${ENTERPRISE}:department,shoeSize`)).toEqual({
      ...always,
      [ENTERPRISE]: { department: 'Engines' },
    })
    expect(await read('attributes=shoeSize')).toEqual(always)
    expect(await read('attributes=__proto__')).toEqual(always)
    const without = await read(`excludedAttributes=id,schemas,name.familyName,emails,meta,${ENTERPRISE}`)
    expect(without).toEqual({ ...always, userName: body.userName, active: true, name: { givenName: 'Ada' } })
  })
})

describe('a body', () => {
  const post = async (text: string, headers = {}) => (await shared()).call('POST', '/Users', { text, headers })

  it.each([
    ['no JSON', '{', 'invalidSyntax'],
    ['nothing', '', 'invalidSyntax'],
    ['an array', '[]', 'invalidSyntax'],
    ['null', 'null', 'invalidSyntax'],
    ['a name twice', '{"userName":"a","userName":"b"}', 'invalidSyntax'],
    ['a name twice, in two cases', '{"userName":"a","USERNAME":"b"}', 'invalidSyntax'],
    ['100 arrays in each other', `{"userName":${'['.repeat(100)}${']'.repeat(100)}}`, 'invalidSyntax'],
    ['no name', '{}', 'invalidValue'],
    ['an empty name', '{"userName":" "}', 'invalidValue'],
    ['a number for a name', '{"userName":5}', 'invalidValue'],
    ['a word for active', '{"userName":"a","active":"yes"}', 'invalidValue'],
    ['an address that is none', '{"userName":"a","emails":[{"value":"nobody"}]}', 'invalidValue'],
    ['a list of numbers', '{"userName":"a","emails":[5]}', 'invalidValue'],
    ['a text for an object', '{"userName":"a","name":"Ada"}', 'invalidValue'],
    ['NUL in a name', '{"userName":"a\\u0000b"}', 'invalidValue'],
    [
      '101 addresses',
      JSON.stringify({ userName: 'a', emails: Array.from({ length: 101 }, (_, i) => ({ value: `a${i}@b.test` })) }),
      'invalidValue',
    ],
  ])('with %s is refused', async (_, text, scimType) => {
    expect(refusalOf(await post(text))).toEqual([400, scimType])
  })

  it('is read as directories send it', async () => {
    const answer = await post(
      JSON.stringify({
        schemas: [CORE, 'urn:unknown:schema'],
        USERNAME: newUuid(),
        Active: 'False',
        id: newUuid(),
        meta: { version: 'W/"9"' },
        groups: [],
        emails: [],
        title: null,
        shoeSize: 42,
        phoneNumbers: { value: '007', type: 'work' },
        [ENTERPRISE.toUpperCase()]: { Manager: '26118915', shoe: 1 },
      }),
      { 'content-type': 'application/json; charset=utf-8' },
    )
    expect(answer.status).toBe(201)
    const { schemas, id, meta, userName, ...rest } = answer.body
    expect([schemas, meta.version]).toEqual([[CORE, ENTERPRISE], 'W/"1"'])
    expect(rest).toEqual({
      active: false,
      phoneNumbers: [{ value: '007', type: 'work' }],
      [ENTERPRISE]: { manager: { value: '26118915' } },
    })
  })

  it.each(['__proto__', 'constructor', 'prototype', 'toString', '__defineGetter__'])(
    'with %s pollutes nothing',
    async (name) => {
      const directory = await shared()
      const before = Object.getOwnPropertyNames(Object.prototype).sort()
      const inner = `{"isAdmin":true,"polluted":"yes"}`
      const text = `{"schemas":["${CORE}"],"userName":"${newUuid()}","${name}":${inner},"name":{"${name}":${inner}},"emails":[{"value":"a@b.test","${name}":${inner}}],"${ENTERPRISE}":{"${name}":${inner}}}`
      const { status, body } = await directory.call('POST', '/Users', { text })
      expect(status).toBe(201)
      expect(JSON.stringify(body)).not.toContain('polluted')
      const put = await directory.call('PUT', `/Users/${body.id}`, { text })
      expect(put.status).toBe(200)
      const group = await directory.call('POST', '/Groups', {
        text: `{"displayName":"${newUuid()}","${name}":${inner}}`,
      })
      expect(group.status).toBe(201)
      expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before)
      expect(({} as Record<string, unknown>).polluted).toBeUndefined()
      expect((await directory.call('GET', `/Users/${body.id}`)).body).toEqual(put.body)
    },
  )
})

describe('in the form of SCIM', () => {
  const answers = async (method: string, path: string, call = {}) => {
    const answer = await (await shared()).call(method, path, call)
    expect(answer.headers.get('content-type')).toBe('application/scim+json')
    expect(answer.body).toMatchObject({
      schemas: [SCIM_ERROR],
      status: String(answer.status),
      detail: expect.any(String),
    })
    return answer
  }

  it.each([
    ['an unknown id', 'GET', `/Users/${newUuid()}`, 404],
    ['no id', 'GET', '/Users/nobody', 404],
    ['an id with NUL', 'GET', '/Users/%00', 404],
    ['an id of 3,000', 'DELETE', `/Users/${'x'.repeat(3000)}`, 404],
    ['an unknown group', 'GET', `/Groups/${newUuid()}`, 404],
    ['an unknown path', 'GET', '/Robots', 404],
    ['a path below', 'GET', '/Users/x/y', 404],
    ['bulk', 'POST', '/Bulk', 404],
    ['Me', 'GET', '/Me', 501],
    ['Me to write', 'PATCH', '/Me', 501],
  ])('%s', async (_, method, path, status) => {
    expect((await answers(method, path)).status).toBe(status)
  })

  it('another method says which there are', async () => {
    const answer = await answers('DELETE', '/Users')
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS, POST'])
  })

  it('another media type, and a body of 2 MB', async () => {
    expect((await answers('POST', '/Users', { text: 'a=b', headers: { 'content-type': 'text/plain' } })).status).toBe(
      415,
    )
    const large = JSON.stringify({ userName: 'x'.repeat(2 * 1024 * 1024) })
    expect((await answers('POST', '/Users', { text: large })).status).toBe(413)
  })

  it('too many requests say when to come back; one tenant has 5,000 a minute', async () => {
    const limited = createTestApp({ env: { RATE_LIMIT_ADMIN: '1' } })
    const { token } = await shared()
    const call = () => callScim(limited, token, { method: 'GET', path: `${SCIM}/Users?count=0` })
    expect((await call()).headers.get('x-ratelimit-limit')).toBe('1')
    const answer = await call()
    expect([answer.status, answer.body.status]).toEqual([429, '429'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    const usual = await (await shared()).call('GET', '/Users?count=0')
    expect(usual.headers.get('x-ratelimit-limit')).toBe('5000')
  })

  it('a database that is away', async () => {
    const { token } = await shared()
    const broken = createTestApp({
      override: (ctx) => ({
        ...ctx,
        get db(): never {
          throw new Error('away')
        },
      }),
    })
    const answer = await callScim(broken, token, { method: 'GET', path: `${SCIM}/Users` })
    expect([answer.status >= 500, answer.body.schemas]).toEqual([true, [SCIM_ERROR]])
    expect(JSON.stringify(answer.body)).not.toContain('away')
  })
})
