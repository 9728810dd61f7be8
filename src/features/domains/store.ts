import { and, asc, eq, isNotNull, isNull, lte, type SQL, sql } from 'drizzle-orm'
import type { Ctx, PlaceCtx } from '../../context.ts'
import { organizations, stillHas } from '../memberships/tables.ts'
import { LIMITS } from '../memberships/types.ts'
import { isLastRequired, type OrganizationDomain, organizationDomains, type SsoPolicy, ssoPolicies } from './tables.ts'

type Store = Pick<Ctx, 'db'>

export const organizationData = [organizationDomains.organizationId, ssoPolicies.organizationId]

type Acting = Store & Pick<PlaceCtx, 'place' | 'actor'>
type Key = Pick<OrganizationDomain, 'organizationId' | 'domain'>

const isOne = ({ organizationId, domain }: Key) =>
  and(eq(organizationDomains.organizationId, organizationId), eq(organizationDomains.domain, domain))

const isOwner = ({ place, actor }: Acting): SQL => stillHas('owner', place, actor.id)

/** Holds while no organization has verified the domain. */
const isFree = (domain: string): SQL =>
  sql`not exists (select 1 from organization_domains as taken where taken.domain = ${domain} and taken.verified_at is not null)`

const claimsOf = (organizationId: string, condition: SQL): SQL =>
  sql`(select count(*) from organization_domains as claimed where claimed.organization_id = ${organizationId} and ${condition})`

/** The organization that has verified the domain, with its policy. */
export const selectDomainOwner = ({ db }: Store, domain: string) =>
  db
    .select({
      organizationId: organizations.id,
      slug: organizations.slug,
      name: organizations.name,
      required: sql`coalesce(${ssoPolicies.required}, 0)`.mapWith(Boolean),
      allowBreakGlass: sql`coalesce(${ssoPolicies.allowBreakGlass}, 1)`.mapWith(Boolean),
    })
    .from(organizationDomains)
    .innerJoin(
      organizations,
      and(eq(organizations.id, organizationDomains.organizationId), isNull(organizations.deletedAt)),
    )
    .leftJoin(ssoPolicies, eq(ssoPolicies.organizationId, organizations.id))
    .where(and(eq(organizationDomains.domain, domain), isNotNull(organizationDomains.verifiedAt)))
    .get()

export const selectDomains = ({ db }: Store, organizationId: string): Promise<OrganizationDomain[]> =>
  db
    .select()
    .from(organizationDomains)
    .where(eq(organizationDomains.organizationId, organizationId))
    .orderBy(asc(organizationDomains.domain))

export const selectDomain = ({ db }: Store, key: Key): Promise<OrganizationDomain | undefined> =>
  db.select().from(organizationDomains).where(isOne(key)).get()

/** The statement returns no row when the caller is no owner any more, or the organization has claimed the domain or too many. */
export const insertDomain = (ctx: Acting, row: Key & Pick<OrganizationDomain, 'challenge' | 'createdAt'>) =>
  ctx.db
    .insert(organizationDomains)
    .select(
      sql`select ${row.organizationId}, ${row.domain}, ${row.challenge}, ${row.createdAt}, null, 0, null, null
        where ${isOwner(ctx)} and ${isFree(row.domain)}
          and ${claimsOf(row.organizationId, sql`claimed.verified_at is null`)} < ${LIMITS.pendingDomainsPerOrganization}
          and ${claimsOf(row.organizationId, sql`true`)} < ${LIMITS.domainsPerOrganization}`,
    )
    .onConflictDoNothing()
    .returning()

/** The statement returns no row when the caller is no owner any more, it is verified, or another organization was first. */
export const updateVerified = (
  ctx: Acting,
  { organizationId, domain, challenge }: OrganizationDomain,
  set: Pick<OrganizationDomain, 'verifiedAt' | 'isVouched' | 'checkAt'>,
) =>
  ctx.db
    .update(organizationDomains)
    .set({ ...set, missingSince: null })
    .where(
      and(
        isOne({ organizationId, domain }),
        // The record that was read is of this claim, not of one that was made anew meanwhile.
        eq(organizationDomains.challenge, challenge),
        isNull(organizationDomains.verifiedAt),
        isFree(domain),
        isOwner(ctx),
      ),
    )
    .returning()

/** The statement returns no row when it is not as it was read, the caller is no owner any more, or it is the last one of required single sign-on. */
export const deleteDomain = (ctx: Acting, row: OrganizationDomain) =>
  ctx.db
    .delete(organizationDomains)
    .where(
      and(
        isOne(row),
        sql`${organizationDomains.verifiedAt} is ${row.verifiedAt}`,
        isOwner(ctx),
        sql`not ${isLastRequired(row)}`,
      ),
    )
    .returning()

/** Asked before a removal, for its answer: the statement of `deleteDomain` decides. */
export const selectIsLastRequired = async ({ db }: Store, key: Key): Promise<boolean> =>
  (await db
    .select()
    .from(organizationDomains)
    .where(and(isOne(key), isLastRequired(key)))
    .get()) !== undefined

/** Verified domains whose record is to be read again, the longest overdue first. */
export const selectDueDomains = ({ db, now }: Store & Pick<Ctx, 'now'>, limit: number): Promise<OrganizationDomain[]> =>
  db
    .select()
    .from(organizationDomains)
    .where(and(isNotNull(organizationDomains.checkAt), lte(organizationDomains.checkAt, now())))
    .orderBy(asc(organizationDomains.checkAt))
    .limit(limit)

/** The statement returns no row when another run, or its owner, has changed the row since it was read. */
export const updateChecked = (
  { db }: Store,
  row: OrganizationDomain,
  set: Partial<Pick<OrganizationDomain, 'verifiedAt' | 'checkAt' | 'missingSince'>>,
) =>
  db
    .update(organizationDomains)
    .set(set)
    .where(and(isOne(row), eq(organizationDomains.challenge, row.challenge), sql`check_at is ${row.checkAt}`))
    .returning()

export const selectPolicy = ({ db }: Store, organizationId: string): Promise<SsoPolicy | undefined> =>
  db.select().from(ssoPolicies).where(eq(ssoPolicies.organizationId, organizationId)).get()

/** Writes the policy where the condition holds. */
export const upsertPolicy = (
  { db }: Store,
  { organizationId, required, allowBreakGlass, updatedAt, endsAfter }: SsoPolicy,
  when: SQL,
) =>
  db
    .insert(ssoPolicies)
    .select(
      sql`select ${organizationId}, ${Number(required)}, ${Number(allowBreakGlass)}, ${updatedAt}, ${endsAfter} where ${when}`,
    )
    .onConflictDoUpdate({
      target: ssoPolicies.organizationId,
      set: { required, allowBreakGlass, updatedAt, endsAfter },
    })
    .returning()
