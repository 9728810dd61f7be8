import * as z from 'zod'
import { from, instant, mapped, shape } from '../../../http/answers.ts'
import { UuidParam } from '../../../http/input.ts'
import { arrayOf } from '../../../http/list.ts'
import { utf8 } from '../../../lib/encoding.ts'
import { findMailDomain, isPlainText } from '../../users/service/users.ts'
import { orAbsent } from '../../users/wire.ts'
import { shownCertificate } from '../service/certificates.ts'
import { type SeenConfiguration, type SeenOpenid, type SeenSaml, shownMappingOf } from '../service/configuration.ts'
import type { ConfigurationFields } from '../service/configurations.ts'
import { type ConfigurationTest, MISSING } from '../service/testing.ts'
import { ATTRIBUTES, type Attribute, type AttributeMapping, GIVEN_RANKS, OTHER_PROVIDERS, PROVIDERS } from '../types.ts'

const textOrNull = z.string().nullable()
const Status = z.enum(['active', 'pending', 'disabled', 'error'])
const GivenRole = z.enum(GIVEN_RANKS)
const Mapping = z.array(z.object({ group: z.string(), role: GivenRole }))
const Certificate = z.object({ fingerprint: z.string(), expires_at: z.iso.datetime() })

/** What only a configuration in SAML has, and what only one in OpenID Connect. */
const ofSaml = <T>(read: (configuration: SeenSaml) => T) => {
  return (configuration: SeenConfiguration): T | null =>
    configuration.protocol === 'saml' ? read(configuration) : null
}
const ofOpenid = <T>(read: (configuration: SeenOpenid) => T) => {
  return (configuration: SeenConfiguration): T | null =>
    configuration.protocol === 'openid' ? read(configuration) : null
}
const described = (description?: string) => (description === undefined ? textOrNull : textOrNull.meta({ description }))
const samlText = (read: (configuration: SeenSaml) => string | null, description?: string) =>
  from(described(description), ofSaml(read))
const openidText = (read: (configuration: SeenOpenid) => string, description?: string) =>
  from(described(description), ofOpenid(read))

export const ConfigurationShape = shape<SeenConfiguration>()('SSOConfiguration', {
  id: z.uuid(),
  organization_id: z.uuid(),
  provider: z.enum(PROVIDERS),
  name: textOrNull,
  status: Status.meta({ description: '`pending` until the organization has verified a domain' }),
  enabled: z.boolean(),
  error: z.literal('issuer_changed').nullable(),
  saml_entity_id: samlText(({ issuer }) => issuer),
  saml_sso_url: samlText(({ metadata }) => metadata.ssoUrl),
  saml_slo_url: samlText(({ metadata }) => metadata.sloUrl),
  saml_metadata_url: samlText(({ metadata }) => metadata.metadataUrl),
  saml_certificates: from(z.array(Certificate), ({ certificates }: SeenConfiguration) =>
    certificates.map(shownCertificate),
  ),
  saml_sign_requests: from(
    z.boolean().nullable(),
    ofSaml(({ metadata }) => metadata.signsRequests),
  ),
  saml_idp_initiated: from(
    z.boolean().nullable(),
    ofSaml(({ metadata }) => metadata.isIdpInitiated),
  ),
  saml_acs_url: samlText(({ redirectUri }) => redirectUri, 'Registered at the provider'),
  saml_sp_entity_id: samlText(
    ({ ownEntityId }) => ownEntityId,
    'Our entity and audience, which is the address of our metadata',
  ),
  saml_sp_slo_url: samlText(({ ownSloUrl }) => ownSloUrl),
  oidc_issuer: openidText(({ issuer }) => issuer),
  oidc_client_id: openidText(({ clientId }) => clientId),
  oidc_authorization_url: openidText(({ metadata }) => metadata.authorization_endpoint),
  redirect_uri: z.string().meta({ description: 'What is registered at the provider' }),
  post_logout_redirect_uri: openidText(
    ({ postLogoutRedirectUri }) => postLogoutRedirectUri,
    'Registered there too, for sign-outs',
  ),
  backchannel_logout_uri: openidText(
    ({ backchannelLogoutUri }) => backchannelLogoutUri,
    'Registered there too: it ends sessions here',
  ),
  jit_provisioning: z.boolean(),
  default_role: GivenRole,
  allowed_domains: z.array(z.string()),
  attribute_mapping: from(z.record(z.string(), z.string()), (configuration: SeenConfiguration) =>
    shownMappingOf(configuration),
  ),
  role_mapping: from(Mapping, ({ roleMapping }: SeenConfiguration) => roleMapping),
  sync_profile: z.boolean(),
  trust_second_factor: z.boolean(),
  created_at: instant,
  updated_at: instant,
})

export const ConfigurationList = arrayOf(ConfigurationShape)

const line = (max: number) => z.string().trim().min(1).max(max).refine(isPlainText, 'must not have control characters')

const DomainsField = z
  .array(
    z
      .string()
      .max(253)
      .transform((text) => findMailDomain(text) ?? '')
      .refine((domain) => domain !== '', 'must be a domain'),
  )
  .max(20)
  .transform((domains) => [...new Set(domains)].toSorted())

/** An event has it twice, as it was and as it is. */
const MAX_MAPPING_BYTES = 16 * 1024

export const RoleMappingField = z
  .array(z.object({ group: z.string().min(1).max(256).refine(isPlainText), role: GivenRole }))
  .max(100)
  .refine((rows) => new Set(rows.map(({ group }) => group)).size === rows.length, 'must name each group once')
  .refine(
    (rows) => utf8(JSON.stringify(rows)).length <= MAX_MAPPING_BYTES,
    `must have ${MAX_MAPPING_BYTES} bytes at most`,
  )
  .meta({ description: 'Groups at the provider, and the role that each gives; the highest counts' })

const claim = line(128).optional()
const CertificateText = z.string().min(1).max(16_384)

const fields = {
  name: line(100).nullish(),
  enabled: z.boolean().optional(),
  oidc_issuer: line(1024).optional(),
  oidc_discovery_url: line(1100).optional(),
  oidc_client_id: line(512).optional(),
  oidc_client_secret: z.string().min(1).max(1024).optional(),
  saml_metadata_url: line(2048).optional(),
  saml_metadata_xml: z
    .string()
    .min(1)
    .max(1024 * 1024)
    .optional(),
  saml_entity_id: line(1024).optional(),
  saml_sso_url: line(2048).optional(),
  saml_slo_url: line(2048).nullish(),
  saml_certificate: z
    .union([CertificateText, z.array(CertificateText).max(5)])
    .optional()
    .meta({
      description: 'PEM or base64, one or up to five that stand side by side: all that are trusted from now on',
    }),
  saml_sign_requests: z
    .boolean()
    .optional()
    .meta({ description: 'Requests are signed, also where the metadata do not want it' }),
  saml_idp_initiated: z
    .boolean()
    .optional()
    .meta({ description: "The provider's tile may send an answer to no request: it begins a sign-in of ours" }),
  jit_provisioning: z.boolean().optional(),
  default_role: GivenRole.optional(),
  attribute_mapping: z
    .object(
      Object.fromEntries(ATTRIBUTES.map((name) => [name, claim])) as Record<(typeof ATTRIBUTES)[number], typeof claim>,
    )
    .optional()
    .meta({
      description:
        'Names of claims, or of attributes of an assertion; those that are absent are the defaults of the provider',
    }),
  allowed_domains: DomainsField.optional(),
  role_mapping: RoleMappingField.optional(),
  sync_profile: z.boolean().optional(),
  trust_second_factor: z.boolean().optional(),
}

const AskedProvider = z.enum([...PROVIDERS, ...OTHER_PROVIDERS])

export const NewConfigurationBody = z
  .object({ provider: AskedProvider, organization_id: orAbsent(UuidParam), ...fields })
  .meta({ id: 'NewSSOConfiguration' })

export const ConfigurationBody = z
  .object({ provider: AskedProvider.optional(), ...fields })
  .meta({ id: 'SSOConfigurationChange' })

const withoutAbsent = (mapping: Partial<Record<Attribute, string | undefined>>): AttributeMapping =>
  Object.fromEntries(Object.entries(mapping).filter(([, name]) => name !== undefined))

export const toFields = (body: z.output<typeof ConfigurationBody>): ConfigurationFields => ({
  provider: body.provider,
  name: body.name,
  enabled: body.enabled,
  openid: {
    issuer: body.oidc_issuer,
    discoveryUrl: body.oidc_discovery_url,
    clientId: body.oidc_client_id,
    clientSecret: body.oidc_client_secret,
  },
  saml: {
    metadataUrl: body.saml_metadata_url,
    metadataXml: body.saml_metadata_xml,
    entityId: body.saml_entity_id,
    ssoUrl: body.saml_sso_url,
    sloUrl: body.saml_slo_url,
    certificates: body.saml_certificate === undefined ? undefined : [body.saml_certificate].flat(),
    signsRequests: body.saml_sign_requests,
    isIdpInitiated: body.saml_idp_initiated,
  },
  attributeMapping: body.attribute_mapping && withoutAbsent(body.attribute_mapping),
  allowedDomains: body.allowed_domains,
  jitProvisioning: body.jit_provisioning,
  defaultRole: body.default_role,
  syncProfile: body.sync_profile,
  trustSecondFactor: body.trust_second_factor,
  roleMapping: body.role_mapping,
})

export const OrganizationQuery = z.object({ organization_id: orAbsent(UuidParam) })
export const ConfigurationPath = z.object({ config_id: UuidParam })
export const TestBody = z.object({ configuration_id: UuidParam }).meta({ id: 'SSOTest' })

const TestResult = z
  .object({
    success: z.boolean(),
    provider: z.enum(PROVIDERS),
    metadata_valid: z.boolean(),
    connection_status: Status,
    error_message: textOrNull,
    details: z.object({ missing: z.array(z.enum(MISSING)) }),
  })
  .meta({ id: 'SSOTestResult' })

export const TestShape = mapped(TestResult, ({ provider, status, problem, missing }: ConfigurationTest) => ({
  success: problem === undefined && missing.length === 0,
  provider,
  metadata_valid: problem === undefined,
  connection_status: status,
  error_message: problem ?? null,
  details: { missing },
}))
