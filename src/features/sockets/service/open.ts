import { type Ctx, type EarlyCtx, type PrincipalCtx, withDb } from '../../../context.ts'
import type { SocketIdentity } from '../../../durable/rpc.ts'
import type { OrganizationAccess } from '../../../durable/sockets/channels.ts'
import { type SocketRequest, toUpgrade } from '../../../durable/sockets/upgrade.ts'
import { cursorInvalid, defineError, serviceUnavailable } from '../../../lib/errors.ts'
import { late } from '../../../lib/late.ts'
import { isAdmin, isRanked, toRank } from '../../../lib/roles.ts'
import { SECOND } from '../../../lib/time.ts'
import { isUserClaims } from '../../keys/service/verify.ts'
import { checkAccessToken } from '../../validation/service.ts'
import { openTicket, sealTicket } from '../rules.ts'

// For the objects alone, and seldom.
const memberships = late(() => import('../../memberships/service.ts'))

export const upgradeRequired = defineError(
  'UPGRADE_REQUIRED',
  'upgrade_required',
  'This path requires a WebSocket upgrade',
)
export const tooManySockets = defineError('TOO_MANY_SOCKETS', 'rate_limited', 'Too many open connections')

const TICKET_SECONDS = 30
const TICKET_KEY = 'websocket ticket'
const PLATFORM = 'platform'
/** The scope that a machine needs to open a socket. */
export const EVENTS_SCOPE = 'events:read'

export type SocketRefusal = 'invalid_token' | 'insufficient_scope'

export type Identified =
  | { readonly identity: SocketIdentity; readonly refusal: null }
  | { readonly identity: null; readonly refusal: SocketRefusal }

export interface SocketCredential {
  readonly type: 'token' | 'ticket'
  readonly value: string
}

export type OpenedSocket =
  | { readonly outcome: 'opened'; readonly socket: WebSocket }
  | { readonly outcome: 'refused'; readonly reason: SocketRefusal }

/** NumericDates are epoch seconds (RFC 7519 2). */
interface UserToken {
  readonly userId: string
  readonly sessionId: string
  readonly email: string
  readonly roles: readonly string[]
  readonly claimsVersion: number
  readonly acr: string
  readonly exp: number
}

const userIdentity = ({ userId, sessionId, email, roles, claimsVersion, acr, exp }: UserToken): SocketIdentity => ({
  principal: { type: 'user', userId, sessionId, email },
  expiresAt: exp * SECOND,
  isAdmin: isAdmin({ roles }),
  topics: [],
  claimsVersion,
  acr,
})

const clientIdentity = (clientId: string, exp: number): SocketIdentity => ({
  principal: { type: 'client', clientId },
  expiresAt: exp * SECOND,
  isAdmin: false,
  topics: [PLATFORM],
})

/** Resolves an access token to the identity of a socket, with a strong check. Throws SERVICE_UNAVAILABLE. */
export async function identifyToken(ctx: EarlyCtx, token: string): Promise<Identified> {
  const check = await checkAccessToken(ctx, token, { consistency: 'strong' })
  if (!check.valid) return { identity: null, refusal: 'invalid_token' }
  const { claims } = check
  if (isUserClaims(claims)) {
    const { sub: userId, sid: sessionId, ver: claimsVersion, email, roles, acr, exp } = claims
    return { identity: userIdentity({ userId, sessionId, email, roles, claimsVersion, acr, exp }), refusal: null }
  }
  if (!claims.scope.split(' ').includes(EVENTS_SCOPE)) return { identity: null, refusal: 'insufficient_scope' }
  return { identity: clientIdentity(claims.client_id, claims.exp), refusal: null }
}

/** As `identifyToken`, for the objects, which do not need the reason of a refusal. */
export const findSocketIdentity = async (ctx: EarlyCtx, token: string): Promise<SocketIdentity | null> =>
  (await identifyToken(ctx, token)).identity

/** What an identity may read of an organization, for the objects; null for nothing. Throws SERVICE_UNAVAILABLE. */
export async function findOrganizationAccess(
  ctx: EarlyCtx,
  { principal, isAdmin: isPlatformAdmin, acr }: SocketIdentity,
  organizationId: string,
): Promise<OrganizationAccess | null> {
  if (principal.type !== 'user') return null
  const { findSubscriber } = await memberships.load()
  const { userId, sessionId } = principal
  const subscriber = await findSubscriber(await withDb(ctx), { organizationId, userId, sessionId })
  if (!subscriber || (subscriber.requireTwoFactors && acr !== 'aal2')) return null
  const { role, claimsVersion, version, needsSso } = subscriber
  if (isPlatformAdmin) return { claimsVersion, version, seesAll: true }
  return role === null || needsSso ? null : { claimsVersion, version, seesAll: isRanked(toRank(role), 'admin') }
}

/** Issues a ticket that opens one socket within 30 seconds. In contrast to a token it may appear in URLs, which are logged. */
export async function issueTicket(ctx: PrincipalCtx): Promise<{ ticket: string; expiresIn: number }> {
  const expiresAt = ctx.now() + TICKET_SECONDS * SECOND
  const key = await ctx.config.rootKeys.current.derive(TICKET_KEY)
  const { userId, secret } = await issueSecret(ctx, expiresAt)
  return { ticket: sealTicket(key, { userId, secret }), expiresIn: TICKET_SECONDS }
}

async function issueSecret({ actor, objects }: PrincipalCtx, expiresAt: number) {
  if (actor.type === 'client') {
    const identity = clientIdentity(actor.id, actor.expiresAt)
    const { ticket } = await objects.hub(PLATFORM).issueTicket({ topic: PLATFORM, identity, expiresAt })
    return { userId: null, secret: ticket }
  }
  const { id: userId, sessionId, email, roles, claimsVersion, acr, expiresAt: exp } = actor
  const identity = userIdentity({ userId, sessionId, email, roles, claimsVersion, acr, exp })
  const { ticket } = await objects.user(userId).issueTicket({ userId, sessionId, identity, expiresAt })
  return { userId, secret: ticket }
}

/**
 * Opens the socket on the principal's object. `after` is a cursor to resume from.
 * Throws INVALID_CURSOR, TOO_MANY_SOCKETS, SERVICE_UNAVAILABLE.
 */
export async function openSocket(
  ctx: Ctx,
  input: { credential: SocketCredential; after: string | null },
): Promise<OpenedSocket> {
  const located = await locate(ctx, input.credential)
  if ('refusal' in located) return { outcome: 'refused', reason: located.refusal }
  const { userId, credential } = located
  const object = userId === null ? ctx.objects.hub(PLATFORM) : ctx.objects.user(userId)
  const answer = await object.fetch(toUpgrade({ credential, after: input.after }))
  if (answer.webSocket) return { outcome: 'opened', socket: answer.webSocket }
  if (answer.status === 400) throw cursorInvalid()
  if (answer.status === 401) return { outcome: 'refused', reason: 'invalid_token' }
  if (answer.status === 429) throw tooManySockets()
  throw serviceUnavailable()
}

interface Located {
  /** Null for a client. */
  readonly userId: string | null
  readonly credential: SocketRequest['credential']
}

/** Finds the object that must open the socket, and the credential for it. */
async function locate(ctx: Ctx, { type, value }: SocketCredential): Promise<Located | { refusal: SocketRefusal }> {
  if (type === 'ticket') {
    const keys = await Promise.all(ctx.config.rootKeys.all.map((root) => root.derive(TICKET_KEY)))
    const ticket = openTicket(keys, value)
    if (!ticket) return { refusal: 'invalid_token' }
    return { userId: ticket.userId, credential: { type, ticket: ticket.secret } }
  }
  const { identity, refusal } = await identifyToken(ctx, value)
  if (!identity) return { refusal }
  const { principal } = identity
  return { userId: principal.type === 'user' ? principal.userId : null, credential: { type: 'identity', identity } }
}
