import { concatBytes, toBase64, utf8 } from '../../../lib/encoding.ts'

/** A key of ours, with the certificate that shows its public half. */
export interface SamlKey {
  /** DER in base64. */
  readonly certificate: string
  /** PKCS #8 in DER; stored sealed. */
  readonly privateKey: Uint8Array<ArrayBuffer>
}

/** One value in DER (X.690 8.1): tag, length, content. */
function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const content = concatBytes(...parts)
  const length = content.length
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return concatBytes(Uint8Array.of(tag, ...head), content)
}

const SEQUENCE = 0x30
const COMMON_NAME = Uint8Array.of(0x06, 0x03, 0x55, 0x04, 0x03)
/** sha256WithRSAEncryption (RFC 4055 5). */
const RSA_SHA256 = Uint8Array.fromHex('300d06092a864886f70d01010b0500')

const nameOf = (name: string) => der(SEQUENCE, der(0x31, der(SEQUENCE, COMMON_NAME, der(0x0c, utf8(name)))))

/** UTCTime until 2049, GeneralizedTime after it (RFC 5280 4.1.2.5). */
function timeOf(time: number): Uint8Array {
  const digits = new Date(time).toISOString().replace(/[-:T]|\.\d+/g, '')
  return digits < '2050' ? der(0x17, utf8(digits.slice(2))) : der(0x18, utf8(digits))
}

/** A random serial number of 127 bits: positive, and in the shortest form. */
function serial(): Uint8Array {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return der(0x02, bytes)
}

export interface CertificateContent {
  readonly name: string
  readonly notBefore: number
  readonly notAfter: number
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array
}

/** An X.509 certificate of version 1 (RFC 5280 4.1), which who has the key signs for itself. */
export function selfSigned(
  { name, notBefore, notAfter, publicKey }: CertificateContent,
  sign: (content: Uint8Array) => Uint8Array,
): Uint8Array<ArrayBuffer> {
  const validity = der(SEQUENCE, timeOf(notBefore), timeOf(notAfter))
  const content = der(SEQUENCE, serial(), RSA_SHA256, nameOf(name), validity, nameOf(name), publicKey)
  return der(SEQUENCE, content, RSA_SHA256, der(0x03, Uint8Array.of(0), sign(content)))
}

/** The private key as the runtime's functions take it. */
export const privateKeyPem = (pkcs8: Uint8Array): string =>
  `-----BEGIN PRIVATE KEY-----\n${toBase64(pkcs8)}\n-----END PRIVATE KEY-----\n`

/** A new RSA key of 2048 bits, which signs our requests and opens what is encrypted for us. */
export function newSamlKey(certificate: Omit<CertificateContent, 'publicKey'>): SamlKey {
  const { createSign, generateKeyPairSync } = process.getBuiltinModule('node:crypto')
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  })
  const sign = (content: Uint8Array) => createSign('SHA256').update(content).sign(privateKeyPem(privateKey))
  return {
    certificate: toBase64(selfSigned({ ...certificate, publicKey }, sign)),
    privateKey: Uint8Array.from(privateKey),
  }
}
