import type { Rank } from '../../lib/roles.ts'
import type { ReadMetadata } from '../federation/types.ts'

/** What the documented clients call an identity provider; each chooses defaults. */
export const PROVIDERS = ['oidc', 'saml', 'google_workspace', 'azure_ad', 'okta'] as const
export type Provider = (typeof PROVIDERS)[number]
export type OpenidProvider = Exclude<Provider, 'saml'>
export type SamlProvider = Exclude<Provider, 'oidc'>

/** What they know besides, and this service does not speak. */
export const OTHER_PROVIDERS = ['oauth2', 'ldap', 'active_directory'] as const

export type Protocol = 'openid' | 'saml'

/** What is read of a person from what the provider says of them. */
export const ATTRIBUTES = ['email', 'first_name', 'last_name', 'display_name', 'groups', 'external_id'] as const
export type Attribute = (typeof ATTRIBUTES)[number]
/** OpenID Connect has a claim of its own for who somebody is. */
export type Claim = Exclude<Attribute, 'external_id'>
/** The names of claims, or of attributes of an assertion. */
export type AttributeMapping = { readonly [A in Attribute]?: string }

/** Ranks that a provider may give: nobody becomes an owner by what somebody else says. */
export const GIVEN_RANKS = ['viewer', 'member', 'admin'] as const satisfies readonly Rank[]
export type GivenRank = (typeof GIVEN_RANKS)[number]

export interface RoleMapping {
  readonly group: string
  readonly role: GivenRank
}

/** A provider's metadata as it was read. */
export type ProviderMetadata = ReadMetadata

/** What is known of a provider that speaks SAML, besides its entity and certificates. */
export interface SamlSettings {
  /** By redirect. */
  readonly ssoUrl: string
  readonly sloUrl: string | null
  /** Where its metadata are read again; null where they were pasted, or the fields given by hand. */
  readonly metadataUrl: string | null
  /** Its metadata want our requests signed. */
  readonly wantsSignedRequests: boolean
  /** An owner wants them signed. */
  readonly signsRequests: boolean
  /** Its answers to no request begin a sign-in of ours. */
  readonly isIdpInitiated: boolean
}

/** A certificate of a provider that speaks SAML, as it is trusted. */
export interface TrustedCertificate {
  /** SHA-256 of the DER, hexadecimal. */
  readonly fingerprint: string
  /** DER in base64. */
  readonly certificate: string
  readonly notAfter: number
}

export type ConnectionStatus = 'active' | 'pending' | 'disabled' | 'error'
