import { hmacSha256 } from '../../../lib/crypto.ts'
import { toBase64Url, utf8 } from '../../../lib/encoding.ts'
import type { CredentialDescriptor } from '../types.ts'

/** Lengths that common authenticators give their ids. */
const ID_LENGTHS = [16, 20, 20, 32] as const

/**
 * Credentials of nobody, the same for an identifier at every question: an account without passkeys, or no account,
 * cannot be told from one that has some (WebAuthn 14.6.2).
 */
export function decoysOf(key: Uint8Array, identifier: string): CredentialDescriptor[] {
  const draw = (part: string) => hmacSha256(key, utf8(part), utf8('\n'), utf8(identifier))
  const [choice = 0, kind = 0] = draw('shape')
  const length = ID_LENGTHS[choice % ID_LENGTHS.length] ?? 20
  const ids = choice < 192 ? ['first'] : ['first', 'second']
  const transports = kind < 128 ? ['hybrid', 'internal'] : ['internal']
  return ids.map((part) => ({ id: toBase64Url(draw(part).subarray(0, length)), transports }))
}
