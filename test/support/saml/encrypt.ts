import { constants, createCipheriv, publicEncrypt, randomBytes } from 'node:crypto'
import { ANSWER, replaced, type Signing, sign } from './documents.ts'
import type { TestKey } from './keys.ts'

const ENC = 'http://www.w3.org/2001/04/xmlenc#'
const ENC11 = 'http://www.w3.org/2009/xmlenc11#'
const DSIG = 'http://www.w3.org/2000/09/xmldsig#'

export const CIPHERS = {
  'aes-128-cbc': { name: `${ENC}aes128-cbc`, bytes: 16 },
  'aes-192-cbc': { name: `${ENC}aes192-cbc`, bytes: 24 },
  'aes-256-cbc': { name: `${ENC}aes256-cbc`, bytes: 32 },
  'aes-128-gcm': { name: `${ENC11}aes128-gcm`, bytes: 16 },
  'aes-192-gcm': { name: `${ENC11}aes192-gcm`, bytes: 24 },
  'aes-256-gcm': { name: `${ENC11}aes256-gcm`, bytes: 32 },
} as const
export type Cipher = keyof typeof CIPHERS

const digest = (name: string) => `<ds:DigestMethod xmlns:ds="${DSIG}" Algorithm="${name}"/>`
/** How providers name the wrapping of keys, and its hash. */
export const WRAPPINGS = {
  'mgf1p without a digest': { method: `<xenc:EncryptionMethod Algorithm="${ENC}rsa-oaep-mgf1p"/>`, hash: 'sha1' },
  'mgf1p with SHA-1': {
    method: `<xenc:EncryptionMethod Algorithm="${ENC}rsa-oaep-mgf1p">${digest(`${DSIG}sha1`)}</xenc:EncryptionMethod>`,
    hash: 'sha1',
  },
  'mgf1p with SHA-256': {
    method: `<xenc:EncryptionMethod Algorithm="${ENC}rsa-oaep-mgf1p">${digest(`${ENC}sha256`)}</xenc:EncryptionMethod>`,
    hash: 'sha256',
  },
  'OAEP of version 1.1 with SHA-256': {
    method: `<xenc:EncryptionMethod Algorithm="${ENC11}rsa-oaep">${digest(`${ENC}sha256`)}<e:MGF xmlns:e="${ENC11}" Algorithm="${ENC11}mgf1sha256"/></xenc:EncryptionMethod>`,
    hash: 'sha256',
  },
} as const
export type Wrapping = keyof typeof WRAPPINGS

export interface Encrypting {
  readonly cipher?: Cipher
  readonly wrapping?: Wrapping
  /** Changes the plaintext. */
  readonly edit?: (plain: string) => string
  /** Changes the bytes of the content, or of the wrapped key. */
  readonly editContent?: (bytes: Uint8Array) => Uint8Array
  readonly editKey?: (bytes: Uint8Array) => Uint8Array
  /** Changes the encrypted assertion as text. */
  readonly editXml?: (xml: string) => string
}

function encryptBytes(cipher: Cipher, key: Uint8Array, plain: Uint8Array): Uint8Array {
  const isGcm = cipher.endsWith('gcm')
  const iv = randomBytes(isGcm ? 12 : 16)
  if (isGcm) {
    const made = createCipheriv(cipher as 'aes-256-gcm', key, iv)
    return Buffer.concat([iv, made.update(plain), made.final(), made.getAuthTag()])
  }
  // Padding of XML Encryption: random bytes, and their number.
  const count = 16 - (plain.length % 16)
  const padding = Uint8Array.from([...randomBytes(count - 1), count])
  const made = createCipheriv(cipher, key, iv).setAutoPadding(false)
  return Buffer.concat([iv, made.update(plain), made.update(padding), made.final()])
}

const ASSERTION = /<saml:Assertion .*<\/saml:Assertion>/s
const same = <T>(value: T): T => value

/** An answer with its assertion encrypted for a key. */
export function encrypted(xml: string, recipient: TestKey, options: Encrypting = {}): string {
  const { cipher = 'aes-256-gcm', wrapping = 'mgf1p without a digest' } = options
  const { edit = same, editContent = same, editKey = same, editXml = same } = options
  const { name, bytes } = CIPHERS[cipher]
  const { method, hash } = WRAPPINGS[wrapping]
  const contentKey = Uint8Array.from(randomBytes(bytes))
  const key = { key: recipient.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash }
  const wrapped = editKey(Uint8Array.from(publicEncrypt(key, contentKey)))
  const plain = edit(ASSERTION.exec(xml)?.[0] ?? '')
  const content = editContent(encryptBytes(cipher, contentKey, new TextEncoder().encode(plain)))
  const element = `<saml:EncryptedAssertion><xenc:EncryptedData xmlns:xenc="${ENC}" Type="${ENC}Element"><xenc:EncryptionMethod Algorithm="${name}"/><ds:KeyInfo xmlns:ds="${DSIG}"><xenc:EncryptedKey>${method}<xenc:CipherData><xenc:CipherValue>${Uint8Array.from(wrapped).toBase64()}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>${Uint8Array.from(content).toBase64()}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>`
  return replaced(xml, ASSERTION, editXml(element))
}

/** The answer, with an assertion that declares its namespaces itself. */
export const LONE = replaced(
  ANSWER,
  '<saml:Assertion ',
  '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ',
)

/** What of an encrypted answer is signed: the assertion inside, the response around, or both. */
export const ENCRYPTED_SHAPES = {
  inside: (key: TestKey, recipient: TestKey, options?: Encrypting, xml = LONE, signing?: Signing) =>
    encrypted(sign(xml, '_assertion', key, signing), recipient, options),
  around: (key: TestKey, recipient: TestKey, options?: Encrypting, xml = LONE) =>
    sign(encrypted(xml, recipient, options), '_response', key),
  'inside and around': (key: TestKey, recipient: TestKey, options?: Encrypting, xml = LONE, signing?: Signing) =>
    sign(encrypted(sign(xml, '_assertion', key, signing), recipient, options), '_response', key),
} as const
