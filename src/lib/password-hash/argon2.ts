import { argon2dAsync, argon2iAsync, argon2idAsync } from '@noble/hashes/argon2.js'
import wasmArgon2id from 'argon2id/lib/argon2id.js'
import { type Isolate, isolateSlot } from '../isolate.ts'
import wasm from './argon2id.wasm'
import { isModuleArgon2, type StoredHash } from './stored-hash.ts'

type Parameters = Omit<Extract<StoredHash, { kind: 'argon2' }>, 'key' | 'kind' | 'isDjango'>

/** The WASM module's minimum. Shorter passwords are never hashed, not even by the slow JavaScript implementation. */
export const MIN_ARGON2_PASSWORD_BYTES = 8

/** In pages of 64 KiB, as the module declares them: 20 MiB are enough for the current parameters. */
const INITIAL_PAGES = 320
const MAXIMUM_PAGES = 65_536
/** WASM memory never shrinks, so a larger instance is dropped after use. */
const KEPT_BYTES = 32 * 1024 * 1024

interface Instance {
  readonly instance: WebAssembly.Instance
  readonly memory: WebAssembly.Memory
}

/** One instance for each isolate: a hash is synchronous, so two never use its memory at once. */
const slot = isolateSlot('argon2id', (): { kept: Instance | null } => ({ kept: null }))

function instantiate(): Instance {
  const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MAXIMUM_PAGES })
  return { memory, instance: new WebAssembly.Instance(wasm, { env: { memory } }) }
}

/** Bytes of WASM memory that this isolate keeps between hashes. */
export const keptWasmBytes = (ctx: { isolate: Isolate }): number => slot(ctx).kept?.memory.buffer.byteLength ?? 0

function argon2idInWasm(ctx: { isolate: Isolate }, password: Uint8Array, hash: Parameters, length: number) {
  const held = slot(ctx)
  const used = held.kept ?? instantiate()
  held.kept = null
  const key = wasmArgon2id(
    {
      password,
      salt: hash.salt,
      parallelism: hash.lanes,
      passes: hash.passes,
      memorySize: hash.memoryKib,
      tagLength: length,
    },
    used,
  )
  if (used.memory.buffer.byteLength <= KEPT_BYTES) held.kept = used
  return key
}

const IN_JAVASCRIPT = { argon2id: argon2idAsync, argon2i: argon2iAsync, argon2d: argon2dAsync }

/**
 * Derives `length` bytes. The caller must have checked the costs: they are not bounded here. Throws RangeError for a password
 * shorter than `MIN_ARGON2_PASSWORD_BYTES`.
 */
export async function deriveArgon2(
  ctx: { isolate: Isolate },
  password: Uint8Array,
  hash: Parameters,
  length: number,
): Promise<Uint8Array> {
  if (password.length < MIN_ARGON2_PASSWORD_BYTES) throw new RangeError('the password is too short for argon2')
  if (isModuleArgon2(hash)) return argon2idInWasm(ctx, password, hash, length)
  const options = { t: hash.passes, m: hash.memoryKib, p: hash.lanes, version: hash.version, dkLen: length }
  return IN_JAVASCRIPT[hash.variant](password, hash.salt, options)
}
