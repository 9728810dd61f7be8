import { createHash, createHmac, scrypt as nodeScrypt } from 'node:crypto'
import bcrypt from 'bcryptjs'
import { equalBytes } from '../crypto.ts'
import { utf8 } from '../encoding.ts'
import { NATIVE_PBKDF2_ITERATIONS } from './cost.ts'
import { DIGEST_BYTES, pbkdf2InWasm } from './pbkdf2.ts'
import type { StoredHash } from './stored-hash.ts'

type Kind<K extends StoredHash['kind']> = Extract<StoredHash, { kind: K }>

/** The string that each format passes to bcrypt, as text because bcryptjs takes strings. */
const BCRYPT_INPUTS: Record<Kind<'bcrypt'>['input'], (password: string, salt: string) => string> = {
  password: (password) => password,
  'sha256-hex': (password) => createHash('sha256').update(password).digest('hex'),
  'sha256-base64': (password) => createHash('sha256').update(password).digest('base64'),
  'hmac-sha256-base64': (password, salt) => createHmac('sha256', salt).update(password).digest('base64'),
}

export const verifyBcrypt = (password: string, hash: Kind<'bcrypt'>): Promise<boolean> =>
  bcrypt.compare(BCRYPT_INPUTS[hash.input](password, hash.salt), hash.crypt)

function deriveScrypt(password: Uint8Array, hash: Kind<'scrypt'>, length: number): Promise<Uint8Array> {
  const options = { N: hash.cost, r: hash.blockSize, p: hash.lanes, maxmem: 64 * 1024 * 1024 }
  return new Promise((resolve, reject) =>
    nodeScrypt(password, hash.salt, length, options, (cause, key) => (cause ? reject(cause) : resolve(key))),
  )
}

const AES_KEY_BYTES = 32

/** Firebase's scrypt: the project's signer key, encrypted with AES-256-CTR (counter zero) under the scrypt key. */
async function encryptSignerKey(key: Uint8Array, signerKey: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const aes = await crypto.subtle.importKey('raw', Uint8Array.from(key), 'AES-CTR', false, ['encrypt'])
  const params = { name: 'AES-CTR', counter: new Uint8Array(16), length: 64 }
  return new Uint8Array(await crypto.subtle.encrypt(params, aes, signerKey))
}

export async function verifyScrypt(password: string, hash: Kind<'scrypt'>): Promise<boolean> {
  if (!hash.signerKey) return equalBytes(await deriveScrypt(utf8(password), hash, hash.key.length), hash.key)
  const key = await deriveScrypt(utf8(password), hash, AES_KEY_BYTES)
  return equalBytes(await encryptSignerKey(key, hash.signerKey), hash.key)
}

const NATIVE_DIGESTS = { sha1: 'SHA-1', sha256: 'SHA-256', sha512: 'SHA-512' } as const

async function pbkdf2Native(password: Uint8Array<ArrayBuffer>, hash: Kind<'pbkdf2'>): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits'])
  const { salt, iterations } = hash
  const params = { name: 'PBKDF2', hash: NATIVE_DIGESTS[hash.digest], salt, iterations }
  return new Uint8Array(await crypto.subtle.deriveBits(params, key, DIGEST_BYTES[hash.digest] * 8))
}

/**
 * Compares only the first block of the output. Every further block costs all iterations again and proves nothing more
 * (RFC 8018 5.2). It matters for Keycloak, which stores 64 bytes derived with SHA-1.
 */
export async function verifyPbkdf2(password: string, hash: Kind<'pbkdf2'>): Promise<boolean> {
  const derive = hash.iterations <= NATIVE_PBKDF2_ITERATIONS ? pbkdf2Native : pbkdf2InWasm
  const first = await derive(utf8(password), hash)
  const length = Math.min(first.length, hash.key.length)
  return equalBytes(first.subarray(0, length), hash.key.subarray(0, length))
}
