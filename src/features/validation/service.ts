import type { Ctx } from '../../context.ts'
import type { CheckInput } from '../../durable/rpc.ts'
import { serviceUnavailable } from '../../lib/errors.ts'
import { isolateSlot } from '../../lib/isolate.ts'
import { createRemembered } from '../../lib/remembered.ts'
import { SECOND, toSeconds, within } from '../../lib/time.ts'
import { applyToOwnView, pullNow, readyAge, refreshedAge, viewOf } from '../../revocation/freshness.ts'
import { ageOf, packId, refusalOf, type TokenSubject } from '../../revocation/view.ts'
import { isClientEnabled } from '../clients/service.ts'
import { isUserClaims, verifyAccessToken } from '../keys/service/tokens.ts'
import type { AccessClaims } from '../keys/types.ts'
import { askSession, isRecordedAsEnded } from './store.ts'
import type { CheckRefusal, Consistency, TokenCheck } from './types.ts'

/** What an object has to answer in: when it was asked for itself, and when it stands in for the feed. */
const STRONG_MS = 2 * SECOND
const FALLBACK_MS = 500
const RECORD_MS = 250

const MESSAGES: Record<CheckRefusal, string> = {
  invalid: 'Invalid token',
  expired: 'Token has expired',
  revoked: 'Token has been revoked',
  stale_claims: 'Token is out of date',
}

/** A token whose signature and claims are good. Its session, claims and key are looked up at every check. */
interface Verified {
  readonly claims: AccessClaims
  /** Epoch milliseconds. */
  readonly expiresAt: number
  readonly subject: TokenSubject
}

/** Verified tokens that one isolate remembers; with their claims about 3 kB each. */
const MAX_REMEMBERED = 10_000

const rememberedOf = isolateSlot('verified tokens', () => createRemembered<Verified>(MAX_REMEMBERED))

/** This isolate verifies anew what it is shown next: slower, never another answer. Returns how many tokens it knew. */
export const forgetVerifiedTokens = (ctx: Pick<Ctx, 'isolate'>): number => rememberedOf(ctx).clear()

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
 * Whether this access token is good now. `view` is at most 5 s behind and reads no storage; `strong` asks the truth.
 * Throws SERVICE_UNAVAILABLE when nothing that may answer does.
 */
export async function checkAccessToken(
  ctx: Ctx,
  token: string,
  { consistency }: { consistency: Consistency },
): Promise<TokenCheck> {
  const verified = rememberedOf(ctx).get(token) ?? (await verify(ctx, token))
  if ('valid' in verified) return verified
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

async function verify(ctx: Ctx, token: string): Promise<Verified | TokenCheck> {
  const result = await verifyAccessToken(ctx, token)
  if (!result.ok) return refused(result.reason === 'expired' ? 'expired' : 'invalid')
  const { claims, kid } = result
  const user = isUserClaims(claims)
    ? { id: packId(claims.sub), sessionId: packId(claims.sid), claimsVersion: claims.ver }
    : null
  const subject = {
    kid: packId(kid),
    tokenId: packId(claims.jti),
    clientId: user ? null : packId(claims.client_id),
    user,
  }
  const verified = { claims, expiresAt: claims.exp * SECOND, subject }
  rememberedOf(ctx).set(token, verified)
  return verified
}

function refusalInView(ctx: Ctx, { subject }: Verified): TokenCheck | null {
  const view = viewOf(ctx)
  const reason = refusalOf(view, subject)
  return reason && refused(reason, ageOf(view, ctx.now()))
}

/** The session's object or the client's row, and a view within its bound for the key; a machine's token needs the feed itself. */
async function checkStrongly(ctx: Ctx, verified: Verified): Promise<TokenCheck> {
  const { claims } = verified
  if (isUserClaims(claims)) {
    const [answer] = await Promise.all([
      askUser(ctx, { userId: claims.sub, sessionId: claims.sid, claimsVersion: claims.ver }, STRONG_MS),
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

/** The feed holds more than a view: objects answer for sessions and claims; keys, clients and tokens are in the view all the same. */
async function checkBeyondView(ctx: Ctx, verified: Verified, age: number): Promise<TokenCheck> {
  const { claims } = verified
  const known = refusalInView(ctx, verified)
  if (known) return known
  if (!isUserClaims(claims)) return accepted(verified, age)
  return checkWithoutFeed(ctx, verified)
}

/** The feed is unreachable: the object stands in for it, and what is known serves only when that fails too. */
async function checkWithoutFeed(ctx: Ctx, verified: Verified): Promise<TokenCheck> {
  const { claims } = verified
  if (isUserClaims(claims)) {
    const input = { userId: claims.sub, sessionId: claims.sid, claimsVersion: claims.ver }
    const answer = await askUser(ctx, input, FALLBACK_MS)
    if (answer === 'live') return accepted(verified, 0)
    if (answer !== 'unknown') return refused(answer)
    if (await isKnownAsEnded(ctx, input)) return refused('revoked')
  } else if ((await askClient(ctx, claims.client_id, FALLBACK_MS)) === 'revoked') {
    // The row does not know of revoked tokens, so its good word alone decides nothing.
    return refused('revoked')
  }
  return checkDegraded(ctx, verified)
}

function checkDegraded(ctx: Ctx, verified: Verified): TokenCheck {
  const { completeAsOf } = viewOf(ctx)
  const now = ctx.now()
  const age = completeAsOf === null ? Number.POSITIVE_INFINITY : Math.max(0, now - completeAsOf)
  if (age <= ctx.config.VALIDATE_MAX_STALE * SECOND) return accepted(verified, age)
  if (!ctx.config.VALIDATE_FAIL_OPEN) throw serviceUnavailable()
  // An isolate that never heard of the feed knows as much as was known when the token was made.
  return accepted(verified, Number.isFinite(age) ? age : (toSeconds(now) - verified.claims.iat) * SECOND)
}

interface SessionClaims {
  readonly userId: string
  readonly sessionId: string
  readonly claimsVersion: number
  readonly credentials?: NonNullable<CheckInput['credentials']>
}

type Answer = 'live' | 'revoked' | 'stale_claims' | 'unknown'

/** `unknown` when the object does not answer. What it refuses enters this isolate's view. */
async function askUser(ctx: Ctx, session: SessionClaims, ms: number): Promise<Answer> {
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

async function askClient(ctx: Ctx, clientId: string, ms: number): Promise<'live' | 'revoked' | 'unknown'> {
  try {
    return (await within(ms, isClientEnabled(ctx, clientId))) ? 'live' : 'revoked'
  } catch (cause) {
    ctx.log.error('client_unknown', cause)
    return 'unknown'
  }
}

async function isKnownAsEnded(ctx: Ctx, session: SessionClaims): Promise<boolean> {
  try {
    return await isRecordedAsEnded(ctx, session, RECORD_MS)
  } catch (cause) {
    ctx.log.error('session_record_unreadable', cause)
    return false
  }
}

/**
 * Whether the session lives and its claims are current, by its object's word; with `credentials`, whether it outlives what
 * changed the user's row to them, too. Throws SERVICE_UNAVAILABLE without one.
 */
export async function isSessionLive(ctx: Ctx, session: SessionClaims): Promise<boolean> {
  const answer = await askUser(ctx, session, STRONG_MS)
  if (answer === 'unknown') throw serviceUnavailable()
  return answer === 'live'
}

/** Whether the client is enabled, by its row and the feed. Throws SERVICE_UNAVAILABLE when either is silent. */
export async function isClientLive(ctx: Ctx, clientId: string): Promise<boolean> {
  const [answer, isFresh] = await Promise.all([askClient(ctx, clientId, STRONG_MS), pullNow(ctx)])
  if (answer === 'unknown' || !isFresh) throw serviceUnavailable()
  return answer === 'live' && !viewOf(ctx).ids.client.has(packId(clientId))
}
