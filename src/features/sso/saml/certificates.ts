import type { KeyObject, X509Certificate } from 'node:crypto'
import { toBase64 } from '../../../lib/encoding.ts'
import type { KeyKind, TrustedKey } from './algorithms.ts'

const crypto = () => process.getBuiltinModule('node:crypto')

/** A certificate that may be trusted. Once it is, its key is, not its date: owners are warned before it ends. */
export interface Certificate {
  /** DER in base64: how it is stored, and what `trustedKeys` takes. */
  readonly certificate: string
  readonly kind: KeyKind
  /** SHA-256 of the DER, hexadecimal in lower case. */
  readonly fingerprint: string
  readonly notAfter: number
}

export type CertificateProblem = 'not_a_certificate' | 'weak_key' | 'certificate_expired'

/** A larger one costs more to verify than any provider needs. */
const RSA_BITS = { min: 2048, max: 8192 }
const CURVES: ReadonlyMap<string | undefined, KeyKind> = new Map([
  ['prime256v1', 'p256'],
  ['secp384r1', 'p384'],
])

/** Its key, if it is of a kind that is taken and not too weak. */
function findKey(certificate: X509Certificate): Omit<TrustedKey, 'certificate'> | undefined {
  const kindOf = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): KeyKind | undefined => {
    if (asymmetricKeyType === 'ec') return CURVES.get(asymmetricKeyDetails?.namedCurve)
    const bits = asymmetricKeyDetails?.modulusLength ?? 0
    return asymmetricKeyType === 'rsa' && bits >= RSA_BITS.min && bits <= RSA_BITS.max ? 'rsa' : undefined
  }
  try {
    const { publicKey } = certificate
    const kind = kindOf(publicKey)
    return kind && { kind, key: String(publicKey.export({ type: 'spki', format: 'pem' })) }
  } catch {
    // A kind of key that the runtime does not know.
    return undefined
  }
}

const PEM = /^-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----$/

/** base64 with or without line breaks, or PEM, as metadata and people have it. */
function parse(text: string): X509Certificate | undefined {
  const base64 = (PEM.exec(text.trim())?.[1] ?? text).replace(/[ \t\r\n]+/g, '')
  try {
    return new (crypto().X509Certificate)(Uint8Array.fromBase64(base64, { lastChunkHandling: 'strict' }))
  } catch {
    return undefined
  }
}

export interface CertificateOptions {
  readonly now: number
  /** Fingerprints of those that are trusted already: their date counts no more. */
  readonly trusted: ReadonlySet<string>
}

/** A certificate as it is configured: RSA from 2048 bits, P-256 or P-384, not expired unless it is trusted. */
export function readCertificate(
  text: string,
  { now, trusted }: CertificateOptions,
): Certificate | { readonly problem: CertificateProblem } {
  const parsed = parse(text)
  if (!parsed) return { problem: 'not_a_certificate' }
  const key = findKey(parsed)
  if (!key) return { problem: 'weak_key' }
  const notAfter = Date.parse(parsed.validTo)
  const fingerprint = crypto().createHash('sha256').update(parsed.raw).digest('hex')
  if (!(notAfter > now || trusted.has(fingerprint))) return { problem: 'certificate_expired' }
  return { certificate: toBase64(parsed.raw), kind: key.kind, fingerprint, notAfter }
}

/** The keys of stored certificates. One that is no longer taken is left out: what nobody trusts verifies nothing. */
export const trustedKeys = (certificates: readonly string[]): readonly TrustedKey[] =>
  certificates.flatMap((text) => {
    const parsed = parse(text)
    const key = parsed && findKey(parsed)
    return key ? { ...key, certificate: text } : []
  })
