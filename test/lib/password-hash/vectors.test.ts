import { describe, expect, it } from 'vitest'
import { Isolate } from '../../../src/lib/isolate.ts'
import { parseStoredHash } from '../../../src/lib/password-hash/parse.ts'
import { findHashRefusal, isHashable, verifyPassword } from '../../../src/lib/password-hash/password-hash.ts'
import { CURRENT_COST } from '../../../src/lib/password-hash/stored-hash.ts'
import argon2 from '../../vectors/argon2.reference.json'
import pyca from '../../vectors/bcrypt.pyca.json'
import firebase from '../../vectors/firebase-scrypt.json'
import rfc from '../../vectors/kdf-rfc.json'
import passlib from '../../vectors/password-hashes.passlib.json'

type Vector = readonly (string | { readonly hex: string })[]

const ctx = { isolate: new Isolate(), hashCost: CURRENT_COST }

/** Skips passwords that are not UTF-8: they cannot be written in JSON, so no client can send them. */
const textVectors = (vectors: readonly Vector[]): (readonly [string, string])[] =>
  vectors.flatMap(([password, hash]) =>
    typeof password === 'string' && typeof hash === 'string' ? [[password, hash] as const] : [],
  )

/** Skips most slow vectors: 64 MiB of argon2 in JavaScript take a second. */
const isQuick = (hash: string): boolean => {
  const parsed = parseStoredHash(hash)
  return parsed?.kind !== 'argon2' || parsed.memoryKib <= 4096
}

/** argon2 is never called with fewer than 8 bytes. */
const isShortForArgon2 = (password: string, hash: string): boolean =>
  parseStoredHash(hash)?.kind === 'argon2' && !isHashable(password)

const isVerified = ([password, hash]: readonly [string, string]): boolean =>
  isQuick(hash) && findHashRefusal(hash) === null && password.length <= 1024 && !isShortForArgon2(password, hash)

describe('published hashes', () => {
  for (const [name, vectors] of Object.entries(passlib.correct)) {
    it(`verifies passlib's ${name}`, async () => {
      const quick = textVectors(vectors as Vector[]).filter(isVerified)
      expect(quick.length).toBeGreaterThan(0)
      for (const [password, hash] of quick) {
        expect([hash, (await verifyPassword(ctx, hash, password)).matches]).toEqual([hash, true])
        expect([hash, (await verifyPassword(ctx, hash, `x${password}`)).matches]).toEqual([hash, false])
      }
    })
  }

  it("verifies pyca's bcrypt", async () => {
    for (const [password, hash] of textVectors([...pyca._test_vectors, ...pyca._2y_test_vectors] as Vector[]))
      expect([hash, (await verifyPassword(ctx, hash, password)).matches]).toEqual([hash, true])
  })

  it('verifies argon2 of both versions, of all variants and at the memory bound', async () => {
    const large = ['argon2i$m=65536,t=1', 'argon2i$v=19$m=65536,t=1', 'argon2id$v=19$m=65536,t=2'].map((start) =>
      argon2.tests.find(({ encoded }) => encoded.startsWith(`$${start}`)),
    )
    const small = argon2.tests.filter(({ m_log2_kib: m }) => m <= 12)
    for (const vector of [...small, ...large]) {
      const { encoded = '', password = '' } = vector ?? {}
      expect([encoded, (await verifyPassword(ctx, encoded, password)).matches]).toEqual([encoded, true])
    }
  })

  it('verifies Firebase scrypt', async () => {
    for (const { password, salt, hash } of firebase.tests) {
      const stored = `$fbscrypt$v=1,n=${firebase.mem_cost},r=${firebase.rounds},p=1,ss=${firebase.base64_salt_separator},sk=${firebase.base64_signer_key}$${salt}$${hash}`
      expect((await verifyPassword(ctx, stored, password)).matches).toBe(true)
      expect((await verifyPassword(ctx, stored, 'user2password')).matches).toBe(false)
    }
  })

  it("verifies the RFCs' scrypt and PBKDF2 values in PHC form", async () => {
    const base64 = (text: string) => new TextEncoder().encode(text).toBase64({ omitPadding: true })
    const key = (hex: string) => Uint8Array.fromHex(hex).toBase64({ omitPadding: true })
    for (const { P, S, N, r, p, hex } of rfc.scrypt) {
      const stored = `$scrypt$ln=${Math.log2(N)},r=${r},p=${p}$${base64(S)}$${key(hex)}`
      expect([stored, (await verifyPassword(ctx, stored, P)).matches]).toEqual([stored, true])
    }
    for (const { prf, P, S, c, hex } of rfc.pbkdf2) {
      const stored = `$pbkdf2-${prf}$i=${c}$${base64(S)}$${key(hex)}`
      expect([stored, (await verifyPassword(ctx, stored, P)).matches]).toEqual([stored, true])
    }
  })
})

describe('malformed hashes', () => {
  for (const [name, hashes] of Object.entries(passlib.malformed)) {
    it(`matches nothing for passlib's ${name}`, async () => {
      for (const hash of hashes as string[]) {
        expect(findHashRefusal(hash)).not.toBeNull()
        expect(await verifyPassword(ctx, hash, 'password')).toEqual({ matches: false, isOutdated: false })
      }
    })
  }
})
