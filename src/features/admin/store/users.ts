import { and, inArray, isNotNull, isNull, ne, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { counts } from '../../../db/tables.ts'
import { passkeys } from '../../factors/passkeys/tables.ts'
import { type RowChange, users } from '../../users/tables.ts'

/** Open sessions and passkeys of at most 100 users; a user without any is in neither map. */
export async function selectCountsOfUsers({ db }: Pick<Ctx, 'db'>, userIds: readonly string[]) {
  if (userIds.length === 0) return { sessions: new Map<string, number>(), passkeys: new Map<string, number>() }
  const nameOf = (userId: string) => `sessions.open:${userId}`
  const [open, held] = await db.batch([
    db
      .select()
      .from(counts)
      .where(inArray(counts.name, userIds.map(nameOf))),
    db
      .select({ userId: passkeys.userId, count: sql<number>`count(*)` })
      .from(passkeys)
      .where(inArray(passkeys.userId, [...userIds]))
      .groupBy(passkeys.userId),
  ])
  const values = new Map(open.map(({ name, value }) => [name, value]))
  return {
    // An end that came before its beginning counts below nothing until the beginning comes.
    sessions: new Map(userIds.map((id) => [id, Math.max(0, values.get(nameOf(id)) ?? 0)])),
    passkeys: new Map(held.map(({ userId, count }) => [userId, count])),
  }
}

/** Holds unless the user is deleted, or has it so already. */
export const emailVerified = ({ now }: Pick<Ctx, 'now'>, verified: boolean): RowChange => ({
  set: {
    emailVerifiedAt: verified ? now() : null,
    emailUnansweredSince: verified ? now() : null,
    ...(verified && { status: sql`case ${users.status} when 'pending' then 'active' else ${users.status} end` }),
  },
  when: and(ne(users.status, 'deleted'), verified ? isNull(users.emailVerifiedAt) : isNotNull(users.emailVerifiedAt)),
})
