import { and, count, desc, eq, lte, type SQL, sql } from 'drizzle-orm'
import type { Ctx, DirectoryCtx } from '../../../context.ts'
import { prune } from '../../../db/prune.ts'
import { DAY } from '../../../lib/time.ts'
import { type ScimLogRow, scimGroups, scimLog, scimMembers, scimUsers } from '../tables.ts'

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
  const live = (active?: boolean) =>
    db
      .select({ count: count() })
      .from(scimUsers)
      .where(
        and(
          eq(scimUsers.organizationId, organizationId),
          active === undefined ? undefined : eq(scimUsers.active, active),
          sql`deleted_at is null`,
        ),
      )
  const did = (operation: string) =>
    sql<number>`coalesce(sum(${scimLog.status} = 'success' and ${scimLog.operation} = ${operation} and ${scimLog.resourceType} = 'User'), 0)`
  const [[total], [active], [groups], [members], [day], [last]] = await db.batch([
    live(),
    live(true),
    db
      .select({ count: count() })
      .from(scimGroups)
      .where(and(eq(scimGroups.organizationId, organizationId), sql`deleted_at is null`)),
    db.select({ count: count() }).from(scimMembers).where(eq(scimMembers.organizationId, organizationId)),
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
    db
      .select({
        syncAt: sql<number | null>`max(case when ${scimLog.status} = 'success' then ${scimLog.at} end)`.as('sync_at'),
        errorAt: sql<number | null>`max(case when ${scimLog.status} = 'error' then ${scimLog.at} end)`.as('error_at'),
      })
      .from(scimLog)
      .where(eq(scimLog.organizationId, organizationId)),
  ])
  return {
    totalUsers: total?.count ?? 0,
    activeUsers: active?.count ?? 0,
    inactiveUsers: (total?.count ?? 0) - (active?.count ?? 0),
    totalGroups: groups?.count ?? 0,
    totalMemberships: members?.count ?? 0,
    created24h: day?.created ?? 0,
    updated24h: day?.updated ?? 0,
    deactivated24h: day?.deactivated ?? 0,
    deleted24h: day?.deleted ?? 0,
    errors24h: day?.errors ?? 0,
    lastSyncAt: last?.syncAt ?? null,
    lastErrorAt: last?.errorAt ?? null,
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
