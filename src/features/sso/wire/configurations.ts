import * as z from 'zod'
import { from, instant, mapped, shape } from '../../../http/answers.ts'
import { UuidParam } from '../../../http/input.ts'
import { arrayOf } from '../../../http/list.ts'
import { utf8 } from '../../../lib/encoding.ts'
import { findMailDomain, isPlainText } from '../../users/service/users.ts'
import { orAbsent } from '../../users/wire.ts'
import { type ConfigurationFields, mappingOf, type SeenConfiguration } from '../service/configurations.ts'
import type { ConfigurationTest } from '../service/testing.ts'
import { ATTRIBUTES, type Attribute, type AttributeMapping, GIVEN_RANKS, OTHER_PROVIDERS, PROVIDERS } from '../types.ts'

const textOrNull = z.string().nullable()
const Status = z.enum(['active', 'pending', 'disabled', 'error'])
const GivenRole = z.enum(GIVEN_RANKS)
const Mapping = z.array(z.object({ group: z.string(), role: GivenRole }))
/** Of protocols that this one does not speak. */
const nothing = from(z.null(), () => null)

export const ConfigurationShape = shape<SeenConfiguration>()('SSOConfiguration', {
  id: z.uuid(),
  organization_id: z.uuid(),
  provider: z.enum(PROVIDERS),
  name: textOrNull,
  status: Status.meta({ description: '`pending` until the organization has verified a domain' }),
  enabled: z.boolean(),
  error: z.literal('issuer_changed').nullable(),
  saml_entity_id: nothing,
  saml_acs_url: nothing,
  saml_sso_url: nothing,
  oidc_issuer: from(z.string(), ({ issuer }: SeenConfiguration) => issuer),
  oidc_client_id: from(z.string(), ({ clientId }: SeenConfiguration) => clientId),
  oidc_authorization_url: from(z.string(), ({ metadata }: SeenConfiguration) => metadata.authorization_endpoint),
  redirect_uri: z.string().meta({ description: 'What is registered at the provider' }),
  post_logout_redirect_uri: z.string().meta({ description: 'Registered there too, for sign-outs' }),
  backchannel_logout_uri: z.string().meta({ description: 'Registered there too: it ends sessions here' }),
  jit_provisioning: z.boolean(),
  default_role: GivenRole,
  allowed_domains: z.array(z.string()),
  attribute_mapping: from(z.record(z.string(), z.string()), (configuration: SeenConfiguration) =>
    mappingOf(configuration),
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

const fields = {
  name: line(100).nullish(),
  enabled: z.boolean().optional(),
  oidc_issuer: line(1024).optional(),
  oidc_discovery_url: line(1100).optional(),
  oidc_client_id: line(512).optional(),
  oidc_client_secret: z.string().min(1).max(1024).optional(),
  jit_provisioning: z.boolean().optional(),
  default_role: GivenRole.optional(),
  attribute_mapping: z
    .object(
      Object.fromEntries(ATTRIBUTES.map((name) => [name, claim])) as Record<(typeof ATTRIBUTES)[number], typeof claim>,
    )
    .optional()
    .meta({ description: 'Names of claims; those that are absent are the defaults of the provider' }),
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
  issuer: body.oidc_issuer,
  discoveryUrl: body.oidc_discovery_url,
  clientId: body.oidc_client_id,
  clientSecret: body.oidc_client_secret,
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
    details: z.object({ missing: z.array(z.enum(['enabled', 'verified_domain', 'oidc_issuer'])) }),
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
