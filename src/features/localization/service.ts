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

/** The language of a user's locale (BCP 47: `de` for `de-AT`) if it has a catalogue, otherwise English. */
export function resolveLocale(locale: string | null): string {
  const language = locale?.split(/[-_]/, 1)[0]?.toLowerCase() ?? FALLBACK
  return CATALOGUES.has(language) ? language : FALLBACK
}

/** The message in the language of `locale`. Parameters are inserted unescaped: the caller escapes the result for HTML. */
export function translate(locale: string | null, key: MessageKey, params: MessageParams = {}): string {
  const catalogue = CATALOGUES.get(resolveLocale(locale)) ?? en
  return catalogue[key].replace(/\{(\w+)\}/g, (placeholder, name: string) =>
    Object.hasOwn(params, name) ? (params[name] ?? placeholder) : placeholder,
  )
}

const FORMAT: Intl.DateTimeFormatOptions = { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }

/** Date and time for people to read, in UTC. `time` is epoch milliseconds. */
export const formatTime = (locale: string | null, time: number): string =>
  `${new Intl.DateTimeFormat(resolveLocale(locale), FORMAT).format(time)} UTC`

/** The date for people to read, in UTC. */
export const formatDay = (locale: string | null, time: number): string =>
  `${new Intl.DateTimeFormat(resolveLocale(locale), { dateStyle: 'long', timeZone: 'UTC' }).format(time)} (UTC)`

/** Whether a message exists under this key, for keys that are built at run time. */
export const isMessageKey = (key: string): key is MessageKey => Object.hasOwn(en, key)
