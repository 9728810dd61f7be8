import type { DirectoryCtx } from '../../../context.ts'
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../../../lib/encoding.ts'
import { at, invalidCursor, invalidValue, tooMany } from '../errors.ts'
import { type Condition, readFilter } from '../rules/filter.ts'
import { asksFor, type Projection, readProjection } from '../rules/projection.ts'
import { GROUP_RESOURCE, type ResourceSchema, USER_RESOURCE } from '../rules/schema.ts'
import {
  countFitting,
  hasMoreUsers,
  isIndexed,
  type Start,
  selectGroups,
  selectGroupsOf,
  selectMembersOf,
  selectRecords,
} from '../store/lists.ts'
import type { ResourceType } from '../types.ts'

export const DEFAULT_COUNT = 100
export const MAX_COUNT = 1000
/** An organization with more users than that is asked by what has an index. */
const MAX_SCANNED = 10_000

/** The query of a list, as it was sent. */
export interface ListQuery {
  readonly filter?: string | undefined
  readonly startIndex?: string | undefined
  readonly count?: string | undefined
  readonly cursor?: string | undefined
  readonly attributes?: string | undefined
  readonly excludedAttributes?: string | undefined
}

export interface ListPage<R> {
  readonly rows: readonly R[]
  readonly total: number
  readonly startIndex: number | null
  /** Null without cursors, and behind the last page. */
  readonly nextCursor: string | null
  readonly projection: Projection
}

/** RFC 7644 3.4.2.4: numbers below what is allowed count as the least. */
function integerOf(name: string, text: string | undefined, usual: number): number {
  if (text === undefined || text === '') return usual
  if (!/^[+-]?\d{1,15}$/.test(text)) throw at(invalidValue, `${name} is a number`)
  return Number(text)
}

const toCursor = ({ createdAt, id }: { createdAt: number; id: string }): string =>
  toBase64Url(utf8(JSON.stringify([createdAt, id])))

/** An empty cursor is the first page (RFC 9865). Throws SCIM_INVALID_CURSOR. */
function readCursor(cursor: string): Start {
  if (cursor === '') return { after: null }
  try {
    const [createdAt, id] = JSON.parse(fromUtf8(fromBase64Url(cursor) ?? new Uint8Array())) as unknown[]
    if (typeof createdAt === 'number' && typeof id === 'string') return { after: { createdAt, id } }
  } catch {
    // Refused below.
  }
  throw invalidCursor()
}

function readList(schema: ResourceSchema, query: ListQuery) {
  const { cursor } = query
  const startIndex = Math.max(1, integerOf('startIndex', query.startIndex, 1))
  return {
    filter: query.filter === undefined || query.filter.trim() === '' ? null : readFilter(schema, query.filter),
    start: cursor === undefined ? { skip: startIndex - 1 } : readCursor(cursor),
    startIndex: cursor === undefined ? startIndex : null,
    count: Math.min(MAX_COUNT, Math.max(0, integerOf('count', query.count, DEFAULT_COUNT))),
    projection: readProjection(schema, query),
  }
}

async function requireBounded(ctx: DirectoryCtx, type: ResourceType, filter: Condition | null): Promise<void> {
  if (filter === null || isIndexed(type, filter)) return
  if (!(await hasMoreUsers(ctx, ctx.actor.organizationId, MAX_SCANNED))) return
  throw at(
    tooMany,
    'In an organization of this size a filter compares userName, externalId, displayName, emails.value, active, id, meta.created or meta.lastModified with eq',
  )
}

interface Row {
  readonly id: string
  readonly createdAt: number
}

function toPage<R extends Row>(
  { rows: found, total, isCut: isShort = false }: { rows: readonly R[]; total: number; isCut?: boolean },
  { startIndex, count, projection }: ReturnType<typeof readList>,
  fitting = found.length,
): ListPage<R> {
  const rows = found.slice(0, fitting)
  const last = rows.at(-1)
  const isCut = isShort || found.length === count || rows.length < found.length
  const nextCursor = startIndex === null && last && isCut ? toCursor(last) : null
  return { rows, total, startIndex, nextCursor, projection }
}

/** Users in the order of their creation. Throws SCIM_INVALID_FILTER, SCIM_INVALID_VALUE, SCIM_INVALID_CURSOR, SCIM_TOO_MANY. */
export async function listRecords(ctx: DirectoryCtx, query: ListQuery) {
  const asked = readList(USER_RESOURCE, query)
  await requireBounded(ctx, 'User', asked.filter)
  const { organizationId } = ctx.actor
  const withGroups = asksFor(asked.projection, 'groups')
  const found = await selectRecords(ctx, { organizationId, ...asked, withGroups })
  return { ...toPage(found, asked), groups: found.groups }
}

/** As `listRecords`, of groups. With many members a page has fewer groups than were asked for. */
export async function listGroups(ctx: DirectoryCtx, query: ListQuery) {
  const asked = readList(GROUP_RESOURCE, query)
  await requireBounded(ctx, 'Group', asked.filter)
  const { organizationId } = ctx.actor
  const found = await selectGroups(ctx, { organizationId, ...asked })
  const ids = found.rows.map(({ id }) => id)
  return toPage(found, asked, asksFor(asked.projection, 'members') ? await countFitting(ctx, ids) : undefined)
}

/** By the id of the resource that they belong to: the groups of users, or the members of groups. Not read where they are not asked for. */
export async function findGroupsOf(ctx: DirectoryCtx, ids: readonly string[], projection: Projection) {
  const rows =
    asksFor(projection, 'groups') && ids.length > 0 ? await selectGroupsOf(ctx, ctx.actor.organizationId, ids) : []
  return Map.groupBy(rows, ({ recordId }) => recordId)
}

export async function findMembersOf(ctx: DirectoryCtx, ids: readonly string[], projection: Projection) {
  const rows =
    asksFor(projection, 'members') && ids.length > 0 ? await selectMembersOf(ctx, ctx.actor.organizationId, ids) : []
  return Map.groupBy(rows, ({ groupId }) => groupId)
}
