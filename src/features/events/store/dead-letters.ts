import { count, desc, eq, inArray, lt } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { deadLetters } from '../../../db/tables.ts'
import type { DeadLetter } from '../types.ts'

type Store = Pick<Ctx, 'db'>
type Row = typeof deadLetters.$inferSelect

/** A page of those of the whole deployment, newest first, and how many there are. */
export async function selectDeadLetters(
  { db }: Store,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ letters: DeadLetter[]; total: number }> {
  const page = db
    .select({
      id: deadLetters.id,
      userId: deadLetters.userId,
      destination: deadLetters.destination,
      attempts: deadLetters.attempts,
      createdAt: deadLetters.createdAt,
    })
    .from(deadLetters)
    .orderBy(desc(deadLetters.createdAt), deadLetters.id)
    .limit(limit)
    .offset(offset)
  const [letters, [counted]] = await db.batch([page, db.select({ total: count() }).from(deadLetters)])
  return { letters, total: counted?.total ?? 0 }
}

export const findDeadLetter = ({ db }: Store, id: string): Promise<Row | undefined> =>
  db.select().from(deadLetters).where(eq(deadLetters.id, id)).get()

/** The statement returns no row when somebody else was faster. */
export const deleteDeadLetter = ({ db }: Store, id: string) =>
  db.delete(deadLetters).where(eq(deadLetters.id, id)).returning({ id: deadLetters.id })

/** Deletes at most `limit` that were set aside before `before`. */
export async function deleteOldDeadLetters({ db }: Store, before: number, limit: number): Promise<void> {
  const old = db
    .select({ id: deadLetters.id })
    .from(deadLetters)
    .where(lt(deadLetters.createdAt, before))
    .orderBy(deadLetters.createdAt)
    .limit(limit)
  await db.delete(deadLetters).where(inArray(deadLetters.id, old))
}
