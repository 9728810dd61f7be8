import * as z from 'zod'
import type { Config } from '../../config.ts'
import { PropagatedField } from '../../http/done.ts'
import { toIso, toIsoOrNull } from '../../lib/time.ts'
import type { RotationResult } from './service/tokens.ts'
import type { PublicJwk, RingKey } from './types.ts'

/** RFC 7517 4, RFC 7518 6. */
export const Jwk = z
  .object({
    kty: z.string(),
    use: z.literal('sig'),
    alg: z.string(),
    kid: z.string(),
    n: z.string().optional(),
    e: z.string().optional(),
    crv: z.string().optional(),
    x: z.string().optional(),
    y: z.string().optional(),
  })
  .meta({ id: 'Jwk' })

/** RFC 7517 5. */
export const JwkSet = z.object({ keys: z.array(Jwk) }).meta({ id: 'JwkSet' })

export const jwkSetToWire = (keys: readonly RingKey[]): { keys: PublicJwk[] } => ({
  keys: keys.map((key) => key.publicJwk),
})

/** OpenID Connect Discovery 1.0, 3 and RFC 8414 2. Lists only what is implemented. */
export const Discovery = z
  .object({
    issuer: z.url(),
    jwks_uri: z.url(),
    token_endpoint: z.url(),
    introspection_endpoint: z.url(),
    revocation_endpoint: z.url(),
    grant_types_supported: z.array(z.string()),
    response_types_supported: z.array(z.string()),
    subject_types_supported: z.array(z.string()),
    id_token_signing_alg_values_supported: z.array(z.string()),
    token_endpoint_auth_methods_supported: z.array(z.string()),
    introspection_endpoint_auth_methods_supported: z.array(z.string()),
    revocation_endpoint_auth_methods_supported: z.array(z.string()),
  })
  .meta({ id: 'Discovery' })

export function discoveryToWire({ PUBLIC_URL, JWT_ALG }: Pick<Config, 'PUBLIC_URL' | 'JWT_ALG'>) {
  const clientAuthentication = ['client_secret_basic', 'client_secret_post']
  return {
    issuer: PUBLIC_URL,
    jwks_uri: `${PUBLIC_URL}/.well-known/jwks.json`,
    token_endpoint: `${PUBLIC_URL}/oauth/token`,
    introspection_endpoint: `${PUBLIC_URL}/oauth/introspect`,
    revocation_endpoint: `${PUBLIC_URL}/oauth/revoke`,
    grant_types_supported: ['client_credentials'],
    // RFC 8414 2: `authorization_endpoint` is left out, because no supported grant uses one.
    response_types_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [JWT_ALG],
    token_endpoint_auth_methods_supported: clientAuthentication,
    // "Bearer": a client may also authenticate with its own access token (RFC 8414 2, RFC 7662 2.1).
    introspection_endpoint_auth_methods_supported: [...clientAuthentication, 'Bearer'],
    // "none": whoever has a token of a first-party client may revoke it (RFC 7009 2.1).
    revocation_endpoint_auth_methods_supported: [...clientAuthentication, 'none'],
  }
}

const KeyState = z.enum(['waiting', 'signing', 'retired', 'revoked'])

export const SigningKeyAnswer = z
  .object({
    kid: z.string(),
    alg: z.string(),
    state: KeyState,
    created_at: z.iso.datetime(),
    signs_from: z.iso.datetime(),
    published_until: z.iso.datetime().nullable(),
    revoked_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'SigningKey' })

export const SigningKeyList = z.object({ keys: z.array(SigningKeyAnswer) })

export const signingKeyToWire = (key: RingKey, state: z.infer<typeof KeyState>) => ({
  kid: key.kid,
  alg: key.alg,
  state,
  created_at: toIso(key.createdAt),
  signs_from: toIso(key.signsFrom),
  published_until: toIsoOrNull(key.publishedUntil),
  revoked_at: toIsoOrNull(key.revokedAt),
})

export const RotateBody = z.object({ revoke_current: z.boolean().default(false) })

export const RotateAnswer = z.object({
  kid: z.string(),
  alg: z.string(),
  signs_from: z.iso.datetime(),
  revoked: z.array(z.string()),
  propagated: PropagatedField,
})

export const rotationToWire = ({ newest, revoked, propagated }: RotationResult) => ({
  kid: newest.kid,
  alg: newest.alg,
  signs_from: toIso(newest.signsFrom),
  revoked,
  propagated,
})
