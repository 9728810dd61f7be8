import type { Ctx } from '../../../../context.ts'
import { MINUTE } from '../../../../lib/time.ts'
import { findUserByIdentifier, normalizeIdentifier } from '../../../users/service/users.ts'
import { relatedOrigins, relyingPartyOf } from '../rules/relying-party.ts'
import { selectPasskeys } from '../store.ts'
import type { CredentialDescriptor, Passkey, UserVerification } from '../types.ts'
import { type IssuedChallenge, issueChallenge, makeDecoys } from './challenges.ts'

const LIFETIME_MS = 10 * MINUTE

export interface AuthenticationOptions {
  readonly ceremonyId: string
  readonly challenge: string
  readonly rpId: string
  readonly timeoutMs: number
  /** When empty, the browser offers all its passkeys for the relying party. */
  readonly allowCredentials: readonly CredentialDescriptor[]
  readonly userVerification: UserVerification
}

const toOptions = (
  ctx: Ctx,
  { id, challenge }: IssuedChallenge,
  allowCredentials: readonly CredentialDescriptor[],
): AuthenticationOptions => ({
  ceremonyId: id,
  challenge,
  rpId: relyingPartyOf(ctx.config).id,
  timeoutMs: LIFETIME_MS,
  allowCredentials,
  userVerification: ctx.config.PASSKEY_USER_VERIFICATION,
})

const issue = (ctx: Ctx, userId: string | null, email: string | null) =>
  issueChallenge(ctx, { purpose: 'webauthn_authentication', userId, email, lifetimeMs: LIFETIME_MS })

/** Begins a ceremony for any passkey that the browser offers: options for `navigator.credentials.get()`. */
export const beginForAnyone = async (ctx: Ctx): Promise<AuthenticationOptions> =>
  toOptions(ctx, await issue(ctx, null, null), [])

/** Begins a ceremony with the passkeys of a user who has proved another factor. */
export async function beginForUser(ctx: Ctx, userId: string): Promise<AuthenticationOptions> {
  const passkeys = await selectPasskeys(ctx, userId)
  return toOptions(ctx, await issue(ctx, userId, null), passkeys.map(toDescriptor))
}

/**
 * Begins a ceremony for an email or a username, as typed. Without an account or passkeys the options have made-up credentials,
 * the same at every request. They derive from the account's address for both of its identifiers: if they differed, they would
 * be recognized as made up.
 */
export async function beginForIdentifier(ctx: Ctx, identifier: string): Promise<AuthenticationOptions> {
  const name = normalizeIdentifier(identifier)
  const user = await findUserByIdentifier(ctx, identifier)
  // Equal work for an unknown user, so that timing reveals nothing: no passkey has an empty user id.
  const passkeys = await selectPasskeys(ctx, user?.id ?? '')
  const decoys = await makeDecoys(ctx, user?.email ?? name)
  const issued = await issue(ctx, user?.id ?? null, name)
  return toOptions(ctx, issued, passkeys.length > 0 ? passkeys.map(toDescriptor) : decoys)
}

const toDescriptor = ({ credentialId: id, transports }: Passkey): CredentialDescriptor => ({ id, transports })

/** Origins that may use the passkeys of this relying party (WebAuthn 5.11.1). */
export const listRelatedOrigins = (ctx: Pick<Ctx, 'config'>): string[] => relatedOrigins(relyingPartyOf(ctx.config))
