import { and, asc, desc, eq, getTableColumns, gte, lt, lte, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { listPage, type Range } from '../../../db/list.ts'
import { countPrunable, prune } from '../../../db/prune.ts'
import { auditBlocks } from '../../../db/tables.ts'
import { DAY } from '../../../lib/time.ts'
import { complianceDays, complianceReports } from '../tables.ts'
import type { AssessedDay, FrameworkId, Report, RestsOn } from '../types.ts'

type Store = Pick<Ctx, 'db'>

const ofDay = {
  day: complianceDays.day,
  assessedAt: complianceDays.assessedAt,
  results: complianceDays.results,
  headNumber: complianceDays.headNumber,
  headHash: complianceDays.headHash,
}

type Row = Pick<typeof complianceDays.$inferSelect, keyof typeof ofDay>

const toDay = ({ headNumber, headHash, ...day }: Row): AssessedDay => ({
  ...day,
  head: headNumber === null || headHash === null ? null : { number: headNumber, hash: headHash },
})

export async function findNewestDay({ db }: Store): Promise<AssessedDay | undefined> {
  const row = await db.select(ofDay).from(complianceDays).orderBy(desc(complianceDays.day)).limit(1).get()
  return row && toDay(row)
}

export const hasDay = async ({ db }: Store, day: number): Promise<boolean> =>
  (await db.select({ day: complianceDays.day }).from(complianceDays).where(eq(complianceDays.day, day))).length > 0

/** Oldest first. */
export async function selectDays({ db }: Store, { from, to }: { from: number; to: number }): Promise<AssessedDay[]> {
  const rows = await db
    .select(ofDay)
    .from(complianceDays)
    .where(and(gte(complianceDays.day, from), lte(complianceDays.day, to)))
    .orderBy(asc(complianceDays.day))
  return rows.map(toDay)
}

/** Returns no row when another run has assessed the day. */
export const insertDay = ({ db }: Store, { head, ...day }: AssessedDay & { formerRootKey: string | null }) =>
  db
    .insert(complianceDays)
    .values({ ...day, headNumber: head?.number ?? null, headHash: head?.hash ?? null })
    .onConflictDoNothing({ target: complianceDays.day })
    .returning({ day: complianceDays.day })

export const findNewestHead = ({ db }: Store): Promise<RestsOn | undefined> =>
  db
    .select({ number: auditBlocks.number, hash: auditBlocks.hash })
    .from(auditBlocks)
    .orderBy(desc(auditBlocks.number))
    .limit(1)
    .get()

export const insertReport = ({ db }: Store, report: Report) =>
  db.insert(complianceReports).values(report).returning({ id: complianceReports.id })

export const findReport = ({ db }: Store, id: string): Promise<Report | undefined> =>
  db.select().from(complianceReports).where(eq(complianceReports.id, id)).get()

const { content: _content, ...ofReport } = getTableColumns(complianceReports)

/** Newest first, without what they say. */
export const selectReports = (store: Store, range: Range, framework: FrameworkId | undefined) =>
  listPage(
    store,
    {
      table: complianceReports,
      columns: ofReport,
      where: framework && eq(complianceReports.framework, framework),
      order: [desc(complianceReports.createdAt), complianceReports.id],
    },
    range,
  )

const oldDays = (before: number) => ({
  table: complianceDays,
  key: complianceDays.day,
  where: lt(complianceDays.day, sql`${Math.floor(before / DAY)}`),
  of: {},
  order: complianceDays.day,
})

const oldReports = (before: number) => ({
  table: complianceReports,
  key: complianceReports.id,
  where: lt(complianceReports.createdAt, before),
  of: {},
  order: complianceReports.createdAt,
})

/** Deletes results and reports from before a time. */
export async function deleteOld(store: Store, before: number): Promise<void> {
  await prune(store, oldDays(before))
  await prune(store, oldReports(before))
}

export const countOld = (store: Store, before: number): Promise<number> =>
  countPrunable(store, [oldDays(before), oldReports(before)])
