import type { Config } from '../../../config.ts'
import type { Grant } from '../../../durable/rpc.ts'
import { hasSecondFactor, hasTwoFactorsWithoutCode } from '../../../lib/amr.ts'
import { hmacSha256 } from '../../../lib/crypto.ts'
import { utf8 } from '../../../lib/encoding.ts'
import { bytesToUuidV4 } from '../../../lib/ids.ts'
import { toSeconds } from '../../../lib/time.ts'
import type { UserClaims } from '../../keys/types.ts'
import type { User } from '../../users/types.ts'

/** `amr` has the factors that were proved; a code does not count once the second factor is off. */
export const acrOf = ({ mfaEnabled }: Pick<User, 'mfaEnabled'>, amr: readonly string[]): 'aal1' | 'aal2' =>
  (mfaEnabled ? hasSecondFactor(amr) : hasTwoFactorsWithoutCode(amr)) ? 'aal2' : 'aal1'

/** Every user has the role `user`, preceded by another role if there is one. */
export const rolesOf = ({ role }: Pick<User, 'role'>): string[] => (role === 'user' ? ['user'] : [role, 'user'])

/** A repeated answer for the same generation has the same `jti`, until the session is stepped up. The `jti` is no secret. */
export function jtiOf({ session, generation, advancedAt }: Grant): string {
  const grant = [session.id, generation, advancedAt, session.authTime, ...session.amr].join('\n')
  return bytesToUuidV4(hmacSha256(utf8('postern access token id'), utf8(grant)))
}

type Issuer = Pick<Config, 'PUBLIC_URL' | 'AUDIENCE' | 'ACCESS_TOKEN_SECONDS' | 'EXTERNAL_ID_CLAIM'>

/** The claims of a grant's access token (RFC 9068 2.2). `iat` is when the generation began, also in a repeated answer. */
export function claimsOf(issuer: Issuer, user: User, grant: Grant): UserClaims {
  const { session } = grant
  const iat = toSeconds(grant.advancedAt)
  return {
    iss: issuer.PUBLIC_URL,
    aud: issuer.AUDIENCE,
    client_id: session.clientId,
    sub: user.id,
    sid: session.id,
    jti: jtiOf(grant),
    iat,
    exp: iat + issuer.ACCESS_TOKEN_SECONDS,
    ver: user.claimsVersion,
    type: 'access',
    email: user.email,
    username: user.username,
    number: user.number,
    ...(issuer.EXTERNAL_ID_CLAIM && user.externalId !== null ? { ext: user.externalId } : {}),
    role: user.role,
    roles: rolesOf(user),
    org_id: null,
    org_role: null,
    org_roles: [],
    org_ver: null,
    permissions: [],
    amr: session.amr,
    acr: acrOf(user, session.amr),
    auth_time: toSeconds(session.authTime),
  }
}
