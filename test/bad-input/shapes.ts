import { expect } from 'vitest'
import { listRoutes } from '../../src/app.ts'
import { renderScimError } from '../../src/features/scim/wire/messages.ts'
import { renderErrorPage } from '../../src/features/sign-in/wire/pages.tsx'
import type { Route } from '../../src/http/router.ts'
import { SCIM_ERROR } from '../features/scim/support.ts'

/** How a surface words what is wrong with a request. */
type Shape = 'envelope' | 'fastapi' | 'string detail' | 'oauth' | 'scim' | 'page'

const FASTAPI: readonly string[] = ['janux', 'auth-service']

const core = listRoutes([]).map(({ method, path }) => `${method} ${path}`)

/** A route that a documented system serves itself. */
const isOfSurface = ({ method, path }: Route): boolean => !core.includes(`${method} ${path}`)

export function shapeOf(route: Route): Shape {
  if (route.renderError === renderErrorPage) return 'page'
  if (route.renderError === renderScimError) return 'scim'
  if (route.renderError.answer) return 'oauth'
  if (!isOfSurface(route)) return 'envelope'
  return route.systems.some((name) => FASTAPI.includes(name)) ? 'fastapi' : 'string detail'
}

const renderers: Route['renderError'][] = []

function numberOf(renderError: Route['renderError']): number {
  if (!renderers.includes(renderError)) renderers.push(renderError)
  return renderers.indexOf(renderError)
}

/** All on which it depends how a body is read and how its refusal is worded, beside the schema: equal for routes of one kind. */
export function kindOf(route: Route): string {
  const { encoding = 'json', maxBodyBytes, invalidIs = 422, unlimited = false } = route.spec
  return JSON.stringify([
    encoding,
    maxBodyBytes ?? null,
    invalidIs,
    unlimited,
    shapeOf(route),
    numberOf(route.renderError),
  ])
}

/** The status of a part of the request that its schema refuses. */
export function refusalStatus(route: Route, part: 'path' | 'query' | 'body'): number {
  const shape = shapeOf(route)
  if (shape === 'fastapi') return 422
  if (shape !== 'envelope' || part === 'path') return 400
  return route.spec.invalidIs ?? 422
}

const IssueList = expect.arrayContaining([
  { loc: expect.arrayContaining([expect.any(String)]), msg: expect.any(String), type: expect.any(String) },
])

const envelope = (status: number, detail: unknown) => ({
  error: {
    code: expect.stringMatching(/^[A-Z][A-Z0-9_]+$/),
    message: expect.any(String),
    details: expect.any(Object),
    request_id: expect.any(String),
  },
  code: expect.stringMatching(/^[A-Z][A-Z0-9_]+$/),
  status,
  message: expect.any(String),
  detail,
  details: expect.any(Object),
  timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
})

/** Pages set cookies of ours alone; nothing that was given stands in them. */
const OWN_COOKIE = /^(?:__Host-)?postern-(?:flow|session)=[\w.-]*; [\w; =/-]+$/

const MARKUP = ['<img', '<script>alert']

/** Whatever was asked: no failure of ours, every failure in the words of its surface, and no page that runs what it was given. */
export async function expectWellAnswered(route: Route, what: string, answer: Response): Promise<void> {
  const { status, headers } = answer
  const where = `${route.method} ${route.path}, ${what}`
  expect(status, where).toBeLessThan(500)
  const type = headers.get('content-type') ?? ''
  const text = await answer.text()
  if (type.startsWith('text/html')) for (const markup of MARKUP) expect(text, where).not.toContain(markup)
  else if (text !== '' && status !== 101) expect(headers.get('x-content-type-options'), where).toBe('nosniff')
  for (const cookie of headers.getSetCookie())
    expect([shapeOf(route), cookie], where).toEqual(['page', expect.stringMatching(OWN_COOKIE)])
  if (status < 400) return
  if (type.startsWith('text/html')) return expect(shapeOf(route), where).toBe('page')
  expect(type, where).toBe(shapeOf(route) === 'scim' ? 'application/scim+json' : 'application/json')
  const body: unknown = JSON.parse(text)
  if (shapeOf(route) === 'scim') {
    const { scimType = 'invalidValue', ...error } = body as { scimType?: unknown }
    expect([scimType, error], where).toEqual([
      expect.stringMatching(/^[a-z][A-Za-z]+$/),
      { schemas: [SCIM_ERROR], status: String(status), detail: expect.any(String) },
    ])
    return
  }
  const isOAuth = shapeOf(route) === 'oauth' && typeof (body as { error: unknown }).error === 'string'
  if (isOAuth) {
    expect(body, where).toEqual({
      error: expect.stringMatching(/^[a-z_]+$/),
      error_description: expect.stringMatching(/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/),
    })
    return
  }
  const hasList = shapeOf(route) === 'fastapi' && status === 422
  expect(body, where).toEqual(envelope(status, hasList ? IssueList : expect.any(String)))
}
