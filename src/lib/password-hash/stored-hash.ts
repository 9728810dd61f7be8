type Bytes = Uint8Array<ArrayBuffer>

/** A parsed hash, checked for its form but not for its cost. `key` is the output for the right password. */
export type StoredHash =
  | {
      readonly kind: 'argon2'
      readonly variant: 'argon2id' | 'argon2i' | 'argon2d'
      /** In Django's format, which our own hashes never have. */
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
      /** What is passed to bcrypt, which reads only 72 bytes. */
      readonly input: 'password' | 'sha256-base64' | 'hmac-sha256-base64' | 'sha256-hex'
      readonly cost: number
      /** 22 characters of bcrypt's base64 alphabet. */
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

/** Cost parameters of new hashes: memory in KiB, and passes over it (RFC 9106 3.1). */
export interface HashCost {
  readonly memoryKib: number
  readonly passes: number
}

/** OWASP's recommendation for argon2id with 19 MiB. */
export const CURRENT_COST: HashCost = { memoryKib: 19_456, passes: 2 }

/** The parameters that do not depend on the cost. */
export const CURRENT_FORM = { lanes: 1, saltBytes: 16, keyBytes: 32 } as const

/** The PHC string of a new hash. Salt and key are base64 without padding. */
export const toCurrentPhc = ({ memoryKib, passes }: HashCost, saltBase64: string, keyBase64: string): string =>
  `$argon2id$v=19$m=${memoryKib},t=${passes},p=${CURRENT_FORM.lanes}$${saltBase64}$${keyBase64}`

/** Whether the WASM module can compute it; JavaScript computes the rest. */
export const isModuleArgon2 = ({ variant, version }: Pick<Argon2, 'variant' | 'version'>): boolean =>
  variant === 'argon2id' && version === 0x13

/** Whether it has the form of new hashes, so that a sign-in need not hash the password again. */
export const isCurrent = (hash: StoredHash, { memoryKib, passes }: HashCost): boolean =>
  hash.kind === 'argon2' &&
  !hash.isDjango &&
  isModuleArgon2(hash) &&
  hash.memoryKib === memoryKib &&
  hash.passes === passes &&
  hash.lanes === CURRENT_FORM.lanes &&
  hash.salt.length >= CURRENT_FORM.saltBytes &&
  hash.key.length === CURRENT_FORM.keyBytes
