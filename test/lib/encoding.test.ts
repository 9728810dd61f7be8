import { describe, expect, it } from 'vitest'
import { concatBytes, fromBase64Url, readUint32, toBase64Url, uint32 } from '../../src/lib/encoding.ts'
import { bytesToUuid, bytesToUuidV4, isUuid, newUuid, uuidToBytes } from '../../src/lib/ids.ts'

describe('base64url', () => {
  it('decodes to the encoded bytes', () => {
    for (const length of [0, 1, 2, 3, 31, 73]) {
      const bytes = crypto.getRandomValues(new Uint8Array(length))
      expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes)
    }
  })

  it.each(['A', '=', 'AA==', 'A+', 'A/', ' AA', 'AB', '\u{1f600}'])(
    'refuses %j: each value has only one encoding',
    (text) => {
      expect(fromBase64Url(text)).toBeUndefined()
    },
  )
})

describe('integers', () => {
  it.each([0, 1, 255, 65_536, 0xffffffff])('keeps %i', (value) => {
    expect(readUint32(concatBytes(new Uint8Array(3), uint32(value)), 3)).toBe(value)
  })
})

describe('UUIDs', () => {
  it('survive the conversion to bytes and back', () => {
    const id = newUuid()
    expect(bytesToUuid(uuidToBytes(id))).toBe(id)
  })

  it('of any bytes are version 4', () => {
    expect(isUuid(bytesToUuidV4(new Uint8Array(32).fill(255)))).toBe(true)
    expect(bytesToUuidV4(new Uint8Array(16))).toMatch(/^.{14}4.{4}8/)
  })

  it.each(['', '0', 'g0000000-0000-4000-8000-000000000000', `${newUuid()}0`, newUuid().replaceAll('-', '')])(
    'do not include %j',
    (text) => {
      expect(isUuid(text)).toBe(false)
    },
  )

  it('throw on anything else', () => {
    expect(() => uuidToBytes('nope')).toThrow(TypeError)
    expect(() => bytesToUuid(new Uint8Array(15))).toThrow(TypeError)
  })
})
