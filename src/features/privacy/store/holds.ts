import { and, desc, eq, isNull, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import type { Statement } from '../../../db/commit.ts'
import { isOrganizationHeld } from '../../../db/holds.ts'
import type { Range } from '../../../db/list.ts'
import { legalHolds } from '../../../db/tables.ts'
import { rowIf } from './requests.ts'

type Store = Pick<Ctx, 'db' | 'now'>
export type Hold = Readonly<typeof legalHolds.$inferSelect>

/** Holds while nothing of whom it names is erased yet. An organization's rows go as soon as it is deleted. */
const isWhole = ({ userId, organizationId }: Hold): SQL =>
  userId === null
    ? sql`exists (select 1 from organizations as kept where kept.id = ${organizationId}
        and (kept.deleted_at is null or ${isOrganizationHeld(sql.raw('kept.id'))}))`
    : sql`exists (select 1 from users as kept where kept.id = ${userId} and kept.erasing_since is null)`

/** No row when there is nobody to hold, or an erasure has begun: of the two statements one is first. */
export const insertHold = ({ db }: Pick<Store, 'db'>, hold: Hold) =>
  db
    .insert(legalHolds)
    .select(rowIf(legalHolds, hold, isWhole(hold)))
    .returning()

export const hasOrganization = async ({ db }: Pick<Store, 'db'>, id: string): Promise<boolean> =>
  (await db.all(sql`select 1 from organizations where id = ${id}`)).length > 0

export const findHold = ({ db }: Pick<Store, 'db'>, id: string): Promise<Hold | undefined> =>
  db.select().from(legalHolds).where(eq(legalHolds.id, id)).get()

/**
 * The statements that release a hold, and between them `after`, for which it is released. No row of the last when it was released
 * before.
 */
export function releaseOf({ db, now }: Store, { id, adminId, after }: Release) {
  const releasedAt = now()
  const released = and(eq(legalHolds.id, id), eq(legalHolds.releasedAt, releasedAt), isNull(legalHolds.releasedBy))
  return [
    db
      .update(legalHolds)
      .set({ releasedAt })
      .where(and(eq(legalHolds.id, id), isNull(legalHolds.releasedAt))),
    ...after,
    db.update(legalHolds).set({ releasedBy: adminId }).where(released).returning(),
  ] as const
}

interface Release {
  readonly id: string
  readonly adminId: string
  readonly after: readonly Statement[]
}

/** Of the whole deployment, newest first. */
export const selectHolds = ({ db }: Pick<Store, 'db'>, { isActive }: { isActive: boolean }, { limit, offset }: Range) =>
  db
    .select()
    .from(legalHolds)
    .where(isActive ? isNull(legalHolds.releasedAt) : undefined)
    .orderBy(desc(legalHolds.placedAt), legalHolds.id)
    .limit(limit)
    .offset(offset)
