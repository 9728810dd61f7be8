import { describe, expect, it } from 'vitest'
import { createRemembered } from '../../src/lib/remembered.ts'

describe('a bounded memory', () => {
  it('never holds more than its bound, whatever comes', () => {
    const memory = createRemembered<number>(100)
    for (let index = 0; index < 10_000; index++) {
      memory.set(`key ${index}`, index)
      expect(memory.size).toBeLessThanOrEqual(100)
    }
  })

  it('keeps what is asked for while others come and go', () => {
    const memory = createRemembered<string>(100)
    memory.set('kept', 'value')
    memory.set('left', 'value')
    for (let index = 0; index < 1000; index++) {
      memory.set(`key ${index}`, 'other')
      expect(memory.get('kept')).toBe('value')
    }
    expect(memory.get('left')).toBeUndefined()
  })

  it('forgets everything at once, and says how much that was', () => {
    const memory = createRemembered<number>(4)
    for (const key of ['a', 'b', 'c']) memory.set(key, 1)
    expect([memory.clear(), memory.get('a'), memory.get('c'), memory.size]).toEqual([3, undefined, undefined, 0])
    memory.set('a', 2)
    expect([memory.get('a'), memory.clear(), memory.clear()]).toEqual([2, 1, 0])
  })

  it('answers with what was set last', () => {
    const memory = createRemembered<number>(4)
    for (const value of [1, 2, 3]) memory.set('a', value)
    expect([memory.get('a'), memory.get('__proto__'), memory.size]).toEqual([3, undefined, 1])
  })
})
