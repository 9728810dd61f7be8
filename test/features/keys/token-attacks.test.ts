import { describe, expect, it } from 'vitest'
import {
  loadSigningKey,
  mintClientToken,
  mintUserToken,
  verifyAccessToken,
} from '../../../src/features/keys/service/tokens.ts'
import { createTestApp } from '../../support/app.ts'
import { foreignKey, seconds, TOKEN_ATTACKS, withPayload } from './attacks.ts'
import { encodeJson, headerOf, signSegments } from './forge.ts'
import { clientClaims, emptyRing, ringIsolate, userClaims } from './support.ts'

const setUp = async () => {
  const ctx = await createTestApp().ctx()
  return { ctx, key: await loadSigningKey(ctx) }
}

describe('an access token with', () => {
  it.each(TOKEN_ATTACKS)('%s is refused as %s', async (_, reason, forge) => {
    const { ctx, key } = await setUp()
    expect(await verifyAccessToken(ctx, await forge(ctx, key))).toEqual({ ok: false, reason })
  })
})

describe('a signature', () => {
  it("of another deployment's key under our kid is refused", async () => {
    const { ctx, key } = await setUp()
    const { privateKey } = await foreignKey()
    const token = await signSegments(
      { alg: 'RS256', privateKey },
      encodeJson(headerOf(key)),
      encodeJson(clientClaims(ctx)),
    )
    expect(await verifyAccessToken(ctx, token)).toEqual({ ok: false, reason: 'bad_signature' })
  })

  it('does not cover another payload or header', async () => {
    const { ctx, key } = await setUp()
    const [header, , signature] = (await mintUserToken(key, userClaims(ctx))).split('.')
    const payload = encodeJson(userClaims(ctx, { role: 'admin', roles: ['admin'] }))
    expect(await verifyAccessToken(ctx, `${header}.${payload}.${signature}`)).toEqual({
      ok: false,
      reason: 'bad_signature',
    })
  })

  it('has only one encoding: changed trailing bits are refused', async () => {
    const { ctx, key } = await setUp()
    const token = await mintClientToken(key, clientClaims(ctx))
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(token.at(-1) ?? '')
    const twin = `${token.slice(0, -1)}${alphabet[last ^ 1]}`
    expect(await verifyAccessToken(ctx, twin)).toMatchObject({ ok: false })
  })

  it.each(['RS256', 'ES256', 'EdDSA'])('of %s is refused when empty, all zero, cut or longer', async (JWT_ALG) => {
    await emptyRing()
    const ctx = await ringIsolate({ now: Date.now() }, { JWT_ALG }).ctx()
    const key = await loadSigningKey(ctx)
    expect(key.alg).toBe(JWT_ALG)
    const [header, payload, signature = ''] = (await mintClientToken(key, clientClaims(ctx))).split('.')
    for (const forged of ['AA', 'A'.repeat(signature.length), signature.slice(0, -8), `${signature}AAAA`])
      expect(await verifyAccessToken(ctx, `${header}.${payload}.${forged}`)).toMatchObject({ ok: false })
  })
})

describe('text that is not a token', () => {
  it.each([
    '',
    '.',
    '..',
    '...',
    'a.b',
    'a.b.c.d',
    'null',
    'undefined',
    '{}',
    ' ',
    '\u0000',
    'prt_AAAA',
    '🏰.🏰.🏰',
    'a b.c.d',
    'eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19.This is the payload string!.ciks0B6Hs-amhOqxI5_iG6mPKnMDlWCb7J2Wu7mtIcg',
  ])('%j is malformed', async (token) => {
    const { ctx } = await setUp()
    expect(await verifyAccessToken(ctx, token)).toEqual({ ok: false, reason: 'malformed' })
  })

  it('is refused undecoded beyond 8 KiB, even with a valid signature', async () => {
    const { ctx, key } = await setUp()
    const token = await mintClientToken(key, clientClaims(ctx, { scope: 'x'.repeat(8 * 1024) }))
    expect(await verifyAccessToken(ctx, token)).toEqual({ ok: false, reason: 'malformed' })
  })
})

describe('times', () => {
  it('accept an iat up to 60 s ahead, and give exp no leeway', async () => {
    const { ctx, key } = await setUp()
    const iat = seconds(ctx)
    const token = await mintClientToken(key, clientClaims(ctx, { iat, exp: iat + 600 }))
    const at = async (ms: number) => {
      const result = await verifyAccessToken({ ...ctx, now: () => ms }, token)
      return result.ok ? 'ok' : result.reason
    }
    expect(await at((iat - 61) * 1000)).toBe('not_yet_valid')
    expect(await at((iat - 60) * 1000)).toBe('ok')
    expect(await at((iat + 600) * 1000 - 1)).toBe('ok')
    expect(await at((iat + 600) * 1000)).toBe('expired')
  })
})

describe('a valid token', () => {
  it('has exactly the claims it was minted with', async () => {
    const { ctx, key } = await setUp()
    const user = userClaims(ctx, { username: 'Ünïcode "quoted" \u2028', roles: ['user', 'admin'], acr: 'aal2' })
    expect(await verifyAccessToken(ctx, await mintUserToken(key, user))).toEqual({
      ok: true,
      kid: key.kid,
      claims: user,
    })
  })

  it('may have claims of a later release', async () => {
    const { ctx, key } = await setUp()
    const claims = userClaims(ctx)
    expect(await verifyAccessToken(ctx, await withPayload(key, { ...claims, added: true }))).toMatchObject({
      ok: true,
      claims,
    })
  })
})
