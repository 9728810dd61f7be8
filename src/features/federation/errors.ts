import { DomainError, defineError, defineVariant, type ErrorDefinition } from '../../lib/errors.ts'

/** A refusal whose reason is for the log, and for admins: who signs in reads the definition's message alone. */
export class SignInRefused extends DomainError {
  readonly reason: string
  constructor({ code, kind, message }: ErrorDefinition, reason: string) {
    super(code, kind, message)
    this.reason = reason
  }
}

export const providerUnknown = defineError('OAUTH_PROVIDER_UNKNOWN', 'malformed', 'There is no such provider')
export const providerNotConfigured = defineError(
  'OAUTH_PROVIDER_NOT_CONFIGURED',
  'malformed',
  'This provider is not configured',
)
/** One answer for a state that is unknown, used, expired, of another provider, or of another browser. */
export const stateInvalid = defineError(
  'OAUTH_STATE_INVALID',
  'malformed',
  'This sign-in was begun in another browser, was used or has expired: begin again',
)
export const providerDenied = defineError('OAUTH_DENIED', 'malformed', 'The provider did not sign the person in')
/** Whatever the provider did wrong; the log has the reason. */
export const exchangeFailed = defineError(
  'OAUTH_EXCHANGE_FAILED',
  'unauthenticated',
  'The sign-in could not be completed with the provider',
)
export const codeInvalid = defineError(
  'OAUTH_CODE_INVALID',
  'malformed',
  'The code is invalid, expired or was used before',
)
export const identityTaken = defineError(
  'OAUTH_IDENTITY_TAKEN',
  'conflict',
  'Another account is linked to this identity',
)
export const alreadyLinked = defineError('OAUTH_ALREADY_LINKED', 'malformed', 'This provider is linked already')
export const linkRequired = defineError(
  'ACCOUNT_LINK_REQUIRED',
  'conflict',
  'An account with this address exists: sign in as usual, then link this provider to it',
)
/** `details.pending_token` goes on with a mailed proof of an address. */
export const emailRequired = defineError(
  'EMAIL_REQUIRED',
  'forbidden',
  'The provider has proved no address: one must be proved by mail',
)
/** For an account that may not sign in. */
export const accountRefused = defineVariant('INVALID_CREDENTIALS', 'unauthenticated', 'This account cannot sign in')
