import { describe, expect, it } from 'vitest'
import { CATALOGUE_LOCALES } from '../../../src/features/localization/service/catalogues.ts'
import { renderMail } from '../../../src/features/mail/service/render.ts'
import type { MailParams, MailRequest } from '../../../src/features/mail/types.ts'
import { textsFor } from '../../support/texts.ts'
import { LINK } from './support.ts'

const TEXTS = new Map(
  await Promise.all([...CATALOGUE_LOCALES, 'hu'].map(async (locale) => [locale, await textsFor(locale)] as const)),
)
const textsIn = (locale: string | null) => {
  const texts = TEXTS.get(locale ?? 'en')
  if (!texts) throw new Error(`no texts in ${locale}`)
  return texts
}

const SENDER = { app: 'Castle & Co', url: 'https://auth.example.test' }
const TIME = Date.UTC(2026, 0, 2, 15, 4)

const PARAMS: MailParams = {
  email_verification: { link: LINK, lifetimeMs: 48 * 3_600_000 },
  email_change: { link: LINK, lifetimeMs: 48 * 3_600_000 },
  email_change_notice: { newEmail: 'new@example.test', reportLink: LINK },
  email_changed: { newEmail: 'new@example.test', time: TIME, until: TIME, revertLink: LINK },
  email_reverted: { newEmail: 'new@example.test' },
  password_reset: { link: LINK, lifetimeMs: 3_600_000 },
  password_dropped: { link: LINK, lifetimeMs: 7 * 24 * 3_600_000 },
  password_changed: { reportLink: LINK },
  magic_link: { link: LINK, lifetimeMs: 15 * 60_000 },
  account_exists: { link: LINK, lifetimeMs: 3_600_000 },
  deleted_account: { until: TIME, link: LINK },
  deleted_by_admin: { until: TIME },
  new_device: { device: 'Firefox on Linux', ip: '192.0.2.7', time: TIME, reportLink: LINK },
  provider_email: { link: LINK, lifetimeMs: 900_000, provider: 'GitHub' },
  factor_added: { factor: 'TOTP', ended: 'one_factor', reportLink: LINK },
  factor_removed: { factor: 'TOTP', ended: 'none', reportLink: LINK },
  backup_codes_replaced: { reportLink: LINK },
  account_closed: {},
  account_reopened: {},
  account_deleted: { until: TIME },
  account_kept: {},
  account_restored: {},
  account_locked: { until: TIME, unlockLink: LINK },
  mfa_recovery: {},
  invitation: {
    organization: 'Engines',
    inviter: 'Ada (ada@example.test)',
    role: 'member',
    message: 'Come',
    until: TIME,
    link: LINK,
  },
  member_added: { organization: 'Engines', inviter: 'Ada (ada@example.test)', role: 'viewer', until: TIME },
  organization_ownerless: { organizations: 'engines, looms' },
  sso_break_glass: { organization: 'engines', who: 'ada@engines.test', time: TIME },
  sso_changed: { organization: 'Engines', change: 'domain_missing', about: 'engines.test', time: TIME },
  webhook_created: { host: 'hooks.example.test' },
  webhook_disabled: { host: 'hooks.example.test' },
  webhook_author_left: { host: 'hooks.example.test' },
  data_exported: { reportLink: LINK },
  data_request_extended: { until: TIME, message: 'Many archives' },
  data_request_answered: { outcome: 'rejected', message: 'Not yours' },
  data_requests_due: { count: 3, until: TIME },
}

const OWNER = { name: 'Maria Weber' }

const mailOf = (
  kind: keyof MailParams,
  locale: string | null,
  params: object = PARAMS[kind],
  owner: MailRequest['owner'] = OWNER,
) =>
  renderMail(textsIn(locale), SENDER, {
    kind,
    to: 'a@example.test',
    userId: null,
    locale,
    owner,
    params,
  } as MailRequest)

const KINDS = Object.keys(PARAMS) as (keyof MailParams)[]

describe.each(CATALOGUE_LOCALES)('every kind of mail in %s', (locale) => {
  it.each(KINDS)('%s is complete: subject, text and HTML with the same link', (kind) => {
    const mail = mailOf(kind, locale)
    expect(mail.subject).toContain(SENDER.app)
    for (const part of Object.values(mail)) expect(part).not.toMatch(/\{\w+\}/)
    if ('newEmail' in PARAMS[kind]) expect(mail.text).toContain('new@example.test')
    if (Object.keys(PARAMS[kind]).some((name) => /link$/i.test(name))) {
      expect(mail.text).toContain(`\n${LINK}\n`)
      expect(mail.html.split(`"${LINK}"`)).toHaveLength(3)
    }
    expect(mail.text).toContain(SENDER.url)
    expect(mail.html).toContain(`<html lang="${locale}" dir="${locale === 'ar' ? 'rtl' : 'ltr'}">`)
    expect(mail.html).not.toMatch(/<(script|img|link|style|iframe)/)
    expect(mail.html).toContain('Castle &amp; Co')
  })
})

describe('a mail', () => {
  it('is English when the language has no catalogue', () => {
    expect(mailOf('magic_link', 'hu')).toEqual(mailOf('magic_link', 'en'))
  })

  it('says what a policy is in the reader’s language, and what it does not know as it came', () => {
    const said = (locale: string, about: string) =>
      mailOf('sso_changed', locale, { organization: 'Engines', change: 'required', about, time: TIME }).text
    expect(said('en', 'break_glass')).toContain('(break glass is on)')
    expect(said('de', 'no_break_glass')).toContain('(der Notzugang für Inhaber ist geschlossen)')
    expect(said('de', 'break glass: true')).toContain('(break glass: true)')
  })

  it('describes a new device in separate lines', () => {
    const { text, html } = mailOf('new_device', 'en')
    expect(text).toMatch(/Device: Firefox on Linux\nAddress: 192\.0\.2\.7\nTime: January 2, 2026.*UTC\n/)
    expect(html).toContain('Firefox on Linux<br>Address')
  })
})

describe('the owner of an account', () => {
  it.each([
    ['en', 'Hello Maria Weber,', 'Hello,'],
    ['de', 'Guten Tag Maria Weber,', 'Guten Tag,'],
    ['fr', 'Bonjour Maria Weber,', 'Bonjour,'],
    ['es', 'Hola, Maria Weber:', 'Hola:'],
    ['ar', 'مرحبًا \u2068Maria Weber\u2069،', 'مرحبًا،'],
  ])('is greeted by name in %s, where there is one', (locale, byName, plainly) => {
    for (const kind of KINDS) {
      expect(mailOf(kind, locale).text.split('\n')[0]).toBe(byName)
      expect(mailOf(kind, locale, PARAMS[kind], { name: null }).text.split('\n')[0]).toBe(plainly)
      expect(mailOf(kind, locale, PARAMS[kind], null).text.split('\n')[0]).toBe(plainly)
    }
  })

  it('reads how long a link works in numbers', () => {
    const lasting = (kind: keyof MailParams, locale: string) => mailOf(kind, locale).text
    expect(lasting('magic_link', 'en')).toContain('It works once, for 15 minutes.')
    expect(lasting('password_reset', 'en')).toContain('The link works once, for 1 hour.')
    expect(lasting('email_verification', 'en')).toContain('The link works for 2 days.')
    expect(lasting('password_dropped', 'de')).toContain('Der Link gilt einmal und 7 Tage lang;')
    expect(lasting('password_reset', 'de')).toContain('Der Link gilt einmal und 1 Stunde lang.')
    for (const locale of ['en', 'de'])
      for (const kind of KINDS) expect(lasting(kind, locale)).not.toMatch(/short time|kurze Zeit|seven|sieben/)
  })
})

describe('what somebody typed', () => {
  const ADVERT = 'cheap-pills-example'

  it.each([
    ['email_change_notice', { newEmail: `${ADVERT}@example.test` }, 'to another address.'],
    ['factor_added', { factor: ADVERT }, 'for signing in: a passkey or an authenticator app.'],
    ['factor_removed', { factor: ADVERT }, 'a passkey or an authenticator app'],
  ] as const)('is in %s for a confirmed owner alone', (kind, typed, instead) => {
    const params = { ...PARAMS[kind], ...typed }
    expect(mailOf(kind, 'en', params).text).toContain(ADVERT)
    const { subject, text, html } = mailOf(kind, 'en', params, null)
    expect(text).toContain(instead)
    for (const part of [subject, text, html]) expect(part).not.toContain(ADVERT)
  })
})

describe('a name chosen by a user', () => {
  it('greets as one line of text, and as text in the HTML', () => {
    const { text, html } = mailOf('magic_link', 'en', PARAMS.magic_link, { name: 'A <b>\r\nBcc: x@example.test' })
    expect(text.split('\n')[0]).toBe('Hello A <b> Bcc: x@example.test,')
    expect(html).toContain('Hello A &lt;b&gt; Bcc: x@example.test,')
  })

  const evil = '<img src=x onerror=alert(1)>"\'&\r\nBcc: victim@example.test\r\n\r\nHello'

  it('is text in the HTML, never markup', () => {
    for (const kind of ['factor_added', 'factor_removed'] as const) {
      const { html } = mailOf(kind, 'en', { ...PARAMS[kind], factor: evil })
      expect(html).not.toContain('<img')
      expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp; Bcc: victim')
    }
    expect(mailOf('new_device', 'en', { ...PARAMS.new_device, device: evil }).html).not.toContain('<img')
  })

  it('is one line in the text: it adds no line and no paragraph', () => {
    const { text } = mailOf('new_device', 'en', { ...PARAMS.new_device, device: evil })
    expect(text).not.toMatch(/^Bcc:/m)
    expect(text).toMatch(/^Device: <img.*Bcc: victim@example\.test Hello$/m)
  })

  it('adds no line break, direction mark or control character to a subject', () => {
    const { subject } = renderMail(
      textsIn('en'),
      { app: 'A\r\nBcc: x@example.test\u0000\u202etxt\u2028', url: SENDER.url },
      { kind: 'magic_link', to: 'a@example.test', userId: null, locale: null, params: PARAMS.magic_link },
    )
    expect(subject).toBe('Your sign-in link for A Bcc: x@example.test txt')
  })

  it('is cut when it is too long', () => {
    expect(mailOf('factor_added', 'en', { factor: 'x'.repeat(5000), reportLink: LINK }).text.length).toBeLessThan(1500)
  })
})

describe('a link', () => {
  it.each(['javascript:alert(1)', 'data:text/html,x', '/reset', 'file:///etc/passwd'])('is never %s', (link) => {
    expect(() => mailOf('magic_link', 'en', { ...PARAMS.magic_link, link })).toThrow(TypeError)
  })

  it('cannot close an attribute', () => {
    const { html } = mailOf('magic_link', 'en', {
      ...PARAMS.magic_link,
      link: 'https://auth.example.test/?a="><script>&b=\'',
    })
    expect(html).not.toContain('<script>')
    expect(html).toContain('&amp;b=')
  })
})
