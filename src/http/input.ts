import * as z from 'zod'
import { concatBytes, fromUtf8 } from '../lib/encoding.ts'
import { malformedRequest, payloadTooLarge, unsupportedMediaType, validationFailed } from '../lib/errors.ts'
import { isTooDeep, MAX_JSON_DEPTH } from '../lib/json.ts'
import { searchOf } from './url.ts'

/** Bodies larger than this are 413. */
export const MAX_BODY_BYTES = 1024 * 1024

/** `json-or-form` is for documented systems whose clients send any of the two, or a form as `multipart/form-data`. */
export type BodyEncoding = 'json' | 'form' | 'json-or-form' | TextEncoding

/** A body that the feature parses itself: its schema gets a `TextBody`. */
export interface TextEncoding {
  readonly mediaTypes: readonly string[]
}

export const TextBody = z.object({ mediaType: z.string(), text: z.string() })

/** The body as text; refuses more than `maxBytes`. */
async function readBody(request: Request, maxBytes: number): Promise<string> {
  const length = request.headers.get('content-length')
  if (Number(length) > maxBytes) throw payloadTooLarge()
  // A body is no longer than its length says (RFC 9112 6.3), and making its stream costs more than reading it.
  const bytes = length === null ? await readPieces(request.body, maxBytes) : new Uint8Array(await request.arrayBuffer())
  if (bytes.length > maxBytes) throw payloadTooLarge()
  try {
    return fromUtf8(bytes)
  } catch {
    throw malformedRequest('The body is not UTF-8')
  }
}

/** A body whose length nobody has told: it is given up as soon as it is too long. */
async function readPieces(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > maxBytes) throw payloadTooLarge()
    chunks.push(chunk)
  }
  return concatBytes(...chunks)
}

function mediaTypeOf(request: Request): string {
  return (request.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

function parseJson(text: string): unknown {
  if (text.trim() === '') return {}
  if (isTooDeep(text)) throw malformedRequest(`The body nests deeper than ${MAX_JSON_DEPTH}`)
  try {
    return JSON.parse(text)
  } catch {
    throw malformedRequest('The body is not valid JSON')
  }
}

function parseForm(text: string): Record<string, string> {
  const fields: Record<string, string> = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) {
    // RFC 6749 3.2: parameters must not be included more than once.
    if (name in fields) throw malformedRequest(`The field ${name.slice(0, 64)} is given more than once`)
    fields[name] = value
  }
  return fields
}

/**
 * The form that browsers and axios make of a `FormData`, read by the platform. Files are values that no schema of ours takes.
 */
async function parseMultipart(text: string, contentType: string): Promise<Record<string, unknown>> {
  const fields: Record<string, unknown> = Object.create(null)
  const response = new Response(text, { headers: { 'Content-Type': contentType } })
  const form = await response.formData().catch(() => {
    throw malformedRequest('The body is not a valid form')
  })
  for (const [name, value] of form) {
    if (name in fields) throw malformedRequest(`The field ${name.slice(0, 64)} is given more than once`)
    fields[name] = value
  }
  return fields
}

/** An empty body is an empty object, with or without a content type: published clients send none on many POSTs. */
export async function readInput(
  request: Request,
  encoding: BodyEncoding,
  maxBytes: number = MAX_BODY_BYTES,
): Promise<unknown> {
  const type = mediaTypeOf(request)
  const isForm = type === 'application/x-www-form-urlencoded'
  const isJson = type === 'application/json' || type === ''
  const text = await readBody(request, maxBytes)
  if (typeof encoding === 'object') {
    if (encoding.mediaTypes.includes(type)) return { mediaType: type, text }
    throw unsupportedMediaType({ content_type: type })
  }
  if (text === '') return {}
  if (isForm && encoding !== 'json') return parseForm(text)
  if (type === 'multipart/form-data' && encoding === 'json-or-form')
    return parseMultipart(text, request.headers.get('content-type') ?? '')
  if (isJson && encoding !== 'form') return parseJson(text)
  throw unsupportedMediaType({ content_type: type })
}

export interface FieldError {
  readonly field: string
  readonly message: string
  readonly type: string
}

export function fieldErrors(error: z.ZodError, source: 'body' | 'query' | 'path'): FieldError[] {
  return error.issues.map((issue) => ({
    field: [source, ...issue.path.map(String)].join('.'),
    message: issue.message,
    type: issue.code ?? 'invalid',
  }))
}

/** As the systems that answer 400 word it: clients of theirs show the message. */
function nameOfFirst([first]: readonly FieldError[]): string {
  const field = first?.field.split('.').slice(1).join('.')
  return field ? `Validation failed for field '${field}'` : validationFailed.message
}

/** Parses a part of the request. `malformed` answers 400 where the contract has it, else 422. */
export function parseInput<T>(
  schema: z.ZodType<T>,
  value: unknown,
  source: 'body' | 'query' | 'path',
  malformed: boolean,
): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const details = { validation_errors: fieldErrors(result.error, source) }
  throw malformed ? malformedRequest(nameOfFirst(details.validation_errors), details) : validationFailed(details)
}

/** Query parameters; one that is repeated is an array. */
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

// What a schema makes of no query at all: it is the same every time, and finding out costs as much as a check.
const withoutQuery = new WeakMap<z.ZodType, unknown>()

/** The query, parsed. What it answers may be shared between requests. */
export function parseQuery<T>(schema: z.ZodType<T>, url: string, malformed: boolean): T {
  if (searchOf(url) !== '') return parseInput(schema, queryOf(url), 'query', malformed)
  if (withoutQuery.has(schema)) return withoutQuery.get(schema) as T
  const parsed = Object.freeze(parseInput(schema, {}, 'query', malformed))
  withoutQuery.set(schema, parsed)
  return parsed
}

/** A UUID in a path, in whatever case (RFC 9562 4); malformed ones are 400. */
export const UuidParam = z.uuid('must be a UUID').toLowerCase()

/** A number in a query, where everything is text. */
export const integerParam = (min: number, max: number) => z.coerce.number().int().min(min).max(max)
