type Bytes = Uint8Array<ArrayBuffer>

/** A stored hash, read and checked for form but not yet for cost. `key` is what the right password derives. */
export type StoredHash =
  | {
      readonly kind: 'argon2'
      readonly variant: 'argon2id' | 'argon2i' | 'argon2d'
      readonly version: 0x10 | 0x13
      readonly memoryKib: number
      readonly passes: number
      readonly lanes: number
      readonly salt: Bytes
      readonly key: Bytes
    }
  | {
      readonly kind: 'bcrypt'
      /** What is hashed instead of the password; bcrypt itself reads 72 bytes. */
      readonly input: 'password' | 'sha256-base64' | 'hmac-sha256-base64' | 'sha256-hex'
      readonly cost: number
      /** 22 characters of bcrypt's own alphabet. */
      readonly salt: string
      readonly crypt: string
    }
  | {
      readonly kind: 'scrypt'
      readonly cost: number
      readonly blockSize: number
      readonly lanes: number
      readonly salt: Bytes
      readonly key: Bytes
      /** Firebase encrypts this under the derived key; `key` is the result. */
      readonly signerKey: Bytes | null
    }
  | {
      readonly kind: 'pbkdf2'
      readonly digest: Pbkdf2Digest
      readonly iterations: number
      readonly salt: Bytes
      readonly key: Bytes
    }

export type Pbkdf2Digest = 'sha1' | 'sha256' | 'sha512'

/** What new passwords are hashed with: argon2id, RFC 9106 with OWASP's parameters for 19 MiB. Memory is in KiB. */
export const CURRENT_ARGON2ID = { memoryKib: 19_456, passes: 2, lanes: 1, saltBytes: 16, keyBytes: 32 } as const

/** The PHC string of a hash made with `CURRENT_ARGON2ID`. Salt and key are base64 without padding. */
export const toCurrentPhc = (saltBase64: string, keyBase64: string): string => {
  const { memoryKib, passes, lanes } = CURRENT_ARGON2ID
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${saltBase64}$${keyBase64}`
}

/** Whether a sign-in need not hash the password anew. */
export const isCurrent = (hash: StoredHash): boolean =>
  hash.kind === 'argon2' &&
  hash.variant === 'argon2id' &&
  hash.version === 0x13 &&
  hash.memoryKib === CURRENT_ARGON2ID.memoryKib &&
  hash.passes === CURRENT_ARGON2ID.passes &&
  hash.lanes === CURRENT_ARGON2ID.lanes &&
  hash.salt.length >= CURRENT_ARGON2ID.saltBytes &&
  hash.key.length === CURRENT_ARGON2ID.keyBytes

const DIGEST_BYTES: Record<Pbkdf2Digest, number> = { sha1: 20, sha256: 32, sha512: 64 }

/**
 * Why a hash is too dear to verify (decision 0030), or null. Read before any memory is taken: whoever writes a row
 * must not choose what a sign-in costs.
 */
export function findCostRefusal(hash: StoredHash): string | null {
  switch (hash.kind) {
    case 'argon2': {
      if (hash.memoryKib > 64 * 1024) return 'argon2 memory exceeds 64 MiB'
      return hash.memoryKib * hash.passes > 512 * 1024 ? 'argon2 memory times passes exceeds 512 MiB' : null
    }
    case 'bcrypt':
      return hash.cost > 13 ? 'bcrypt cost exceeds 13' : null
    case 'scrypt': {
      const block = 128 * hash.cost * hash.blockSize
      if (block > 32 * 1024 * 1024) return 'scrypt memory exceeds 32 MiB'
      // PBKDF2 makes a block for each lane, all of them at once, before any of that memory is used.
      if (128 * hash.blockSize * hash.lanes > 1024 * 1024) return 'scrypt lanes exceed 1 MiB'
      return block * hash.lanes > 512 * 1024 * 1024 ? 'scrypt memory times lanes exceeds 512 MiB' : null
    }
    case 'pbkdf2': {
      // Each further digest of output costs all iterations again.
      const work = hash.iterations * Math.ceil(hash.key.length / DIGEST_BYTES[hash.digest])
      return work > 1_000_000 ? 'PBKDF2 iterations exceed 1,000,000' : null
    }
  }
}
