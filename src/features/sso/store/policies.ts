import { and, asc, eq, gt, isNotNull, lte, type SQL, sql } from 'drizzle-orm'
import type { ActorCtx, Ctx, Place } from '../../../context.ts'
import { hasUsableDomain, isManagedBy, type SsoPolicy, ssoPolicies } from '../../domains/tables.ts'
import { isTakenUp, memberships, organizations, stillHas } from '../../memberships/tables.ts'
import { users } from '../../users/tables.ts'

type Store = Pick<Ctx, 'db'>
type Acting = Store & Pick<ActorCtx, 'actor' | 'now'>

/** Holds while an owner has signed in through the connection, as it is now, and others can. */
const isProvedConnection = (organizationId: string): SQL =>
  sql`exists (select 1 from sso_connections as used where used.organization_id = ${organizationId} and used.enabled = 1
    and used.error is null and used.owner_signed_in_at is not null)`

/** Policies from before a time that end sessions, with the user whose ended last. In no order: none waits behind the others. */
export const selectEndings = ({ db }: Store, { before, limit }: { before: number; limit: number }) =>
  db
    .select({
      organizationId: ssoPolicies.organizationId,
      after: ssoPolicies.endsAfter,
      changedAt: ssoPolicies.updatedAt,
    })
    .from(ssoPolicies)
    .where(and(isNotNull(ssoPolicies.endsAfter), lte(ssoPolicies.updatedAt, before)))
    .orderBy(sql`random()`)
    .limit(limit)

/** Members whom the policy obliges: their addresses are in verified domains. */
export const selectObliged = (
  { db }: Store,
  { organizationId, after }: { organizationId: string; after: string },
  limit: number,
) =>
  db
    .select({ id: users.id })
    .from(memberships)
    .innerJoin(users, eq(users.id, memberships.userId))
    .where(
      and(
        eq(memberships.organizationId, organizationId),
        sql`${isTakenUp()}`,
        gt(users.id, after),
        isManagedBy(organizationId, sql`${users.id}`),
      ),
    )
    .orderBy(asc(users.id))
    .limit(limit)

/** Unless the policy was changed meanwhile. */
export const updateEnding = (
  { db }: Store,
  { organizationId, from, to }: { organizationId: string; from: string; to: string | null },
) =>
  db
    .update(ssoPolicies)
    .set({ endsAfter: to })
    .where(and(eq(ssoPolicies.organizationId, organizationId), eq(ssoPolicies.endsAfter, from)))

/** Holds while the policy is as it was read, and the caller is an owner. `isRequiring`: also while single sign-on can be required. */
export const policyChange = (
  { actor }: Acting,
  place: Place,
  { before, isRequiring }: { before: Pick<SsoPolicy, 'updatedAt'> | undefined; isRequiring: boolean },
): SQL => {
  const { organizationId } = place
  const isAsRead = sql`(select read_one.updated_at from sso_policies as read_one where read_one.organization_id = ${organizationId})
    is ${before?.updatedAt ?? null}`
  const right = sql`${isAsRead} and ${stillHas('owner', place, actor.id)}`
  return isRequiring
    ? sql`${right} and ${isProvedConnection(organizationId)} and ${hasUsableDomain(organizationId)}`
    : right
}

/** For the statement behind that of the policy: no token of the organization from before is good any more. */
export const raisedVersion = ({ now }: Pick<Ctx, 'now'>) => ({
  set: { version: sql`${organizations.version} + 1`, updatedAt: now() },
  when: sql`changes() > 0`,
})
