const crypto = () => process.getBuiltinModule('node:crypto')

export type KeyKind = 'rsa' | 'p256' | 'p384'

/** A key that a connection trusts. */
export interface TrustedKey {
  readonly kind: KeyKind
  /** As it was given. */
  readonly certificate: string
  /** PEM: beside options the runtime takes no other form. */
  readonly key: string
}

interface SignatureRow {
  readonly kind: KeyKind
  readonly hash: 'SHA256' | 'SHA384' | 'SHA512'
  readonly isPss?: true
}

const MORE = 'http://www.w3.org/2001/04/xmldsig-more#'
const ENC = 'http://www.w3.org/2001/04/xmlenc#'
export const RSA_SHA256 = `${MORE}rsa-sha256`

/** Rule 7: every signature algorithm that is taken. An ECDSA key signs with the hash of its curve alone. */
const SIGNATURE_ROWS: ReadonlyMap<string, SignatureRow> = new Map([
  [RSA_SHA256, { kind: 'rsa', hash: 'SHA256' }],
  [`${MORE}rsa-sha384`, { kind: 'rsa', hash: 'SHA384' }],
  [`${MORE}rsa-sha512`, { kind: 'rsa', hash: 'SHA512' }],
  ['http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1', { kind: 'rsa', hash: 'SHA256', isPss: true }],
  [`${MORE}ecdsa-sha256`, { kind: 'p256', hash: 'SHA256' }],
  [`${MORE}ecdsa-sha384`, { kind: 'p384', hash: 'SHA384' }],
])

/** Rule 7: the digests. */
const DIGESTS: ReadonlyMap<string, string> = new Map([
  [`${ENC}sha256`, 'sha256'],
  [`${MORE}sha384`, 'sha384'],
  [`${ENC}sha512`, 'sha512'],
])

export const isSignatureAlgorithm = (name: string | undefined): boolean =>
  name !== undefined && SIGNATURE_ROWS.has(name)
export const isDigest = (name: string | undefined): boolean => name !== undefined && DIGESTS.has(name)

const SHA256_BYTES = 32

/** Whether a key of the right kind made the signature. Never throws: a signature of a wrong length is a wrong one. */
function isSignedBy(
  { key }: TrustedKey,
  { kind, hash, isPss }: SignatureRow,
  text: string,
  signature: Uint8Array,
): boolean {
  const { constants, createVerify } = crypto()
  const padding = isPss ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING
  const options =
    kind === 'rsa'
      ? { key, padding, ...(isPss && { saltLength: SHA256_BYTES }) }
      : { key, dsaEncoding: 'ieee-p1363' as const }
  try {
    return createVerify(hash).update(text).verify(options, signature)
  } catch {
    return false
  }
}

/** Which of the keys signed the text by an algorithm of the list: the key's kind decides, not the name. */
export function findSigners(
  keys: readonly TrustedKey[],
  algorithm: string,
  text: string,
  signature: Uint8Array,
): readonly TrustedKey[] {
  const row = SIGNATURE_ROWS.get(algorithm)
  if (!row) return []
  return keys.filter((key) => key.kind === row.kind && isSignedBy(key, row, text, signature))
}

/** The digest of a text, in base64. */
export const digestOf = (algorithm: string, text: string): string =>
  crypto()
    .createHash(DIGESTS.get(algorithm) ?? '')
    .update(text)
    .digest('base64')

export const DIGEST_NAMES: readonly string[] = [...DIGESTS.keys()]
export const SIGNATURE_NAMES: readonly string[] = [...SIGNATURE_ROWS.keys()]
