import { describe, expect, it } from 'vitest'
import { formatTypedCode, newTypedCode, readTypedCode } from '../../src/lib/typed-code.ts'

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

describe('a code that people type', () => {
  it('has eight characters, none of which looks like another', () => {
    const all = Array.from({ length: 500 }, () => newTypedCode(random))
    for (const code of all) expect(code).toMatch(/^[2-9A-HJ-NP-Z]{8}$/)
    expect(new Set(all).size).toBe(500)
  })

  it('is read with dashes, spaces and in small letters, and nothing else is', () => {
    const code = newTypedCode(random)
    for (const typed of [code, formatTypedCode(code), ` ${code.slice(0, 4).toLowerCase()} ${code.slice(4)} `])
      expect(readTypedCode(typed)).toBe(code)
    for (const typed of ['', 'ABCD-EFG', 'ABCD-EFGHJ', 'ABCD-EFG0', 'ABCD-EFG1', 'ABCD_EFGH', 'ＡBCDEFGH'])
      expect(readTypedCode(typed)).toBeNull()
  })
})
