/** What went wrong, independent of HTTP. `http/render-error.ts` maps each kind to a status. */
export type ErrorKind =
  | 'malformed'
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'gone'
  | 'precondition_failed'
  | 'too_large'
  | 'unsupported_media_type'
  | 'upgrade_required'
  | 'locked'
  | 'rate_limited'
  | 'upstream'
  | 'unavailable'
  | 'internal'
  | 'not_implemented'

export type ErrorDetails = Readonly<Record<string, unknown>>

/** An expected failure. `message` and `details` are public; `cause` is for the log only. */
export class DomainError extends Error {
  override readonly name = 'DomainError'
  readonly code: string
  readonly kind: ErrorKind
  readonly details: ErrorDetails
  constructor(code: string, kind: ErrorKind, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.kind = kind
    this.details = details
  }
}

export interface ErrorDefinition {
  (details?: ErrorDetails, options?: { message?: string; cause?: unknown }): DomainError
  readonly code: string
  readonly kind: ErrorKind
  readonly message: string
}

const definitions = new Map<string, ErrorDefinition>()

/** Declares an error of a feature. Codes are unique: `docs/errors.md` is generated from these declarations. */
export function defineError(code: string, kind: ErrorKind, message: string): ErrorDefinition {
  if (definitions.has(code)) throw new Error(`error code ${code} is defined twice`)
  return register(code, code, kind, message)
}

/** Declares an existing code with another kind, for clients that must react differently. `docs/errors.md` lists both. */
export const defineVariant = (code: string, kind: ErrorKind, message: string): ErrorDefinition =>
  register(`${code} ${kind}`, code, kind, message)

function register(key: string, code: string, kind: ErrorKind, message: string): ErrorDefinition {
  const make: Omit<ErrorDefinition, 'code' | 'kind' | 'message'> = (
    details?: ErrorDetails,
    options?: { message?: string; cause?: unknown },
  ) => new DomainError(code, kind, options?.message ?? message, details, options?.cause)
  const definition = Object.assign(make, { code, kind, message }) as ErrorDefinition
  definitions.set(key, definition)
  return definition
}

/** Every error that a loaded module has declared, sorted by code. */
export const listErrorDefinitions = (): ErrorDefinition[] =>
  [...definitions.values()].sort((a, b) => a.code.localeCompare(b.code))

export const validationFailed = defineError('VALIDATION_ERROR', 'invalid', 'Request validation failed')
/** The error of a body without a field that is needed after all: no query had it instead, or what is asked turns out to need it. */
export const fieldRequired = (name: string): DomainError =>
  validationFailed({ validation_errors: [{ field: `body.${name}`, message: 'is required', type: 'required' }] })
export const malformedRequest = (message: string, details?: ErrorDetails) =>
  new DomainError('VALIDATION_ERROR', 'malformed', message, details)
export const unauthorized = defineError('UNAUTHORIZED', 'unauthenticated', 'Authentication is required')
/** A credential was given but is not valid (RFC 6750 3.1 `invalid_token`). */
export const tokenInvalid = defineError('TOKEN_ERROR', 'unauthenticated', 'Invalid or expired token')
export const forbidden = defineError('FORBIDDEN', 'forbidden', 'Insufficient permissions')
export const insufficientPermissions = defineError('INSUFFICIENT_PERMISSIONS', 'forbidden', 'Insufficient permissions')
/** Also for an organization that does not exist: the answer must not reveal which do. */
export const notAMember = defineError('NOT_A_MEMBER', 'forbidden', 'You are not a member of this organization')
export const organizationNotFound = defineError('ORGANIZATION_NOT_FOUND', 'not_found', 'There is no such organization')
export const stepUpRequired = defineError(
  'STEP_UP_REQUIRED',
  'forbidden',
  'This needs a factor that was proved a few minutes ago at most',
)
export const ssoRequired = defineError(
  'SSO_REQUIRED',
  'forbidden',
  'This organization signs its people in through its identity provider',
)
export const cursorInvalid = defineError('INVALID_CURSOR', 'malformed', 'The cursor is not valid')
export const notFound = defineError('NOT_FOUND', 'not_found', 'Not Found')
export const methodNotAllowed = defineError('METHOD_NOT_ALLOWED', 'method_not_allowed', 'Method Not Allowed')
export const conflict = defineError('CONFLICT', 'conflict', 'The resource already exists')
export const payloadTooLarge = defineError('PAYLOAD_TOO_LARGE', 'too_large', 'The request body is too large')
export const unsupportedMediaType = defineError(
  'UNSUPPORTED_MEDIA_TYPE',
  'unsupported_media_type',
  'The request body has an unsupported media type',
)
export const rateLimited = defineError('RATE_LIMIT_EXCEEDED', 'rate_limited', 'Too many requests')
export const serviceUnavailable = defineError(
  'SERVICE_UNAVAILABLE',
  'unavailable',
  'The service is unavailable for now',
)
export const configurationError = defineError('CONFIGURATION_ERROR', 'unavailable', 'The service is not configured')
export const internalError = defineError('INTERNAL_ERROR', 'internal', 'Internal server error')
