import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { concatBytes, toBase64Url, utf8 } from './encoding.ts'

/**
 * Loaded at first use: it brings Node's streams along, and a check of a token needs none of it. Unlike `import()` it is there
 * at once, for a Durable Object's transaction may not await.
 */
const node = () => {
  loaded ??= process.getBuiltinModule('node:crypto')
  return loaded
}
let loaded: typeof import('node:crypto') | undefined

/** Compares in constant time; unequal lengths are unequal. */
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && node().timingSafeEqual(a, b)

/** Compares two secrets, also of different lengths, in constant time. */
export async function equalSecrets(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([sha256(utf8(a)), sha256(utf8(b))])
  return equalBytes(left, right)
}

export const sha256 = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))

/** Synchronous, because a Durable Object's transaction may not await. */
export const sha256Sync = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(node().createHash('sha256').update(bytes).digest())

const NOTHING = new Uint8Array()

function bytesOfHex(hex: string): Uint8Array {
  try {
    return hexToBytes(hex)
  } catch {
    return NOTHING
  }
}

/**
 * SHA-256, in hex, of bytes given in hex and then of a text. What is no hex counts for nothing: then no hash fits. Node's own
 * conversions from and to hex take longer than the hash.
 */
export const sha256Hex = (hex: string, text = ''): string =>
  bytesToHex(node().createHash('sha256').update(bytesOfHex(hex)).update(utf8(text)).digest())

/** HMAC-SHA-256 (RFC 2104), synchronous because a Durable Object's transaction may not await. */
export const hmacSha256 = (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array => {
  const mac = node().createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return new Uint8Array(mac.digest())
}

/** HKDF-SHA-256 (RFC 5869) with an empty salt; `info` names the purpose. */
export async function deriveBytes(
  secret: Uint8Array<ArrayBuffer>,
  info: string,
  length = 32,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits'])
  const params = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: utf8(info) }
  return new Uint8Array(await crypto.subtle.deriveBits(params, key, length * 8))
}

const importAes = (key: Uint8Array<ArrayBuffer>) =>
  crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt'])

/** AES-256-GCM: a fresh 96-bit nonce, then ciphertext and tag. `boundTo` is authenticated, not stored. */
export async function seal(
  key: Uint8Array<ArrayBuffer>,
  plain: Uint8Array<ArrayBuffer>,
  boundTo: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const params = { name: 'AES-GCM', iv, additionalData: utf8(boundTo) }
  return concatBytes(iv, new Uint8Array(await crypto.subtle.encrypt(params, await importAes(key), plain)))
}

/** Throws when the key, the binding or a byte is wrong. */
export async function unseal(
  key: Uint8Array<ArrayBuffer>,
  sealed: Uint8Array<ArrayBuffer>,
  boundTo: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const params = { name: 'AES-GCM', iv: sealed.slice(0, 12), additionalData: utf8(boundTo) }
  return new Uint8Array(await crypto.subtle.decrypt(params, await importAes(key), sealed.slice(12)))
}

/** A 256-bit secret with a typed prefix: shown once, stored as `hashSecret`. */
export const newSecret = (prefix: string): string => prefix + toBase64Url(crypto.getRandomValues(new Uint8Array(32)))

/** The stored form of a 256-bit secret: SHA-256, base64url. Never for secrets that people choose. */
export const hashSecret = async (secret: string): Promise<string> => toBase64Url(await sha256(utf8(secret)))
