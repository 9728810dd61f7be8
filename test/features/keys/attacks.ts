import { exportSPKI } from 'jose'
import type { Ctx } from '../../../src/context.ts'
import { listPublicKeys } from '../../../src/features/keys/service/tokens.ts'
import type { SigningKey, TokenRefusal } from '../../../src/features/keys/types.ts'
import { utf8 } from '../../../src/lib/encoding.ts'
import { encodeJson, encodeText, headerOf, signHmac, signSegments } from './forge.ts'
import { clientClaims, userClaims } from './support.ts'

/** A token of the real key with other header parameters, or another payload. */
const withHeader = (ctx: Ctx, key: SigningKey, changes: Record<string, unknown>) =>
  signSegments(key, encodeJson(headerOf(key, changes)), encodeJson(clientClaims(ctx)))
export const withPayload = (key: SigningKey, payload: unknown) =>
  signSegments(key, encodeJson(headerOf(key)), encodeJson(payload))
export const seconds = (ctx: Ctx) => Math.floor(ctx.now() / 1000)

export async function foreignKey(): Promise<{ privateKey: CryptoKey; publicJwk: JsonWebKey }> {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  }
  const pair = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
  return {
    privateKey: pair.privateKey,
    publicJwk: (await crypto.subtle.exportKey('jwk', pair.publicKey)) as JsonWebKey,
  }
}

/** Each attack: how the token is altered, and why it is refused. */
export type Attack = readonly [
  name: string,
  reason: TokenRefusal,
  forge: (ctx: Ctx, key: SigningKey) => Promise<string>,
]

const HEADER_ATTACKS: readonly Attack[] = [
  [
    'alg none without a signature',
    'malformed',
    async (ctx, key) => `${encodeJson(headerOf(key, { alg: 'none' }))}.${encodeJson(clientClaims(ctx))}.`,
  ],
  ['alg none with the signature left on', 'bad_signature', (ctx, key) => withHeader(ctx, key, { alg: 'none' })],
  ['alg None in another case', 'bad_signature', (ctx, key) => withHeader(ctx, key, { alg: 'nOnE' })],
  ['alg RS384 on an RS256 key', 'bad_signature', (ctx, key) => withHeader(ctx, key, { alg: 'RS384' })],
  ['alg PS256 on an RS256 key', 'bad_signature', (ctx, key) => withHeader(ctx, key, { alg: 'PS256' })],
  ['alg as a list', 'malformed', (ctx, key) => withHeader(ctx, key, { alg: [key.alg] })],
  [
    'HS256 under the public key in PEM',
    'bad_signature',
    async (ctx, key) => {
      const [published] = (await listPublicKeys(ctx)).filter(({ kid }) => kid === key.kid)
      const pem = published ? await exportSPKI(published.publicKey) : ''
      return signHmac(utf8(pem), encodeJson(headerOf(key, { alg: 'HS256' })), encodeJson(clientClaims(ctx)))
    },
  ],
  [
    'HS256 under the public JWK',
    'bad_signature',
    async (ctx, key) => {
      const [published] = (await listPublicKeys(ctx)).filter(({ kid }) => kid === key.kid)
      const jwk = utf8(JSON.stringify(published?.publicJwk))
      return signHmac(jwk, encodeJson(headerOf(key, { alg: 'HS256' })), encodeJson(clientClaims(ctx)))
    },
  ],
  ['a kid that walks the file system', 'unknown_key', (ctx, key) => withHeader(ctx, key, { kid: '../../../dev/null' })],
  ['a kid that is SQL', 'unknown_key', (ctx, key) => withHeader(ctx, key, { kid: "x' union select 'k' --" })],
  ['a kid of an object prototype', 'unknown_key', (ctx, key) => withHeader(ctx, key, { kid: '__proto__' })],
  ['a kid that is an object', 'malformed', (ctx, key) => withHeader(ctx, key, { kid: { $ne: null } })],
  ['an overlong kid', 'malformed', (ctx, key) => withHeader(ctx, key, { kid: 'k'.repeat(1000) })],
  ['no kid', 'malformed', (ctx, key) => withHeader(ctx, key, { kid: undefined })],
  [
    'an embedded jwk that it is signed with',
    'malformed',
    async (ctx, key) => {
      const { privateKey, publicJwk } = await foreignKey()
      const header = encodeJson(headerOf(key, { jwk: publicJwk }))
      return signSegments({ alg: 'RS256', privateKey }, header, encodeJson(clientClaims(ctx)))
    },
  ],
  ['a jku', 'malformed', (ctx, key) => withHeader(ctx, key, { jku: 'https://attacker.example/jwks.json' })],
  ['an x5u', 'malformed', (ctx, key) => withHeader(ctx, key, { x5u: 'https://attacker.example/cert.pem' })],
  ['an x5c', 'malformed', (ctx, key) => withHeader(ctx, key, { x5c: ['MIIB'] })],
  [
    'a crit that names an unknown extension',
    'malformed',
    (ctx, key) => withHeader(ctx, key, { crit: ['exp'], exp: 1 }),
  ],
  ['an empty crit', 'malformed', (ctx, key) => withHeader(ctx, key, { crit: [] })],
  ['b64 false', 'malformed', (ctx, key) => withHeader(ctx, key, { b64: false, crit: ['b64'] })],
  ['b64 false without crit', 'malformed', (ctx, key) => withHeader(ctx, key, { b64: false })],
  ['a zip', 'malformed', (ctx, key) => withHeader(ctx, key, { zip: 'DEF' })],
  ['typ JWT', 'wrong_type', (ctx, key) => withHeader(ctx, key, { typ: 'JWT' })],
  ['the typ of an ID token of the same key', 'wrong_type', (ctx, key) => withHeader(ctx, key, { typ: 'id+jwt' })],
  ['no typ', 'malformed', (ctx, key) => withHeader(ctx, key, { typ: undefined })],
  [
    'a header with a member twice',
    'malformed',
    (ctx, key) => {
      const header = `{"alg":"none","alg":"${key.alg}","kid":"${key.kid}","typ":"at+jwt"}`
      return signSegments(key, encodeText(header), encodeJson(clientClaims(ctx)))
    },
  ],
  [
    'a header that is a list',
    'malformed',
    (ctx, key) => signSegments(key, encodeJson([headerOf(key)]), encodeJson(clientClaims(ctx))),
  ],
  [
    'a header that is no JSON',
    'malformed',
    (ctx, key) => signSegments(key, encodeText('alg=RS256'), encodeJson(clientClaims(ctx))),
  ],
]

const PAYLOAD_ATTACKS: readonly Attack[] = [
  [
    'another issuer',
    'wrong_issuer',
    (ctx, key) => withPayload(key, clientClaims(ctx, { iss: 'https://attacker.example' })),
  ],
  [
    'our issuer with a slash',
    'wrong_issuer',
    (ctx, key) => withPayload(key, clientClaims(ctx, { iss: `${ctx.config.PUBLIC_URL}/` })),
  ],
  ['another audience', 'wrong_audience', (ctx, key) => withPayload(key, clientClaims(ctx, { aud: 'another' }))],
  [
    'a list of audiences with ours in it',
    'wrong_audience',
    (ctx, key) => withPayload(key, { ...clientClaims(ctx), aud: ['another', ctx.config.AUDIENCE] }),
  ],
  [
    'the type of a refresh token',
    'wrong_type',
    (ctx, key) => withPayload(key, { ...clientClaims(ctx), type: 'refresh' }),
  ],
  ['no type', 'wrong_type', (ctx, key) => withPayload(key, { ...clientClaims(ctx), type: undefined })],
  ['an exp that is now', 'expired', (ctx, key) => withPayload(key, clientClaims(ctx, { exp: seconds(ctx) }))],
  ['no exp', 'malformed', (ctx, key) => withPayload(key, { ...clientClaims(ctx), exp: undefined })],
  ['an exp in words', 'malformed', (ctx, key) => withPayload(key, { ...clientClaims(ctx), exp: '9999999999' })],
  [
    'an endless exp',
    'malformed',
    (ctx, key) =>
      signSegments(
        key,
        encodeJson(headerOf(key)),
        encodeText(JSON.stringify(clientClaims(ctx)).replace(/"exp":\d+/, '"exp":1e999')),
      ),
  ],
  ['an iat far ahead', 'not_yet_valid', (ctx, key) => withPayload(key, clientClaims(ctx, { iat: seconds(ctx) + 120 }))],
  [
    'an nbf far ahead',
    'not_yet_valid',
    (ctx, key) => withPayload(key, { ...clientClaims(ctx), nbf: seconds(ctx) + 120 }),
  ],
  ['an nbf in words', 'not_yet_valid', (ctx, key) => withPayload(key, { ...clientClaims(ctx), nbf: 'now' })],
  [
    'a sub that is no UUID',
    'malformed',
    (ctx, key) => withPayload(key, clientClaims(ctx, { sub: 'admin', client_id: 'admin' })),
  ],
  [
    'a machine that is another client',
    'malformed',
    (ctx, key) => withPayload(key, clientClaims(ctx, { client_id: crypto.randomUUID() })),
  ],
  [
    "a user's session without the rest of a user",
    'malformed',
    (ctx, key) => withPayload(key, { ...clientClaims(ctx), sid: crypto.randomUUID() }),
  ],
  [
    'a payload with a member twice',
    'malformed',
    (ctx, key) => {
      const payload = JSON.stringify(userClaims(ctx)).replace('"role":"user"', '"role":"user","role":"admin"')
      return signSegments(key, encodeJson(headerOf(key)), encodeText(payload))
    },
  ],
  [
    'a payload with white space',
    'malformed',
    (ctx, key) => signSegments(key, encodeJson(headerOf(key)), encodeText(JSON.stringify(clientClaims(ctx), null, 1))),
  ],
  ['a payload that is a string', 'malformed', (_, key) => withPayload(key, 'sub')],
  ['a payload that is null', 'malformed', (_, key) => withPayload(key, null)],
]

/** All tokens are signed by the real key, except where the signature itself is forged. */
export const TOKEN_ATTACKS: readonly Attack[] = [...HEADER_ATTACKS, ...PAYLOAD_ATTACKS]
