import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isEmail,
  isPlainText,
  isProse,
  isSignInAllowed,
  isUsername,
  normalizeEmail,
  normalizeIdentifier,
  normalizeUsername,
  toUserStatus,
} from '../../../src/features/users/rules.ts'

describe('normalizeEmail', () => {
  it.each([
    ['Ada@Example.TEST', 'ada@example.test'],
    ['  ada@example.test\n', 'ada@example.test'],
    ['ａｄａ@ｅｘａｍｐｌｅ.ｔｅｓｔ', 'ada@example.test'],
    ['ﬁona@example.test', 'fiona@example.test'],
    ['josé@example.test', 'josé@example.test'],
    ['jose\u0301@example.test', 'josé@example.test'],
    ['ada@BÜCHER.example', 'ada@xn--bcher-kva.example'],
    ['ada@xn--bcher-kva.example', 'ada@xn--bcher-kva.example'],
    ['ada@example。test', 'ada@example.test'],
    ['Straße@example.test', 'straße@example.test'],
  ])('gives %j its one form', (typed, normal) => {
    expect(normalizeEmail(typed)).toBe(normal)
  })

  it('keeps look-alikes of another script apart', () => {
    expect(normalizeEmail('аda@example.test')).not.toBe(normalizeEmail('ada@example.test'))
  })

  it('is its own normal form, whatever was typed', () => {
    const text = fc.oneof(
      fc.emailAddress(),
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }).map((x) => `${x}@${x}.test`),
    )
    fc.assert(
      fc.property(text, (typed) => {
        const once = normalizeEmail(typed)
        if (isEmail(typed)) expect(normalizeEmail(once)).toBe(once)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('isEmail', () => {
  it.each([
    'a@b.co',
    'ada.lovelace+tag@sub.example.test',
    "o'neil@example.test",
    'ada@bücher.example',
    '用户@例子.测试',
  ])('takes %s', (email) => {
    expect(isEmail(email)).toBe(true)
  })

  it.each([
    '',
    '@',
    'a@',
    '@example.test',
    'ada',
    'ada@localhost',
    'ada@127.0.0.1',
    'ada@[127.0.0.1]',
    'ada@example.123',
    'a@b@example.test',
    '.ada@example.test',
    'ada.@example.test',
    'a..da@example.test',
    'ada @example.test',
    'ada\u200b@example.test',
    'ada\u202e@example.test',
    'ada\0@example.test',
    'ada\r\nbcc:x@example.test',
    '"ada"@example.test',
    '<ada>@example.test',
    'ada@exa mple.test',
    'ada@-example.test',
    'ada@example.test/path',
    'ada@example.test:25',
    'ada@user:pw@example.test',
    'ada@example.test?x',
    'ada@%65xample.test',
    `${'a'.repeat(65)}@example.test`,
    `ada@${'a.'.repeat(130)}test`,
    `ada@${'a'.repeat(64)}.test`,
  ])('refuses %j', (email) => {
    expect(isEmail(email)).toBe(false)
  })

  it('never throws, and what it takes has one @, no space and at most 254 characters', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.emailAddress()), (text) => {
        if (isEmail(text)) expect(normalizeEmail(text)).toMatch(/^[^@\s]{1,64}@[a-z0-9.-]{3,253}$/)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('usernames', () => {
  it.each(['ada', 'Ada_Lovelace-1815', 'a'.repeat(50), '007x', '---'])('takes %s', (name) => {
    expect(isUsername(name)).toBe(true)
  })

  it.each(['', 'ad', 'a'.repeat(51), '12345', 'ada@example', 'ada lovelace', 'ada.lovelace', 'аda', 'ada\n'])(
    'refuses %j',
    (name) => {
      expect(isUsername(name)).toBe(false)
    },
  )

  it('are unique whatever their case and width', () => {
    expect(normalizeUsername('ＡdA')).toBe(normalizeUsername('ada'))
  })

  it('are told from emails by the @', () => {
    expect(normalizeIdentifier('Ada')).toBe('ada')
    expect(normalizeIdentifier('Ada@BÜCHER.example')).toBe('ada@xn--bcher-kva.example')
    expect(normalizeIdentifier('Ada＠BÜCHER.example')).toBe('ada@xn--bcher-kva.example')
  })
})

describe('states', () => {
  it('let only active and pending users sign in', () => {
    const states = [
      'active',
      'pending',
      'inactive',
      'suspended',
      'locked',
      'deleted',
      'of another release',
      '',
    ] as const
    expect(states.filter((status) => isSignInAllowed({ status: toUserStatus(status) }))).toEqual(['active', 'pending'])
  })
})

describe('a text of one line', () => {
  it.each([
    '',
    'Ada Lovelace',
    'Łukasz Ó Briain-Müller',
    'علی‌رضا',
    'ක්‍රිස්තෝපර්',
    'അവന്‍',
    '\u{1f469}\u{1f3fd}\u200d\u{1f4bb} & \u{1f3f3}\ufe0f\u200d\u{1f308}',
    '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  ])('may be %j', (text) => {
    expect(isPlainText(text)).toBe(true)
    expect(isProse(text)).toBe(true)
  })

  it.each([
    'two\nlines',
    'two\u2028lines',
    'two\u2029lines',
    'a\u0085b',
    'a\0b',
    '\ud800',
    'Acme\u202egnp.exe',
    'Acme\u2066x\u2069',
    'Ac\u200bme',
    'Acme\u200e',
    '\u061cAcme',
    'Ac\u00adme',
    '\ufeffAcme',
    // Joiners where nothing joins.
    'Ac\u200dme',
    'Ac\u200cme',
    '\u200dAcme',
    '\u{1f600}\u200d',
    '\u{1f600}\u200dAcme',
    'А\u200dсme',
    'علی\u200c\u200cرضا',
  ])('may not be %j', (text) => {
    expect(isPlainText(text)).toBe(false)
  })

  it('is for names: longer texts have lines and marks of direction, and no control characters', () => {
    expect(isProse('two\r\nlines\tand \u200fa mark\u200e')).toBe(true)
    for (const text of ['a\0b', 'a\u001bb', '\ud800']) expect(isProse(text)).toBe(false)
  })
})
