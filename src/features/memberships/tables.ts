import { and, eq, isNull, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { ActorCtx, Place } from '../../context.ts'
import { ADMIN, isAdmin, type Rank, ranksFrom } from '../../lib/roles.ts'
import { LIMITS } from './types.ts'

export const organizations = sqliteTable(
  'organizations',
  {
    /** Sequential and never reused. */
    number: integer('number').primaryKey({ autoIncrement: true }),
    id: text('id').notNull().unique(),
    name: text('name').notNull(),
    /** Stays taken after a deletion, until the row is erased. */
    slug: text('slug').notNull().unique(),
    description: text('description'),
    logoUrl: text('logo_url'),
    billingEmail: text('billing_email'),
    /** Settings without a meaning of their own, as they came. */
    settings: text('settings', { mode: 'json' }).$type<Record<string, unknown>>().notNull().default(sql`'{}'`),
    /** Members need a session of two factors. */
    requireTwoFactors: integer('require_two_factors', { mode: 'boolean' }).notNull().default(false),
    /** JSON: the domains of addresses that may be invited; empty for any. */
    invitationDomains: text('invitation_domains', { mode: 'json' }).$type<string[]>().notNull().default(sql`'[]'`),
    /** Incremented by what takes from all members; the token's `org_ver`. */
    version: integer('version').notNull().default(1),
    /** How many members have taken up their membership. Maintained by triggers on `memberships`. */
    memberCount: integer('member_count').notNull().default(0),
    createdBy: text('created_by'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    deletedAt: integer('deleted_at'),
    /** When a deleted organization's row is erased. */
    eraseAt: integer('erase_at'),
    /** When admins of the platform were told that its last owner was deleted. */
    ownerLossToldAt: integer('owner_loss_told_at'),
    /** A directory writes its people: its groups decide which roles are mapped, not those that a sign-in names. */
    directoryEnabled: integer('directory_enabled', { mode: 'boolean' }).notNull().default(false),
    /** How many live people its directory has, how many of them active, its groups, and who is in them. Maintained by triggers. */
    directoryUsers: integer('directory_users').notNull().default(0),
    directoryActiveUsers: integer('directory_active_users').notNull().default(0),
    directoryGroups: integer('directory_groups').notNull().default(0),
    directoryMembers: integer('directory_members').notNull().default(0),
  },
  (table) => [
    // For the search of one or two characters.
    index('organizations_by_name').on(sql`lower(name)`),
    index('organizations_by_creator').on(table.createdBy, table.createdAt),
    index('organizations_to_erase').on(table.eraseAt).where(sql`erase_at is not null`),
  ],
)
export type Organization = Readonly<typeof organizations.$inferSelect>

export const memberships = sqliteTable(
  'memberships',
  {
    id: text('id').primaryKey(),
    organizationId: text('organization_id').notNull(),
    userId: text('user_id').notNull(),
    /** `owner`, `admin`, `member` or `viewer`: the higher of what was given by hand and what is mapped. */
    role: text('role').notNull(),
    metadata: text('metadata', { mode: 'json' }).$type<Record<string, unknown>>().notNull().default(sql`'{}'`),
    invitedBy: text('invited_by'),
    joinedAt: integer('joined_at').notNull(),
    /** When the user took the membership up; until then it counts for nothing. */
    takenUpAt: integer('taken_up_at'),
    /** When a membership that was not taken up ends. */
    expiresAt: integer('expires_at'),
    removedAt: integer('removed_at'),
    removedBy: text('removed_by'),
    /** When a directory suspended it: `taken_up_at` is null meanwhile, so that it counts for nothing, and its user cannot take it up. */
    suspendedAt: integer('suspended_at'),
    /** The role by hand while one is mapped; else `role` is that. */
    givenRole: text('given_role'),
    /** What the groups of a directory, or of a sign-in, give. */
    mappedRole: text('mapped_role'),
    /** The write that last changed `role` by what is mapped: whoever made it tells those whom it touched. */
    mappingId: text('mapping_id'),
  },
  (table) => [
    uniqueIndex('memberships_one').on(table.organizationId, table.userId).where(sql`removed_at is null`),
    index('memberships_by_user').on(table.userId, table.joinedAt),
    // With what a page of members asks and is ordered by: the rows that it skips are not read.
    index('memberships_by_organization').on(table.organizationId, table.joinedAt, table.id, table.removedAt),
    // In the order in which owners are asked for: else all members would be read for the first.
    index('memberships_by_role')
      .on(table.organizationId, table.role, table.joinedAt, table.id)
      .where(sql`removed_at is null`),
    index('memberships_by_end').on(table.expiresAt).where(sql`expires_at is not null`),
    // For the erasure of a user.
    index('memberships_by_inviter').on(table.invitedBy).where(sql`invited_by is not null`),
    index('memberships_by_remover').on(table.removedBy).where(sql`removed_by is not null`),
    index('memberships_removed').on(table.removedAt).where(sql`removed_at is not null`),
  ],
)
export type Membership = Readonly<typeof memberships.$inferSelect>

export const invitations = sqliteTable(
  'invitations',
  {
    id: text('id').primaryKey(),
    organizationId: text('organization_id').notNull(),
    /** Normalized. */
    email: text('email').notNull(),
    role: text('role').notNull(),
    /** JSON: become direct grants when it is accepted. */
    permissions: text('permissions', { mode: 'json' }).$type<string[]>().notNull().default(sql`'[]'`),
    message: text('message'),
    /** `pending`, `accepted`, `revoked` or `expired`; a pending one has expired once `expires_at` has passed, and cron marks it. */
    status: text('status').notNull().default('pending'),
    /** Whoever answers for its role. */
    invitedBy: text('invited_by').notNull(),
    /** Incremented by a resend: the tokens of earlier mails are void. */
    counter: integer('counter').notNull().default(1),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    acceptedAt: integer('accepted_at'),
    acceptedBy: text('accepted_by'),
  },
  (table) => [
    uniqueIndex('invitations_pending').on(table.organizationId, table.email).where(sql`status = 'pending'`),
    index('invitations_by_organization').on(table.organizationId, table.createdAt, table.id),
    index('invitations_by_email').on(table.email),
    index('invitations_by_author').on(table.invitedBy, table.organizationId),
    index('invitations_by_guest').on(table.acceptedBy).where(sql`accepted_by is not null`),
    index('invitations_by_end').on(table.expiresAt).where(sql`status = 'pending'`),
    index('invitations_ended').on(table.updatedAt).where(sql`status <> 'pending'`),
  ],
)
export type Invitation = Readonly<typeof invitations.$inferSelect>

/** Holds while the organization is not deleted. */
export const isOpen = (organizationId: string | SQL): SQL =>
  sql`exists (select 1 from organizations as open where open.id = ${organizationId} and open.deleted_at is null)`

/** Holds for a membership that counts: taken up, and not removed. `row` is what the statement calls it. */
export const isTakenUp = (row = 'memberships'): SQL =>
  sql.raw(`${row}.removed_at is null and ${row}.taken_up_at is not null`)

/** Holds for a membership that was taken up, also while a directory has suspended it. */
export const isJoined = (row: string): SQL =>
  sql.raw(`${row}.removed_at is null and (${row}.taken_up_at is not null or ${row}.suspended_at is not null)`)

/** Picks the user's membership that counts. */
export const isMember = (organizationId: string, userId: string): SQL | undefined =>
  and(eq(memberships.organizationId, organizationId), eq(memberships.userId, userId), isTakenUp())

/** Joins the user's membership, taken up or not, to its organization. */
export const isMembershipOf = (userId: string): SQL | undefined =>
  and(eq(memberships.organizationId, organizations.id), eq(memberships.userId, userId), isNull(memberships.removedAt))

/** Holds while the user is an admin of the platform. */
const isStillAdmin = (userId: string): SQL =>
  sql`exists (select 1 from users as caller where caller.id = ${userId} and caller.role = ${ADMIN})`

/**
 * Holds while the caller has the rank, and the organization is not deleted: rights may be lost between check and write. Without a
 * place it is about what is platform-wide, which is for admins of the platform.
 */
export const stillHas = (rank: Rank, place: Place | null, userId: string): SQL => {
  if (place === null) return isStillAdmin(userId)
  const { organizationId, isPlatformAdmin } = place
  const right = isPlatformAdmin
    ? isStillAdmin(userId)
    : sql`exists (select 1 from memberships as caller where caller.organization_id = ${organizationId} and caller.user_id = ${userId}
        and ${isTakenUp('caller')} and caller.role in ${[...ranksFrom(rank)]})`
  return sql`(${isOpen(organizationId)} and ${right})`
}

/**
 * Holds while whoever gave a role in an organization could still give it: their account may sign in, and they have the rank. Pending
 * invitations and memberships that were not taken up hang on it.
 */
export const mayGive = (given: {
  readonly organizationId: SQLWrapper | string
  readonly by: SQLWrapper | string
  readonly role: SQLWrapper | string
}): SQL =>
  sql`exists (select 1 from users as giver where giver.id = ${given.by} and giver.status in ('active', 'pending')
    and (giver.role = ${ADMIN} or exists (select 1 from memberships as authority
      where authority.organization_id = ${given.organizationId} and authority.user_id = giver.id and ${isTakenUp('authority')}
        and (authority.role = 'owner' or (authority.role = 'admin' and ${given.role} <> 'owner')))))`

/** Holds while somebody else owns the organization, has taken that up, and may sign in. */
export const hasOtherOwner = (organizationId: string | SQL, userId: string | SQL): SQL =>
  sql`exists (select 1 from memberships as other join users as owner on owner.id = other.user_id
    where other.organization_id = ${organizationId} and other.user_id <> ${userId} and other.role = 'owner'
      and ${isTakenUp('other')} and owner.status = 'active')`

/** Holds while the user may take up one more membership. */
export const mayJoinMore = (userId: string): SQL =>
  sql`(select count(*) from memberships as mine where mine.user_id = ${userId} and ${isTakenUp('mine')}) < ${LIMITS.organizationsPerUser}`

/** Holds while the organization may have one more member. */
export const hasRoom = (organizationId: string): SQL =>
  sql`exists (select 1 from organizations as full_one where full_one.id = ${organizationId}
    and full_one.member_count < ${LIMITS.membersPerOrganization})`

/**
 * Of a row of `organizations`: it requires single sign-on, and neither its identity provider nor break glass has opened the session;
 * null for one that is to be opened. Break glass is for owners, while the policy allows it.
 */
export const needsSso = (sessionId: string | null): SQL =>
  sql`exists (select 1 from sso_policies as wanted where wanted.organization_id = ${organizations.id} and wanted.required
    and not exists (select 1 from federated_sessions as opened where opened.session_id = ${sessionId}
      and opened.organization_id = ${organizations.id} and (opened.connection_id is not null
        or (wanted.allow_break_glass and exists (select 1 from memberships as breaker where breaker.user_id = opened.user_id
          and breaker.organization_id = ${organizations.id} and breaker.role = 'owner' and ${isTakenUp('breaker')})))))`

/**
 * Of a row of `organizations`: it requires two factors, and its own identity provider has not said that it saw both. What one
 * organization's provider says of factors counts nowhere else.
 */
export const needsTwoFactors = (sessionId: string | null): SQL =>
  sql`(${organizations.requireTwoFactors} and not exists (select 1 from federated_sessions as proved
    where proved.session_id = ${sessionId} and proved.organization_id = ${organizations.id} and proved.second_factor))`

/** Of a row of `organizations`: the caller's session has the factors, and the single sign-on, that it requires. */
export const isOpenTo = (actor: Pick<ActorCtx['actor'], 'roles' | 'sessionId' | 'acr'>): SQL =>
  and(
    actor.acr === 'aal2' ? undefined : sql`not ${needsTwoFactors(actor.sessionId)}`,
    // No organization's provider signs admins of the platform in.
    isAdmin(actor) ? undefined : sql`not ${needsSso(actor.sessionId)}`,
  ) ?? sql`true`
