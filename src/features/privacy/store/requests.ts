import { and, desc, eq, getTableColumns, gt, inArray, isNull, lt, lte, not, type SQL, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Ctx } from '../../../context.ts'
import { insertEventsOf, type Statement } from '../../../db/commit.ts'
import { isUserHeld } from '../../../db/holds.ts'
import type { Range } from '../../../db/list.ts'
import { countPrunable, prune } from '../../../db/prune.ts'
import type { EventDraft } from '../../../lib/event.ts'
import { DAY } from '../../../lib/time.ts'
import { users } from '../../users/tables.ts'
import { type DataRequest, dataRequests } from '../tables.ts'
import type { RequestStatus, RequestType } from '../types.ts'

type Store = Pick<Ctx, 'db' | 'now'>

/** A row that is inserted if a condition holds then. */
export function rowIf<T extends SQLiteTable>(table: T, row: T['$inferInsert'], when: SQL): SQL {
  const cells = Object.entries(getTableColumns(table)).map(([name, column]) => {
    const value = (row as Readonly<Record<string, unknown>>)[name] ?? null
    return value === null ? sql`null` : sql`${sql.param(value, column)}`
  })
  return sql`select ${sql.join(cells, sql`, `)} where ${when}`
}

/** Holds for a user who may sign in: what a request writes that was on its way meanwhile would outlive an erasure. */
export const isPresent = (userId: string): SQL =>
  sql`exists (select 1 from users as present where present.id = ${userId} and present.status in ('active', 'pending'))`

/** No row when the user may not sign in any more, or has so many requests that are open. */
export function insertRequest(store: Pick<Store, 'db'>, row: DataRequest, limit: number) {
  const open = sql`(select count(*) from ${dataRequests} where ${dataRequests.userId} = ${row.userId} and ${isOpen})`
  return insertRequestIf(store, row, sql`${isPresent(row.userId)} and ${open} < ${limit}`)
}

const insertRequestIf = ({ db }: Pick<Store, 'db'>, row: DataRequest, when: SQL) =>
  db
    .insert(dataRequests)
    .select(rowIf(dataRequests, row, when))
    .returning()

/** No row, either, when the user asked for so many exports since then. */
export function insertExport(
  store: Pick<Store, 'db'>,
  row: DataRequest,
  { since, limit }: { since: number; limit: number },
) {
  const made = sql`(select count(*) from ${dataRequests} where ${dataRequests.userId} = ${row.userId}
    and ${dataRequests.receivedAt} > ${since} and ${dataRequests.type} in ('access', 'portability'))`
  return insertRequestIf(store, row, sql`${isPresent(row.userId)} and ${made} < ${limit}`)
}

/** For the batch that deletes the account: the request, and its event. */
export const insertErasure = (
  ctx: Pick<Ctx, 'db' | 'now' | 'ip' | 'userAgent'>,
  row: DataRequest,
  { event, when }: { event: EventDraft; when: SQL },
): readonly Statement[] => [
  insertRequestIf(ctx, row, when),
  insertEventsOf(ctx, {
    type: event.type,
    actor: event.actor,
    subject: sql`${row.id}`,
    userId: sql`${row.userId}`,
    organizationId: sql`null`,
    data: sql`${JSON.stringify(event.data)}`,
    from: sql`from ${dataRequests} where ${dataRequests.id} = ${row.id}`,
  }),
]

const isOpen = inArray(dataRequests.status, ['received', 'in_progress'])

const columns = {
  ...getTableColumns(dataRequests),
  userEmail: users.email,
  eraseAt: users.eraseAt,
  /** An erasure that a legal hold keeps waiting. */
  isHeld: sql`(${dataRequests.type} = 'erasure' and ${isOpen} and ${isUserHeld(dataRequests.userId)})`.mapWith(Boolean),
}

export interface RequestFilter {
  /** Absent: of everybody. */
  readonly userId?: string | undefined
  readonly status?: RequestStatus | undefined
  readonly type?: RequestType | undefined
}

export type SeenRequest = Awaited<ReturnType<typeof selectRequests>>[number]

/** Newest first. */
export const selectRequests = ({ db }: Pick<Store, 'db'>, { userId, status, type }: RequestFilter, range: Range) =>
  db
    .select(columns)
    .from(dataRequests)
    .leftJoin(users, eq(users.id, dataRequests.userId))
    .where(
      and(
        userId === undefined ? undefined : eq(dataRequests.userId, userId),
        status === undefined ? undefined : eq(dataRequests.status, status),
        type === undefined ? undefined : eq(dataRequests.type, type),
      ),
    )
    .orderBy(desc(dataRequests.receivedAt), dataRequests.id)
    .limit(range.limit)
    .offset(range.offset)

/** Of anybody. */
export const selectRequestOfAnybody = ({ db }: Pick<Store, 'db'>, id: string) =>
  db
    .select(columns)
    .from(dataRequests)
    .leftJoin(users, eq(users.id, dataRequests.userId))
    .where(eq(dataRequests.id, id))
    .get()

/** An export that the session may still read. */
export const selectExport = (
  { db, now }: Store,
  { id, userId, sessionId }: { id: string; userId: string; sessionId: string },
): Promise<DataRequest | undefined> =>
  db
    .select()
    .from(dataRequests)
    .where(
      and(
        eq(dataRequests.id, id),
        eq(dataRequests.userId, userId),
        eq(dataRequests.sessionId, sessionId),
        gt(dataRequests.availableUntil, now()),
      ),
    )
    .get()

export const EXTENSION_MS = 60 * DAY
/** The first reminder comes so long before the day. */
export const REMINDED_BEFORE_MS = 7 * DAY

export interface RequestChange {
  readonly id: string
  readonly adminId: string
  readonly status: Exclude<RequestStatus, 'received'> | undefined
  readonly answer: string | null
  readonly extensionReason: string | undefined
}

/** Types that an admin answers; the service does the others itself. */
const isAnswered = inArray(dataRequests.type, ['rectification', 'restriction', 'objection'])

/** One that is open. A status is for what admins answer, an extension for once and before the day. */
export function updateRequest({ db, now }: Store, { id, adminId, status, answer, extensionReason }: RequestChange) {
  const isClosed = status === 'completed' || status === 'rejected'
  const extension = extensionReason !== undefined && {
    dueAt: sql`${dataRequests.dueAt} + ${EXTENSION_MS}`,
    extendedAt: now(),
    extensionReason,
    remindAt: sql`${dataRequests.dueAt} + ${EXTENSION_MS - REMINDED_BEFORE_MS}`,
  }
  const change = status !== undefined && {
    status,
    ...(answer !== null && { answer }),
    ...(isClosed && { completedAt: now(), remindAt: null }),
  }
  return db
    .update(dataRequests)
    .set({ ...extension, ...change, handledBy: adminId, updatedAt: now() })
    .where(
      and(
        eq(dataRequests.id, id),
        isOpen,
        status === undefined ? undefined : isAnswered,
        extensionReason === undefined ? undefined : and(isNull(dataRequests.extendedAt), gt(dataRequests.dueAt, now())),
      ),
    )
    .returning()
}

/** Open ones whose day is over; an erasure that a legal hold keeps waiting is not late. */
export const countLate = ({ db, now }: Store): Promise<number> => {
  const waits = sql`(${dataRequests.type} = 'erasure' and ${isUserHeld(dataRequests.userId)})`
  return db.$count(dataRequests, and(isOpen, lte(dataRequests.dueAt, now()), not(waits)))
}

const closedBefore = (before: number) => ({
  table: dataRequests,
  key: dataRequests.id,
  where: lt(dataRequests.completedAt, before),
  of: { users: [dataRequests.userId] },
  order: dataRequests.completedAt,
})

/** Deletes what was answered before a time. */
export const deleteClosed = (store: Pick<Store, 'db'>, before: number): Promise<void> =>
  prune(store, closedBefore(before))

export const countClosed = (store: Pick<Store, 'db'>, before: number): Promise<number> =>
  countPrunable(store, [closedBefore(before)])

const REMINDED_PER_RUN = 200

/** Those that admins are to answer and to be told of, with their next reminder set. Of two runs at once one gets each. */
export function updateReminded({ db, now }: Store) {
  const due = db
    .select({ id: dataRequests.id })
    .from(dataRequests)
    .where(and(lte(dataRequests.remindAt, now()), isAnswered))
    .orderBy(dataRequests.remindAt)
    .limit(REMINDED_PER_RUN)
  return db
    .update(dataRequests)
    .set({ remindAt: sql`case when ${dataRequests.dueAt} > ${now()} then ${dataRequests.dueAt} end` })
    .where(and(inArray(dataRequests.id, due), lte(dataRequests.remindAt, now())))
    .returning({ id: dataRequests.id, dueAt: dataRequests.dueAt })
}

/** No admin could be told: the next run tries again. */
export const updateUnreminded = ({ db, now }: Store, ids: readonly string[]) =>
  db
    .update(dataRequests)
    .set({ remindAt: now() })
    .where(and(inArray(dataRequests.id, [...ids]), isOpen))
