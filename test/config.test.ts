import { describe, expect, it } from 'vitest'
import { findBrokenVariables, readVariables, SETTING_NAMES } from '../src/config.ts'

const GOOD = { ROOT_SECRET: 'x'.repeat(32), PUBLIC_URL: 'https://auth.example.test' }
/** No setting but a free text takes it, and none is as long. */
const GARBAGE = `\u0000 ${'garbage '.repeat(100)}`
/** Any text is a value. */
const FREE = [
  'AUDIENCE',
  'ROOT_SECRET',
  'ROOT_SECRET_PREVIOUS',
  'ADMIN_SECRET_KEY',
  'SMTP_USERNAME',
  'SMTP_PASSWORD',
  'MAIL_API_KEY',
  ...['GOOGLE', 'GITHUB', 'MICROSOFT', 'DISCORD', 'TWITTER'].flatMap((name) => [
    `OAUTH_${name}_CLIENT_ID`,
    `OAUTH_${name}_CLIENT_SECRET`,
  ]),
  ...['CLIENT_ID', 'TEAM_ID', 'KEY_ID'].map((part) => `OAUTH_APPLE_${part}`),
]

describe('wrong settings', () => {
  it('are named all at once, in plain words', () => {
    const broken = findBrokenVariables(Object.fromEntries(SETTING_NAMES.map((name) => [name, GARBAGE])))
    expect(broken.map(({ name }) => name).toSorted()).toEqual(
      SETTING_NAMES.filter((name) => !FREE.includes(name)).toSorted(),
    )
    for (const { name, reason } of broken) expect(`${name} ${reason}`).toMatch(/^[A-Z_]+ must (be|have|list) /)
  })

  it('are named with those that do not fit one another', () => {
    const broken = findBrokenVariables({
      PUBLIC_URL: 'http://auth.example.test',
      ROOT_SECRET: 'short',
      SESSION_ABSOLUTE_SECONDS: '100',
      ADMIN_SECRET_KEY: 'short',
    })
    expect(broken).toEqual([
      { name: 'ROOT_SECRET', reason: 'must have at least 32 characters' },
      { name: 'SESSION_IDLE_SECONDS', reason: 'must not exceed SESSION_ABSOLUTE_SECONDS' },
      { name: 'PUBLIC_URL', reason: 'must be https in production' },
      { name: 'ADMIN_SECRET_KEY', reason: 'must have at least 16 characters in production' },
    ])
  })

  it('are a cookie of one host for the hosts of a domain', () => {
    const reasonsOf = (name: string, domain: string) =>
      findBrokenVariables({ ...GOOD, SESSION_COOKIE: name, SESSION_COOKIE_DOMAIN: domain }).map(({ name }) => name)
    for (const name of ['__Host-x', '__HOST-x', '__Host-Http-x'])
      expect([name, reasonsOf(name, 'example.test')]).toEqual([name, ['SESSION_COOKIE']])
    expect(reasonsOf('__Host-x', 'auth.example.test')).toEqual([])
    expect(reasonsOf('__Secure-x', 'example.test')).toEqual([])
    expect(findBrokenVariables({ ...GOOD, SESSION_COOKIE: '__Host-x' })).toEqual([])
  })

  it('are not blamed for not fitting one that is wrong itself', () => {
    const both = { ...GOOD, SESSION_IDLE_SECONDS: String(40 * 86_400), SESSION_ABSOLUTE_SECONDS: 'soon' }
    expect(findBrokenVariables(both).map(({ name }) => name)).toEqual(['SESSION_ABSOLUTE_SECONDS'])
  })
})

it('booleans and numbers, as TOML has them, count as their text', () => {
  const variables = { ...GOOD, SIGNUPS_ENABLED: false, ACCESS_TOKEN_SECONDS: 120, DB: { prepare: () => null } }
  expect(readVariables(variables)).toMatchObject({ SIGNUPS_ENABLED: false, ACCESS_TOKEN_SECONDS: 120 })
  expect(findBrokenVariables({ ...GOOD, ACCESS_TOKEN_SECONDS: 1 })).toMatchObject([{ name: 'ACCESS_TOKEN_SECONDS' }])
})

describe('what pages look like', () => {
  const reasonsOf = (settings: Readonly<Record<string, string>>) => findBrokenVariables({ ...GOOD, ...settings })

  it.each([
    ['BRAND_COLOR', ['red', '#fff', '#12345g', '1d4ed0', '#1d4ed0;', 'rgb(1,2,3)']],
    [
      'BRAND_LOGO_URL',
      ['http://cdn.example.test/a.png', 'data:image/png,', 'javascript:alert(1)', 'https://a;b.test/', '/logo.png'],
    ],
    ['SUPPORT_URL', ['http://example.test', 'javascript:alert(1)', 'data:text/html,', 'help']],
    ['TERMS_URL', ['http://example.test', 'javascript:alert(1)', 'mailto:a@example.test']],
    ['PRIVACY_URL', ['http://example.test', 'javascript:alert(1)', 'mailto:a@example.test']],
  ])('is refused by name where %s is malformed', (name, values) => {
    for (const value of values) expect([value, reasonsOf({ [name]: value })]).toMatchObject([value, [{ name }]])
  })

  it('takes a colour in capitals, an address of a picture, and a mailbox for help', () => {
    const settings = {
      BRAND_COLOR: '#1D4ED0',
      BRAND_LOGO_URL: 'https://cdn.example.test/a.svg',
      SUPPORT_URL: 'mailto:help@example.test',
    }
    expect(readVariables({ ...GOOD, ...settings })).toMatchObject({ ...settings, BRAND_COLOR: '#1d4ed0' })
  })
})
