import { describe, expect, it } from 'vitest'
import { createBoundedCache, createSizedCache } from '../../src/lib/bounded-cache.ts'

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

describe('a cache by size', () => {
  it('never has more bytes than its bound, whatever is set', () => {
    const cache = createSizedCache(1000)
    const values = cache.of<number>('a')
    for (let index = 0; index < 5000; index++) {
      values.set(`key ${index % 37}`, index, (index * 7919) % 400)
      expect(cache.bytes).toBeLessThanOrEqual(1000)
    }
    expect(cache.bytes).toBeGreaterThan(0)
  })

  it('removes the least recently used first, of whichever kind', () => {
    const cache = createSizedCache(30)
    const [roles, policies] = [cache.of<string>('roles'), cache.of<string>('policies')]
    roles.set('x', 'r', 10)
    policies.set('x', 'p', 10)
    roles.set('y', 'q', 10)
    expect(roles.get('x')).toBe('r')
    policies.set('y', 's', 10)
    expect([roles.get('x'), policies.get('x'), roles.get('y'), policies.get('y')]).toEqual(['r', undefined, 'q', 's'])
    policies.set('z', 't', 20)
    expect([roles.get('x'), roles.get('y'), policies.get('y'), policies.get('z')]).toEqual([
      undefined,
      undefined,
      's',
      't',
    ])
    expect(cache.bytes).toBe(30)
  })

  it('counts a value that was replaced once, and does not keep one that is larger than all', () => {
    const cache = createSizedCache(100)
    const values = cache.of<string>('a')
    values.set('x', 'old', 60)
    values.set('x', 'new', 70)
    expect([values.get('x'), cache.bytes]).toEqual(['new', 70])
    values.set('x', 'huge', 101)
    expect([values.get('x'), cache.bytes]).toEqual([undefined, 0])
    values.set('y', 'all', 100)
    expect([values.get('y'), cache.bytes]).toEqual(['all', 100])
  })
})
