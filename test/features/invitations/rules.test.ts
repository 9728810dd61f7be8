import { describe, expect, it } from 'vitest'
import { isLinkFree, unquoted } from '../../../src/features/invitations/rules/invitation.ts'

describe('a text of a mail', () => {
  it.each([
    'Welcome, Ada! See you at 9.30.',
    'e.g. the docs, i.e. all of them ... soon…',
    'J. R. R. Tolkien',
    'version 1.2.3',
    'ようこそ。明日から始めましょう。',
    'Acme Inc.',
    '',
  ])('has no address: %j', (text) => {
    expect(isLinkFree(text)).toBe(true)
  })

  it.each([
    'https://evil.example',
    'javascript://x',
    'WWW.evil',
    'evil.example/login',
    'Sign in at evil.example',
    'EVIL.EXAMPLE',
    'a@evil.example',
    'xn--80ak6aa92e.com',
    'bücher.example',
    'пример.рф',
    'evil．example',
    'evil․example',
    'evil﹒example',
    'evil。example',
    'evil｡example',
    'https：／／x',
    'ｗｗｗ.x',
    '127-0-0-1.evil.example',
  ])('has an address: %j', (text) => {
    expect(isLinkFree(text)).toBe(false)
  })

  it('neither ends its quotes nor turns around what follows', () => {
    expect(unquoted('Acme” is „ours“ "now" «or»')).toBe("Acme' is 'ours' 'now' 'or'")
    expect(unquoted('Acme\u202e\u2066\u200f')).toBe('Acme')
  })
})
