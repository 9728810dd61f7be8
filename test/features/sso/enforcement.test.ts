import { decodeJwt } from 'jose'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { findAttempts } from '../../../src/features/sign-in/service/attempts.ts'
import { signIn } from '../../../src/features/sign-in/service/sign-in.ts'
import { findOrganizationAccess } from '../../../src/features/sockets/service/open.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, json } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { acceptedMails } from '../../support/mail.ts'
import { createTeam, enroll, openPerson, type Person } from '../../support/organizations.ts'
import { createTimedApp } from '../../support/timed.ts'
import { claimsOf } from '../../support/tokens.ts'
import { seeded, takeTurns } from '../../support/turns.ts'
import { newAddress, newEmail, PASSWORD, type SignedInUser } from '../../support/users.ts'
import { createAccount } from '../../support/world.ts'
import { addPasskey, signIn as signInWithPasskey } from '../factors/passkeys/support.ts'
import { answerChallenge, sessionsOf } from '../factors/totp/support.ts'
import { type Answer, answerOf, identitiesOf, JSON_ONLY, linkByHand } from '../federation/support.ts'
import { COOKIE, openBrowser } from '../pages/support.ts'
import { mailedToken } from '../sign-in/mails.ts'
import {
  codeOfApp,
  createSso,
  type Enterprise,
  enrol,
  ORIGIN,
  openEnterprise,
  originsOf,
  requireSso,
  signInBySso,
} from './sign-in-support.ts'
import { eventsOf, giveDomain, newDomain, rowsOf, run, setOpenedBySso } from './support.ts'

const federation = createSso()
const { app, providers, browser } = federation

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  answerOf(app.fetch(path, json(body, { 'cf-connecting-ip': newAddress(), ...headers })))
const enter = (email: string, password = PASSWORD, more: object = {}) =>
  post('/api/v1/auth/signin', { email, password, ...more })
const refresh = (refresh_token: string, more: object = {}) => post('/api/v1/auth/refresh', { refresh_token, ...more })
const orgOf = ({ access_token: token }: Answer) => decodeJwt(String(token)).org_id
const codeOf = ({ status, code }: Answer) => [status, code]

/** The one refusal for an address, with the address to go to. */
const requiredOf = (email: string) => ({
  status: 403,
  code: 'SSO_REQUIRED',
  message: 'This organization signs its people in through its identity provider',
  details: { authorization_url: `${ORIGIN}/api/v1/sso/login?${new URLSearchParams({ email })}` },
})
const REQUIRED = [403, 'SSO_REQUIRED']

/** An organization that requires single sign-on, with a member and an address that nobody has. */
async function openRequiring(policy: Parameters<typeof requireSso>[1] = {}) {
  const enterprise = await openEnterprise(federation)
  const username = `ada_${newUuid().slice(0, 8)}`
  const ada = await enterprise.team.join('member', { email: `ada@${enterprise.domain}`, username })
  await requireSso(enterprise, policy)
  return { ...enterprise, ada, username, nobody: `nobody@${enterprise.domain}` }
}

let scene: Awaited<ReturnType<typeof openRequiring>>
beforeAll(async () => {
  scene = await openRequiring()
})

describe('an address of a domain that requires single sign-on', () => {
  it('is answered alike with right and wrong passwords, known or not, however it is written', async () => {
    const { ada, nobody, domain } = scene
    for (const [email, password] of [
      [ada.user.email, PASSWORD],
      [ada.user.email, 'wrong password'],
      [nobody, PASSWORD],
      [`ADA@${domain.toUpperCase()}`, PASSWORD],
      [`ADA@${domain.toUpperCase()}`, 'wrong password'],
      [`ada＠${domain}`, PASSWORD],
      [`ada＠${domain}`, 'wrong password'],
    ] as const) {
      const { message, details, ...answer } = await enter(email, password)
      const told = requiredOf(email === nobody ? nobody : ada.user.email)
      expect([email, { ...answer, message, details }]).toMatchObject([email, told])
      expect(answer).not.toHaveProperty('access_token')
    }
  })

  it('is answered alike whatever the state of the account is', async () => {
    const { team, domain } = scene
    const states = [
      ["status = 'suspended'", 'suspended'],
      ["status = 'locked'", 'locked'],
      ["status = 'deleted'", 'deleted'],
      ['password_hash = null', 'without'],
      ['email_verified_at = null', 'unverified'],
      ["role = 'admin'", 'admin'],
    ] as const
    for (const [set, name] of states) {
      const { user } = await team.join('member', { email: `${name}@${domain}` })
      await run(`update users set ${set} where id = ?`, user.id)
      expect([name, await enter(user.email, 'wrong password')]).toMatchObject([name, requiredOf(user.email)])
      if (name === 'admin') continue
      expect([name, await enter(user.email)]).toMatchObject([name, requiredOf(user.email)])
    }
  })

  it('is the same for other organizations’ members, and not for other domains', async () => {
    const { domain } = scene
    const other = await createTeam(app)
    const stranger = await other.join('owner', { email: `stranger@${domain}` })
    await enrol(stranger)
    expect(await enter(stranger.user.email)).toMatchObject(requiredOf(stranger.user.email))
    for (const email of [`ada@sub.${domain}`, `ada@${newDomain()}`, `ada@x${domain}`])
      expect([email, codeOf(await enter(email))]).toEqual([email, [401, 'INVALID_CREDENTIALS']])
  })

  it('counts a right password as it counts a wrong one, on every surface: a lock that never comes would tell', async () => {
    const { team, domain } = scene
    const [right, wrong, admin] = [
      await team.join('member', { email: `right@${domain}` }),
      await team.join('member', { email: `wrong@${domain}` }),
      await team.join('member', { email: `admin-login@${domain}` }),
    ]
    for (let tries = 0; tries < 3; tries += 1) {
      expect(codeOf(await enter(right.user.email))).toEqual(REQUIRED)
      expect(codeOf(await enter(wrong.user.email, 'wrong password'))).toEqual(REQUIRED)
      await post('/admin/login', { email: admin.user.email, password: PASSWORD })
    }
    const ctx = await app.ctx()
    const counts = await Promise.all([right, wrong, admin].map(({ id }) => findAttempts(ctx, id)))
    expect(counts.map(({ failedAttempts }) => failedAttempts)).toEqual([3, 3, 3])
    // The lock of a network tells nothing either.
    const from = { 'cf-connecting-ip': newAddress() }
    const body = { email: right.user.email, password: PASSWORD }
    for (let tries = 0; tries < 6; tries += 1)
      expect(codeOf(await post('/api/v1/auth/signin', body, from))).toEqual(REQUIRED)
    expect((await findAttempts(ctx, right.id)).lockedUntil).not.toBeNull()
  })

  it('is refused no sooner for one password than for another', async () => {
    // The clock stands still, so that the pauses are all the time there is.
    const now = Date.now()
    const timed = createTimedApp({ override: (ctx) => ({ ...ctx, now: () => now }) })
    const { ada, nobody } = scene
    const pauses: number[] = []
    for (const [email, password] of [
      [ada.user.email, PASSWORD],
      [ada.user.email, 'wrong password'],
      [nobody, 'wrong password'],
    ]) {
      const init = json({ email, password }, { 'cf-connecting-ip': newAddress() })
      const { result, paused } = await timed.timed(() => timed.fetch('/api/v1/auth/signin', init))
      expect(result.status).toBe(403)
      pauses.push(paused)
    }
    expect(pauses[0]).toBeGreaterThanOrEqual(400)
    expect(new Set(pauses).size).toBe(1)
  })

  it('is answered as a wrong password where its username was typed, right or wrong: the address would tell', async () => {
    const { team, ada, username } = scene
    const named = (role: Parameters<typeof team.join>[0]) => {
      const name = `${role}_${newUuid().slice(0, 8)}`
      return team.join(role, { email: `${name}@${scene.domain}`, username: name })
    }
    const [locked, owner, admin] = [await named('member'), await named('owner'), await named('member')]
    await run("update users set status = 'locked' where id = ?", locked.id)
    await run("update users set role = 'admin' where id = ?", admin.id)
    const typed = (name: string | null | undefined, password = PASSWORD) =>
      post('/api/v1/auth/signin', { username: name, password })
    const wrong = await typed(username, 'wrong password')
    expect(codeOf(wrong)).toEqual([401, 'INVALID_CREDENTIALS'])
    for (const name of [username, locked.user.username, owner.user.username]) {
      const { message, details, ...answer } = await typed(name)
      expect([name, codeOf(answer as Answer), message, details]).toEqual([
        name,
        codeOf(wrong),
        wrong.message,
        wrong.details,
      ])
    }
    const { failedAttempts } = await findAttempts(await app.ctx(), ada.id)
    expect(failedAttempts).toBeGreaterThanOrEqual(2)
    await enrol(owner)
    await run('update totp_factors set created_at = 0, confirmed_at = 0 where user_id = ?', owner.id)
    expect(await typed(owner.user.username)).toMatchObject({ status: 200, mfa_required: true })
    expect((await typed(admin.user.username)).status).toBe(200)
  })

  it.each([
    ['POST /auth/login', (email: string, password: string) => ({ username: email, password })],
    ['POST /token', (email: string, password: string) => ({ username: email, password })],
    ['POST /api/v1/auth/login', (email: string, password: string) => ({ email, password })],
    ['POST /api/v1/auth/login', (email: string, password: string) => ({ username: email, password })],
    ['POST /admin/login', (email: string, password: string) => ({ email, password })],
    ['POST /vendor/login', (email: string, password: string) => ({ email, password })],
  ])('is refused alike at %s', async (route, bodyOf) => {
    const { ada, nobody } = scene
    const path = route.slice(5)
    const said = await Promise.all(
      [
        [ada.user.email, PASSWORD],
        [ada.user.email, 'wrong password'],
        [` ${ada.user.email}${' '.repeat(40)}`, PASSWORD],
        [` ${ada.user.email}${' '.repeat(40)}`, 'wrong password'],
        [nobody, PASSWORD],
      ].map(async ([email = '', password = '']) => {
        const answer = await app.fetch(path, json(bodyOf(email, password), { 'cf-connecting-ip': newAddress() }))
        return [answer.status, (await answer.text()).replace(/"(request_id|timestamp|authorization_url)":"[^"]*"/g, '')]
      }),
    )
    expect(said[0]).toEqual([403, expect.stringMatching(/identity provider/)])
    for (const one of said) expect(one).toEqual(said[0])
  })

  it.each(['/api/v1/auth/signup', '/api/v1/auth/register', '/api/v1/users', '/auth/register', '/users/register'])(
    'makes no account at %s, and tells of none',
    async (path) => {
      const { ada, domain } = scene
      const fresh = `new-${newUuid().slice(0, 8)}@${domain}`
      for (const [email, password] of [
        [fresh, PASSWORD],
        [ada.user.email, PASSWORD],
        [fresh, 'password'],
      ]) {
        const body = { email, password, full_name: 'Ada Lovelace', username: `u${newUuid().slice(0, 8)}` }
        const answer = await app.fetch(path, json(body, { 'cf-connecting-ip': newAddress() }))
        expect([email, answer.status, await answer.text()]).toEqual([
          email,
          403,
          expect.stringMatching(/identity provider/),
        ])
      }
      expect(await rowsOf('select 1 from users where email = ?', fresh)).toEqual([])
      await app.settled()
      expect(await acceptedMails(ada.user.email, 'account_exists')).toEqual([])
    },
  )

  it('is led by a link of the page from before to its provider', async () => {
    const enterprise = await openEnterprise(federation)
    const ada = await enterprise.team.join('member', { email: `ada@${enterprise.domain}` })
    const browser = openBrowser(app)
    await browser.post('/sign-in/link?return_to=%2Fdocs', { login: ada.user.email })
    const token = await mailedToken(app, ada.user.email, '/sign-in/link/open')
    await requireSso(enterprise)
    const answer = await browser.post('/sign-in/link/open', { token })
    expect([answer.status, browser.jar.has(COOKIE)]).toEqual([403, false])
    const page = await answer.text()
    expect(page).toContain('action="/sign-in/sso?return_to=%2Fdocs"')
    expect(page).toContain(`value="${ada.user.email}"`)
  })

  it('is mailed no link, unless it is an admin’s of the platform; a link from before opens nothing', async () => {
    const enterprise = await openEnterprise(federation)
    const { team, domain } = enterprise
    const ada = await team.join('member', { email: `ada@${domain}` })
    const admin = await openPerson(app, { email: `root@${domain}`, role: 'admin' })
    expect((await post('/api/v1/auth/magic-link', { email: ada.user.email })).status).toBe(200)
    const token = await mailedToken(app, ada.user.email, '/magic-link')
    await requireSso(enterprise)
    const before = (await sessionsOf(app, ada.id)).length
    expect(await post('/api/v1/auth/magic-link/verify', { token })).toMatchObject(requiredOf(ada.user.email))
    expect(await sessionsOf(app, ada.id)).toHaveLength(before)
    for (const path of ['/api/v1/auth/magic-link', '/api/v1/auth/magic/send', '/api/v1/auth/magic-link/resend'])
      for (const email of [ada.user.email, `nobody@${domain}`, admin.user.email])
        expect([path, await post(path, { email })]).toMatchObject([path, requiredOf(email)])
    await app.settled()
    const mails = async (email: string) => (await acceptedMails(email, 'magic_link')).length
    expect(await Promise.all([ada.user.email, `nobody@${domain}`].map(mails))).toEqual([1, 0])
    expect(await mails(admin.user.email)).toBeGreaterThan(0)
    const link = await mailedToken(app, admin.user.email, '/magic-link')
    expect((await post('/api/v1/auth/magic-link/verify', { token: link })).status).toBe(200)
  })

  it('is refused with a passkey, also one that counts as two factors', async () => {
    const enterprise = await openEnterprise(federation)
    const ada = await enterprise.team.join('owner', { email: `ada@${enterprise.domain}` })
    const { authenticator } = await addPasskey({ headers: ada.headers } as SignedInUser, {}, app)
    expect((await signInWithPasskey(authenticator, {}, app)).status).toBe(200)
    await requireSso(enterprise)
    await enrol(ada)
    for (const userVerified of [true, false])
      expect(await answerOf(signInWithPasskey(authenticator, { userVerified }, app))).toMatchObject(
        requiredOf(ada.user.email),
      )
    expect(await originsOf(ada.id)).toEqual([])
  })

  it('is refused by social providers: a known identity, a new account, a link by address', async () => {
    const { team, domain } = scene
    const known = await team.join('member', { email: `known@${domain}` })
    const { id } = providers.person('discord', { email: `elsewhere-${newUuid()}@example.test` })
    await linkByHand(known.id, 'discord', id)
    const byDiscord = async () => {
      const mine = browser()
      return answerOf(mine.callback(await mine.toCallback('discord'), JSON_ONLY))
    }
    expect(await byDiscord()).toMatchObject(requiredOf(known.user.email))
    const before = (await sessionsOf(app, known.id)).length
    const code = (await browser().signIn('discord')).searchParams.get('code')
    expect(await post('/api/v1/oauth/exchange', { code })).toMatchObject(requiredOf(known.user.email))
    expect(await sessionsOf(app, known.id)).toHaveLength(before)
    for (const email of [`fresh@${domain}`, known.user.email]) {
      const person = providers.person('discord', { email })
      expect(await byDiscord()).toMatchObject(requiredOf(email))
      const end = await browser().signIn('discord')
      expect([end.searchParams.get('error'), end.searchParams.has('code')]).toEqual(['SSO_REQUIRED', false])
      expect(end.searchParams.get('authorization_url')).toContain('/api/v1/sso/login?email=')
      const { sub } = providers.person('google', { email, hd: domain })
      expect((await browser().signIn('google')).searchParams.get('error')).toBe('SSO_REQUIRED')
      for (const subject of [person.id, sub]) expect(await identitiesOf('subject', subject)).toEqual([])
    }
    expect(await rowsOf('select 1 from users where email = ?', `fresh@${domain}`)).toEqual([])
  })

  it('is mailed no proof for a social provider that has no address, and one from before opens nothing', async () => {
    const { ada, nobody } = scene
    const other = await openEnterprise(federation)
    const pendingOf = async () => {
      providers.person('github', { emails: [] })
      return (await browser().signIn('github')).searchParams.get('pending_token')
    }
    const pending_token = await pendingOf()
    for (const email of [ada.user.email, nobody])
      expect(await post('/api/v1/oauth/pending-email', { pending_token, email })).toMatchObject(requiredOf(email))
    await app.settled()
    for (const email of [ada.user.email, nobody]) expect(await acceptedMails(email, 'provider_email')).toEqual([])
    const early = await pendingOf()
    const email = `early@${other.domain}`
    expect((await post('/api/v1/oauth/pending-email', { pending_token: early, email })).status).toBe(200)
    const token = await mailedToken(app, email, '/provider-email')
    await requireSso(other)
    const page = await app.fetch('/provider-email', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN },
      body: new URLSearchParams({ token }).toString(),
    })
    const code = /<code>([^<]+)<\/code>/.exec(await page.text())?.[1]
    expect(await post('/api/v1/oauth/exchange', { code, pending_token: early })).toMatchObject(requiredOf(email))
  })

  it('gets in through the organization’s provider', async () => {
    const { team, ada, id } = scene
    const signedIn = await signInBySso(federation, scene, { sub: 'ada' })
    expect([signedIn.user.id, orgOf(signedIn)]).toEqual([ada.id, team.id])
    expect(await originsOf(ada.id)).toMatchObject([{ organization_id: team.id, connection_id: id }])
  })

  it('of an organization without a configuration that works is refused all the same: nothing opens by breaking it', async () => {
    const enterprise = await openRequiring()
    await run('update sso_connections set enabled = 0 where id = ?', enterprise.id)
    expect(codeOf(await enter(enterprise.ada.user.email))).toEqual(REQUIRED)
    await run('update organization_domains set verified_at = null where domain = ?', enterprise.domain)
    // Nobody speaks for the domain any more; the organization is closed to the session.
    const signedIn = await enter(enterprise.ada.user.email)
    expect([signedIn.status, orgOf(signedIn)]).toEqual([200, null])
    expect(codeOf(await enter(enterprise.ada.user.email, PASSWORD, { organization_id: enterprise.team.id }))).toEqual(
      REQUIRED,
    )
  })
})

describe('a session', () => {
  it('from before has no token of the organization any more; one of the provider keeps it', async () => {
    const enterprise = await openEnterprise(federation)
    const { team, id, domain } = enterprise
    const ada = await team.join('member', { email: `ada@${domain}` })
    const elsewhere = await team.join('admin')
    const bySso = await signInBySso(federation, enterprise, { email: `bob@${domain}` })
    await run('update sso_connections set owner_signed_in_at = 1 where id = ?', id)
    expect((await team.owner.call('PUT', `${team.path}/sso-policy`, { required: true })).status).toBe(200)
    for (const old of [ada, elsewhere]) {
      expect((await old.call('GET', '/api/v1/auth/me')).status).toBe(401)
      // The refusal uses no generation up.
      for (let times = 0; times < 2; times += 1)
        expect(codeOf(await refresh(old.refreshToken, { organization_id: team.id }))).toEqual(REQUIRED)
      const next = await refresh(old.refreshToken)
      expect(decodeJwt(next.access_token)).toMatchObject({ org_id: null, org_role: null, permissions: [] })
      const activated = await old.withToken(next.access_token).call('POST', `${team.path}/activate`)
      expect([activated.status, activated.body.code]).toEqual(REQUIRED)
      expect(activated.body.details.authorization_url).toBe(`${ORIGIN}/api/v1/sso/login?organization=${team.id}`)
      expect(orgOf(await refresh(next.refresh_token))).toBeNull()
    }
    const kept = await refresh(bySso.refresh_token)
    expect(orgOf(kept)).toBe(team.id)
    expect(orgOf(await refresh(kept.refresh_token, { organization_id: team.id }))).toBe(team.id)
    const headers = { authorization: `Bearer ${kept.access_token}` }
    expect((await app.fetch(`${team.path}/activate`, { method: 'POST', headers })).status).toBe(200)
  })

  it('of another organization’s provider has none either', async () => {
    const [one, two] = [await openEnterprise(federation), await openEnterprise(federation)]
    const ada = await one.team.join('member', { email: `ada@${one.domain}` })
    await enroll(app, two.team.id, ada.id, 'owner')
    await requireSso(two)
    const signedIn = await signInBySso(federation, one, { sub: 'ada' })
    expect(orgOf(signedIn)).toBe(one.team.id)
    expect(codeOf(await refresh(signedIn.refresh_token, { organization_id: two.team.id }))).toEqual(REQUIRED)
    const asked = await signInBySso(federation, one, { sub: 'ada' }, { organization_id: two.team.id })
    expect(codeOf(asked)).toEqual(REQUIRED)
  })

  it('that is ended has left nothing that another could use', async () => {
    const enterprise = await openRequiring()
    const signedIn = await signInBySso(federation, enterprise, { sub: 'ada' })
    const headers = { authorization: `Bearer ${signedIn.access_token}` }
    expect((await app.fetch('/api/v1/auth/signout', { method: 'POST', headers })).status).toBe(200)
    expect((await refresh(signedIn.refresh_token)).status).toBe(401)
    expect(orgOf(await refresh(enterprise.ada.refreshToken))).toBeNull()
  })

  it('that came past the provider reads and changes nothing there: a password alone would switch the requirement off', async () => {
    const enterprise = await openRequiring()
    const { team, domain, id } = enterprise
    const owner = await team.join('owner')
    const stranger = await openPerson(app)
    const calls = [
      ['GET', team.path],
      ['GET', `${team.path}/members`],
      ['PUT', `${team.path}/sso-policy`, { required: false }],
      ['POST', `${team.path}/domains`, { domain: newDomain() }],
      ['DELETE', `${team.path}/domains/${domain}`],
      ['GET', `/api/v1/sso/configurations/${id}`],
      ['GET', `/api/v1/sso/configurations?organization_id=${team.id}`],
      ['PUT', `/api/v1/sso/configurations/${id}`, { name: 'Ours' }],
      ['GET', `/api/v1/policies?organization_id=${team.id}`],
      ['GET', `/api/v1/invitations?organization_id=${team.id}`],
      ['POST', '/api/v1/invitations', { organization_id: team.id, email: newEmail() }],
      ['DELETE', team.path],
    ] as const
    for (const [method, path, body] of calls) {
      const refused = await owner.call(method, path, body)
      expect([method, path, refused.status, refused.body.code]).toEqual([method, path, ...REQUIRED])
      const { status, body: told } = await stranger.call(method, path, body)
      expect([path, status === 403 || status === 404, told.code === 'SSO_REQUIRED']).toEqual([path, true, false])
    }
    const { sid: sessionId } = claimsOf(String(owner.headers.authorization).slice(7))
    const { email } = owner.user
    const identity = {
      principal: { type: 'user', userId: owner.id, sessionId, email },
      expiresAt: 9e15,
      isAdmin: false,
      topics: [],
    } as const
    const mayHear = async () => findOrganizationAccess(await app.ctx(), identity, team.id)
    expect(await mayHear()).toBeNull()
    await setOpenedBySso(team, owner)
    expect(await mayHear()).toMatchObject({ seesAll: true })
    expect((await owner.call('GET', team.path)).status).toBe(200)
    expect((await owner.call('PUT', `${team.path}/sso-policy`, { required: false })).status).toBe(200)
    // Another organization's provider opens nothing here.
    const other = await openRequiring()
    const both = await other.team.join('owner')
    await setOpenedBySso(team, both)
    expect((await both.call('GET', other.team.path)).status).toBe(403)
    const platform = await openPerson(app, { role: 'admin' })
    expect((await platform.call('GET', other.team.path)).status).toBe(200)
  })

  it('that came past the provider is shown nothing of it in lists, and takes up no membership', async () => {
    const enterprise = await openRequiring()
    const { team, domain } = enterprise
    await setOpenedBySso(team, team.owner)
    const [owner, late] = [await team.join('owner', { email: `owner@${domain}` }), await openPerson(app)]
    const settings = { description: 'of-members-alone', settings: { colour: 'of-members-alone' } }
    expect((await team.owner.call('PATCH', team.path, settings)).status).toBe(200)
    const hook = { url: 'https://hooks.engines.example/x', events: ['user.signed_in'], organization_id: team.id }
    expect((await team.owner.call('POST', '/api/v1/webhooks', hook)).status).toBe(201)
    const added = await team.owner.call('POST', `${team.path}/members`, { user_id: late.id, role: 'member' })
    expect(added.status).toBe(201)
    const shown = async () => {
      const { body: list } = await owner.call('GET', '/api/v1/organizations')
      const { body: hooks } = await owner.call('GET', '/api/v1/webhooks')
      const text = JSON.stringify(list)
      return {
        settings: text.includes('of-members-alone') || text.includes(team.owner.user.email),
        name: text.includes(team.slug),
        webhooks: JSON.stringify(hooks).includes('hooks.engines.example'),
        people: (await owner.call('GET', `/api/v1/users/${enterprise.ada.id}`)).status,
      }
    }
    expect(await shown()).toEqual({ settings: false, name: true, webhooks: false, people: 403 })
    await setOpenedBySso(team, owner)
    expect(await shown()).toEqual({ settings: true, name: true, webhooks: true, people: 200 })
    const taken = () => rowsOf('select taken_up_at from memberships where user_id = ?', late.id)
    const { status, body } = await late.call('POST', `${team.path}/activate`)
    expect([status, body.code, await taken()]).toEqual([...REQUIRED, [{ taken_up_at: null }]])
    await setOpenedBySso(team, late)
    expect((await late.call('POST', `${team.path}/activate`)).status).toBe(200)
  })

  it('of an organization that requires it no longer has its tokens again', async () => {
    const enterprise = await openRequiring()
    const lost = await refresh(enterprise.ada.refreshToken)
    expect(orgOf(lost)).toBeNull()
    await run('update sso_policies set required = 0 where organization_id = ?', enterprise.team.id)
    expect(orgOf(await refresh(lost.refresh_token))).toBe(enterprise.team.id)
  })
})

const RECORDED = { timeout: 10_000, interval: 50 }

/** The first factor with a password, and the second with the app. */
async function enterByBoth(email: string, step: -1 | 0 | 1 = 0, more: object = {}): Promise<Answer> {
  const first = await enter(email, PASSWORD, more)
  if (!first.mfa_token) return first
  return answerOf(answerChallenge(app, first.mfa_token, codeOfApp(step)))
}

describe('break glass', () => {
  async function enrolLongAgo(owner: Person): Promise<void> {
    await enrol(owner)
    await run('update totp_factors set created_at = 0, confirmed_at = 0 where user_id = ?', owner.id)
  }

  /** An owner with an address in the domain, and a second factor. */
  async function openOwner(policy: Parameters<typeof requireSso>[1] = {}) {
    const enterprise = await openRequiring(policy)
    const owner = await enterprise.team.join('owner', { email: `owner@${enterprise.domain}` })
    await enrolLongAgo(owner)
    return { ...enterprise, owner }
  }

  it('lets an owner with password and second factor in, which is an event, and one mail an hour to all who should know', async () => {
    const { team, owner } = await openOwner()
    const [platform, unconfirmed] = [
      await openPerson(app, { role: 'admin' }),
      await openPerson(app, { role: 'admin', emailVerifiedAt: null as never }),
    ]
    const member = await team.join('admin')
    const first = await enter(owner.user.email)
    expect(first).toMatchObject({ status: 200, mfa_required: true })
    expect(await originsOf(owner.id)).toEqual([])
    const signedIn = await answerOf(answerChallenge(app, first.mfa_token, codeOfApp(-1)))
    expect(decodeJwt(signedIn.access_token)).toMatchObject({ org_id: team.id, org_role: 'owner', acr: 'aal2' })
    expect(await originsOf(owner.id)).toMatchObject([{ organization_id: team.id, connection_id: null }])
    const next = await refresh(signedIn.refresh_token)
    expect(orgOf(next)).toBe(team.id)
    expect(orgOf(await refresh(next.refresh_token, { organization_id: team.id }))).toBe(team.id)
    expect(orgOf(await enterByBoth(owner.user.email, 0))).toBe(team.id)
    await vi.waitFor(async () => {
      expect(await recordedOf(owner.id, 'sso.break_glass_used')).toHaveLength(2)
    }, RECORDED)
    expect((await eventsOf(team.id)).filter(({ type }) => type === 'sso.break_glass_used')).toHaveLength(2)
    await app.settled()
    const mails = async ({ user }: Person) => (await acceptedMails(user.email, 'sso_break_glass')).length
    expect(await Promise.all([owner, team.owner, platform, unconfirmed, member].map(mails))).toEqual([1, 1, 1, 0, 0])
  })

  it.each([
    [
      'without a second factor',
      async ({ owner }: Opened) => run('update users set mfa_enabled = 0 where id = ?', owner.id),
    ],
    ['where it is off', async (opened: Opened) => requireSso(opened, { allowBreakGlass: false })],
    ['as an admin', async ({ owner }: Opened) => setRole(owner, 'admin')],
    ['as a member', async ({ owner }: Opened) => setRole(owner, 'member')],
    [
      'who was removed',
      async ({ owner }: Opened) => run('update memberships set removed_at = 1 where user_id = ?', owner.id),
    ],
    [
      'who has not taken the ownership up',
      async ({ owner }: Opened) => run('update memberships set taken_up_at = null where user_id = ?', owner.id),
    ],
  ])('lets nobody in %s, before or after the first factor', async (_, change) => {
    const [before, middle] = [await openOwner(), await openOwner()]
    await change(before)
    expect(await enter(before.owner.user.email)).toMatchObject(requiredOf(before.owner.user.email))
    const { mfa_token } = await enter(middle.owner.user.email)
    await change(middle)
    const answer = await answerOf(answerChallenge(app, mfa_token, codeOfApp()))
    expect(answer).not.toHaveProperty('access_token')
    expect(codeOf(answer)).toEqual(REQUIRED)
    for (const { owner, team } of [before, middle]) {
      expect(await originsOf(owner.id)).toEqual([])
      await app.settled()
      expect(await acceptedMails(team.owner.user.email, 'sso_break_glass')).toEqual([])
    }
  })

  it('does not count a second factor that was added since: whoever has a password alone could add one', async () => {
    const { team, owner } = await openOwner()
    await run('update totp_factors set created_at = ?1, confirmed_at = ?1 where user_id = ?2', Date.now(), owner.id)
    expect(await enter(owner.user.email)).toMatchObject(requiredOf(owner.user.email))
    const elsewhere = await team.join('owner')
    await enrol(elsewhere)
    const byBoth = await enterByBoth(elsewhere.user.email, 0, { organization_id: team.id })
    expect(codeOf(byBoth)).toEqual(REQUIRED)
    expect(await originsOf(elsewhere.id)).toEqual([])
  })

  it('ends with the ownership, and with the permission', async () => {
    for (const end of [
      ({ owner }: Opened) => setRole(owner, 'admin'),
      (opened: Opened) => requireSso(opened, { allowBreakGlass: false }),
    ]) {
      const opened = await openOwner()
      const signedIn = await enterByBoth(opened.owner.user.email)
      expect(orgOf(signedIn)).toBe(opened.team.id)
      await end(opened)
      expect(orgOf(await refresh(signedIn.refresh_token))).toBeNull()
    }
  })

  it('does not begin with a mailed link: the first factor is a password', async () => {
    const enterprise = await openEnterprise(federation)
    const owner = await enterprise.team.join('owner', { email: `owner@${enterprise.domain}` })
    await enrolLongAgo(owner)
    await post('/api/v1/auth/magic-link', { email: owner.user.email })
    const token = await mailedToken(app, owner.user.email, '/magic-link')
    // The first factor was proved while everybody might.
    const { mfa_token } = await post('/api/v1/auth/magic-link/verify', { token })
    expect(mfa_token).toEqual(expect.any(String))
    await requireSso(enterprise)
    expect(await answerOf(answerChallenge(app, mfa_token, codeOfApp()))).toMatchObject(requiredOf(owner.user.email))
    expect(await originsOf(owner.id)).toEqual([])
  })

  it('mails once when two get in at the same moment', async () => {
    const { team, owner, domain } = await openOwner()
    const other = await team.join('owner', { email: `other@${domain}` })
    await enrolLongAgo(other)
    const both = await Promise.all([owner, other].map(({ user }) => enterByBoth(user.email)))
    expect(both.map(orgOf)).toEqual([team.id, team.id])
    await app.settled()
    expect(await acceptedMails(team.owner.user.email, 'sso_break_glass')).toHaveLength(1)
  })

  it('still refuses a wrong second factor, and the wrong password as everybody’s', async () => {
    const { owner } = await openOwner()
    expect(await enter(owner.user.email, 'wrong password')).toMatchObject(requiredOf(owner.user.email))
    const { mfa_token } = await enter(owner.user.email)
    const wrong = await answerOf(answerChallenge(app, mfa_token, '000000'))
    expect(codeOf(wrong)).toEqual([401, 'MFA_CODE_INVALID'])
    expect(await originsOf(owner.id)).toEqual([])
  })

  it('is for an owner whose address is elsewhere too, who names the organization', async () => {
    const { team } = await openRequiring()
    const owner = await team.join('owner')
    const { email } = owner.user
    const plain = await enter(email)
    expect([plain.status, orgOf(plain)]).toEqual([200, null])
    expect(codeOf(await enter(email, PASSWORD, { organization_id: team.id }))).toEqual(REQUIRED)
    await enrolLongAgo(owner)
    const unnamed = await enterByBoth(email, -1)
    expect([unnamed.status, orgOf(unnamed)]).toEqual([200, null])
    expect(await originsOf(owner.id)).toEqual([])
    expect(orgOf(await enterByBoth(email, 0, { organization_id: team.id }))).toBe(team.id)
    expect(await originsOf(owner.id)).toMatchObject([{ organization_id: team.id, connection_id: null }])
    const { mfa_token } = await enter(email)
    const named = await post('/api/v1/mfa/challenge/verify', {
      mfa_token,
      code: codeOfApp(1),
      organization_id: team.id,
    })
    expect(orgOf(named)).toBe(team.id)
    await app.settled()
    expect(await acceptedMails(team.owner.user.email, 'sso_break_glass')).toHaveLength(1)
    const admin = await team.join('admin')
    await enrol(admin)
    expect(codeOf(await enterByBoth(admin.user.email, 0, { organization_id: team.id }))).toEqual(REQUIRED)
  })

  it('opens one organization, not another that requires single sign-on too', async () => {
    const [one, two] = [await openRequiring(), await openRequiring()]
    const owner = await one.team.join('owner')
    await enroll(app, two.team.id, owner.id, 'owner')
    await enrolLongAgo(owner)
    const signedIn = await enterByBoth(owner.user.email, 0, { organization_id: one.team.id })
    expect(orgOf(signedIn)).toBe(one.team.id)
    expect(codeOf(await refresh(signedIn.refresh_token, { organization_id: two.team.id }))).toEqual(REQUIRED)
    const bearer = owner.withToken(signedIn.access_token)
    expect((await bearer.call('POST', `${two.team.path}/activate`)).status).toBe(403)
  })
})

type Opened = Pick<Enterprise, 'team'> & { readonly owner: Person }
const setRole = ({ id }: Person, role: string) => run('update memberships set role = ? where user_id = ?', role, id)

describe('an admin of the platform', () => {
  it('gets in by every way, which is an event and a mail, and in with the tokens of the organization', async () => {
    const enterprise = await openRequiring()
    const { team, domain } = enterprise
    const admin = await team.join('owner', { email: `root@${domain}` })
    await run("update users set role = 'admin' where id = ?", admin.id)
    const byPassword = await enter(admin.user.email)
    expect([byPassword.status, orgOf(byPassword)]).toEqual([200, team.id])
    expect(orgOf(await refresh(byPassword.refresh_token))).toBe(team.id)
    const headers = { authorization: `Bearer ${byPassword.access_token}` }
    const { authenticator } = await addPasskey({ headers } as SignedInUser, {}, app)
    expect((await signInWithPasskey(authenticator, {}, app)).status).toBe(200)
    const { id } = providers.person('discord')
    await linkByHand(admin.id, 'discord', id)
    const mine = browser()
    expect((await answerOf(mine.callback(await mine.toCallback('discord'), JSON_ONLY))).status).toBe(200)
    // On a page it is a session of the browser: its cookie holds no token of the API.
    const window = openBrowser(app)
    const onPage = await window.post('/sign-in', { login: admin.user.email, password: PASSWORD })
    expect([onPage.status, window.jar.get(COOKIE)]).toEqual([303, expect.stringMatching(/^pbs_/)])
    expect((await window.get('/account')).status).toBe(200)
    await vi.waitFor(async () => {
      expect(await recordedOf(admin.id, 'sso.break_glass_used')).toHaveLength(4)
    }, RECORDED)
    await app.settled()
    expect(await acceptedMails(team.owner.user.email, 'sso_break_glass')).toHaveLength(1)
    // No organization's provider speaks for them.
    const refused = await signInBySso(federation, enterprise, { email: admin.user.email, sub: 'root' }).catch(String)
    expect(refused).not.toHaveProperty('access_token')
  })
})

describe('a sign-in that is on its way when single sign-on becomes required', () => {
  it('is refused where it has proved its first factor and owes the second', async () => {
    const enterprise = await openEnterprise(federation)
    const ada = await enterprise.team.join('member', { email: `ada@${enterprise.domain}` })
    await enrol(ada)
    const { mfa_token } = await enter(ada.user.email)
    await requireSso(enterprise)
    expect(await answerOf(answerChallenge(app, mfa_token, codeOfApp()))).toMatchObject(requiredOf(ada.user.email))
  })

  it('has no token of the organization afterwards, whatever came first', async () => {
    const { team, domain } = await openEnterprise(federation)
    const plain = createTestApp()
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 12; seed += 1) {
      await run('delete from sso_policies where organization_id = ?', team.id)
      const { email } = await joined(`ada-${seed}@${domain}`)
      const ctx = { ...(await plain.ctx()), ip: newAddress() }
      const random = seeded(seed)
      const {
        results: [result],
      } = await takeTurns<unknown>(random, [
        (db) => signIn({ ...ctx, db }, { identifier: email, password: PASSWORD }),
        async (db) => {
          // As long on its way as the sign-in is.
          for (let turns = random(12); turns > 0; turns -= 1) await db.run('select 1')
          await db.run(
            `insert into sso_policies (organization_id, required, allow_break_glass, updated_at) values ('${team.id}', 1, 1, 1)`,
          )
        },
      ])
      if (result?.status === 'rejected') {
        outcomes.add(result.reason.code)
        continue
      }
      const { opened } = (result as PromiseFulfilledResult<unknown>).value as {
        opened: { tokens: { refreshToken: string; accessToken: string } }
      }
      outcomes.add(decodeJwt(opened.tokens.accessToken).org_id === null ? 'in none' : 'in')
      expect([seed, orgOf(await refresh(opened.tokens.refreshToken))]).toEqual([seed, null])
    }
    expect([...outcomes].toSorted()).toEqual(expect.arrayContaining(['SSO_REQUIRED', 'in']))

    async function joined(email: string) {
      const user = await createAccount(app, { email, emailVerifiedAt: 1, status: 'active' })
      await enroll(app, team.id, user.id, 'member')
      return user
    }
  })
})

it('an address that nobody requires anything of signs in as ever', async () => {
  const enterprise = await openEnterprise(federation)
  const further = await giveDomain(enterprise.team)
  const ada = await enterprise.team.join('member', { email: `ada@${further}` })
  const signedIn = await enter(ada.user.email)
  expect([signedIn.status, orgOf(signedIn)]).toEqual([200, enterprise.team.id])
  expect(codeOf(await enter(newEmail()))).toEqual([401, 'INVALID_CREDENTIALS'])
  expect(await originsOf(ada.id)).toEqual([])
})

it('nobody changes to an address in the domain: a stranger would stand at it', async () => {
  const { domain } = await openRequiring()
  const stranger = await openPerson(app)
  const email = `into@${domain}`
  expect(
    codeOf(
      await answerOf(
        app.fetch('/api/v1/users/me', {
          method: 'PATCH',
          headers: { ...stranger.headers, 'content-type': 'application/json' },
          body: JSON.stringify({ email, current_password: PASSWORD }),
        }),
      ),
    ),
  ).toEqual(REQUIRED)
  await app.settled()
  expect(await acceptedMails(email, 'email_change')).toEqual([])
})
