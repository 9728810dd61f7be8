import { describe, expect, it } from 'vitest'
import { createTestApp, env } from '../../support/app.ts'
import { createTeam, openPerson, type Team } from '../../support/organizations.ts'
import { newAddress, newEmail, PASSWORD, signUpUser } from '../../support/users.ts'
import { expire, INVITATIONS, invite, mailedToken, run } from '../invitations/support.ts'
import { app, type Browser, COOKIE, fieldOf, OWN, openBrowser, titleOf } from './support.ts'

const PATH = '/invitations/accept'
const KEPT = 'postern-invitation'
const NEW = { name: 'Ada', new_password: PASSWORD }

/** The hosted pages, by the link of the mail or of `invite_url`. */
async function invited(kind: 'mail' | 'url' = 'mail', email = newEmail(), fields: object = {}) {
  const team = await createTeam(app)
  const invitation = await invite(team, { email, ...fields })
  const token = kind === 'mail' ? await mailedToken(app, email) : invitation.urlToken
  return { team, email, token, id: invitation.id, link: `${PATH}?token=${token}` }
}

const signIn = (browser: Browser, login: string, search = '') =>
  browser.post(`/sign-in${search}`, { login, password: PASSWORD }, { 'cf-connecting-ip': newAddress() })

const memberOf = async (team: Team, email: string) => {
  const { body } = await team.owner.call('GET', `${team.path}/members`)
  return body.find((member: { email: string }) => member.email === email)
}
const isConfirmed = async (email: string): Promise<boolean> => {
  const row = await env.DB.prepare('select email_verified_at as at from users where email = ?').bind(email).first()
  return typeof row?.at === 'number'
}
const hrefOf = (text: string, label: string): string =>
  (new RegExp(`href="([^"]*)">${label}<`).exec(text)?.[1] ?? '').replaceAll('&amp;', '&')

/** What `Sign in` on the invitation's page carries to the next pages. */
const searchIn = (text: string, label: string): string => new URL(hrefOf(text, label), OWN).search

describe("an invitation's link, followed by somebody without an account", () => {
  it.each(['mail', 'url'] as const)(
    'makes one, a member of it, and signs it in: by the link of the %s',
    async (kind) => {
      const { team, email, link, token } = await invited(kind, undefined, { role: 'admin' })
      const browser = openBrowser()
      expect(fieldOf(await (await browser.get(link)).text(), 'token')).toBe(token)
      const weak = await browser.post(PATH, { token, ...NEW, new_password: 'password' })
      expect([weak.status, await weak.text()]).toEqual([400, expect.stringContaining('too easy to guess')])
      const answer = await browser.post(PATH, { token, ...NEW })
      const text = await answer.text()
      expect([answer.status, titleOf(text), browser.jar.has(KEPT)]).toEqual([200, 'Welcome', false])
      expect(text).toContain(`href="/account/organizations/${team.id}"`)
      const account = await browser.get(`/account/organizations/${team.id}`)
      expect([account.status, await account.text()]).toEqual([200, expect.stringContaining(email)])
      expect(await memberOf(team, email)).toMatchObject({ role: 'admin', status: 'active' })
      expect(await isConfirmed(email)).toBe(kind === 'mail')
    },
  )

  it('of two forms at once takes one', async () => {
    const { team, token, email } = await invited()
    const [one, other] = [openBrowser(), openBrowser()]
    const both = await Promise.all([one.post(PATH, { token, ...NEW }), other.post(PATH, { token, ...NEW })])
    expect(both.filter(({ status }) => status === 200)).toHaveLength(1)
    expect([one, other].filter(({ jar }) => jar.has(COOKIE))).toHaveLength(1)
    expect(await memberOf(team, email)).toBeDefined()
  })

  it('says on the page of a sign-up who invites, and comes back to be accepted', async () => {
    // The link of `invite_url` proves no address, and does not say whether there is an account.
    const { team, email, link } = await invited('url', undefined, { role: 'owner' })
    const browser = openBrowser()
    const search = searchIn(await (await browser.get(link)).text(), 'Sign in')
    const asked = await (await browser.get(`/sign-up${search}`)).text()
    expect(asked).toContain('invites you. Create your account with the invited address to join.')
    expect(asked).toContain(`value="${email}"`)
    const made = await browser.post(`/sign-up${search}`, { email, password: PASSWORD })
    const back = made.headers.get('location') ?? ''
    expect([made.status, new URL(back).pathname]).toEqual([303, PATH])
    const page = await (await browser.get(back)).text()
    expect(page).toContain('>Join<')
    // An owner's address has to be confirmed.
    const token = fieldOf(page, 'token')
    const refused = await browser.post(PATH, { token })
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('Confirm your address first')])
    await run('update users set email_verified_at = 1 where email = ?', email)
    expect((await browser.post(PATH, { token })).status).toBe(200)
    expect(await memberOf(team, email)).toMatchObject({ role: 'owner' })
  })

  it('says nothing of an invitation on the page of a sign-up without its link', async () => {
    const { id, link } = await invited('url')
    const search = `?${new URLSearchParams({ return_to: `${PATH}?invitation=${id}` })}`
    const other = await invited('url')
    const browser = openBrowser()
    await browser.get(other.link)
    for (const one of [openBrowser(), browser])
      expect(await (await one.get(`/sign-up${search}`)).text()).not.toContain('invites you')
    await browser.get(link)
    expect(await (await browser.get(`/sign-up${search}`)).text()).toContain('invites you')
    await expire(id)
    expect(await (await browser.get(`/sign-up${search}`)).text()).not.toContain('invites you')
  })

  it('confirms the address first where a sign-up does', async () => {
    const strict = createTestApp({ env: { REQUIRE_VERIFIED_EMAIL: 'true' } })
    const { token } = await invited('url')
    const browser = openBrowser(strict)
    const answer = await browser.post(PATH, { token, ...NEW })
    expect([titleOf(await answer.text()), browser.jar.has(COOKIE)]).toEqual(['Check your mail', false])
  })

  it('makes none where no accounts are made', async () => {
    const closed = createTestApp({ env: { SIGNUPS_ENABLED: 'false' } })
    const { token, link } = await invited()
    const browser = openBrowser(closed)
    expect(await (await browser.get(link)).text()).toContain('makes no new accounts at present')
    expect([(await browser.post(PATH, { token, ...NEW })).status, browser.jar.has(COOKIE)]).toEqual([403, false])
  })
})

describe("an invitation's link, followed by somebody who has an account", () => {
  it.each(['mail', 'url'] as const)('is accepted after signing in, by the link of the %s', async (kind) => {
    const user = await signUpUser(app)
    const { team, email, link } = await invited(kind, user.email)
    const browser = openBrowser()
    const search = searchIn(await (await browser.get(link)).text(), 'Sign in')
    // The token is nowhere in the address that pages, mailed links and providers carry on.
    expect(search).not.toContain('poi_')
    const back = (await signIn(browser, email, search)).headers.get('location') ?? ''
    const page = await (await browser.get(back)).text()
    expect(page).toContain(`You are signed in as <strong>${email}</strong>`)
    const token = fieldOf(page, 'token')
    const [one, other] = await Promise.all([browser.post(PATH, { token }), browser.post(PATH, { token })])
    expect([one.status, other.status]).toEqual([200, 200])
    expect(titleOf(await one.text())).toBe('Welcome')
    expect(await memberOf(team, email)).toMatchObject({ role: 'member', status: 'active' })
    expect(await isConfirmed(email)).toBe(kind === 'mail')
    // The browser stays signed in.
    expect((await browser.get(`/account/organizations/${team.id}`)).status).toBe(200)
    expect(browser.jar.has(KEPT)).toBe(false)
    expect(titleOf(await (await browser.get(back)).text())).toBe('Welcome')
  })

  it('is accepted by its id where the address is confirmed, also without the link', async () => {
    const { user } = await openPerson(app)
    const { team, id } = await invited('mail', user.email)
    await run(
      'update users set password_hash = (select password_hash from users where email = ?) where id = ?',
      (await signUpUser(app)).email,
      user.id,
    )
    const browser = openBrowser()
    const asked = await browser.get(`${PATH}?invitation=${id}`)
    expect(asked.status).toBe(303)
    const location = new URL(asked.headers.get('location') ?? '', OWN)
    const back = (await signIn(browser, user.email, location.search)).headers.get('location') ?? ''
    const page = await (await browser.get(back)).text()
    expect(fieldOf(page, 'invitation')).toBe(id)
    expect((await browser.post(PATH, { invitation: id })).status).toBe(200)
    expect(await memberOf(team, user.email)).toBeDefined()
  })

  it('of another address is told so, and joins nothing', async () => {
    const mallory = await signUpUser(app)
    await run('update users set email_verified_at = 1 where email = ?', mallory.email)
    const holder = await signUpUser(app)
    const { team, token, link, id } = await invited('mail', holder.email)
    const browser = openBrowser()
    await signIn(browser, mallory.email)
    const page = await (await browser.get(link)).text()
    expect(page).toContain(`You are signed in as <strong>${mallory.email}</strong>`)
    expect(page).not.toContain('<form')
    expect(searchIn(page, 'Use another account')).toContain('another=yes')
    for (const fields of [{ token }, { invitation: id }] as Record<string, string>[])
      expect((await browser.post(PATH, fields)).status).toBe(403)
    expect(await memberOf(team, mallory.email)).toBeUndefined()
    // Without the link nothing is said of it.
    browser.jar.delete(KEPT)
    const blind = await browser.get(`${PATH}?invitation=${id}`)
    expect([blind.status, titleOf(await blind.text())]).toEqual([400, 'This link does not work'])
  })

  it('is not shown by its id to whoever has not confirmed the address', async () => {
    const user = await signUpUser(app)
    const { team, id } = await invited('url', user.email)
    const browser = openBrowser()
    await signIn(browser, user.email)
    const page = await browser.get(`${PATH}?invitation=${id}`)
    expect([page.status, titleOf(await page.text())]).toEqual([400, 'This link does not work'])
    expect((await browser.post(PATH, { invitation: id })).status).toBe(400)
    expect(await memberOf(team, user.email)).toBeUndefined()
  })
})

describe('an invitation that is not good', () => {
  const REASONS = {
    used: ['This link was used before', ({ token }: Made) => openBrowser().post(PATH, { token, ...NEW })],
    revoked: [
      'This invitation was withdrawn',
      ({ team, id }: Made) => team.owner.call('DELETE', `${INVITATIONS}/${id}`),
    ],
    expired: ['This link has expired', ({ id }: Made) => expire(id)],
    'sent again': [
      'There is a newer link',
      ({ team, id }: Made) => team.owner.call('POST', `${INVITATIONS}/${id}/resend`),
    ],
  } as const
  type Made = Awaited<ReturnType<typeof invited>>

  it.each(Object.entries(REASONS))('because it is %s makes nobody a member, by any form', async (_, [title, spoil]) => {
    const made = await invited()
    const person = await signUpUser(app)
    const [stranger, known] = [openBrowser(), openBrowser()]
    await signIn(known, person.email)
    await spoil(made)
    for (const browser of [stranger, known]) {
      const had = browser.jar.get(COOKIE)
      const shown = await browser.get(made.link)
      expect([shown.status, titleOf(await shown.text())]).toEqual([400, title])
      for (const fields of [{}, NEW]) {
        const answer = await browser.post(PATH, { token: made.token, ...fields })
        expect([answer.status, titleOf(await answer.text())]).toEqual([400, title])
      }
      expect([browser.jar.get(COOKIE), browser.jar.has(KEPT)]).toEqual([had, false])
    }
    expect(await memberOf(made.team, person.email)).toBeUndefined()
  })

  it('because it is forged, of another invitation, or cut, is said to be unknown', async () => {
    const { token } = await invited()
    const other = await invited()
    const spliced = `${token.slice(0, 40)}${other.token.slice(40)}`
    for (const forged of [spliced, token.slice(0, -4), `${token.slice(0, -1)}_`, `poi_${'A'.repeat(72)}`, 'x']) {
      const browser = openBrowser()
      const shown = await browser.get(`${PATH}?token=${forged}`)
      expect([shown.status, titleOf(await shown.text())]).toEqual([400, 'This link does not work'])
      const answer = await browser.post(PATH, { token: forged, ...NEW })
      expect([answer.status, browser.jar.size]).toEqual([400, 0])
    }
    expect(titleOf(await (await openBrowser().get(PATH)).text())).toBe('This link is incomplete')
  })

  it('because the kept link is of another one, is not accepted by that', async () => {
    const user = await signUpUser(app)
    const mine = await invited('mail', user.email)
    const theirs = await invited('mail')
    const browser = openBrowser()
    await signIn(browser, user.email)
    // Two of the name: one was planted.
    for (const kept of [theirs.token, `${mine.token}; ${KEPT}=${theirs.token}`, 'x']) {
      browser.jar.set(KEPT, kept)
      expect((await browser.post(PATH, { invitation: mine.id })).status).toBe(400)
    }
    expect(await memberOf(mine.team, user.email)).toBeUndefined()
  })

  it('takes no form of another site', async () => {
    const { team, token, email } = await invited()
    for (const origin of ['https://evil.test', 'null', '']) {
      const answer = await openBrowser().post(PATH, { token, ...NEW }, { origin })
      expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []])
    }
    expect(await memberOf(team, email)).toBeUndefined()
  })
})
