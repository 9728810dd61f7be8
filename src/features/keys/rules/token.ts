import { compactVerify, errors } from 'jose'
import * as z from 'zod/mini'
import { fromBase64Url, fromUtf8 } from '../../../lib/encoding.ts'
import { toSeconds } from '../../../lib/time.ts'
import type { AccessClaims, TokenRefusal, UserClaims } from '../types.ts'
import { CLOCK_LEEWAY_MS } from './ring.ts'

/** RFC 9068 2.1. */
export const ACCESS_TOKEN_TYP = 'at+jwt'

/** Of the token in the cookie of gateways, which their check alone takes. */
export const GATEWAY_TYP = 'postern-gateway+jwt'
const GATEWAY_TYPE = 'gateway'

/** An audience that nobody else has: a verifier that knows the keys and compares `aud` refuses the cookie's token. */
const gatewayAudienceOf = (audience: string): string => `${audience}#gateway`

/** The claims of an access token, as the cookie of gateways has them. */
export const toGatewayClaims = (claims: UserClaims) => ({
  ...claims,
  aud: gatewayAudienceOf(claims.aud),
  type: GATEWAY_TYPE,
  scope: 'gateway',
})

/** Far longer than any token of ours; a longer token is not decoded. */
export const MAX_TOKEN_LENGTH = 8 * 1024

const COMPACT_JWS = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/** The only parameters in Postern's tokens: a token with `crit`, `b64`, `jwk`, `jku`, `x5u` or any other is refused. */
const Header = z.strictObject({
  alg: z.string().check(z.maxLength(16)),
  kid: z.string().check(z.maxLength(128)),
  typ: z.string().check(z.maxLength(64)),
})

export type TokenHeader = z.infer<typeof Header>

const NumericDate = z.int().check(z.nonnegative())
const common = {
  iss: z.string(),
  aud: z.string(),
  client_id: z.string().check(z.minLength(1)),
  sub: z.uuid(),
  jti: z.string().check(z.minLength(1)),
  iat: NumericDate,
  exp: NumericDate,
  type: z.literal('access'),
}

const UserToken = z.object({
  ...common,
  sid: z.uuid(),
  ver: z.int().check(z.nonnegative()),
  email: z.string(),
  username: z.nullable(z.string()),
  number: z.int(),
  ext: z.optional(z.string()),
  role: z.string(),
  roles: z.array(z.string()),
  org_id: z.nullable(z.string()),
  org_role: z.nullable(z.string()),
  // Tokens of the release before have none of the next three.
  org_roles: z._default(z.array(z.string()), []),
  org_ver: z._default(z.nullable(z.int()), null),
  permissions: z._default(z.array(z.string()), []),
  amr: z.array(z.string()),
  acr: z.enum(['aal1', 'aal2']),
  auth_time: NumericDate,
})

const ClientToken = z.pipe(
  z
    .object({ ...common, scope: z.string(), sid: z.optional(z.never()) })
    .check(z.refine((claims) => claims.sub === claims.client_id)),
  z.transform(({ sid: _, ...claims }) => claims),
)

const AccessToken = z.union([UserToken, ClientToken])

/**
 * The parsed value, or undefined unless the text is exactly what `JSON.stringify` produces, as in every token of ours.
 * That excludes duplicate members and text that parsers read differently (RFC 8725 2.4, RFC 7515 10.12).
 */
function parseExactJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  return JSON.stringify(value) === text ? value : undefined
}

function decodeObject(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    return z.record(z.string(), z.unknown()).safeParse(parseExactJson(fromUtf8(bytes))).data
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof TypeError) return undefined
    throw cause
  }
}

/** Reads the header of a compact JWS; undefined when the token is not encoded as Postern encodes it. */
export function readHeader(token: string): TokenHeader | undefined {
  if (token.length > MAX_TOKEN_LENGTH || !COMPACT_JWS.test(token)) return undefined
  // Strict base64url: trailing bits that a decoder ignores must be zero, so that each token has only one encoding.
  const [header, payload, signature] = token.split('.').map(fromBase64Url)
  return header && payload && signature && Header.safeParse(decodeObject(header)).data
}

export interface Expectation {
  readonly issuer: string
  readonly audience: string
  /** Epoch milliseconds. */
  readonly now: number
}

type Claims =
  | { readonly ok: true; readonly claims: AccessClaims }
  | { readonly ok: false; readonly reason: TokenRefusal }

const refuse = (reason: TokenRefusal) => ({ ok: false, reason }) as const

/** Validates the payload of a token whose signature was verified (RFC 9068 4, RFC 7519 4.1). */
export function readClaims(payload: Uint8Array, { issuer, audience, now }: Expectation): Claims {
  const members = decodeObject(payload)
  if (!members) return refuse('malformed')
  return readMembers(members, { issuer, audience, now })
}

/** As `readClaims`, for the token in the cookie of gateways; the claims are those of the access token that it stands for. */
export function readGatewayClaims(payload: Uint8Array, { issuer, audience, now }: Expectation): Claims {
  const members = decodeObject(payload)
  if (!members) return refuse('malformed')
  if (members.type !== GATEWAY_TYPE || members.scope !== 'gateway') return refuse('wrong_type')
  if (members.aud !== gatewayAudienceOf(audience)) return refuse('wrong_audience')
  const { scope: _, ...claims } = members
  return readMembers({ ...claims, type: 'access', aud: audience }, { issuer, audience, now })
}

function readMembers(members: Record<string, unknown>, { issuer, audience, now }: Expectation): Claims {
  if (members.type !== 'access') return refuse('wrong_type')
  if (members.iss !== issuer) return refuse('wrong_issuer')
  if (members.aud !== audience) return refuse('wrong_audience')
  const claims = AccessToken.safeParse(members).data
  if (!claims) return refuse('malformed')
  const latestStart = toSeconds(now + CLOCK_LEEWAY_MS)
  if (claims.iat > latestStart) return refuse('not_yet_valid')
  if (members.nbf !== undefined && !(typeof members.nbf === 'number' && members.nbf <= latestStart))
    return refuse('not_yet_valid')
  // RFC 7519 4.1.4: refused "on or after" `exp`, without leeway.
  if (now >= claims.exp * 1000) return refuse('expired')
  return { ok: true, claims }
}

/** Whether it is a user's token, not a machine's. */
export const isUserClaims = (claims: AccessClaims): claims is UserClaims => 'sid' in claims

/** The payload, or undefined when the signature is not the key's. The key determines the algorithm (RFC 8725 3.1). */
export async function verifySignature(
  token: string,
  key: { alg: string; publicKey: CryptoKey },
): Promise<Uint8Array | undefined> {
  try {
    return (await compactVerify(token, key.publicKey, { algorithms: [key.alg] })).payload
  } catch (cause) {
    if (cause instanceof errors.JOSEError) return undefined
    throw cause
  }
}
