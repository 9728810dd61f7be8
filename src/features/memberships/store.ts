import {
  and,
  asc,
  eq,
  getTableColumns,
  inArray,
  isNotNull,
  isNull,
  lte,
  ne,
  not,
  notInArray,
  or,
  type SQL,
  type SQLWrapper,
  sql,
} from 'drizzle-orm'
import type { SQLiteUpdateSetSource } from 'drizzle-orm/sqlite-core'
import type { Ctx } from '../../context.ts'
import { insertEventsOf, type RowEvents, type Statement } from '../../db/commit.ts'
import { isFree, isOrganizationHeld, isUserHeld } from '../../db/holds.ts'
import { prune } from '../../db/prune.ts'
import { deletedRows, forgottenIn, HIDDEN, shownRows, type UserData } from '../../db/user-data.ts'
import { isRanked, RANKS, type Rank, ranksUpTo } from '../../lib/roles.ts'
import { DAY } from '../../lib/time.ts'
import { users } from '../users/tables.ts'
import {
  invitations,
  isMember,
  isMembershipOf,
  isTakenUp,
  memberships,
  needsSso,
  needsTwoFactors,
  organizations,
} from './tables.ts'

type Store = Pick<Ctx, 'db'>
type Recording = Pick<Ctx, 'db' | 'now' | 'ip' | 'userAgent'>

const inOrganization = { organizations: [memberships.organizationId] }

/** A membership that counts goes with its user, also when its organization is held once the erasure has begun: nothing would end it. */
const counts = sql`(${memberships.removedAt} is null and coalesce(${memberships.takenUpAt}, ${memberships.suspendedAt}) is not null)`

export const userData: readonly UserData[] = [
  {
    // After a hold `deleteRemoved` and `expireMemberships` take what it has kept.
    ...deletedRows(memberships, { userId: 'id' }, { when: or(counts, isFree(inOrganization)) }),
    ...shownRows(memberships, {
      part: 'memberships',
      by: { userId: 'id' },
      shows: [
        'id',
        'organizationId',
        'role',
        'metadata',
        'invitedBy',
        'joinedAt',
        'takenUpAt',
        'expiresAt',
        'removedAt',
        'removedBy',
        'suspendedAt',
      ],
      doers: ['removedBy'],
      hides: { [HIDDEN.internal]: ['userId', 'givenRole', 'mappedRole', 'mappingId'] },
    }),
  },
  {
    ...forgottenIn(memberships, ['invitedBy', 'removedBy'], { ...inOrganization, users: [memberships.userId] }),
    ...shownRows(memberships, {
      part: 'memberships',
      name: 'memberships_you_gave_or_ended',
      by: { invitedBy: 'id', removedBy: 'id' },
      shows: ['organizationId', 'role', 'joinedAt', 'removedAt'],
    }),
  },
  {
    ...forgottenIn(organizations, ['createdBy'], { organizations: [organizations.id] }),
    keeps: { billingEmail: "the organization's own, not a member's" },
    ...shownRows(organizations, {
      part: 'memberships',
      name: 'organizations_you_made',
      by: { createdBy: 'id' },
      shows: ['id', 'name', 'slug', 'createdAt'],
      hides: {
        "the organization's own": [
          'number',
          'description',
          'logoUrl',
          'billingEmail',
          'settings',
          'requireTwoFactors',
          'invitationDomains',
          'version',
          'memberCount',
          'createdBy',
          'updatedAt',
          'deletedAt',
          'eraseAt',
          'ownerLossToldAt',
          'directoryEnabled',
          'directoryUsers',
          'directoryActiveUsers',
          'directoryGroups',
          'directoryMembers',
        ],
      },
    }),
  },
]

/** By the column that names the organization. */
export const organizationData = [memberships.organizationId]

/** An organization that is not deleted, with the user's membership in it, if there is one. */
export const selectPlace = (
  { db }: Store,
  key: { id: string } | { slug: string },
  userId: string,
  sessionId: string | null = null,
) =>
  db
    .select({
      organization: getTableColumns(organizations),
      membership: getTableColumns(memberships),
      needsSso: sql`${needsSso(sessionId)}`.mapWith(Boolean),
      needsTwoFactors: sql`${needsTwoFactors(sessionId)}`.mapWith(Boolean),
    })
    .from(organizations)
    .leftJoin(memberships, isMembershipOf(userId))
    .where(
      and(
        'id' in key ? eq(organizations.id, key.id) : eq(organizations.slug, key.slug),
        isNull(organizations.deletedAt),
      ),
    )
    .get()

/** Ids of an organization's owners, the longest-serving first: who adds others cannot push them out. */
export const selectOwnerIds = ({ db }: Store, organizationId: string, limit: number) =>
  db
    .select({ id: memberships.userId })
    .from(memberships)
    .where(
      and(
        eq(memberships.organizationId, organizationId),
        eq(memberships.role, 'owner'),
        isNull(memberships.removedAt),
        isNotNull(memberships.takenUpAt),
      ),
    )
    .orderBy(asc(memberships.joinedAt), asc(memberships.id))
    .limit(limit)

/** The organizations that the user has taken up, `limit` at most. */
export const selectOrganizationIds = ({ db }: Store, userId: string, limit: number) =>
  db
    .select({ id: organizations.id })
    .from(memberships)
    .innerJoin(organizations, eq(organizations.id, memberships.organizationId))
    .where(and(eq(memberships.userId, userId), isTakenUp(), isNull(organizations.deletedAt)))
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
        ${createdBy ?? null}, ${createdAt}, ${createdAt}, null, null, null, 0, 0, 0, 0, 0 where ${when}`,
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
        ${row.invitedBy ?? null}, ${row.joinedAt}, ${row.takenUpAt ?? null}, ${row.expiresAt ?? null}, null, null, null, null, null, null
        where ${when}`,
    )
    .onConflictDoNothing()
    .returning(getTableColumns(memberships))

/** The statement returns no row when there is no such organization, or the condition does not hold. */
export const updateOrganization = (
  { db }: Store,
  id: string,
  { set, when }: { set: SQLiteUpdateSetSource<typeof organizations>; when: SQL | undefined },
) =>
  db
    .update(organizations)
    .set(set)
    .where(and(eq(organizations.id, id), when))
    .returning(getTableColumns(organizations))

type MembershipSet = SQLiteUpdateSetSource<typeof memberships>

/** The higher of two roles; the other where one is null. Roles that this release does not know count as the lowest. */
const higher = (one: SQLWrapper | string, other: SQLWrapper | string): SQL => {
  const rankOf = (role: SQLWrapper | string) =>
    sql`case ${role} ${sql.raw(RANKS.map((rank, index) => `when '${rank}' then ${index}`).join(' '))} else -1 end`
  return sql`case when ${rankOf(one)} >= ${rankOf(other)} then ${one} else ${other} end`
}

/** A role by hand stays apart from the mapped one, and the higher counts. */
const withGivenRole = ({ role, ...set }: MembershipSet): MembershipSet =>
  role === undefined
    ? set
    : {
        ...set,
        role: higher(role, sql`${memberships.mappedRole}`),
        givenRole: sql`case when ${memberships.mappedRole} is null then null else ${role} end`,
      }

/**
 * A membership that was not removed; `role` is the one by hand. The statement returns no row when there is none, or the condition
 * does not hold.
 */
export const updateMembership = (
  { db }: Store,
  key: { organizationId: string; userId: string },
  { set, when }: { set: MembershipSet; when: SQL | undefined },
) =>
  db
    .update(memberships)
    .set(withGivenRole(set))
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
        isNull(memberships.suspendedAt),
        when,
      ),
    )

/** What a role by hand and a mapped one make together, of a membership as it stands. */
export const effectiveRole = (mapped: SQL): SQL =>
  higher(sql`coalesce(${memberships.givenRole}, ${memberships.role})`, mapped)

/**
 * Gives memberships the role that groups map to, apart from what was given by hand: `mapped` is that role, null for none. Statements
 * of the batch find those that changed by `mappingId`.
 */
export const mapRoles = (
  { db }: Store,
  { organizationId, mapped, mappingId, when }: { organizationId: string; mapped: SQL; mappingId: string; when: SQL },
) => {
  const given = sql`coalesce(${memberships.givenRole}, ${memberships.role})`
  return db
    .update(memberships)
    .set({
      mappedRole: mapped,
      givenRole: sql`case when ${mapped} is null then null else ${given} end`,
      role: effectiveRole(mapped),
      mappingId: sql`case when ${memberships.role} <> ${effectiveRole(mapped)} then ${mappingId} else ${memberships.mappingId} end`,
    })
    .where(
      and(
        eq(memberships.organizationId, organizationId),
        isNull(memberships.removedAt),
        sql`${memberships.mappedRole} is not ${mapped}`,
        when,
      ),
    )
}

/** Accounts whose mapped role the write has changed, `limit` at most, with their claims version. */
export const selectMapped = (
  { db }: Store,
  { organizationId, mappingId, limit }: { organizationId: string; mappingId: string; limit: number },
) =>
  db
    .select({ userId: memberships.userId, claimsVersion: users.claimsVersion })
    .from(memberships)
    .innerJoin(users, eq(users.id, memberships.userId))
    .where(and(eq(memberships.organizationId, organizationId), eq(memberships.mappingId, mappingId)))
    .limit(limit)

export const findOrganizationVersion = async ({ db }: Store, id: string): Promise<number> =>
  (await db.select({ version: organizations.version }).from(organizations).where(eq(organizations.id, id)).get())
    ?.version ?? 0

const EXPIRED_PER_RUN = 500
const EXPIRY = { type: 'system', id: 'membership-expiry' } as const

/**
 * Deletes a limited number of memberships that nobody took up in time, each with its event; of one that was removed there is one.
 * What is held stays.
 */
export async function expireMemberships(ctx: Recording): Promise<void> {
  const overdue = ctx.db
    .select({ id: memberships.id })
    .from(memberships)
    .where(
      and(
        isNotNull(memberships.expiresAt),
        lte(memberships.expiresAt, ctx.now()),
        isNull(memberships.takenUpAt),
        not(isOrganizationHeld(memberships.organizationId)),
        not(isUserHeld(memberships.userId)),
      ),
    )
    .orderBy(memberships.expiresAt, memberships.id)
    .limit(EXPIRED_PER_RUN)
  const isTaken = inArray(memberships.id, overdue)
  await ctx.db.batch([
    endEvents(ctx, { actor: EXPIRY, reason: 'expired' }, and(isTaken, isNull(memberships.removedAt))),
    ctx.db.delete(memberships).where(isTaken),
  ])
}

const endEvents = (
  ctx: Recording,
  { actor, reason }: { actor: RowEvents['actor']; reason: string },
  condition: SQL | undefined,
) =>
  insertEventsOf(ctx, {
    type: 'organization.member_removed',
    actor,
    subject: sql`${memberships.userId}`,
    userId: sql`${memberships.userId}`,
    organizationId: sql`${memberships.organizationId}`,
    data: sql`json_object('before', json_object('role', ${memberships.role}), 'reason', ${reason})`,
    from: sql`from ${memberships} where ${condition}`,
  })

/**
 * What decides about a user's subscription to an organization that is not deleted, in one statement. `role` is null without a
 * membership that counts.
 */
export const findSubscriber = async (
  { db }: Store,
  { organizationId, userId, sessionId }: { organizationId: string; userId: string; sessionId: string },
) =>
  db
    .select({
      claimsVersion: users.claimsVersion,
      version: organizations.version,
      requireTwoFactors: organizations.requireTwoFactors,
      needsSso: sql`${needsSso(sessionId)}`.mapWith(Boolean),
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
    of: { ...inOrganization, users: [memberships.userId] },
    order: memberships.removedAt,
  })

/** Who takes a right from whoever gave something with it. */
interface Loss {
  readonly authorId: string
  readonly actor: RowEvents['actor']
}

/** Revokes pending invitations in the batch of a change that makes them void. Each has its event. */
export function revokeWhere(
  ctx: Recording,
  actor: RowEvents['actor'],
  condition: SQL | undefined,
  reason: 'author_lost_right' | 'joined' | 'left' = 'author_lost_right',
): readonly Statement[] {
  const isRevoked = and(eq(invitations.status, 'pending'), condition)
  const events = insertEventsOf(ctx, {
    type: 'invitation.revoked',
    actor,
    subject: sql`${invitations.id}`,
    organizationId: sql`${invitations.organizationId}`,
    data: sql`json_object('role', ${invitations.role}, 'reason', ${reason})`,
    from: sql`from ${invitations} where ${isRevoked}`,
  })
  return [events, ctx.db.update(invitations).set({ status: 'revoked', updatedAt: ctx.now() }).where(isRevoked)]
}

/** As `revokeWhere`, for memberships that nobody has taken up and whose giver loses the right. */
function endWhere(ctx: Recording, actor: RowEvents['actor'], condition: SQL | undefined): readonly Statement[] {
  const isEnded = and(
    isNull(memberships.removedAt),
    isNull(memberships.takenUpAt),
    isNull(memberships.suspendedAt),
    condition,
  )
  const removedBy = actor.type === 'user' ? actor.id : null
  return [
    endEvents(ctx, { actor, reason: 'author_lost_right' }, isEnded),
    ctx.db.update(memberships).set({ removedAt: ctx.now(), removedBy }).where(isEnded),
  ]
}

/** Those that give permissions: their author may have lost one of them. */
const givesPermissions = sql`${invitations.permissions} <> '[]'`

/** What an author gave in an organization and no longer answers for, once the author's rank there is `rank`; null for none. */
export function revokeUnanswered(
  ctx: Recording,
  { organizationId, authorId, rank, actor }: Loss & { organizationId: string; rank: Rank | null },
  when: SQL | undefined,
): readonly Statement[] {
  const answersFor = rank !== null && isRanked(rank, 'admin') ? [...ranksUpTo(rank)] : []
  const isBeyond = notInArray(memberships.role, answersFor)
  const isInvitedBeyond = or(notInArray(invitations.role, answersFor), givesPermissions)
  return [
    ...revokeWhere(ctx, actor, and(isBy(invitations, { organizationId, authorId }), isInvitedBeyond, when)),
    ...endWhere(ctx, actor, and(isBy(memberships, { organizationId, authorId }), isBeyond, when)),
  ]
}

const isBy = (
  table: typeof invitations | typeof memberships,
  { organizationId, authorId }: { organizationId: string; authorId: string },
) => and(eq(table.organizationId, organizationId), eq(table.invitedBy, authorId))

/**
 * What invites the address of a user who joins or leaves: an older invitation must not bring them back later, with a role that they
 * have lost.
 */
export const revokeTo = (
  ctx: Recording,
  of: { organizationId: string; userId: string; reason: 'joined' | 'left'; actor: RowEvents['actor'] },
  when: SQL,
): readonly Statement[] =>
  revokeWhere(
    ctx,
    of.actor,
    and(
      eq(invitations.organizationId, of.organizationId),
      eq(invitations.email, sql`(select invited.email from users as invited where invited.id = ${of.userId})`),
      when,
    ),
    of.reason,
  )

/** What gives permissions in an organization, by an author who loses a custom role or a grant there. */
export const revokeGiving = (
  ctx: Recording,
  { organizationId, authorId, actor }: Loss & { organizationId: string },
  when: SQL,
): readonly Statement[] =>
  revokeWhere(ctx, actor, and(isBy(invitations, { organizationId, authorId }), givesPermissions, when))

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
export const revokeOfAccount = (ctx: Recording, { authorId, actor }: Loss, when: SQL): readonly Statement[] => [
  ...revokeWhere(ctx, actor, and(eq(invitations.invitedBy, authorId), when)),
  ...endWhere(ctx, actor, and(eq(memberships.invitedBy, authorId), when)),
]

/** What an author who is no longer an admin of the platform does not answer for as a member. */
export function revokeOfDemoted(ctx: Recording, { authorId, actor }: Loss, when: SQL): readonly Statement[] {
  const answersFor = (organizationId: SQLWrapper, asAdmin: SQL | undefined) =>
    sql`exists (select 1 from memberships as own where own.organization_id = ${organizationId} and own.user_id = ${authorId}
      and ${isTakenUp('own')} and (own.role = 'owner' or (own.role = 'admin' and ${asAdmin})))`
  const invited = answersFor(invitations.organizationId, and(ne(invitations.role, 'owner'), not(givesPermissions)))
  const added = answersFor(memberships.organizationId, ne(memberships.role, 'owner'))
  return [
    ...revokeWhere(ctx, actor, and(eq(invitations.invitedBy, authorId), not(invited), when)),
    ...endWhere(ctx, actor, and(eq(memberships.invitedBy, authorId), not(added), when)),
  ]
}
