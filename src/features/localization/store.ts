import { and, inArray, sql } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import { translations } from './tables.ts'

type Store = Pick<Ctx, 'db'>

/** In the words of the index: a parameter would not find it. */
const isOverride = sql`${translations.isOverride} = 1`

export const selectOverrides = ({ db }: Store, locales: readonly string[]) =>
  db
    .select({ locale: translations.locale, key: translations.key, value: translations.value })
    .from(translations)
    .where(and(inArray(translations.locale, [...locales]), isOverride))
