import type { Ctx } from '../../../context.ts'
import { brandOf } from '../../../lib/brand.ts'
import type { Frame } from '../../../lib/frame.ts'
import { DAY, HOUR, MINUTE } from '../../../lib/time.ts'
import { acceptedRanges, isRightToLeft, localesOf, uiRanges } from '../rules/locales.ts'
import { type Catalogue, hasCatalogue, loadCatalogue, loadEnglish, type MessageKey } from './catalogues.ts'
import { formatMessage, library, type Values } from './format.ts'
import { findOverrides, type Overrides, type OverridesCtx } from './overrides.ts'

export type { MessageKey } from './catalogues.ts'
export type { Values } from './format.ts'

/** All that is said in one language. */
export interface Texts {
  /** For `lang` and `Content-Language`. */
  readonly locale: string
  readonly dir: 'ltr' | 'rtl'
  /** A message as plain text, never HTML: whoever writes HTML escapes it. */
  text(key: MessageKey, values?: Values): string
  /** A message with elements of a page among its values: pieces of text and elements, in order. */
  parts<T extends object>(key: MessageKey, values: Values<T>): (string | T)[]
  /** For keys that are built at run time. */
  isKey(key: string): key is MessageKey
  /** Date and time, in UTC. `time` is epoch milliseconds. */
  time(time: number): string
  /** The date, in UTC. */
  day(time: number): string
  /** `15 minutes`, `1 hour`, `2 days`: in the largest unit that divides it. `duration` is milliseconds. */
  duration(duration: number): string
  number(value: number): string
}

export type TextsCtx = OverridesCtx & { readonly config: Pick<Ctx['config'], 'DEFAULT_LOCALE'> }
export type PageTextsCtx = TextsCtx & Pick<Ctx, 'acceptLanguage' | 'uiLocales'>

/** Where a message is looked for: the override before the catalogue, locale by locale. */
interface Source {
  readonly locale: string
  readonly overrides: Overrides
  readonly catalogue: Catalogue | null
}

const UNITS = [
  ['day', DAY],
  ['hour', HOUR],
  ['minute', MINUTE],
] as const

const FALLBACK = 'en'

/** The least share of texts with which a locale without a catalogue is spoken: with few, a page would be English that says it is not. */
const TRANSLATED_SHARE = 0.9

/** The texts for whoever has this locale: of a mail or a notification. Null is `DEFAULT_LOCALE`. */
export const createTexts = (ctx: TextsCtx, locale: string | null): Promise<Texts> =>
  textsIn(ctx, locale === null ? [] : [locale])

/** The texts of a page: as its address asks, in the language of its user (`locale`), or as the browser asks. */
export const createPageTexts = (ctx: PageTextsCtx, locale: string | null): Promise<Texts> =>
  textsIn(ctx, [
    ...uiRanges(ctx.uiLocales() ?? ''),
    ...(locale === null ? [] : [locale]),
    ...acceptedRanges(ctx.acceptLanguage() ?? ''),
  ])

function isTranslated(own: Overrides, english: Catalogue): boolean {
  const keys = Object.keys(english)
  return keys.filter((key) => own.has(key)).length >= keys.length * TRANSLATED_SHARE
}

/** The first of the wanted locales that has a catalogue, texts beside that of its language, or nearly all texts. */
async function textsIn(ctx: TextsCtx, ranges: readonly string[]): Promise<Texts> {
  const last = [...localesOf([ctx.config.DEFAULT_LOCALE]), FALLBACK]
  const wanted = [...new Set([...localesOf(ranges), ...last])]
  const [overrides, english] = await Promise.all([findOverrides(ctx, wanted), loadEnglish()])
  const isSpoken = (locale: string): boolean => {
    if (hasCatalogue(locale)) return true
    const own = overrides.get(locale)
    if (!own?.size) return false
    return localesOf([locale]).some(hasCatalogue) || isTranslated(own, english)
  }
  const locale = wanted.find(isSpoken) ?? FALLBACK
  const chain = [...new Set([...localesOf([locale]), ...last])]
  await library.load()
  const sources = chain.map(async (each) => ({
    locale: each,
    overrides: overrides.get(each) ?? new Map(),
    catalogue: await loadCatalogue(each),
  }))
  return textsOf(ctx, locale, await Promise.all(sources))
}

/** Keeps the direction of a value, a name or an address, apart from that of a text from right to left (UAX 9, FSI and PDI). */
const isolated = <T>(values: Values<T>): Values<T> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' && value !== '' ? `\u2068${value}\u2069` : value,
    ]),
  )

function textsOf(ctx: TextsCtx, locale: string, sources: readonly Source[]): Texts {
  const dir = isRightToLeft(locale) ? 'rtl' : 'ltr'
  const english = sources.find((source) => source.locale === FALLBACK)?.catalogue
  const write = <T extends object>(from: Source, message: string, values: Values<T>) =>
    formatMessage(ctx, { locale: from.locale, message }, isRightToLeft(from.locale) ? isolated(values) : values)
  const parts = <T extends object>(key: MessageKey, values: Values<T>): (string | T)[] => {
    for (const source of sources) {
      const override = source.overrides.get(key)
      if (override !== undefined) {
        try {
          return write(source, override, values)
        } catch (cause) {
          // Written for another version of the service, whose text had other placeholders.
          ctx.log.warn('override_unusable', { key, locale: source.locale, reason: String(cause) })
        }
      }
      if (source.catalogue) return write(source, source.catalogue[key], values)
    }
    throw new TypeError(`there is no text ${key}`)
  }
  const date = (options: Intl.DateTimeFormatOptions, time: number): string =>
    new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' }).format(time)
  return {
    locale,
    dir,
    text: (key, values = {}) => parts<never>(key, values).join(''),
    parts,
    isKey: (key): key is MessageKey => english !== null && english !== undefined && Object.hasOwn(english, key),
    time: (time) => `${date({ dateStyle: 'long', timeStyle: 'short' }, time)} UTC`,
    day: (time) => `${date({ dateStyle: 'long' }, time)} (UTC)`,
    duration(duration) {
      const [unit, length] = UNITS.find(([, each]) => duration % each === 0) ?? ['minute', MINUTE]
      const format = new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' })
      return format.format(Math.round(duration / length))
    },
    number: (value) => new Intl.NumberFormat(locale).format(value),
  }
}

/** What the pages of an answer have in common. */
export interface PageFrame extends Frame {
  readonly texts: Texts
  /** What forms of the page add to their address, so that the next page is in the same language. */
  readonly query: string
}

/** What a page says of itself, in the language of its user (`locale`), unless its address or the browser asks for another. */
export async function frameOf(
  ctx: PageTextsCtx & {
    readonly config: Pick<Ctx['config'], 'APP_NAME' | 'APP_URL' | 'BRAND_COLOR' | 'BRAND_LOGO_URL' | 'SUPPORT_URL'>
  },
  locale: string | null,
): Promise<PageFrame> {
  const { APP_NAME, APP_URL = null, SUPPORT_URL: support } = ctx.config
  const texts = await createPageTexts(ctx, locale)
  return {
    texts,
    query: ctx.uiLocales() === null ? '' : `?ui_locales=${texts.locale}`,
    language: texts.locale,
    dir: texts.dir,
    app: APP_NAME,
    appUrl: APP_URL,
    brand: brandOf(ctx.config),
    support: support === undefined ? null : { url: support, label: texts.text('page.support') },
  }
}
