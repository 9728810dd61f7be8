import { defineError } from '../../lib/errors.ts'

/** One answer for every refusal; the log and the event `sso.sign_in_refused` have the reason. */
export const ssoAuthenticationError = defineError(
  'SSO_AUTHENTICATION_ERROR',
  'unauthenticated',
  'Single sign-on did not sign you in: ask the admins of your organization',
)
