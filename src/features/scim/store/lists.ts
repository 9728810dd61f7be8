import { and, asc, eq, isNull, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { organizations } from '../../memberships/tables.ts'
import type { Condition } from '../rules/filter.ts'
import { scimGroups, scimMembers, scimUserEmails, scimUsers } from '../tables.ts'
import { COUNTERS, selectCounts } from './directories.ts'
import type { Columns } from './filter.ts'
import { compile } from './filter.ts'
import { recordColumns } from './records.ts'

type Store = Pick<Ctx, 'db'>

/** Where a page begins: behind so many, or behind a resource. */
export type Start =
  | { readonly skip: number }
  | { readonly after: { readonly createdAt: number; readonly id: string } | null }

export interface Listing {
  readonly organizationId: string
  readonly filter: Condition | null
  readonly start: Start
  readonly count: number
}

interface UserListing extends Listing {
  readonly withGroups: boolean
}

const USER_COLUMNS: Columns = {
  json: sql`${scimUsers.folded}`,
  of: {
    id: { sql: sql`${scimUsers.id}`, isCaseExact: true, isKey: true },
    userName: { sql: sql`${scimUsers.userNameKey}`, isKey: true },
    externalId: { sql: sql`${scimUsers.externalId}`, isCaseExact: true, isKey: true },
    displayName: { sql: sql`${scimUsers.displayNameKey}`, isKey: true },
    active: { sql: sql`${scimUsers.active}` },
    'meta.created': { sql: sql`${scimUsers.createdAt}` },
    'meta.lastModified': { sql: sql`${scimUsers.updatedAt}` },
    'meta.resourceType': { sql: sql`'user'` },
    'meta.version': { sql: sql`('w/"' || ${scimUsers.version} || '"')` },
  },
  lists: {
    emails: {
      of: { value: { sql: sql`${scimUserEmails.email}` } },
      // By the address first: a record has few.
      exists: (where) =>
        sql`${scimUsers.id} in (select ${scimUserEmails.recordId} from ${scimUserEmails}
          where ${scimUserEmails.organizationId} = ${scimUsers.organizationId} and ${where})`,
    },
    groups: {
      of: {
        value: { sql: sql`${scimMembers.groupId}`, isCaseExact: true },
        display: {
          sql: sql`(select ${scimGroups.displayNameKey} from ${scimGroups} where ${scimGroups.id} = ${scimMembers.groupId})`,
        },
        type: { sql: sql`'direct'` },
      },
      exists: (where) =>
        sql`${scimUsers.id} in (select ${scimMembers.recordId} from ${scimMembers}
          where ${scimMembers.organizationId} = ${scimUsers.organizationId} and ${where})`,
    },
  },
}

const GROUP_COLUMNS: Columns = {
  json: null,
  of: {
    id: { sql: sql`${scimGroups.id}`, isCaseExact: true, isKey: true },
    displayName: { sql: sql`${scimGroups.displayNameKey}`, isKey: true },
    externalId: { sql: sql`${scimGroups.externalId}`, isCaseExact: true, isKey: true },
    'meta.created': { sql: sql`${scimGroups.createdAt}` },
    'meta.lastModified': { sql: sql`${scimGroups.updatedAt}` },
    'meta.resourceType': { sql: sql`'group'` },
    'meta.version': { sql: sql`('w/"' || ${scimGroups.version} || '"')` },
  },
  lists: {
    members: {
      of: { value: { sql: sql`${scimMembers.recordId}`, isCaseExact: true }, type: { sql: sql`'user'` } },
      exists: (where) =>
        sql`${scimGroups.id} in (select ${scimMembers.groupId} from ${scimMembers}
          where ${scimMembers.organizationId} = ${scimGroups.organizationId} and ${where})`,
    },
  },
}

const compiled = (columns: Columns, filter: Condition | null): SQL | undefined =>
  filter ? compile(columns, filter).sql : undefined

/** Where an index finds little, it is to be used: the planner would rather walk all resources in their order than sort three. */
const orderOf = (columns: Columns, filter: Condition | null, by: readonly SQLWrapper[]): SQL[] =>
  by.map((column) => (filter && compile(columns, filter).isFew ? sql`+${column}` : asc(column)))

/** Whether an index finds what the filter matches; else all resources of the organization are read. */
export const isIndexed = (type: 'User' | 'Group', filter: Condition): boolean =>
  compile(type === 'User' ? USER_COLUMNS : GROUP_COLUMNS, filter).isIndexed

/** Whether the organization has more users than that. */
export async function hasMoreUsers(store: Store, organizationId: string, limit: number): Promise<boolean> {
  const [counts] = await selectCounts(store, organizationId)
  return (counts?.users ?? 0) > limit
}

/** How many resources a list has in all: all of them are counted already. */
const countAll = ({ db }: Store, what: 'users' | 'groups', organizationId: string) =>
  db.select({ total: COUNTERS[what] }).from(organizations).where(eq(organizations.id, organizationId))

const behind = (start: Start, createdAt: SQL, id: SQL): SQL | undefined =>
  'after' in start && start.after
    ? sql`(${createdAt}, ${id}) > (${start.after.createdAt}, ${start.after.id})`
    : undefined

const offsetOf = (start: Start): number => ('skip' in start ? start.skip : 0)

/** So many users fit on a page whatever their size; beyond that a page has so many bytes. */
const ALWAYS_FITTING = 100
const BYTES_ON_PAGE = 6 * 1024 * 1024

function fittingIn(sizes: readonly { readonly size: number }[]): number {
  let bytes = 0
  for (const [index, { size }] of sizes.entries()) {
    bytes += size
    if (bytes > BYTES_ON_PAGE && index >= ALWAYS_FITTING) return index
  }
  return sizes.length
}

/** The groups of a record, in the order of their names: JSON, so that a page needs one statement. */
const groupsOfRecord = sql<string>`(select json_group_array(json_object('id', g.id, 'displayName', g.display_name) order by g.display_name_key)
  from scim_members as m cross join scim_groups as g on g.id = m.group_id and g.deleted_at is null
  where m.record_id = scim_users.id)`

type GroupName = { readonly id: string; readonly displayName: string }

/**
 * A page of users in the order of their creation, and how many match in all. Large users make it shorter. Whoever looks for one
 * asks one statement: a first page that is not full has all that match.
 */
export async function selectRecords({ db }: Store, { organizationId, filter, start, count, withGroups }: UserListing) {
  const where = and(
    eq(scimUsers.organizationId, organizationId),
    isNull(scimUsers.deletedAt),
    compiled(USER_COLUMNS, filter),
  )
  const counted = filter
    ? db.select({ total: sql<number>`count(*)` }).from(scimUsers).where(where)
    : countAll({ db }, 'users', organizationId)
  const isOnPage = and(where, behind(start, sql`${scimUsers.createdAt}`, sql`${scimUsers.id}`))
  const order = orderOf(USER_COLUMNS, filter, [scimUsers.createdAt, scimUsers.id])
  const sizes = db
    .select({ size: sql<number>`octet_length(${scimUsers.attributes})` })
    .from(scimUsers)
    .where(isOnPage)
    .orderBy(...order)
    .limit(count)
    .offset(offsetOf(start))
  const measured = count <= ALWAYS_FITTING ? null : await sizes
  const limit = measured ? fittingIn(measured) : count
  const page = db
    .select({ ...recordColumns, groups: withGroups ? groupsOfRecord : sql<string>`'[]'` })
    .from(scimUsers)
    .where(isOnPage)
    .orderBy(...order)
    .limit(limit)
    .offset(offsetOf(start))
  const isFirst = offsetOf(start) === 0 && !('after' in start && start.after)
  const found = filter && isFirst ? await page : null
  const [rows, [all]] = found
    ? [found, found.length < limit ? [{ total: found.length }] : await counted]
    : await db.batch([page, counted])
  return {
    rows,
    groups: new Map(rows.map(({ id, groups }) => [id, JSON.parse(groups) as GroupName[]])),
    total: all?.total ?? 0,
    isCut: measured !== null && limit < measured.length,
  }
}

export const groupColumns = {
  id: scimGroups.id,
  organizationId: scimGroups.organizationId,
  displayName: scimGroups.displayName,
  externalId: scimGroups.externalId,
  version: scimGroups.version,
  createdAt: scimGroups.createdAt,
  updatedAt: scimGroups.updatedAt,
}

/** As `selectRecords`. */
export async function selectGroups({ db }: Store, { organizationId, filter, start, count }: Listing) {
  const where = and(
    eq(scimGroups.organizationId, organizationId),
    isNull(scimGroups.deletedAt),
    compiled(GROUP_COLUMNS, filter),
  )
  const counted = filter
    ? db.select({ total: sql<number>`count(*)` }).from(scimGroups).where(where)
    : countAll({ db }, 'groups', organizationId)
  const page = db
    .select(groupColumns)
    .from(scimGroups)
    .where(and(where, behind(start, sql`${scimGroups.createdAt}`, sql`${scimGroups.id}`)))
    .orderBy(...orderOf(GROUP_COLUMNS, filter, [scimGroups.createdAt, scimGroups.id]))
    .limit(count)
    .offset(offsetOf(start))
  const [rows, [all]] = await db.batch([page, counted])
  return { rows, total: all?.total ?? 0 }
}

/** Which groups records are in. */
export const selectGroupsOf = ({ db }: Store, organizationId: string, recordIds: readonly string[]) =>
  db.all<{ recordId: string; id: string; displayName: string }>(sql`
    select ${scimMembers.recordId} as recordId, ${scimGroups.id} as id, ${scimGroups.displayName} as displayName
    from json_each(${JSON.stringify(recordIds)}) as named
    cross join ${scimMembers} on ${scimMembers.recordId} = named.value
    cross join ${scimGroups} on ${scimGroups.id} = ${scimMembers.groupId} and ${scimGroups.deletedAt} is null
    where ${scimMembers.organizationId} = ${organizationId}
    order by ${scimGroups.displayNameKey}`)

export const MEMBERS_SHOWN = 10_000

/** Of a page of groups with their members: the page ends earlier. */
const MEMBERS_ON_PAGE = 20_000

/** How many of the groups fit on a page with their members, one at least. */
export async function countFitting({ db }: Store, groupIds: readonly string[]): Promise<number> {
  const row = await db.get<{ fitting: number }>(sql`
    select count(*) as fitting from (
      select sum(min(${MEMBERS_SHOWN}, (select count(*) from ${scimMembers} where ${scimMembers.groupId} = named.value)))
        over (order by named.key) as running
      from json_each(${JSON.stringify(groupIds)}) as named) where running <= ${MEMBERS_ON_PAGE}`)
  return Math.max(1, row?.fitting ?? 1)
}

/** The members of groups, so many of each at most. */
export const selectMembersOf = ({ db }: Store, organizationId: string, groupIds: readonly string[]) =>
  db.all<{ groupId: string; id: string; display: string }>(sql`
    select shown.groupId, ${scimUsers.id} as id,
      coalesce(${scimUsers.attributes} ->> '$.displayName', ${scimUsers.attributes} ->> '$.userName') as display
    from (select ${scimMembers.groupId} as groupId, ${scimMembers.recordId} as recordId,
        row_number() over (partition by ${scimMembers.groupId} order by ${scimMembers.recordId}) as number
      from json_each(${JSON.stringify(groupIds)}) as named
      cross join ${scimMembers} on ${scimMembers.groupId} = named.value
      where ${scimMembers.organizationId} = ${organizationId}) as shown
    cross join ${scimUsers} on ${scimUsers.id} = shown.recordId
    where shown.number <= ${MEMBERS_SHOWN} and ${scimUsers.deletedAt} is null
    order by shown.groupId, shown.recordId`)
