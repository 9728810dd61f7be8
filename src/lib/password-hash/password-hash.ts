import { equalBytes } from '../crypto.ts'
import { utf8 } from '../encoding.ts'
import type { Isolate } from '../isolate.ts'
import { deriveArgon2 } from './argon2.ts'
import { toBase64NoPadding } from './base64.ts'
import { verifyBcrypt, verifyPbkdf2, verifyScrypt } from './derive.ts'
import { MAX_PASSWORD_LENGTH, passwordLength } from './length.ts'
import { parseStoredHash } from './parse.ts'
import { CURRENT_ARGON2ID, findCostRefusal, isCurrent, type StoredHash, toCurrentPhc } from './stored-hash.ts'

interface Hashing {
  readonly isolate: Isolate
  random(length: number): Uint8Array<ArrayBuffer>
}

export interface Verification {
  readonly matches: boolean
  /** It matches, and is of another form than new ones: hash it anew. */
  readonly isOutdated: boolean
}

/** A PHC string of the password in NFC: keyboards differ in how they compose letters. */
export async function hashPassword(ctx: Hashing, password: string): Promise<string> {
  const salt = ctx.random(CURRENT_ARGON2ID.saltBytes)
  const key = await deriveWithSalt(ctx, password.normalize('NFC'), salt)
  return toCurrentPhc(toBase64NoPadding(salt), toBase64NoPadding(key))
}

/** The key alone, as `hashPassword` derives it, under a salt that a set of short secrets shares. */
export function deriveWithSalt(
  ctx: { isolate: Isolate },
  secret: string,
  salt: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const { memoryKib, passes, lanes, keyBytes } = CURRENT_ARGON2ID
  const parameters = { variant: 'argon2id', version: 0x13, memoryKib, passes, lanes, salt } as const
  return deriveArgon2(ctx, utf8(secret), parameters, keyBytes)
}

async function matches(ctx: { isolate: Isolate }, password: string, hash: StoredHash): Promise<boolean> {
  switch (hash.kind) {
    case 'argon2':
      return equalBytes(await deriveArgon2(ctx, utf8(password), hash, hash.key.length), hash.key)
    case 'bcrypt':
      return verifyBcrypt(password, hash)
    case 'scrypt':
      return verifyScrypt(password, hash)
    case 'pbkdf2':
      return verifyPbkdf2(password, hash)
  }
}

/**
 * Whether `password` is the one that `stored` was made from. False, and nothing spent, for a malformed hash, one beyond
 * the cost bounds, and a password that is too long.
 */
export async function verifyPassword(
  ctx: { isolate: Isolate },
  stored: string,
  password: string,
): Promise<Verification> {
  const hash = parseStoredHash(stored)
  const isRefused = !hash || findCostRefusal(hash) !== null || passwordLength(password) > MAX_PASSWORD_LENGTH
  if (isRefused) return { matches: false, isOutdated: false }
  // Other systems hashed what the keyboard sent.
  for (const spelling of new Set([password.normalize('NFC'), password])) {
    if (await matches(ctx, spelling, hash)) return { matches: true, isOutdated: !isCurrent(hash) }
  }
  return { matches: false, isOutdated: false }
}

/** Why an imported hash cannot be taken, or null. */
export function findHashRefusal(stored: string): string | null {
  const hash = parseStoredHash(stored)
  return hash ? findCostRefusal(hash) : 'the hash is malformed or of an unknown form'
}
