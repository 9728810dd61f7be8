import { and, desc, eq, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { type Consent, consents, privacySettings } from '../tables.ts'
import { MAX_SWITCHES } from '../types.ts'
import { isPresent, rowIf } from './requests.ts'

type Store = Pick<Ctx, 'db' | 'now'>
type Key = Pick<Consent, 'userId' | 'purpose'>

const last = (column: 'change' | 'version', { userId, purpose }: Key) =>
  sql`(select newest.${sql.raw(column)} from consents as newest where newest.user_id = ${userId} and newest.purpose = ${purpose}
    order by newest.position desc limit 1)`

type NewConsent = Omit<Consent, 'position'>

/** No row when this version is given already. */
export const insertConsent = ({ db }: Pick<Store, 'db'>, row: NewConsent) =>
  db
    .insert(consents)
    .select(
      rowIf(
        consents,
        row,
        sql`${isPresent(row.userId)} and not (${last('change', row)} is 'given' and ${last('version', row)} is ${row.version})`,
      ),
    )
    .returning()

/** Withdraws the version that was given last. No row when none is given. */
export const insertWithdrawal = ({ db }: Pick<Store, 'db'>, row: Omit<NewConsent, 'version' | 'change'>) =>
  db
    .insert(consents)
    .select(
      sql`select null, ${row.id}, ${row.userId}, ${row.purpose}, ${last('version', row)}, 'withdrawn', ${row.at}
        where ${isPresent(row.userId)} and ${last('change', row)} = 'given'`,
    )
    .returning()

const MOST = 1000

/** How each purpose stands, by its newest row, and the latest history; both the newest first. */
export async function selectConsents(
  { db }: Pick<Store, 'db'>,
  userId: string,
): Promise<{ standing: Consent[]; history: Consent[] }> {
  const newest = sql`(select max(newest.position) from consents as newest where newest.user_id = ${userId} group by newest.purpose)`
  const [standing, history] = await db.batch([
    db.select().from(consents).where(sql`${consents.position} in ${newest}`).orderBy(desc(consents.position)),
    db.select().from(consents).where(eq(consents.userId, userId)).orderBy(desc(consents.position)).limit(MOST),
  ])
  return { standing, history }
}

export const hasConsent = async ({ db }: Pick<Store, 'db'>, { userId, purpose }: Key): Promise<boolean> =>
  (await db.$count(consents, and(eq(consents.userId, userId), eq(consents.purpose, purpose)))) > 0

export const selectSettings = ({ db }: Pick<Store, 'db'>, userId: string) =>
  db.select().from(privacySettings).where(eq(privacySettings.userId, userId)).get()

/** Changes the switches that are named, and removes those that are null. No row when there would be too many. */
export function upsertSettings({ db, now }: Store, userId: string, changes: Readonly<Record<string, boolean | null>>) {
  const merged = sql`json_patch(coalesce((select held.switches from privacy_settings as held where held.user_id = ${userId}), '{}'),
    ${JSON.stringify(changes)})`
  return db
    .insert(privacySettings)
    .select(
      sql`select ${userId}, ${merged}, ${now()}
        where ${isPresent(userId)} and (select count(*) from json_each(${merged})) <= ${MAX_SWITCHES}`,
    )
    .onConflictDoUpdate({
      target: privacySettings.userId,
      set: { switches: sql`excluded.switches`, updatedAt: sql`excluded.updated_at` },
    })
    .returning()
}
