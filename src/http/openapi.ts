import * as z from 'zod'
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi'
import { VERSION } from '../lib/version.ts'
import type { Answer } from './answers.ts'
import { objectOf } from './described-input.ts'
import { type Failure, listFailures } from './failures.ts'
import { type Guard, recognized } from './guard.ts'
import type { BodyEncoding } from './input.ts'
import type { Route } from './router.ts'
import { PARAMETERS, TAGS } from './vocabulary.ts'

/** The schema of the envelope of `render-error.ts`. */
export const ErrorAnswer = z
  .object({
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
  .meta({ id: 'ApiError' })

const RATE_HEADERS = {
  'X-RateLimit-Limit': { $ref: '#/components/headers/RateLimitLimit' },
  'X-RateLimit-Remaining': { $ref: '#/components/headers/RateLimitRemaining' },
  'X-RateLimit-Reset': { $ref: '#/components/headers/RateLimitReset' },
}

/** What one document describes. */
export interface Api {
  /** Where the document is served. */
  readonly path: string
  readonly title: string
  readonly description: string
  readonly routes: readonly Route[]
}

/** The OpenAPI 3.1 document of all routes that are not hidden, from the schemas that validate their input and answers. */
export function describeApi({ title, description, routes }: Omit<Api, 'path'>) {
  const shown = routes.filter(({ spec }) => !spec.hidden && !spec.localOnly)
  const shared: Shared = { named: nameSchemas(shown), responses: new Map(), examples: {} }
  const paths: ZodOpenApiPathsObject = {}
  for (const route of shown) {
    const path = templateOf(route.path)
    const instead = shown.find(({ spec }) => spec.id === route.spec.instead)
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, shared, instead) }
  }
  const document = createDocument(
    {
      openapi: '3.1.0',
      info: { title, version: VERSION, description, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/' }],
      tags: tagsOf(shown),
      paths,
      components: {
        examples: shared.examples,
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
          directory: { type: 'http', scheme: 'bearer', description: "A token of an organization's directory" },
          client: { type: 'http', scheme: 'basic', description: 'Id and secret of a client (RFC 6749 2.3.1)' },
        },
      },
    },
    { override: ({ jsonSchema }) => simplify(jsonSchema) },
  )
  for (const item of Object.values(document.paths ?? {})) describeParameters(Object.values(item))
  return document
}

function describeParameters(operations: readonly { readonly parameters?: readonly object[] }[]): void {
  for (const parameter of operations.flatMap(({ parameters = [] }) => parameters) as ParameterObject[]) {
    const description = PARAMETERS[parameter.name]
    if (description) parameter.description ??= description
  }
}

type ParameterObject = { readonly name: string; description?: string }

/** What operations refer to. */
interface Shared {
  /** Schemas without a name, with the one that the document gives them. */
  readonly named: Map<z.ZodType, z.ZodType>
  readonly responses: Map<string, ZodOpenApiResponseObject>
  readonly examples: Record<string, { value: Failure['body'] }>
}

const pascal = (id: string): string => `${id.charAt(0).toUpperCase()}${id.slice(1)}`

/**
 * Bodies and answers that have no name of their own are called after their operation. One that several operations share
 * has a name of its own, or is that of the operation for which the others stand.
 */
function nameSchemas(routes: readonly Route[]): Map<z.ZodType, z.ZodType> {
  const named = new Map<z.ZodType, z.ZodType>()
  const name = (schema: z.ZodType | undefined, id: string) => {
    if (schema && !schema.meta()?.id && !named.has(schema)) named.set(schema, schema.meta({ ...schema.meta(), id }))
  }
  for (const { spec } of routes.toSorted((a, b) => Number(Boolean(a.spec.instead)) - Number(Boolean(b.spec.instead)))) {
    if (typeof spec.encoding !== 'object') name(spec.body, `${pascal(spec.id)}Request`)
    for (const { schema } of spec.answers) name(schema, `${pascal(spec.id)}Answer`)
  }
  return named
}

/**
 * What validation needs and readers do not: patterns that a format implies and the bounds of every integer. Answers may
 * have fields that a client does not know yet, so none is closed.
 */
function simplify(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.format === 'uuid' || schema.format === 'date-time') delete schema.pattern
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
  if (schema.additionalProperties === false) delete schema.additionalProperties
}

/** `/users/:id` as `/users/{id}`. */
export const templateOf = (path: string): string => path.replace(/:([A-Za-z_]+)/g, '{$1}')

function tagsOf(routes: readonly Route[]) {
  const used = new Set<string>(routes.map(({ tag }) => tag))
  return Object.entries(TAGS).flatMap(([name, description]) => (used.has(name) ? [{ name, description }] : []))
}

/** `instead` is what applications call in its place, when it is for clients that know its path. */
function operationOf(route: Route, shared: Shared, instead: Route | undefined): ZodOpenApiOperationObject {
  const { spec, tag } = route
  const path = spec.params ? objectOf(spec.params) : untypedPath(route.path)
  return {
    operationId: spec.id,
    summary: spec.summary,
    description: descriptionOf(route, instead),
    ...(instead ? { deprecated: true } : {}),
    tags: [tag],
    security: securityOf(spec),
    requestParams: {
      ...(path ? { path } : {}),
      ...(spec.query ? { query: objectOf(spec.query) } : {}),
      ...(spec.headers ? { header: spec.headers } : {}),
    },
    ...(spec.body ? { requestBody: bodyOf(spec.body, spec.encoding ?? 'json', shared) } : {}),
    responses: responsesOf(route, shared),
  }
}

const ACCESS: Readonly<Record<Guard['kind'], string>> = {
  public: 'Needs no credential.',
  optional: 'An access token may be sent, and is refused when it is not good.',
  user: 'Needs the access token of a user.',
  admin: 'Needs the access token of an admin.',
  principal: 'Needs the access token of a user or of a machine.',
  custom: 'Needs the credentials of a client.',
  directory: "Needs a token of an organization's directory.",
}

/** What the route says of itself, and what follows from how it is declared. */
function descriptionOf({ spec }: Route, instead: Route | undefined): string {
  const { guard } = spec
  return [
    instead && `Use \`${instead.spec.id}\` instead: \`${instead.method} ${templateOf(instead.path)}\`.`,
    spec.description,
    ACCESS[spec.readsBearer ? 'principal' : guard.kind],
    guard.scope && `A machine needs the scope \`${guard.scope}\`.`,
    guard.strong && 'A session that has ended is refused at once.',
    spec.isWrite && 'Counts against what a user may write in an hour.',
    spec.unlimited && 'Has no rate limit.',
  ]
    .filter(Boolean)
    .join(' ')
}

const SECURITY: Readonly<Record<Guard['kind'], Record<string, string[]>[]>> = {
  public: [],
  optional: [{}, { bearer: [] }],
  user: [{ bearer: [] }],
  admin: [{ bearer: [] }],
  principal: [{ bearer: [] }],
  custom: [{ client: [] }],
  directory: [{ directory: [] }],
}

function securityOf({ guard, readsBearer }: Route['spec']) {
  if (readsBearer) return SECURITY.user
  return guard === recognized ? SECURITY.optional : SECURITY[guard.kind]
}

function untypedPath(path: string): z.ZodObject | undefined {
  const names = [...path.matchAll(/:([A-Za-z_]+)/g)].map(([, name = '']) => name)
  return names.length > 0 ? z.object(Object.fromEntries(names.map((name) => [name, z.string()]))) : undefined
}

const FileForm = z.object({ file: z.string().meta({ format: 'binary' }) }).meta({ id: 'FileForm' })

function bodyOf(body: z.ZodType, encoding: BodyEncoding, { named }: Shared) {
  if (typeof encoding === 'object') {
    const isFile = 'formFields' in encoding
    const text = { schema: { type: 'string' as const, ...(isFile && { format: 'binary' }) } }
    const described = encoding.described ? { schema: encoding.described } : text
    const form = isFile && { 'multipart/form-data': { schema: FileForm } }
    return {
      required: true,
      content: { ...Object.fromEntries(encoding.mediaTypes.map((type) => [type, described])), ...form },
    }
  }
  const schema = named.get(body) ?? body
  return {
    required: !body.safeParse({}).success,
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

function answersOf(route: Route, shared: Shared): Record<string, ZodOpenApiResponseObject> {
  const headers = route.spec.unlimited ? {} : { headers: RATE_HEADERS }
  return Object.fromEntries(
    declaredAnswers(route).map((answer): [string, ZodOpenApiResponseObject] => [
      String(answer.status),
      { description: answer.description, ...headers, ...contentOf(answer, shared) },
    ]),
  )
}

function contentOf(
  { schema, contentType }: DeclaredAnswer,
  { named }: Shared,
): Pick<ZodOpenApiResponseObject, 'content'> {
  if (!schema && !contentType) return {}
  return {
    content: {
      [contentType ?? 'application/json']: { schema: schema ? (named.get(schema) ?? schema) : { type: 'string' } },
    },
  }
}

function exampleOf(failure: Failure, { examples }: Shared) {
  if (!failure.isPlain) return { value: failure.body }
  const name = `${failure.status}.${failure.code}`
  examples[name] = { value: failure.body }
  return { $ref: `#/components/examples/${name}` }
}

const examplesOf = (failures: readonly Failure[], shared: Shared) =>
  Object.fromEntries(failures.map((failure) => [failure.code, exampleOf(failure, shared)]))

/** The answer to these failures: one object for all operations that fail alike, so that the document has it once. */
function failureAnswer({ renderError }: Route, failures: readonly Failure[], shared: Shared): ZodOpenApiResponseObject {
  const [{ status }] = failures as readonly [Failure, ...Failure[]]
  const codes = [...new Set(failures.map(({ code }) => code))].sort()
  const described = renderError.described?.[status]
  const { answer: own, contentType } = renderError
  const schema = described?.schema ?? own ?? ErrorAnswer
  const examples = examplesOf(failures, shared)
  const answer = {
    description: [...new Set(failures.map(({ code, message }) => (own ? message : `\`${code}\`: ${message}`)))].join(
      '\n\n',
    ),
    ...(status === 429 ? { headers: RATE_HEADERS } : {}),
    content: {
      [contentType ?? 'application/json']: {
        schema: contentType ? schema : z.intersection(schema, z.object({ [own ? 'error' : 'code']: z.enum(codes) })),
        examples,
      },
    },
  }
  const words = JSON.stringify([answer.description, own?.meta()?.id, described?.description, examples])
  const known = shared.responses.get(words)
  if (known) return known
  const name = `${status}.${codes.join('.')}`
  const namesakes = [...shared.responses.values()].filter(({ id }) => id === name || id?.startsWith(`${name}-`)).length
  const named = { ...answer, id: namesakes === 0 ? name : `${name}-${namesakes + 1}` }
  shared.responses.set(words, named)
  return named
}

/** The document has one answer per status. An answer that the route declares gets the examples that match its schema. */
function responsesOf(route: Route, shared: Shared): ZodOpenApiResponsesObject {
  const responses = answersOf(route, shared)
  for (const [status, failures] of Map.groupBy(listFailures(route), (failure) => String(failure.status))) {
    const declared = route.spec.answers.find((answer) => String(answer.status) === status)
    if (!declared) {
      responses[status] = failureAnswer(route, failures, shared)
      continue
    }
    const fitting = failures.filter(({ body }) => declared.schema?.safeParse(body).success)
    if (fitting.length === 0 || !declared.schema) continue
    const content = {
      schema: shared.named.get(declared.schema) ?? declared.schema,
      examples: examplesOf(fitting, shared),
    }
    responses[status] = {
      description: declared.description,
      ...responses[status],
      content: { 'application/json': content },
    }
  }
  return responses
}
