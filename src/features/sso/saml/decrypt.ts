import type { XmlElement } from './libraries.mjs'
import { ENCRYPTION, ENCRYPTION_11, SIGNATURE } from './names.ts'
import { parseXml, type Xml } from './parse.ts'
import { foldRefusals, refuse } from './refusal.ts'
import { checkLoneAssertion } from './shape.ts'
import { checkText, decodeUtf8, MESSAGE_LIMITS } from './text.ts'
import { attributeOf, childElements, is, onlyChild, textOf } from './tree.ts'

const crypto = () => process.getBuiltinModule('node:crypto')
const fail = () => refuse('decryption')

interface CipherRow {
  readonly name: 'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc' | 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm'
  readonly isGcm: boolean
}

const CIPHERS: ReadonlyMap<string | undefined, CipherRow> = new Map([
  [`${ENCRYPTION}aes128-cbc`, { name: 'aes-128-cbc', isGcm: false }],
  [`${ENCRYPTION}aes192-cbc`, { name: 'aes-192-cbc', isGcm: false }],
  [`${ENCRYPTION}aes256-cbc`, { name: 'aes-256-cbc', isGcm: false }],
  [`${ENCRYPTION_11}aes128-gcm`, { name: 'aes-128-gcm', isGcm: true }],
  [`${ENCRYPTION_11}aes192-gcm`, { name: 'aes-192-gcm', isGcm: true }],
  [`${ENCRYPTION_11}aes256-gcm`, { name: 'aes-256-gcm', isGcm: true }],
])

type OaepHash = 'sha1' | 'sha256'
const OAEP_DIGESTS: ReadonlyMap<string | undefined, OaepHash> = new Map([
  [`${SIGNATURE}sha1`, 'sha1'],
  [`${ENCRYPTION}sha256`, 'sha256'],
])
const OAEP_MASKS: ReadonlyMap<string | undefined, OaepHash> = new Map([
  [`${ENCRYPTION_11}mgf1sha1`, 'sha1'],
  [`${ENCRYPTION_11}mgf1sha256`, 'sha256'],
])

const need = <T>(value: T | undefined): T => value ?? fail()

const methodOf = (element: XmlElement): XmlElement => need(onlyChild(element, ENCRYPTION, 'EncryptionMethod'))

/** The algorithm that a child names; SHA-1 where it is absent (XML Encryption 1.1, 5.5.2). */
function hashOf(
  method: XmlElement,
  [namespace, name]: readonly [string, string],
  hashes: typeof OAEP_DIGESTS,
): OaepHash {
  const children = childElements(method).filter((child) => child.localName === name)
  const [child, second] = children
  if (!child) return 'sha1'
  return second || !is(child, namespace, name) ? fail() : need(hashes.get(attributeOf(child, 'Algorithm')))
}

/**
 * The one hash of RSA-OAEP: the runtime has no OAEP with two. So `rsa-oaep-mgf1p` with SHA-256 is read as common libraries
 * write it, whose mask has SHA-256 too.
 */
function oaepHashOf(method: XmlElement): OaepHash {
  if (childElements(method).some((child) => child.localName === 'OAEPparams')) fail()
  const digest = hashOf(method, [SIGNATURE, 'DigestMethod'], OAEP_DIGESTS)
  const algorithm = attributeOf(method, 'Algorithm')
  if (algorithm === `${ENCRYPTION}rsa-oaep-mgf1p`) return digest
  const mask = hashOf(method, [ENCRYPTION_11, 'MGF'], OAEP_MASKS)
  return algorithm === `${ENCRYPTION_11}rsa-oaep` && mask === digest ? digest : fail()
}

/** The bytes that stand in the element itself: no address of other bytes is followed. */
function cipherBytesOf(element: XmlElement): Uint8Array {
  const data = need(onlyChild(element, ENCRYPTION, 'CipherData'))
  const value = childElements(data).length === 1 ? onlyChild(data, ENCRYPTION, 'CipherValue') : undefined
  try {
    return Uint8Array.fromBase64(need(textOf(value)), { lastChunkHandling: 'strict' })
  } catch {
    return fail()
  }
}

const unwrap = (key: string, wrapped: Uint8Array, oaepHash: OaepHash): Uint8Array | undefined => {
  const { constants, privateDecrypt } = crypto()
  try {
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, wrapped)
  } catch {
    return undefined
  }
}

/** The content's key, by the first of our keys that opens it. */
function contentKeyOf(data: XmlElement, keys: readonly string[]): Uint8Array {
  const info = need(onlyChild(data, SIGNATURE, 'KeyInfo'))
  const encryptedKey = need(onlyChild(info, ENCRYPTION, 'EncryptedKey'))
  const hash = oaepHashOf(methodOf(encryptedKey))
  const wrapped = cipherBytesOf(encryptedKey)
  for (const key of keys) {
    const contentKey = unwrap(key, wrapped, hash)
    if (contentKey) return contentKey
  }
  return fail()
}

const BLOCK = 16
const GCM = { iv: 12, tag: 16 }

function decryptGcm({ name }: CipherRow, key: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (bytes.length <= GCM.iv + GCM.tag) fail()
  const decipher = crypto().createDecipheriv(name as 'aes-256-gcm', key, bytes.subarray(0, GCM.iv))
  decipher.setAuthTag(bytes.subarray(-GCM.tag))
  return Buffer.concat([decipher.update(bytes.subarray(GCM.iv, -GCM.tag)), decipher.final()])
}

/** Padding is XML Encryption's (5.2): the last byte is its length, the others are anything. */
function decryptCbc({ name }: CipherRow, key: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (bytes.length < 2 * BLOCK || bytes.length % BLOCK !== 0) fail()
  const decipher = crypto().createDecipheriv(name, key, bytes.subarray(0, BLOCK)).setAutoPadding(false)
  const padded = Buffer.concat([decipher.update(bytes.subarray(BLOCK)), decipher.final()])
  const padding = padded.at(-1) ?? 0
  return padding >= 1 && padding <= BLOCK ? padded.subarray(0, -padding) : fail()
}

function decryptBytes(data: XmlElement, keys: readonly string[]): Uint8Array {
  const cipher = need(CIPHERS.get(attributeOf(methodOf(data), 'Algorithm')))
  const key = contentKeyOf(data, keys)
  try {
    return cipher.isGcm ? decryptGcm(cipher, key, cipherBytesOf(data)) : decryptCbc(cipher, key, cipherBytesOf(data))
  } catch {
    // A wrong tag, or a key of another length than the cipher's.
    return fail()
  }
}

const TYPE = `${ENCRYPTION}Element`

/**
 * Rule 10: the assertion in an `EncryptedAssertion`, as a document of its own that passed rules 1 to 4. One reason for every
 * failure: who learned which it was could read a ciphertext byte by byte. Nothing of it is proved yet: a changed block of CBC
 * decrypts without an error.
 */
export function decryptAssertion(encrypted: XmlElement, keys: readonly string[]): Xml {
  return foldRefusals('decryption', () => {
    const data = need(onlyChild(encrypted, ENCRYPTION, 'EncryptedData'))
    if (childElements(encrypted).length !== 1 || (attributeOf(data, 'Type') ?? TYPE) !== TYPE) fail()
    const document = parseXml(checkText(decodeUtf8(decryptBytes(data, keys), MESSAGE_LIMITS), MESSAGE_LIMITS))
    checkLoneAssertion(document)
    return document
  })
}
