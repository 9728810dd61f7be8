import { pbkdf2Sync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Isolate } from '../../../src/lib/isolate.ts'
import { keptWasmBytes } from '../../../src/lib/password-hash/argon2.ts'
import { parseStoredHash } from '../../../src/lib/password-hash/parse.ts'
import { findHashRefusal, hashPassword, verifyPassword } from '../../../src/lib/password-hash/password-hash.ts'
import passlib from '../../vectors/password-hashes.passlib.json'

const newHashing = () => ({
  isolate: new Isolate(),
  random: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
})
const ctx = newHashing()
const MIB = 1024 * 1024

describe('a new hash', () => {
  it('is argon2id with 19 MiB and two passes, and is current', async () => {
    const hash = await hashPassword(ctx, 'correct horse battery')
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(await verifyPassword(ctx, hash, 'correct horse battery')).toEqual({ matches: true, isOutdated: false })
    expect((await verifyPassword(ctx, hash, 'correct horse batterz')).matches).toBe(false)
  })

  it('has a salt of its own', async () => {
    const [a, b] = [await hashPassword(ctx, 'correct horse battery'), await hashPassword(ctx, 'correct horse battery')]
    expect(a).not.toBe(b)
  })

  it('matches the password however its letters are composed', async () => {
    const hash = await hashPassword(ctx, 'pâsswörd-é'.normalize('NFD'))
    expect((await verifyPassword(ctx, hash, 'pâsswörd-é'.normalize('NFC'))).matches).toBe(true)
    expect((await verifyPassword(ctx, hash, 'pâsswörd-é'.normalize('NFD'))).matches).toBe(true)
  })

  it('does not match a password that is shorter than the module takes', async () => {
    const hash = await hashPassword(ctx, 'correct horse battery')
    for (const short of ['', 'a', '1234567']) expect((await verifyPassword(ctx, hash, short)).matches).toBe(false)
  })

  it('shares one instance between concurrent hashes of different passwords', async () => {
    const fresh = newHashing()
    const passwords = ['first password', 'second password', 'third password']
    const hashes = await Promise.all(passwords.map((password) => hashPassword(fresh, password)))
    const checks = await Promise.all(hashes.map((hash, index) => verifyPassword(fresh, hash, passwords[index] ?? '')))
    expect(checks.map(({ matches }) => matches)).toEqual([true, true, true])
  })
})

describe('WASM memory', () => {
  it('is 20 MiB and kept for the current parameters', async () => {
    const fresh = newHashing()
    await hashPassword(fresh, 'correct horse battery')
    expect(keptWasmBytes(fresh)).toBe(20 * MIB)
  })

  it('is given up after a hash that needed more than 32 MiB', async () => {
    const fresh = newHashing()
    const stored = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
    expect(await verifyPassword(fresh, stored, 'password')).toEqual({ matches: true, isOutdated: true })
    expect(keptWasmBytes(fresh)).toBe(0)
  })
})

describe('hashes beyond the cost bounds', () => {
  const salt = 'c29tZXNhbHQ'
  const key = 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  const tooDear = [
    `$argon2id$v=19$m=65537,t=1,p=1$${salt}$${key}`,
    `$argon2id$v=19$m=65536,t=9,p=1$${salt}$${key}`,
    `$argon2id$v=19$m=4194304,t=1,p=1$${salt}$${key}`,
    `$argon2i$m=8,t=4000000000,p=1$${salt}$${key}`,
    `$scrypt$ln=16,r=8,p=1$${salt}$${key}`,
    `$scrypt$ln=4,r=1,p=900000$${salt}$${key}`,
    `$scrypt$ln=1,r=1,p=524288$${salt}$${key}`,
    `$scrypt$ln=1,r=1,p=2000000$${salt}$${key}`,
    `$2b$14$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW`,
    `$pbkdf2-sha256$i=1000001$${salt}$${key}`,
    `pbkdf2_sha1$600000$salt$${btoa('k'.repeat(40))}`,
  ]
  for (const hash of tooDear) {
    it(`refuses ${hash.slice(0, 40)} without taking memory`, async () => {
      const fresh = newHashing()
      expect(findHashRefusal(hash)).toMatch(/exceed/)
      expect(await verifyPassword(fresh, hash, 'password')).toEqual({ matches: false, isOutdated: false })
      expect(keptWasmBytes(fresh)).toBe(0)
    })
  }

  it('takes each at its bound', () => {
    const atBound = [
      `$argon2id$v=19$m=65536,t=8,p=1$${salt}$${key}`,
      `$scrypt$ln=15,r=8,p=1$${salt}$${key}`,
      `$2b$13$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW`,
      `$pbkdf2-sha256$i=1000000$${salt}$${key}`,
    ]
    expect(atBound.map(findHashRefusal)).toEqual([null, null, null, null])
  })

  it('verifies what scrypt has at the bounds without a throw', async () => {
    for (const parameters of ['ln=15,r=1,p=1', 'ln=1,r=1,p=8192', 'ln=7,r=8,p=1024', 'ln=1,r=8192,p=1']) {
      const hash = `$scrypt$${parameters}$${salt}$${key}`
      expect([parameters, findHashRefusal(hash)]).toEqual([parameters, null])
      expect((await verifyPassword(ctx, hash, 'password')).matches).toBe(false)
    }
  })

  it('takes no scrypt that RFC 7914 2 does not know: N is less than 2^(16r)', () => {
    expect(findHashRefusal(`$scrypt$ln=16,r=1,p=1$${salt}$${key}`)).toMatch(/malformed/)
  })

  it('refuses a password of more than 128 characters', async () => {
    const hash = await hashPassword(ctx, 'x'.repeat(129))
    expect((await verifyPassword(ctx, hash, 'x'.repeat(129))).matches).toBe(false)
  })
})

describe('PBKDF2 above what the platform computes', () => {
  it('is verified in JavaScript', async () => {
    const key = pbkdf2Sync('password', 'somesalt', 100_001, 32, 'sha256')
    const hash = `pbkdf2_sha256$100001$somesalt$${key.toString('base64')}`
    expect(await verifyPassword(ctx, hash, 'password')).toEqual({ matches: true, isOutdated: true })
  })
})

describe('any text as a stored hash', () => {
  const known = Object.values(passlib.correct)
    .flat()
    .map(([, hash]) => String(hash))

  it('is parsed without a throw, also when a known hash is damaged', () => {
    const damaged = fc
      .tuple(fc.constantFrom(...known), fc.nat(), fc.string({ maxLength: 3 }), fc.nat({ max: 3 }))
      .map(([hash, at, text, cut]) => {
        const index = at % hash.length
        return hash.slice(0, index) + text + hash.slice(index + cut)
      })
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), damaged), (text) => {
        const hash = parseStoredHash(text)
        expect(hash === undefined || hash.kind.length > 0).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('is verified without a throw', async () => {
    for (const text of ['', '$', '$$$$', '$argon2id$', 'null', '$2b$04$', '$scrypt$ln=31,r=1,p=1$$', 'x'.repeat(5000)])
      expect(await verifyPassword(ctx, text, 'password')).toEqual({ matches: false, isOutdated: false })
  })
})
