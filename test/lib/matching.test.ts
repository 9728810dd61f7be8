import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesPattern, StepLimitReached, spend } from '../../src/lib/matching.ts'

/** By definition: tries everything. */
function matchesSlowly(pattern: readonly string[], text: readonly string[]): boolean {
  const [first, ...others] = pattern
  if (first === undefined) return text.length === 0
  if (first === '*') return text.some((_, at) => matchesSlowly(others, text.slice(at))) || matchesSlowly(others, [])
  return text.length > 0 && (first === '?' || first === text[0]) && matchesSlowly(others, text.slice(1))
}

describe('matchesPattern', () => {
  it.each([
    ['', ''],
    ['*', ''],
    ['**', 'x'],
    ['*', 'any text\nof two lines'],
    ['document:read', 'document:read'],
    ['document:*', 'document:'],
    ['*:read', 'document:read'],
    ['doc*read', 'document:read'],
    ['d?c', 'dxc'],
    ['???', 'abc'],
    ['?', '😀'],
    ['a*😀?', 'ab😀é'],
    ['*a*b*', 'xxaxxbxx'],
    ['*ab', 'abab'],
    ['a.c', 'a.c'],
    ['[a-z]$^\\', '[a-z]$^\\'],
    [`${'a'.repeat(100)}*${'?'.repeat(100)}b`, `${'a'.repeat(230)}b`],
  ])('%j matches %j', (pattern, text) => {
    expect(matchesPattern(pattern, text)).toBe(true)
  })

  it.each([
    ['', 'a'],
    ['?', ''],
    ['?', 'ab'],
    ['document:read', 'Document:read'],
    ['document:read', 'document:reads'],
    ['document:*', 'document'],
    ['aba*aba', 'aba'],
    ['a.c', 'abc'],
    ['*a*b*', 'xxbxxaxx'],
    ['a?c', 'ac'],
    ['a?*c', 'ac'],
    [`${'a'.repeat(100)}*${'?'.repeat(100)}b`, `${'a'.repeat(199)}b`],
  ])('%j does not match %j', (pattern, text) => {
    expect(matchesPattern(pattern, text)).toBe(false)
  })

  it('matches what its definition says', () => {
    const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '😀'), maxLength: 9 })
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', '😀'), maxLength: 9 })
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        expect(matchesPattern(pattern, text)).toBe(matchesSlowly([...pattern], [...text]))
      }),
      { numRuns: 5000 },
    )
  })

  it('matches long patterns, across the words of its state', () => {
    const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '?', '*'), minLength: 30, maxLength: 256 })
    fc.assert(
      fc.property(patterns, fc.string({ unit: fc.constantFrom('a', 'b') }), (pattern, filling) => {
        const text = pattern.replaceAll('?', 'b').replaceAll('*', filling)
        expect(matchesPattern(pattern, text)).toBe(true)
        expect(matchesPattern(`${pattern}c`, text)).toBe(false)
      }),
      { numRuns: 500 },
    )
  })
})

describe('the work of a match', () => {
  const work = (pattern: string, text: string): number => {
    const steps = { left: Number.MAX_SAFE_INTEGER }
    matchesPattern(pattern, text, steps)
    return Number.MAX_SAFE_INTEGER - steps.left
  }

  it.each(['*a*a*a*b', `${'*a'.repeat(127)}b`, `*${'a'.repeat(253)}*b`, `*${'?'.repeat(254)}b`])(
    'grows with the text and no faster, for %s',
    (pattern) => {
      const [short = 0, long = 0] = [1e4, 1e5].map((length) => work(pattern, `${'a'.repeat(length)}b`))
      expect(long / short).toBeCloseTo(10, 0)
      expect(long).toBeLessThanOrEqual(8 * (256 + 100_001) + 1)
    },
  )

  it('is one step where a comparison of two ends decides', () => {
    expect(['document', 'doc*', '*ment', 'd*t', '*'].map((pattern) => work(pattern, 'document'))).toEqual([
      1, 1, 1, 1, 1,
    ])
  })

  it('ends soon for the worst pattern and a long text', () => {
    // Trying each way would take longer than the age of the universe.
    expect(matchesPattern(`${'*a'.repeat(127)}b`, `${'a'.repeat(1_000_000)}cb`)).toBe(false)
  })

  it('is refused when the steps are spent', () => {
    const steps = { left: 100 }
    expect(() => matchesPattern('*a*b', 'b'.repeat(100), steps)).toThrow(StepLimitReached)
    expect(() => spend(steps, 0)).toThrow(StepLimitReached)
  })
})
