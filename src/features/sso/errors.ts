import { defineError, defineVariant } from '../../lib/errors.ts'

const REFUSED = 'Single sign-on did not sign you in: ask the admins of your organization'
/** One answer for every refusal; the log and the event `sso.sign_in_refused` have the reason. */
export const ssoAuthenticationError = defineError('SSO_AUTHENTICATION_ERROR', 'unauthenticated', REFUSED)
/** The same for an answer that has not the form of one, or answers another request. */
export const ssoAnswerInvalid = defineVariant('SSO_AUTHENTICATION_ERROR', 'malformed', REFUSED)
export const ssoLogoutInvalid = defineError(
  'SSO_LOGOUT_INVALID',
  'malformed',
  'This message of a sign-out is not good, or was used before',
)

export const configurationNotFound = defineError(
  'SSO_CONFIGURATION_NOT_FOUND',
  'not_found',
  'There is no such configuration of single sign-on',
)
export const configurationExists = defineError(
  'SSO_CONFIGURATION_EXISTS',
  'malformed',
  'The organization has a configuration of single sign-on already',
)
export const configurationChanged = defineError(
  'SSO_CONFIGURATION_CHANGED',
  'conflict',
  'The configuration was changed meanwhile; read it again',
)
export const configurationRequired = defineError(
  'SSO_CONFIGURATION_REQUIRED',
  'conflict',
  'The organization requires single sign-on: change its policy first',
)
export const providerUnsupported = defineError(
  'SSO_PROVIDER_UNSUPPORTED',
  'malformed',
  'This kind of identity provider is not supported',
)
export const ssoValidationError = defineError('SSO_VALIDATION_ERROR', 'invalid', 'The configuration is not valid')
export const ssoMetadataError = defineError('SSO_METADATA_ERROR', 'invalid', "The provider's metadata are not usable")

export const invalidField = (field: string, message: string) =>
  ssoValidationError({ validation_errors: [{ field: `body.${field}`, message, type: 'invalid_sso' }] })

export const badMetadata = (field: string, { message, type }: { message: string; type: string }) =>
  ssoMetadataError({ validation_errors: [{ field: `body.${field}`, message, type }] })
