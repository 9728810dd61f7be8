import { createHash, createHmac } from 'node:crypto'
import { delay } from '../time.ts'
import wasm from './pbkdf2.wasm'
import type { Pbkdf2Digest, StoredHash } from './stored-hash.ts'

type Parameters = Omit<Extract<StoredHash, { kind: 'pbkdf2' }>, 'kind'>

/** Addresses in the module's memory; scripts/pbkdf2-wasm.mjs has the same ones. */
const INNER = 0
const OUTER = 64
const X = 128
const Y = 256
const T = 384
const KEY = 512

export const DIGEST_BYTES: Record<Pbkdf2Digest, number> = { sha1: 20, sha256: 32, sha512: 64 }

/** Word size of each digest, and the address of its initial value. */
const LAYOUTS = {
  sha1: { wordBytes: 4, initial: 640 },
  sha256: { wordBytes: 4, initial: 704 },
  sha512: { wordBytes: 8, initial: 768 },
} as const satisfies Record<Pbkdf2Digest, object>

/** About 20 ms; between two runs the isolate answers other requests. */
const ITERATIONS_AT_ONCE = 40_000

/** Converts between big-endian words (FIPS 180-4 3.1) and the module's little-endian words. Returns a copy. */
function swapWords(bytes: Uint8Array, wordBytes: number): Uint8Array<ArrayBuffer> {
  const swapped = Uint8Array.from(bytes)
  for (let start = 0; start < swapped.length; start += wordBytes) swapped.subarray(start, start + wordBytes).reverse()
  return swapped
}

/** Pads a digest that is hashed after one block of key: a one bit, zeros, and the length in bits. */
function padDigest(digest: Uint8Array, blockBytes: number): Uint8Array {
  const block = new Uint8Array(blockBytes)
  block.set(digest)
  block[digest.length] = 0x80
  new DataView(block.buffer).setUint32(blockBytes - 4, 8 * (blockBytes + digest.length))
  return block
}

/** RFC 2104 2: the key, padded with zeros; hashed first when it is longer than a block. */
function padKey(digest: Pbkdf2Digest, password: Uint8Array, blockBytes: number): Uint8Array {
  const block = new Uint8Array(blockBytes)
  block.set(password.length > blockBytes ? createHash(digest).update(password).digest() : password)
  return block
}

/**
 * The first block of PBKDF2's output (RFC 8018 5.2: T_1), in WebAssembly: the platform's implementation is limited to 100,000
 * iterations. Each call has its own memory, so derivations may interleave.
 */
export async function pbkdf2InWasm(password: Uint8Array, hash: Omit<Parameters, 'key'>): Promise<Uint8Array> {
  const { digest, iterations, salt } = hash
  const { wordBytes, initial } = LAYOUTS[digest]
  const bytes = DIGEST_BYTES[digest]
  const blockBytes = 16 * wordBytes
  const { exports } = new WebAssembly.Instance(wasm)
  const memory = new Uint8Array((exports.memory as WebAssembly.Memory).buffer)
  const compress = exports[`${digest}_compress`] as (state: number, block: number, out: number) => void
  const iterate = exports[`${digest}_iterate`] as (count: number) => void
  const write = (address: number, text: Uint8Array) => memory.set(swapWords(text, wordBytes), address)

  const key = padKey(digest, password, blockBytes)
  for (const [state, pad] of [
    [INNER, 0x36],
    [OUTER, 0x5c],
  ] as const) {
    write(
      KEY,
      key.map((byte) => byte ^ pad),
    )
    compress(initial, KEY, state)
  }
  const first = createHmac(digest, password)
    .update(salt)
    .update(Uint8Array.of(0, 0, 0, 1))
    .digest()
  write(X, padDigest(first, blockBytes))
  write(Y, padDigest(new Uint8Array(bytes), blockBytes))
  write(T, first)
  for (let left = iterations - 1; left > 0; left -= ITERATIONS_AT_ONCE) {
    iterate(Math.min(left, ITERATIONS_AT_ONCE))
    await delay(0)
  }
  return swapWords(memory.subarray(T, T + bytes), wordBytes)
}
