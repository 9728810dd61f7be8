type Bytes = Uint8Array<ArrayBuffer>

/** A stored hash, read and checked for form but not yet for cost. `key` is what the right password derives. */
export type StoredHash =
  | {
      readonly kind: 'argon2'
      readonly variant: 'argon2id' | 'argon2i' | 'argon2d'
      /** Django's spelling, which none of ours has. */
      readonly isDjango: boolean
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

type Argon2 = Extract<StoredHash, { kind: 'argon2' }>

export type Pbkdf2Digest = 'sha1' | 'sha256' | 'sha512'

/** What new passwords are hashed with: argon2id, RFC 9106 with OWASP's parameters for 19 MiB. Memory is in KiB. */
export const CURRENT_ARGON2ID = { memoryKib: 19_456, passes: 2, lanes: 1, saltBytes: 16, keyBytes: 32 } as const

/** The PHC string of a hash made with `CURRENT_ARGON2ID`. Salt and key are base64 without padding. */
export const toCurrentPhc = (saltBase64: string, keyBase64: string): string => {
  const { memoryKib, passes, lanes } = CURRENT_ARGON2ID
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${saltBase64}$${keyBase64}`
}

/** What the WASM module computes; the rest goes through JavaScript. */
export const isModuleArgon2 = ({ variant, version }: Pick<Argon2, 'variant' | 'version'>): boolean =>
  variant === 'argon2id' && version === 0x13

/** Whether it is one of ours, and a sign-in need not hash the password anew. */
export const isCurrent = (hash: StoredHash): boolean =>
  hash.kind === 'argon2' &&
  !hash.isDjango &&
  isModuleArgon2(hash) &&
  hash.memoryKib === CURRENT_ARGON2ID.memoryKib &&
  hash.passes === CURRENT_ARGON2ID.passes &&
  hash.lanes === CURRENT_ARGON2ID.lanes &&
  hash.salt.length >= CURRENT_ARGON2ID.saltBytes &&
  hash.key.length === CURRENT_ARGON2ID.keyBytes
