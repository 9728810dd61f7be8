import { and, asc, desc, eq, gt, gte, inArray, isNotNull, isNull, lte, ne, or, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { auditBlocks, events, newSalt } from '../../../db/tables.ts'
import type { EventName } from '../../../lib/event.ts'
import { SECOND, within } from '../../../lib/time.ts'
import { NAMING_ADDRESSES } from '../../events/types.ts'
import { users } from '../../users/tables.ts'
import { type AuditKey, auditKeys } from '../tables.ts'
import type { Block } from '../types.ts'

type Store = Pick<Ctx, 'db'>

export const findNewestBlock = ({ db }: Store): Promise<Block | undefined> =>
  db.select().from(auditBlocks).orderBy(desc(auditBlocks.number)).limit(1).get()

export const findBlock = ({ db }: Store, number: number): Promise<Block | undefined> =>
  db.select().from(auditBlocks).where(eq(auditBlocks.number, number)).get()

/** Blocks from a number on, with their lists. */
export const selectBlocks = ({ db }: Store, { from, limit }: { from: number; limit: number }): Promise<Block[]> =>
  db.select().from(auditBlocks).where(gte(auditBlocks.number, from)).orderBy(asc(auditBlocks.number)).limit(limit)

/** Blocks of these numbers, in their order. */
export const selectBlocksOf = ({ db }: Store, numbers: readonly number[]): Promise<Block[]> =>
  db
    .select()
    .from(auditBlocks)
    .where(inArray(auditBlocks.number, sql`(select value from json_each(${JSON.stringify(numbers)}))`))
    .orderBy(asc(auditBlocks.number))

/** The numbers of all blocks between two of them. */
export async function selectNumbers({ db }: Store, { from, to }: { from: number; to: number }): Promise<number[]> {
  const rows = await db
    .select({ number: auditBlocks.number })
    .from(auditBlocks)
    .where(and(gte(auditBlocks.number, from), lte(auditBlocks.number, to)))
    .orderBy(asc(auditBlocks.number))
  return rows.map(({ number }) => number)
}

const ofHead = {
  number: auditBlocks.number,
  hash: auditBlocks.hash,
  head: auditBlocks.head,
  kid: auditBlocks.kid,
  signature: auditBlocks.signature,
}

/** Heads from a number on, without the lists. */
export const selectHeads = ({ db }: Store, { from, limit }: { from: number; limit: number }) =>
  db.select(ofHead).from(auditBlocks).where(gte(auditBlocks.number, from)).orderBy(asc(auditBlocks.number)).limit(limit)

/** Returns no row when another run has made a block of this number. */
export const insertBlock = ({ db }: Store, block: Block) =>
  db
    .insert(auditBlocks)
    .values(block)
    .onConflictDoNothing({ target: auditBlocks.number })
    .returning({ number: auditBlocks.number })

/** The newest position, read at the primary: D1 has one writer, so no row appears below it later. */
export async function findNewestPosition({ db }: Store): Promise<number> {
  const [row] = await db.all<{ position: number | null }>(
    sql`select max(${events.position}) as position from ${events}`,
  )
  return row?.position ?? 0
}

/**
 * Gives salts to rows that an earlier release has written meanwhile. What was erased gets none. Addresses that it named go first:
 * an erasure empties a row that names one, and in a block that would count as tampering, because the row is nobody's.
 */
export async function addSalts({ db }: Store, range: { after: number; upTo: number }): Promise<void> {
  const inRange = and(gt(events.position, range.after), lte(events.position, range.upTo))
  await db.batch([
    db
      .update(events)
      .set({ data: sql`json_remove(${events.data}, '$.email')` })
      .where(and(inRange, isNull(events.dataSalt), inArray(events.type, NAMING_ADDRESSES))),
    db
      .update(events)
      .set({ dataSalt: newSalt })
      .where(and(inRange, isNull(events.dataSalt), ne(sql`${events.data}`, sql`'{}'`))),
    db
      .update(events)
      .set({ originSalt: newSalt })
      .where(and(inRange, isNull(events.originSalt), or(isNotNull(events.ip), isNotNull(events.userAgent)))),
  ])
}

export const hasHead = async ({ db }: Store, hash: string): Promise<boolean> =>
  (await db.select({ number: auditBlocks.number }).from(auditBlocks).where(eq(auditBlocks.hash, hash)).limit(1))
    .length > 0

/** When the record last had an event of a type. */
export async function findLastTime({ db }: Store, type: EventName): Promise<number | undefined> {
  const last = db.select({ time: events.time }).from(events).where(eq(events.type, type))
  return (await last.orderBy(desc(events.position)).limit(1).get())?.time
}

/** Those of these people who were erased, or whose erasure has begun. */
export async function selectErased({ db }: Store, people: readonly string[]): Promise<Set<string>> {
  if (people.length === 0) return new Set()
  const listed = sql`(select value from json_each(${JSON.stringify(people)}))`
  const [erased, begun] = await db.batch([
    db
      .select({ id: events.subject })
      .from(events)
      .where(and(eq(events.type, 'user.erased' satisfies EventName), inArray(events.subject, listed))),
    db
      .select({ id: users.id })
      .from(users)
      .where(and(inArray(users.id, listed), eq(users.status, 'deleted'), isNotNull(users.eraseAt))),
  ])
  return new Set([...erased, ...begun].map(({ id }) => id))
}

const BLOCKS_PER_RUN = 500

/** Empties the lists of blocks from before `prunedBefore` of which no record is left; their heads stay. */
export async function clearLists({ db }: Store, prunedBefore: number): Promise<void> {
  const upTo = sql`(select number from ${auditBlocks} where ${auditBlocks.time} < ${prunedBefore} order by ${auditBlocks.time} desc limit 1)`
  const some = db
    .select({ number: auditBlocks.number })
    .from(auditBlocks)
    .where(
      and(
        isNotNull(auditBlocks.leaves),
        lte(auditBlocks.number, upTo),
        sql`not exists (select 1 from ${events} where ${events.position} > ${auditBlocks.head} ->> '$.after'
          and ${events.position} <= ${auditBlocks.lastPosition})`,
      ),
    )
    .orderBy(asc(auditBlocks.number))
    .limit(BLOCKS_PER_RUN)
  await db.update(auditBlocks).set({ leaves: null, commitments: null }).where(inArray(auditBlocks.number, some))
}

/** Newest first. */
export const selectKeys = ({ db }: Store): Promise<AuditKey[]> =>
  db.select().from(auditKeys).orderBy(desc(auditKeys.createdAt), auditKeys.kid)

export const insertKey = async ({ db }: Store, key: AuditKey): Promise<void> =>
  void (await db.insert(auditKeys).values(key).onConflictDoNothing())

/** Does nothing when the sealed key has changed since it was read. */
export const updateSeal = async ({ db }: Store, { kid, privateSealed }: AuditKey, after: string): Promise<void> =>
  void (await db
    .update(auditKeys)
    .set({ privateSealed: after })
    .where(and(eq(auditKeys.kid, kid), eq(auditKeys.privateSealed, privateSealed))))

/** The newest head, outside of D1: so that a restored database is noticed. */
export interface KnownHead {
  readonly number: number
  readonly hash: string
  readonly time: number
}

const HEAD_KEY = 'audit:head'
const KV_BOUND_MS = 5 * SECOND

export const getKnownHead = ({ kv }: Pick<Ctx, 'kv'>): Promise<KnownHead | null> =>
  within(KV_BOUND_MS, kv.get<KnownHead>(HEAD_KEY, 'json'))

export const putKnownHead = ({ kv }: Pick<Ctx, 'kv'>, head: KnownHead): Promise<void> =>
  within(KV_BOUND_MS, kv.put(HEAD_KEY, JSON.stringify(head)))
