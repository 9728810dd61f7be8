import * as z from 'zod'
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi'
import {
  configurationError,
  type DomainError,
  type ErrorDefinition,
  internalError,
  malformedRequest,
  payloadTooLarge,
  rateLimited,
  serviceUnavailable,
  unauthorized,
  unsupportedMediaType,
} from '../lib/errors.ts'
import { VERSION } from '../lib/version.ts'
import type { Answer } from './answers.ts'
import { originNotAllowed } from './cors.ts'
import { adminRequired, type Guard, recognized, scopeMissing, tokenInvalid } from './guard.ts'
import { type BodyEncoding, InvalidInput } from './input.ts'
import { errorEnvelope, type RenderedFor } from './render-error.ts'
import { type Route, refusesOtherSites } from './router.ts'

/** The schema of the envelope of `render-error.ts`. */
export const ErrorAnswer = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.unknown()),
    request_id: z.string(),
  }),
  code: z.string(),
  status: z.int(),
  message: z.string(),
  detail: z.unknown(),
  details: z.record(z.string(), z.unknown()),
  timestamp: z.iso.datetime(),
})

const RATE_HEADERS = {
  'X-RateLimit-Limit': { $ref: '#/components/headers/RateLimitLimit' },
  'X-RateLimit-Remaining': { $ref: '#/components/headers/RateLimitRemaining' },
  'X-RateLimit-Reset': { $ref: '#/components/headers/RateLimitReset' },
}

/** The OpenAPI 3.1 document of all routes that are not hidden, from the schemas that validate their input and answers. */
export function describeApi(routes: readonly Route[]) {
  const shown = routes.filter(({ spec }) => !spec.hidden && !spec.localOnly)
  const paths: ZodOpenApiPathsObject = {}
  const examples: Record<string, { value: Failure['body'] }> = {}
  for (const route of shown) {
    const path = templateOf(route.path)
    const failures = listFailures(route)
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, failures) }
    for (const failure of failures) if (failure.isPlain) examples[exampleNameOf(failure)] = { value: failure.body }
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Postern',
      version: VERSION,
      description:
        'Every path is served with and without a trailing slash. Unknown fields of a body are ignored; an empty body is an empty object. A body has at most 1 MiB, and JSON nests at most 64 deep.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(shown.flatMap(({ tags }) => tags))].sort().map((name) => ({ name })),
    paths,
    components: {
      schemas: { Error: ErrorAnswer },
      examples,
      headers: {
        RateLimitLimit: {
          description: 'Limit of the tier of the caller that is used up first, per minute or per hour',
          schema: { type: 'integer' },
        },
        RateLimitRemaining: { description: 'Requests left in that tier', schema: { type: 'integer' } },
        RateLimitReset: { description: 'When that tier is renewed, in Unix seconds', schema: { type: 'integer' } },
      },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token' },
        client: { type: 'http', scheme: 'basic', description: 'Id and secret of a client (RFC 6749 2.3.1)' },
      },
    },
  })
}

/** `/users/:id` as `/users/{id}`. */
export const templateOf = (path: string): string => path.replace(/:([A-Za-z_]+)/g, '{$1}')

function operationOf(route: Route, failures: readonly Failure[]): ZodOpenApiOperationObject {
  const { spec, tags } = route
  const path = spec.params ? objectOf(spec.params) : untypedPath(route.path)
  return {
    operationId: spec.id,
    summary: spec.summary,
    tags: [...tags],
    security: securityOf(spec),
    requestParams: {
      ...(path ? { path } : {}),
      ...(spec.query ? { query: objectOf(spec.query) } : {}),
    },
    ...(spec.body ? { requestBody: bodyOf(spec.body, spec.encoding ?? 'json') } : {}),
    responses: responsesOf(route, failures),
  }
}

const SECURITY: Readonly<Record<Guard['kind'], Record<string, string[]>[]>> = {
  public: [],
  optional: [{}, { bearer: [] }],
  user: [{ bearer: [] }],
  admin: [{ bearer: [] }],
  principal: [{ bearer: [] }],
  custom: [{ client: [] }],
}

function securityOf({ guard, readsBearer }: Route['spec']) {
  if (readsBearer) return SECURITY.user
  return guard === recognized ? SECURITY.optional : SECURITY[guard.kind]
}

/** The object schema of parameters, before its transformations. */
function objectOf(schema: z.ZodType): z.ZodObject {
  let inner: unknown = schema
  while (inner instanceof z.ZodPipe) inner = inner.in
  if (inner instanceof z.ZodObject) return inner
  throw new TypeError('parameters are described by an object schema')
}

function untypedPath(path: string): z.ZodObject | undefined {
  const names = [...path.matchAll(/:([A-Za-z_]+)/g)].map(([, name = '']) => name)
  return names.length > 0 ? z.object(Object.fromEntries(names.map((name) => [name, z.string()]))) : undefined
}

function bodyOf(schema: z.ZodType, encoding: BodyEncoding) {
  if (typeof encoding === 'object') {
    const text = { schema: { type: 'string' as const } }
    return { required: true, content: Object.fromEntries(encoding.mediaTypes.map((type) => [type, text])) }
  }
  return {
    required: !schema.safeParse({}).success,
    content: {
      ...(encoding === 'form' ? {} : { 'application/json': { schema } }),
      ...(encoding === 'json' ? {} : { 'application/x-www-form-urlencoded': { schema } }),
      ...(encoding === 'json-or-form' ? { 'multipart/form-data': { schema } } : {}),
    },
  }
}

type DeclaredAnswer = Pick<Answer, 'status' | 'description' | 'schema' | 'contentType'>

/** The answers that a route declares, and those that its system documents for refused input. */
export function declaredAnswers({ spec, renderError }: Route): readonly DeclaredAnswer[] {
  const readsInput = spec.params ?? spec.query ?? spec.body
  const described = readsInput ? Object.entries(renderError.described ?? {}) : []
  return [...spec.answers, ...described.map(([status, answer]) => ({ status: Number(status), ...answer }))]
}

function answersOf(route: Route): Record<string, ZodOpenApiResponseObject> {
  const headers = route.spec.unlimited ? {} : { headers: RATE_HEADERS }
  return Object.fromEntries(
    declaredAnswers(route).map((answer): [string, ZodOpenApiResponseObject] => [
      String(answer.status),
      { description: answer.description, ...headers, ...contentOf(answer) },
    ]),
  )
}

function contentOf({ schema, contentType }: DeclaredAnswer): Pick<ZodOpenApiResponseObject, 'content'> {
  if (!schema && !contentType) return {}
  return { content: { [contentType ?? 'application/json']: { schema: schema ?? { type: 'string' } } } }
}

/**
 * The errors of each kind of guard. SERVICE_UNAVAILABLE: the verifier may be unable to find out whether a token is valid.
 * Routes with a custom guard declare its errors themselves.
 */
const REFUSALS: Readonly<Record<Guard['kind'], readonly ErrorDefinition[]>> = {
  public: [],
  optional: [tokenInvalid, scopeMissing, serviceUnavailable],
  user: [unauthorized, tokenInvalid, scopeMissing, serviceUnavailable],
  admin: [unauthorized, tokenInvalid, scopeMissing, adminRequired, serviceUnavailable],
  principal: [unauthorized, tokenInvalid, scopeMissing, serviceUnavailable],
  custom: [],
}

interface Failure {
  readonly code: string
  readonly message: string
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  /** Whether the body is the envelope in its own words, not a surface's. */
  readonly isPlain: boolean
}

/** The request of the examples. */
const EXAMPLE: RenderedFor = {
  requestId: '7b0f7c9e-3b0e-4f5e-9a43-0d5d3a1f4c11',
  now: () => Date.UTC(2026, 0, 1),
  config: { APP_NAME: 'Postern' },
  acceptLanguage: () => null,
}

const INVALID_EMAIL: z.core.$ZodIssue = {
  code: 'invalid_format',
  format: 'email',
  path: ['email'],
  message: 'must be an email address',
}

const invalidEmail = () => new InvalidInput([INVALID_EMAIL], 'body', { email: 'ada' }, 'invalid')

/** The code in a body: the envelope's, or that of RFC 6749 5.2. */
export const codeOf = ({ code, error }: Readonly<Record<string, unknown>>): string | undefined =>
  [code, error].find((value) => typeof value === 'string')

function failureOf({ renderError }: Route, error: DomainError): Failure {
  const plain = errorEnvelope(EXAMPLE, error)
  const body = renderError.bodyOf?.(EXAMPLE, error) ?? plain
  return {
    code: codeOf(body) ?? error.code,
    message: String(body.message ?? error.message),
    // The surface decides the status of an error.
    status: renderError(EXAMPLE, error).status,
    body,
    isPlain: JSON.stringify(body) === JSON.stringify(plain),
  }
}

/** Query values are strings, or lists where a name is repeated: a schema that accepts both under every name refuses nothing. */
function canRefuse(query: z.ZodType | undefined): boolean {
  if (!query) return false
  const names = [...Object.keys(objectOf(query).shape), 'another']
  const takes = (value: string | string[]) =>
    query.safeParse(Object.fromEntries(names.map((name) => [name, value]))).success
  return !takes('x') || !takes(['', 'x'])
}

/** All failures of a route: its own errors, and those of limits, guard and validators. */
export function listFailures(route: Route): Failure[] {
  const { spec } = route
  const malformed = malformedRequest('The request is malformed')
  const errors = [
    ...(spec.params || spec.body ? [malformed] : []),
    ...(canRefuse(spec.query) || spec.body ? [spec.invalidIs === 400 ? malformed : invalidEmail()] : []),
    ...(spec.body ? [payloadTooLarge(), unsupportedMediaType()] : []),
    ...(spec.unlimited ? [] : [rateLimited()]),
    ...(refusesOtherSites(route) ? [originNotAllowed()] : []),
    ...(spec.errors ?? []).map((define) => define()),
    ...REFUSALS[spec.guard.kind].map((define) => define()),
    internalError(),
    configurationError(),
  ]
  return errors.map((error) => failureOf(route, error))
}

const exampleNameOf = ({ status, code }: Failure): string => `${status}.${code}`

const exampleOf = (failure: Failure) =>
  failure.isPlain ? { $ref: `#/components/examples/${exampleNameOf(failure)}` } : { value: failure.body }

/** The document has one answer per status. An answer that the route declares gets the examples that match its schema. */
function responsesOf(route: Route, failures: readonly Failure[]): ZodOpenApiResponsesObject {
  const own = route.renderError.answer
  const describe = ({ code, message }: Failure) => (own ? message : `\`${code}\`: ${message}`)
  const responses = answersOf(route)
  for (const [status, those] of Map.groupBy(failures, (failure) => String(failure.status))) {
    const declared = declaredAnswers(route).find((answer) => String(answer.status) === status)
    const fitting = declared ? those.filter(({ body }) => declared.schema?.safeParse(body).success) : those
    if (fitting.length === 0) continue
    const schema = declared?.schema ?? own ?? { $ref: '#/components/schemas/Error' }
    const examples = Object.fromEntries(fitting.map((failure) => [failure.code, exampleOf(failure)]))
    responses[status] = {
      description: [...new Set(those.map(describe))].join('\n\n'),
      ...(status === '429' ? { headers: RATE_HEADERS } : {}),
      ...responses[status],
      content: { 'application/json': { schema, examples } },
    }
  }
  return responses
}
