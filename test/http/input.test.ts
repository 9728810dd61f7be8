import { describe, expect, it } from 'vitest'
import { MAX_BODY_BYTES } from '../../src/http/input.ts'
import { MAX_JSON_DEPTH } from '../../src/lib/json.ts'
import { json } from '../support/app.ts'
import { createTestServer } from '../support/server.ts'
import { testRoutes } from './routes-of-tests.ts'

const { fetch } = createTestServer({ routes: testRoutes })
const post = (path: string, type: string | null, body: BodyInit | null) =>
  fetch(path, { method: 'POST', body, headers: type === null ? {} : { 'content-type': type } })
const outcome = async (answer: Response) => {
  const { code } = await answer.json<{ code: string }>()
  return [answer.status, code]
}

/** A body without `Content-Length`. */
function streamed(chunk: string, count: number): ReadableStream<Uint8Array> {
  let sent = 0
  return new ReadableStream({
    pull(controller) {
      if (sent++ < count) controller.enqueue(new TextEncoder().encode(chunk))
      else controller.close()
    },
  })
}

describe('a body', () => {
  it.each([
    ['a content type', 'application/json'],
    ['no content type', null],
  ])('that is empty, with %s, is an empty object', async (_with, type) => {
    expect(await (await post('/t/echo', type, '')).json()).toMatchObject({ body: {} })
    expect(await (await post('/t/echo', type, null)).json()).toMatchObject({ body: {} })
  })

  it('may have unknown fields', async () => {
    const answer = await fetch('/t/echo', json({ name: 'a', more: [1] }))
    expect(await answer.json()).toMatchObject({ body: { name: 'a' } })
  })

  it.each(['{', '{"name":}', 'name=a', '\u0000', '{"name":"a"}x'])('that is no JSON (%j) is 400', async (body) => {
    expect(await outcome(await post('/t/echo', 'application/json', body))).toEqual([400, 'VALIDATION_ERROR'])
  })

  it('that is no UTF-8 is 400', async () => {
    const body = new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])
    expect(await outcome(await post('/t/echo', 'application/json', body))).toEqual([400, 'VALIDATION_ERROR'])
  })

  it.each(['[]', 'null', '1', '"a"', '[{"name":"a"}]'])('that is JSON but no object (%s) is 422', async (body) => {
    expect(await outcome(await post('/t/echo', 'application/json', body))).toEqual([422, 'VALIDATION_ERROR'])
  })

  it('with wrong fields names them: 422, or 400 where the contract has it', async () => {
    const answer = await fetch('/t/echo', json({ name: 1 }))
    expect(answer.status).toBe(422)
    expect(await answer.json()).toMatchObject({
      error: {
        code: 'VALIDATION_ERROR',
        details: { validation_errors: [{ field: 'body.name', type: 'invalid_type' }] },
      },
    })
    expect(await outcome(await fetch('/t/strict', json({})))).toEqual([400, 'VALIDATION_ERROR'])
  })

  it('nested deeper than objects and queues can carry is malformed, wherever it nests', async () => {
    const lists = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect((await post('/t/echo', 'application/json', lists(500_000))).status).toBe(400)
    const within = (depth: number) => post('/t/echo', 'application/json', `{"tags":{"a":${lists(depth)}}}`)
    expect(await outcome(await within(5000))).toEqual([400, 'VALIDATION_ERROR'])
    expect((await within(MAX_JSON_DEPTH - 2)).status).toBe(200)
  })

  it.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded'])(
    'of type %s is 415 where JSON is asked for',
    async (type) => {
      expect(await outcome(await post('/t/echo', type, 'name=a'))).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
    },
  )

  it('may name its charset', async () => {
    expect((await post('/t/echo', 'Application/JSON; charset=utf-8', '{}')).status).toBe(200)
  })

  it('of a form is read where the contract has one, each field once', async () => {
    const type = 'application/x-www-form-urlencoded'
    expect(await (await post('/t/form', type, 'name=a+b%26c')).json()).toEqual({ name: 'a b&c' })
    expect(await outcome(await post('/t/form', type, 'name=a&name=b'))).toEqual([400, 'VALIDATION_ERROR'])
    expect(await outcome(await post('/t/form', 'application/json', '{"name":"a"}'))).toEqual([
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ])
  })
})

describe('a body that is text', () => {
  it('reaches the route as it came, with its type', async () => {
    const answer = await post('/t/lines', 'Application/X-NDJSON; charset=utf-8', '{"a":1}\n{')
    expect(await answer.json()).toEqual({ mediaType: 'application/x-ndjson', text: '{"a":1}\n{' })
    expect(await (await post('/t/lines', 'application/x-ndjson', '')).json()).toMatchObject({ text: '' })
  })

  it.each(['application/json', 'text/csv', null])('of type %s that the route does not name is 415', async (type) => {
    expect(await outcome(await post('/t/lines', type, '{}'))).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
  })
})

describe('a body over 1 MiB', () => {
  it('is 413 by its Content-Length', async () => {
    const body = JSON.stringify({ name: 'a'.repeat(MAX_BODY_BYTES) })
    expect(await outcome(await post('/t/echo', 'application/json', body))).toEqual([413, 'PAYLOAD_TOO_LARGE'])
  })

  it('is 413 when it comes in chunks, and is not read to its end', async () => {
    let pulled = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1
        controller.enqueue(new Uint8Array(64 * 1024).fill(0x20))
      },
    })
    expect(await outcome(await post('/t/echo', 'application/json', endless))).toEqual([413, 'PAYLOAD_TOO_LARGE'])
    expect(pulled).toBeLessThan(40)
  })

  it('starts one byte above it', async () => {
    const filler = ' '.repeat(1023)
    expect((await post('/t/echo', 'application/json', streamed(`${filler}\n`, 1024))).status).toBe(200)
    expect((await post('/t/echo', 'application/json', streamed(`${filler}\n `, 1024))).status).toBe(413)
  })
})

describe('keys that name a prototype', () => {
  it.each(['{"__proto__":{"isAdmin":true}}', '{"constructor":{"prototype":{"isAdmin":true}}}'])(
    'change nothing: %s',
    async (body) => {
      const answer = await post('/t/echo', 'application/json', body)
      expect(await answer.json()).toMatchObject({ admin: null })
      expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined()
    },
  )

  it('change nothing inside a record, or in a form or a query', async () => {
    const answer = await post('/t/echo', 'application/json', '{"tags":{"__proto__":{"isAdmin":true},"a":1}}')
    const { body } = await answer.json<{ body: { tags: { isAdmin?: unknown } } }>()
    expect(body.tags.isAdmin).toBeUndefined()
    expect((await post('/t/form', 'application/x-www-form-urlencoded', 'name=a&__proto__=b')).status).toBe(200)
    const id = '7b0f7c9e-3b0e-4f5e-9a43-0d5d3a1f4c11'
    expect((await fetch(`/t/things/${id}?__proto__=1&constructor=2`)).status).toBe(200)
  })
})

describe('parameters', () => {
  it('of a path that are malformed are 400, of a query 422', async () => {
    expect(await outcome(await fetch('/t/things/1'))).toEqual([400, 'VALIDATION_ERROR'])
    expect(await outcome(await fetch('/t/things/7b0f7c9e-3b0e-4f5e-9a43-0d5d3a1f4c11?page=0'))).toEqual([
      422,
      'VALIDATION_ERROR',
    ])
  })
})
