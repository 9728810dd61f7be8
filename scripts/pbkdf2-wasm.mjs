// Makes src/lib/password-hash/pbkdf2.wasm: the loop of PBKDF2 (RFC 8018 5.2) over HMAC with SHA-1, SHA-256 and SHA-512,
// each compression function unrolled, with its message schedule and state in locals. `--check` compares only.
//
// For each digest the module exports
//   <digest>_compress(state, block, out)   FIPS 180-4 6.1.2, 6.2.2, 6.4.2; the arguments are addresses
//   <digest>_iterate(count)                `count` times: X = HMAC(X), T ^= X
// and its initial value at `INITIAL`. Words stand in memory as WebAssembly has them, little-endian.
import { readFileSync, writeFileSync } from 'node:fs'

const target = new URL('../src/lib/password-hash/pbkdf2.wasm', import.meta.url)

// Addresses; src/lib/password-hash/pbkdf2.ts has them too.
const INNER = 0
const OUTER = 64
const X = 128
const Y = 256
const T = 384
const INITIAL = { sha1: 640, sha256: 704, sha512: 768 }

// Bytes of the binary format: WebAssembly core specification 5.

const I32 = 0x7f
const I64 = 0x7e

function unsigned(value) {
  const bytes = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest]
    bytes.push((rest & 0x7f) | 0x80)
  }
}

/** Of a BigInt. */
function signed(value) {
  const bytes = []
  for (let rest = value; ; ) {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    if ((rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40)) return [...bytes, low]
    bytes.push(low | 0x80)
  }
}

const vector = (items) => [...unsigned(items.length), ...items.flat()]
const sized = (bytes) => [...unsigned(bytes.length), ...bytes]
const section = (id, bytes) => [id, ...sized(bytes)]
const name = (text) => sized([...Buffer.from(text)])

// Instructions: an expression is the bytes that leave its value on the stack.

const get = (local) => [0x20, ...unsigned(local)]
const set = (local, value) => [...value, 0x21, ...unsigned(local)]
const call = (index, ...values) => [...values.flat(), 0x10, ...unsigned(index)]
const address = (value) => [0x41, ...signed(BigInt(value))]

/** The operations on words of 32 or 64 bits. */
function wordOperations(bits) {
  const [constant, load, store, add, and, xor, shiftRight, rotateRight] =
    bits === 32 ? [0x41, 0x28, 0x36, 0x6a, 0x71, 0x73, 0x76, 0x78] : [0x42, 0x29, 0x37, 0x7c, 0x83, 0x85, 0x88, 0x8a]
  const align = bits === 32 ? 2 : 3
  const word = (value) => [constant, ...signed(BigInt.asIntN(bits, BigInt(value)))]
  const fold =
    (operation) =>
    (first, ...rest) => [...first, ...rest.flatMap((value) => [...value, operation])]
  const of = (operation) => (value, count) => [...value, ...word(count), operation]
  return {
    bits,
    bytes: bits / 8,
    type: bits === 32 ? I32 : I64,
    word,
    add: fold(add),
    and: fold(and),
    xor: fold(xor),
    shiftRight: of(shiftRight),
    rotateRight: of(rotateRight),
    load: (base, index) => [...base, load, align, ...unsigned((index * bits) / 8)],
    store: (base, index, value) => [...base, ...value, store, align, ...unsigned((index * bits) / 8)],
  }
}

// Constants of FIPS 180-4 4.2, 5.3: bits of the fractional parts of roots of primes.

const PRIMES = Array.from({ length: 410 }, (_, n) => n).filter(
  (n) => n > 1 && ![...Array(n).keys()].some((d) => d > 1 && n % d === 0),
)

/** The first 64 bits behind the point of the root of `prime`. */
function rootFraction(prime, degree) {
  const power = BigInt(prime) << (64n * degree)
  let root = 0n
  for (let bit = 1n << 70n; bit > 0n; bit >>= 1n) if ((root + bit) ** degree <= power) root += bit
  return BigInt.asUintN(64, root)
}

const cubeRoots = PRIMES.slice(0, 80).map((prime) => rootFraction(prime, 3n))
const squareRoots = PRIMES.slice(0, 8).map((prime) => rootFraction(prime, 2n))
const upperHalf = (value) => value >> 32n

// Compression functions: `state` (0), `block` (1), `out` (2), then the schedule's 16 words, then the state's.

const [STATE, BLOCK, OUT] = [0, 1, 2].map(get)
const SCHEDULE = 3
const WORKING = SCHEDULE + 16

/** Loads block and state, runs `rounds` on the locals, and stores the sum; `rounds` returns the instructions and where a, b, … are then. */
function compression(ops, stateWords, rounds) {
  const working = Array.from({ length: stateWords }, (_, index) => WORKING + index)
  const { instructions, final } = rounds(working)
  return {
    type: 0,
    locals: [[16 + stateWords, ops.type]],
    body: [
      ...Array.from({ length: 16 }, (_, index) => set(SCHEDULE + index, ops.load(BLOCK, index))).flat(),
      ...working.flatMap((local, index) => set(local, ops.load(STATE, index))),
      ...instructions,
      ...final.flatMap((local, index) => ops.store(OUT, index, ops.add(get(local), ops.load(STATE, index)))),
    ],
  }
}

const scheduled = (round) => SCHEDULE + (round % 16)

function sha1() {
  const ops = wordOperations(32)
  const { add, and, xor, word } = ops
  const rotateLeft = (value, count) => ops.rotateRight(value, 32 - count)
  const choose = (b, c, d) => xor(d, and(b, xor(c, d)))
  const parity = (b, c, d) => xor(b, c, d)
  const majority = (b, c, d) => xor(and(b, c), and(d, xor(b, c)))
  const phases = [
    [choose, 0x5a827999],
    [parity, 0x6ed9eba1],
    [majority, 0x8f1bbcdc],
    [parity, 0xca62c1d6],
  ]
  return compression(ops, 5, (working) => {
    let [a, b, c, d, e] = working
    const instructions = []
    for (let round = 0; round < 80; round += 1) {
      const w = scheduled(round)
      if (round >= 16) {
        const before = [3, 8, 14].map((back) => get(scheduled(round + 16 - back)))
        instructions.push(...set(w, rotateLeft(xor(...before, get(w)), 1)))
      }
      const [mix, constant] = phases[Math.floor(round / 20)]
      const mixed = mix(get(b), get(c), get(d))
      instructions.push(...set(e, add(get(e), rotateLeft(get(a), 5), mixed, word(constant), get(w))))
      instructions.push(...set(b, rotateLeft(get(b), 30)))
      ;[a, b, c, d, e] = [e, a, b, c, d]
    }
    return { instructions, final: [a, b, c, d, e] }
  })
}

/** SHA-256 and SHA-512 differ in words, constants, and by how much they rotate. */
function sha2(ops, constants, { sum0, sum1, sigma0, sigma1 }) {
  const { add, and, xor, word, rotateRight, shiftRight } = ops
  const sum = (value, counts) => xor(...counts.map((count) => rotateRight(value, count)))
  const sigma = (value, [one, two, shift]) =>
    xor(rotateRight(value, one), rotateRight(value, two), shiftRight(value, shift))
  const choose = (e, f, g) => xor(g, and(e, xor(f, g)))
  const majority = (a, b, c) => xor(and(a, b), and(c, xor(a, b)))
  return compression(ops, 8, (working) => {
    let [a, b, c, d, e, f, g, h] = working
    const instructions = []
    for (const [round, constant] of constants.entries()) {
      const w = scheduled(round)
      if (round >= 16) {
        const [next, middle, last] = [1, 9, 14].map((ahead) => get(scheduled(round + ahead)))
        instructions.push(...set(w, add(get(w), sigma(next, sigma0), middle, sigma(last, sigma1))))
      }
      const mixed = choose(get(e), get(f), get(g))
      instructions.push(...set(h, add(get(h), sum(get(e), sum1), mixed, word(constant), get(w))))
      instructions.push(...set(d, add(get(d), get(h))))
      instructions.push(...set(h, add(get(h), sum(get(a), sum0), majority(get(a), get(b), get(c)))))
      ;[a, b, c, d, e, f, g, h] = [h, a, b, c, d, e, f, g]
    }
    return { instructions, final: [a, b, c, d, e, f, g, h] }
  })
}

/** local.get 0, i32.const 1, i32.sub, local.tee 0, br_if 0 */
const LOOP_WHILE_COUNTING = [0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0]

/** `count` (0) times: both halves of HMAC, whose padding stands behind X and Y already. */
function iteration(ops, stateWords, compress) {
  const loop = [
    ...call(compress, address(INNER), address(X), address(Y)),
    ...call(compress, address(OUTER), address(Y), address(X)),
    ...Array.from({ length: stateWords }, (_, index) =>
      ops.store(address(T), index, ops.xor(ops.load(address(T), index), ops.load(address(X), index))),
    ).flat(),
    ...LOOP_WHILE_COUNTING,
  ]
  return { type: 1, locals: [], body: [0x03, 0x40, ...loop, 0x0b] }
}

const narrow = wordOperations(32)
const wide = wordOperations(64)

const ROTATIONS_256 = { sum0: [2, 13, 22], sum1: [6, 11, 25], sigma0: [7, 18, 3], sigma1: [17, 19, 10] }
const ROTATIONS_512 = { sum0: [28, 34, 39], sum1: [14, 18, 41], sigma0: [1, 8, 7], sigma1: [19, 61, 6] }

const DIGESTS = [
  {
    name: 'sha1',
    ops: narrow,
    initial: [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0],
    compress: sha1(),
  },
  {
    name: 'sha256',
    ops: narrow,
    initial: squareRoots.map(upperHalf),
    compress: sha2(narrow, cubeRoots.slice(0, 64).map(upperHalf), ROTATIONS_256),
  },
  { name: 'sha512', ops: wide, initial: squareRoots, compress: sha2(wide, cubeRoots, ROTATIONS_512) },
]

const functions = DIGESTS.flatMap(({ ops, initial, compress }, index) => [
  compress,
  iteration(ops, initial.length, 2 * index),
])

const code = ({ locals, body }) =>
  sized([...vector(locals.map(([count, type]) => [...unsigned(count), type])), ...body, 0x0b])

const littleEndian = (value, length) =>
  Array.from({ length }, (_, index) => Number((BigInt(value) >> BigInt(8 * index)) & 0xffn))

const data = DIGESTS.map(({ name: digest, ops, initial }) => [
  0,
  ...address(INITIAL[digest]),
  0x0b,
  ...sized(initial.flatMap((value) => littleEndian(value, ops.bytes))),
])

const exports = [
  [...name('memory'), 2, 0],
  ...DIGESTS.flatMap(({ name: digest }, index) => [
    [...name(`${digest}_compress`), 0, ...unsigned(2 * index)],
    [...name(`${digest}_iterate`), 0, ...unsigned(2 * index + 1)],
  ]),
]

const bytes = Buffer.from([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...section(
    1,
    vector([
      [0x60, ...vector([[I32], [I32], [I32]]), 0],
      [0x60, ...vector([[I32]]), 0],
    ]),
  ),
  ...section(3, vector(functions.map(({ type }) => [type]))),
  // One page of memory, and never more.
  ...section(5, vector([[1, 1, 1]])),
  ...section(7, vector(exports)),
  ...section(10, vector(functions.map(code))),
  ...section(11, vector(data)),
])

if (process.argv.includes('--check')) {
  if (!bytes.equals(readFileSync(target))) {
    console.error('pbkdf2.wasm differs from its source; run: node scripts/pbkdf2-wasm.mjs')
    process.exit(1)
  }
} else {
  writeFileSync(target, bytes)
}
