import { equalBytes } from '../crypto.ts'
import { utf8 } from '../encoding.ts'
import type { Isolate } from '../isolate.ts'
import { deriveArgon2, MIN_ARGON2_PASSWORD_BYTES } from './argon2.ts'
import { toBase64NoPadding } from './base64.ts'
import { costOf, findCostRefusal, MAX_HASH_MS } from './cost.ts'
import { verifyBcrypt, verifyPbkdf2, verifyScrypt } from './derive.ts'
import { MAX_VERIFIED_PASSWORD_LENGTH, passwordLength } from './length.ts'
import { parseStoredHash } from './parse.ts'
import { CURRENT_COST, CURRENT_FORM, type HashCost, isCurrent, type StoredHash, toCurrentPhc } from './stored-hash.ts'

interface Verifying {
  readonly isolate: Isolate
  /** The cost of new hashes. */
  readonly hashCost: HashCost
}

interface Hashing extends Verifying {
  random(length: number): Uint8Array<ArrayBuffer>
}

export interface Verification {
  readonly matches: boolean
  /** It matches, but the hash differs in form from new ones: the password should be hashed again. */
  readonly isOutdated: boolean
}

/** Whether `hashPassword` accepts it. A shorter password that another system accepted keeps that system's hash. */
export const isHashable = (password: string): boolean =>
  utf8(password.normalize('NFC')).length >= MIN_ARGON2_PASSWORD_BYTES

/**
 * The forms in which another system may have hashed this password: as the keyboard sent it, or in a Unicode normal form.
 * Only one string for ASCII.
 */
export const spellingsOf = (password: string): string[] => [
  ...new Set([password.normalize('NFC'), password, password.normalize('NFKC'), password.normalize('NFD')]),
]

/** A PHC string of the password in NFC, because keyboards compose characters differently. */
export async function hashPassword(ctx: Hashing, password: string): Promise<string> {
  const salt = ctx.random(CURRENT_FORM.saltBytes)
  const key = await deriveWithSalt(ctx, password.normalize('NFC'), salt)
  return toCurrentPhc(ctx.hashCost, toBase64NoPadding(salt), toBase64NoPadding(key))
}

/** Only the key, derived as by `hashPassword`, with a salt that a set of short secrets shares. */
export function deriveWithSalt(ctx: Verifying, secret: string, salt: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const { lanes, keyBytes } = CURRENT_FORM
  const parameters = { variant: 'argon2id', version: 0x13, ...ctx.hashCost, lanes, salt } as const
  return deriveArgon2(ctx, utf8(secret), parameters, keyBytes)
}

async function matches(ctx: { isolate: Isolate }, password: string, hash: StoredHash): Promise<boolean> {
  switch (hash.kind) {
    case 'argon2': {
      const bytes = utf8(password)
      // Normal forms differ in length: one may have 8 bytes and another fewer.
      if (bytes.length < MIN_ARGON2_PASSWORD_BYTES || !isHashable(password)) return false
      return equalBytes(await deriveArgon2(ctx, bytes, hash, hash.key.length), hash.key)
    }
    case 'bcrypt':
      return verifyBcrypt(password, hash)
    case 'scrypt':
      return verifyScrypt(password, hash)
    case 'pbkdf2':
      return verifyPbkdf2(password, hash)
  }
}

/**
 * Whether `stored` is a hash of `password`. Our own hashes are of the NFC form; an imported one is tried with each spelling.
 * False, without any hashing, for a malformed hash, one beyond the cost bounds, and a password that is too long.
 */
export async function verifyPassword(ctx: Verifying, stored: string, password: string): Promise<Verification> {
  const hash = parseStoredHash(stored)
  const isRefused = !hash || findCostRefusal(hash) !== null || passwordLength(password) > MAX_VERIFIED_PASSWORD_LENGTH
  if (isRefused) return { matches: false, isOutdated: false }
  const isOurs = isCurrent(hash, ctx.hashCost)
  for (const spelling of isOurs ? [password.normalize('NFC')] : spellingsOf(password)) {
    if (await matches(ctx, spelling, hash)) return { matches: true, isOutdated: !isOurs }
  }
  return { matches: false, isOutdated: false }
}

/** Why a hash cannot be imported, or null. */
export function findHashRefusal(stored: string): string | null {
  const read = readImportedHash(stored)
  return 'hash' in read ? null : read.reason
}

/**
 * The form in which another system's hash is stored, or why it cannot be imported; `isTooExpensive` when it is valid but needs too
 * much CPU. A hash with our own parameters is stored in Django's format, because it may not be of the NFC form, as ours are.
 */
export function readImportedHash(
  stored: string,
  maxMs?: number,
): { hash: string } | { reason: string; isTooExpensive: boolean } {
  const hash = parseStoredHash(stored)
  if (!hash) return { reason: 'the hash is malformed or of an unknown form', isTooExpensive: false }
  const reason = findCostRefusal(hash, maxMs)
  if (reason !== null) return { reason, isTooExpensive: true }
  return { hash: isCurrent(hash, CURRENT_COST) ? `argon2${stored}` : stored }
}

/** CPU time (ms) to verify one normal form: more than `MAX_HASH_MS` for a refused hash, 0 for a malformed one. */
export function costOfStored(stored: string): number {
  const hash = parseStoredHash(stored)
  if (!hash) return 0
  return findCostRefusal(hash) === null ? costOf(hash) : MAX_HASH_MS + 1
}
