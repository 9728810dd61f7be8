import {
  and,
  asc,
  count,
  desc,
  eq,
  getTableColumns,
  gte,
  inArray,
  isNotNull,
  isNull,
  lte,
  not,
  or,
  type SQL,
  sql,
} from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { ActorCtx, Ctx, Place, PlaceCtx } from '../../context.ts'
import { versionEntry } from '../../db/commit.ts'
import { isFree, isOrganizationHeld, type Owners } from '../../db/holds.ts'
import type { Range } from '../../db/list.ts'
import { isMatch, type Searched } from '../../db/search.ts'
import { counts } from '../../db/tables.ts'
import type { OrganizationRows } from '../../db/user-data.ts'
import type { Rank } from '../../lib/roles.ts'
import { DAY } from '../../lib/time.ts'
import {
  hasOtherOwner,
  hasRoom,
  isJoined,
  isMembershipOf,
  isOpen,
  isOpenTo,
  isTakenUp,
  type Membership,
  mayGive,
  mayJoinMore,
  memberships,
  type Organization,
  organizations,
  stillHas,
} from '../memberships/tables.ts'
import { LIMITS } from '../memberships/types.ts'
import { grants } from '../rbac/tables.ts'
import { users } from '../users/tables.ts'

type Store = Pick<Ctx, 'db'>
type Asking = Pick<ActorCtx, 'db' | 'actor'>

/** The longest-serving owner. The organization's id is written out: in a query of one table a column has no table's name. */
const ownerOf = (column: string): SQL<string | null> =>
  sql`(select ${sql.raw(column)} from memberships as owning join users as owner on owner.id = owning.user_id
    where owning.organization_id = organizations.id and owning.role = 'owner' and owner.status <> 'deleted'
      and ${isTakenUp('owning')} order by owning.joined_at, owning.id limit 1)`

const columns = {
  ...getTableColumns(organizations),
  ownerId: ownerOf('owner.id'),
  ownerEmail: ownerOf('owner.email'),
  ownerFirstName: ownerOf('owner.first_name'),
  ownerLastName: ownerOf('owner.last_name'),
  ownerImageUrl: ownerOf('owner.profile_image_url'),
}

/** As the caller's session sees an organization. */
const seenColumns = ({ actor }: Asking) => ({
  ...columns,
  isClosed: sql`not ${isOpenTo(actor)}`.mapWith(Boolean),
})

/** The user's organizations, also those that were not taken up yet, oldest membership first. */
export async function selectOrganizationsOf(ctx: Asking, userId: string, { limit, offset }: Range) {
  const { db } = ctx
  const where = and(eq(memberships.userId, userId), isNull(memberships.removedAt), isNull(organizations.deletedAt))
  const joined = eq(organizations.id, memberships.organizationId)
  const [rows, [all]] = await db.batch([
    db
      .select({ ...seenColumns(ctx), role: memberships.role, takenUpAt: memberships.takenUpAt })
      .from(memberships)
      .innerJoin(organizations, joined)
      .where(where)
      .orderBy(asc(memberships.joinedAt), asc(memberships.id))
      .limit(limit)
      .offset(offset),
    db.select({ total: count() }).from(memberships).innerJoin(organizations, joined).where(where),
  ])
  return { rows, total: all?.total ?? 0 }
}

/** One that is not deleted, as the caller sees it. */
export const selectOrganization = (ctx: Asking, id: string) =>
  ctx.db
    .select({ ...seenColumns(ctx), role: memberships.role, takenUpAt: memberships.takenUpAt })
    .from(organizations)
    .leftJoin(memberships, isMembershipOf(ctx.actor.id))
    .where(and(eq(organizations.id, id), isNull(organizations.deletedAt)))
    .get()

const SEARCHED: Searched = {
  index: 'organization_search',
  table: organizations,
  number: organizations.number,
  text: sql`${organizations.name} || ' ' || ${organizations.slug}`,
  prefixes: [organizations.slug, sql`lower(${organizations.name})`],
  most: 1000,
}

/** Every organization of the deployment that is not deleted, newest first. Without a search all are counted by a trigger. */
export async function selectOrganizations(ctx: Asking, search: string | undefined, { limit, offset }: Range) {
  const { db } = ctx
  const where = and(isNull(organizations.deletedAt), search === undefined ? undefined : isMatch(SEARCHED, search))
  // The owners of the page's rows alone are looked up, and not those of all that are sorted.
  const page = db
    .select({ number: organizations.number })
    .from(organizations)
    .where(where)
    .orderBy(desc(organizations.number))
    .limit(limit)
    .offset(offset)
  const [rows, [all]] = await db.batch([
    db
      .select({ ...seenColumns(ctx), role: sql<null>`null`, takenUpAt: sql<null>`null` })
      .from(organizations)
      .where(inArray(organizations.number, page))
      .orderBy(desc(organizations.number)),
    search === undefined
      ? db.select({ total: counts.value }).from(counts).where(eq(counts.name, 'organizations'))
      : db.select({ total: count() }).from(organizations).where(where),
  ])
  return { rows, total: all?.total ?? 0 }
}

/** Holds while the user may make one more organization: fewer than `limit` since `since`, and a membership to spare. */
export const mayMake = (userId: string, since: number, limit: number): SQL =>
  sql`(select count(*) from organizations as made where made.created_by = ${userId} and made.created_at > ${since}) < ${limit}
    and ${mayJoinMore(userId)}`

const permissionsOf = sql<string>`(select json_group_array(permission) from
  (select permission from ${grants} where ${grants.userId} = ${memberships.userId}
    and ${grants.scope} = ${memberships.organizationId} order by permission))`

const memberColumns = {
  ...getTableColumns(memberships),
  email: users.email,
  firstName: users.firstName,
  lastName: users.lastName,
  displayName: users.displayName,
  locale: users.locale,
  profileImageUrl: users.profileImageUrl,
  permissions: permissionsOf,
}

/** Members in the order in which they joined, without deleted users; the removed ones, too, where they are asked for. */
export async function selectMembers(
  { db }: Store,
  organizationId: string,
  { withRemoved }: { withRemoved: boolean },
  { limit, offset }: Range,
) {
  const where = and(
    eq(memberships.organizationId, organizationId),
    withRemoved ? undefined : isNull(memberships.removedAt),
    // Not a join: that would cost a row of a user for each row that is skipped, and few are deleted at a time.
    sql`${memberships.userId} not in (select ${users.id} from ${users} where ${users.status} = 'deleted')`,
  )
  const order = [asc(memberships.joinedAt), asc(memberships.id)]
  const page = db
    .select({ id: memberships.id })
    .from(memberships)
    .where(where)
    .orderBy(...order)
    .limit(limit)
    .offset(offset)
  const [rows, [all]] = await db.batch([
    db
      .select(memberColumns)
      .from(memberships)
      .innerJoin(users, eq(users.id, memberships.userId))
      .where(inArray(memberships.id, page))
      .orderBy(...order),
    db.select({ total: count() }).from(memberships).where(where),
  ])
  return { rows, total: all?.total ?? 0 }
}

export const selectMember = ({ db }: Store, key: { organizationId: string; userId: string }) =>
  db
    .select(memberColumns)
    .from(memberships)
    .innerJoin(users, eq(users.id, memberships.userId))
    .where(
      and(
        eq(memberships.organizationId, key.organizationId),
        eq(memberships.userId, key.userId),
        isNull(memberships.removedAt),
      ),
    )
    .get()

/** How many memberships the user has: taken up, and not taken up yet. */
export async function countMemberships({ db }: Store, userId: string) {
  const [row] = await db
    .select({
      taken: sql<number>`count(${memberships.takenUpAt})`,
      all: count(),
    })
    .from(memberships)
    .where(and(eq(memberships.userId, userId), isNull(memberships.removedAt)))
  return { taken: row?.taken ?? 0, pending: (row?.all ?? 0) - (row?.taken ?? 0) }
}

/** Whether the caller and another user are members of one organization, which the caller's session may enter. */
export async function haveOrganizationInCommon({ db, actor }: Asking, otherId: string): Promise<boolean> {
  const [row] = await db
    .select({ one: sql<number>`1` })
    .from(memberships)
    .innerJoin(organizations, eq(organizations.id, memberships.organizationId))
    .where(
      and(
        eq(memberships.userId, actor.id),
        isTakenUp(),
        isNull(organizations.deletedAt),
        isOpenTo(actor),
        sql`exists (select 1 from memberships as theirs where theirs.organization_id = ${organizations.id}
          and theirs.user_id = ${otherId} and ${isTakenUp('theirs')})`,
      ),
    )
    .limit(1)
  return row !== undefined
}

/** When the earliest organization that the user made since then was made; for the answer to one too many. */
export const selectMadeSince = ({ db }: Store, userId: string, since: number) =>
  db
    .select({ createdAt: organizations.createdAt })
    .from(organizations)
    .where(and(eq(organizations.createdBy, userId), gte(organizations.createdAt, since)))
    .orderBy(asc(organizations.createdAt))

/** Holds for an organization that the batch has made. */
export const isMade = (id: string): SQL => sql`exists (select 1 from organizations as made where made.id = ${id})`

/** The feed entry that refuses the tokens of an organization from before the change. */
export const organizationEntry = (id: string): SQL =>
  versionEntry(
    'organization',
    id,
    sql`(select ${organizations.version} from ${organizations} where ${organizations.id} = ${id})`,
  )

const raised = { version: sql`${organizations.version} + 1` }

/** Applies while the organization is as it was read, and the caller has the rank. */
export const organizationChange = (
  { now, place, actor }: Pick<PlaceCtx, 'now' | 'place' | 'actor'>,
  input: { before: Organization; set: Partial<Organization>; rank: Rank; raisesVersion: boolean },
) => ({
  set: { ...input.set, ...(input.raisesVersion && raised), updatedAt: Math.max(now(), input.before.updatedAt + 1) },
  when: and(eq(organizations.updatedAt, input.before.updatedAt), stillHas(input.rank, place, actor.id)),
})

export const raisedDeletion = ({ now, config }: Pick<Ctx, 'now' | 'config'>) => ({
  ...raised,
  deletedAt: now(),
  eraseAt: now() + config.DELETION_GRACE_DAYS * DAY,
})

export const organizationDeletion = (ctx: Pick<PlaceCtx, 'now' | 'config' | 'actor'>, place: Place) => ({
  set: raisedDeletion(ctx),
  when: stillHas('owner', place, ctx.actor.id),
})

export { hasChanged } from '../users/tables.ts'

/** Holds where a user may be added who is not there yet: by somebody who still has the rank, within the limits. */
export function addition(
  { place, actor, now }: Pick<PlaceCtx, 'place' | 'actor' | 'now'>,
  { userId, role, takenUpAt }: { userId: string; role: Rank; takenUpAt?: number },
): SQL {
  const room = takenUpAt === undefined ? hasFewPending(userId, now()) : mayJoinMore(userId)
  const right = stillHas(role === 'owner' ? 'owner' : 'admin', place, actor.id)
  const isThere = sql`exists (select 1 from memberships as held where held.organization_id = ${place.organizationId}
    and held.user_id = ${userId} and held.removed_at is null)`
  return sql`${right} and not ${isThere} and ${hasRoom(place.organizationId)} and ${room}`
}

const hasFewPending = (userId: string, now: number): SQL =>
  sql`(select count(*) from memberships as waiting where waiting.user_id = ${userId} and waiting.removed_at is null
    and waiting.taken_up_at is null and waiting.expires_at > ${now}) < ${LIMITS.pendingMembershipsPerUser}`

/** A condition on a membership that changes (`here`), and the same for statements on other tables that precede it (`elsewhere`). */
export interface Twofold {
  readonly here: SQL
  readonly elsewhere: SQL
}

const twofold = (
  { organizationId, userId }: Pick<Membership, 'organizationId' | 'userId'>,
  condition: (row: SQL) => SQL,
): Twofold => ({
  here: condition(sql`${memberships}`),
  elsewhere: sql`exists (select 1 from memberships as target where target.organization_id = ${organizationId}
    and target.user_id = ${userId} and target.removed_at is null and ${condition(sql.raw('target'))})`,
})

/** Who has the membership, and what it was when it was read. */
type ReadMembership = Pick<Membership, 'organizationId' | 'userId' | 'role' | 'takenUpAt'>

/** Holds while the membership is as it was read, and the condition does. */
function onMembership({ organizationId, userId, role, takenUpAt }: ReadMembership, condition: SQL): Twofold {
  return twofold(
    { organizationId, userId },
    (row) => sql`${row}.role = ${role} and ${row}.taken_up_at is ${takenUpAt} and ${condition}`,
  )
}

type Acting = Pick<PlaceCtx, 'place' | 'actor'>

/** Holds unless the member is the last owner. One who has not taken that up owns nothing. */
const isSpared = ({ organizationId, userId, role, takenUpAt }: ReadMembership): SQL =>
  role === 'owner' && takenUpAt !== null ? hasOtherOwner(organizationId, userId) : sql`true`

/** Holds while the caller has the rank for both roles, the member may have theirs, and an owner remains. */
export function demotion({ place, actor }: Acting, change: { member: ReadMembership; after: Rank }): Twofold {
  const { member, after } = change
  const needed: Rank = member.role === 'owner' || after === 'owner' ? 'owner' : 'admin'
  const fits = after === 'owner' && member.takenUpAt !== null ? mayOwn(member.userId) : sql`true`
  return onMembership(member, sql`${stillHas(needed, place, actor.id)} and ${isSpared(member)} and ${fits}`)
}

/** Holds while the caller has the rank. */
export const removal = ({ place, actor }: Acting, member: ReadMembership): Twofold =>
  onMembership(member, stillHas('admin', place, actor.id))

/** Holds unless the user is the only owner. */
export const leaving = (membership: ReadMembership): Twofold =>
  onMembership(membership, sql`${isOpen(membership.organizationId)} and ${isSpared(membership)}`)

/** Holds for a user who may sign in and has confirmed their address, which members see of owners. */
const mayOwn = (userId: string): SQL =>
  sql`exists (select 1 from users as next where next.id = ${userId} and next.status = 'active'
    and next.email_verified_at is not null and next.email_unanswered_since is null)`

/** Holds for a member who may own the organization, while the caller is an owner. */
export const promotion = ({ place, actor }: Acting, member: ReadMembership): Twofold =>
  onMembership(member, sql`${stillHas('owner', place, actor.id)} and ${mayOwn(member.userId)}`)

/** Holds while a membership waits to be taken up and whoever gave it answers for it, within the limits. */
export const takingUp = (
  { now }: Pick<Ctx, 'now'>,
  { organizationId, userId }: Pick<Membership, 'organizationId' | 'userId'>,
): Twofold =>
  twofold(
    { organizationId, userId },
    (row) => sql`${row}.taken_up_at is null and ${row}.expires_at > ${now()} and ${isOpen(organizationId)}
      and ${mayGive({ organizationId, by: sql`${row}.invited_by`, role: sql`${row}.role` })}
      and (${row}.role <> 'owner' or ${mayOwn(userId)}) and ${mayJoinMore(userId)} and ${hasRoom(organizationId)}`,
  )

const ownedAlone = sql`from users as u
  join memberships as m on m.user_id = u.id and m.role = 'owner' and ${isTakenUp('m')}
  join organizations as o on o.id = m.organization_id and o.deleted_at is null
  where not ${hasOtherOwner(sql.raw('o.id'), sql.raw('u.id'))}`

/** A member of the organization in `o`, other than the user in `u`, whose account is not deleted. */
const otherMember = sql`exists (select 1 from memberships as staying join users as member on member.id = staying.user_id
  where staying.organization_id = o.id and staying.user_id <> u.id and ${isTakenUp('staying')} and member.status <> 'deleted')`

/** Holds unless the user is the last owner of an organization that has other members. */
export const orphansNothing = (userId: string): SQL =>
  sql`not exists (select 1 ${ownedAlone} and u.id = ${userId} and ${otherMember})`

/** An organization with other members whose last owner the user is. */
export async function findOrphan({ db }: Store, userId: string): Promise<{ id: string; name: string } | undefined> {
  const [row] = await db.all<{ id: string; name: string }>(
    sql`select o.id, o.name ${ownedAlone} and u.id = ${userId} and ${otherMember} limit 1`,
  )
  return row
}

const OWNERLESS_PER_RUN = 100

export interface Ownerless {
  readonly organizationId: string
  readonly name: string
  readonly slug: string
  /** 1 where somebody is left whose account is not deleted, else 0. */
  readonly hasMembers: number
  /** When the last of its owners was deleted. */
  readonly lostAt: number
  /** The longest-serving active admin. */
  readonly heirId: string | null
}

/** Organizations whose only owners are deleted users (or this one), without those of which nothing is left to do. */
export const selectOwnerless = ({ db }: Store, userId?: string) =>
  db.all<Ownerless>(sql`
    select o.id as organizationId, o.name, o.slug, max(${otherMember}) as hasMembers, max(u.deleted_at) as lostAt,
      (select heir.user_id from memberships as heir join users as next on next.id = heir.user_id
        where heir.organization_id = o.id and heir.role = 'admin' and ${isTakenUp('heir')}
          and next.status = 'active'
        order by heir.joined_at, heir.id limit 1) as heirId
    ${ownedAlone} and u.status = 'deleted' and u.erase_at is not null ${userId === undefined ? sql`` : sql`and u.id = ${userId}`}
    group by o.id
    having heirId is not null or hasMembers = 0 or coalesce(o.owner_loss_told_at, 0) < lostAt
    limit ${OWNERLESS_PER_RUN}`)

/** Organizations with other members that have no other owner who may sign in. */
export const selectOwnedAlone = ({ db }: Store, userId: string) =>
  db.all<Pick<Ownerless, 'organizationId' | 'name' | 'slug'>>(sql`
    select o.id as organizationId, o.name, o.slug from users as u
    join memberships as m on m.user_id = u.id and m.role = 'owner' and ${isJoined('m')}
    join organizations as o on o.id = m.organization_id and o.deleted_at is null
    where u.id = ${userId} and not ${hasOtherOwner(sql.raw('o.id'), sql.raw('u.id'))} and ${otherMember}
    limit ${OWNERLESS_PER_RUN}`)

/** Marks those of which nobody was told; returns them. Of two calls at once, one gets each. */
export function markTold({ db, now }: Store & Pick<Ctx, 'now'>, lost: readonly Ownerless[]) {
  const isUntold = sql`exists (select 1 from json_each(${JSON.stringify(lost)}) as lost
    where lost.value ->> 'organizationId' = ${organizations.id}
      and coalesce(${organizations.ownerLossToldAt}, 0) < lost.value ->> 'lostAt')`
  // Clocks differ: the mark is never older than a deletion that it answers for.
  return db
    .update(organizations)
    .set({ ownerLossToldAt: Math.max(now(), ...lost.map(({ lostAt }) => lostAt)) })
    .where(and(isOneOf(lost), isUntold))
    .returning({ organizationId: organizations.id, slug: organizations.slug })
}

export const unmarkTold = ({ db }: Store, told: readonly Pick<Ownerless, 'organizationId'>[]) =>
  db.update(organizations).set({ ownerLossToldAt: null }).where(isOneOf(told))

const isOneOf = (some: readonly Pick<Ownerless, 'organizationId'>[]): SQL =>
  sql`${organizations.id} in (select value ->> 'organizationId' from json_each(${JSON.stringify(some)}))`

/** Holds for an admin while no active owner is there. */
export const inheritance = (organizationId: string, heirId: string): SQL =>
  sql`${memberships.role} = 'admin' and not ${hasOtherOwner(organizationId, heirId)}
    and exists (select 1 from users as next where next.id = ${heirId} and next.status = 'active')`

/** Holds while only a deleted user is in the organization. */
export const isMemberless = (id: string): SQL =>
  sql`${organizations.deletedAt} is null and not exists (select 1 from memberships as left_one join users as member on member.id = left_one.user_id
    where left_one.organization_id = ${id} and ${isTakenUp('left_one')}
      and member.status <> 'deleted')`

/** Who, beside the organization, has a part in rows of it. */
function ownersOf({ by, of }: OrganizationRows): Owners {
  const { userId } = getTableColumns(by.table) as { userId?: SQLiteColumn }
  return of ?? { users: userId ? [userId] : [] }
}

/** Deleted organizations that were due before a time and that no hold keeps, neither theirs nor that of somebody in their rows. */
export function countUnerased({ db }: Store, before: number, data: readonly OrganizationRows[]): Promise<number> {
  const holds = data.flatMap((rows) => {
    const isLoose = isFree(ownersOf(rows))
    if (!isLoose) return []
    return sql`exists (select 1 from ${rows.by.table} where ${rows.by} = ${organizations.id} and not (${isLoose}))`
  })
  const isKept = or(isOrganizationHeld(organizations.id), ...holds) ?? sql`false`
  return db.$count(organizations, and(lte(organizations.eraseAt, before), not(isKept)))
}

/** Rows that one statement deletes of what a deleted organization held. */
const PIECE = 500

/**
 * Deletes a piece of what deleted organizations held, and the rows of those whose slug is free again. A row of `organizations` is
 * the last of its own. `data`: what each feature holds of organizations, by the column that names them.
 */
export async function deletePieces(
  { db, now }: Store & Pick<Ctx, 'now'>,
  data: readonly OrganizationRows[],
): Promise<void> {
  for (const rows of data) {
    const { by } = rows
    const { table } = by
    const isGone = sql`${by} in (select gone.id from organizations as gone
      where gone.deleted_at is not null and not ${isOrganizationHeld(sql.raw('gone.id'))})`
    // What a deleted organization held of somebody under a hold stays, too.
    const isOver = and(isGone, isFree(ownersOf(rows)))
    await db.run(sql`delete from ${table} where rowid in (select rowid from ${table} where ${isOver} limit ${PIECE})`)
  }
  const isEmpty = data.map(({ by }) => sql`not exists (select 1 from ${by.table} where ${by} = ${organizations.id})`)
  const isHeld = isOrganizationHeld(organizations.id)
  await db
    .delete(organizations)
    .where(and(isNotNull(organizations.eraseAt), lte(organizations.eraseAt, now()), not(isHeld), ...isEmpty))
}
