import { describe, expect, it } from 'vitest'
import { hintOf, readCode } from '../../../../src/features/factors/totp/rules.ts'
import { formatTypedCode, newTypedCode } from '../../../../src/lib/typed-code.ts'

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

describe('a typed code', () => {
  it.each([
    ['123456', 'totp', '123456'],
    [' 123 456 ', 'totp', '123456'],
    ['123-456', 'totp', '123456'],
    ['ABCD-2345', 'backup_code', 'ABCD2345'],
    ['abcd2345', 'backup_code', 'ABCD2345'],
    ['AB CD 23 45', 'backup_code', 'ABCD2345'],
  ])('%j is %s %s', (typed, kind, code) => {
    expect(readCode(typed)).toEqual({ kind, code })
  })

  it.each([
    '',
    ' ',
    '12345',
    '1234567',
    'ABCD-234',
    'ABCD-23456',
    'ABCD-O345',
    'ABCD-1345',
    'ＡＢＣＤ２３４５',
    '１２３４５６',
    'x',
  ])('%j is none', (typed) => {
    expect(readCode(typed)).toBeNull()
  })
})

describe('a backup code', () => {
  it('is eight unmistakable characters, and is read in any spelling', () => {
    for (let round = 0; round < 200; round += 1) {
      const code = newTypedCode(random)
      const shown = formatTypedCode(code)
      expect(shown).toMatch(/^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$/)
      expect(readCode(shown.toLowerCase())).toEqual({ kind: 'backup_code', code })
      expect(shown.endsWith(hintOf(code))).toBe(true)
    }
  })

  it('uses all of its 40 bits evenly', () => {
    const counts = new Map<string, number>()
    for (const byte of Array.from({ length: 256 }, (_, value) => value)) {
      const [first = ''] = newTypedCode((length) => new Uint8Array(length).fill(byte))
      counts.set(first, (counts.get(first) ?? 0) + 1)
    }
    expect([counts.size, ...new Set(counts.values())]).toEqual([32, 8])
  })
})
