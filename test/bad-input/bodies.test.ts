import { describe, expect, it } from 'vitest'
import { MAX_BODY_BYTES } from '../../src/http/input.ts'
import type { Route } from '../../src/http/router.ts'
import { MAX_JSON_DEPTH } from '../../src/lib/json.ts'
import { isMessage } from '../authorization/row.ts'
import { env } from '../support/app.ts'
import {
  callerOf,
  inTurns,
  mayBeTaken,
  named,
  onePerHandler,
  onePerKind,
  type RawBody,
  refusedCallerOf,
  useWorld,
} from './asking.ts'
import { isText } from './inputs.ts'
import { expectWellAnswered, kindOf, refusalStatus, shapeOf } from './shapes.ts'
import { deepList, deepObject } from './values.ts'

useWorld()

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

const encodingOf = (route: Route) => (isMessage(route) ? 'json' : (route.spec.encoding ?? 'json'))
const bodies = named((route) => route.spec.body !== undefined && !isText(route))
const takesJson = bodies.filter(([, route]) => encodingOf(route) !== 'form')
const takesForms = bodies.filter(([, route]) => encodingOf(route) !== 'json')

/** A check says of everything that is no JSON object with a token that it is malformed. */
const wrongTypeStatus = ({ path }: Route): number => (path.endsWith('/validate') ? 400 : 415)

const json = (bytes: RawBody['bytes']): RawBody => ({ type: JSON_TYPE, bytes })
const form = (bytes: RawBody['bytes']): RawBody => ({ type: FORM_TYPE, bytes })

/** Whoever takes less than what nests so deeply says so first. */
const deepStatus = ({ spec }: Route, bytes: string): number =>
  bytes.length > (spec.maxBodyBytes ?? MAX_BODY_BYTES) ? 413 : 400

/** Sends each, and compares the statuses. */
async function expectStatuses(route: Route, sent: Readonly<Record<string, readonly [number, RawBody]>>): Promise<void> {
  const caller = await refusedCallerOf(route)
  const call = await caller.call()
  await inTurns(Object.entries(sent), async ([what, [status, raw]]) => {
    const answer = await caller.send(call, raw)
    expect([what, answer.status]).toEqual([what, status])
    await expectWellAnswered(route, what, answer)
  })
}

const tooLarge = ({ spec }: Route): string => `{"a":"${'x'.repeat(spec.maxBodyBytes ?? MAX_BODY_BYTES)}"}`

/** How a body is read does not depend on the route: one of each kind stands for all. */
const perKind = (routes: typeof bodies) => onePerKind(routes, kindOf)

/** And each route shows that it reads its body so. */
describe('a body that its route does not take', () => {
  it.each(bodies)('is refused by %s', async (_, route) => {
    const isForm = encodingOf(route) === 'form'
    // A form whose fields are all optional takes every list of pairs.
    const takesAll = isForm && route.spec.body?.safeParse({}).success
    await expectStatuses(route, {
      ...(!takesAll && { 'half of JSON': isForm ? [400, form('a=%ff')] : [400, json('{"a":')] }),
      'another type': [wrongTypeStatus(route), { type: 'text/plain', bytes: 'a' }],
    })
  })

  it.each(takesJson)('has no schema that takes what is no object: %s', (_, { spec }) => {
    const taken = [[], [{}], 'x', 1, Number.POSITIVE_INFINITY, null, true].filter(
      (value) => spec.body?.safeParse(value).success,
    )
    expect(taken).toEqual([])
  })
})

describe('a body that is no object', () => {
  it.each(perKind(takesJson))('%s refuses it', async (_, route) => {
    const invalid = refusalStatus(route, 'body')
    await expectStatuses(route, {
      'a list': [invalid, json('[]')],
      'a list of an object': [invalid, json('[{}]')],
      'a string': [invalid, json('"x"')],
      'a number': [invalid, json('1')],
      'a big number': [invalid, json('1e400')],
      null: [invalid, json('null')],
      true: [invalid, json('true')],
    })
  })
})

describe('a body that cannot be read', () => {
  it.each(perKind(takesJson))('%s refuses it as JSON', async (_, route) => {
    await expectStatuses(route, {
      'half of JSON': [400, json('{"a":')],
      'two values': [400, json('{}{}')],
      'single quotes': [400, json("{'a': 1}")],
      'not a number': [400, json('{"a": NaN}')],
      'not UTF-8': [400, json(Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d))],
      'UTF-8 of half a surrogate pair': [400, json(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22))],
      'deep lists': [deepStatus(route, deepList()), json(deepList())],
      'deep objects': [deepStatus(route, deepObject()), json(deepObject())],
      'just too deep in a field': [400, json(`{"user_metadata":${deepList(MAX_JSON_DEPTH)}}`)],
      'too large': [413, json(tooLarge(route))],
      xml: [wrongTypeStatus(route), { type: 'text/xml', bytes: '<a/>' }],
      'plain text': [wrongTypeStatus(route), { type: 'text/plain', bytes: '{}' }],
    })
  })

  it.each(perKind(takesForms))('%s refuses it as a form', async (_, route) => {
    const name = 'token'
    await expectStatuses(route, {
      'a field twice': [400, form(`${name}=a&${name}=b`)],
      'the name of a prototype twice': [400, form('__proto__=a&__proto__=b')],
      'not UTF-8': [400, form(Uint8Array.of(0x61, 0x3d, 0xff))],
      'too large': [413, form(`a=${'x'.repeat(route.spec.maxBodyBytes ?? MAX_BODY_BYTES)}`)],
      xml: [415, { type: 'text/xml', bytes: '<a/>' }],
    })
  })

  it.each(perKind(bodies.filter(([, route]) => encodingOf(route) === 'form')))(
    '%s takes no JSON for a form',
    async (_, route) => {
      await expectStatuses(route, { json: [415, json('{"token":"a"}')] })
    },
  )

  it.each(perKind(bodies.filter(([, route]) => encodingOf(route) === 'json')))(
    '%s takes no form for JSON',
    async (_, route) => {
      await expectStatuses(route, {
        form: [wrongTypeStatus(route), form('a=b')],
        multipart: [
          wrongTypeStatus(route),
          {
            type: 'multipart/form-data; boundary=x',
            bytes: '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nb\r\n--x--',
          },
        ],
      })
    },
  )
})

/** Rows of a file: the feature reads them, and says of each what is wrong with it (its own tests). */
describe('a body that is a file', () => {
  it.each(named(isText))('%s refuses what is none', async (_, route) => {
    const { encoding } = route.spec
    const [type = ''] = typeof encoding === 'object' ? encoding.mediaTypes : []
    const isFile = typeof encoding === 'object' && 'formFields' in encoding
    // A page asks first who is there; `features/pages` sends it what is no picture.
    const isPage = shapeOf(route) === 'page'
    await expectStatuses(route, {
      'another type': [415, { type: 'application/pdf', bytes: 'a' }],
      'no type that it knows': [415, { type: 'text/html', bytes: '<p>' }],
      'bytes that are neither text nor an image': [
        isPage ? 303 : isFile ? 415 : 400,
        { type, bytes: Uint8Array.of(0xff, 0xfe) },
      ],
      'too large': [413, { type, bytes: tooLarge(route) }],
    })
  })
})

const CLAIMED = {
  constructor: { prototype: { role: 'admin' } },
  prototype: {},
  role: 'admin',
  roles: ['admin'],
  is_admin: true,
  is_superuser: true,
  isAdmin: true,
  status: 'active',
  email_verified: true,
  app_metadata: { plan: 'gold' },
  id: '00000000-0000-4000-8000-000000000000',
}

/** For them it is a field like any other, and admins alone may say it. */
const GIVES_ROLES: readonly string[] = ['POST /api/v1/admin/register', 'POST /admin/register']

/** Of the account that the body makes, or that asks. */
const selectAccount = (userId: string | null, email: unknown) =>
  env.DB.prepare('select role, email_verified_at, app_metadata from users where id = ? or email = ?')
    .bind(userId ?? '', typeof email === 'string' ? email : '')
    .all<{ role: string; email_verified_at: number | null; app_metadata: string }>()

describe('fields that nobody asked for', () => {
  it.each(onePerHandler(takesJson).filter(([, route]) => mayBeTaken(route)))(
    '%s reads past them',
    async (name, route) => {
      const caller = await callerOf(route)
      const call = await caller.call()
      const body = (call.body ?? {}) as Record<string, unknown>
      const own = JSON.stringify({ ...CLAIMED, ...body }).slice(1)
      const answer = await caller.send(call, json(`{"__proto__":{"role":"admin","isAdmin":true},${own}`))
      await expectWellAnswered(route, 'claims', answer)
      expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined()
      if (route.spec.guard.kind === 'admin' || GIVES_ROLES.includes(name)) return
      const { results } = await selectAccount(caller.userId, body.email)
      for (const { role, email_verified_at, app_metadata } of results) {
        expect(['user', 'vendor']).toContain(role)
        expect(email_verified_at).toBeNull()
        expect(app_metadata).not.toContain('gold')
      }
    },
  )
})
