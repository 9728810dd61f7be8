import { hasPasskey, hasSecondFactor } from '../../../../lib/amr.ts'
import { fromBase64Url, fromUtf8, toBase64Url } from '../../../../lib/encoding.ts'

/** Unpadded base64url from base64 or base64url, padded or not; undefined for anything else. */
export function toCanonical(text: string): string | undefined {
  const canonical = text
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/={1,2}$/, '')
  return fromBase64Url(canonical) && canonical
}

/** Random bytes whose base64url has neither `-` nor `_`: a published client decodes it with `atob`, which throws on them. */
export function drawPlainBytes(random: (length: number) => Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  for (;;) {
    const bytes = random(32)
    if (!/[-_]/.test(toBase64Url(bytes))) return bytes
  }
}

/** CollectedClientData (WebAuthn 5.8.1). */
export interface ClientData {
  readonly type: string
  readonly challenge: string
  readonly origin: string
  readonly isCrossOrigin: boolean
}

/** Reads `clientDataJSON`; undefined when it is malformed. */
export function readClientData(clientDataJson: string): ClientData | undefined {
  try {
    const data: unknown = JSON.parse(fromUtf8(fromBase64Url(clientDataJson) ?? new Uint8Array()))
    if (typeof data !== 'object' || data === null) return undefined
    const { type, challenge, origin, crossOrigin = false } = data as Readonly<Record<string, unknown>>
    if (typeof type !== 'string' || typeof challenge !== 'string' || typeof origin !== 'string') return undefined
    return { type, challenge, origin, isCrossOrigin: crossOrigin !== false }
  } catch {
    return undefined
  }
}

/** Whether a passkey is another factor than those before it: possession proved twice is one factor. */
export const addsFactor = (before: readonly string[], use: readonly string[]): boolean =>
  hasSecondFactor(use) || !hasPasskey(before)

/**
 * The RFC 8176 values of a passkey's use: a key in hardware or software, the user's presence, and `mfa` when the authenticator
 * verified its user by PIN or biometry.
 */
export const amrOf = (use: { deviceType: string; userVerified: boolean }): string[] => [
  use.deviceType === 'singleDevice' ? 'hwk' : 'swk',
  'user',
  ...(use.userVerified ? ['mfa'] : []),
]
