import { describe, expect, it } from 'vitest'
import { createBoundedCache } from '../../src/lib/bounded-cache.ts'

describe('a bounded cache', () => {
  it('never has more entries than its bound', () => {
    const memory = createBoundedCache<number>(100)
    for (let index = 0; index < 10_000; index++) {
      memory.set(`key ${index}`, index)
      expect(memory.size).toBeLessThanOrEqual(100)
    }
  })

  it('keeps an entry that is used while others are added', () => {
    const memory = createBoundedCache<string>(100)
    memory.set('kept', 'value')
    memory.set('left', 'value')
    for (let index = 0; index < 1000; index++) {
      memory.set(`key ${index}`, 'other')
      expect(memory.get('kept')).toBe('value')
    }
    expect(memory.get('left')).toBeUndefined()
  })

  it('clears all entries and returns their number', () => {
    const memory = createBoundedCache<number>(4)
    for (const key of ['a', 'b', 'c']) memory.set(key, 1)
    expect([memory.clear(), memory.get('a'), memory.get('c'), memory.size]).toEqual([3, undefined, undefined, 0])
    memory.set('a', 2)
    expect([memory.get('a'), memory.clear(), memory.clear()]).toEqual([2, 1, 0])
  })

  it('returns the value that was set last', () => {
    const memory = createBoundedCache<number>(4)
    for (const value of [1, 2, 3]) memory.set('a', value)
    expect([memory.get('a'), memory.get('__proto__'), memory.size]).toEqual([3, undefined, 1])
  })
})
