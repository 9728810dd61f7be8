import * as z from 'zod'
import type { Answer } from '../../../http/answers.ts'
import { InvalidInput, TextBody } from '../../../http/input.ts'
import { type ErrorRenderer, errorHeaders, statusOf } from '../../../http/render-error.ts'
import { type DomainError, validationFailed } from '../../../lib/errors.ts'
import { findRepeatedName, isTooDeep } from '../../../lib/json.ts'
import { at, invalidSyntax, SCIM_TYPES } from '../errors.ts'
import { isMatched, type Match } from '../service/users.ts'

/** RFC 7644 3.1 and 8.1. Older directories send `application/json`. */
const MEDIA_TYPE = 'application/scim+json'
const ScimMessage = z
  .looseObject({ schemas: z.array(z.string()) })
  .meta({ id: 'ScimMessage', description: 'A resource, or a PatchOp (RFC 7644 3.5.2)' })
export const MESSAGE = { mediaTypes: [MEDIA_TYPE, 'application/json'], described: ScimMessage }
export const MessageBody = TextBody

const ERROR_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:Error'

/** RFC 7644 3.12. */
const ScimError = z
  .object({
    schemas: z.tuple([z.literal(ERROR_SCHEMA)]),
    status: z.string(),
    scimType: z.string().optional(),
    detail: z.string(),
  })
  .meta({ id: 'ScimError' })

function scimTypeOf(error: DomainError): string | undefined {
  if (error instanceof InvalidInput) return 'invalidValue'
  return error.code === validationFailed.code ? 'invalidSyntax' : SCIM_TYPES[error.code]
}

const bodyOf = (_ctx: unknown, error: DomainError): z.infer<typeof ScimError> => {
  const scimType = scimTypeOf(error)
  return {
    schemas: [ERROR_SCHEMA],
    status: String(statusOf(error)),
    ...(scimType && { scimType }),
    detail: error.message,
  }
}

const send = (status: number, body: unknown, headers: Readonly<Record<string, string>>): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': MEDIA_TYPE, ...headers } })

export const renderScimError: ErrorRenderer = Object.assign(
  (ctx: unknown, error: DomainError) => send(statusOf(error), bodyOf(ctx, error), errorHeaders(error)),
  { bodyOf, answer: ScimError, contentType: MEDIA_TYPE },
)

/** What a handler answers: a resource, and what its headers say. */
export interface Message {
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer of RFC 7644. */
export const scim = <S extends number>(status: S, schema: z.ZodType, description: string): Answer<S, Message> => ({
  status,
  description,
  schema,
  contentType: MEDIA_TYPE,
  respond: ({ body, headers = {} }) => send(status, body, headers),
})

/** 204 and 304. */
export const nothing = <S extends number>(status: S, description: string): Answer<S, Pick<Message, 'headers'>> => ({
  status,
  description,
  respond: ({ headers = {} }) => new Response(null, { status, headers }),
})

/** The JSON object of a body. Throws SCIM_INVALID_SYNTAX. */
export function readMessage({ text }: z.infer<typeof MessageBody>): Readonly<Record<string, unknown>> {
  if (isTooDeep(text)) throw at(invalidSyntax, 'The body nests too deep')
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw at(invalidSyntax, 'The body is not JSON')
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw at(invalidSyntax, 'The body is a JSON object')
  if (findRepeatedName(text) !== undefined) throw at(invalidSyntax, 'The body names an attribute twice')
  return body as Readonly<Record<string, unknown>>
}

/** The tags of `If-Match` or `If-None-Match`, all as weak ones: versions are compared weakly (RFC 7644 3.14). */
export function readTags(header: string | null): Match {
  if (header === null) return null
  if (header.trim() === '*') return '*'
  return header.split(',').map((tag) => `W/${tag.trim().replace(/^W\//i, '')}`)
}

/** Whether the caller has this version of the resource already, by `If-None-Match`. */
export function isKnown({ headers }: Request, resource: { readonly version: number }): boolean {
  const known = readTags(headers.get('if-none-match'))
  return known !== null && isMatched(known, resource)
}

/** How an answer says whether every isolate refuses within 5 seconds what the write ended. */
export const propagatedHeader = ({ propagated }: { propagated: boolean }) => ({ 'X-Propagated': String(propagated) })
