import * as z from 'zod'
import { type ActorCtx, type AdminCtx, actorOf, type Ctx, callerOf, type TargetCtx } from '../../context.ts'
import type { EndReason, EndResult, OpenSessionInput, SessionSnapshot } from '../../durable/rpc.ts'
import { hashSecret } from '../../lib/crypto.ts'
import { DomainError, defineError, notAMember, serviceUnavailable, tokenInvalid } from '../../lib/errors.ts'
import type { EventActor } from '../../lib/event.ts'
import { SECOND, toSeconds, within } from '../../lib/time.ts'
import { forgetSessions } from '../../revocation/freshness.ts'
import { loadSigningKey, mintUserToken } from '../keys/service/tokens.ts'
import type { SigningKey } from '../keys/types.ts'
import { voidTokensRequestedIn } from '../links/service.ts'
import { requireFactors, ssoRequiredAt } from '../memberships/service.ts'
import { endOtherSessions, sparedBy } from '../users/service/change-user.ts'
import { findUser, isSignInAllowed, userNotFound } from '../users/service/users.ts'
import type { User } from '../users/types.ts'
import { type Bearer, claimsOf, isAdminOfProvider, lacksSso, placesOf } from './rules/claims.ts'
import { decodeRefreshToken, refreshTokenEncoder } from './rules/refresh-token.ts'
import {
  insertOrigin,
  insertSession,
  inspectSession,
  rotateSession,
  selectFederated,
  selectFederatedUsers,
  selectSession,
  selectSessions,
  selectSessionsFor,
  selectStanding,
  selectUserWithStanding,
  stepUpSession,
  updateEnded,
  updateLastUse,
  updateOrganization,
} from './store.ts'
import {
  type ActivatedToken,
  type NewSession,
  type OpenedSession,
  type ProviderKey,
  type RefreshedSession,
  type RefreshRefusal,
  type RefreshTokenParts,
  type SessionOrigin,
  SSO,
  type Standing,
  type Tokens,
} from './types.ts'

export { deleteExpiredOrigins as pruneOrigins, selectToTell as findProviderToTell } from './store.ts'

/** As one-time tokens keep it between the first factor and the session. */
export const StoredOrigin = z.object({
  organizationId: z.string(),
  connectionId: z.string().nullable(),
  subjectHash: z.string().nullable(),
  providerSessionHash: z.string().nullable(),
  sealed: z.string().nullable(),
  hasLogout: z.boolean(),
  secondFactor: z.boolean(),
  endsAt: z.number().nullish(),
}) satisfies z.ZodType<SessionOrigin>

/** The credentials were changed between their check and the opening. */
export const sessionRefused = defineError(
  'SESSION_REFUSED',
  'unauthenticated',
  'The credentials were changed; sign in again',
)
export const sessionNotFound = defineError('SESSION_NOT_FOUND', 'not_found', 'Session not found')
export const sessionAlreadyRevoked = defineError(
  'SESSION_ALREADY_REVOKED',
  'malformed',
  'The session is already revoked',
)

/** How long a request waits for the database. */
const DATABASE_MS = 5 * SECOND

type SessionEvents = OpenSessionInput['events']

/** The versions in a user's row, from which the user's object learns which sessions and tokens are outdated. */
const versionsOf = (user: User) => ({
  authVersion: user.authVersion,
  keptSessionId: user.keptSessionId,
  claimsVersion: user.claimsVersion,
  spares: sparedBy(user),
})

/** If the work fails or takes too long, that is an outage and not a refusal: 503, with the cause in the log. */
async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await within(DATABASE_MS, work)
  } catch (cause) {
    throw cause instanceof DomainError ? cause : serviceUnavailable({}, { cause })
  }
}

/** What minting tokens needs. Loaded before the object is asked, so that only the signature can fail after its answer. */
interface Minter {
  readonly key: SigningKey
  readonly encode: (parts: RefreshTokenParts) => string
}

async function loadMinter(ctx: Ctx): Promise<Minter> {
  const [key, encode] = await Promise.all([loadSigningKey(ctx), refreshTokenEncoder(ctx.config.rootKeys)])
  return { key, encode }
}

async function mintTokens(
  ctx: Ctx,
  minter: Minter,
  { organizationId, ...bearer }: Omit<Bearer, 'organizationId'> & { organizationId?: string | undefined },
): Promise<Tokens> {
  const { session, generation, proof } = bearer.grant
  const claims = claimsOf(ctx.config, { ...bearer, organizationId: organizationId ?? session.organizationId })
  return {
    accessToken: await mintUserToken(minter.key, claims),
    refreshToken: minter.encode({ userId: bearer.user.id, sessionId: session.id, generation, proof }),
    expiresIn: Math.max(0, claims.exp - toSeconds(ctx.now())),
    expiresAt: claims.exp,
  }
}

export interface OpenInput {
  /** The row that was read when the credentials were checked. */
  readonly user: User
  /** How the user was authenticated: RFC 8176 values. */
  readonly amr: readonly string[]
  /** The organization that was asked for; without one it is that of the session before, or the user's only one. */
  readonly organizationId?: string | null
  readonly clientId?: string
  /** Written with the session. */
  readonly origin?: SessionOrigin | null
  /** Recorded when the session opens, such as `user.signed_in`. */
  readonly events?: SessionEvents
}

/**
 * Opens a session for a user whose credentials were just checked.
 * Throws SESSION_REFUSED when they were changed meanwhile, NOT_A_MEMBER for an organization that is not the user's, SSO_REQUIRED,
 * SERVICE_UNAVAILABLE when the user's object does not answer.
 */
export async function openSession(ctx: Ctx, input: OpenInput): Promise<NewSession> {
  const { user, amr, origin = null, organizationId = null } = input
  const [minter, found] = await orUnavailable(
    Promise.all([loadMinter(ctx), selectStanding(ctx, { userId: user.id, sessionId: null })]),
  )
  const standing = openedFor(found, origin)
  const place = requirePlace(standing, organizationId)
  if (place && lacksSso(user, place)) throw ssoRequiredAt(ctx, { organization: place.id })
  const organizations = placesOf(user, amr, standing).map(({ id }) => id)
  const result = await insertSession(ctx, {
    userId: user.id,
    clientId: input.clientId ?? 'postern',
    ...versionsOf(user),
    amr,
    authTime: ctx.now(),
    organizationId: organizations.find((id) => id === organizationId) ?? null,
    // Asked for, but the session proved one factor alone: then it is in none.
    organizations: organizationId === null ? organizations : [],
    endsAt: origin?.endsAt ?? null,
    caller: callerOf(ctx),
    events: input.events ?? [],
  })
  if (result.outcome === 'stale_credentials') throw sessionRefused()
  const { grant, isNewDevice = false, ended = [] } = result
  forgetSessions(ctx, ended)
  if (origin) await recordOrigin(ctx, grant.session, origin)
  return { session: grant.session, tokens: await mintTokens(ctx, minter, { user, standing, grant }), isNewDevice }
}

const openedFor = ({ places, ...rest }: Standing, origin: SessionOrigin | null): Standing => ({
  ...rest,
  places: places.map((place) =>
    place.id === origin?.organizationId
      ? { ...place, needsSso: false, requiresTwoFactors: place.requiresTwoFactors && !origin.secondFactor }
      : place,
  ),
})

/** Written before the session's tokens are answered: a logout of the provider must find it. Throws SERVICE_UNAVAILABLE, with the session ended. */
async function recordOrigin(ctx: Ctx, { id, userId, openedAt }: SessionSnapshot, origin: SessionOrigin): Promise<void> {
  const { endsAt, ...row } = origin
  const expiresAt = Math.min(
    openedAt + ctx.config.SESSION_ABSOLUTE_SECONDS * SECOND,
    endsAt ?? Number.POSITIVE_INFINITY,
  )
  try {
    await orUnavailable(insertOrigin(ctx, { ...row, sessionId: id, userId, expiresAt }))
  } catch (cause) {
    await endSessionById(ctx, { userId, sessionId: id, reason: 'revoked', actor: SSO })
    throw cause
  }
}

/**
 * Steps up the caller's session with a factor that was just proved: a new access token, and the refresh token of the present
 * generation. `user` is the row that was read when the factor was checked. Throws TOKEN_ERROR when the session has ended, the
 * credentials were changed meanwhile, or a single factor comes with a token from before the session had two;
 * SERVICE_UNAVAILABLE when the user's object does not answer.
 */
export async function stepUpOwnSession(
  ctx: ActorCtx,
  { user, amr }: { user: User; amr: readonly string[] },
): Promise<OpenedSession> {
  const { sessionId } = ctx.actor
  const [minter, standing] = await orUnavailable(
    Promise.all([loadMinter(ctx), selectStanding(ctx, { userId: user.id, sessionId })]),
  )
  if (isAdminOfProvider(user, standing)) throw tokenInvalid()
  const result = await stepUpSession(ctx, {
    userId: user.id,
    sessionId,
    amr,
    authTime: ctx.now(),
    tokenAuthTime: ctx.actor.authTime,
    ...versionsOf(user),
    caller: callerOf(ctx),
  })
  if (result.outcome === 'not_live') throw tokenInvalid()
  const { grant } = result
  return { session: grant.session, tokens: await mintTokens(ctx, minter, { user, standing, grant }) }
}

/** Throws NOT_A_MEMBER. */
function requirePlace({ places }: Standing, organizationId: string | null): Standing['places'][number] | undefined {
  const place = places.find(({ id }) => id === organizationId)
  if (organizationId !== null && !place) throw notAMember()
  return place
}

/**
 * Makes the organization the active one of the caller's session; null for none. The new access token expires when the caller's
 * does, and no refresh token comes with it: a stolen access token must not become a session (decision 0310). Throws
 * NOT_A_MEMBER, SSO_REQUIRED, STEP_UP_REQUIRED where two factors are required, TOKEN_ERROR when the session has ended or the token is older than its second factor, SERVICE_UNAVAILABLE.
 */
export async function activateOrganization(ctx: ActorCtx, organizationId: string | null): Promise<ActivatedToken> {
  const { id: userId, sessionId, authTime, expiresAt } = ctx.actor
  const [found, key] = await orUnavailable(
    Promise.all([selectUserWithStanding(ctx, { userId, sessionId }), loadSigningKey(ctx)]),
  )
  if (!found || !isSignInAllowed(found.user) || isAdminOfProvider(found.user, found.standing)) throw tokenInvalid()
  const { user, standing } = found
  const place = requirePlace(standing, organizationId)
  if (place && lacksSso(user, place)) throw ssoRequiredAt(ctx, { organization: place.id })
  requireFactors(ctx.actor, place?.requiresTwoFactors ?? false)
  const result = await updateOrganization(ctx, {
    userId,
    sessionId,
    organizationId,
    tokenAuthTime: authTime,
    ...versionsOf(user),
  })
  if (result.outcome === 'not_live') throw tokenInvalid()
  const { grant } = result
  const claims = { ...claimsOf(ctx.config, { user, standing, grant, organizationId }), exp: expiresAt }
  const accessToken = await mintUserToken(key, claims)
  return { user, session: grant.session, accessToken, expiresIn: Math.max(0, expiresAt - toSeconds(ctx.now())) }
}

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

/**
 * Ends the live sessions that an organization's provider opened for a person, or in one session of its own. Returns their number.
 * Throws SERVICE_UNAVAILABLE when an object does not answer: a repeat ends the rest.
 */
export async function endFederatedSessions(ctx: Ctx, by: ProviderKey): Promise<number> {
  const users = await orUnavailable(selectFederatedUsers(ctx, by, FEDERATED_USERS))
  const ended = await Promise.all(users.map(({ userId }) => endFederatedOf(ctx, userId, by)))
  return ended.reduce((sum, one) => sum + one, 0)
}

/** One person of a provider is one user, and one session of it at most a few. */
const FEDERATED_USERS = 10

async function endFederatedOf(ctx: Ctx, userId: string, by: ProviderKey): Promise<number> {
  const [live, rows] = await Promise.all([
    selectSessions(ctx, { userId, withEnded: false }),
    orUnavailable(selectFederated(ctx, { ...by, userId })),
  ])
  const opened = rows.map(({ sessionId }) => sessionId)
  const ended = await endAll(ctx, {
    userId,
    ids: idsOf(live).filter((id) => opened.includes(id)),
    reason: 'signed_out',
  })
  // Also of sessions that had ended: a repeat voids what the call before it could not.
  await orUnavailable(voidTokensRequestedIn(ctx, userId, { only: opened }))
  return ended
}

const idsOf = (sessions: readonly SessionSnapshot[]): string[] => sessions.map(({ id }) => id)

/** Returns how many of them this call ended. */
async function endAll(
  ctx: Ctx,
  { userId, ids, reason }: { userId: string; ids: readonly string[]; reason: EndReason },
): Promise<number> {
  const results = await Promise.all(
    ids.map((sessionId) => endSessionById(ctx, { userId, sessionId, reason, actor: SSO })),
  )
  return results.filter(({ ended }) => ended.length > 0).length
}

/**
 * Ends the live sessions of a user from before a time that neither the organization's provider nor break glass opened, and voids
 * what was requested in them. Throws SERVICE_UNAVAILABLE.
 */
export async function endOtherThanFederated(
  ctx: Ctx,
  { before, ...key }: { userId: string; organizationId: string; before: number },
): Promise<void> {
  const { userId } = key
  const [live, federated] = await Promise.all([
    selectSessions(ctx, { userId, withEnded: false }),
    orUnavailable(selectSessionsFor(ctx, key)),
  ])
  const kept = new Set(federated.map(({ sessionId }) => sessionId))
  const ids = idsOf(live.filter(({ id, openedAt }) => openedAt < before && !kept.has(id)))
  if (ids.length === 0) return
  await endAll(ctx, { userId, ids, reason: 'revoked' })
  await orUnavailable(voidTokensRequestedIn(ctx, userId, { only: ids }))
}

/** Ends one session. `ended` is empty if it had ended before. */
export async function endSessionById(
  ctx: Ctx,
  input: { userId: string; sessionId: string; reason: EndReason; actor: EventActor; events?: SessionEvents },
): Promise<EndResult> {
  const result = await updateEnded(ctx, { ...input, caller: callerOf(ctx) })
  forgetSessions(ctx, result.ended)
  return result
}

/**
 * Ends sessions and voids what was requested in them, such as a change of address. Throws SERVICE_UNAVAILABLE when the
 * database does not answer: the sessions have ended by then, and a repeat voids the rest.
 */
async function revokeSessions(
  ctx: ActorCtx,
  input: { userId: string; except: string | null; note?: string | null },
): Promise<EndResult> {
  const actor = actorOf(ctx)
  const result = await endOtherSessions(ctx, { ...input, reason: 'revoked', actor, authVersion: null })
  await orUnavailable(voidTokensRequestedIn(ctx, input.userId, { except: input.except }))
  return result
}

/** Ends all sessions of a user. `note` is the admin's reason, for the record. */
export const revokeAllSessions = (ctx: AdminCtx, userId: string, note: string | null): Promise<EndResult> =>
  revokeSessions(ctx, { userId, except: null, note })

/** The caller's sessions, newest first. */
export const listOwnSessions = (
  ctx: ActorCtx,
  { withEnded }: { withEnded: boolean },
): Promise<readonly SessionSnapshot[]> => selectSessions(ctx, { userId: ctx.actor.id, withEnded })

/** The live sessions of the user in the path, newest first. Throws NOT_FOUND. */
export const listSessionsOf = async (ctx: TargetCtx): Promise<readonly SessionSnapshot[]> =>
  selectSessions(ctx, { userId: await targetId(ctx), withEnded: false })

/** A session of the caller. Throws SESSION_NOT_FOUND. */
export const getOwnSession = (ctx: ActorCtx, sessionId: string): Promise<SessionSnapshot> =>
  getSession(ctx, { userId: ctx.actor.id, sessionId })

async function getSession(ctx: Ctx, key: { userId: string; sessionId: string }): Promise<SessionSnapshot> {
  const session = await selectSession(ctx, key)
  if (!session) throw sessionNotFound()
  return session
}

/** Counts as a use of the session, so that its idle lifetime starts anew. Throws SESSION_NOT_FOUND unless it is live. */
export async function touchSession(ctx: ActorCtx, sessionId: string): Promise<SessionSnapshot> {
  const session = await updateLastUse(ctx, { userId: ctx.actor.id, sessionId })
  if (!session) throw sessionNotFound()
  return session
}

/** Ends a session of the caller. Throws SESSION_NOT_FOUND, or SESSION_ALREADY_REVOKED for one that had ended. */
export const revokeOwnSession = (ctx: ActorCtx, sessionId: string): Promise<EndResult> =>
  revokeSession(ctx, { userId: ctx.actor.id, sessionId })

/** As `revokeOwnSession`, for the user in the path. Throws NOT_FOUND, too. */
export const revokeSessionOf = async (ctx: TargetCtx, sessionId: string): Promise<EndResult> =>
  revokeSession(ctx, { userId: await targetId(ctx), sessionId })

async function revokeSession(ctx: ActorCtx, key: { userId: string; sessionId: string }): Promise<EndResult> {
  await getSession(ctx, key)
  const result = await endSessionById(ctx, { ...key, reason: 'revoked', actor: actorOf(ctx) })
  await orUnavailable(voidTokensRequestedIn(ctx, key.userId, { only: [key.sessionId] }))
  if (result.ended.length === 0) throw sessionAlreadyRevoked()
  return result
}

/** Ends the caller's other sessions. */
export const revokeOtherSessions = (ctx: ActorCtx): Promise<EndResult> =>
  revokeSessions(ctx, { userId: ctx.actor.id, except: ctx.actor.sessionId })

/** The user in the path. Checked before an object is called, which would be created for any id. Throws NOT_FOUND. */
async function targetId(ctx: TargetCtx): Promise<string> {
  const { ref, isSelf } = ctx.target
  if (isSelf) return ctx.actor.id
  const user = await orUnavailable(findUser(ctx, String(ref)))
  if (!user) throw userNotFound()
  return user.id
}
