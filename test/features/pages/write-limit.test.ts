import { describe, expect, it } from 'vitest'
import { createTestApp, env, json } from '../../support/app.ts'
import { newAddress, newEmail, PASSWORD, signUpUser } from '../../support/users.ts'
import { openBrowser, titleOf } from './support.ts'

const LIMIT = 3
const app = createTestApp({ env: { RATE_LIMIT_WRITES_HOURLY: String(LIMIT) } })
const NAMES = { display_name: 'Ada', first_name: '', last_name: '', username: '' }
const ID = crypto.randomUUID()

async function signedIn() {
  const user = await signUpUser(app)
  const browser = openBrowser(app)
  await browser.post('/sign-in', { login: user.email, password: PASSWORD }, { 'cf-connecting-ip': newAddress() })
  const rename = () => app.fetch('/api/v1/users/me', { ...json({ first_name: 'Ada' }, user.headers), method: 'PATCH' })
  return { user, browser, rename }
}

describe('what somebody may write in an hour', () => {
  it('is counted by the forms of the account and the API together, and refused on the page', async () => {
    const { browser, rename, user } = await signedIn()
    await env.DB.prepare("update users set email_verified_at = 1, status = 'active' where id = ?")
      .bind(user.user.id)
      .run()
    const made = await app.fetch('/api/v1/organizations', json({ name: 'Ours', slug: `org-${ID}` }, user.headers))
    const { id: organization_id } = await made.json<{ id: string }>()
    expect((await browser.post('/account/profile', NAMES)).status).toBe(303)
    expect((await rename()).status).toBe(200)
    expect((await rename()).status).toBe(429)
    const counted: [string, Record<string, string>][] = [
      ['profile', NAMES],
      ['language', { locale: 'de' }],
      ['remove-picture', {}],
      ['rename-passkey', { id: ID, name: 'key' }],
      ['export', {}],
      ['invite', { organization_id, email: newEmail(), role: 'member' }],
      ['resend-invitation', { organization_id, id: ID }],
      ['hand-over', { organization_id, user_id: ID }],
    ]
    for (const [form, fields] of counted) {
      const refused = await browser.post(`/account/${form}`, fields)
      expect([form, refused.status]).toEqual([form, 429])
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      if (form === 'profile') expect(titleOf(await refused.text())).toBe('Profile')
    }
    expect((await browser.send('/account/picture', 'image/png', Uint8Array.of(1))).status).toBe(429)
  })

  it('never keeps anybody from ending sessions or changing a credential', async () => {
    const { browser } = await signedIn()
    for (let index = 0; index <= LIMIT; index += 1) await browser.post('/account/profile', NAMES)
    for (const [form, fields] of [
      ['end-others', {}],
      ['email', { email: newEmail() }],
      ['password', { current_password: PASSWORD, new_password: `${PASSWORD} and more` }],
    ] as const)
      expect([form, (await browser.post(`/account/${form}`, fields)).status]).toEqual([form, 303])
    expect((await browser.post('/account/leave', { organization_id: ID })).status).toBe(403)
  })

  it('is no more for forms sent at once', async () => {
    const { browser } = await signedIn()
    const answers = await Promise.all(Array.from({ length: 6 }, () => browser.post('/account/profile', NAMES)))
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(LIMIT)
  })
})
