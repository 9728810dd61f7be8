import { and, desc, eq, lte, type SQL, sql } from 'drizzle-orm'
import type { Ctx, DirectoryCtx } from '../../../context.ts'
import { prune } from '../../../db/prune.ts'
import { DAY } from '../../../lib/time.ts'
import { type ScimLogRow, scimLog } from '../tables.ts'
import { selectCounts } from './directories.ts'

type Store = Pick<Ctx, 'db' | 'now'>

const KEPT_MS = 90 * DAY

export type LogEntry = Pick<ScimLogRow, 'operation' | 'resourceType' | 'resourceId' | 'status' | 'httpStatus'> &
  Partial<Pick<ScimLogRow, 'scimType' | 'detail' | 'changed'>>

/** The statement returns a row if the condition holds: for the end of the batch of a write. */
export const insertLog = (
  { db, now, newId, actor }: Pick<DirectoryCtx, 'db' | 'now' | 'newId' | 'actor'>,
  entry: LogEntry,
  when: SQL,
) =>
  db
    .insert(scimLog)
    .select(
      sql`select ${newId()}, ${actor.organizationId}, ${now()}, ${actor.id}, ${entry.operation}, ${entry.resourceType},
        ${entry.resourceId}, ${entry.status}, ${entry.httpStatus}, ${entry.scimType ?? null}, ${entry.detail ?? null},
        ${JSON.stringify(entry.changed ?? [])} where ${when}`,
    )
    .returning({ id: scimLog.id })

export interface LogQuery {
  readonly limit: number
  readonly offset: number
  readonly status?: ScimLogRow['status'] | undefined
  readonly resourceType?: ScimLogRow['resourceType'] | undefined
}

/** Newest first. */
export const selectLog = ({ db }: Store, organizationId: string, { limit, offset, status, resourceType }: LogQuery) =>
  db
    .select()
    .from(scimLog)
    .where(
      and(
        eq(scimLog.organizationId, organizationId),
        status && eq(scimLog.status, status),
        resourceType && eq(scimLog.resourceType, resourceType),
      ),
    )
    .orderBy(desc(scimLog.at), desc(scimLog.id))
    .limit(limit)
    .offset(offset)

/** What the status of a directory says. */
export async function selectCounters({ db, now }: Store, organizationId: string) {
  const since = now() - DAY
  const did = (operation: string) =>
    sql<number>`coalesce(sum(${scimLog.status} = 'success' and ${scimLog.operation} = ${operation} and ${scimLog.resourceType} = 'User'), 0)`
  const lastOf = (status: ScimLogRow['status']) =>
    db
      .select({ at: scimLog.at })
      .from(scimLog)
      .where(and(eq(scimLog.organizationId, organizationId), eq(scimLog.status, status)))
      .orderBy(desc(scimLog.at))
      .limit(1)
  const [[counts], [day], [success], [error]] = await db.batch([
    selectCounts({ db }, organizationId),
    db
      .select({
        created: did('create').as('created'),
        updated: did('update').as('updated'),
        deactivated: did('deactivate').as('deactivated'),
        deleted: did('delete').as('deleted'),
        errors: sql<number>`coalesce(sum(${scimLog.status} = 'error'), 0)`.as('errors'),
      })
      .from(scimLog)
      .where(and(eq(scimLog.organizationId, organizationId), sql`${scimLog.at} > ${since}`)),
    lastOf('success'),
    lastOf('error'),
  ])
  return {
    totalUsers: counts?.users ?? 0,
    activeUsers: counts?.activeUsers ?? 0,
    inactiveUsers: (counts?.users ?? 0) - (counts?.activeUsers ?? 0),
    totalGroups: counts?.groups ?? 0,
    totalMemberships: counts?.members ?? 0,
    created24h: day?.created ?? 0,
    updated24h: day?.updated ?? 0,
    deactivated24h: day?.deactivated ?? 0,
    deleted24h: day?.deleted ?? 0,
    errors24h: day?.errors ?? 0,
    lastSyncAt: success?.at ?? null,
    lastErrorAt: error?.at ?? null,
  }
}

/** Deletes a limited number of old rows. */
export const deleteOldLog = (store: Store): Promise<void> =>
  prune(store, {
    table: scimLog,
    key: scimLog.id,
    where: lte(scimLog.at, store.now() - KEPT_MS),
    of: { organizations: [scimLog.organizationId] },
    order: scimLog.at,
  })
