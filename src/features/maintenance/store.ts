import { eq, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import type { Maintenance } from './service.ts'
import { maintenance } from './tables.ts'

const ROW = 1

export async function selectMaintenance({ db }: Pick<Ctx, 'db'>): Promise<Maintenance | undefined> {
  const [row] = await db
    .select({ enabled: maintenance.enabled, message: maintenance.message })
    .from(maintenance)
    .where(eq(maintenance.id, ROW))
    .limit(1)
  return row
}

const differs = ({ enabled, message }: Maintenance): SQL =>
  sql`${maintenance.enabled} <> ${enabled ? 1 : 0} or ${maintenance.message} is not ${message}`

/** Returns no row when nothing would change. */
export const upsertMaintenance = ({ db, now }: Pick<Ctx, 'db' | 'now'>, state: Maintenance) =>
  db
    .insert(maintenance)
    .values({ id: ROW, ...state, changedAt: now() })
    .onConflictDoUpdate({
      target: maintenance.id,
      set: { ...state, changedAt: now() },
      setWhere: differs(state),
    })
    .returning({ enabled: maintenance.enabled })
