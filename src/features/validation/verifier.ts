import type { ClientActor, UserActor } from '../../context.ts'
import type { Verifier } from '../../http/guard.ts'
import { isUserClaims, userActorOf } from '../keys/service/tokens.ts'
import type { AccessClaims } from '../keys/types.ts'
import { enterOrganization } from '../memberships/service.ts'
import { readAuthorization } from './rules/credential.ts'
import { checkAccessToken, isClientLive, isSessionLive } from './service.ts'

/** Authenticates requests for the guards. Reads only the `Authorization` header, never cookies, so there is no CSRF. */
export const verifier: Verifier = {
  async identify(ctx, request) {
    const credential = readAuthorization(request.headers.get('authorization'))
    if (credential.state === 'none') return { state: 'anonymous' }
    if (credential.state === 'malformed') return { state: 'invalid', reason: 'malformed' }
    const check = await checkAccessToken(ctx, credential.token, { consistency: 'view' })
    return check.valid ? { state: 'valid', actor: toActor(check.claims) } : { state: 'invalid', reason: check.reason }
  },
  async confirm(ctx, actor) {
    if (actor.type === 'client') return isClientLive(ctx, actor.id)
    const { id: userId, sessionId, claimsVersion } = actor
    return isSessionLive(ctx, { userId, sessionId, claimsVersion })
  },
  enter: (ctx, id, rank) => enterOrganization(ctx, { id }, rank),
}

function toActor(claims: AccessClaims): UserActor | ClientActor {
  if (!isUserClaims(claims)) {
    const scopes = claims.scope.split(' ').filter((scope) => scope !== '')
    return { type: 'client', id: claims.client_id, scopes, expiresAt: claims.exp }
  }
  return userActorOf(claims)
}
