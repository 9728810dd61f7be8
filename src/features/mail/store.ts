import { and, desc, eq, gte, inArray, isNotNull, lt, lte, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import { isFree, type Owners } from '../../db/holds.ts'
import { listRows } from '../../db/list.ts'
import { countPrunable, prune } from '../../db/prune.ts'
import { byAddress, deletedRows, HIDDEN, shownRows, type UserData, withheld } from '../../db/user-data.ts'
import { mailbox, mails } from './tables.ts'
import type { MailEntry, MailStatus, StoredMail } from './types.ts'

type Store = Pick<Ctx, 'db'>
export type MailRow = typeof mails.$inferSelect

const MAILBOX_PAGE = 100

const toAddress = byAddress(mails.recipient, mails.userId)

const of: Owners = { users: [mails.userId], addresses: [mails.recipient] }

/** The mailbox precedes the mails: only these know addresses that the user requested or had before. */
export const userData: readonly UserData[] = [
  {
    ...deletedRows(mailbox, {
      recipient: ({ id }) =>
        sql`${mailbox.recipient} in (select lower(${mails.recipient}) from ${mails} where ${mails.userId} = ${id})`,
    }),
    ...withheld('it is empty in a deployment'),
  },
  {
    ...deletedRows(mailbox, { recipient: 'email' }, { also: ['subject', 'text', 'html'] }),
    ...withheld('it is empty in a deployment'),
  },
  {
    // After a hold `pruneMails` takes what it has kept.
    ...deletedRows(mails, { userId: 'id', recipient: toAddress }, { when: isFree(of) }),
    ...shownRows(mails, {
      part: 'mails',
      by: { userId: 'id', recipient: toAddress },
      shows: ['id', 'kind', 'recipient', 'status', 'createdAt', 'sentAt'],
      hides: {
        [HIDDEN.secret]: ['contentSealed'],
        [HIDDEN.internal]: ['userId', 'attempts', 'lastError', 'claimedUntil', 'enqueueAt'],
      },
    }),
  },
]

export async function insertIntoMailbox({ db }: Store, { to, ...mail }: StoredMail): Promise<void> {
  await db.insert(mailbox).values({ recipient: to, ...mail })
}

/** Newest first. */
export const selectMailbox = ({ db }: Store, recipient: string | null): Promise<StoredMail[]> =>
  db
    .select({
      to: mailbox.recipient,
      subject: mailbox.subject,
      text: mailbox.text,
      html: mailbox.html,
      createdAt: mailbox.createdAt,
    })
    .from(mailbox)
    .where(recipient === null ? undefined : eq(mailbox.recipient, recipient))
    .orderBy(desc(mailbox.position))
    .limit(MAILBOX_PAGE)

export async function insertMail({ db }: Store, row: typeof mails.$inferInsert): Promise<void> {
  await db.insert(mails).values(row)
}

/** Counts an attempt. Returns no row when the mail is no longer queued, or is being sent by another attempt. */
export async function claimMail(
  { db }: Store,
  id: string,
  { now, claimedUntil, enqueueAt }: { now: number; claimedUntil: number; enqueueAt: number },
): Promise<MailRow | undefined> {
  const [row] = await db
    .update(mails)
    .set({ attempts: sql`${mails.attempts} + 1`, claimedUntil, enqueueAt })
    .where(and(eq(mails.id, id), eq(mails.status, 'queued'), lte(mails.claimedUntil, now)))
    .returning()
  return row
}

/** Erases the content, because it contains links that sign people in. */
export async function updateSent({ db }: Store, id: string, sentAt: number): Promise<void> {
  await db.update(mails).set({ status: 'sent', sentAt, contentSealed: null, lastError: null }).where(eq(mails.id, id))
}

export async function updateFailed(
  { db }: Store,
  id: string,
  { lastError, enqueueAt }: { lastError: string; enqueueAt: number },
): Promise<void> {
  await db
    .update(mails)
    .set({ lastError, enqueueAt, claimedUntil: 0 })
    .where(and(eq(mails.id, id), eq(mails.status, 'queued')))
}

/** Marks a queued mail as dead. Without a reason its last error stays. */
export const updateDead = ({ db }: Store, id: string, reason: string | null) =>
  db
    .update(mails)
    .set({ status: 'dead', claimedUntil: 0, ...(reason === null ? {} : { lastError: reason }) })
    .where(and(eq(mails.id, id), eq(mails.status, 'queued')))
    .returning({ id: mails.id, kind: mails.kind, lastError: mails.lastError })

/** Queues a dead mail again, from its first attempt. */
export const updateRequeued = ({ db }: Store, id: string, enqueueAt: number) =>
  db
    .update(mails)
    .set({ status: 'queued', attempts: 0, lastError: null, claimedUntil: 0, enqueueAt })
    .where(and(eq(mails.id, id), eq(mails.status, 'dead'), isNotNull(mails.contentSealed)))
    .returning(ENTRY)

const ENTRY = {
  id: mails.id,
  kind: mails.kind,
  to: mails.recipient,
  userId: mails.userId,
  status: mails.status,
  attempts: mails.attempts,
  lastError: mails.lastError,
  createdAt: mails.createdAt,
  sentAt: mails.sentAt,
}

export interface MailFilter {
  readonly status: MailStatus
  readonly userId?: string | undefined
  readonly to?: string | undefined
}

/** The plus excludes the index of states: a user or an address has few mails. */
const conditionOf = ({ status, userId, to }: MailFilter): SQL | undefined =>
  and(
    userId === undefined && to === undefined ? eq(mails.status, status) : sql`+${mails.status} = ${status}`,
    userId === undefined ? undefined : eq(mails.userId, userId),
    to === undefined ? undefined : eq(mails.recipient, to),
  )

/** Mails of all users, newest first. */
export const selectEntries = (
  store: Store,
  { limit, offset, ...filter }: MailFilter & { limit: number; offset: number },
): Promise<MailEntry[]> =>
  listRows(
    store,
    { table: mails, columns: ENTRY, where: conditionOf(filter), order: [desc(mails.createdAt), mails.id] },
    { limit, offset },
  )

export const findEntry = ({ db }: Store, id: string): Promise<MailEntry | undefined> =>
  db.select(ENTRY).from(mails).where(eq(mails.id, id)).get()

/** Queued mails that the queue should have delivered by `now`. */
export async function selectOverdue({ db }: Store, now: number, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: mails.id })
    .from(mails)
    .where(and(eq(mails.status, 'queued'), lte(mails.enqueueAt, now)))
    .limit(limit)
  return rows.map(({ id }) => id)
}

export async function updateEnqueueAt({ db }: Store, ids: readonly string[], enqueueAt: number): Promise<void> {
  await db
    .update(mails)
    .set({ enqueueAt })
    .where(and(inArray(mails.id, [...ids]), eq(mails.status, 'queued')))
}

interface OldMails {
  readonly status: MailStatus
  readonly before: number
}

const oldMails = ({ status, before }: OldMails) => ({
  table: mails,
  key: mails.id,
  where: and(eq(mails.status, status), lt(mails.createdAt, before)),
  of,
})

/** Mails of this status that were made before `before`. */
export const deleteOldMails = (store: Store, old: OldMails): Promise<void> => prune(store, oldMails(old))

export const countOldMails = (store: Store, old: OldMails): Promise<number> => countPrunable(store, [oldMails(old)])

/** Whether a mail that was created since then is dead. */
export async function hasDeadSince({ db }: Store, since: number): Promise<boolean> {
  const rows = await db
    .select({ id: mails.id })
    .from(mails)
    .where(and(eq(mails.status, 'dead'), gte(mails.createdAt, since)))
    .limit(1)
  return rows.length > 0
}
