import type * as z from 'zod'
import {
  configurationError,
  type DomainError,
  type ErrorDefinition,
  insufficientPermissions,
  internalError,
  malformedRequest,
  notAMember,
  organizationNotFound,
  payloadTooLarge,
  rateLimited,
  serviceUnavailable,
  ssoRequired,
  stepUpRequired,
  unauthorized,
  unsupportedMediaType,
} from '../lib/errors.ts'
import { originNotAllowed } from './cors.ts'
import { objectOf } from './described-input.ts'
import { adminRequired, type Guard, tokenInvalid } from './guard.ts'
import { InvalidInput } from './input.ts'
import { errorEnvelope, type RenderedFor, statusOf } from './render-error.ts'
import { type Route, refusesOtherSites } from './router.ts'

/**
 * The errors of each kind of guard. SERVICE_UNAVAILABLE: the verifier may be unable to find out whether a token is valid.
 * Routes with a custom guard declare its errors themselves.
 */
const REFUSALS: Readonly<Record<Guard['kind'], readonly ErrorDefinition[]>> = {
  public: [],
  optional: [tokenInvalid, insufficientPermissions, serviceUnavailable],
  user: [unauthorized, tokenInvalid, insufficientPermissions, serviceUnavailable],
  admin: [unauthorized, tokenInvalid, insufficientPermissions, adminRequired, serviceUnavailable],
  principal: [unauthorized, tokenInvalid, insufficientPermissions, serviceUnavailable],
  custom: [],
  directory: [unauthorized, tokenInvalid, serviceUnavailable],
}

/** The errors of entering an organization. */
const PLACE_REFUSALS = [notAMember, organizationNotFound, ssoRequired, stepUpRequired]

export interface Failure {
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
    status: renderError.isPage ? statusOf(error) : renderError(EXAMPLE, error).status,
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
    ...(spec.guard.rank ? PLACE_REFUSALS.map((define) => define()) : []),
    internalError(),
    configurationError(),
  ]
  return errors.map((error) => failureOf(route, error))
}
