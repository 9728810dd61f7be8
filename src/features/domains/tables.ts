import { type SQL, sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { ADMIN } from '../../lib/roles.ts'

/** Domains that an organization claims. A verified one belongs to one organization, and says nothing of its subdomains. */
export const organizationDomains = sqliteTable(
  'organization_domains',
  {
    organizationId: text('organization_id').notNull(),
    /** As addresses have it: lower case, in ASCII. */
    domain: text('domain').notNull(),
    /** What the DNS record says: 256 random bits. */
    challenge: text('challenge').notNull(),
    createdAt: integer('created_at').notNull(),
    verifiedAt: integer('verified_at'),
    /** Verified by the word of a platform admin: no record is read. */
    isVouched: integer('is_vouched', { mode: 'boolean' }).notNull().default(false),
    /** When the record of a verified domain is read again. */
    checkAt: integer('check_at'),
    /** When the record was first found missing. */
    missingSince: integer('missing_since'),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.domain] }),
    uniqueIndex('organization_domains_verified').on(table.domain).where(sql`verified_at is not null`),
    index('organization_domains_to_check').on(table.checkAt).where(sql`check_at is not null`),
  ],
)
export type OrganizationDomain = Readonly<typeof organizationDomains.$inferSelect>

/** Whether an organization requires its members to sign in through its identity provider; no row is no. */
export const ssoPolicies = sqliteTable('sso_policies', {
  organizationId: text('organization_id').primaryKey(),
  required: integer('required', { mode: 'boolean' }).notNull(),
  /** An owner with a password and a second factor gets in all the same. */
  allowBreakGlass: integer('allow_break_glass', { mode: 'boolean' }).notNull(),
  updatedAt: integer('updated_at').notNull(),
  /** While sessions of other kinds end: the user whose ended last. */
  endsAfter: text('ends_after'),
})
export type SsoPolicy = Readonly<typeof ssoPolicies.$inferSelect>

/** Holds while the organization has a verified domain. `organizationId` may be a column. */
export const hasVerifiedDomain = (organizationId: string | SQL): SQL =>
  sql`exists (select 1 from organization_domains as proved where proved.organization_id = ${organizationId}
    and proved.verified_at is not null)`

/** Verified domains for which the organization's provider may speak: all, or those of `allowed`, a list in JSON. */
const usableDomains = (organizationId: string, allowed: SQL): SQL =>
  sql`from organization_domains as usable where usable.organization_id = ${organizationId} and usable.verified_at is not null
    and (json_array_length(${allowed}) = 0 or usable.domain in (select value from json_each(${allowed})))`

const allowedNow = (organizationId: string): SQL =>
  sql`(select used.allowed_domains from sso_connections as used where used.organization_id = ${organizationId})`

/** Holds while people with addresses in some domain can sign in through the organization's provider; `allowed` instead of what it has now. */
export const hasUsableDomain = (organizationId: string, allowed: readonly string[] | null = null): SQL =>
  sql`exists (select 1 ${usableDomains(
    organizationId,
    allowed === null ? allowedNow(organizationId) : sql`${JSON.stringify(allowed)}`,
  )})`

/** Holds while single sign-on is required and the domain is the last one through which people can come. */
export const isLastRequired = ({ organizationId, domain }: { organizationId: string; domain: string }): SQL => {
  const usable = usableDomains(organizationId, allowedNow(organizationId))
  return sql`(${isSsoRequired(organizationId)} and exists (select 1 ${usable} and usable.domain = ${domain})
    and not exists (select 1 ${usable} and usable.domain <> ${domain}))`
}

/** Holds while the organization requires single sign-on. */
export const isSsoRequired = (organizationId: string): SQL =>
  sql`exists (select 1 from sso_policies as policy where policy.organization_id = ${organizationId} and policy.required = 1)`

/** Holds while the organization has verified this very domain. */
export const isDomainOf = (organizationId: string, domain: string | SQL): SQL =>
  sql`exists (select 1 from organization_domains as own where own.organization_id = ${organizationId}
    and own.domain = ${domain} and own.verified_at is not null)`

/** Holds while the account is one of the organization's people: its own address is in a verified domain, and it is no platform admin's. */
export const isManagedBy = (organizationId: string, userId: string | SQL): SQL =>
  sql`exists (select 1 from users as managed where managed.id = ${userId} and managed.role <> ${ADMIN}
    and managed.status <> 'deleted' and ${isDomainOf(organizationId, sql`substr(managed.email, instr(managed.email, '@') + 1)`)})`
