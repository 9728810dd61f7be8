import type { SigningKey } from '../../../src/features/keys/types.ts'
import { toBase64Url, utf8 } from '../../../src/lib/encoding.ts'

export const encodeJson = (value: unknown): string => encodeText(JSON.stringify(value))
export const encodeText = (text: string): string => toBase64Url(utf8(text))

const PARAMETERS: Readonly<Record<string, SubtleCryptoSignAlgorithm>> = {
  RS256: { name: 'RSASSA-PKCS1-v1_5' },
  ES256: { name: 'ECDSA', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
}

/** Signs any two segments, as an attacker with a key or a careless minter would. */
export async function signSegments(key: Pick<SigningKey, 'alg' | 'privateKey'>, header: string, payload: string) {
  const input = `${header}.${payload}`
  const signature = await crypto.subtle.sign(PARAMETERS[key.alg] ?? { name: key.alg }, key.privateKey, utf8(input))
  return `${input}.${toBase64Url(new Uint8Array(signature))}`
}

export const headerOf = (key: Pick<SigningKey, 'alg' | 'kid'>, changes: Record<string, unknown> = {}) => ({
  alg: key.alg,
  kid: key.kid,
  typ: 'at+jwt',
  ...changes,
})

/** HS256 with public bytes as the key: the classic algorithm confusion (RFC 8725 2.1). */
export async function signHmac(secret: Uint8Array<ArrayBuffer>, header: string, payload: string): Promise<string> {
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const input = `${header}.${payload}`
  return `${input}.${toBase64Url(new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(input))))}`
}
