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
  /** Of new hashes. */
  readonly hashCost: HashCost
}

interface Hashing extends Verifying {
  random(length: number): Uint8Array<ArrayBuffer>
}

export interface Verification {
  readonly matches: boolean
  /** It matches, and is of another form than new ones: hash it anew. */
  readonly isOutdated: boolean
}

/** Whether `hashPassword` takes it. A shorter one that another system let pass keeps the hash of that system. */
export const isHashable = (password: string): boolean =>
  utf8(password.normalize('NFC')).length >= MIN_ARGON2_PASSWORD_BYTES

/**
 * What a person who typed this may have meant: systems hash what the keyboard sent, or one of three normal forms.
 * One string for ASCII.
 */
export const spellingsOf = (password: string): string[] => [
  ...new Set([password.normalize('NFC'), password, password.normalize('NFKC'), password.normalize('NFD')]),
]

/** A PHC string of the password in NFC: keyboards differ in how they compose letters. */
export async function hashPassword(ctx: Hashing, password: string): Promise<string> {
  const salt = ctx.random(CURRENT_FORM.saltBytes)
  const key = await deriveWithSalt(ctx, password.normalize('NFC'), salt)
  return toCurrentPhc(ctx.hashCost, toBase64NoPadding(salt), toBase64NoPadding(key))
}

/** The key alone, as `hashPassword` derives it, under a salt that a set of short secrets shares. */
export function deriveWithSalt(ctx: Verifying, secret: string, salt: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const { lanes, keyBytes } = CURRENT_FORM
  const parameters = { variant: 'argon2id', version: 0x13, ...ctx.hashCost, lanes, salt } as const
  return deriveArgon2(ctx, utf8(secret), parameters, keyBytes)
}

async function matches(ctx: { isolate: Isolate }, password: string, hash: StoredHash): Promise<boolean> {
  switch (hash.kind) {
    case 'argon2': {
      const bytes = utf8(password)
      // One spelling may have 8 bytes where another has not.
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
 * Whether `password` is the one that `stored` was made from. Ours were made from NFC; an imported one is tried with each
 * spelling. False, and nothing spent, for a malformed hash, one beyond the cost bounds, and a password that is too long.
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

/** Why an imported hash cannot be taken, or null. */
export function findHashRefusal(stored: string): string | null {
  const read = readImportedHash(stored)
  return 'hash' in read ? null : read.reason
}

/**
 * A hash of another system as it is kept, or why it cannot be taken; `isTooDear` when it is good and takes too much CPU.
 * One with our own parameters is kept in Django's spelling: it need not be made from NFC, as ours are.
 */
export function readImportedHash(
  stored: string,
  maxMs?: number,
): { hash: string } | { reason: string; isTooDear: boolean } {
  const hash = parseStoredHash(stored)
  if (!hash) return { reason: 'the hash is malformed or of an unknown form', isTooDear: false }
  const reason = findCostRefusal(hash, maxMs)
  if (reason !== null) return { reason, isTooDear: true }
  return { hash: isCurrent(hash, CURRENT_COST) ? `argon2${stored}` : stored }
}

/** What verifying one spelling takes, in ms of CPU: more than `MAX_HASH_MS` for what is refused, 0 for what is malformed. */
export function costOfStored(stored: string): number {
  const hash = parseStoredHash(stored)
  if (!hash) return 0
  return findCostRefusal(hash) === null ? costOf(hash) : MAX_HASH_MS + 1
}
