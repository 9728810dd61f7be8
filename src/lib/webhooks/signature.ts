import { equalBytes, hmacSha256 } from '../crypto.ts'
import { toBase64, utf8 } from '../encoding.ts'

/** `whsec_` and base64 of the same bytes: how Standard Webhooks writes a key. */
export const toStandardSecret = (secret: string): string => `whsec_${toBase64(utf8(secret))}`

/** The key is the secret's text, as Janua's clients take it. */
const sign = (secret: string, text: string): Uint8Array => hmacSha256(utf8(secret), utf8(text))

export interface SignedMessage {
  readonly id: string
  /** Epoch seconds. */
  readonly timestamp: number
  /** The exact text that is sent. */
  readonly body: string
}

/**
 * The headers that sign a delivery: Standard Webhooks' with every secret that is valid now, those of one value with the first, which is
 * the newest. A receiver that checks the time is safe from replays; `X-Janua-Signature` does not cover the time.
 */
export function signatureHeaders(
  secrets: readonly [string, ...string[]],
  { id, timestamp, body }: SignedMessage,
): Record<string, string> {
  const [newest] = secrets
  const standard = secrets.map((secret) => `v1,${toBase64(sign(secret, `${id}.${timestamp}.${body}`))}`)
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': standard.join(' '),
    'X-Webhook-Id': id,
    'X-Webhook-Timestamp': String(timestamp),
    'X-Webhook-Signature': sign(newest, `${timestamp}.${body}`).toHex(),
    'X-Janua-Signature': `sha256=${sign(newest, body).toHex()}`,
  }
}

const HEX_SIGNATURE = /^(?:sha256=)?([0-9a-f]{64})$/i

/** Whether a signature of one value, with or without `sha256=`, is that of the text. */
export function isSignatureOf(secret: string, text: string, signature: string): boolean {
  const [, hex] = HEX_SIGNATURE.exec(signature) ?? []
  return hex !== undefined && equalBytes(Uint8Array.fromHex(hex), sign(secret, text))
}
