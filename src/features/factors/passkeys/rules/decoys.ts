import { equalBytes, hmacSha256 } from '../../../../lib/crypto.ts'
import { concatBytes, fromBase64Url, toBase64Url, utf8 } from '../../../../lib/encoding.ts'
import type { CredentialDescriptor } from '../types.ts'

/** Lengths of common authenticators' credential ids. */
const ID_LENGTHS = [16, 20, 20, 32] as const
/** Long enough that a random id never ends with its own mark. */
const MARK_BYTES = 8

const markOf = (key: Uint8Array, body: Uint8Array): Uint8Array =>
  hmacSha256(key, utf8('mark\n'), body).subarray(0, MARK_BYTES)

/**
 * Made-up credentials, always the same for an identifier: an account without passkeys, or no account, looks like one that has
 * some (WebAuthn 14.6.2).
 */
export function decoysOf(key: Uint8Array, identifier: string): CredentialDescriptor[] {
  const draw = (part: string) => hmacSha256(key, utf8(part), utf8('\n'), utf8(identifier))
  const [choice = 0, kind = 0] = draw('shape')
  const length = ID_LENGTHS[choice % ID_LENGTHS.length] ?? 20
  const parts = choice < 192 ? ['first'] : ['first', 'second']
  const transports = kind < 128 ? ['hybrid', 'internal'] : ['internal']
  return parts.map((part) => {
    const body = draw(part).subarray(0, length - MARK_BYTES)
    return { id: toBase64Url(concatBytes(body, markOf(key, body))), transports }
  })
}

/**
 * Whether a credential id is made up, which only the holder of the key can tell. The answer to one must be that of a real
 * credential with a wrong signature; otherwise it would reveal which ids are made up.
 */
export function isDecoy(key: Uint8Array, credentialId: string): boolean {
  const bytes = fromBase64Url(credentialId)
  if (!bytes || bytes.length <= MARK_BYTES) return false
  return equalBytes(bytes.subarray(-MARK_BYTES), markOf(key, bytes.subarray(0, -MARK_BYTES)))
}
