import { type EarlyCtx, withDb } from '../../context.ts'
import type { CheckInput } from '../../durable/rpc.ts'
import { createBoundedCache } from '../../lib/bounded-cache.ts'
import { serviceUnavailable } from '../../lib/errors.ts'
import { isolateSlot } from '../../lib/isolate.ts'
import { late } from '../../lib/late.ts'
import { SECOND, toSeconds, within } from '../../lib/time.ts'
import { applyToOwnView, pullNow, readyAge, refreshedAge, viewOf } from '../../revocation/freshness.ts'
import { ageOf, packId, refusalOf, type TokenSubject } from '../../revocation/view.ts'
import { isUserClaims, verifyAccessToken, verifyGatewayToken } from '../keys/service/verify.ts'
import type { AccessClaims, UserClaims } from '../keys/types.ts'
import { isOrganizationCurrent } from '../rbac/service/definitions.ts'
import { askSession, isRecordedAsEnded } from './store.ts'
import type { CheckRefusal, Consistency, TokenCheck } from './types.ts'

// A machine's token alone needs the client's row, and seldom.
const clients = late(() => import('../clients/service.ts'))

const isClientEnabled = async (ctx: EarlyCtx, id: string): Promise<boolean> =>
  (await clients.load()).isClientEnabled(await withDb(ctx), id)

/** How long an object may take to answer: in a strong check, and when the feed is unavailable. */
const STRONG_MS = 2 * SECOND
const FALLBACK_MS = 500
const RECORD_MS = 250

const MESSAGES: Record<CheckRefusal, string> = {
  invalid: 'Invalid token',
  expired: 'Token has expired',
  revoked: 'Token has been revoked',
  stale_claims: 'Token is out of date',
}

/** A token with verified signature and claims. Whether it is revoked is looked up at every check. */
interface Verified {
  readonly claims: AccessClaims
  /** Epoch milliseconds. */
  readonly expiresAt: number
  readonly subject: TokenSubject
  /** Of the cookie of gateways: no access token. */
  readonly isGateway: boolean
}

/** How many verified tokens one isolate caches; with their claims about 3 kB each. */
const MAX_VERIFIED_TOKENS = 10_000

const verifiedTokens = isolateSlot('verified tokens', () => createBoundedCache<Verified>(MAX_VERIFIED_TOKENS))

/** Empties this isolate's cache of verified tokens. Answers stay the same. Returns how many there were. */
export const forgetVerifiedTokens = (ctx: Pick<EarlyCtx, 'isolate'>): number => verifiedTokens(ctx).clear()

const refused = (reason: CheckRefusal, ageMs = 0): TokenCheck => ({
  valid: false,
  reason,
  message: MESSAGES[reason],
  freshness: wholeSeconds(ageMs),
})

const accepted = ({ claims }: Verified, ageMs: number): TokenCheck => ({
  valid: true,
  claims,
  freshness: wholeSeconds(ageMs),
})

const wholeSeconds = (ms: number): number => (Number.isFinite(ms) ? Math.ceil(ms / SECOND) : 0)

/**
 * Whether this access token is valid now. `view` is at most 5 s behind and reads no storage; `strong` asks the session's object
 * or reads the client's row. `fromCookie`: what gateways alone read, where a token of its own may stand. Throws SERVICE_UNAVAILABLE when neither the feed nor any fallback can answer.
 */
export async function checkAccessToken(
  ctx: EarlyCtx,
  token: string,
  { consistency, fromCookie = false }: { consistency: Consistency; fromCookie?: boolean },
): Promise<TokenCheck> {
  const verified = verifiedTokens(ctx).get(token) ?? (await verify(ctx, token, fromCookie))
  if ('valid' in verified) return verified
  if (verified.isGateway && !fromCookie) return refused('invalid')
  if (ctx.now() >= verified.expiresAt) return refused('expired')
  const known = refusalInView(ctx, verified)
  if (known) return known
  if (consistency === 'strong') return checkStrongly(ctx, verified)
  const age = readyAge(ctx) ?? (await refreshedAge(ctx))
  if (age === null) return checkWithoutFeed(ctx, verified)
  return viewOf(ctx).overflow
    ? checkBeyondView(ctx, verified, age)
    : (refusalInView(ctx, verified) ?? accepted(verified, age))
}

async function verify(ctx: EarlyCtx, token: string, fromCookie: boolean): Promise<Verified | TokenCheck> {
  const access = await verifyAccessToken(ctx, token)
  const isGateway = fromCookie && !access.ok && access.reason === 'wrong_type'
  const result = isGateway ? await verifyGatewayToken(ctx, token) : access
  if (!result.ok) return refused(result.reason === 'expired' ? 'expired' : 'invalid')
  const { claims, kid } = result
  const user = isUserClaims(claims) ? userOf(claims) : null
  const subject = {
    kid: packId(kid),
    tokenId: packId(claims.jti),
    clientId: user ? null : packId(claims.client_id),
    user,
  }
  const verified = { claims, expiresAt: claims.exp * SECOND, subject, isGateway }
  verifiedTokens(ctx).set(token, verified)
  return verified
}

function userOf({ sub, sid, ver, org_id: organizationId, org_ver: version }: UserClaims): TokenSubject['user'] {
  const organization = organizationId === null ? null : { id: packId(organizationId), version: version ?? 0 }
  return { id: packId(sub), sessionId: packId(sid), claimsVersion: ver, organization }
}

function refusalInView(ctx: EarlyCtx, { subject }: Verified): TokenCheck | null {
  const view = viewOf(ctx)
  const reason = refusalOf(view, subject)
  return reason && refused(reason, ageOf(view, ctx.now()))
}

/** Asks the session's object and reads the organization's row, with a fresh enough view for revoked keys; for a machine's token, the client's row and the feed itself. */
async function checkStrongly(ctx: EarlyCtx, verified: Verified): Promise<TokenCheck> {
  const { claims } = verified
  if (isUserClaims(claims)) {
    const [answer] = await Promise.all([
      askUserAndOrganization(ctx, claims, STRONG_MS),
      readyAge(ctx) ?? refreshedAge(ctx),
    ])
    if (answer === 'unknown') throw serviceUnavailable()
    return answer === 'live' ? (refusalInView(ctx, verified) ?? accepted(verified, 0)) : refused(answer)
  }
  const [answer, isFresh] = await Promise.all([askClient(ctx, claims.client_id, STRONG_MS), pullNow(ctx)])
  if (answer === 'revoked') return refused('revoked')
  if (answer === 'unknown' || !isFresh) throw serviceUnavailable()
  return refusalInView(ctx, verified) ?? accepted(verified, 0)
}

/** The feed is larger than a view: objects are asked about sessions and claims. The view always has the rest. */
async function checkBeyondView(ctx: EarlyCtx, verified: Verified, age: number): Promise<TokenCheck> {
  const { claims } = verified
  const known = refusalInView(ctx, verified)
  if (known) return known
  if (!isUserClaims(claims)) return accepted(verified, age)
  return decide(ctx, verified, await askUser(ctx, sessionOf(claims), FALLBACK_MS))
}

/** The feed is unreachable: asks the object and the organization's row instead, and uses the outdated view only if that fails, too. */
async function checkWithoutFeed(ctx: EarlyCtx, verified: Verified): Promise<TokenCheck> {
  const { claims } = verified
  if (isUserClaims(claims)) return decide(ctx, verified, await askUserAndOrganization(ctx, claims, FALLBACK_MS))
  // An enabled client is not enough to accept the token: its row does not know revoked tokens.
  if ((await askClient(ctx, claims.client_id, FALLBACK_MS)) === 'revoked') return refused('revoked')
  return checkDegraded(ctx, verified)
}

async function decide(ctx: EarlyCtx, verified: Verified, answer: Answer): Promise<TokenCheck> {
  if (answer === 'live') return accepted(verified, 0)
  if (answer !== 'unknown') return refused(answer)
  const { claims } = verified
  if (isUserClaims(claims) && (await isKnownAsEnded(ctx, sessionOf(claims)))) return refused('revoked')
  return checkDegraded(ctx, verified)
}

function checkDegraded(ctx: EarlyCtx, verified: Verified): TokenCheck {
  const { completeAsOf } = viewOf(ctx)
  const now = ctx.now()
  const age = completeAsOf === null ? Number.POSITIVE_INFINITY : Math.max(0, now - completeAsOf)
  if (age <= ctx.config.VALIDATE_MAX_STALE * SECOND) return accepted(verified, age)
  if (!ctx.config.VALIDATE_FAIL_OPEN) throw serviceUnavailable()
  // An isolate that never had a view knows nothing after the token was minted.
  return accepted(verified, Number.isFinite(age) ? age : (toSeconds(now) - verified.claims.iat) * SECOND)
}

interface SessionClaims {
  readonly userId: string
  readonly sessionId: string
  readonly claimsVersion: number
  readonly credentials?: NonNullable<CheckInput['credentials']>
}

const sessionOf = (claims: UserClaims): SessionClaims => ({
  userId: claims.sub,
  sessionId: claims.sid,
  claimsVersion: claims.ver,
})

type Answer = 'live' | 'revoked' | 'stale_claims' | 'unknown'

/** `unknown` when the object does not answer. A session that has ended is added to this isolate's view. */
async function askUser(ctx: EarlyCtx, session: SessionClaims, ms: number): Promise<Answer> {
  try {
    const result = await askSession(ctx, session, ms)
    if (result.live) return 'live'
    if (result.reason === 'stale_claims') return 'stale_claims'
    if (result.reason === 'ended') applyToOwnView(ctx, [{ kind: 'session', id: session.sessionId }])
    return 'revoked'
  } catch (cause) {
    ctx.log.error('session_unknown', cause)
    return 'unknown'
  }
}

/** As `askUser`, and whether the token's organization is there and has raised its version: no object knows that. */
async function askUserAndOrganization(ctx: EarlyCtx, claims: UserClaims, ms: number): Promise<Answer> {
  const [session, organization] = await Promise.all([
    askUser(ctx, sessionOf(claims), ms),
    askOrganization(ctx, claims, ms),
  ])
  if (session === 'revoked' || session === 'stale_claims') return session
  return organization === 'live' ? session : organization
}

async function askOrganization(ctx: EarlyCtx, claims: UserClaims, ms: number): Promise<Answer> {
  if (claims.org_id === null) return 'live'
  try {
    const isCurrent = await within(ms, isOrganizationCurrent(ctx, claims.org_id, claims.org_ver ?? 0))
    return isCurrent ? 'live' : 'stale_claims'
  } catch (cause) {
    ctx.log.error('organization_unknown', cause)
    return 'unknown'
  }
}

async function askClient(ctx: EarlyCtx, clientId: string, ms: number): Promise<'live' | 'revoked' | 'unknown'> {
  try {
    return (await within(ms, isClientEnabled(ctx, clientId))) ? 'live' : 'revoked'
  } catch (cause) {
    ctx.log.error('client_unknown', cause)
    return 'unknown'
  }
}

async function isKnownAsEnded(ctx: EarlyCtx, session: SessionClaims): Promise<boolean> {
  try {
    return await isRecordedAsEnded(ctx, session, RECORD_MS)
  } catch (cause) {
    ctx.log.error('session_record_unreadable', cause)
    return false
  }
}

/**
 * Asks the session's object whether the session is live and its claims are current; with `credentials`, also whether it survives
 * the change to them. Throws SERVICE_UNAVAILABLE when the object does not answer.
 */
export async function isSessionLive(ctx: EarlyCtx, session: SessionClaims): Promise<boolean> {
  const answer = await askUser(ctx, session, STRONG_MS)
  if (answer === 'unknown') throw serviceUnavailable()
  return answer === 'live'
}

/** Whether the client is enabled, according to its row and the feed. Throws SERVICE_UNAVAILABLE when either does not answer. */
export async function isClientLive(ctx: EarlyCtx, clientId: string): Promise<boolean> {
  const [answer, isFresh] = await Promise.all([askClient(ctx, clientId, STRONG_MS), pullNow(ctx)])
  if (answer === 'unknown' || !isFresh) throw serviceUnavailable()
  return answer === 'live' && !viewOf(ctx).ids.client.has(packId(clientId))
}
