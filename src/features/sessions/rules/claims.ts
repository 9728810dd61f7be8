import type { Config } from '../../../config.ts'
import type { Grant } from '../../../durable/rpc.ts'
import { hasSecondFactor, hasTwoFactorsWithoutCode } from '../../../lib/amr.ts'
import { hmacSha256 } from '../../../lib/crypto.ts'
import { utf8 } from '../../../lib/encoding.ts'
import { bytesToUuidV4 } from '../../../lib/ids.ts'
import { ADMIN } from '../../../lib/roles.ts'
import { toSeconds } from '../../../lib/time.ts'
import type { UserClaims } from '../../keys/types.ts'
import type { User } from '../../users/types.ts'
import type { Standing, StandingPlace } from '../types.ts'

/** `amr` has the factors that were proved; a code does not count once the second factor is off. */
export const acrOf = ({ mfaEnabled }: Pick<User, 'mfaEnabled'>, amr: readonly string[]): 'aal1' | 'aal2' =>
  (mfaEnabled ? hasSecondFactor(amr) : hasTwoFactorsWithoutCode(amr)) ? 'aal2' : 'aal1'

/** Every user has the role `user`, preceded by another role if there is one. */
export const rolesOf = ({ role }: Pick<User, 'role'>): string[] => (role === 'user' ? ['user'] : [role, 'user'])

/** No organization's provider signs admins of the platform in, so none is asked of them. */
export const lacksSso = ({ role }: Pick<User, 'role'>, { needsSso }: StandingPlace): boolean =>
  needsSso && role !== ADMIN

/** No organization's provider speaks for an admin of the platform, also not for somebody who became one in a session of its. */
export const isAdminOfProvider = ({ role }: Pick<User, 'role'>, { isOfProvider }: Standing): boolean =>
  isOfProvider && role === ADMIN

/** The places that a session with these factors may be in. */
export const placesOf = (
  user: Pick<User, 'mfaEnabled' | 'role'>,
  amr: readonly string[],
  { places }: Standing,
): StandingPlace[] =>
  places.filter((place) => !lacksSso(user, place) && (!place.requiresTwoFactors || acrOf(user, amr) === 'aal2'))

/**
 * A repeated answer for the same generation and organization has the same `jti`, until the session is stepped up or changes its
 * organization. The `jti` is no secret.
 */
function jtiOf({ session, generation, advancedAt }: Grant, organizationId: string | null): string {
  const organization = organizationId === null ? [] : [organizationId]
  const grant = [session.id, generation, advancedAt, session.authTime, ...session.amr, ...organization].join('\n')
  return bytesToUuidV4(hmacSha256(utf8('postern access token id'), utf8(grant)))
}

type Issuer = Pick<Config, 'PUBLIC_URL' | 'AUDIENCE' | 'ACCESS_TOKEN_SECONDS' | 'EXTERNAL_ID_CLAIM'>

export interface Bearer {
  readonly user: User
  readonly standing: Standing
  readonly grant: Grant
  /** The organization that the token is of; null without one, and where the user has no place in it any more. */
  readonly organizationId: string | null
}

/** The claims of a grant's access token (RFC 9068 2.2). `iat` is when the generation began, also in a repeated answer. */
export function claimsOf(issuer: Issuer, { user, standing, grant, organizationId }: Bearer): UserClaims {
  const { session } = grant
  const place = placesOf(user, session.amr, standing).find(({ id }) => id === organizationId)
  const iat = toSeconds(grant.advancedAt)
  return {
    iss: issuer.PUBLIC_URL,
    aud: issuer.AUDIENCE,
    client_id: session.clientId,
    sub: user.id,
    sid: session.id,
    jti: jtiOf(grant, place?.id ?? null),
    iat,
    exp: iat + issuer.ACCESS_TOKEN_SECONDS,
    ver: user.claimsVersion,
    type: 'access',
    email: user.email,
    username: user.username,
    number: user.number,
    ...(issuer.EXTERNAL_ID_CLAIM && user.externalId !== null ? { ext: user.externalId } : {}),
    role: user.role,
    roles: [...rolesOf(user), ...standing.roles],
    org_id: place?.id ?? null,
    org_role: place?.role ?? null,
    org_roles: place?.roles ?? [],
    org_ver: place?.version ?? null,
    permissions: [...new Set([...(place?.permissions ?? []), ...standing.permissions])],
    amr: session.amr,
    acr: acrOf(user, session.amr),
    auth_time: toSeconds(session.authTime),
  }
}
