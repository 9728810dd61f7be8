import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Names of an application's own texts. */
export const translationKeys = sqliteTable('translation_keys', {
  id: text('id').primaryKey(),
  key: text('key').notNull().unique(),
  /** The text where no translation is. Its placeholders are those of all translations. */
  defaultValue: text('default_value').notNull(),
  description: text('description'),
  category: text('category'),
  createdAt: integer('created_at').notNull(),
  updatedAt: integer('updated_at').notNull(),
})

export type TranslationKey = typeof translationKeys.$inferSelect

/** Texts of one locale: translations of an application's own keys, and overrides of the service's. */
export const translations = sqliteTable(
  'translations',
  {
    locale: text('locale').notNull(),
    key: text('key').notNull(),
    value: text('value').notNull(),
    /** Of a text of the service itself. */
    isOverride: integer('is_override', { mode: 'boolean' }).notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.locale, table.key] }),
    index('translations_overrides').on(table.locale).where(sql`${table.isOverride} = 1`),
  ],
)

export type Translation = typeof translations.$inferSelect
