import { equalBytes, hmacSha256 } from '../../../../lib/crypto.ts'
import { concatBytes, fromBase64Url, toBase64Url, utf8 } from '../../../../lib/encoding.ts'
import type { CredentialDescriptor } from '../types.ts'

/** Lengths that common authenticators give their ids. */
const ID_LENGTHS = [16, 20, 20, 32] as const
/** Enough that no authenticator's random id bears it. */
const MARK_BYTES = 8

const markOf = (key: Uint8Array, body: Uint8Array): Uint8Array =>
  hmacSha256(key, utf8('mark\n'), body).subarray(0, MARK_BYTES)

/**
 * Credentials of nobody, the same for an identifier at every question: an account without passkeys, or no account,
 * cannot be told from one that has some (WebAuthn 14.6.2).
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
 * Whether a credential id is made up. Only who has the key can tell: whoever sends one back must be answered as the holder
 * of a real one that does not fit, or the answer tells what the question did not.
 */
export function isDecoy(key: Uint8Array, credentialId: string): boolean {
  const bytes = fromBase64Url(credentialId)
  if (!bytes || bytes.length <= MARK_BYTES) return false
  return equalBytes(bytes.subarray(-MARK_BYTES), markOf(key, bytes.subarray(0, -MARK_BYTES)))
}
