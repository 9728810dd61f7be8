import { describe, expect, it } from 'vitest'
import { findStep, newTotpSecret, provisioningUriOf } from '../../../src/features/factors/totp/rules.ts'
import { totpAt } from '../../features/factors/totp/support.ts'
import vectors from '../../vectors/otp.json'

const STEP = 30_000
/** The vectors' `12345678901234567890`, base32. */
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

describe('RFC 6238 appendix B', () => {
  // Eight digits there, six here: both are the end of the same number (RFC 4226 5.3).
  it.each(vectors.totp.cases)('at $time', ({ time, sha1 }) => {
    const code = sha1.slice(-6)
    expect(findStep(SECRET, code, time * 1000)).toBe(Math.floor(time / vectors.totp.step))
    expect(totpAt(SECRET, time * 1000)).toBe(code)
  })
})

describe('RFC 4226 appendix D', () => {
  it('has the same codes by counter', () => {
    for (const [counter, code] of vectors.hotp.codes.entries())
      expect(findStep(SECRET, code, counter * STEP)).toBe(counter)
  })
})

describe('RFC 6238 5.2', () => {
  const now = 1_800_000_015_000
  const step = Math.floor(now / STEP)

  it('takes the code of the step before and of the step after, and tells which it was', () => {
    for (const by of [-1, 0, 1]) expect(findStep(SECRET, totpAt(SECRET, now + by * STEP), now)).toBe(step + by)
  })

  it('takes none of two steps away', () => {
    for (const by of [-3, -2, 2, 3]) expect(findStep(SECRET, totpAt(SECRET, now + by * STEP), now)).toBeNull()
  })

  it('takes nothing that is no code', () => {
    const right = totpAt(SECRET, now)
    for (const typed of [
      '',
      ' ',
      right.slice(1),
      `${right}0`,
      `0${right}`,
      'abcdef',
      '-00001',
      '1e5',
      '١٢٣٤٥٦',
      `${right}\n`,
    ])
      expect(findStep(SECRET, typed, now), typed).toBeNull()
  })

  it('finds no code of another secret', () => {
    expect(findStep('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', totpAt(SECRET, now), now)).toBeNull()
  })
})

describe('a secret', () => {
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

  it('has the 160 bits that RFC 4226 4 recommends, and each is its own', () => {
    const secrets = Array.from({ length: 100 }, () => newTotpSecret(random))
    for (const secret of secrets) expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(new Set(secrets).size).toBe(100)
  })

  it('is given to an app with all that it must know', () => {
    const uri = new URL(provisioningUriOf({ issuer: 'Tor & Türe', account: 'a+b@example.test', secret: SECRET }))
    expect(decodeURIComponent(uri.href)).toMatch(/^otpauth:\/\/totp\/Tor & Türe:a\+b@example\.test\?/)
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      issuer: 'Tor & Türe',
      secret: SECRET,
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    })
  })

  it.each([
    ['Acme: Auth', 'Acme Auth'],
    ['a:b::c', 'abc'],
  ])('is given without the colons of its issuer, %j: one colon parts issuer and account', (issuer, shown) => {
    const text = provisioningUriOf({ issuer, account: 'a@example.test', secret: SECRET })
    const uri = new URL(text)
    expect(uri.searchParams.get('issuer')).toBe(shown)
    expect(decodeURIComponent(uri.pathname).split(':')).toEqual([expect.stringMatching(`${shown}$`), 'a@example.test'])
    expect(text).not.toMatch(/%3A/i)
  })
})
