import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type {
  AttributeMapping,
  GivenRank,
  OpenidProvider,
  Protocol,
  Provider,
  ProviderMetadata,
  SamlProvider,
  SamlSettings,
} from './types.ts'

/** How an organization signs its people in: one identity provider each. */
export const ssoConnections = sqliteTable(
  'sso_connections',
  {
    id: text('id').primaryKey(),
    organizationId: text('organization_id').notNull().unique(),
    provider: text('provider').$type<Provider>().notNull(),
    protocol: text('protocol').$type<Protocol>().notNull().default('openid'),
    name: text('name'),
    enabled: integer('enabled', { mode: 'boolean' }).notNull().default(true),
    /** Why nobody signs in through it until an owner has changed it. */
    error: text('error').$type<'issuer_changed'>(),
    /** In SAML, the provider's entity. */
    issuer: text('issuer').notNull(),
    /** Empty in SAML, as is the secret. */
    clientId: text('client_id').notNull(),
    /** Sealed and bound to the row. */
    secretSealed: text('secret_sealed').notNull(),
    /** As it was read when this was configured, or since by cron: never in the middle of a sign-in. */
    metadata: text('metadata', { mode: 'json' }).$type<ProviderMetadata | SamlSettings>().notNull(),
    /** When the metadata are read again. */
    checkAt: integer('check_at').notNull(),
    /** Where it differs from the provider's default. */
    attributeMapping: text('attribute_mapping', { mode: 'json' })
      .$type<AttributeMapping>()
      .notNull()
      .default(sql`'{}'`),
    /** Of the verified domains, those that this may speak for; empty for all. */
    allowedDomains: text('allowed_domains', { mode: 'json' }).$type<string[]>().notNull().default(sql`'[]'`),
    jitProvisioning: integer('jit_provisioning', { mode: 'boolean' }).notNull().default(true),
    defaultRole: text('default_role').$type<GivenRank>().notNull().default('member'),
    /** Profile fields are written at each sign-in. */
    syncProfile: integer('sync_profile', { mode: 'boolean' }).notNull().default(false),
    /** The provider's word for a second factor counts. */
    trustSecondFactor: integer('trust_second_factor', { mode: 'boolean' }).notNull().default(false),
    /** When an owner first signed in through it, as it is now: until then it cannot be required. */
    ownerSignedInAt: integer('owner_signed_in_at'),
    /** Incremented by every change. */
    version: integer('version').notNull().default(1),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [index('sso_connections_to_check').on(table.checkAt), index('sso_connections_by_issuer').on(table.issuer)],
)
export type ConnectionRow = Readonly<typeof ssoConnections.$inferSelect>
export type OpenidConnection = Omit<ConnectionRow, 'protocol' | 'provider' | 'metadata'> & {
  readonly protocol: 'openid'
  readonly provider: OpenidProvider
  readonly metadata: ProviderMetadata
}
export type SamlConnection = Omit<ConnectionRow, 'protocol' | 'provider' | 'metadata'> & {
  readonly protocol: 'saml'
  readonly provider: SamlProvider
  readonly metadata: SamlSettings
}
export type SsoConnection = OpenidConnection | SamlConnection

/** A row as what its protocol makes of it: the two are written together. */
export const toConnection = <R extends ConnectionRow>(
  row: R,
): Omit<R, 'protocol' | 'provider' | 'metadata'> & SsoConnection => row as never

/** Certificates of providers that speak SAML: several stand side by side while one is replaced. */
export const ssoCertificates = sqliteTable(
  'sso_certificates',
  {
    connectionId: text('connection_id').notNull(),
    organizationId: text('organization_id').notNull(),
    /** SHA-256 of the DER, hexadecimal. */
    fingerprint: text('fingerprint').notNull(),
    /** DER in base64. */
    certificate: text('certificate').notNull(),
    notAfter: integer('not_after').notNull(),
    addedAt: integer('added_at').notNull(),
    /** How many days ahead its owners were last warned. */
    warnedDays: integer('warned_days'),
  },
  (table) => [
    primaryKey({ columns: [table.connectionId, table.fingerprint] }),
    index('sso_certificates_by_organization').on(table.organizationId),
  ],
)

/** Our own keys for SAML. Each signs from its `signsFrom` until that of the next. */
export const samlKeys = sqliteTable('saml_keys', {
  id: text('id').primaryKey(),
  /** DER in base64. */
  certificate: text('certificate').notNull(),
  /** PKCS #8, sealed and bound to the row. */
  privateSealed: text('private_sealed').notNull(),
  createdAt: integer('created_at').notNull(),
  signsFrom: integer('signs_from').notNull(),
  /** Published until then; null for a key that signs now or will sign. */
  publishedUntil: integer('published_until'),
})
export type SamlKeyRow = Readonly<typeof samlKeys.$inferSelect>

/** Which role in the organization a group at its provider gives. */
export const roleMappings = sqliteTable(
  'role_mappings',
  {
    organizationId: text('organization_id').notNull(),
    group: text('group_name').notNull(),
    role: text('role').$type<GivenRank>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.organizationId, table.group] })],
)
