import type { ProvedIdentity } from '../factors/identities/types.ts'

/** What a provider's answers said, parsed and not yet interpreted. */
export interface ProviderAnswers {
  /** Of a verified ID token; empty where there is none. */
  readonly claims: Readonly<Record<string, unknown>>
  readonly userinfo: Readonly<Record<string, unknown>>
  /** GitHub's list of addresses. */
  readonly emails: readonly unknown[]
  /** What Apple posts beside the code: unsigned, for display only. */
  readonly form: Readonly<Record<string, unknown>>
}

/** Who somebody is by a provider's answers. Null when they name nobody, or somebody whom the settings do not admit. */
export type ReadIdentity = (
  answers: ProviderAnswers,
) => Pick<
  ProvedIdentity,
  'issuer' | 'subject' | 'email' | 'isEmailVerified' | 'speaksForEmail' | 'label' | 'profile'
> | null

/** How the client proves itself at the token endpoint (RFC 6749 2.3.1; Apple wants a signed JWT as the secret). */
export type ClientAuthentication =
  | { readonly method: 'basic' | 'post'; readonly secret: string }
  | { readonly method: 'apple'; readonly teamId: string; readonly keyId: string; readonly privateKey: string }

export interface ProviderEndpoints {
  readonly authorization: string
  readonly token: string
  readonly userinfo: string | null
  readonly keys: string | null
  readonly emails?: string
}

/** A provider at which people can sign in: data, and one function that reads its answers. */
export interface Provider {
  /** In paths and settings. */
  readonly name: string
  /** How people call it. */
  readonly label: string
  /** Also what `iss` of a callback is compared with (RFC 9207); a constant where the provider has none. */
  readonly issuer: string
  /** Where the issuer of an ID token depends on its claims: Microsoft has one for each tenant. */
  readonly issuerOf?: (claims: Readonly<Record<string, unknown>>) => string
  readonly endpoints: ProviderEndpoints
  /** Callbacks without `iss` are refused. */
  readonly promisesIssuer: boolean
  /** One of the providers that everybody knows, not one that the settings describe. */
  readonly isFixed: boolean
  /** Algorithms of ID tokens; empty where there are none. */
  readonly algorithms: readonly string[]
  readonly scopes: readonly string[]
  /** Further parameters of the authorization request. */
  readonly parameters: Readonly<Record<string, string>>
  readonly clientId: string
  readonly authentication: ClientAuthentication
  /** Such a provider always sends a verified address: without one every sign-in is refused, also a known person's. */
  readonly needsVerifiedEmail: boolean
  readonly read: ReadIdentity
}

/** What of a provider's metadata is used (OpenID Connect Discovery 1.0, 3). */
export interface ProviderMetadata {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly jwks_uri: string
  readonly userinfo_endpoint?: string | undefined
  readonly token_endpoint_auth_methods_supported?: readonly string[] | undefined
  readonly id_token_signing_alg_values_supported?: readonly string[] | undefined
  readonly authorization_response_iss_parameter_supported?: boolean | undefined
  readonly end_session_endpoint?: string | undefined
}

/** As it is read now: algorithms are those that are accepted. */
export interface ReadMetadata extends ProviderMetadata {
  readonly id_token_signing_alg_values_supported: readonly string[]
}
