import { CompactSign } from 'jose'
import type { ActorCtx, Ctx, UserActor } from '../../../context.ts'
import { utf8 } from '../../../lib/encoding.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import { bySuccession, findSigner, isPublished, type KeyState, stateOf } from '../rules/ring.ts'
import { ACCESS_TOKEN_TYP, GATEWAY_TYP, toGatewayClaims } from '../rules/token.ts'
import type { ClientClaims, RingKey, SigningKey, UserClaims } from '../types.ts'
import { reloadRing, signingRing, verifyingRing } from './ring.ts'
import { createFirstKey } from './rotation.ts'

export { type RotationResult, resealKeys, rotateKeys, rotateKeysNow } from './rotation.ts'
export { isUserClaims, verifyAccessToken } from './verify.ts'

/**
 * The current signing key. Creates the first key on demand. Throws SERVICE_UNAVAILABLE when there is none.
 */
export async function loadSigningKey(ctx: Ctx): Promise<SigningKey> {
  const ring = await signingRing(ctx)
  const signer = findSigner(ring.keys, ctx.now()) ?? findSigner((await createFirstKey(ctx, ring)).keys, ctx.now())
  if (!signer) throw serviceUnavailable()
  return signer
}

/** RFC 9068 2.1: `typ` distinguishes an access token from any other signed object. */
function mint(key: SigningKey, claims: object, typ: string): Promise<string> {
  return new CompactSign(utf8(JSON.stringify(claims)))
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ })
    .sign(key.privateKey)
}

export const mintUserToken = (key: SigningKey, claims: UserClaims): Promise<string> =>
  mint(key, claims, ACCESS_TOKEN_TYP)

/** The access token once more, for the cookie of gateways: only their check takes it. */
export const mintGatewayToken = (key: SigningKey, claims: UserClaims): Promise<string> =>
  mint(key, toGatewayClaims(claims), GATEWAY_TYP)

export const mintClientToken = (key: SigningKey, claims: ClientClaims): Promise<string> =>
  mint(key, claims, ACCESS_TOKEN_TYP)

/** Who calls with a token of these claims. */
export const userActorOf = (claims: UserClaims): UserActor => ({
  type: 'user',
  id: claims.sub,
  sessionId: claims.sid,
  number: claims.number,
  email: claims.email,
  username: claims.username,
  role: claims.role,
  roles: claims.roles,
  organizationId: claims.org_id,
  organizationRole: claims.org_role,
  amr: claims.amr,
  acr: claims.acr,
  authTime: claims.auth_time,
  claimsVersion: claims.ver,
  expiresAt: claims.exp,
})

/** Every key that may have signed a valid token or soon will, newest first. */
export async function listPublicKeys(ctx: Ctx): Promise<readonly RingKey[]> {
  const ring = await verifyingRing(ctx)
  const { keys } = findSigner(ring.keys, ctx.now()) ? ring : await createFirstKey(ctx, ring)
  return keys.filter((key) => isPublished(key, ctx.now())).sort(bySuccession)
}

/**
 * Replaces this isolate's cached keys. Returns how many there are. Throws when they cannot be read; the cached keys then stay.
 */
export const renewKnownKeys = async (ctx: Ctx): Promise<number> => (await reloadRing(ctx)).keys.length

/** All keys with their state, newest first, read from D1. */
export async function listKeyStates(ctx: ActorCtx): Promise<{ key: RingKey; state: KeyState }[]> {
  const { keys } = await reloadRing(ctx)
  const now = ctx.now()
  return [...keys].sort(bySuccession).map((key) => ({ key, state: stateOf(key, keys, now) }))
}
