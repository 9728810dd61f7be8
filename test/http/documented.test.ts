import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ok } from '../../src/http/answers.ts'
import { confirmedUser } from '../../src/http/guard.ts'
import { renderError } from '../../src/http/render-error.ts'
import { createRoutes } from '../../src/http/router.ts'
import { conflict, notFound, serviceUnavailable, tokenInvalid } from '../../src/lib/errors.ts'
import { documentOf, requireDocumented } from '../support/documented.ts'

const routes = createRoutes({ prefix: '/things', tag: 'health' })
routes.get(
  '/:id',
  {
    id: 'getThing',
    summary: 'A thing',
    guard: confirmedUser,
    answer: ok(z.object({ id: z.string() }), 'It'),
    errors: [notFound],
  },
  () => ({ id: '' }),
)

const EXAMPLE = { requestId: 'r', now: () => 0 }
const check = (response: Response, init: RequestInit = {}, path = '/things/1') =>
  requireDocumented(documentOf(routes.list), new Request(`http://127.0.0.1:8787${path}`, init), response)

describe('an answer of a documented route', () => {
  it('passes with its status and schema, the errors of its route, and those of its guard', async () => {
    const described = Response.json({ id: 'a' })
    await check(described)
    expect(await described.json()).toEqual({ id: 'a' })
    for (const error of [notFound(), tokenInvalid(), serviceUnavailable()]) await check(renderError(EXAMPLE, error))
  })

  it.each([
    ['a field of another type', () => Response.json({ id: 1 })],
    ['a field that the schema has not', () => Response.json({ id: 'a', secret: 'b' })],
    ['a status that the document has not', () => Response.json({ id: 'a' }, { status: 201 })],
    ['an error that the route leaves out', () => renderError(EXAMPLE, conflict())],
    ['an error of another shape', () => Response.json({ code: 'NOT_FOUND' }, { status: 404 })],
    ['text for an error', () => new Response('not found', { status: 404 })],
  ])('fails with %s', async (_, answer) => {
    await expect(check(answer())).rejects.toThrow(/^GET \/things\/:id answers/)
  })

  it('may be a page to a browser, of a failure that the route has', async () => {
    const page = (status: number) => new Response('<p>', { status, headers: { 'content-type': 'text/html' } })
    const browser = { headers: { accept: 'text/html' } }
    await check(page(404), browser)
    await expect(check(page(409), browser)).rejects.toThrow()
    await expect(check(page(200), browser)).resolves.toBeUndefined()
    await expect(check(page(404))).rejects.toThrow()
  })

  it('is looked at under every spelling of its path, and nothing else is', async () => {
    await expect(check(Response.json({}), {}, '/things/1/')).rejects.toThrow()
    await check(Response.json({}), {}, '/things/1/parts')
    await check(Response.json({}), { method: 'DELETE' })
  })
})
