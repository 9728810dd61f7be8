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
 * The key that signs now, with nothing left to await but the signature.
 * The first key is made on demand. Throws SERVICE_UNAVAILABLE when there is none.
 */
export async function loadSigningKey(ctx: Ctx): Promise<SigningKey> {
  const ring = await signingRing(ctx)
  const signer = findSigner(ring.keys, ctx.now()) ?? findSigner((await createFirstKey(ctx, ring)).keys, ctx.now())
  if (!signer) throw serviceUnavailable()
  return signer
}

/** RFC 9068 2.1: typ tells an access token from every other signed thing. */
function mint(key: SigningKey, claims: AccessClaims): Promise<string> {
  return new CompactSign(utf8(JSON.stringify(claims)))
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: ACCESS_TOKEN_TYP })
    .sign(key.privateKey)
}

export const mintUserToken = (key: SigningKey, claims: UserClaims): Promise<string> => mint(key, claims)

export const mintClientToken = (key: SigningKey, claims: ClientClaims): Promise<string> => mint(key, claims)

const findKey = (ring: KeyRing, kid: string, now: number): RingKey | undefined =>
  ring.keys.find((key) => key.kid === kid && isPublished(key, now))

/** RFC 7638 thumbprints are all that Postern gives as kid: anything else is not worth a read. */
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/

async function findPublishedKey(ctx: Ctx, kid: string): Promise<RingKey | undefined> {
  if (!THUMBPRINT.test(kid)) return undefined
  return findKey(await verifyingRing(ctx), kid, ctx.now()) ?? findKey(await ringForUnknownKid(ctx), kid, ctx.now())
}

/**
 * Whether Postern made this access token and it lives. Says nothing of the session, the user or the client behind it:
 * `validation/service.ts` does. Refusals are values; it throws only when the keys cannot be read at all.
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
  const judged = readClaims(payload, { issuer, audience, now: ctx.now() })
  return judged.ok ? { ...judged, kid: key.kid } : judged
}

/** Every key that a verifier may meet, youngest first: those that wait to sign and those that did. */
export async function listPublicKeys(ctx: Ctx): Promise<readonly RingKey[]> {
  const ring = await verifyingRing(ctx)
  const { keys } = findSigner(ring.keys, ctx.now()) ? ring : await createFirstKey(ctx, ring)
  return keys.filter((key) => isPublished(key, ctx.now())).sort(bySuccession)
}

/**
 * Reads the keys anew, in place of those that this isolate knows. Throws when they cannot be read: then it keeps what it
 * has. Returns how many there are.
 */
export const renewKnownKeys = async (ctx: Ctx): Promise<number> => (await reloadRing(ctx)).keys.length

/** The ring as an admin sees it, youngest first; read anew. */
export async function listKeyStates(ctx: ActorCtx): Promise<{ key: RingKey; state: KeyState }[]> {
  const { keys } = await reloadRing(ctx)
  const now = ctx.now()
  return [...keys].sort(bySuccession).map((key) => ({ key, state: stateOf(key, keys, now) }))
}
