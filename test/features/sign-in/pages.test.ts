import { describe, expect, it } from 'vitest'
import { PAGE_POLICY } from '../../support/pages.ts'
import { newEmail, PASSWORD, type SignedInUser, signUpUser } from '../../support/users.ts'
import { changeAddress, deleteOwnAccount, revertLink, run } from './account-recovery-support.ts'
import { mailedToken } from './mails.ts'
import { app, get, post } from './support.ts'

const OWN = 'http://127.0.0.1:8787'

const submit = (path: string, fields: Record<string, string>, headers: Record<string, string> = { origin: OWN }) =>
  app.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
  })

const look = (path: string, token: string, method = 'GET') =>
  app.fetch(`${path}?${new URLSearchParams({ token })}`, { method })

async function resetToken({ email }: SignedInUser): Promise<string> {
  await post('forgot-password', { email })
  return mailedToken(app, email, '/reset-password')
}

async function reportToken(account: SignedInUser): Promise<string> {
  await post('reset-password', { token: await resetToken(account), new_password: 'Another-good-passw0rd' })
  return mailedToken(app, account.email, '/report-activity')
}

async function revertToken(account: SignedInUser): Promise<string> {
  await run('update users set email_verified_at = 1 where id = ?', account.user.id)
  await changeAddress(app, account, newEmail())
  return revertLink(app, account, account.email)
}

async function restoreToken(account: SignedInUser): Promise<string> {
  await deleteOwnAccount(app, account)
  await post('forgot-password', { email: account.email })
  return mailedToken(app, account.email, '/restore-account')
}

/** Each page, how its link is got, what its form sends, and what a second use is told. */
const pages: readonly (readonly [
  string,
  (account: SignedInUser) => Promise<string>,
  Record<string, string>,
  number,
])[] = [
  ['/verify-email', ({ email }) => mailedToken(app, email, '/verify-email'), { answer: 'yes' }, 200],
  ['/reset-password', resetToken, { new_password: 'A-third-good-passw0rd' }, 400],
  ['/report-activity', reportToken, {}, 400],
  ['/revert-email', revertToken, {}, 400],
  ['/restore-account', restoreToken, { password: PASSWORD }, 400],
]

describe.each(pages)('the page %s', (path, getToken, fields, again) => {
  it('changes nothing when it is opened, and acts once when its form is sent', async () => {
    const token = await getToken(await signUpUser(app))
    for (const method of ['GET', 'HEAD', 'GET']) expect((await look(path, token, method)).status).toBe(200)
    expect((await submit(path, { token, ...fields })).status).toBe(200)
    expect((await submit(path, { token, ...fields })).status).toBe(again)
    expect((await look(path, token)).status).toBe(again)
  })

  it('has at most one script, nothing inline or from other origins, a policy that allows no more, and is not cached', async () => {
    const page = await look(path, await getToken(await signUpUser(app)))
    const text = await page.text()
    // A password can be shown; that is all a script is there for.
    const scripts = [...text.matchAll(/<script type="module" src="\/assets\/show-password-[\w-]{16}\.js"><\/script>/g)]
    expect(scripts).toHaveLength(text.includes('type="password"') ? 1 : 0)
    const icon = '<link rel="icon" href="data:,"/>'
    const style = /<link rel="stylesheet" href="\/assets\/style-[\w-]{16}\.css"\/>/
    expect(text).toMatch(style)
    const rest = scripts.reduce((left, [script]) => left.replace(script, ''), text.replace(style, '').replace(icon, ''))
    expect(rest).not.toMatch(/<script|<style|\sstyle=|\son\w+=|src=|href=|javascript:/i)
    expect(text).toMatch(/<form method="post" action="\/[a-z-]+">/)
    expect(Object.fromEntries(page.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
      'x-frame-options': 'DENY',
    })
    expect(page.headers.get('content-security-policy')).toBe(PAGE_POLICY)
  })

  it('refuses a form that another site sends, and the link stays valid', async () => {
    const token = await getToken(await signUpUser(app))
    const foreign: readonly Record<string, string>[] = [
      { origin: 'https://evil.test' },
      { origin: 'null' },
      {},
      { origin: OWN, 'sec-fetch-site': 'cross-site' },
    ]
    for (const headers of foreign) expect((await submit(path, { token, ...fields }, headers)).status).toBe(403)
    expect((await submit(path, { token, ...fields })).status).toBe(200)
  })

  it('is 400 in HTML for a bad link, and echoes nothing of it', async () => {
    for (const token of ['"><script>alert(1)</script>', 'x', `pot_${'A'.repeat(43)}`]) {
      for (const page of [await look(path, token), await submit(path, { token, ...fields })]) {
        expect([page.status, page.headers.get('content-type')]).toEqual([400, 'text/html; charset=utf-8'])
        expect(await page.text()).not.toContain('alert(1)')
      }
    }
    expect((await app.fetch(path)).status).toBe(400)
    expect((await submit(path, {})).status).toBe(400)
    expect((await app.fetch(path, { method: 'POST', headers: { origin: OWN }, body: '{}' })).status).toBe(415)
  })
})

describe('what people wrote', () => {
  it('is escaped on a page', async () => {
    const email = newEmail().replace('user-', "o'brien&co<b>-").replace('<b>', '')
    await signUpUser(app, { email })
    const text = await (await look('/verify-email', await mailedToken(app, email, '/verify-email'))).text()
    expect(text).toContain(email.replace('&', '&amp;').replace("'", '&#39;'))
    expect(text).not.toContain(email)
  })
})

describe('the form of a new password', () => {
  it('comes again for a weak one, says why, and then works', async () => {
    const account = await signUpUser(app)
    const token = await resetToken(account)
    const again = await submit('/reset-password', { token, new_password: 'password123' })
    const text = await again.text()
    expect([again.status, text.includes('role="alert"'), text.includes(token)]).toEqual([400, true, true])
    expect((await submit('/reset-password', { token, new_password: 'A-third-good-passw0rd' })).status).toBe(200)
    expect((await get('me', account.headers)).status).toBe(401)
  })
})
