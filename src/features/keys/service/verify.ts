import type { EarlyCtx } from '../../../context.ts'
import { isPublished } from '../rules/ring.ts'
import {
  ACCESS_TOKEN_TYP,
  GATEWAY_TYP,
  readClaims,
  readGatewayClaims,
  readHeader,
  verifySignature,
} from '../rules/token.ts'
import type { KeyRing, RingKey, VerifiedToken } from '../types.ts'
import { ringForUnknownKid, verifyingRing } from './ring.ts'

export { isUserClaims } from '../rules/token.ts'

const findKey = (ring: KeyRing, kid: string, now: number): RingKey | undefined =>
  ring.keys.find((key) => key.kid === kid && isPublished(key, now))

/** Every kid of Postern is an RFC 7638 thumbprint: any other is refused without a read. */
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/

async function findPublishedKey(ctx: EarlyCtx, kid: string): Promise<RingKey | undefined> {
  if (!THUMBPRINT.test(kid)) return undefined
  return findKey(await verifyingRing(ctx), kid, ctx.now()) ?? findKey(await ringForUnknownKid(ctx), kid, ctx.now())
}

/**
 * Verifies that Postern signed this access token and that it has not expired. Does not check its session, user or client:
 * `validation/service.ts` does. A refusal is a returned value; it throws only when the keys cannot be read.
 */
export const verifyAccessToken = (ctx: EarlyCtx, token: string): Promise<VerifiedToken> =>
  verify(ctx, token, { typ: ACCESS_TOKEN_TYP, read: readClaims })

/** As `verifyAccessToken`, for the token in the cookie of gateways. */
export const verifyGatewayToken = (ctx: EarlyCtx, token: string): Promise<VerifiedToken> =>
  verify(ctx, token, { typ: GATEWAY_TYP, read: readGatewayClaims })

async function verify(
  ctx: EarlyCtx,
  token: string,
  { typ, read }: { typ: string; read: typeof readClaims },
): Promise<VerifiedToken> {
  const header = readHeader(token)
  if (!header) return { ok: false, reason: 'malformed' }
  if (header.typ !== typ) return { ok: false, reason: 'wrong_type' }
  const key = await findPublishedKey(ctx, header.kid)
  if (!key) return { ok: false, reason: 'unknown_key' }
  if (header.alg !== key.alg) return { ok: false, reason: 'bad_signature' }
  const payload = await verifySignature(token, key)
  if (!payload) return { ok: false, reason: 'bad_signature' }
  const { PUBLIC_URL: issuer, AUDIENCE: audience } = ctx.config
  const result = read(payload, { issuer, audience, now: ctx.now() })
  return result.ok ? { ...result, kid: key.kid } : result
}
