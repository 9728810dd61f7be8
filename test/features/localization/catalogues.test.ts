import { describe, expect, it } from 'vitest'
import { de } from '../../../src/features/localization/catalogues/de.ts'
import { en } from '../../../src/features/localization/catalogues/en.ts'
import { formatTime, LOCALES, resolveLocale, translate } from '../../../src/features/localization/service.ts'

const placeholders = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].sort()

describe('the catalogues', () => {
  it('are English and German', () => {
    expect(LOCALES).toEqual(['en', 'de'])
  })

  it.each(Object.entries(en))('say %s with the same parameters in every language', (key, text) => {
    expect(placeholders(Object.entries(de).find(([name]) => name === key)?.[1] ?? '')).toEqual(placeholders(text))
  })
})

describe('the language of a locale', () => {
  it.each([
    ['de', 'de'],
    ['de-AT', 'de'],
    ['DE_ch', 'de'],
    ['en-GB', 'en'],
    ['fr', 'en'],
    ['', 'en'],
    ['__proto__', 'en'],
    ['constructor', 'en'],
    [null, 'en'],
  ])('of %j is %s', (locale, language) => {
    expect(resolveLocale(locale)).toBe(language)
  })
})

describe('a message', () => {
  it('is in the language of the recipient', () => {
    expect(translate('de-DE', 'mail.magic_link.action')).toBe('Anmelden')
    expect(translate('sv', 'mail.magic_link.action')).toBe('Sign in')
  })

  it('inserts each parameter once, and none from the prototype', () => {
    expect(translate('en', 'mail.magic_link.subject', { app: '{app} $& {url}' })).toBe(
      'Your sign-in link for {app} $& {url}',
    )
    expect(translate('en', 'mail.magic_link.subject', {})).toBe('Your sign-in link for {app}')
  })

  it('has times in UTC', () => {
    expect(formatTime('en', Date.UTC(2026, 0, 2, 15, 4))).toMatch(/^January 2, 2026.*3:04.PM UTC$/)
    expect(formatTime('de', Date.UTC(2026, 0, 2, 15, 4))).toMatch(/^2\. Januar 2026.*15:04 UTC$/)
  })
})
