import { and, eq, gt, inArray, isNotNull, isNull, lte, ne, or, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import { counts, deadLetters, events } from '../../db/tables.ts'
import { passkeyHandles, passkeys } from '../factors/passkeys/tables.ts'
import { backupCodes, totpFactors } from '../factors/totp/tables.ts'
import { voidPlainReports } from '../links/service.ts'
import { oneTimeTokens } from '../links/tables.ts'
import { mailbox, mails } from '../mail/tables.ts'
// A user's rows are in tables of many features.
import { deleteUserRow, insertedUser } from '../users/service/users.ts'
import { formerAddresses, isTarget, type RowChange, type Target, users } from '../users/tables.ts'
import type { User } from '../users/types.ts'

type Store = Pick<Ctx, 'db' | 'now'>

/** Rows of these go with their user. */
const OWNED = [
  backupCodes,
  deadLetters,
  formerAddresses,
  mails,
  oneTimeTokens,
  passkeyHandles,
  passkeys,
  totpFactors,
] as const

/** The user's new password, who knew the old one. Holds until the credentials are changed. */
export const ownPassword = (target: Target, passwordHash: string): RowChange => ({
  set: { passwordHash },
  when: isTarget(target),
})

/** For the batch of `ownPassword`: what these reports would end has ended (see `voidSettledReports`). */
export const voidReportsBeforeChange = (store: Store, target: Target) =>
  voidPlainReports(store, target.userId, sql`exists (select 1 from ${users} where ${isTarget(target)})`)

/** Holds for a deleted user who is not to be erased yet. */
export const graceEnded = ({ now }: Pick<Store, 'now'>): RowChange => ({
  set: { eraseAt: now() },
  when: and(eq(users.status, 'deleted'), or(isNull(users.eraseAt), gt(users.eraseAt, now()))),
})

/** Deleted users whose time has come. In random order: one that cannot be erased yet starves no other. */
export async function selectUsersToErase({ db, now }: Store, limit: number): Promise<User[]> {
  const rows = await db
    .select()
    .from(users)
    .where(and(isNotNull(users.eraseAt), lte(users.eraseAt, now()), eq(users.status, 'deleted')))
    .orderBy(sql`random()`)
    .limit(limit)
  return rows.flatMap((row) => insertedUser([row]) ?? [])
}

/** What tells of a person: all that is not who did what to whom, when. */
const isPersonal = (): SQL | undefined =>
  or(ne(sql`${events.data}`, sql`'{}'`), isNotNull(events.ip), isNotNull(events.userAgent))

const ANONYMOUS = { data: {}, ip: null, userAgent: null }

/** Takes the person out of at most `limit` rows of the record after `after`; returns the last one's position, or null. */
export async function scrubEvents(
  { db }: Store,
  { userId, after, limit }: { userId: string; after: number; limit: number },
): Promise<number | null> {
  const some = db
    .select({ position: events.position })
    .from(events)
    .where(and(eq(events.userId, userId), gt(events.position, after), isPersonal()))
    .orderBy(events.position)
    .limit(limit)
  const scrubbed = await db
    .update(events)
    .set(ANONYMOUS)
    .where(inArray(events.position, some))
    .returning({ position: events.position })
  return scrubbed.length < limit ? null : Math.max(...scrubbed.map(({ position }) => position))
}

/**
 * One batch. The last statement deletes the row and returns no row when there is none to erase any more: then the others
 * have deleted nothing either.
 */
export function deleteUser({ db, now }: Store, { id, email }: User) {
  const isDue = sql`exists (select 1 from ${users} where ${users.id} = ${id} and ${users.status} = 'deleted' and ${users.eraseAt} <= ${now()})`
  const written = db
    .select({ recipient: sql`lower(${mails.recipient})` })
    .from(mails)
    .where(eq(mails.userId, id))
  return [
    // Of addresses that the user only asked for, or had before, the mails alone know: these go below.
    db.delete(mailbox).where(and(inArray(mailbox.recipient, written), isDue)),
    ...OWNED.map((table) => db.delete(table).where(and(eq(table.userId, id), isDue))),
    // Of a time when nobody knew whose address it was.
    db.delete(oneTimeTokens).where(and(eq(oneTimeTokens.email, email), isDue)),
    db.delete(mails).where(and(eq(mails.recipient, email), isDue)),
    db.delete(mailbox).where(and(eq(mailbox.recipient, email), isDue)),
    db.delete(counts).where(and(eq(counts.name, `sessions.open:${id}`), isDue)),
    db
      .update(events)
      .set({ ...ANONYMOUS, deliveredAt: sql`coalesce(${events.deliveredAt}, ${now()})` })
      .where(and(eq(events.userId, id), or(isPersonal(), isNull(events.deliveredAt)), isDue)),
    deleteUserRow({ db }, id, isDue),
  ] as const
}
