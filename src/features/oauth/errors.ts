import { defineError } from '../../lib/errors.ts'

// RFC 6749 5.2 and RFC 6750 3.1: the code is what stands in `error`.
export const invalidRequest = defineError('invalid_request', 'malformed', 'The request is malformed')
export const invalidClient = defineError('invalid_client', 'unauthenticated', 'Client authentication failed')
export const unsupportedGrantType = defineError(
  'unsupported_grant_type',
  'malformed',
  'The grant type is not supported',
)
export const invalidScope = defineError(
  'invalid_scope',
  'malformed',
  'The scope is unknown or exceeds what the client has',
)
export const invalidToken = defineError('invalid_token', 'unauthenticated', 'The access token is not valid')
export const insufficientScope = defineError('insufficient_scope', 'forbidden', 'The client lacks the scope introspect')
