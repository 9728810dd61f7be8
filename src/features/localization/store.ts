import { and, asc, count, eq, exists, inArray, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { Ctx } from '../../context.ts'
import { type Translation, type TranslationKey, translationKeys, translations } from './tables.ts'

type Store = Pick<Ctx, 'db'>

/** In the words of the index: a parameter would not find it. */
const isOverride = sql`${translations.isOverride} = 1`

export const selectOverrides = ({ db }: Store, locales: readonly string[]) =>
  db
    .select({ locale: translations.locale, key: translations.key, value: translations.value })
    .from(translations)
    .where(and(inArray(translations.locale, [...locales]), isOverride))

/** How many texts each locale has, of the service's and of the application's own; and how many keys there are. */
export async function countTexts({ db }: Store) {
  const [counts, [keys]] = await db.batch([
    db
      .select({ locale: translations.locale, isOverride: translations.isOverride, total: count() })
      .from(translations)
      .groupBy(translations.locale, translations.isOverride),
    db.select({ total: count() }).from(translationKeys),
  ])
  return { counts, keys: keys?.total ?? 0 }
}

export const selectTranslations = ({ db }: Store, locales: readonly string[]) =>
  db
    .select({ locale: translations.locale, key: translations.key, value: translations.value })
    .from(translations)
    .where(inArray(translations.locale, [...locales]))
    .orderBy(asc(translations.key))

export const findTranslation = (
  { db }: Store,
  { locale, key }: Pick<Translation, 'locale' | 'key'>,
): Promise<Translation | undefined> =>
  db
    .select()
    .from(translations)
    .where(and(eq(translations.locale, locale), eq(translations.key, key)))
    .get()

/** All keys of the application's own. */
export const selectKeys = ({ db }: Store): Promise<TranslationKey[]> =>
  db.select().from(translationKeys).orderBy(asc(translationKeys.key)).all()

export const findKey = ({ db }: Store, key: string): Promise<TranslationKey | undefined> =>
  db.select().from(translationKeys).where(eq(translationKeys.key, key)).get()

const bytesOf = (...columns: readonly (SQLiteColumn | string)[]): SQL =>
  sql.join(
    columns.map((column) => sql`length(cast(${column} as blob))`),
    sql` + `,
  )

/** Holds while the texts of a locale, with this one in place of its key's, are no more than `limit` bytes with their keys. */
export const hasRoomFor = ({ locale, key, value }: Pick<Translation, 'locale' | 'key' | 'value'>, limit: number): SQL =>
  sql`(select coalesce(sum(${bytesOf(translations.key, translations.value)}), 0) from ${translations}
    where ${translations.locale} = ${locale} and ${translations.key} <> ${key}) + ${bytesOf(key, value)} <= ${limit}`

/** As `hasRoomFor`, for the defaults of keys. */
export const hasRoomForDefault = ({ key, defaultValue }: Pick<TranslationKey, 'key' | 'defaultValue'>, limit: number) =>
  sql`(select coalesce(sum(${bytesOf(translationKeys.key, translationKeys.defaultValue)}), 0) from ${translationKeys})
    + ${bytesOf(key, defaultValue)} <= ${limit}`

/** Whether a condition holds now. */
export const isTrue = async ({ db }: Store, condition: SQL): Promise<boolean> =>
  (await db.all<{ holds: number }>(sql`select ${condition} as holds`))[0]?.holds === 1

/** No row when the key exists, there are `limit` keys, or `when` does not hold. */
export const insertKey = ({ db }: Store, row: TranslationKey, limit: number, when: SQL) =>
  db
    .insert(translationKeys)
    .select(
      sql`select ${row.id}, ${row.key}, ${row.defaultValue}, ${row.description}, ${row.category}, ${row.createdAt}, ${row.updatedAt}
      where (select count(*) from ${translationKeys}) < ${limit} and ${when}`,
    )
    .onConflictDoNothing()
    .returning({ id: translationKeys.id })

/** Changes nothing unless `when` holds. */
export const upsertTranslation = ({ db }: Store, row: Translation, when: SQL) =>
  db
    .insert(translations)
    .select(
      sql`select ${row.locale}, ${row.key}, ${row.value}, ${row.isOverride ? 1 : 0}, ${row.updatedAt} where ${when}`,
    )
    .onConflictDoUpdate({
      target: [translations.locale, translations.key],
      set: { value: row.value, updatedAt: row.updatedAt },
    })
    .returning({ key: translations.key })

export const hasKey = ({ db }: Store, id: string): SQL =>
  exists(db.select({ id: translationKeys.id }).from(translationKeys).where(eq(translationKeys.id, id)))

export const deleteTranslation = ({ db }: Store, { locale, key }: Pick<Translation, 'locale' | 'key'>) =>
  db
    .delete(translations)
    .where(and(eq(translations.locale, locale), eq(translations.key, key)))
    .returning({ value: translations.value })
