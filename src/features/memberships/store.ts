import { and, eq, getTableColumns, isNotNull, isNull, lte, ne, notInArray, or, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import { insertEventsOf, type RowEvents, type Statement } from '../../db/commit.ts'
import { prune } from '../../db/prune.ts'
import { deletedRows, forgottenIn } from '../../db/user-data.ts'
import { isRanked, type Rank, ranksUpTo } from '../../lib/roles.ts'
import { DAY } from '../../lib/time.ts'
import { users } from '../users/tables.ts'
import { invitations, isMember, isMembershipOf, memberships, organizations } from './tables.ts'

type Store = Pick<Ctx, 'db'>

export const userData = [
  deletedRows(memberships, { userId: 'id' }),
  forgottenIn(memberships, ['invitedBy', 'removedBy']),
  {
    ...forgottenIn(organizations, ['createdBy']),
    keeps: { billingEmail: "the organization's own, not a member's" },
  },
]

/** By the column that names the organization. */
export const organizationData = [memberships.organizationId]

/** An organization that is not deleted, with the user's membership in it, if there is one. */
export const selectPlace = ({ db }: Store, key: { id: string } | { slug: string }, userId: string) =>
  db
    .select({ organization: getTableColumns(organizations), membership: getTableColumns(memberships) })
    .from(organizations)
    .leftJoin(memberships, isMembershipOf(userId))
    .where(
      and(
        'id' in key ? eq(organizations.id, key.id) : eq(organizations.slug, key.slug),
        isNull(organizations.deletedAt),
      ),
    )
    .get()

/** The organizations that the user has taken up, `limit` at most. */
export const selectOrganizationIds = ({ db }: Store, userId: string, limit: number) =>
  db
    .select({ id: organizations.id })
    .from(memberships)
    .innerJoin(organizations, eq(organizations.id, memberships.organizationId))
    .where(
      and(
        eq(memberships.userId, userId),
        isNull(memberships.removedAt),
        isNotNull(memberships.takenUpAt),
        isNull(organizations.deletedAt),
      ),
    )
    .limit(limit)

type NewOrganization = Omit<typeof organizations.$inferInsert, 'number'>
type NewMembership = typeof memberships.$inferInsert

/** The statement returns no row when the slug is taken or the condition does not hold. */
export const insertOrganization = ({ db }: Store, row: NewOrganization, when: SQL = sql`true`) => {
  const { id, name, slug, description, logoUrl, billingEmail, createdBy, createdAt } = row
  return db
    .insert(organizations)
    .select(
      sql`select null, ${id}, ${name}, ${slug}, ${description ?? null}, ${logoUrl ?? null}, ${billingEmail ?? null}, '{}', 0, '[]', 1, 0,
        ${createdBy ?? null}, ${createdAt}, ${createdAt}, null, null, null where ${when}`,
    )
    .onConflictDoNothing()
    .returning(getTableColumns(organizations))
}

/** The statement returns no row when the user is in the organization already, or the condition does not hold. */
export const insertMembership = ({ db }: Store, row: NewMembership, when: SQL = sql`true`) =>
  db
    .insert(memberships)
    .select(
      sql`select ${row.id}, ${row.organizationId}, ${row.userId}, ${row.role}, ${JSON.stringify(row.metadata ?? {})},
        ${row.invitedBy ?? null}, ${row.joinedAt}, ${row.takenUpAt ?? null}, ${row.expiresAt ?? null}, null, null where ${when}`,
    )
    .onConflictDoNothing()
    .returning(getTableColumns(memberships))

/** The statement returns no row when there is no such organization, or the condition does not hold. */
export const updateOrganization = (
  { db }: Store,
  id: string,
  { set, when }: { set: Partial<Record<keyof typeof organizations.$inferInsert, unknown>>; when: SQL | undefined },
) =>
  db
    .update(organizations)
    .set(set as never)
    .where(and(eq(organizations.id, id), when))
    .returning(getTableColumns(organizations))

/** A membership that was not removed. The statement returns no row when there is none, or the condition does not hold. */
export const updateMembership = (
  { db }: Store,
  key: { organizationId: string; userId: string },
  { set, when }: { set: Partial<Record<keyof typeof memberships.$inferInsert, unknown>>; when: SQL | undefined },
) =>
  db
    .update(memberships)
    .set(set as never)
    .where(
      and(
        eq(memberships.organizationId, key.organizationId),
        eq(memberships.userId, key.userId),
        isNull(memberships.removedAt),
        when,
      ),
    )
    .returning(getTableColumns(memberships))

/** Deletes a membership that its user has not taken up, if the condition holds. */
export const deletePending = ({ db }: Store, key: { organizationId: string; userId: string }, when: SQL) =>
  db
    .delete(memberships)
    .where(
      and(
        eq(memberships.organizationId, key.organizationId),
        eq(memberships.userId, key.userId),
        isNull(memberships.removedAt),
        isNull(memberships.takenUpAt),
        when,
      ),
    )

/** Removes a limited number of memberships that nobody took up in time. */
export const expireMemberships = (store: Store & Pick<Ctx, 'now'>): Promise<void> =>
  prune(store, {
    table: memberships,
    key: memberships.id,
    where: and(
      isNotNull(memberships.expiresAt),
      lte(memberships.expiresAt, store.now()),
      isNull(memberships.takenUpAt),
    ),
    order: memberships.expiresAt,
  })

/**
 * What decides about a user's subscription to an organization that is not deleted, in one statement. `role` is null without a
 * membership that counts.
 */
export const findSubscriber = async (
  { db }: Store,
  { organizationId, userId }: { organizationId: string; userId: string },
) =>
  db
    .select({
      claimsVersion: users.claimsVersion,
      version: organizations.version,
      requireTwoFactors: organizations.requireTwoFactors,
      role: memberships.role,
    })
    .from(users)
    .innerJoin(organizations, and(eq(organizations.id, organizationId), isNull(organizations.deletedAt)))
    .leftJoin(memberships, isMember(organizationId, userId))
    .where(eq(users.id, userId))
    .get()

/** A removed member's row is kept this long, for lists with those who left. */
const REMOVED_KEPT_MS = 90 * DAY

/** Deletes a limited number of old rows of members who left. */
export const deleteRemoved = (store: Store & Pick<Ctx, 'now'>): Promise<void> =>
  prune(store, {
    table: memberships,
    key: memberships.id,
    where: and(isNotNull(memberships.removedAt), lte(memberships.removedAt, store.now() - REMOVED_KEPT_MS)),
    order: memberships.removedAt,
  })

type Recording = Pick<Ctx, 'db' | 'now' | 'ip' | 'userAgent'>

/** Who takes a right from the author of invitations. */
interface Loss {
  readonly authorId: string
  readonly actor: RowEvents['actor']
}

/** Revokes pending invitations whose author loses the right to give what they give, in the batch of that loss. Each has its event. */
function revokeWhere(ctx: Recording, actor: RowEvents['actor'], condition: SQL | undefined): readonly Statement[] {
  const isRevoked = and(eq(invitations.status, 'pending'), condition)
  const events = insertEventsOf(ctx, {
    type: 'invitation.revoked',
    actor,
    subject: sql`${invitations.id}`,
    organizationId: sql`${invitations.organizationId}`,
    data: sql`json_object('email', ${invitations.email}, 'role', ${invitations.role}, 'reason', 'author_lost_right')`,
    from: sql`from ${invitations} where ${isRevoked}`,
  })
  return [events, ctx.db.update(invitations).set({ status: 'revoked', updatedAt: ctx.now() }).where(isRevoked)]
}

/** Those that give permissions: their author may have lost one of them. */
const givesPermissions = sql`${invitations.permissions} <> '[]'`

/** What an author made in an organization and no longer answers for, once the author's rank there is `rank`; null for none. */
export function revokeUnanswered(
  ctx: Recording,
  { organizationId, authorId, rank, actor }: Loss & { organizationId: string; rank: Rank | null },
  when: SQL | undefined,
): readonly Statement[] {
  const isBeyond =
    rank !== null && isRanked(rank, 'admin')
      ? or(notInArray(invitations.role, [...ranksUpTo(rank)]), givesPermissions)
      : undefined
  const isTheirs = and(eq(invitations.organizationId, organizationId), eq(invitations.invitedBy, authorId))
  return revokeWhere(ctx, actor, and(isTheirs, isBeyond, when))
}

/** What gives permissions in an organization, by an author who loses a custom role or a grant there. */
export const revokeGiving = (
  ctx: Recording,
  { organizationId, authorId, actor }: Loss & { organizationId: string },
  when: SQL,
): readonly Statement[] =>
  revokeWhere(
    ctx,
    actor,
    and(eq(invitations.organizationId, organizationId), eq(invitations.invitedBy, authorId), givesPermissions, when),
  )

/** As `revokeGiving`, by all who have a custom role that allows less from now on. */
export const revokeGivingByRole = (
  ctx: Recording,
  { organizationId, roleId, actor }: Pick<Loss, 'actor'> & { organizationId: string; roleId: string },
  when: SQL,
): readonly Statement[] =>
  revokeWhere(
    ctx,
    actor,
    and(
      eq(invitations.organizationId, organizationId),
      givesPermissions,
      sql`exists (select 1 from role_assignments as held where held.role_id = ${roleId} and held.user_id = ${invitations.invitedBy})`,
      when,
    ),
  )

/** All of an author whose account may no longer sign in. */
export const revokeOfAccount = (ctx: Recording, { authorId, actor }: Loss, when: SQL): readonly Statement[] =>
  revokeWhere(ctx, actor, and(eq(invitations.invitedBy, authorId), when))

/** What an author who is no longer an admin of the platform does not answer for as a member. */
export const revokeOfDemoted = (ctx: Recording, { authorId, actor }: Loss, when: SQL): readonly Statement[] =>
  revokeWhere(
    ctx,
    actor,
    and(
      eq(invitations.invitedBy, authorId),
      sql`not exists (select 1 from memberships as own where own.organization_id = ${invitations.organizationId}
        and own.user_id = ${authorId} and own.removed_at is null and own.taken_up_at is not null
        and (own.role = 'owner' or (own.role = 'admin' and ${ne(invitations.role, 'owner')} and not ${givesPermissions})))`,
      when,
    ),
  )
