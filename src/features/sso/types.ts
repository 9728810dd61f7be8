import type { Rank } from '../../lib/roles.ts'
import type { ReadMetadata } from '../federation/types.ts'

/** What the documented clients call an identity provider that speaks OpenID Connect; each chooses defaults. */
export const PROVIDERS = ['oidc', 'google_workspace', 'azure_ad', 'okta'] as const
export type Provider = (typeof PROVIDERS)[number]

/** What they know besides, and this service does not speak. */
export const OTHER_PROVIDERS = ['saml', 'oauth2', 'ldap', 'active_directory'] as const

/** What is read of a person from what the provider says of them. */
export const ATTRIBUTES = ['email', 'first_name', 'last_name', 'display_name', 'groups'] as const
export type Attribute = (typeof ATTRIBUTES)[number]
/** The names of claims. */
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

export type ConnectionStatus = 'active' | 'pending' | 'disabled' | 'error'
