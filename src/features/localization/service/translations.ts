import { type AdminCtx, actorOf, type Ctx } from '../../../context.ts'
import { commit, commitAll } from '../../../db/commit.ts'
import { defineError, validationFailed } from '../../../lib/errors.ts'
import type { EventDraft } from '../../../lib/event.ts'
import { isKnownLocale, isRightToLeft, LOCALES, type Locale, localesOf } from '../rules/locales.ts'
import { type Flaw, findFlaw, findOverrideFlaw, isOwnKey } from '../rules/messages.ts'
import {
  countTexts,
  deleteTranslation,
  findKey,
  findTranslation,
  fits,
  insertKey,
  selectKeys,
  selectTranslations,
  upsertTranslation,
} from '../store.ts'
import type { TranslationKey } from '../tables.ts'
import { type Catalogue, hasCatalogue, loadCatalogue, loadEnglish } from './catalogues.ts'
import { library } from './format.ts'
import { forgetOverrides } from './overrides.ts'

export const localeNotFound = defineError('LOCALE_NOT_FOUND', 'not_found', 'There is no such locale')
export const translationNotFound = defineError('TRANSLATION_NOT_FOUND', 'not_found', 'There is no such translation')
export const translationKeyExists = defineError('TRANSLATION_KEY_EXISTS', 'conflict', 'There is such a key already')
export const translationKeyReserved = defineError(
  'TRANSLATION_KEY_RESERVED',
  'invalid',
  'Keys that begin like this are texts of the service itself',
)
export const tooManyTranslationKeys = defineError(
  'TOO_MANY_TRANSLATION_KEYS',
  'conflict',
  'There are as many keys as there may be',
)
export const translationsTooLarge = defineError(
  'TRANSLATIONS_TOO_LARGE',
  'conflict',
  'The texts of a locale, and the defaults of all keys, have 1 MiB each',
)
export const messageInvalid = defineError('MESSAGE_INVALID', 'invalid', 'The message cannot be used')

/** An open answer has all texts of a locale at once. */
const LIMITS = { keys: 5000, bytes: 1024 * 1024 }
const ATTEMPTS = 3

const SAYINGS: Readonly<Record<Flaw['reason'], string>> = {
  syntax: 'It does not parse as an ICU message',
  unknown_placeholder: 'It has a placeholder that the original has not',
  missing_placeholder: 'It lacks a placeholder of the original',
  placeholder_type: 'It uses a placeholder in another way than the original does',
  too_deep: 'It nests more than five levels',
  too_many_forms: 'Its choices make more than 256 texts',
  control_character: 'It has a character that nobody sees, or that changes the direction of text',
  line_break: 'It has a line break, and the original has none',
  address: 'It has what mail programs make a link of',
  empty: 'It says nothing',
}

function requireFlawless(flaw: Flaw | null): void {
  if (flaw) throw messageInvalid({ ...flaw }, { message: `${SAYINGS[flaw.reason]}: ${flaw.name} at ${flaw.position}` })
}

function requireLocale(locale: string): void {
  if (!isKnownLocale(locale)) throw localeNotFound()
}

/** The first parts of our own keys: `mail`, `page`. */
const reserved = (catalogue: Catalogue): ReadonlySet<string> =>
  new Set(Object.keys(catalogue).map((key) => key.split('.', 1)[0] ?? ''))

/** Throws TRANSLATION_KEY_RESERVED, and VALIDATION_ERROR for what is no key. */
function requireOwnKey(catalogue: Catalogue, key: string): void {
  if (reserved(catalogue).has(key.split('.', 1)[0] ?? '')) throw translationKeyReserved({ key })
  if (!isOwnKey(key))
    throw validationFailed({
      validation_errors: [
        {
          field: 'body.key',
          message: 'must have a-z, 0-9, _ and . alone, and no part that objects have',
          type: 'pattern',
        },
      ],
    })
}

export interface NewKey {
  readonly key: string
  readonly defaultValue: string
  readonly description: string | null
  readonly category: string | null
}

const rowOf = (ctx: Ctx, key: NewKey): TranslationKey => {
  const now = ctx.now()
  return { id: ctx.newId(), ...key, createdAt: now, updatedAt: now }
}

const keyCreated = (ctx: AdminCtx, { key, defaultValue, category }: TranslationKey): EventDraft => ({
  type: 'localization.key_created',
  subject: key,
  userId: null,
  actor: actorOf(ctx),
  data: { after: { default_value: defaultValue, category } },
})

/** Throws MESSAGE_INVALID, TRANSLATION_KEY_EXISTS, TRANSLATION_KEY_RESERVED, TOO_MANY_TRANSLATION_KEYS, TRANSLATIONS_TOO_LARGE. */
export async function createKey(ctx: AdminCtx, input: NewKey): Promise<TranslationKey> {
  requireOwnKey(await loadEnglish(), input.key)
  const { IntlMessageFormat } = await library.load()
  requireFlawless(findFlaw(IntlMessageFormat, input.defaultValue, null))
  const row = rowOf(ctx, input)
  const created = await commit(ctx, insertKey(ctx, row, LIMITS), keyCreated(ctx, row))
  if (created.length > 0) return row
  if (await findKey(ctx, input.key)) throw translationKeyExists({ key: input.key })
  throw await noRoomFor(ctx, row)
}

const tooLarge = () => translationsTooLarge({ limit: LIMITS.bytes })

/** Why a key was not made. */
const noRoomFor = async (ctx: Ctx, row: TranslationKey, along?: NewTranslation) =>
  (await fits(ctx, row, along, LIMITS)) ? tooManyTranslationKeys({ limit: LIMITS.keys }) : tooLarge()

export const listKeys = (ctx: AdminCtx): Promise<TranslationKey[]> => selectKeys(ctx)

export interface NewTranslation {
  readonly key: string
  readonly locale: string
  readonly value: string
}

/** A change of one text, as the record has it. */
const changed = (
  ctx: AdminCtx,
  { key, locale }: Pick<NewTranslation, 'key' | 'locale'>,
  change: { readonly before?: { value: string } | undefined; readonly after?: { value: string } },
): EventDraft => ({
  type: change.after ? 'localization.translation_updated' : 'localization.translation_deleted',
  subject: key,
  userId: null,
  actor: actorOf(ctx),
  data: { locale, ...change },
})

const textOf = async (ctx: Ctx, of: Pick<NewTranslation, 'key' | 'locale'>) => {
  const row = await findTranslation(ctx, of)
  return row && { value: row.value }
}

/**
 * Writes the text of a key in a locale: an override of one of ours, or a translation of an application's own, whose key is
 * created where there is none. Throws LOCALE_NOT_FOUND, MESSAGE_INVALID, TRANSLATION_KEY_RESERVED, TOO_MANY_TRANSLATION_KEYS,
 * TRANSLATIONS_TOO_LARGE.
 */
export async function setTranslation(ctx: AdminCtx, input: NewTranslation): Promise<void> {
  requireLocale(input.locale)
  const english = await loadEnglish()
  const original = Object.hasOwn(english, input.key) ? english[input.key as keyof Catalogue] : null
  if (original === null) {
    requireOwnKey(english, input.key)
    return translateOwn(ctx, input)
  }
  const { IntlMessageFormat } = await library.load()
  requireFlawless(findOverrideFlaw(IntlMessageFormat, input.value, { original, locale: input.locale }))
  const before = await textOf(ctx, input)
  const row = { ...input, isOverride: true, updatedAt: ctx.now() }
  const event = changed(ctx, input, { before, after: { value: input.value } })
  const written = await commit(ctx, upsertTranslation(ctx, row, LIMITS), event)
  if (written.length === 0) throw tooLarge()
  forgetOverrides(ctx, input.locale)
}

async function translateOwn(ctx: AdminCtx, input: NewTranslation): Promise<void> {
  const { key, value } = input
  const { IntlMessageFormat } = await library.load()
  const row = { ...input, isOverride: false, updatedAt: ctx.now() }
  const own = rowOf(ctx, { key, defaultValue: value, description: null, category: null })
  // Another writer may create the key meanwhile, with other placeholders: then the text is checked again.
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const known = await findKey(ctx, key)
    requireFlawless(findFlaw(IntlMessageFormat, value, known?.defaultValue ?? null))
    const write = upsertTranslation(ctx, row, LIMITS, (known ?? own).id)
    const event = changed(ctx, input, { before: known && (await textOf(ctx, input)), after: { value } })
    const written = known
      ? await commit(ctx, write, event)
      : await commitAll(ctx, [insertKey(ctx, own, LIMITS, row), write], keyCreated(ctx, own), event)
    if (written.length > 0) return
    if (known) throw tooLarge()
  }
  throw await noRoomFor(ctx, own, row)
}

/** The catalogue, or the key's default, speaks again. Throws LOCALE_NOT_FOUND, TRANSLATION_NOT_FOUND. */
export async function removeTranslation(ctx: AdminCtx, of: Pick<NewTranslation, 'key' | 'locale'>): Promise<void> {
  requireLocale(of.locale)
  const before = await textOf(ctx, of)
  const removed = await commit(ctx, deleteTranslation(ctx, of), changed(ctx, of, { before }))
  if (removed.length === 0) throw translationNotFound()
  forgetOverrides(ctx, of.locale)
}

export interface LocaleState extends Locale {
  readonly isActive: boolean
  readonly isRtl: boolean
  /** How many of all texts it has, in percent, rounded down. */
  readonly translationProgress: number
}

export async function listLocales(ctx: Ctx): Promise<LocaleState[]> {
  const { counts, keys } = await countTexts(ctx)
  const ours = Object.keys(await loadEnglish()).length
  const totalOf = (code: string, isOverride: boolean): number =>
    counts.find((row) => row.locale === code && row.isOverride === isOverride)?.total ?? 0
  return LOCALES.map((locale) => {
    const { code } = locale
    const has = totalOf(code, false) + (hasCatalogue(code) ? ours : totalOf(code, true))
    const translationProgress = Math.min(100, Math.floor((100 * has) / (ours + keys)))
    return { ...locale, isActive: has > 0, isRtl: isRightToLeft(code), translationProgress }
  })
}

/** What is written for one locale, by key. Throws LOCALE_NOT_FOUND. */
export async function getTranslations(ctx: Ctx, locale: string): Promise<Record<string, string>> {
  requireLocale(locale)
  const rows = await selectTranslations(ctx, [locale])
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]))
}

/** Every text there is, ours too, from the first place of the chain that has it. Throws LOCALE_NOT_FOUND. */
export async function getAllTexts(ctx: Ctx, locale: string): Promise<Record<string, string>> {
  requireLocale(locale)
  const chain = [...new Set([...localesOf([locale, ctx.config.DEFAULT_LOCALE]), 'en'])]
  const [rows, keys] = await Promise.all([selectTranslations(ctx, chain), selectKeys(ctx)])
  const texts = new Map(keys.map(({ key, defaultValue }) => [key, defaultValue]))
  // From the end of the chain to its beginning: what comes first there stays.
  for (const each of chain.reverse()) {
    for (const [key, text] of Object.entries((await loadCatalogue(each)) ?? {})) texts.set(key, text)
    for (const row of rows) if (row.locale === each) texts.set(row.key, row.value)
  }
  return Object.fromEntries([...texts].sort(([a], [b]) => (a < b ? -1 : 1)))
}
