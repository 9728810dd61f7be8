import { and, count, desc, eq, getTableColumns, gt, inArray, isNull, lte, not, or, type SQL, sql } from 'drizzle-orm'
import { alias, type SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { Ctx, Place } from '../../context.ts'
import { insertEventsOf, type RowEvents } from '../../db/commit.ts'
import { isFree, type Owners } from '../../db/holds.ts'
import type { Range } from '../../db/list.ts'
import { prune } from '../../db/prune.ts'
import { byAddress, deletedRows, HIDDEN, shownRows, type UserData } from '../../db/user-data.ts'
import type { Rank } from '../../lib/roles.ts'
import { DAY } from '../../lib/time.ts'
import { revokeWhere } from '../memberships/service.ts'
import {
  hasRoom,
  type Invitation,
  invitations,
  isJoined,
  isOpen,
  isTakenUp,
  mayGive,
  mayJoinMore,
  memberships,
  organizations,
  stillHas,
} from '../memberships/tables.ts'
import { LIMITS } from '../memberships/types.ts'
import { isEmailFree, users } from '../users/tables.ts'
import type { InvitationStatus } from './types.ts'

type Store = Pick<Ctx, 'db'>
type Recording = Pick<Ctx, 'db' | 'now' | 'ip' | 'userAgent'>

const toAddress = byAddress(invitations.email, invitations.acceptedBy)

/** Beside their organization. */
const people: Owners = { users: [invitations.invitedBy, invitations.acceptedBy], addresses: [invitations.email] }
const of: Owners = { ...people, organizations: [invitations.organizationId] }

/** Invitations of a user to others go too: nobody answers for them any more. After a hold `deleteEnded` takes what it has kept. */
export const userData: readonly UserData[] = [
  {
    ...deletedRows(invitations, { email: toAddress, invitedBy: 'id', acceptedBy: 'id' }, { when: isFree(of) }),
    ...shownRows(invitations, {
      part: 'invitations',
      by: { email: toAddress, acceptedBy: 'id' },
      shows: [
        'id',
        'organizationId',
        'role',
        'permissions',
        'message',
        'status',
        'invitedBy',
        'createdAt',
        'updatedAt',
        'expiresAt',
        'acceptedAt',
      ],
      hides: { [HIDDEN.internal]: ['counter'] },
    }),
  },
  {
    table: invitations,
    erases: [],
    statements: () => [],
    ...shownRows(invitations, {
      part: 'invitations',
      name: 'invitations_you_sent',
      by: { invitedBy: 'id' },
      shows: ['id', 'organizationId', 'role', 'permissions', 'message', 'status', 'createdAt', 'expiresAt'],
      hides: { [HIDDEN.other]: ['email', 'acceptedBy'] },
    }),
  },
]

export const organizationData = [{ by: invitations.organizationId, of: people }]

const author = alias(users, 'author')
const authorship = alias(memberships, 'authorship')

/** In a batch, columns of one name would overwrite each other. */
const named = <C extends SQLiteColumn>(name: string, column: C) => sql<C['_']['data'] | null>`${column}`.as(name)

const columns = {
  ...getTableColumns(invitations),
  organizationName: organizations.name,
  organizationSlug: organizations.slug,
  invitationDomains: organizations.invitationDomains,
  authorStatus: named('author_status', author.status),
  authorPlatformRole: named('author_platform_role', author.role),
  authorRole: named('author_role', authorship.role),
  authorEmail: named('author_email', author.email),
  authorDisplayName: author.displayName,
  authorFirstName: author.firstName,
  authorLastName: author.lastName,
  authorLocale: author.locale,
}

/** Of organizations that are not deleted, each with whoever answers for it. */
const found = ({ db }: Store) =>
  db
    .select(columns)
    .from(invitations)
    .innerJoin(organizations, and(eq(organizations.id, invitations.organizationId), isNull(organizations.deletedAt)))
    .leftJoin(author, eq(author.id, invitations.invitedBy))
    .leftJoin(
      authorship,
      and(
        eq(authorship.organizationId, invitations.organizationId),
        eq(authorship.userId, invitations.invitedBy),
        isTakenUp('authorship'),
      ),
    )

export const selectInvitation = (store: Store, id: string) => found(store).where(eq(invitations.id, id)).get()

export type FoundInvitation = NonNullable<Awaited<ReturnType<typeof selectInvitation>>>

/** Not revoked by anybody. Its author may have lost the right to give its role: then it is as good as revoked. */
const isWaiting = (now: number): SQL | undefined =>
  and(eq(invitations.status, 'pending'), gt(invitations.expiresAt, now))
const isOverdue = (now: number): SQL | undefined =>
  and(eq(invitations.status, 'pending'), lte(invitations.expiresAt, now))

const { organizationId: organization, invitedBy, role } = invitations
const isAnswered = mayGive({ organizationId: organization, by: invitedBy, role })
const isPending = (now: number): SQL | undefined => and(isWaiting(now), isAnswered)
const isUnanswered = (now: number): SQL | undefined => and(isWaiting(now), not(isAnswered))

/** As `statusOf` says of a row. */
function hasStatus(status: InvitationStatus, now: number): SQL | undefined {
  const isMarked = eq(invitations.status, status)
  switch (status) {
    case 'pending':
      return isPending(now)
    case 'expired':
      return or(isMarked, isOverdue(now))
    case 'revoked':
      return or(isMarked, isUnanswered(now))
    case 'accepted':
      return isMarked
  }
}

export interface InvitationFilter {
  readonly statuses: readonly InvitationStatus[]
  /** Normalized. */
  readonly email?: string | undefined
}

const countIf = (condition: SQL | undefined): SQL<number> => sql<number>`coalesce(sum(${condition}), 0)`

/** Invitations of an organization, newest first, with how many there are of each kind. */
export async function selectInvitations(
  store: Store & Pick<Ctx, 'now'>,
  organizationId: string,
  { statuses, email, limit, offset }: InvitationFilter & Range,
) {
  const now = store.now()
  const isOfOrganization = eq(invitations.organizationId, organizationId)
  const where = and(
    isOfOrganization,
    or(...statuses.map((status) => hasStatus(status, now))),
    email === undefined ? undefined : eq(invitations.email, email),
  )
  const { db } = store
  const [rows, [all], [kinds]] = await db.batch([
    found(store).where(where).orderBy(desc(invitations.createdAt), desc(invitations.id)).limit(limit).offset(offset),
    db.select({ total: count() }).from(invitations).where(where),
    db
      .select({
        pending: countIf(hasStatus('pending', now)),
        accepted: countIf(hasStatus('accepted', now)),
        expired: countIf(hasStatus('expired', now)),
      })
      .from(invitations)
      .where(isOfOrganization),
  ])
  return { rows, total: all?.total ?? 0, counts: kinds ?? { pending: 0, accepted: 0, expired: 0 } }
}

/** Whether the holder of an address is a member who has taken that up. */
export async function isMemberByEmail({ db }: Store, organizationId: string, email: string): Promise<boolean> {
  const row = await db
    .select({ id: memberships.id })
    .from(users)
    .innerJoin(memberships, eq(memberships.userId, users.id))
    .where(and(eq(users.email, email), eq(memberships.organizationId, organizationId), isTakenUp()))
    .get()
  return row !== undefined
}

export const isPendingTo = async (
  store: Store & Pick<Ctx, 'now'>,
  organizationId: string,
  email: string,
): Promise<boolean> => (await selectPendingId(store, organizationId, email)) !== undefined

const countsPending = (organizationId: string, now: number): SQL<number> =>
  sql<number>`(select count(*) from ${invitations} where ${eq(invitations.organizationId, organizationId)} and ${isPending(now)})`

export const countPending = async ({ db, now }: Store & Pick<Ctx, 'now'>, organizationId: string): Promise<number> =>
  (
    await db
      .select({ pending: countsPending(organizationId, now()) })
      .from(sql`(select 1)`)
      .get()
  )?.pending ?? 0

/** Who writes to an organization, and what must still hold when it is written. */
export interface Writing {
  readonly place: Place
  readonly userId: string
  readonly rank: Rank
  /** Where permissions were compared: holds while they are as they were read. */
  readonly holdsAsRead: SQL | null
}

const mayWrite = ({ place, userId, rank, holdsAsRead }: Writing): SQL =>
  sql`(${stillHas(rank, place, userId)} and ${holdsAsRead ?? sql`true`})`

/**
 * The statements that insert an invitation; one to the same address that has expired, or for which nobody answers, makes room, with
 * its event. No row when one is pending, there are too many, or the right was lost.
 */
export function insertion(ctx: Recording, row: Invitation, writing: Writing, actor: RowEvents['actor']) {
  const now = ctx.now()
  const { organizationId, email } = row
  const when = sql`${mayWrite(writing)} and ${countsPending(organizationId, now)} < ${LIMITS.pendingInvitationsPerOrganization}`
  const isToAddress = and(eq(invitations.organizationId, organizationId), eq(invitations.email, email), when)
  const isReplaced = and(isToAddress, isOverdue(now))
  return [
    expiryEvents(ctx, actor, isReplaced),
    ctx.db.update(invitations).set({ status: 'expired', updatedAt: now }).where(isReplaced),
    ...revokeWhere(ctx, actor, and(isToAddress, isUnanswered(now))),
    ctx.db
      .insert(invitations)
      .select(
        sql`select ${row.id}, ${organizationId}, ${email}, ${row.role}, ${JSON.stringify(row.permissions)}, ${row.message}, 'pending',
          ${row.invitedBy}, ${row.counter}, ${row.createdAt}, ${row.updatedAt}, ${row.expiresAt}, null, null where ${when}`,
      )
      .onConflictDoNothing()
      .returning({ id: invitations.id }),
  ] as const
}

const rowsWhere = (condition: SQL | undefined): SQL => sql`from ${invitations} where ${condition}`
const ofRows = { subject: sql`${invitations.id}`, organizationId: sql`${invitations.organizationId}` }

const expiryEvents = (ctx: Recording, actor: RowEvents['actor'], condition: SQL | undefined) =>
  insertEventsOf(ctx, {
    ...ofRows,
    type: 'invitation.expired',
    actor,
    data: sql`json_object('role', ${invitations.role})`,
    from: rowsWhere(condition),
  })

const EXPIRED_PER_RUN = 500

/** Marks a limited number of invitations that have expired, with their events; returns how many. */
export async function expireOverdue(ctx: Recording, actor: RowEvents['actor']): Promise<number> {
  const overdue = ctx.db
    .select({ id: invitations.id })
    .from(invitations)
    .where(isOverdue(ctx.now()))
    .orderBy(invitations.expiresAt, invitations.id)
    .limit(EXPIRED_PER_RUN)
  const isTaken = inArray(invitations.id, overdue)
  const [, marked] = await ctx.db.batch([
    expiryEvents(ctx, actor, isTaken),
    ctx.db
      .update(invitations)
      .set({ status: 'expired', updatedAt: ctx.now() })
      .where(isTaken)
      .returning({ id: invitations.id }),
  ])
  return marked.length
}

/** An invitation that has ended is kept this long, for lists: as long as the row of a member who left. */
const ENDED_KEPT_MS = 90 * DAY

/** Deletes a limited number of invitations that were accepted, were revoked or expired long ago. */
export const deleteEnded = (store: Store & Pick<Ctx, 'now'>): Promise<void> =>
  prune(store, {
    table: invitations,
    key: invitations.id,
    where: and(sql`${invitations.status} <> 'pending'`, lte(invitations.updatedAt, store.now() - ENDED_KEPT_MS)),
    of,
    order: invitations.updatedAt,
  })

type Change = Partial<Pick<Invitation, 'role' | 'message' | 'expiresAt' | 'invitedBy' | 'status' | 'counter'>>

/** Changes an invitation that is as it was read, also one for which nobody answers, while the writer has the rank. */
export const updateInvitation = (
  { db, now }: Store & Pick<Ctx, 'now'>,
  before: Invitation,
  set: Change,
  writing: Writing,
) =>
  db
    .update(invitations)
    .set({ ...set, updatedAt: Math.max(now(), before.updatedAt + 1) })
    .where(
      and(
        eq(invitations.id, before.id),
        eq(invitations.updatedAt, before.updatedAt),
        isWaiting(now()),
        mayWrite(writing),
      ),
    )
    .returning({ id: invitations.id })

/** Whoever accepts: an account of the address, whose address its holder has confirmed where that is asked, or a new one. */
export type Guest =
  | { readonly isNew: false; readonly userId: string; readonly isConfirmed: boolean }
  | { readonly isNew: true; readonly userId: string }

function mayEnter(guest: Guest, email: string, now: number): SQL {
  const { userId } = guest
  if (guest.isNew) return isEmailFree(email, { userId, now })
  const confirmed = guest.isConfirmed
    ? sql`guest.email_verified_at is not null and guest.email_unanswered_since is null`
    : sql`true`
  return sql`exists (select 1 from users as guest where guest.id = ${userId} and guest.email = ${email}
    and guest.status in ('active', 'pending') and ${confirmed})`
}

const hasJoined = (organizationId: string, userId: string): SQL =>
  sql`exists (select 1 from memberships as joined where joined.organization_id = ${organizationId} and joined.user_id = ${userId}
    and ${isJoined('joined')})`

/**
 * The first and the last statement of an acceptance, and the condition for those between them: it holds in this batch alone, for
 * `claim` is new. The last returns a row when everything held: the invitation is pending as it was read and its author answers
 * for it, and the guest may enter.
 */
export function acceptance(
  { db, now }: Store & Pick<Ctx, 'now'>,
  invitation: FoundInvitation,
  { guest, claim, holdsAsRead }: { guest: Guest; claim: string; holdsAsRead: SQL | null },
) {
  const { id, organizationId, email, updatedAt } = invitation
  const { userId } = guest
  const claimed = `accepting ${claim}`
  const first = db
    .update(invitations)
    .set({ status: claimed, acceptedAt: now(), acceptedBy: userId })
    .where(
      and(
        eq(invitations.id, id),
        eq(invitations.updatedAt, updatedAt),
        isPending(now()),
        isOpen(organizationId),
        holdsAsRead ?? undefined,
        mayEnter(guest, email, now()),
        not(hasJoined(organizationId, userId)),
        mayJoinMore(userId),
        hasRoom(organizationId),
      ),
    )
  const last = db
    .update(invitations)
    .set({ status: 'accepted', updatedAt: Math.max(now(), updatedAt + 1) })
    .where(and(eq(invitations.id, id), eq(invitations.status, claimed)))
    .returning({ id: invitations.id })
  const when = sql`exists (select 1 from invitations as claimed where claimed.id = ${id} and claimed.status = ${claimed})`
  return { first, when, last }
}

/** What kept a guest out. */
export const selectObstacles = (
  { db }: Store,
  { organizationId, userId }: { organizationId: string; userId: string },
) =>
  db
    .select({
      isMember: sql<number>`${hasJoined(organizationId, userId)}`,
      mayJoinMore: sql<number>`${mayJoinMore(userId)}`,
      hasRoom: sql<number>`${hasRoom(organizationId)}`,
    })
    .from(sql`(select 1)`)
    .get()

/** The invitation that is pending to a normalized address. */
export const selectPendingId = async (
  { db, now }: Store & Pick<Ctx, 'now'>,
  organizationId: string,
  email: string,
): Promise<string | undefined> =>
  (
    await db
      .select({ id: invitations.id })
      .from(invitations)
      .where(and(eq(invitations.organizationId, organizationId), eq(invitations.email, email), isPending(now())))
      .get()
  )?.id

/** Who answers for what the organization itself invites: its longest-serving owner who may sign in and has confirmed the address. */
export const selectSponsor = ({ db }: Store, organizationId: string) =>
  db
    .select({ id: users.id, locale: users.locale })
    .from(memberships)
    .innerJoin(users, eq(users.id, memberships.userId))
    .where(
      and(
        eq(memberships.organizationId, organizationId),
        eq(memberships.role, 'owner'),
        isTakenUp(),
        eq(users.status, 'active'),
        sql`${users.emailVerifiedAt} is not null and ${users.emailUnansweredSince} is null`,
      ),
    )
    .orderBy(memberships.joinedAt, memberships.id)
    .get()
