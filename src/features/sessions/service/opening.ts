import * as z from 'zod'
import { type ActorCtx, type Ctx, callerOf } from '../../../context.ts'
import type { SessionSnapshot } from '../../../durable/rpc.ts'
import { hasSecondFactor } from '../../../lib/amr.ts'
import { defineError, notAMember, tokenInvalid } from '../../../lib/errors.ts'
import { SECOND, toSeconds } from '../../../lib/time.ts'
import { forgetSessions } from '../../../revocation/freshness.ts'
import { loadSigningKey, mintUserToken } from '../../keys/service/tokens.ts'
import { requireFactors, ssoRequiredAt } from '../../memberships/service.ts'
import { isSignInAllowed } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { claimsOf, isAdminOfProvider, lacksSso, placesOf } from '../rules/claims.ts'
import { insertOrigin, selectIsStillProved } from '../store/origins.ts'
import {
  insertSession,
  selectStanding,
  selectUserWithStanding,
  stepUpSession,
  updateOrganization,
} from '../store/sessions.ts'
import {
  type ActivatedToken,
  type NewSession,
  type OpenedSession,
  type SessionOrigin,
  SSO,
  type Standing,
  type StandsOn,
} from '../types.ts'
import { endSessionById } from './ending.ts'
import { answerOf, loadMinter, orUnavailable, type SessionEvents, versionsOf } from './minting.ts'

export {
  deleteExpiredOrigins as pruneOrigins,
  selectOrigin as findOrigin,
  selectToTell as findProviderToTell,
} from '../store/origins.ts'

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
  takenAt: z.number().nullish(),
  connectionVersion: z.number().nullish(),
  authenticatedAt: z.number().nullish(),
}) satisfies z.ZodType<SessionOrigin>

/** The credentials were changed between their check and the opening, or what vouched for them counts no more: a provider's word, a browser's session. */
export const sessionRefused = defineError(
  'SESSION_REFUSED',
  'unauthenticated',
  'The credentials were changed; sign in again',
)

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
  /** For a browser's cookie. */
  readonly browserIdleSeconds?: number
  /** The user's session whose place this one takes. */
  readonly replaces?: string
  readonly standsOn?: StandsOn
}

/**
 * Opens a session for a user whose credentials were just checked.
 * Throws SESSION_REFUSED when they were changed meanwhile, or the provider has taken its word back, NOT_A_MEMBER for an organization that is not the user's, SSO_REQUIRED,
 * SERVICE_UNAVAILABLE when the user's object does not answer.
 */
export async function openSession(ctx: Ctx, input: OpenInput): Promise<NewSession> {
  const { user, amr, origin = null, organizationId = null, standsOn } = input
  const [minter, found, isProved] = await orUnavailable(
    Promise.all([
      loadMinter(ctx),
      selectStanding(ctx, { userId: user.id, sessionId: null }),
      origin === null || selectIsStillProved(ctx, user.id, origin),
    ]),
  )
  if (!isProved) throw sessionRefused()
  const standing = openedFor(found, origin)
  const place = requirePlace(standing, organizationId)
  if (place && lacksSso(user, place)) throw ssoRequiredAt(ctx, { organization: place.id })
  const organizations = placesOf(user, amr, standing).map(({ id }) => id)
  const result = await insertSession(ctx, {
    userId: user.id,
    clientId: input.clientId ?? 'postern',
    ...versionsOf(user),
    amr,
    authTime: standsOn?.authTime ?? authTimeOf(ctx, amr, origin),
    ...(standsOn && { secondFactorAt: standsOn.secondFactorAt, standsOn }),
    organizationId: organizations.find((id) => id === organizationId) ?? null,
    // Asked for, but the session proved one factor alone: then it is in none.
    organizations: organizationId === null ? organizations : [],
    endsAt: origin?.endsAt ?? null,
    caller: callerOf(ctx),
    events: input.events ?? [],
    ...(input.browserIdleSeconds !== undefined && { browserIdleSeconds: input.browserIdleSeconds }),
    ...(input.replaces !== undefined && { replaces: input.replaces }),
  })
  if (result.outcome === 'stale_credentials') throw sessionRefused()
  const { grant, isNewDevice = false, ended = [] } = result
  forgetSessions(ctx, ended)
  if (origin) await recordOrigin(ctx, grant.session, origin)
  return { ...(await answerOf(ctx, minter, { user, standing, grant })), isNewDevice }
}

/** A provider's session may be old: it is no fresher factor here. A second factor of the user's own was proved just now. */
const authTimeOf = ({ now }: Pick<Ctx, 'now'>, amr: readonly string[], origin: SessionOrigin | null): number =>
  hasSecondFactor(amr) ? now() : Math.max(0, Math.min(now(), origin?.authenticatedAt ?? now()))

/** Adds the factors to a live session. Null when it is not live, or the credentials were changed meanwhile. */
export async function raiseSession(
  ctx: Ctx,
  input: Pick<OpenInput, 'user' | 'amr' | 'events' | 'browserIdleSeconds'> & {
    readonly sessionId: string
    readonly tokenAuthTime?: number
    readonly isOfChange?: boolean
  },
): Promise<OpenedSession | null> {
  const { user, amr, sessionId, tokenAuthTime, events, browserIdleSeconds, isOfChange = false } = input
  const [minter, standing] = await orUnavailable(
    Promise.all([loadMinter(ctx), selectStanding(ctx, { userId: user.id, sessionId })]),
  )
  if (isAdminOfProvider(user, standing)) return null
  const result = await stepUpSession(ctx, {
    userId: user.id,
    sessionId,
    amr,
    authTime: ctx.now(),
    ...(tokenAuthTime !== undefined && { tokenAuthTime }),
    ...(events !== undefined && { events }),
    ...(browserIdleSeconds !== undefined && { browserIdleSeconds }),
    isOfChange,
    ...versionsOf(user),
    caller: callerOf(ctx),
  })
  return result.outcome === 'not_live' ? null : answerOf(ctx, minter, { user, standing, grant: result.grant })
}

const openedFor = ({ places, ...rest }: Standing, origin: SessionOrigin | null): Standing => ({
  ...rest,
  places: places.map((place) =>
    place.id === origin?.organizationId
      ? { ...place, needsSso: false, requiresTwoFactors: place.requiresTwoFactors && !origin.secondFactor }
      : place,
  ),
})

/**
 * Written before the session's tokens are answered: a logout of the provider must find it. Throws SESSION_REFUSED, SERVICE_UNAVAILABLE,
 * with the session ended.
 */
async function recordOrigin(ctx: Ctx, { id, userId, openedAt }: SessionSnapshot, origin: SessionOrigin): Promise<void> {
  const { endsAt, takenAt: _, connectionVersion: __, authenticatedAt: ___, ...row } = origin
  const expiresAt = Math.min(
    openedAt + ctx.config.SESSION_ABSOLUTE_SECONDS * SECOND,
    endsAt ?? Number.POSITIVE_INFINITY,
  )
  try {
    const [recorded] = await orUnavailable(insertOrigin(ctx, { ...row, sessionId: id, userId, expiresAt }, origin))
    if (!recorded) throw sessionRefused()
  } catch (cause) {
    await endSessionById(ctx, { userId, sessionId: id, reason: 'revoked', actor: SSO })
    throw cause
  }
}

/**
 * Steps up the caller's session with a factor that was just proved: a new access token, and the refresh token of the present
 * generation. `user` is the row that was read when the factor was checked. Throws TOKEN_ERROR when the session has ended, the
 * credentials were changed meanwhile, or a single factor comes with a token from before the session had two;
 * SERVICE_UNAVAILABLE when the user's object does not answer. `isOfChange`: the factor came with a change of credentials.
 */
export async function stepUpOwnSession(
  ctx: ActorCtx,
  { user, amr, isOfChange = false }: { user: User; amr: readonly string[]; isOfChange?: boolean },
): Promise<OpenedSession> {
  const { sessionId, authTime: tokenAuthTime } = ctx.actor
  const raised = await raiseSession(ctx, { user, amr, sessionId, tokenAuthTime, isOfChange })
  if (!raised) throw tokenInvalid()
  return raised
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
