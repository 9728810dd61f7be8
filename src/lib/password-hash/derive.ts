import { createHash, createHmac, scrypt as nodeScrypt } from 'node:crypto'
import { sha1 } from '@noble/hashes/legacy.js'
import { pbkdf2Async } from '@noble/hashes/pbkdf2.js'
import { scryptAsync } from '@noble/hashes/scrypt.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import bcrypt from 'bcryptjs'
import { equalBytes } from '../crypto.ts'
import { utf8 } from '../encoding.ts'
import type { StoredHash } from './stored-hash.ts'

type Kind<K extends StoredHash['kind']> = Extract<StoredHash, { kind: K }>

/** bcryptjs reads strings. Each input is the spelling that its format hashes instead of the password. */
const BCRYPT_INPUTS: Record<Kind<'bcrypt'>['input'], (password: string, salt: string) => string> = {
  password: (password) => password,
  'sha256-hex': (password) => createHash('sha256').update(password).digest('hex'),
  'sha256-base64': (password) => createHash('sha256').update(password).digest('base64'),
  'hmac-sha256-base64': (password, salt) => createHmac('sha256', salt).update(password).digest('base64'),
}

export const verifyBcrypt = (password: string, hash: Kind<'bcrypt'>): Promise<boolean> =>
  bcrypt.compare(BCRYPT_INPUTS[hash.input](password, hash.salt), hash.crypt)

/** workerd's scrypt refuses N * r * p above this. */
const NATIVE_SCRYPT_WORK = 2 ** 20

function scryptNative(password: Uint8Array, hash: Kind<'scrypt'>, length: number): Promise<Uint8Array> {
  const options = { N: hash.cost, r: hash.blockSize, p: hash.lanes, maxmem: 64 * 1024 * 1024 }
  return new Promise((resolve, reject) =>
    nodeScrypt(password, hash.salt, length, options, (cause, key) => (cause ? reject(cause) : resolve(key))),
  )
}

function deriveScrypt(password: Uint8Array, hash: Kind<'scrypt'>, length: number): Promise<Uint8Array> {
  if (hash.cost * hash.blockSize * hash.lanes <= NATIVE_SCRYPT_WORK) return scryptNative(password, hash, length)
  return scryptAsync(password, hash.salt, { N: hash.cost, r: hash.blockSize, p: hash.lanes, dkLen: length })
}

const AES_KEY_BYTES = 32

/** Firebase's form: AES-256-CTR of the project's signer key, counter zero, under the scrypt key. */
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

/** Web Crypto throws above this in production, although local workerd does not. */
const NATIVE_PBKDF2_ITERATIONS = 100_000

const DIGESTS = {
  sha1: { name: 'SHA-1', hash: sha1 },
  sha256: { name: 'SHA-256', hash: sha256 },
  sha512: { name: 'SHA-512', hash: sha512 },
}

async function pbkdf2Native(password: Uint8Array<ArrayBuffer>, hash: Kind<'pbkdf2'>): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits'])
  const { name } = DIGESTS[hash.digest]
  const params = { name: 'PBKDF2', hash: name, salt: hash.salt, iterations: hash.iterations }
  return new Uint8Array(await crypto.subtle.deriveBits(params, key, hash.key.length * 8))
}

export async function verifyPbkdf2(password: string, hash: Kind<'pbkdf2'>): Promise<boolean> {
  const key =
    hash.iterations <= NATIVE_PBKDF2_ITERATIONS
      ? await pbkdf2Native(utf8(password), hash)
      : await pbkdf2Async(DIGESTS[hash.digest].hash, utf8(password), hash.salt, {
          c: hash.iterations,
          dkLen: hash.key.length,
        })
  return equalBytes(key, hash.key)
}
