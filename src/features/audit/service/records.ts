import type { ActorCtx, Ctx, TargetCtx } from '../../../context.ts'
import { cursorInvalid, notFound, validationFailed } from '../../../lib/errors.ts'
import { isAdmin } from '../../../lib/roles.ts'
import { EVENT_TYPES } from '../../events/types.ts'
import { getUser } from '../../users/service/users.ts'
import type { UserRef } from '../../users/types.ts'
import { ALIAS_NAMES } from '../rules/actions.ts'
import { readCursor, writeCursor } from '../rules/cursor.ts'
import { countRecords, findPlaceOfOffset, findRecord, selectRecords, selectTypeCounts } from '../store/records.ts'
import type { Place, RecordFilter, RecordPage, SeenRow, View } from '../types.ts'
import { see, viewOf, viewOfRow } from './views.ts'

export { viewOf }

/** The cursor's place, and the filter with the time that it begins below. Throws INVALID_CURSOR. */
export function startOf(
  view: View,
  filter: RecordFilter,
  text: string | undefined,
): { below: Place | null; narrowed: RecordFilter; before: number | null } {
  const cursor = text === undefined ? null : readCursor(view, filter, text)
  if (cursor === undefined) throw cursorInvalid()
  if (cursor === null) return { below: null, narrowed: filter, before: null }
  const { before } = cursor
  const until = before === null ? filter.until : Math.min(before - 1, filter.until ?? before - 1)
  return { below: 'position' in cursor ? cursor : null, narrowed: { ...filter, until }, before }
}

/** A page of the record, newest first. Throws INVALID_CURSOR for that of another list. */
export async function listRecords(
  ctx: Pick<Ctx, 'db'>,
  view: View,
  filter: RecordFilter,
  { limit, cursor: text }: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<RecordPage> {
  const { below, narrowed, before } = startOf(view, filter, text)
  const slot = { view, filter: narrowed }
  const { rows: found, end } = await selectRecords(ctx, slot, { below, limit: limit + 1 })
  const rows = found.slice(0, limit)
  const last: Place | null | undefined = found.length > limit ? rows.at(-1) : end
  const cursor = last ? writeCursor(view, filter, { position: last.position, time: last.time, before }) : null
  const [seen, total] = await Promise.all([see(ctx, view, rows), countRecords(ctx, { view, filter })])
  return { rows: seen, total, cursor, hasMore: cursor !== null }
}

/** By or about a user: all of it to admins, to the user what is in their own log and what they caused. Throws NOT_FOUND. */
export async function listRecordsOfUser(
  ctx: TargetCtx,
  filter: RecordFilter,
  page: { limit: number; cursor?: string | undefined },
): Promise<RecordPage> {
  const view = await viewOf(ctx)
  if (view.of !== 'platform') return listRecords(ctx, view, filter, page)
  const { ref } = ctx.target
  // Only a number is looked up: the record keeps the ids of erased users.
  const person = typeof ref === 'number' ? (await getUser(ctx, ref)).id : ref
  return listRecords(ctx, view, { ...filter, person }, page)
}

/** Throws NOT_FOUND, also for a row that the caller does not see. */
export async function getRecord(ctx: ActorCtx, id: string): Promise<SeenRow> {
  const row = await findRecord(ctx, id)
  if (!row) throw notFound()
  const [seen] = await see(ctx, await viewOfRow(ctx, row), [row])
  if (!seen) throw notFound()
  return seen
}

/** The names of actions, Janua's too, and for admins of the platform how often each type stands in the record. */
export async function listActions(ctx: ActorCtx): Promise<{ actions: string[]; counts: Record<string, number> }> {
  const counted = isAdmin(ctx.actor) ? await selectTypeCounts(ctx) : []
  const names = new Set([...Object.keys(EVENT_TYPES), ...counted.map(({ type }) => type), ...ALIAS_NAMES])
  return { actions: [...names].sort(), counts: Object.fromEntries(counted.map(({ type, count }) => [type, count])) }
}

/** The largest offset of a filtered list, whose rows must be read; further back `before` is required. */
const MAX_FILTERED_OFFSET = 10_000

const TOO_FAR_BACK = {
  field: 'query.page',
  message: 'is too far back for a filtered list: use before=<id of the last entry>',
  type: 'too_big',
}

export interface ActivityQuery {
  readonly user?: UserRef | undefined
  readonly filter: Omit<RecordFilter, 'userIds'>
  readonly offset: number
  readonly limit: number
  /** The id of an entry; the page begins after it. */
  readonly before?: string | undefined
}

/**
 * The whole record by numbered pages, newest first. Every page costs the same, except that the cost of a filtered one grows with
 * its offset, which is bounded. Throws VALIDATION_ERROR for an offset beyond that, NOT_FOUND for an unknown user number.
 */
export async function listActivity(ctx: Pick<Ctx, 'db' | 'now'>, query: ActivityQuery): Promise<SeenRow[]> {
  const { user, offset, limit, before } = query
  // Only a number is looked up: the record keeps the ids of erased users.
  const userId = typeof user === 'number' ? (await getUser(ctx, user)).id : user
  const filter: RecordFilter = { ...query.filter, userIds: userId === undefined ? undefined : [userId] }
  const slot = { view: { of: 'platform' } as const, filter }
  const isFiltered = Object.values(filter).some((value) => value !== undefined)
  if (before !== undefined) {
    const entry = await findRecord(ctx, before)
    if (!entry) return []
    return see(ctx, slot.view, (await selectRecords(ctx, slot, { below: entry, limit })).rows)
  }
  if (isFiltered && offset > MAX_FILTERED_OFFSET) throw validationFailed({ validation_errors: [TOO_FAR_BACK] })
  const range = isFiltered ? { below: null, offset } : { below: await findPlaceOfOffset(ctx, offset) }
  return see(ctx, slot.view, (await selectRecords(ctx, slot, { ...range, limit })).rows)
}
