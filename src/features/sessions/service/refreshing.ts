import { type Ctx, callerOf } from '../../../context.ts'
import type { EndResult, SessionSnapshot } from '../../../durable/rpc.ts'
import { hashSecret } from '../../../lib/crypto.ts'
import { type DomainError, notAMember, tokenInvalid } from '../../../lib/errors.ts'
import { forgetSessions } from '../../../revocation/freshness.ts'
import { voidTokensRequestedIn } from '../../links/service.ts'
import { ssoRequiredAt } from '../../memberships/service.ts'
import { findUser, isSignInAllowed } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { isAdminOfProvider, lacksSso } from '../rules/claims.ts'
import { decodeRefreshToken } from '../rules/refresh-token.ts'
import { inspectSession, rotateSession, selectUserWithStanding } from '../store/sessions.ts'
import type { RefreshedSession, RefreshRefusal, RefreshTokenParts, Standing } from '../types.ts'
import { endSessionById } from './ending.ts'
import { loadMinter, mintTokens, orUnavailable, versionsOf } from './minting.ts'

/** Why a session gets no token of an organization, or null. */
function findClosed(
  ctx: Ctx,
  { user, standing, organizationId }: { user: User; standing: Standing; organizationId: string },
): DomainError | null {
  const place = standing.places.find(({ id }) => id === organizationId)
  if (!place) return notAMember()
  return lacksSso(user, place) ? ssoRequiredAt(ctx, { organization: organizationId }) : null
}

/** Every refusal has the same answer; only the log has the reason. */
function refused(ctx: Ctx, reason: RefreshRefusal, parts?: RefreshTokenParts) {
  ctx.log.warn(reason === 'from_the_future' ? 'refresh_from_the_future' : 'refresh_refused', {
    reason,
    user_id: parts?.userId,
    session_id: parts?.sessionId,
  })
  return tokenInvalid({}, { message: 'Invalid or expired refresh token' })
}

interface RefreshInput {
  readonly refreshToken: string
  readonly idempotencyKey: string | null
  /** The access token is of this organization; the session's active one stays. */
  readonly organizationId?: string | undefined
}

/** An empty key counts as none: otherwise unrelated replays would have the same key. */
const hashKey = (key: string | null): Promise<string> | null => (key ? hashSecret(key) : null)

/**
 * Exchanges a refresh token for its only successor (docs/architecture.md). Throws TOKEN_ERROR for every refusal, NOT_A_MEMBER
 * for an organization that is not the user's and SSO_REQUIRED for one that wants another session (then no generation is used up), and SERVICE_UNAVAILABLE in an outage: whatever can fail precedes the call of the object, so that an outage uses up no token.
 */
export async function refreshSession(ctx: Ctx, input: RefreshInput): Promise<RefreshedSession> {
  const parts = await decodeRefreshToken(ctx.config.rootKeys, input.refreshToken)
  if (!parts) throw refused(ctx, 'malformed')
  const [found, minter, idempotencyKeyHash] = await Promise.all([
    orUnavailable(selectUserWithStanding(ctx, parts)),
    orUnavailable(loadMinter(ctx)),
    hashKey(input.idempotencyKey),
  ])
  if (!found) throw refused(ctx, 'unknown_user', parts)
  const { user, standing } = found
  if (!isSignInAllowed(user) || isAdminOfProvider(user, standing)) throw refused(ctx, 'user_not_allowed', parts)
  const { organizationId } = input
  const closed = organizationId === undefined ? null : findClosed(ctx, { user, standing, organizationId })
  // Any other token goes on and is refused below: reuse is noticed, and an old token learns nothing of memberships.
  const presented = { ...parts, idempotencyKeyHash, ip: ctx.ip }
  if (closed && (await inspectSession(ctx, presented)).active) throw closed
  const caller = callerOf(ctx)
  const result = await rotateSession(ctx, { ...parts, idempotencyKeyHash, ...versionsOf(user), caller })
  if (result.outcome === 'refused') {
    // For every other reason the session has ended.
    if (result.reason !== 'unknown_session' && result.reason !== 'wrong_proof') forgetSessions(ctx, [parts.sessionId])
    // Two parties held the token, so one of them had stolen it.
    if (result.reason === 'reuse') ctx.defer(voidTokensRequestedIn(ctx, parts.userId, { only: [parts.sessionId] }))
    throw refused(ctx, result.reason, parts)
  }
  const { grant } = result
  return {
    user,
    session: grant.session,
    generation: grant.generation,
    tokens: await mintTokens(ctx, minter, { user, standing, grant, organizationId }),
  }
}

/** The session and user of a refresh token that is valid now, or null. Does not use it up. */
export async function inspectRefreshToken(
  ctx: Ctx,
  token: string,
): Promise<{ session: SessionSnapshot; user: User } | null> {
  const parts = await decodeRefreshToken(ctx.config.rootKeys, token)
  if (!parts) return null
  const user = await orUnavailable(findUser(ctx, parts.userId))
  if (!user || !isSignInAllowed(user)) return null
  const result = await inspectSession(ctx, parts)
  return result.active ? { session: result.session, user } : null
}

/** RFC 7009: ends the session of a refresh token. Null when the token is not valid: there is nothing to revoke. */
export async function revokeByRefreshToken(ctx: Ctx, token: string): Promise<EndResult | null> {
  const parts = await decodeRefreshToken(ctx.config.rootKeys, token)
  if (!parts || !(await inspectSession(ctx, parts)).active) return null
  const { userId, sessionId } = parts
  return endSessionById(ctx, { userId, sessionId, reason: 'revoked', actor: { type: 'user', id: userId } })
}
