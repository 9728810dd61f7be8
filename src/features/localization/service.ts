import { de } from './catalogues/de.ts'
import { en } from './catalogues/en.ts'

export type MessageKey = keyof typeof en

/** One language. A parameter stands in it as `{name}`; the same ones in every language. */
export type Catalogue = Readonly<Record<MessageKey, string>>

export type MessageParams = Readonly<Record<string, string>>

const FALLBACK = 'en'
const CATALOGUES = new Map<string, Catalogue>([
  [FALLBACK, en],
  ['de', de],
])

/** Every language that there is a catalogue of. */
export const LOCALES: readonly string[] = [...CATALOGUES.keys()]

/** The language of a user's locale (BCP 47: `de-AT` is `de`) when there is a catalogue of it, otherwise English. */
export function resolveLocale(locale: string | null): string {
  const language = locale?.split(/[-_]/, 1)[0]?.toLowerCase() ?? FALLBACK
  return CATALOGUES.has(language) ? language : FALLBACK
}

/** The message in the language of `locale`. Parameters are put in as they are: whoever makes HTML escapes them. */
export function translate(locale: string | null, key: MessageKey, params: MessageParams = {}): string {
  const catalogue = CATALOGUES.get(resolveLocale(locale)) ?? en
  return catalogue[key].replace(/\{(\w+)\}/g, (placeholder, name: string) =>
    Object.hasOwn(params, name) ? (params[name] ?? placeholder) : placeholder,
  )
}

const FORMAT: Intl.DateTimeFormatOptions = { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }

/** A moment as people read it, in UTC. `time` is epoch milliseconds. */
export const formatTime = (locale: string | null, time: number): string =>
  `${new Intl.DateTimeFormat(resolveLocale(locale), FORMAT).format(time)} UTC`

/** The day of a moment as people read it, in UTC. */
export const formatDay = (locale: string | null, time: number): string =>
  `${new Intl.DateTimeFormat(resolveLocale(locale), { dateStyle: 'long', timeZone: 'UTC' }).format(time)} (UTC)`

/** Whether a message exists under this key: for messages that only some kinds of a thing have. */
export const isMessageKey = (key: string): key is MessageKey => Object.hasOwn(en, key)
