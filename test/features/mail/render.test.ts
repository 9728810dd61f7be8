import { describe, expect, it } from 'vitest'
import { renderMail } from '../../../src/features/mail/service/render.ts'
import type { MailParams, MailRequest } from '../../../src/features/mail/types.ts'
import { LINK } from './support.ts'

const SENDER = { app: 'Castle & Co', url: 'https://auth.example.test' }
const TIME = Date.UTC(2026, 0, 2, 15, 4)

const PARAMS: MailParams = {
  email_verification: { link: LINK },
  email_change: { link: LINK },
  email_change_notice: { newEmail: 'new@example.test', reportLink: LINK },
  email_changed: { newEmail: 'new@example.test', time: TIME, until: TIME, revertLink: LINK },
  email_reverted: { newEmail: 'new@example.test' },
  password_reset: { link: LINK },
  password_dropped: { link: LINK },
  password_changed: { reportLink: LINK },
  magic_link: { link: LINK },
  account_exists: { link: LINK },
  deleted_account: { until: TIME, link: LINK },
  deleted_by_admin: { until: TIME },
  new_device: { device: 'Firefox on Linux', ip: '192.0.2.7', time: TIME, reportLink: LINK },
  factor_added: { factor: 'TOTP', ended: 'one_factor', reportLink: LINK },
  factor_removed: { factor: 'TOTP', ended: 'none', reportLink: LINK },
  backup_codes_replaced: { reportLink: LINK },
  account_closed: {},
  account_reopened: {},
  account_deleted: { until: TIME },
  account_restored: {},
  account_locked: { until: TIME, unlockLink: LINK },
  mfa_recovery: {},
}

const mailOf = (kind: keyof MailParams, locale: string | null, params: object = PARAMS[kind]) =>
  renderMail(SENDER, { kind, to: 'a@example.test', userId: null, locale, params } as MailRequest)

const KINDS = Object.keys(PARAMS) as (keyof MailParams)[]

describe.each(['en', 'de'])('every kind of mail in %s', (locale) => {
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
    expect(mail.html).toContain(`<html lang="${locale}">`)
    expect(mail.html).not.toMatch(/<(script|img|link|style|iframe)/)
    expect(mail.html).toContain('Castle &amp; Co')
  })
})

describe('a mail', () => {
  it('is English when the language has no catalogue', () => {
    expect(mailOf('magic_link', 'fr')).toEqual(mailOf('magic_link', 'en'))
  })

  it('describes a new device in separate lines', () => {
    const { text, html } = mailOf('new_device', 'en')
    expect(text).toMatch(/Device: Firefox on Linux\nAddress: 192\.0\.2\.7\nTime: January 2, 2026.*UTC\n/)
    expect(html).toContain('Firefox on Linux<br>Address')
  })
})

describe('a name chosen by a user', () => {
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
      { app: 'A\r\nBcc: x@example.test\u0000\u202etxt\u2028', url: SENDER.url },
      { kind: 'magic_link', to: 'a@example.test', userId: null, locale: null, params: { link: LINK } },
    )
    expect(subject).toBe('Your sign-in link for A Bcc: x@example.test txt')
  })

  it('is cut when it is too long', () => {
    expect(mailOf('factor_added', 'en', { factor: 'x'.repeat(5000), reportLink: LINK }).text.length).toBeLessThan(1500)
  })
})

describe('a link', () => {
  it.each(['javascript:alert(1)', 'data:text/html,x', '/reset', 'file:///etc/passwd'])('is never %s', (link) => {
    expect(() => mailOf('magic_link', 'en', { link })).toThrow(TypeError)
  })

  it('cannot close an attribute', () => {
    const { html } = mailOf('magic_link', 'en', { link: 'https://auth.example.test/?a="><script>&b=\'' })
    expect(html).not.toContain('<script>')
    expect(html).toContain('&amp;b=')
  })
})
