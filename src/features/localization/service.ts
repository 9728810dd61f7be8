import type { Config } from '../../config.ts'
import type { Ctx } from '../../context.ts'
import { brandOf } from '../../lib/brand.ts'
import type { Frame } from '../../lib/frame.ts'
import { DAY, HOUR, MINUTE } from '../../lib/time.ts'
import { de } from './catalogues/de.ts'
import { en } from './catalogues/en.ts'

export type MessageKey = keyof typeof en

/** The messages of one language. A parameter is written as `{name}`; a message has the same parameters in every language. */
export type Catalogue = Readonly<Record<MessageKey, string>>

export type MessageParams = Readonly<Record<string, string>>

const FALLBACK = 'en'
const CATALOGUES = new Map<string, Catalogue>([
  [FALLBACK, en],
  ['de', de],
])

/** Every language that has a catalogue. */
export const LOCALES: readonly string[] = [...CATALOGUES.keys()]

/** The language of a locale (BCP 47: `de` for `de-AT`) if it has a catalogue. */
function findLanguage(locale: string | null): string | undefined {
  const language = locale?.split(/[-_]/, 1)[0]?.toLowerCase() ?? ''
  return CATALOGUES.has(language) ? language : undefined
}

/** The language of a user's locale if it has a catalogue, otherwise English. */
export const resolveLocale = (locale: string | null): string => findLanguage(locale) ?? FALLBACK

const MAX_RANGES = 20

/** The language ranges of an `Accept-Language`, the most wanted first (RFC 9110 12.5.4). */
function acceptedLocales(header: string): string[] {
  const ranges = header.split(',', MAX_RANGES).map((range) => {
    const [name = '', weight = 'q=1'] = range.split(';').map((part) => part.trim())
    return { name, weight: Number(/^q=([\d.]+)$/i.exec(weight)?.[1] ?? 0) || 0 }
  })
  return ranges
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ name }) => name)
}

/** The settings that pages show. */
export type FrameSettings = Pick<Config, 'APP_NAME' | 'APP_URL' | 'BRAND_COLOR' | 'BRAND_LOGO_URL' | 'SUPPORT_URL'>

/** What a page says of itself: the deployment's name, in the user's language, else the best that the browser accepts. */
export function frameOf(
  { config, acceptLanguage }: Pick<Ctx, 'acceptLanguage'> & { readonly config: FrameSettings },
  locale: string | null,
): Frame {
  const wanted = [locale, ...acceptedLocales(acceptLanguage() ?? '')]
  const language = wanted.map(findLanguage).find((found) => found !== undefined) ?? FALLBACK
  return {
    language,
    app: config.APP_NAME,
    appUrl: config.APP_URL ?? null,
    brand: brandOf(config),
    support:
      config.SUPPORT_URL === undefined ? null : { url: config.SUPPORT_URL, label: translate(language, 'page.support') },
  }
}

/** The message in the language of `locale`. Parameters are inserted unescaped: the caller escapes the result for HTML. */
export function translate(locale: string | null, key: MessageKey, params: MessageParams = {}): string {
  const catalogue = CATALOGUES.get(resolveLocale(locale)) ?? en
  return catalogue[key].replace(/\{(\w+)\}/g, (placeholder, name: string) =>
    Object.hasOwn(params, name) ? (params[name] ?? placeholder) : placeholder,
  )
}

/** As `translate`, in parts: a parameter may be an element of a page. */
export function translateParts<T>(
  locale: string | null,
  key: MessageKey,
  params: Readonly<Record<string, T>> = {},
): readonly (string | T)[] {
  // The split has the names at odd places.
  const parts = translate(locale, key).split(/\{(\w+)\}/)
  return parts.flatMap((part, index): (string | T)[] => {
    if (index % 2 === 0) return part === '' ? [] : [part]
    const param = Object.hasOwn(params, part) ? params[part] : undefined
    return param === undefined ? [] : [param]
  })
}

const FORMAT: Intl.DateTimeFormatOptions = { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }

/** Date and time for people to read, in UTC. `time` is epoch milliseconds. */
export const formatTime = (locale: string | null, time: number): string =>
  `${new Intl.DateTimeFormat(resolveLocale(locale), FORMAT).format(time)} UTC`

/** The date for people to read, in UTC. */
export const formatDay = (locale: string | null, time: number): string =>
  `${new Intl.DateTimeFormat(resolveLocale(locale), { dateStyle: 'long', timeZone: 'UTC' }).format(time)} (UTC)`

const UNITS = [
  ['day', DAY],
  ['hour', HOUR],
  ['minute', MINUTE],
] as const

/** `15 minutes`, `1 hour`, `2 days`: in the largest unit that divides it. `duration` is milliseconds. */
export function formatDuration(locale: string | null, duration: number): string {
  const [unit, length] = UNITS.find(([, each]) => duration % each === 0) ?? ['minute', MINUTE]
  const format = new Intl.NumberFormat(resolveLocale(locale), { style: 'unit', unit, unitDisplay: 'long' })
  return format.format(Math.round(duration / length))
}

/** Whether a message exists under this key, for keys that are built at run time. */
export const isMessageKey = (key: string): key is MessageKey => Object.hasOwn(en, key)
