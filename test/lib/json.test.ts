import { describe, expect, it } from 'vitest'
import { isTooDeep, MAX_JSON_DEPTH } from '../../src/lib/json.ts'

const lists = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
const objects = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

describe('the depth of JSON', () => {
  it.each([lists, objects])('is too much beyond its limit', (nest) => {
    expect(isTooDeep(nest(MAX_JSON_DEPTH))).toBe(false)
    expect(isTooDeep(nest(MAX_JSON_DEPTH + 1))).toBe(true)
    expect(isTooDeep(nest(500_000))).toBe(true)
  })

  it('does not count siblings', () => {
    expect(isTooDeep(`[${'[],{},'.repeat(1000)}1]`)).toBe(false)
  })

  it.each([
    ['brackets', JSON.stringify('['.repeat(1000))],
    ['quotes and brackets', JSON.stringify(`"${'['.repeat(1000)}"`)],
    ['backslashes before its end', JSON.stringify({ a: '\\', b: '['.repeat(1000) })],
  ])('does not count a string of %s', (_, text) => {
    expect(isTooDeep(text)).toBe(false)
  })

  it.each(['', '"', '\\', '"\\', ']'.repeat(10)])('does not throw for text that is not JSON: %j', (text) => {
    expect(isTooDeep(text)).toBe(false)
  })
})
