/** Every locale that texts may be kept in: a language, alone or in a region. Each row: code, English name, own name. */
const TABLE = `
en|English|English
de|German|Deutsch
fr|French|français
es|Spanish|español
ar|Arabic|العربية
bg|Bulgarian|български
bn|Bangla|বাংলা
ca|Catalan|català
cs|Czech|čeština
da|Danish|dansk
de-AT|German (Austria)|Deutsch (Österreich)
de-CH|German (Switzerland)|Deutsch (Schweiz)
el|Greek|Ελληνικά
en-GB|English (United Kingdom)|English (United Kingdom)
en-US|English (United States)|English (United States)
es-MX|Spanish (Mexico)|español (México)
et|Estonian|eesti
fa|Persian|فارسی
fi|Finnish|suomi
fr-CA|French (Canada)|français (Canada)
he|Hebrew|עברית
hi|Hindi|हिन्दी
hr|Croatian|hrvatski
hu|Hungarian|magyar
id|Indonesian|Indonesia
it|Italian|italiano
ja|Japanese|日本語
ko|Korean|한국어
lt|Lithuanian|lietuvių
lv|Latvian|latviešu
ms|Malay|Melayu
nb|Norwegian Bokmål|norsk bokmål
nl|Dutch|Nederlands
pl|Polish|polski
pt|Portuguese|português
pt-BR|Portuguese (Brazil)|português (Brasil)
pt-PT|Portuguese (Portugal)|português (Portugal)
ro|Romanian|română
ru|Russian|русский
sk|Slovak|slovenčina
sl|Slovenian|slovenščina
sr|Serbian|српски
sv|Swedish|svenska
th|Thai|ไทย
tr|Turkish|Türkçe
uk|Ukrainian|українська
ur|Urdu|اردو
vi|Vietnamese|Tiếng Việt
zh|Chinese|中文
zh-CN|Chinese (China)|中文（中国）
zh-TW|Chinese (Taiwan)|中文（台灣）
`

export interface Locale {
  readonly code: string
  /** In English. */
  readonly name: string
  readonly nativeName: string
}

export const LOCALES: readonly Locale[] = TABLE.trim()
  .split('\n')
  .map((row) => {
    const [code = '', name = '', nativeName = ''] = row.split('|')
    return { code, name, nativeName }
  })

const CODES: ReadonlySet<string> = new Set(LOCALES.map(({ code }) => code))

export const isKnownLocale = (code: string): boolean => CODES.has(code)

const RIGHT_TO_LEFT: ReadonlySet<string> = new Set(['ar', 'fa', 'he', 'ur'])

export const isRightToLeft = (code: string): boolean => RIGHT_TO_LEFT.has(code.slice(0, 2))

const MAX_RANGES = 20
const MAX_RANGE_LENGTH = 35

/** The language ranges of an `Accept-Language`, the most wanted first (RFC 9110 12.5.4). */
export function acceptedRanges(header: string): string[] {
  const ranges = header.split(',', MAX_RANGES).map((range) => {
    const [name = '', weight = 'q=1'] = range.split(';').map((part) => part.trim())
    return { name, weight: Number(/^q=([\d.]+)$/i.exec(weight)?.[1] ?? 0) || 0 }
  })
  return ranges
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ name }) => name)
}

/** The tags of a `ui_locales`, the most wanted first (OpenID Connect Core 3.1.2.1). */
export const uiRanges = (value: string): string[] => value.trim().split(/\s+/, MAX_RANGES)

/** `pt_br` as `pt-BR`. */
const toTag = (range: string): string => {
  const [language = '', ...rest] = range.split(/[-_]/)
  return [language.toLowerCase(), ...rest.map((part) => (part.length === 2 ? part.toUpperCase() : part))].join('-')
}

/** A range, and what is left of it when its end is cut off, part by part, single letters too (RFC 4647 3.4). */
function truncations(range: string): string[] {
  if (range.length > MAX_RANGE_LENGTH) return []
  const parts = toTag(range).split('-')
  return parts
    .map((_, index) => parts.slice(0, parts.length - index))
    .filter((left) => (left.at(-1) ?? '').length > 1)
    .map((left) => left.join('-'))
}

/** The known locales that ranges look up, in order, each once (RFC 4647 3.4). */
export const localesOf = (ranges: readonly string[]): string[] => [
  ...new Set(ranges.flatMap(truncations).filter(isKnownLocale)),
]
