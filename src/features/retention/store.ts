import { ne } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import { retentionDays } from './tables.ts'
import type { RetentionKind } from './types.ts'

export const selectDays = ({ db }: Pick<Ctx, 'db'>): Promise<{ kind: RetentionKind; days: number }[]> =>
  db.select({ kind: retentionDays.kind, days: retentionDays.days }).from(retentionDays)

/** Returns no row when nothing would change. */
export const upsertDays = (
  { db, now }: Pick<Ctx, 'db' | 'now'>,
  { kind, days }: { kind: RetentionKind; days: number },
) =>
  db
    .insert(retentionDays)
    .values({ kind, days, changedAt: now() })
    .onConflictDoUpdate({
      target: retentionDays.kind,
      set: { days, changedAt: now() },
      setWhere: ne(retentionDays.days, days),
    })
    .returning({ days: retentionDays.days })
