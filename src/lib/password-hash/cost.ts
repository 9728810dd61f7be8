import { CURRENT_COST, isModuleArgon2, type Pbkdf2Digest, type StoredHash } from './stored-hash.ts'

/** workerd's scrypt refuses N * r * p above this. */
export const NATIVE_SCRYPT_WORK = 2 ** 20
/** Web Crypto throws above this in production, although local workerd does not. */
export const NATIVE_PBKDF2_ITERATIONS = 100_000

type Kind<K extends StoredHash['kind']> = Extract<StoredHash, { kind: K }>

/** A hash that needs more CPU (ms) is refused: each failed sign-in waits as long as the most expensive stored hash takes. */
export const MAX_HASH_MS = 1500

/**
 * Microseconds of CPU for each unit of work, measured on an AMD EPYC and rounded up (docs/import.md). They cannot be measured
 * at run time: the platform's clock stands still while code runs.
 */
const MICROSECONDS = {
  argon2: {
    /** One KiB and one pass. */
    module: 3,
    javaScript: 14,
  },
  bcrypt: {
    /** One of 2^cost rounds. */
    javaScript: 110,
  },
  scrypt: {
    /** One of N * r * p. */
    native: 0.5,
    /** One of r * p: the PBKDF2 steps before and after. */
    nativeLanes: 2,
  },
  pbkdf2: {
    /** One iteration. */
    native: { sha1: 0.25, sha256: 0.25, sha512: 0.6 },
    module: { sha1: 0.35, sha256: 0.7, sha512: 1 },
  },
} as const satisfies Record<StoredHash['kind'], object>

function microsecondsOf(hash: StoredHash): number {
  switch (hash.kind) {
    case 'argon2': {
      const { module, javaScript } = MICROSECONDS.argon2
      return hash.memoryKib * hash.passes * (isModuleArgon2(hash) ? module : javaScript)
    }
    case 'bcrypt':
      return 2 ** hash.cost * MICROSECONDS.bcrypt.javaScript
    case 'scrypt': {
      const lanes = hash.blockSize * hash.lanes
      return hash.cost * lanes * MICROSECONDS.scrypt.native + lanes * MICROSECONDS.scrypt.nativeLanes
    }
    case 'pbkdf2': {
      const { native, module } = MICROSECONDS.pbkdf2
      return hash.iterations * (hash.iterations <= NATIVE_PBKDF2_ITERATIONS ? native : module)[hash.digest]
    }
  }
}

/** CPU time (ms) to verify one normal form of a password. */
export const costOf = (hash: StoredHash): number => Math.ceil(microsecondsOf(hash) / 1000)

/** The same for our own hashes. */
export const OWN_HASH_MS = Math.ceil((CURRENT_COST.memoryKib * CURRENT_COST.passes * MICROSECONDS.argon2.module) / 1000)

const DIGEST_NAMES: Record<Pbkdf2Digest, string> = { sha1: 'SHA-1', sha256: 'SHA-256', sha512: 'SHA-512' }

/** A hash's algorithm and cost parameters, for messages. */
function describe(hash: StoredHash): string {
  switch (hash.kind) {
    case 'argon2':
      return `${hash.variant} of ${hash.memoryKib} KiB and ${hash.passes} passes`
    case 'bcrypt':
      return `bcrypt of cost ${hash.cost}`
    case 'scrypt':
      return `scrypt of N=${hash.cost}, r=${hash.blockSize}, p=${hash.lanes}`
    case 'pbkdf2':
      return `PBKDF2 of ${DIGEST_NAMES[hash.digest]} and ${hash.iterations} iterations`
  }
}

const argon2Refusal = ({ memoryKib, passes }: Kind<'argon2'>): string | null => {
  if (memoryKib > 64 * 1024) return 'argon2 memory exceeds 64 MiB'
  return memoryKib * passes > 512 * 1024 ? 'argon2 memory times passes exceeds 512 MiB' : null
}

function scryptRefusal({ cost, blockSize, lanes }: Kind<'scrypt'>): string | null {
  if (128 * cost * blockSize > 32 * 1024 * 1024) return 'scrypt memory exceeds 32 MiB'
  // PBKDF2 derives the blocks of all lanes before anything else, so this memory adds to the above.
  if (128 * blockSize * lanes > 1024 * 1024) return 'scrypt lanes exceed 1 MiB'
  return cost * blockSize * lanes > NATIVE_SCRYPT_WORK ? 'scrypt N * r * p exceeds 2^20' : null
}

/** Refusals that do not depend on CPU time: too much memory, or beyond what the implementation can compute. */
function findBoundRefusal(hash: StoredHash): string | null {
  switch (hash.kind) {
    case 'argon2':
      return argon2Refusal(hash)
    case 'bcrypt':
      return hash.cost > 13 ? 'bcrypt cost exceeds 13' : null
    case 'scrypt':
      return scryptRefusal(hash)
    case 'pbkdf2':
      return hash.iterations > 2_000_000 ? 'PBKDF2 iterations exceed 2,000,000' : null
  }
}

/**
 * Why a hash is too expensive to verify (decision 0245), or null. Checked before any memory is allocated: whoever supplies a
 * hash must not choose what a sign-in costs.
 */
export function findCostRefusal(hash: StoredHash, maxMs: number = MAX_HASH_MS): string | null {
  const refusal = findBoundRefusal(hash)
  if (refusal !== null) return refusal
  const cost = costOf(hash)
  return cost > maxMs ? `${describe(hash)} takes ${cost} ms to verify: it exceeds ${maxMs} ms` : null
}
