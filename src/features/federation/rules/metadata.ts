import * as z from 'zod'
import type { ReadMetadata } from '../types.ts'

const SUFFIX = '/.well-known/openid-configuration'

/** Where an issuer's metadata are (OpenID Connect Discovery 4.1). */
export const discoveryUrlOf = (issuer: string): string => issuer.replace(/\/$/, '') + SUFFIX

/** The issuers whose metadata are at an address; none when it is no address of metadata. */
export function issuersAt(discoveryUrl: string): readonly string[] {
  if (!discoveryUrl.endsWith(SUFFIX)) return []
  const issuer = discoveryUrl.slice(0, -SUFFIX.length)
  return [issuer, `${issuer}/`]
}

/** Asymmetric: who knows the client's secret could make an ID token under HMAC. */
export const ID_TOKEN_ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

const address = z.string().max(2048)
/** Sorted: what servers of one provider list in another order is no change. */
const names = z
  .array(z.string().max(256))
  .max(256)
  .transform((list) => list.toSorted())

const Document = z.object({
  issuer: address,
  authorization_endpoint: address,
  token_endpoint: address,
  jwks_uri: address,
  userinfo_endpoint: address.optional(),
  end_session_endpoint: address.optional(),
  // Where a provider names none (Discovery 3).
  id_token_signing_alg_values_supported: names.default(['RS256']),
  response_types_supported: names.optional(),
  token_endpoint_auth_methods_supported: names.optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
})

const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'jwks_uri',
  'userinfo_endpoint',
  'end_session_endpoint',
] as const

/** What is wrong with metadata: `issuer` is that they are another's. */
export interface MetadataProblem {
  readonly kind: 'unreadable' | 'issuer'
  readonly message: string
}

const unreadable = (message: string): MetadataProblem => ({ kind: 'unreadable', message })

/**
 * The metadata in a document, if they are of one of the issuers, letter by letter (Discovery 4.3), and all endpoints may be
 * called.
 */
export function readMetadata(
  document: unknown,
  { issuers, mayCall }: { issuers: readonly string[]; mayCall: (address: string) => boolean },
): { readonly metadata: ReadMetadata } | { readonly problem: MetadataProblem } {
  const named = z.object({ issuer: z.string() }).safeParse(document)
  if (named.success && !issuers.includes(named.data.issuer))
    return { problem: { kind: 'issuer', message: `the metadata are of the issuer ${named.data.issuer.slice(0, 256)}` } }
  const { data, error } = Document.safeParse(document)
  if (!data) return { problem: unreadable(`the metadata have no good ${String(error.issues[0]?.path[0] ?? 'form')}`) }
  const { response_types_supported: responseTypes, ...metadata } = data
  const bad = ENDPOINTS.find((name) => data[name] !== undefined && !mayCall(data[name]))
  if (bad) return { problem: unreadable(`${bad} must be an https address of a public host`) }
  if (responseTypes && !responseTypes.some((type) => type === 'code'))
    return { problem: unreadable('the provider knows no authorization code') }
  const algorithms = data.id_token_signing_alg_values_supported.filter((name) => ID_TOKEN_ALGORITHMS.includes(name))
  if (algorithms.length === 0)
    return { problem: unreadable('the provider signs ID tokens with no asymmetric algorithm') }
  return { metadata: { ...metadata, id_token_signing_alg_values_supported: algorithms } }
}
