import { expect } from 'vitest'
import type { z } from 'zod'
import { listRoutes } from '../../src/app.ts'
import type { SurfaceName } from '../../src/config.ts'
import { codeOf, listFailures } from '../../src/http/failures.ts'
import { declaredAnswers, ErrorAnswer } from '../../src/http/openapi.ts'
import { prefersHtml } from '../../src/http/page.ts'
import type { Route } from '../../src/http/router.ts'

interface Documented {
  readonly route: Route
  readonly pattern: RegExp
  /** The failures that the document has, as `404 NOT_FOUND`. */
  readonly failures: ReadonlySet<string>
}

/** What the OpenAPI document says of the answers of these routes. */
export type ApiDocument = readonly Documented[]

const patternOf = (path: string): RegExp => new RegExp(`^${path.replace(/:\w+/g, '[^/]+').replaceAll('.', '\\.')}/?$`)

export const documentOf = (routes: readonly Route[]): ApiDocument =>
  routes.map((route) => ({
    route,
    pattern: patternOf(route.path),
    failures: new Set(listFailures(route).map(({ status, code }) => `${status} ${code}`)),
  }))

const documents = new Map<string, ApiDocument>()

/** The service's own document, with these surfaces. */
export function documentOfService(surfaces: readonly SurfaceName[]): ApiDocument {
  const known = documents.get(surfaces.join()) ?? documentOf(listRoutes(surfaces))
  documents.set(surfaces.join(), known)
  return known
}

/** A gateway's check has its client's path, below `/validate/` or wherever dots lead it: the document has no room for those. */
const isCheck = (request: Request): boolean =>
  request.headers.has('x-auth-require') || new URL(request.url).pathname.includes('/validate/')

/** The first route that matches answers; one that is not in the document may answer anything. */
function findDocumented(document: ApiDocument, request: Request): Documented | undefined {
  const { pathname } = new URL(request.url)
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const found = document.find(({ route, pattern }) => route.method === method && pattern.test(pathname))
  return found?.route.spec.hidden || found?.route.spec.localOnly ? undefined : found
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(fields.map(([name, field]) => [name, inOrder(field)]))
}

const textOf = (value: unknown): string => JSON.stringify(inOrder(value))

/** What is wrong with the body, or undefined. Parsing drops fields that the schema has not: they are wrong, too. */
function problemOf(schema: z.ZodType, body: unknown): string | undefined {
  const parsed = schema.safeParse(body)
  if (!parsed.success) return parsed.error.message
  return textOf(parsed.data) === textOf(body) ? undefined : 'it has fields that the schema has not'
}

const isJson = ({ headers }: Response): boolean =>
  /^application\/(?:scim\+)?json/.test(headers.get('content-type') ?? '')

const isPage = ({ headers }: Response): boolean => headers.get('content-type')?.startsWith('text/html') ?? false

/** Fails for an answer of a documented route whose status, code of failure or body the document does not have. */
export async function requireDocumented(document: ApiDocument, request: Request, response: Response): Promise<void> {
  const documented = findDocumented(document, request)
  if (!documented || isCheck(request)) return
  const { route, failures } = documented
  const { status } = response
  const declared = declaredAnswers(route).find((answer) => answer.status === status)
  // The answer to HEAD has no body, and that of a socket none that can be read twice.
  if (declared && (request.method === 'HEAD' || !declared.schema || !isJson(response))) return
  if (request.method === 'HEAD') return
  // A browser sees the failure as a page.
  if (prefersHtml(request) && isPage(response) && [...failures].some((one) => one.startsWith(`${status} `))) return
  const text = await response
    .clone()
    .text()
    .catch(() => null)
  // That it breaks off is for its reader to find.
  if (text === null) return
  const body: unknown = isJson(response) ? JSON.parse(text) : null
  const problem = declared?.schema ? problemOf(declared.schema, body) : `the document has no ${status}`
  if (problem === undefined) return
  const failure = `${status} ${codeOf(Object(body))}`
  // Another form of error has no code: its status alone is in the document.
  const isKnown = route.renderError.contentType
    ? [...failures].some((one) => one.startsWith(`${status} `))
    : failures.has(failure)
  const misfit = isKnown ? problemOf(route.renderError.answer ?? ErrorAnswer, body) : problem
  if (misfit !== undefined) expect.fail(`${route.method} ${route.path} answers ${failure}: ${misfit}\n${textOf(body)}`)
}
