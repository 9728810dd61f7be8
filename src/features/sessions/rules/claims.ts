import type { Config } from '../../../config.ts'
import type { Grant } from '../../../durable/rpc.ts'
import { hasSecondFactor, hasTwoFactorsWithoutCode } from '../../../lib/amr.ts'
import { hmacSha256 } from '../../../lib/crypto.ts'
import { utf8 } from '../../../lib/encoding.ts'
import { bytesToUuidV4 } from '../../../lib/ids.ts'
import { toSeconds } from '../../../lib/time.ts'
import type { UserClaims } from '../../keys/types.ts'
import type { User } from '../../users/types.ts'

/** `amr` says what was proved; a code of a second factor that is off now raises nothing any more. */
export const acrOf = ({ mfaEnabled }: Pick<User, 'mfaEnabled'>, amr: readonly string[]): 'aal1' | 'aal2' =>
  (mfaEnabled ? hasSecondFactor(amr) : hasTwoFactorsWithoutCode(amr)) ? 'aal2' : 'aal1'

/** Every user has the role `user`; another role stands before it. */
export const rolesOf = ({ role }: Pick<User, 'role'>): string[] => (role === 'user' ? ['user'] : [role, 'user'])

/** The same generation has the same `jti` whenever it is answered again, until the session is raised: it names the grant, and is no secret. */
export function jtiOf({ session, generation, advancedAt }: Grant): string {
  const grant = [session.id, generation, advancedAt, session.authTime, ...session.amr].join('\n')
  return bytesToUuidV4(hmacSha256(utf8('postern access token id'), utf8(grant)))
}

type Issuer = Pick<Config, 'PUBLIC_URL' | 'AUDIENCE' | 'ACCESS_TOKEN_SECONDS' | 'EXTERNAL_ID_CLAIM'>

/** What the access token of a grant says (RFC 9068 2.2). `iat` is when the session advanced, also for a replay. */
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
    amr: session.amr,
    acr: acrOf(user, session.amr),
    auth_time: toSeconds(session.authTime),
  }
}
