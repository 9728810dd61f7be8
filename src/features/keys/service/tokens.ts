import { CompactSign } from 'jose'
import type { ActorCtx, Ctx } from '../../../context.ts'
import { utf8 } from '../../../lib/encoding.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import { bySuccession, findSigner, isPublished, type KeyState, stateOf } from '../rules/ring.ts'
import { ACCESS_TOKEN_TYP, readClaims, readHeader, verifySignature } from '../rules/token.ts'
import type { AccessClaims, ClientClaims, KeyRing, RingKey, SigningKey, UserClaims, VerifiedToken } from '../types.ts'
import { reloadRing, ringForUnknownKid, signingRing, verifyingRing } from './ring.ts'
import { createFirstKey } from './rotation.ts'

export { isUserClaims } from '../rules/token.ts'
export { type RotationResult, resealKeys, rotateKeys, rotateKeysNow } from './rotation.ts'

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
function mint(key: SigningKey, claims: AccessClaims): Promise<string> {
  return new CompactSign(utf8(JSON.stringify(claims)))
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: ACCESS_TOKEN_TYP })
    .sign(key.privateKey)
}

export const mintUserToken = (key: SigningKey, claims: UserClaims): Promise<string> => mint(key, claims)

export const mintClientToken = (key: SigningKey, claims: ClientClaims): Promise<string> => mint(key, claims)

const findKey = (ring: KeyRing, kid: string, now: number): RingKey | undefined =>
  ring.keys.find((key) => key.kid === kid && isPublished(key, now))

/** Every kid of Postern is an RFC 7638 thumbprint: any other is refused without a read. */
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/

async function findPublishedKey(ctx: Ctx, kid: string): Promise<RingKey | undefined> {
  if (!THUMBPRINT.test(kid)) return undefined
  return findKey(await verifyingRing(ctx), kid, ctx.now()) ?? findKey(await ringForUnknownKid(ctx), kid, ctx.now())
}

/**
 * Verifies that Postern signed this access token and that it has not expired. Does not check its session, user or client:
 * `validation/service.ts` does. A refusal is a returned value; it throws only when the keys cannot be read.
 */
export async function verifyAccessToken(ctx: Ctx, token: string): Promise<VerifiedToken> {
  const header = readHeader(token)
  if (!header) return { ok: false, reason: 'malformed' }
  if (header.typ !== ACCESS_TOKEN_TYP) return { ok: false, reason: 'wrong_type' }
  const key = await findPublishedKey(ctx, header.kid)
  if (!key) return { ok: false, reason: 'unknown_key' }
  if (header.alg !== key.alg) return { ok: false, reason: 'bad_signature' }
  const payload = await verifySignature(token, key)
  if (!payload) return { ok: false, reason: 'bad_signature' }
  const { PUBLIC_URL: issuer, AUDIENCE: audience } = ctx.config
  const result = readClaims(payload, { issuer, audience, now: ctx.now() })
  return result.ok ? { ...result, kid: key.kid } : result
}

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
