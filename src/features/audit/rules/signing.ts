import { calculateJwkThumbprint } from 'jose'
import * as z from 'zod/mini'
import { concatBytes, fromBase64Url, toBase64, toBase64Url, utf8 } from '../../../lib/encoding.ts'
import { isSealedWithPrevious, type RootKeys, sealText, unsealText } from '../../../lib/root-keys.ts'
import type { PublicAuditKey } from '../types.ts'

/** Not that of keys that sign tokens: a block's key, moved to their table, opens nothing. */
const SEAL_PURPOSE = 'audit key'
const ALGORITHM = 'Ed25519'
/** RFC 8410 4: what stands before the 32 bytes of the key. */
const SPKI_PREFIX = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00)

const PrivateJwk = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), d: z.string() })

export interface NewAuditKey extends Omit<PublicAuditKey, 'createdAt'> {
  readonly privateSealed: string
}

/** A new key. Its kid is its thumbprint (RFC 7638), and the sealed private key is bound to it. */
export async function generateAuditKey(rootKeys: RootKeys): Promise<NewAuditKey> {
  const pair = (await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as CryptoKeyPair
  const jwk = PrivateJwk.parse(await crypto.subtle.exportKey('jwk', pair.privateKey))
  const kid = await calculateJwkThumbprint({ kty: jwk.kty, crv: jwk.crv, x: jwk.x })
  return { kid, publicKey: jwk.x, privateSealed: await sealText(rootKeys, SEAL_PURPOSE, kid, JSON.stringify(jwk)) }
}

/** Throws when it was sealed with an unknown root secret, or for another key. */
export async function openAuditKey(
  rootKeys: RootKeys,
  { kid, privateSealed }: Pick<NewAuditKey, 'kid' | 'privateSealed'>,
): Promise<CryptoKey> {
  const jwk = PrivateJwk.parse(JSON.parse(await unsealText(rootKeys, SEAL_PURPOSE, kid, privateSealed)))
  return crypto.subtle.importKey('jwk', jwk, ALGORITHM, false, ['sign'])
}

/** The same key, sealed with the current root secret; null when it is. */
export async function resealAuditKey(
  rootKeys: RootKeys,
  { kid, privateSealed }: Pick<NewAuditKey, 'kid' | 'privateSealed'>,
): Promise<string | null> {
  if (!isSealedWithPrevious(rootKeys, privateSealed)) return null
  return sealText(rootKeys, SEAL_PURPOSE, kid, await unsealText(rootKeys, SEAL_PURPOSE, kid, privateSealed))
}

/** base64url. */
export const signHead = async (key: CryptoKey, head: string): Promise<string> =>
  toBase64Url(new Uint8Array(await crypto.subtle.sign(ALGORITHM, key, utf8(head))))

export async function isSigned(
  { publicKey }: Pick<PublicAuditKey, 'publicKey'>,
  head: string,
  signature: string,
): Promise<boolean> {
  const [key, bytes] = [fromBase64Url(publicKey), fromBase64Url(signature)]
  // The runtime throws for other lengths.
  if (key?.length !== 32 || bytes?.length !== 64) return false
  const imported = await crypto.subtle.importKey('raw', key, ALGORITHM, false, ['verify'])
  return crypto.subtle.verify(ALGORITHM, imported, bytes, utf8(head))
}

/** SubjectPublicKeyInfo in PEM, as `openssl` reads it. */
export function pemOf({ publicKey }: Pick<PublicAuditKey, 'publicKey'>): string {
  const key = fromBase64Url(publicKey)
  if (!key) throw new TypeError('the key is no base64url')
  return `-----BEGIN PUBLIC KEY-----\n${toBase64(concatBytes(SPKI_PREFIX, key))}\n-----END PUBLIC KEY-----\n`
}
