import { IntlMessageFormat } from 'intl-messageformat'
import { describe, expect, it } from 'vitest'
import { findOverrideFlaw } from '../../../src/features/localization/rules/messages.ts'
import { CATALOGUE_LOCALES, loadCatalogue, loadEnglish } from '../../../src/features/localization/service/catalogues.ts'

const en = await loadEnglish()

describe('the catalogues', () => {
  it('are five, English first', () => {
    expect(CATALOGUE_LOCALES).toEqual(['en', 'de', 'fr', 'es', 'ar'])
  })

  it.each(CATALOGUE_LOCALES)('in %s has every key, and no other', async (locale) => {
    expect(Object.keys((await loadCatalogue(locale)) ?? {}).sort()).toEqual(Object.keys(en).sort())
  })

  // What is asked of an override: the same placeholders, parses, no address, no unseen sign, a subject of one line.
  it.each(CATALOGUE_LOCALES)('in %s says everything as an override might', async (locale) => {
    const catalogue = Object.entries((await loadCatalogue(locale)) ?? {})
    const flaws = catalogue.map(([key, text]) => [
      key,
      findOverrideFlaw(IntlMessageFormat, text, {
        original: Object.entries(en).find(([name]) => name === key)?.[1] ?? '',
        locale,
      }),
    ])
    expect(flaws.filter(([, flaw]) => flaw !== null)).toEqual([])
  })

  it.each(['de', 'fr', 'es', 'ar'])('in %s repeats English only where both have the same word', async (locale) => {
    const catalogue = await loadCatalogue(locale)
    const same = Object.entries(en).filter(([key, text]) => catalogue?.[key as keyof typeof en] === text)
    const SHARED: Record<string, string[]> = {
      de: ['page.second_step.code', 'page.account.passkeys', 'page.account.passkey_unnamed'],
      fr: ['page.invitation.title', 'page.second_step.code', 'page.account.invitations'],
    }
    expect(same.map(([key]) => key)).toEqual(SHARED[locale] ?? [])
  })

  it.each(CATALOGUE_LOCALES)('in %s has no straight apostrophe, which quotes in ICU', async (locale) => {
    const catalogue = Object.values((await loadCatalogue(locale)) ?? {})
    expect(catalogue.filter((text) => text.includes("'"))).toEqual([])
  })

  it('in Arabic counts in six forms', async () => {
    const ar = await loadCatalogue('ar')
    const format = new IntlMessageFormat(ar?.['page.password_rule'] ?? '', 'ar')
    const said = [0, 1, 2, 3, 11, 100].map((min) => String(format.format({ min })))
    expect(new Set(said).size).toBe(6)
    expect(said[2]).toContain('حرفان')
    expect(said[3]).toContain('3 أحرف')
    expect(said[4]).toContain('11 حرفًا')
  })
})
