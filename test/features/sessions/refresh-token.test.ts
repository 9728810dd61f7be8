import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeRefreshToken, refreshTokenEncoder } from '../../../src/features/sessions/rules/refresh-token.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { importRootKeys } from '../../../src/lib/root-keys.ts'

const keys = await importRootKeys({ current: 'a root secret of at least 32 characters', previous: null })
const rotated = await importRootKeys({
  current: 'another root secret of 32 characters and more',
  previous: 'a root secret of at least 32 characters',
})
const encode = await refreshTokenEncoder(keys)
const parts = { userId: newUuid(), sessionId: newUuid(), generation: 4_294_967_295, proof: new Uint8Array(16).fill(9) }

describe('a refresh token', () => {
  it('says what was put into it, and the same parts make the same token', async () => {
    const token = encode(parts)
    expect(token).toMatch(/^prt_[A-Za-z0-9_-]{98}$/)
    expect(encode(parts)).toBe(token)
    expect(await decodeRefreshToken(keys, token)).toEqual(parts)
  })

  it('is still read under the previous root secret, and made under the current one', async () => {
    expect(await decodeRefreshToken(rotated, encode(parts))).toEqual(parts)
    const renewed = (await refreshTokenEncoder(rotated))(parts)
    expect(renewed).not.toBe(encode(parts))
    expect(await decodeRefreshToken(keys, renewed)).toBeUndefined()
  })

  it('is nothing once a single bit of it was changed', async () => {
    const bytes = Uint8Array.fromBase64(encode(parts).slice(4), { alphabet: 'base64url' })
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
        const changed = Uint8Array.from(bytes)
        const index = bit >> 3
        changed[index] = (changed[index] ?? 0) ^ (1 << (bit & 7))
        const token = `prt_${changed.toBase64({ alphabet: 'base64url', omitPadding: true })}`
        expect(await decodeRefreshToken(keys, token)).toBeUndefined()
      }),
      { numRuns: 200 },
    )
  })

  it('has one spelling', async () => {
    const token = encode(parts)
    const others = [
      `${token}=`,
      ` ${token}`,
      token.replace('prt_', 'PRT_'),
      token.slice(4),
      `${token}A`,
      token.slice(0, -1),
    ]
    // The last character carries two bits that mean nothing.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(token.slice(-1))
    others.push(...[1, 2, 3].map((low) => token.slice(0, -1) + alphabet[(last & ~15) | ((last + low) & 15)]))
    for (const other of others.filter((each) => each !== token))
      expect(await decodeRefreshToken(keys, other)).toBeUndefined()
  })

  it('is never garbage', async () => {
    for (const garbage of ['', 'prt_', `prt_${'A'.repeat(98)}`, 'x'.repeat(100_000), `prt_${'é'.repeat(98)}`, 'null'])
      expect(await decodeRefreshToken(keys, garbage)).toBeUndefined()
  })
})
