import { describe, expect, it } from 'vitest'
import { decodeCursor, encodeCursor, MAX_CHANNELS } from '../../../src/durable/sockets/cursor.ts'
import { toBase64Url, utf8 } from '../../../src/lib/encoding.ts'
import { newUuid } from '../../../src/lib/ids.ts'

const cursorOf = (value: unknown) => toBase64Url(utf8(JSON.stringify(value)))

describe('a cursor', () => {
  it('decodes to the encoded positions', () => {
    const positions = { [`user:${newUuid()}`]: 12, platform: 0, [`organization:${newUuid()}`]: Number.MAX_SAFE_INTEGER }
    expect(decodeCursor(encodeCursor(positions))).toEqual(positions)
    expect(decodeCursor(encodeCursor({}))).toEqual({})
  })

  it('is refused in any other form', () => {
    const impostors = [0, 1, -1, true, null, {}, '', 'platform', ['platform', 1], { platform: 1 }]
    for (const impostor of impostors) expect(decodeCursor(cursorOf(impostor))).toBeUndefined()
    for (const seq of [-1, 1.5, '1', null, 2 ** 60, [1]])
      expect(decodeCursor(cursorOf([['platform', seq]]))).toBeUndefined()
    for (const channel of ['', 'Platform', 'user:1', '__proto__', `user:${newUuid().toUpperCase()}`, 1])
      expect(decodeCursor(cursorOf([[channel, 1]]))).toBeUndefined()
    for (const text of ['', 'x', '====', encodeCursor({ platform: 1 }).slice(0, -1), `${encodeCursor({})}=`])
      expect(decodeCursor(text)).toBeUndefined()
  })

  it('has a bounded number of channels', () => {
    const entries = (count: number) => Array.from({ length: count }, () => [`user:${newUuid()}`, 1])
    expect(Object.keys(decodeCursor(cursorOf(entries(MAX_CHANNELS))) ?? {})).toHaveLength(MAX_CHANNELS)
    expect(decodeCursor(cursorOf(entries(MAX_CHANNELS + 1)))).toBeUndefined()
    expect(decodeCursor('A'.repeat(100_000))).toBeUndefined()
  })
})
