import { type Late, late } from '../../../lib/late.ts'
import type { en } from '../catalogues/en.ts'
import { LOCALES, type Locale } from '../rules/locales.ts'

export type MessageKey = keyof typeof en

/** The messages of one language, in ICU MessageFormat. A message has the same placeholders in every language. */
export type Catalogue = Readonly<Record<MessageKey, string>>

const CATALOGUES: ReadonlyMap<string, Late<Catalogue>> = new Map([
  ['en', late<Catalogue>(async () => (await import('../catalogues/en.ts')).en)],
  ['de', late(async () => (await import('../catalogues/de.ts')).de)],
  ['fr', late(async () => (await import('../catalogues/fr.ts')).fr)],
  ['es', late(async () => (await import('../catalogues/es.ts')).es)],
  ['ar', late(async () => (await import('../catalogues/ar.ts')).ar)],
])

/** Every language that has a catalogue. */
export const CATALOGUE_LOCALES: readonly string[] = [...CATALOGUES.keys()]

export const hasCatalogue = (locale: string): boolean => CATALOGUES.has(locale)

/** The languages that have one, as people choose among them. */
export const listCatalogueLanguages = (): Locale[] => LOCALES.filter(({ code }) => hasCatalogue(code))

/** Null for a locale without one. */
export async function loadCatalogue(locale: string): Promise<Catalogue | null> {
  return (await CATALOGUES.get(locale)?.load()) ?? null
}

/** English: it defines the keys, and is the end of every chain. */
export async function loadEnglish(): Promise<Catalogue> {
  const catalogue = await loadCatalogue('en')
  if (!catalogue) throw new TypeError('there is no English catalogue')
  return catalogue
}
