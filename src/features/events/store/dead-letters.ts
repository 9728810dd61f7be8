import { count, desc, inArray, lt } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { deadLetters } from '../../../db/tables.ts'
import type { DeadLetter } from '../types.ts'

type Store = Pick<Ctx, 'db'>

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
