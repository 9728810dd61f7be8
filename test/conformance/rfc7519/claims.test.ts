import { describe, expect, it } from 'vitest'
import { readClaims } from '../../../src/features/keys/rules/token.ts'
import { utf8 } from '../../../src/lib/encoding.ts'

const NOW = Date.UTC(2026, 5, 1)
const seconds = NOW / 1000
const ID = 'b1c0ffee-0000-4000-8000-000000000000'
const GOOD = {
  iss: 'https://id.example',
  aud: 'postern',
  client_id: ID,
  sub: ID,
  jti: 'j',
  iat: seconds,
  exp: seconds + 600,
  type: 'access',
  scope: '',
}

const judge = (changes: Record<string, unknown>) => {
  const payload = utf8(JSON.stringify({ ...GOOD, ...changes }))
  const judged = readClaims(payload, { issuer: 'https://id.example', audience: 'postern', now: NOW })
  return judged.ok ? 'ok' : judged.reason
}

const IMPOSTORS = [0, 1, -1, 1.5, true, false, null, [], {}, '', 'x', [GOOD.iss], { iss: GOOD.iss }]

describe('claims (4.1)', () => {
  it('are good as they are', () => {
    expect(judge({})).toBe('ok')
  })

  it.each(IMPOSTORS)('iss is compared as a case-sensitive string: %j is another issuer (4.1.1)', (iss) => {
    expect(judge({ iss })).toBe('wrong_issuer')
  })

  it.each(IMPOSTORS)('aud %j is another audience (4.1.3)', (aud) => {
    expect(judge({ aud })).toBe('wrong_audience')
  })

  it.each(IMPOSTORS.filter((value) => ![0, 1].includes(value as number)))(
    'exp %j is no NumericDate of ours (4.1.4)',
    (exp) => {
      expect(judge({ exp })).toBe('malformed')
    },
  )

  it('exp on or before now has passed (4.1.4)', () => {
    expect([seconds + 1, seconds, seconds - 1, 0].map((exp) => judge({ exp }))).toEqual([
      'ok',
      'expired',
      'expired',
      'expired',
    ])
  })

  it('nbf is honoured where it stands, with the leeway of iat (4.1.5)', () => {
    expect([seconds - 1, seconds, seconds + 60, seconds + 61].map((nbf) => judge({ nbf }))).toEqual([
      'ok',
      'ok',
      'ok',
      'not_yet_valid',
    ])
    for (const nbf of ['0', true, null, [], {}]) expect(judge({ nbf })).toBe('not_yet_valid')
  })

  it('iat may be a minute ahead and no more (4.1.6)', () => {
    expect([seconds + 60, seconds + 61].map((iat) => judge({ iat }))).toEqual(['ok', 'not_yet_valid'])
  })

  it.each(['sub', 'jti', 'client_id', 'scope', 'iat', 'exp'])('%s is required', (name) => {
    expect(judge({ [name]: undefined })).toBe('malformed')
  })

  it('no name stands twice (4: reject, not the last one wins)', () => {
    const text = JSON.stringify(GOOD).replace('"jti":"j"', '"jti":"j","jti":"k"')
    const judged = readClaims(utf8(text), { issuer: GOOD.iss, audience: GOOD.aud, now: NOW })
    expect(judged).toEqual({ ok: false, reason: 'malformed' })
  })
})
