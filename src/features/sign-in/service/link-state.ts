import type { Ctx } from '../../../context.ts'
import { type FoundToken, inspectOneTimeToken } from '../../links/service.ts'
import type { OneTimePurpose } from '../../links/types.ts'
import { findUser } from '../../users/service/users.ts'
import { linkInvalid } from '../errors.ts'
import { renewMagicLink } from './magic-links.ts'
import { requestPasswordReset } from './password-reset.ts'
import { resetRequestOf } from './reset-token.ts'
import { resendVerification } from './verification.ts'

/** Links that are mailed again to whoever has an old one. */
export const RENEWABLE: readonly OneTimePurpose[] = ['email_verification', 'password_reset', 'magic_link']

/** What the page of a link says of it before anything is done. */
export interface LinkDescription {
  readonly state: FoundToken['state']
  /** The locale of the link's user. */
  readonly locale: string | null
  readonly expiresAt: number
  readonly isRenewable: boolean
}

/** What became of a link. `purposes` are those of its page. */
export async function describeLink(
  ctx: Ctx,
  purposes: readonly OneTimePurpose[],
  given: string,
): Promise<LinkDescription> {
  const { state, token } = await inspectOneTimeToken(ctx, purposes, given)
  if (!token) return { state, locale: null, expiresAt: 0, isRenewable: false }
  const user = token.userId === null ? undefined : await findUser(ctx, token.userId)
  return {
    state,
    locale: user?.locale ?? null,
    expiresAt: token.expiresAt,
    isRenewable: RENEWABLE.includes(token.purpose) && token.email !== null,
  }
}

/**
 * Mails the link again to the address that got `token`, which may be used, voided or expired. Counted as other links are; the
 * answer does not tell whether a mail was sent. Throws INVALID_TOKEN for a token that was not mailed.
 */
export async function renewLink(ctx: Ctx, { token: given }: { token: string }): Promise<void> {
  const { token } = await inspectOneTimeToken(ctx, RENEWABLE, given)
  if (!token || token.email === null) throw linkInvalid()
  const { email } = token
  if (token.purpose === 'magic_link') return renewMagicLink(ctx, token)
  if (token.purpose === 'password_reset')
    return requestPasswordReset(ctx, { email, search: resetRequestOf(token).search })
  return resendVerification(ctx, { email })
}
