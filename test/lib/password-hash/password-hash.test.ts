import { pbkdf2Sync } from 'node:crypto'
import { argon2idAsync } from '@noble/hashes/argon2.js'
import { hash as hashBcrypt } from 'bcryptjs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/lib/encoding.ts'
import { Isolate } from '../../../src/lib/isolate.ts'
import { keptWasmBytes } from '../../../src/lib/password-hash/argon2.ts'
import { parseStoredHash } from '../../../src/lib/password-hash/parse.ts'
import {
  deriveWithSalt,
  findHashRefusal,
  hashPassword,
  isHashable,
  readImportedHash,
  spellingsOf,
  verifyPassword,
} from '../../../src/lib/password-hash/password-hash.ts'
import { pbkdf2InWasm } from '../../../src/lib/password-hash/pbkdf2.ts'
import { CURRENT_COST, type Pbkdf2Digest } from '../../../src/lib/password-hash/stored-hash.ts'
import rfc from '../../vectors/kdf-rfc.json'
import passlib from '../../vectors/password-hashes.passlib.json'

const newHashing = () => ({
  isolate: new Isolate(),
  hashCost: CURRENT_COST,
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

  it('has its own salt', async () => {
    const [a, b] = [await hashPassword(ctx, 'correct horse battery'), await hashPassword(ctx, 'correct horse battery')]
    expect(a).not.toBe(b)
  })

  it('matches the password in any Unicode composition', async () => {
    const hash = await hashPassword(ctx, 'pâsswörd-é'.normalize('NFD'))
    expect((await verifyPassword(ctx, hash, 'pâsswörd-é'.normalize('NFC'))).matches).toBe(true)
    expect((await verifyPassword(ctx, hash, 'pâsswörd-é'.normalize('NFD'))).matches).toBe(true)
  })

  it("does not match a password below the module's minimum", async () => {
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
  it('is 20 MiB for the current parameters, and is kept', async () => {
    const fresh = newHashing()
    await hashPassword(fresh, 'correct horse battery')
    expect(keptWasmBytes(fresh)).toBe(20 * MIB)
  })

  it('is dropped after a hash that needed more than 32 MiB', async () => {
    const fresh = newHashing()
    const stored = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
    expect(await verifyPassword(fresh, stored, 'password')).toEqual({ matches: true, isOutdated: true })
    expect(keptWasmBytes(fresh)).toBe(0)
  })
})

describe('hashes beyond the cost bounds', () => {
  const salt = 'c29tZXNhbHQ'
  const key = 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  const tooExpensive = [
    `$argon2id$v=19$m=65537,t=1,p=1$${salt}$${key}`,
    `$argon2id$v=19$m=65536,t=9,p=1$${salt}$${key}`,
    `$argon2id$v=19$m=4194304,t=1,p=1$${salt}$${key}`,
    `$argon2i$m=8,t=4000000000,p=1$${salt}$${key}`,
    `$scrypt$ln=16,r=8,p=1$${salt}$${key}`,
    `$scrypt$ln=4,r=1,p=900000$${salt}$${key}`,
    `$scrypt$ln=1,r=1,p=524288$${salt}$${key}`,
    `$scrypt$ln=1,r=1,p=2000000$${salt}$${key}`,
    `$2b$14$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW`,
    `$pbkdf2-sha256$i=2000001$${salt}$${key}`,
    `$pbkdf2-sha512$i=1500001$${salt}$${key}`,
    `$argon2id$v=19$m=65536,t=8,p=1$${salt}$${key}`,
    `$argon2i$v=19$m=65536,t=2,p=1$${salt}$${key}`,
    `$argon2id$m=65536,t=2,p=1$${salt}$${key}`,
    `$scrypt$ln=15,r=8,p=8$${salt}$${key}`,
  ]
  for (const hash of tooExpensive) {
    it(`refuses ${hash.slice(0, 40)} without taking memory`, async () => {
      const fresh = newHashing()
      expect(findHashRefusal(hash)).toMatch(/exceed/)
      expect(await verifyPassword(fresh, hash, 'password')).toEqual({ matches: false, isOutdated: false })
      expect(keptWasmBytes(fresh)).toBe(0)
    })
  }

  it('accepts each at its bound', () => {
    const atBound = [
      `$argon2id$v=19$m=65536,t=7,p=1$${salt}$${key}`,
      `$argon2i$v=19$m=65536,t=1,p=1$${salt}$${key}`,
      `$scrypt$ln=15,r=8,p=1$${salt}$${key}`,
      `$2b$13$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW`,
      `$scrypt$ln=15,r=8,p=4$${salt}$${key}`,
      `$pbkdf2-sha256$i=2000000$${salt}$${key}`,
      `$pbkdf2-sha512$i=1500000$${salt}$${key}`,
      // Keycloak's 64 bytes of SHA-1, of which only the first block is compared.
      `$pbkdf2-sha1$i=1300000$${salt}$${btoa('k'.repeat(64)).replace(/=+$/, '')}`,
    ]
    expect(atBound.map(findHashRefusal)).toEqual(atBound.map(() => null))
  })

  it('verifies scrypt hashes at the bounds without an exception', async () => {
    for (const parameters of ['ln=15,r=1,p=1', 'ln=1,r=1,p=8192', 'ln=7,r=8,p=1024', 'ln=1,r=8192,p=1']) {
      const hash = `$scrypt$${parameters}$${salt}$${key}`
      expect([parameters, findHashRefusal(hash)]).toEqual([parameters, null])
      expect((await verifyPassword(ctx, hash, 'password')).matches).toBe(false)
    }
  })

  it('refuses scrypt parameters outside RFC 7914 2: N must be less than 2^(16r)', () => {
    expect(findHashRefusal(`$scrypt$ln=16,r=1,p=1$${salt}$${key}`)).toMatch(/malformed/)
  })

  it('verifies no password of more than 1,024 characters', async () => {
    const hash = await hashPassword(ctx, 'x'.repeat(1025))
    expect((await verifyPassword(ctx, hash, 'x'.repeat(1025))).matches).toBe(false)
  })

  it('returns the cost of a hash, and refuses it above the requested limit', () => {
    const hash = '$2b$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'
    expect(readImportedHash(hash, 451)).toEqual({ hash })
    expect(readImportedHash(hash, 450)).toEqual({
      reason: 'bcrypt of cost 12 takes 451 ms to verify: it exceeds 450 ms',
      isTooExpensive: true,
    })
  })
})

describe("PBKDF2 beyond the platform's limit", () => {
  const base64 = (bytes: Uint8Array) => bytes.toBase64({ omitPadding: true })
  const phcOf = (digest: string, iterations: number, salt: string, key: Uint8Array) =>
    `$pbkdf2-${digest}$i=${iterations}$${base64(utf8(salt))}$${base64(key)}`

  it('is verified by the module, with separate memory for each derivation', async () => {
    const hashes = ['sha1', 'sha256', 'sha512'].map((digest) =>
      phcOf(digest, 100_001, 'somesalt', pbkdf2Sync('password', 'somesalt', 100_001, 64, digest)),
    )
    const verify = (hash: string, password: string) => verifyPassword(ctx, hash, password)
    const right = await Promise.all(hashes.map((hash) => verify(hash, 'password')))
    expect(right).toEqual(hashes.map(() => ({ matches: true, isOutdated: true })))
    const wrong = await Promise.all(hashes.map((hash) => verify(hash, 'Password')))
    expect(wrong.map(({ matches }) => matches)).toEqual([false, false, false])
  })

  it.each(rfc.pbkdf2)('gives $prf of $c iterations as published, by the module', async ({ prf, P, S, c, hex }) => {
    const parameters = { digest: prf as Pbkdf2Digest, iterations: c, salt: utf8(S) }
    const first = await pbkdf2InWasm(utf8(P), parameters)
    const length = Math.min(first.length, hex.length / 2)
    expect(first.toHex().slice(0, 2 * length)).toBe(hex.slice(0, 2 * length))
  })

  it("gives the platform's results for keys and salts of any length", async () => {
    for (const digest of ['sha1', 'sha256', 'sha512'] as const) {
      for (const length of [0, 1, 63, 64, 65, 127, 128, 129, 300]) {
        const [password, salt] = ['p'.repeat(length), 's'.repeat(length)]
        const first = await pbkdf2InWasm(utf8(password), { digest, iterations: 3, salt: utf8(salt) })
        expect(first.toHex()).toBe(pbkdf2Sync(password, salt, 3, first.length, digest).toString('hex'))
      }
    }
  })

  it("verifies Django's 1,500,000 and Keycloak's 1,300,000 iterations", { timeout: 60_000 }, async () => {
    const django = pbkdf2Sync('correct horse', 'seasoning', 1_500_000, 32, 'sha256').toString('base64')
    const keycloak = pbkdf2Sync('correct horse', 'somesalt', 1_300_000, 64, 'sha1')
    for (const hash of [`pbkdf2_sha256$1500000$seasoning$${django}`, phcOf('sha1', 1_300_000, 'somesalt', keycloak)])
      expect([hash, (await verifyPassword(ctx, hash, 'correct horse')).matches]).toEqual([hash, true])
  })
})

describe('a password of fewer than 8 bytes', () => {
  const short = 'abc123'

  it('is never hashed with argon2, ours or imported', async () => {
    const fresh = newHashing()
    const ours = await hashPassword(newHashing(), 'correct horse battery')
    const salt = utf8('somesalt')
    const key = await argon2idAsync(short, salt, { t: 1, m: 64, p: 1, dkLen: 32 })
    const imported = `$argon2id$v=19$m=64,t=1,p=1$${salt.toBase64({ omitPadding: true })}$${key.toBase64({ omitPadding: true })}`
    for (const hash of [ours, imported])
      for (const password of ['', 'a', short, 'ä12345'])
        expect(await verifyPassword(fresh, hash, password)).toEqual({ matches: false, isOutdated: false })
    expect(keptWasmBytes(fresh)).toBe(0)
    await expect(hashPassword(fresh, short)).rejects.toThrow(RangeError)
    expect(isHashable(short)).toBe(false)
  })

  it('is verified with a hash of another kind', async () => {
    const bcrypt = await hashBcrypt(short, 4)
    const key = pbkdf2Sync(short, 'somesalt', 1000, 32, 'sha256').toString('base64')
    for (const hash of [bcrypt, `pbkdf2_sha256$1000$somesalt$${key}`])
      expect(await verifyPassword(ctx, hash, short)).toEqual({ matches: true, isOutdated: true })
  })
})

describe('an imported hash of a password with several Unicode forms', () => {
  // A composed letter, a ligature and a full-width digit have four different forms.
  const typed = 'pa\u0308sswörd-\ufb01-\uff11'

  it('matches what was typed, NFC, NFKC and NFD', async () => {
    expect(spellingsOf(typed)).toHaveLength(4)
    for (const made of [typed, typed.normalize('NFC'), typed.normalize('NFKC'), typed.normalize('NFD')]) {
      const hash = await hashBcrypt(made, 4)
      expect([made, (await verifyPassword(ctx, hash, typed)).matches]).toEqual([made, true])
    }
    expect((await verifyPassword(ctx, await hashBcrypt(`${typed}x`, 4), typed)).matches).toBe(false)
  })

  it('has only one form of an ASCII password', () => {
    expect(spellingsOf('correct horse battery')).toEqual(['correct horse battery'])
  })

  it('is not treated as our own when it has our parameters', async () => {
    const salt = 'AAAAAAAAAAAAAAAAAAAAAA'
    const made = typed.normalize('NFD')
    const key = await deriveWithSalt(ctx, made, new Uint8Array(16))
    const theirs = `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${key.toBase64({ omitPadding: true })}`
    expect((await verifyPassword(ctx, theirs, typed)).matches).toBe(false)
    const read = readImportedHash(theirs)
    const kept = 'hash' in read ? read.hash : ''
    expect(kept).toBe(`argon2${theirs}`)
    expect(await verifyPassword(ctx, kept, typed)).toEqual({ matches: true, isOutdated: true })
  })
})

describe('any text as a stored hash', () => {
  const known = Object.values(passlib.correct)
    .flat()
    .map(([, hash]) => String(hash))

  it('is parsed without an exception, also when a known hash is damaged', () => {
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

  it('is verified without an exception', async () => {
    for (const text of ['', '$', '$$$$', '$argon2id$', 'null', '$2b$04$', '$scrypt$ln=31,r=1,p=1$$', 'x'.repeat(5000)])
      expect(await verifyPassword(ctx, text, 'password')).toEqual({ matches: false, isOutdated: false })
  })
})
