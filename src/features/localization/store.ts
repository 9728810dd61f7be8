import { and, asc, count, eq, inArray, type SQL, sql } from 'drizzle-orm'
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

type Text = Pick<Translation, 'locale' | 'key' | 'value'>
type Default = Pick<TranslationKey, 'key' | 'defaultValue'>

/** Holds while the texts of a locale, with this one in place of its key's, are no more than `bytes` with their keys. */
const hasRoomFor = ({ locale, key, value }: Text, bytes: number): SQL =>
  sql`(select coalesce(sum(${bytesOf(translations.key, translations.value)}), 0) from ${translations}
    where ${translations.locale} = ${locale} and ${translations.key} <> ${key}) + ${bytesOf(key, value)} <= ${bytes}`

/** As `hasRoomFor`, for the defaults of keys. */
const hasRoomForDefault = ({ key, defaultValue }: Default, bytes: number): SQL =>
  sql`(select coalesce(sum(${bytesOf(translationKeys.key, translationKeys.defaultValue)}), 0) from ${translationKeys})
    + ${bytesOf(key, defaultValue)} <= ${bytes}`

interface Limits {
  readonly keys: number
  /** Of the texts of one locale with their keys, and of all defaults. */
  readonly bytes: number
}

const hasRoom = (row: Default, along: Text | undefined, { bytes }: Limits): SQL =>
  sql`(${hasRoomForDefault(row, bytes)} and ${along ? hasRoomFor(along, bytes) : sql`true`})`

/** Whether a key would fit, and the text that comes with it: else there are too many keys. */
export async function fits({ db }: Store, row: Default, along: Text | undefined, limits: Limits): Promise<boolean> {
  const [answer] = await db.all<{ fits: number }>(sql`select ${hasRoom(row, along, limits)} as fits`)
  return answer?.fits === 1
}

/** No row when the key exists, there are too many, or there is no room for it and the text that comes with it. */
export const insertKey = ({ db }: Store, row: TranslationKey, limits: Limits, along?: Text) =>
  db
    .insert(translationKeys)
    .select(
      sql`select ${row.id}, ${row.key}, ${row.defaultValue}, ${row.description}, ${row.category}, ${row.createdAt}, ${row.updatedAt}
      where (select count(*) from ${translationKeys}) < ${limits.keys} and ${hasRoom(row, along, limits)}`,
    )
    .onConflictDoNothing()
    .returning({ id: translationKeys.id })

const hasKey = (id: string): SQL => sql`exists (select 1 from ${translationKeys} where ${translationKeys.id} = ${id})`

/** No row when there is no room for it, or not the key with the id. */
export const upsertTranslation = ({ db }: Store, row: Translation, { bytes }: Limits, keyId?: string) =>
  db
    .insert(translations)
    .select(
      sql`select ${row.locale}, ${row.key}, ${row.value}, ${row.isOverride ? 1 : 0}, ${row.updatedAt}
      where ${hasRoomFor(row, bytes)} and ${keyId === undefined ? sql`true` : hasKey(keyId)}`,
    )
    .onConflictDoUpdate({
      target: [translations.locale, translations.key],
      set: { value: row.value, updatedAt: row.updatedAt },
    })
    .returning({ key: translations.key })

export const deleteTranslation = ({ db }: Store, { locale, key }: Pick<Translation, 'locale' | 'key'>) =>
  db
    .delete(translations)
    .where(and(eq(translations.locale, locale), eq(translations.key, key)))
    .returning({ value: translations.value })
