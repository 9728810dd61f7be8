import { expect, it } from 'vitest'
import * as z from 'zod'
import { bodyOrQuery } from '../../src/http/input.ts'

const input = bodyOrQuery('Input', { code: z.string().max(8), enabled: z.boolean() }, { enabled: z.stringbool() })

it.each([
  [{ code: 'a' }, { code: 'b' }, 'a'],
  [{ code: null }, { code: 'b' }, 'b'],
  [{ code: '' }, { code: 'b' }, 'b'],
  [{}, { code: 'b' }, 'b'],
  [{ code: '' }, {}, ''],
  [{ code: null }, {}, undefined],
  [{}, {}, undefined],
])('takes the word of the body %j before that of the query %j', (body, query, expected) => {
  expect(input.merge(input.body.parse(body), input.query.parse(query)).code).toBe(expected)
})

it('reads text in a query as what the body has in JSON, and keeps a false of the body', () => {
  expect(input.merge({}, input.query.parse({ enabled: 'false' }))).toEqual({ code: undefined, enabled: false })
  expect(input.merge({ enabled: false }, { enabled: true }).enabled).toBe(false)
  expect(input.query.safeParse({ code: 'too long a code' }).success).toBe(false)
  expect(input.body.safeParse({ enabled: 'false' }).success).toBe(false)
})
