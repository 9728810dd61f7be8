import type { Ctx } from '../../../context.ts'
import { PROVIDER_ROWS } from '../rules/providers.ts'
import type { OpenidConnection, SamlConnection, SsoConnection } from '../tables.ts'
import type { Attribute, Claim, ConnectionStatus, RoleMapping, TrustedCertificate } from '../types.ts'
import { acsOf, backchannelLogoutOf, callbackOf, entityOf, logoutReturnOf, samlLogoutOf } from './addresses.ts'

interface Joined {
  /** Its organization has verified a domain. */
  readonly hasDomain: boolean
  readonly roleMapping: readonly RoleMapping[]
  /** Of a provider that speaks SAML. */
  readonly certificates: readonly TrustedCertificate[]
}

/** A connection, and what stands in other tables. */
export type Configuration = SsoConnection & Joined

interface Seen extends Joined {
  readonly status: ConnectionStatus
  /** Where the provider sends people back to. It is registered there, as are the next. */
  readonly redirectUri: string
  readonly postLogoutRedirectUri: string
  readonly backchannelLogoutUri: string
  /** Our entity in SAML, which is the address of our metadata. */
  readonly ownEntityId: string
  readonly ownSloUrl: string
}

export type SeenOpenid = OpenidConnection & Seen
export type SeenSaml = SamlConnection & Seen
/** A configuration as it is answered. */
export type SeenConfiguration = SeenOpenid | SeenSaml

/**
 * Where the provider sends people back to: an address of this connection alone, unless the answers name their issuer (RFC 9207).
 * Otherwise a hostile provider could have the codes of an honest one sent to it (RFC 9700 4.4).
 */
const redirectUriOf = (ctx: Pick<Ctx, 'config'>, { id, protocol, metadata }: SsoConnection): string => {
  if (protocol === 'saml') return acsOf(ctx)
  return callbackOf(ctx, metadata.authorization_response_iss_parameter_supported === true ? null : id)
}

export const seen = (ctx: Pick<Ctx, 'config'>, configuration: Configuration): SeenConfiguration => ({
  ...configuration,
  status: statusOf(configuration),
  redirectUri: redirectUriOf(ctx, configuration),
  postLogoutRedirectUri: logoutReturnOf(ctx),
  backchannelLogoutUri: backchannelLogoutOf(ctx),
  ownEntityId: entityOf(ctx, configuration.organizationId),
  ownSloUrl: samlLogoutOf(ctx),
})

export const statusOf = ({ enabled, error, hasDomain }: Configuration): ConnectionStatus => {
  if (!enabled) return 'disabled'
  if (error !== null) return 'error'
  return hasDomain ? 'active' : 'pending'
}

/** Whether people with addresses in a domain, which is their organization's, sign in through it. */
export const isUsable = (configuration: Configuration, domain: string): boolean => {
  const { allowedDomains } = configuration
  return statusOf(configuration) === 'active' && (allowedDomains.length === 0 || allowedDomains.includes(domain))
}

/** Which claims are read: the provider's defaults, and what its admins have changed of them. Who somebody is says `sub` alone. */
export const mappingOf = ({
  provider,
  attributeMapping: { external_id: _, ...mapping },
}: Pick<OpenidConnection, 'provider' | 'attributeMapping'>): Readonly<Record<Claim, string>> => ({
  ...PROVIDER_ROWS[provider].mapping,
  ...mapping,
})

/** The mapping as it is answered: defaults of SAML are lists of names, and stand in the documentation. */
export const shownMappingOf = (configuration: SsoConnection): Readonly<Partial<Record<Attribute, string>>> =>
  configuration.protocol === 'saml' ? configuration.attributeMapping : mappingOf(configuration)

/** What of a configuration is its protocol's. */
export type ProtocolSettings = { readonly certificates: readonly TrustedCertificate[] } & (
  | Pick<OpenidConnection, 'protocol' | 'provider' | 'issuer' | 'clientId' | 'secretSealed' | 'metadata'>
  | Pick<SamlConnection, 'protocol' | 'provider' | 'issuer' | 'clientId' | 'secretSealed' | 'metadata'>
)

/** A change of such settings. */
export interface Plan {
  /** What they will be, as far as that is known before the provider is asked. */
  readonly expected: ProtocolSettings
  /** It is for owners, whether or not something differs. */
  readonly isDeciding: boolean
  /** The provider's metadata are taken anew. */
  readonly isReread: boolean
  /** No owner has signed in through the settings as they will be. */
  readonly isAnother: boolean
  /** Asks the provider. Throws SSO_VALIDATION_ERROR, SSO_METADATA_ERROR. */
  readonly resolve: () => Promise<ProtocolSettings>
}

const protocolSnapshotOf = (settings: ProtocolSettings): Readonly<Record<string, unknown>> => {
  const { protocol, issuer, clientId, metadata, certificates } = settings
  if (protocol === 'openid') return { oidc_issuer: issuer, oidc_client_id: clientId }
  return {
    saml_entity_id: issuer,
    saml_sso_url: metadata.ssoUrl,
    saml_slo_url: metadata.sloUrl,
    saml_metadata_url: metadata.metadataUrl,
    saml_wants_signed_requests: metadata.wantsSignedRequests,
    saml_sign_requests: metadata.signsRequests,
    saml_idp_initiated: metadata.isIdpInitiated,
    saml_certificates: certificates.map(({ fingerprint }) => fingerprint).toSorted(),
  }
}

/** A configuration as events show it: the secret is named, not shown. */
export const snapshotOf = (configuration: SsoConnection & Omit<Joined, 'hasDomain'>) => ({
  provider: configuration.provider,
  name: configuration.name,
  enabled: configuration.enabled,
  ...protocolSnapshotOf(configuration),
  attribute_mapping: shownMappingOf(configuration),
  allowed_domains: configuration.allowedDomains,
  jit_provisioning: configuration.jitProvisioning,
  default_role: configuration.defaultRole,
  sync_profile: configuration.syncProfile,
  trust_second_factor: configuration.trustSecondFactor,
  role_mapping: configuration.roleMapping,
})
export type Snapshot = ReturnType<typeof snapshotOf>
