import { base64url, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { utf8 } from '../../../src/lib/encoding.ts'
import { type Answer, type Grant, html, type World } from './provider.ts'

type KeyName = 'current' | 'next' | 'unpublished'
type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>

/** Made once for all tests of a runtime: an RSA key takes long. Each provider has its own. */
const pairs = new Map<string, Promise<KeyPair>>()

function keyPair(owner: string, name: KeyName): Promise<KeyPair> {
  const id = `${owner} ${name}`
  const pair = pairs.get(id) ?? generateKeyPair('RS256', { extractable: true })
  pairs.set(id, pair)
  return pair
}

/** A token by a provider's published key, or by another under the same name. */
export const signAs = async (
  owner: string,
  claims: JWTPayload,
  { key = 'current', alg = 'RS256', typ = 'logout+jwt' }: { key?: KeyName; alg?: string; typ?: string } = {},
): Promise<string> =>
  new SignJWT(claims)
    .setProtectedHeader({ alg, typ, kid: `${owner}-current` })
    .sign((await keyPair(owner, key)).privateKey)

/** The key set of a provider. `extra` are members that it adds to each key. */
export const keySet =
  (world: World, owner: string, extra: Readonly<Record<string, unknown>> = {}): Answer<unknown> =>
  async () => {
    const fault = world.fault()
    if (fault === 'keys_500') return new Response('Internal Server Error', { status: 500 })
    if (fault === 'keys_html') return html('Sorry')
    const names: KeyName[] = fault === 'rolled_keys' ? ['next', 'current'] : ['current']
    const keys = names.map(async (name): Promise<JWK> => {
      const { publicKey } = await keyPair(owner, name)
      return { ...(await exportJWK(publicKey)), kid: `${owner}-${name}`, use: 'sig', alg: 'RS256', ...extra }
    })
    return Response.json({ keys: await Promise.all(keys) }, { headers: { 'cache-control': 'public, max-age=86400' } })
  }

export interface IdTokenInput {
  /** Whose keys sign. */
  readonly owner: string
  readonly issuer: string
  /** What `iss` is while it is wrong. */
  readonly wrongIssuer?: string
  readonly clientSecret: string
  readonly grant: Grant
  readonly claims: JWTPayload
  readonly lifetimeSeconds?: number
}

/** What the token answer holds of an ID token: none while there is none. */
export async function idToken(world: World, input: IdTokenInput): Promise<{ readonly id_token?: string }> {
  if (world.fault() === 'no_id_token') return {}
  return { id_token: await sign(world, input, await claimsOf(world, input)) }
}

async function claimsOf(world: World, input: IdTokenInput): Promise<JWTPayload> {
  const fault = world.fault()
  const { grant, issuer, wrongIssuer = 'https://attacker.example.test', claims, lifetimeSeconds = 3600 } = input
  const shift = { expired: -2 * lifetimeSeconds, issued_in_future: 3600 }
  const iat = Math.floor(world.now() / 1000) + (fault === 'expired' || fault === 'issued_in_future' ? shift[fault] : 0)
  const nonce = fault === 'wrong_nonce' ? 'nonce-of-another-sign-in' : grant.nonce
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(grant.accessToken)))
  return {
    iss: fault === 'wrong_issuer' ? wrongIssuer : issuer,
    aud: fault === 'wrong_audience' ? 'another-client' : grant.clientId,
    iat,
    exp: iat + lifetimeSeconds,
    at_hash: base64url.encode(digest.subarray(0, 16)),
    ...(nonce !== undefined && fault !== 'no_nonce' && { nonce }),
    ...claims,
    ...(fault === 'wrong_azp' && { azp: 'another-client' }),
  }
}

async function sign(world: World, { owner, clientSecret }: IdTokenInput, claims: JWTPayload): Promise<string> {
  const signed = async (key: KeyName, kid: string) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: `${owner}-${kid}`, typ: 'JWT' })
      .sign((await keyPair(owner, key)).privateKey)
  switch (world.fault()) {
    case 'alg_none':
      return new UnsecuredJWT(claims).encode()
    case 'hmac_with_client_secret':
      return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(utf8(clientSecret))
    case 'other_key':
      return signed('unpublished', 'current')
    case 'unknown_kid':
      return signed('unpublished', 'unpublished')
    case 'rolled_keys':
      return signed('next', 'next')
    default:
      return signed('current', 'current')
  }
}

/** What a provider says of an address while faults are on. */
export function addressClaims<Claims extends { readonly email?: string; readonly email_verified?: unknown }>(
  world: World,
  claims: Claims,
  notVerified: unknown = false,
): Omit<Claims, 'email' | 'email_verified'> & { email?: string; email_verified?: unknown } {
  const { email: _email, email_verified: _verified, ...rest } = claims
  switch (world.fault()) {
    case 'no_email':
      return rest
    case 'email_not_verified':
      return { ...claims, email_verified: notVerified }
    default:
      return claims
  }
}

/** The subject of a userinfo answer. */
export const userinfoSubject = (world: World, sub: string): string =>
  world.fault() === 'userinfo_other_subject' ? `${sub}-of-somebody-else` : sub
