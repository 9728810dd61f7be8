import { zValidator } from '@hono/zod-validator'
import type { Context, MiddlewareHandler } from 'hono'
import * as z from 'zod'
import { fromUtf8, readUpTo } from '../lib/encoding.ts'
import {
  DomainError,
  fieldRequired,
  malformedRequest,
  payloadTooLarge,
  unsupportedMediaType,
  validationFailed,
} from '../lib/errors.ts'
import { isTooDeep, jsonBytesOf, MAX_JSON_DEPTH } from '../lib/json.ts'
import { searchOf } from './request.ts'
import type { HonoEnv } from './server.ts'

/** Bodies larger than this are 413. */
export const MAX_BODY_BYTES = 1024 * 1024

/** `json-or-form` is for documented systems whose clients send JSON or a form, also as `multipart/form-data`. */
export type BodyEncoding = 'json' | 'form' | 'json-or-form' | TextEncoding | FileEncoding

/** A body that the feature parses: its schema gets a `TextBody`. */
export interface TextEncoding {
  readonly mediaTypes: readonly string[]
  /** What the text is, for the document. */
  readonly described?: z.ZodType
}

export const TextBody = z.object({ mediaType: z.string(), text: z.string() })

/** A file: the body itself, or one of these fields of a multipart form. Its schema gets a `FileBody`; `maxBodyBytes` is the file's. */
export interface FileEncoding extends TextEncoding {
  readonly formFields: readonly [string, ...string[]]
}

/** The media type is what the client says of the bytes, so it is not passed on. */
export const FileBody = z.object({ bytes: z.instanceof(Uint8Array) })

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'
const MULTIPART_TYPE = 'multipart/form-data'

/** Throws PAYLOAD_TOO_LARGE for more than `maxBytes`. */
async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const length = request.headers.get('content-length')
  if (Number(length) > maxBytes) throw payloadTooLarge()
  // A body is never longer than its `Content-Length` (RFC 9112 6.3), and opening a stream costs more than reading the body.
  const bytes = length === null ? await readUpTo(maxBytes, request.body) : new Uint8Array(await request.arrayBuffer())
  if (!bytes || bytes.length > maxBytes) throw payloadTooLarge()
  return bytes
}

/** Reads the body as text. Throws PAYLOAD_TOO_LARGE for more than `maxBytes`. */
async function readBody(request: Request, maxBytes: number): Promise<string> {
  const bytes = await readBytes(request, maxBytes)
  try {
    return fromUtf8(bytes)
  } catch {
    throw malformedRequest('The body is not UTF-8')
  }
}

const mediaTypeOf = (request: Request): string =>
  (request.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''

/** Also the answer when the validator fails to parse JSON. */
export const malformedJson = () => malformedRequest('The body is not valid JSON')
const malformedForm = () => malformedRequest('The body is not a valid form')

/** RFC 6749 3.2: parameters must not be included more than once. */
function refuseDuplicates(form: FormData): FormData {
  const names = [...form.keys()]
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  if (repeated !== undefined) throw malformedRequest(`The field ${repeated.slice(0, 64)} is given more than once`)
  return form
}

function formOf(text: string): FormData {
  const form = new FormData()
  for (const [name, value] of new URLSearchParams(text)) form.append(name, value)
  return form
}

/** No schema accepts a file. */
const multipartOf = (body: string | Uint8Array<ArrayBuffer>, contentType: string): Promise<FormData> =>
  new Response(body, { headers: { 'Content-Type': contentType } }).formData().catch(() => {
    throw malformedForm()
  })

/** What the body is validated as. Throws UNSUPPORTED_MEDIA_TYPE for a type that the route does not accept. */
function targetOf(type: string, text: string, encoding: 'json' | 'form' | 'json-or-form'): 'json' | 'form' {
  if (text === '') return encoding === 'form' ? 'form' : 'json'
  if (encoding !== 'form' && (type === JSON_TYPE || type === '')) return 'json'
  if (encoding !== 'json' && type === FORM_TYPE) return 'form'
  if (encoding === 'json-or-form' && type === MULTIPART_TYPE) return 'form'
  throw unsupportedMediaType({ content_type: type })
}

/**
 * Reads the body once and leaves it in Hono's cache for `@hono/zod-validator`. The validator treats a body of another type, or
 * without one, as `{}`: so the type is checked here, and set where published clients omit it. An empty body is an empty object.
 */
async function prepareBody(
  c: Context<HonoEnv>,
  encoding: 'json' | 'form' | 'json-or-form',
  maxBytes: number,
): Promise<'json' | 'form'> {
  const { raw } = c.req
  const type = mediaTypeOf(raw)
  const text = await readBody(raw, maxBytes)
  const target = targetOf(type, text, encoding)
  if (target === 'json') {
    if (isTooDeep(text)) throw malformedRequest(`The body nests deeper than ${MAX_JSON_DEPTH}`)
    c.req.bodyCache.text = cached(text.trim() === '' ? '{}' : text)
    if (type !== JSON_TYPE) setContentType(c, JSON_TYPE)
    return target
  }
  const isMultipart = type === MULTIPART_TYPE && text !== ''
  const form = isMultipart ? await multipartOf(text, raw.headers.get('content-type') ?? '') : formOf(text)
  c.req.bodyCache.formData = cached(refuseDuplicates(form))
  if (type !== MULTIPART_TYPE && type !== FORM_TYPE) setContentType(c, FORM_TYPE)
  return target
}

/** Hono caches promises, but types their values. */
const cached = <T>(value: T): T => Promise.resolve(value) as T

function setContentType(c: Context<HonoEnv>, type: string): void {
  const headers = new Headers(c.req.raw.headers)
  headers.set('content-type', type)
  c.req.raw = new Request(c.req.url, { method: c.req.method, headers })
}

export interface FieldError {
  readonly field: string
  readonly message: string
  readonly type: string
}

type Source = 'body' | 'query' | 'path'

/** Input that its schema refused. Surfaces word the issues. An issue never holds the value, which may be a password. */
export class InvalidInput extends DomainError {
  readonly issues: readonly z.core.$ZodIssue[]
  readonly source: Source
  /** The validated value, to tell missing fields from wrong ones. */
  readonly data: unknown
  constructor(issues: readonly z.core.$ZodIssue[], source: Source, data: unknown, kind: 'malformed' | 'invalid') {
    const limit = limitOf(issues)
    const details = { validation_errors: fieldErrors(issues, source), ...(limit !== undefined && { limit }) }
    const message = kind === 'malformed' ? messageOfFirst(details.validation_errors) : validationFailed.message
    super(validationFailed.code, kind, message, details)
    this.issues = issues
    this.source = source
    this.data = data
  }
}

/** The number that was exceeded, which a schema names in the `params` of its issue. */
const limitOf = (issues: readonly z.core.$ZodIssue[]): unknown =>
  issues
    .map((issue) => (issue.code === 'custom' ? issue.params?.limit : undefined))
    .find((limit) => limit !== undefined)

const fieldErrors = (issues: readonly z.core.$ZodIssue[], source: Source): FieldError[] =>
  issues.map((issue) => ({
    field: [source, ...issue.path.map(String)].join('.'),
    message: issue.message,
    type: issue.code ?? 'invalid',
  }))

/** The message that clients of systems with 400 answers show. */
function messageOfFirst([first]: readonly FieldError[]): string {
  const field = first?.field.split('.').slice(1).join('.')
  return field ? `Validation failed for field '${field}'` : validationFailed.message
}

const SOURCES = { json: 'body', form: 'body', query: 'query', param: 'path' } as const

/** The validator of one part of a request. An invalid path is always `malformed` (400), other parts if the route says so. */
function validatorOf(target: keyof typeof SOURCES, schema: z.ZodType, kind: 'malformed' | 'invalid') {
  return zValidator(target, schema, (result) => {
    if (!result.success) throw new InvalidInput(result.error.issues, SOURCES[target], result.data, kind)
  }) as MiddlewareHandler<HonoEnv>
}

export interface InputSpec {
  readonly params?: z.ZodType | undefined
  readonly query?: z.ZodType | undefined
  readonly body?: z.ZodType | undefined
  readonly encoding?: BodyEncoding | undefined
  readonly invalidIs?: 400 | undefined
  readonly maxBodyBytes?: number | undefined
}

function bodyValidator(schema: z.ZodType, spec: InputSpec, kind: 'malformed' | 'invalid'): MiddlewareHandler<HonoEnv> {
  const { encoding = 'json', maxBodyBytes = MAX_BODY_BYTES } = spec
  if (typeof encoding === 'object' && 'formFields' in encoding)
    return fileValidator(schema, encoding, maxBodyBytes, kind)
  if (typeof encoding === 'object') return textValidator(schema, encoding, maxBodyBytes, kind)
  const validators = { json: validatorOf('json', schema, kind), form: validatorOf('form', schema, kind) }
  return async function validateBody(c, next) {
    const target = await prepareBody(c, encoding, maxBodyBytes)
    return validators[target](c, next)
  }
}

/** zod-validator has no target for text bodies. */
function textValidator(
  schema: z.ZodType,
  { mediaTypes }: TextEncoding,
  maxBytes: number,
  kind: 'malformed' | 'invalid',
): MiddlewareHandler<HonoEnv> {
  return async function validateText(c, next) {
    const mediaType = mediaTypeOf(c.req.raw)
    const text = await readBody(c.req.raw, maxBytes)
    if (!mediaTypes.includes(mediaType)) throw unsupportedMediaType({ content_type: mediaType })
    c.req.addValidatedData('json', parseInput(schema, { mediaType, text }, 'body', kind) as object)
    await next()
  }
}

/** What a multipart form has beside the file: boundaries, headers of its parts and small fields. */
const MAX_FORM_BYTES = 8 * 1024

function fileValidator(
  schema: z.ZodType,
  { mediaTypes, formFields }: FileEncoding,
  maxBytes: number,
  kind: 'malformed' | 'invalid',
): MiddlewareHandler<HonoEnv> {
  return async function validateFile(c, next) {
    const { raw } = c.req
    const mediaType = mediaTypeOf(raw)
    const isForm = mediaType === MULTIPART_TYPE
    const body = await readBytes(raw, isForm ? maxBytes + MAX_FORM_BYTES : maxBytes)
    if (!isForm && !mediaTypes.includes(mediaType)) throw unsupportedMediaType({ content_type: mediaType })
    const bytes = isForm ? await fileOf(body, raw.headers.get('content-type') ?? '', formFields) : body
    if (bytes.length > maxBytes) throw payloadTooLarge()
    c.req.addValidatedData('json', parseInput(schema, { bytes }, 'body', kind) as object)
    await next()
  }
}

/** Throws VALIDATION_ERROR for a form without a file in one of the fields. */
async function fileOf(
  body: Uint8Array<ArrayBuffer>,
  contentType: string,
  [field, ...others]: FileEncoding['formFields'],
): Promise<Uint8Array> {
  const form = refuseDuplicates(await multipartOf(body, contentType))
  const file = [field, ...others].map((name) => form.get(name)).find((value) => value instanceof File)
  if (!file) throw fieldRequired(field)
  return new Uint8Array(await file.arrayBuffer())
}

/** Middleware that validates path, query and body, in this order. */
export function inputValidators(spec: InputSpec): MiddlewareHandler<HonoEnv>[] {
  const kind = spec.invalidIs ? 'malformed' : 'invalid'
  return [
    ...(spec.params ? [validatorOf('param', spec.params, 'malformed')] : []),
    ...(spec.query ? [validatorOf('query', spec.query, kind)] : []),
    ...(spec.body ? [bodyValidator(spec.body, spec, kind)] : []),
  ]
}

/** The parts of a request as the validators parsed them. */
export function validatedInput(c: Context<HonoEnv>, spec: InputSpec) {
  const valid = (isRead: unknown, ...targets: (keyof typeof SOURCES)[]) =>
    (isRead ? targets.map((target) => c.req.valid(target as never)).find(Boolean) : undefined) as undefined
  return {
    params: valid(spec.params, 'param'),
    query: valid(spec.query, 'query'),
    body: valid(spec.body, 'json', 'form'),
  }
}

function parseInput<T>(schema: z.ZodType<T>, data: unknown, source: Source, kind: 'malformed' | 'invalid'): T {
  const result = schema.safeParse(data)
  if (result.success) return result.data
  throw new InvalidInput(result.error.issues, source, data, kind)
}

/** Validates the input of an open route, which is answered without Hono (decision 0042). */
export async function openInput(spec: InputSpec, request: Request) {
  const kind = spec.invalidIs ? 'malformed' : 'invalid'
  const query = spec.query && parseQuery(spec.query, request.url, kind)
  const body = spec.body && parseInput(spec.body, await readOpenJson(request), 'body', kind)
  return { params: undefined, query: query as undefined, body: body as undefined }
}

async function readOpenJson(request: Request): Promise<unknown> {
  const text = await readBody(request, MAX_BODY_BYTES)
  targetOf(mediaTypeOf(request), text, 'json')
  if (text.trim() === '') return {}
  if (isTooDeep(text)) throw malformedRequest(`The body nests deeper than ${MAX_JSON_DEPTH}`)
  try {
    return JSON.parse(text)
  } catch {
    throw malformedJson()
  }
}

/** Query parameters; a repeated one is an array. */
function queryOf(url: string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = Object.create(null)
  const search = searchOf(url)
  if (search === '') return query
  const params = new URLSearchParams(search)
  for (const name of new Set(params.keys())) {
    const values = params.getAll(name)
    query[name] = values.length > 1 ? values : (values[0] ?? '')
  }
  return query
}

// The result of each schema for an empty query: parsing it costs as much as the check of a token.
const withoutQuery = new WeakMap<z.ZodType, unknown>()

/** Parses the query. The result may be shared between requests. */
function parseQuery<T>(schema: z.ZodType<T>, url: string, kind: 'malformed' | 'invalid'): T {
  if (searchOf(url) !== '') return parseInput(schema, queryOf(url), 'query', kind)
  if (withoutQuery.has(schema)) return withoutQuery.get(schema) as T
  const parsed = Object.freeze(parseInput(schema, {}, 'query', kind))
  withoutQuery.set(schema, parsed)
  return parsed
}

/** For `refine`: a size of the value as JSON, whose excess names the number. */
export const bytesUpTo = (limit: number) =>
  [
    (value: unknown) => jsonBytesOf(value) <= limit,
    { message: `must have ${limit} bytes at most`, params: { limit } },
  ] as const

/** A UUID in a path, in either case (RFC 9562 4). */
export const UuidParam = z.uuid('must be a UUID').toLowerCase()

/** An integer in a query. */
export const integerParam = (min: number, max: number) => z.coerce.number().int().min(min).max(max)

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== ''

type Fields = Readonly<Record<string, z.ZodType>>
type InBody<F extends Fields> = { [N in keyof F]: z.ZodOptional<z.ZodNullable<F[N]>> }
type InQuery<F extends Fields> = { [N in keyof F]: z.ZodOptional<F[N]> }
type Merged<F extends Fields> = { [N in keyof F]: z.output<F[N]> | undefined }

const mapFields = (fields: Fields, change: (field: z.ZodType) => z.ZodType): Record<string, z.ZodType> =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, change(field)]))

/**
 * Fields that documented clients send in the body or in the query. `inQuery` has other schemas for the query, where values are
 * text. `merge` prefers the body's value, unless it is null or empty. `id` names the body in
 * the OpenAPI document.
 */
export function bodyOrQuery<F extends Fields>(
  id: string,
  fields: F,
  inQuery: Partial<{ [N in keyof F]: z.ZodType<z.output<F[N]>> }> = {},
) {
  const body = z.object(mapFields(fields, (field) => field.nullish()) as InBody<F>).meta({ id })
  const query = z.object(mapFields({ ...fields, ...inQuery }, (field) => field.optional()) as InQuery<F>)
  const merge = (sent: object, asked: object): Merged<F> => {
    const [first, second] = [sent, asked] as readonly Readonly<Record<string, unknown>>[]
    const pick = (name: string) => [first?.[name], second?.[name]].find(isGiven) ?? first?.[name] ?? second?.[name]
    return Object.fromEntries(Object.keys(fields).map((name) => [name, pick(name)])) as Merged<F>
  }
  return { body, query, merge }
}
