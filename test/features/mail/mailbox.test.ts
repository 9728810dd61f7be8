import { describe, expect, it } from 'vitest'
import { queueMail } from '../../../src/features/mail/service/mails.ts'
import { createTestApp } from '../../support/app.ts'
import { waitForMail } from '../../support/mail.ts'
import { PAGE_POLICY } from '../../support/pages.ts'
import { freshAddress, resetMail } from './support.ts'

const app = createTestApp()
const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }

const look = async (to: string, headers: Record<string, string> = BROWSER) => {
  const page = await app.fetch(`/dev/mailbox?to=${encodeURIComponent(to)}`, { headers })
  return { page, text: await page.text() }
}

describe('the mailbox in a browser', () => {
  it('lists the mails, and shows each as it looks, in a frame without script', async () => {
    const to = freshAddress()
    await queueMail(await app.ctx(), resetMail(to))
    const mail = await waitForMail(app, to)
    const { page, text } = await look(to)
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(text).toContain(`<summary>${mail.subject} <span>· ${to} · `)
    const [, sandbox, shown = ''] =
      /<iframe title="[^"]+" sandbox="([^"]*)" loading="lazy" srcdoc="([^"]*)"/.exec(text) ?? []
    expect(sandbox).toBe('allow-popups allow-popups-to-escape-sandbox')
    expect(shown).toContain('&lt;base target=&quot;_blank&quot;&gt;')
    expect(page.headers.get('content-security-policy')).toBe(
      PAGE_POLICY.replace("script-src 'self'; style-src 'self'", "script-src 'none'; style-src 'self' 'unsafe-inline'"),
    )
  })

  it('says when there is none, in the browser’s language', async () => {
    expect((await look(freshAddress())).text).toContain('There are no mails.')
    expect((await look(freshAddress(), { ...BROWSER, 'accept-language': 'de' })).text).toContain(
      'Es gibt keine E-Mails.',
    )
  })

  it('echoes what was searched for as text', async () => {
    expect((await look('"><script>alert(1)</script>')).text).not.toContain('<script>')
  })

  it('is JSON for programs, as ever', async () => {
    const to = freshAddress()
    await queueMail(await app.ctx(), resetMail(to))
    const { subject, text, html } = await waitForMail(app, to)
    for (const headers of [{}, { accept: '*/*' }, { accept: 'application/json' }] as Record<string, string>[])
      expect(JSON.parse((await look(to, headers)).text)).toEqual([
        { to, subject, text, html, created_at: expect.stringMatching(/Z$/) },
      ])
  })
})
