import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findBrokenVariables } from '../../../../src/config.ts'
import { decoysOf, isDecoy } from '../../../../src/features/factors/passkeys/rules/decoys.ts'
import {
  addsFactor,
  amrOf,
  drawPlainBytes,
  readClientData,
  toCanonical,
} from '../../../../src/features/factors/passkeys/rules/encoding.ts'
import {
  isExpectedOrigin,
  relatedOrigins,
  relyingPartyOf,
} from '../../../../src/features/factors/passkeys/rules/relying-party.ts'
import { toBase64Url, utf8 } from '../../../../src/lib/encoding.ts'

const settings = {
  MODE: 'production' as const,
  PUBLIC_URL: 'https://auth.example.com',
  APP_NAME: 'Castle',
  PASSKEY_RP_ID: undefined,
  PASSKEY_RP_NAME: undefined,
  PASSKEY_ORIGINS: [],
}

describe('the relying party', () => {
  it('is the host of PUBLIC_URL, unless it is said', () => {
    expect(relyingPartyOf(settings)).toEqual({
      id: 'auth.example.com',
      name: 'Castle',
      origins: ['https://auth.example.com'],
    })
    expect(relyingPartyOf({ ...settings, PASSKEY_RP_ID: 'example.com' }).id).toBe('example.com')
  })

  it('is localhost for a local service, whose pages may have any port', () => {
    const local = { ...settings, MODE: 'local' as const }
    for (const PUBLIC_URL of ['http://127.0.0.1:8787', 'http://[::1]:8787', 'http://localhost:8787']) {
      const party = relyingPartyOf({ ...local, PUBLIC_URL })
      expect(party.id).toBe('localhost')
      expect(isExpectedOrigin(party, 'http://localhost:5173')).toBe(true)
      expect(isExpectedOrigin(party, 'http://localhost')).toBe(true)
      expect(isExpectedOrigin(party, 'http://evil.localhost:5173')).toBe(false)
      expect(isExpectedOrigin(party, 'https://localhost:5173')).toBe(false)
    }
    const fixed = relyingPartyOf({ ...local, PASSKEY_ORIGINS: ['http://localhost:1'] })
    expect(isExpectedOrigin(fixed, 'http://localhost:2')).toBe(false)
  })

  it('knows its origins, and those of a pattern, and no others', () => {
    const origins = [
      'https://example.com',
      'https://*.example.com',
      'https://*.example.com:8443',
      'android:apk-key-hash:x_-1',
    ]
    const party = relyingPartyOf({ ...settings, PASSKEY_ORIGINS: origins })
    const expected = ['https://example.com', 'https://a.example.com', 'https://a.b.example.com']
    expected.push('https://a.example.com:8443', 'android:apk-key-hash:x_-1')
    for (const origin of expected) expect([origin, isExpectedOrigin(party, origin)]).toEqual([origin, true])
    const others = [
      'http://example.com',
      'https://example.com.evil.com',
      'https://evilexample.com',
      'https://example.com:8443',
    ]
    others.push('https://a.example.com:444', 'https://.example.com', 'https://a.example.com/', 'https://A.example.com')
    others.push(
      'https://evil.com/.example.com',
      'https://evil.com#.example.com',
      'https://evil.com?x=.example.com',
      'null',
    )
    others.push(
      'https://user@a.example.com',
      'https://*.example.com',
      'android:apk-key-hash:x_-2',
      '',
      ' https://example.com',
    )
    for (const origin of others) expect([origin, isExpectedOrigin(party, origin)]).toEqual([origin, false])
    expect(relatedOrigins(party)).toEqual(['https://example.com'])
  })
})

describe('a setting that is no relying party', () => {
  const good = { MODE: 'production', PUBLIC_URL: 'https://auth.example.com', ROOT_SECRET: 'x'.repeat(32) }
  it.each([
    ['PASSKEY_RP_ID', 'Example.com'],
    ['PASSKEY_RP_ID', 'https://example.com'],
    ['PASSKEY_RP_ID', '127.0.0.1'],
    ['PASSKEY_ORIGINS', 'example.com'],
    ['PASSKEY_ORIGINS', 'https://example.com/'],
    ['PASSKEY_ORIGINS', 'https://*'],
    ['PASSKEY_ORIGINS', 'https://a.*.com'],
    ['PASSKEY_ORIGINS', 'http://example.com'],
    ['PASSKEY_ORIGINS', 'http://localhost:3000'],
    ['PASSKEY_USER_VERIFICATION', 'sometimes'],
  ])('is refused: %s=%s', (name, value) => {
    expect(findBrokenVariables(good)).toEqual([])
    const broken = findBrokenVariables({ ...good, [name]: value })
    expect(new Set(broken.map((each) => each.name))).toEqual(new Set([name]))
  })
})

describe('base64', () => {
  it('has one form for every spelling', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const canonical = toBase64Url(bytes)
        for (const text of [canonical, bytes.toBase64(), bytes.toBase64({ omitPadding: true })])
          expect(toCanonical(text)).toBe(canonical)
      }),
    )
  })

  it('is nothing else', () => {
    for (const text of ['A', 'A===', 'AB', '=AAA', 'AA=A', 'AA A', 'é', '%', '\u0000', 'AAAA\n'])
      expect([text, toCanonical(text)]).toEqual([text, undefined])
  })

  it('of drawn bytes needs neither - nor _', () => {
    const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
    for (let draw = 0; draw < 200; draw += 1) expect(toBase64Url(drawPlainBytes(random))).toMatch(/^[A-Za-z0-9]{43}$/)
  })
})

describe('client data', () => {
  const read = (value: unknown) => readClientData(toBase64Url(utf8(JSON.stringify(value))))
  const data = { type: 'webauthn.get', challenge: 'x', origin: 'https://example.com' }

  it('is what a browser writes, whatever it adds', () => {
    expect(read({ ...data, crossOrigin: false, other_keys_can_be_added_here: 'x' })).toEqual({
      ...data,
      isCrossOrigin: false,
    })
    for (const crossOrigin of [true, 1, 'false', null]) expect(read({ ...data, crossOrigin })?.isCrossOrigin).toBe(true)
  })

  it('is nothing when a word is missing or no text', () => {
    for (const value of [
      null,
      [],
      7,
      'x',
      {},
      { ...data, type: 7 },
      { ...data, challenge: null },
      { ...data, origin: {} },
    ])
      expect(read(value)).toBeUndefined()
    for (const text of ['', '%', 'AAAA', toBase64Url(utf8('{')), toBase64Url(Uint8Array.of(0xff, 0xfe))])
      expect(readClientData(text)).toBeUndefined()
  })
})

describe('factors', () => {
  it('are two when the user was verified', () => {
    expect(amrOf({ deviceType: 'singleDevice', userVerified: true })).toEqual(['hwk', 'user', 'mfa'])
    expect(amrOf({ deviceType: 'multiDevice', userVerified: false })).toEqual(['swk', 'user'])
  })

  it('of one kind are one', () => {
    const touch = ['hwk', 'user']
    expect(addsFactor(['pwd'], touch)).toBe(true)
    expect(addsFactor(['email'], touch)).toBe(true)
    expect(addsFactor(touch, touch)).toBe(false)
    expect(addsFactor(['swk', 'user'], touch)).toBe(false)
    expect(addsFactor(touch, [...touch, 'mfa'])).toBe(true)
  })
})

describe('decoys', () => {
  it('are the same for a name, and differ between names and deployments', () => {
    const key = new Uint8Array(32).fill(1)
    expect(decoysOf(key, 'a@example.com')).toEqual(decoysOf(key, 'a@example.com'))
    expect(decoysOf(key, 'a@example.com')).not.toEqual(decoysOf(key, 'b@example.com'))
    expect(decoysOf(key, 'a@example.com')).not.toEqual(decoysOf(new Uint8Array(32), 'a@example.com'))
    const counts = Array.from({ length: 200 }, (_, index) => decoysOf(key, `${index}@example.com`).length)
    expect(new Set(counts)).toEqual(new Set([1, 2]))
  })

  it('are recognized only with the key, and no other id is taken for one', () => {
    const key = new Uint8Array(32).fill(1)
    const ids = Array.from({ length: 50 }, (_, index) => decoysOf(key, `${index}@example.com`)).flat()
    expect(ids.every(({ id }) => isDecoy(key, id))).toBe(true)
    expect(ids.some(({ id }) => isDecoy(new Uint8Array(32), id))).toBe(false)
    for (const id of ['', 'AAAA', 'A'.repeat(11), 'A'.repeat(27), '%', ids[0]?.id.slice(4) ?? ''])
      expect(isDecoy(key, id)).toBe(false)
  })
})
