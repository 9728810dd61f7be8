import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env, type TestApp } from '../../support/app.ts'
import { withMethods } from '../../support/objects.ts'
import { createTeam, enroll, openPerson, type Person, type Team } from '../../support/organizations.ts'
import { newEmail, PASSWORD } from '../../support/world.ts'
import {
  asStranger,
  codeOf,
  eventsAbout,
  expire,
  forgetSent,
  INVITATIONS,
  type Invited,
  invite,
  mailedToken,
  run,
} from './support.ts'

const app = createTestApp()
const hidden = createTestApp({ env: { HIDE_ACCOUNT_EXISTENCE: 'true' } })
const stranger = asStranger(app)
const ACCEPT = `${INVITATIONS}/accept`
const UNVERIFIED = { emailVerifiedAt: undefined as never, status: 'pending' } as const

const userOf = (email: string) =>
  env.DB.prepare('select * from users where email = ?').bind(email).first<Record<string, unknown>>()

const roleIn = async (team: Team, email: string): Promise<unknown> => {
  const { body } = await team.owner.call('GET', `${team.path}/members`)
  return body.find((member: { email: string }) => member.email === email)?.role
}

type Holding = 'nothing' | 'url' | 'mail'

async function tokenFor(on: TestApp, invited: Invited, holding: Holding): Promise<string | undefined> {
  if (holding === 'nothing') return undefined
  return holding === 'url' ? invited.urlToken : mailedToken(on, invited.email)
}

const byId = ({ id }: Invited) => `${INVITATIONS}/${id}/accept`

describe('who accepts', () => {
  it.each(['nothing', 'url', 'mail'] as const)('the invited address, verified, with %s', async (holding) => {
    const team = await createTeam(app)
    const ada = await openPerson(app)
    const invited = await invite(team, { email: ada.user.email, role: 'admin' })
    const accepted = await ada.call('POST', byId(invited), { token: await tokenFor(app, invited, holding) })
    expect(accepted.status).toBe(200)
    expect(accepted.body).toMatchObject({
      success: true,
      message: 'Invitation accepted',
      user_id: ada.id,
      organization_id: team.id,
      is_new_user: false,
      organization: { id: team.id, slug: team.slug },
      member: { user_id: ada.id, role: 'admin', status: 'active', invited_by: team.owner.id },
    })
    expect(await roleIn(team, ada.user.email)).toBe('admin')
    expect((await eventsAbout(invited.id)).at(-1)).toMatchObject({
      type: 'invitation.accepted',
      user_id: ada.id,
      actor_id: ada.id,
      organization_id: team.id,
      data: { role: 'admin', is_new_user: false },
    })
    expect((await eventsAbout(ada.id)).at(-1)).toMatchObject({
      type: 'organization.member_added',
      data: { role: 'admin', status: 'active', invitation_id: invited.id },
    })
  })

  it.each([
    ['nothing', [403, 'EMAIL_NOT_VERIFIED'], false],
    ['url', [200, undefined], false],
    ['mail', [200, undefined], true],
  ] as const)('the invited address, not verified, with %s', async (holding, answer, verifies) => {
    const team = await createTeam(app)
    const ada = await openPerson(app, UNVERIFIED)
    const invited = await invite(team, { email: ada.user.email })
    const token = await tokenFor(app, invited, holding)
    expect(codeOf(await ada.call('POST', byId(invited), { token }))).toEqual(answer)
    const row = await userOf(ada.user.email)
    expect([row?.email_verified_at !== null, row?.status]).toEqual(verifies ? [true, 'active'] : [false, 'pending'])
    const types = (await eventsAbout(ada.id)).map(({ type }) => type)
    expect(types.includes('user.email_verified')).toBe(verifies)
    expect(await roleIn(team, ada.user.email)).toBe(answer[0] === 200 ? 'member' : undefined)
  })

  // Whoever made the account may be a stranger who waits for its address to be used (decision 0237).
  it.each([
    ['nothing', 403],
    ['mail', 200],
  ] as const)('the invited address, verified and not answered for, with %s', async (holding, status) => {
    const team = await createTeam(app)
    const ada = await openPerson(app)
    await run('update users set email_unanswered_since = 1 where id = ?', ada.id)
    const invited = await invite(team, { email: ada.user.email })
    const accepted = await ada.call('POST', byId(invited), { token: await tokenFor(app, invited, holding) })
    expect(accepted.status).toBe(status)
    expect((await userOf(ada.user.email))?.email_unanswered_since).toBe(status === 200 ? null : 1)
  })

  it.each(['nothing', 'url', 'mail'] as const)('nobody under another address, with %s', async (holding) => {
    const team = await createTeam(app)
    const eve = await openPerson(app)
    const invited = await invite(team)
    const refused = await eve.call('POST', byId(invited), { token: await tokenFor(app, invited, holding) })
    expect(codeOf(refused)).toEqual([403, 'INVITED_ADDRESS_DIFFERS'])
    // A password makes no account beside the one that is signed in.
    const withPassword = { token: await tokenFor(app, invited, holding), password: PASSWORD }
    expect(codeOf(await eve.call('POST', byId(invited), withPassword))).toEqual([403, 'INVITED_ADDRESS_DIFFERS'])
    expect(await userOf(invited.email)).toBeNull()
  })

  it('nobody without a token and without a session', async () => {
    const invited = await invite(await createTeam(app))
    for (const path of [byId(invited), ACCEPT, '/api/v1/organizations/invites/accept'])
      expect(codeOf(await stranger.call('POST', path, { password: PASSWORD }))).toEqual([401, 'UNAUTHORIZED'])
  })

  it.each(['url', 'mail'] as const)('a new account, with %s', async (holding) => {
    const team = await createTeam(app)
    const invited = await invite(team, { role: 'viewer', permissions: ['docs:read', 'docs:write'] })
    const token = await tokenFor(app, invited, holding)
    const missing = await stranger.call('POST', ACCEPT, { token, name: 'Ada' })
    expect([missing.status, missing.body.details.validation_errors[0].field]).toEqual([422, 'body.password'])
    expect(codeOf(await stranger.call('POST', ACCEPT, { token, password: 'password1234' }))).toEqual([
      400,
      'WEAK_PASSWORD',
    ])
    const accepted = await stranger.call('POST', ACCEPT, {
      token,
      name: 'Ada Lovelace',
      password: PASSWORD,
      user_id: team.owner.id,
    })
    expect(accepted.status).toBe(200)
    expect(accepted.body).toMatchObject({ is_new_user: true, organization_id: team.id, member: { role: 'viewer' } })
    expect('tokens' in accepted.body || 'access_token' in accepted.body).toBe(false)
    const row = await userOf(invited.email)
    expect(row).toMatchObject({
      id: accepted.body.user_id,
      display_name: 'Ada Lovelace',
      role: 'user',
      email_unanswered_since: null,
    })
    expect(row?.email_verified_at !== null).toBe(holding === 'mail')
    const signedIn = await stranger.call('POST', '/api/v1/auth/signin', { email: invited.email, password: PASSWORD })
    expect(signedIn.status).toBe(200)
    const members = (await team.owner.call('GET', `${team.path}/members`)).body
    expect(members.at(-1)).toMatchObject({
      email: invited.email,
      permissions: ['docs:read', 'docs:write'],
      status: 'active',
    })
    expect((await eventsAbout(accepted.body.user_id)).map(({ type }) => type).slice(0, 2)).toEqual([
      'user.created',
      'organization.member_added',
    ])
    expect((await eventsAbout(invited.id)).at(-1)?.data).toEqual({ role: 'viewer', is_new_user: true })
  })

  it.each([
    ['url', false],
    ['mail', true],
  ] as const)('a new account must verify its address where sign-ups must, with %s', async (holding, isVerified) => {
    const strict = createTestApp({ env: { REQUIRE_VERIFIED_EMAIL: 'true' } })
    const team = await createTeam(strict)
    const invited = await invite(team)
    const token = await tokenFor(strict, invited, holding)
    expect((await asStranger(strict).call('POST', ACCEPT, { token, password: PASSWORD })).status).toBe(200)
    expect((await userOf(invited.email))?.status).toBe(isVerified ? 'active' : 'pending')
    const signIn = { email: invited.email, password: PASSWORD }
    expect((await asStranger(strict).call('POST', '/api/v1/auth/signin', signIn)).status).toBe(isVerified ? 200 : 401)
  })

  it.each(['url', 'mail'] as const)(
    'nobody in the place of an account that the address has, with %s',
    async (holding) => {
      for (const fields of [{}, UNVERIFIED, { passwordHash: undefined as never }]) {
        const team = await createTeam(app)
        const ada = await openPerson(app, fields)
        const invited = await invite(team, { email: ada.user.email })
        const before = await userOf(ada.user.email)
        const token = await tokenFor(app, invited, holding)
        const refused = await stranger.call('POST', ACCEPT, { token, password: `${PASSWORD}-of-a-thief` })
        expect(codeOf(refused)).toEqual([403, 'SIGN_IN_REQUIRED'])
        expect(await userOf(ada.user.email)).toEqual(before)
      }
    },
  )

  it('nobody in the place of an account for which the address is reserved', async () => {
    const team = await createTeam(app)
    const invited = await invite(team)
    await run(
      'insert into former_addresses (id, user_id, email, replaced_by, changed_at, until) values (?, ?, ?, ?, 1, ?)',
      newUuid(),
      team.owner.id,
      invited.email,
      newEmail(),
      Date.now() + 60_000,
    )
    const token = await mailedToken(app, invited.email)
    expect(codeOf(await stranger.call('POST', ACCEPT, { token, password: PASSWORD }))).toEqual([
      403,
      'SIGN_IN_REQUIRED',
    ])
  })

  it('alike with the token of the link, whether the address has an account or not, where that is secret', async () => {
    const team = await createTeam(hidden)
    const ada = await openPerson(hidden)
    const [known, unknown] = [await invite(team, { email: ada.user.email }), await invite(team)]
    const accept = ({ urlToken: token }: Invited) =>
      asStranger(hidden).call('POST', ACCEPT, { token, password: PASSWORD })
    for (const invited of [known, unknown]) expect(codeOf(await accept(invited))).toEqual([403, 'SIGN_IN_REQUIRED'])
    // The mail's holder may know.
    const token = await mailedToken(hidden, unknown.email)
    expect((await asStranger(hidden).call('POST', ACCEPT, { token, password: PASSWORD })).status).toBe(200)
  })

  it('only proved addresses where an organization restricts its domains', async () => {
    const team = await createTeam(app)
    await team.owner.call('PUT', `${team.path}/settings`, { settings: { invitation_domains: ['example.test'] } })
    const [ada, eve] = [await openPerson(app), await openPerson(app, UNVERIFIED)]
    const [hers, theirs, free] = [
      await invite(team, { email: ada.user.email }),
      await invite(team, { email: eve.user.email }),
      await invite(team),
    ]
    expect(codeOf(await eve.call('POST', ACCEPT, { token: theirs.urlToken }))).toEqual([403, 'EMAIL_NOT_VERIFIED'])
    const anonymous = await stranger.call('POST', ACCEPT, { token: free.urlToken, password: PASSWORD })
    expect(codeOf(anonymous)).toEqual([403, 'EMAIL_NOT_VERIFIED'])
    expect((await ada.call('POST', ACCEPT, { token: hers.urlToken })).status).toBe(200)
    expect((await eve.call('POST', ACCEPT, { token: await mailedToken(app, theirs.email) })).status).toBe(200)
    await team.owner.call('PUT', `${team.path}/settings`, { settings: { invitation_domains: ['example.com'] } })
    const late = { token: await mailedToken(app, free.email), password: PASSWORD }
    expect(codeOf(await stranger.call('POST', ACCEPT, late))).toEqual([422, 'DOMAIN_NOT_ALLOWED'])
  })
})

describe('an acceptance', () => {
  it('is the same at every path', async () => {
    const team = await createTeam(app)
    const paths: ((invited: Invited) => [string, object])[] = [
      ({ urlToken }) => [ACCEPT, { token: urlToken }],
      ({ urlToken }) => ['/api/invitations/accept', { token: urlToken }],
      ({ id }) => [`/api/invitations/invitations/${id}/accept`, {}],
      ({ id }) => [`${INVITATIONS}/${id}/accept`, {}],
      ({ urlToken }) => [`/api/v1/organizations/invitations/${urlToken}/accept`, {}],
      ({ urlToken }) => ['/api/v1/organizations/invites/accept', { token: urlToken }],
    ]
    for (const pathOf of paths) {
      const ada = await openPerson(app)
      const [path, body] = pathOf(await invite(team, { email: ada.user.email }))
      const accepted = await ada.call('POST', path, body)
      expect([path, accepted.status, accepted.body.organization]).toEqual([
        path,
        200,
        { id: team.id, name: `Team ${team.slug}`, slug: team.slug },
      ])
    }
  })

  it('refuses tokens that are wrong, old or of another invitation', async () => {
    const team = await createTeam(app)
    const ada = await openPerson(app)
    const [hers, other] = [await invite(team, { email: ada.user.email }), await invite(team)]
    for (const token of ['x', `${hers.urlToken}A`, hers.urlToken.slice(0, -2), other.urlToken])
      expect(codeOf(await ada.call('POST', byId(hers), { token }))).toEqual([400, 'INVALID_TOKEN'])
    expect(codeOf(await ada.call('POST', ACCEPT, {}))).toEqual([422, 'VALIDATION_ERROR'])
    expect((await ada.call('POST', ACCEPT, { token: 'x'.repeat(513) })).status).toBe(422)
    expect((await ada.call('POST', `${INVITATIONS}/no-uuid/accept`)).status).toBe(400)
    expect(codeOf(await ada.call('POST', `${INVITATIONS}/${newUuid()}/accept`))).toEqual([404, 'INVITATION_NOT_FOUND'])
    const bad = { ...ada, headers: { authorization: 'Bearer nothing' } }
    const answer = await app.fetch(byId(hers), { method: 'POST', headers: bad.headers })
    expect(answer.status).toBe(401)
  })

  it('is of a pending invitation alone', async () => {
    const team = await createTeam(app)
    const ada = await openPerson(app)
    const invited = await invite(team, { email: ada.user.email })
    await expire(invited.id)
    const expired = await ada.call('POST', byId(invited))
    expect([...codeOf(expired), expired.body.details]).toEqual([400, 'INVITATION_NOT_PENDING', { status: 'expired' }])
    const again = await invite(team, { email: ada.user.email })
    await team.owner.call('DELETE', `${INVITATIONS}/${again.id}`)
    expect((await ada.call('POST', byId(again))).body.details).toEqual({ status: 'revoked' })
    await forgetSent(app, team, ada.user.email)
    const last = await invite(team, { email: ada.user.email })
    expect((await ada.call('POST', byId(last))).status).toBe(200)
    expect((await ada.call('POST', byId(last))).body.details).toEqual({ status: 'accepted' })
    await team.owner.call('DELETE', `${team.path}/members/${ada.id}`)
    // Not even once its member was removed.
    const replayed = await (await fresh(ada)).call('POST', byId(last))
    expect(codeOf(replayed)).toEqual([400, 'INVITATION_NOT_PENDING'])
    expect(await roleIn(team, ada.user.email)).toBeUndefined()
  })

  it('takes the place of a membership that was not taken up', async () => {
    const team = await createTeam(app)
    const ada = await openPerson(app)
    await team.owner.call('POST', `${team.path}/members`, { user_id: ada.id, role: 'viewer' })
    await run(
      'insert into grants (scope, user_id, permission, granted_by, granted_at) values (?, ?, ?, ?, 1)',
      team.id,
      ada.id,
      'docs:erase',
      team.owner.id,
    )
    const invited = await invite(team, { email: ada.user.email, role: 'member', permissions: ['docs:read'] })
    expect((await ada.call('POST', byId(invited))).status).toBe(200)
    const members = (await team.owner.call('GET', `${team.path}/members`)).body
    expect(members).toHaveLength(2)
    expect(members[1]).toMatchObject({ user_id: ada.id, role: 'member', status: 'active', permissions: ['docs:read'] })
    expect((await team.owner.call('GET', team.path)).body.member_count).toBe(2)
  })

  it('refuses whoever is a member already, and leaves the invitation', async () => {
    const team = await createTeam(app)
    const ada = await openPerson(app)
    const invited = await invite(team, { email: ada.user.email, role: 'owner' })
    await enroll(app, team.id, ada.id, 'viewer')
    expect(codeOf(await ada.call('POST', byId(invited)))).toEqual([409, 'ALREADY_MEMBER'])
    expect(await roleIn(team, ada.user.email)).toBe('viewer')
  })

  it('respects the limits of organizations and of users', async () => {
    const team = await createTeam(app)
    const ada = await openPerson(app)
    const invited = await invite(team, { email: ada.user.email })
    await run('update organizations set member_count = 10000 where id = ?', team.id)
    const full = await ada.call('POST', byId(invited))
    expect([...codeOf(full), full.body.details]).toEqual([429, 'LIMIT_REACHED', { limit: 10_000 }])
    await run('update organizations set member_count = 1 where id = ?', team.id)
    await run(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < 100)
       insert into memberships (id, organization_id, user_id, role, joined_at, taken_up_at)
       select ? || '-' || i, 'org-' || i, ?, 'viewer', 1, 1 from n`,
      ada.id,
      ada.id,
    )
    const busy = await ada.call('POST', byId(invited))
    expect([...codeOf(busy), busy.body.details]).toEqual([429, 'LIMIT_REACHED', { limit: 100 }])
  })

  it('is counted as a sign-up where it makes an account', async () => {
    const full = createTestApp({
      override: (ctx) => {
        const guard: typeof ctx.objects.guard = (subject) =>
          withMethods(ctx.objects.guard(subject), {
            use: async (input) =>
              input.subject.startsWith('sign-up:')
                ? { allowed: false, retryAfterMs: 1 }
                : ctx.objects.guard(subject).use(input),
          })
        return { ...ctx, objects: { ...ctx.objects, guard } }
      },
    })
    const { email, urlToken: token } = await invite(await createTeam(app))
    const refused = await asStranger(full).call('POST', ACCEPT, { token, password: PASSWORD })
    expect(codeOf(refused)).toEqual([429, 'RATE_LIMIT_EXCEEDED'])
    expect(await userOf(email)).toBeNull()
  })
})

describe('where sign-ups are closed', () => {
  const made = async (variables: Record<string, string>) => {
    const closed = createTestApp({ env: { SIGNUPS_ENABLED: 'false', ...variables } })
    const team = await createTeam(closed)
    const { urlToken: token } = await invite(team)
    return codeOf(await asStranger(closed).call('POST', ACCEPT, { token, password: PASSWORD }))
  }

  it('an invitation makes an account only where admins alone make organizations, or the setting says so', async () => {
    expect(await made({})).toEqual([403, 'SIGNUPS_DISABLED'])
    expect(await made({ INVITED_SIGNUPS: 'true' })).toEqual([200, undefined])
    expect(await made({ ORGANIZATIONS_CREATED_BY: 'admins' })).toEqual([200, undefined])
    expect(await made({ ORGANIZATIONS_CREATED_BY: 'admins', INVITED_SIGNUPS: 'false' })).toEqual([
      403,
      'SIGNUPS_DISABLED',
    ])
  })
})

/** The same person with a new session: a change of claims made the token stale. */
async function fresh(person: Person): Promise<Person> {
  const { body } = await person.call('POST', '/api/v1/auth/refresh', { refresh_token: person.refreshToken })
  return person.withToken(body.access_token)
}

describe('whoever invited', () => {
  it('takes the invitation along when they lose the right to it, in the same batch', async () => {
    const team = await createTeam(app)
    const admin = await team.join('admin')
    const [plain, rights, gone] = [
      await invite(team, {}, admin),
      await invite(team, { permissions: ['org:read'] }, admin),
      await invite(team, { role: 'admin' }, admin),
    ]
    const state = async ({ id }: Invited) => (await stranger.call('GET', `${INVITATIONS}/${id}`)).body.status
    await team.owner.call('PUT', `${team.path}/members/${admin.id}/role`, { role: 'member' })
    for (const one of [plain, rights, gone]) {
      expect(await state(one)).toBe('revoked')
      expect((await eventsAbout(one.id)).at(-1)).toMatchObject({
        type: 'invitation.revoked',
        user_id: null,
        actor_id: team.owner.id,
        organization_id: team.id,
        data: { reason: 'author_lost_right' },
      })
    }
  })

  it('keeps what they may still give: an owner who becomes an admin', async () => {
    const team = await createTeam(app)
    const owner = await team.join('owner')
    const [plain, rights, owners] = [
      await invite(team, { role: 'admin' }, owner),
      await invite(team, { permissions: ['org:read'] }, owner),
      await invite(team, { role: 'owner' }, owner),
    ]
    await team.owner.call('PUT', `${team.path}/members/${owner.id}/role`, { role: 'admin' })
    const state = async ({ id }: Invited) => (await stranger.call('GET', `${INVITATIONS}/${id}`)).body.status
    expect([await state(plain), await state(rights), await state(owners)]).toEqual(['pending', 'revoked', 'revoked'])
  })

  it.each([
    ['was removed', (team: Team, admin: Person) => team.owner.call('DELETE', `${team.path}/members/${admin.id}`)],
    ['has left', (team: Team, admin: Person) => admin.call('POST', `${team.path}/leave`)],
    ['is suspended', (_: Team, admin: Person) => run("update users set status = 'suspended' where id = ?", admin.id)],
    [
      'lost the rank behind our back',
      (team: Team, admin: Person) =>
        run("update memberships set role = 'member' where organization_id = ? and user_id = ?", team.id, admin.id),
    ],
  ] as const)('answers for nothing once they %s', async (_, change) => {
    const team = await createTeam(app)
    const [admin, ada] = [await team.join('admin'), await openPerson(app)]
    const [hers, free] = [await invite(team, { email: ada.user.email }, admin), await invite(team, {}, admin)]
    const token = await mailedToken(app, free.email)
    await change(team, admin)
    const refused = await ada.call('POST', byId(hers))
    expect([...codeOf(refused), refused.body.details]).toEqual([400, 'INVITATION_NOT_PENDING', { status: 'revoked' }])
    expect((await stranger.call('POST', ACCEPT, { token, password: PASSWORD })).status).toBe(400)
    expect(await userOf(free.email)).toBeNull()
    expect((await stranger.call('GET', `${INVITATIONS}/validate/${token}`)).body.reason).toBe('revoked')
  })

  it('no longer holds what the invitation gives', async () => {
    const team = await createTeam(app)
    const [admin, ada] = [await team.join('admin'), await openPerson(app)]
    const key = [team.id, admin.id] as const
    await run(
      "insert into grants (scope, user_id, permission, granted_by, granted_at) values (?, ?, 'docs:*', 'x', 1)",
      ...key,
    )
    const invited = await invite(team, { email: ada.user.email, permissions: ['docs:read'] }, admin)
    await run('delete from grants where scope = ? and user_id = ?', ...key)
    const refused = await ada.call('POST', byId(invited))
    expect([...codeOf(refused), refused.body.details]).toEqual([400, 'INVITATION_NOT_PENDING', { status: 'revoked' }])
  })

  it('was an admin of the platform, and is none any more', async () => {
    const team = await createTeam(app)
    const admin = await openPerson(app, { role: 'admin' })
    const ada = await openPerson(app)
    const invited = await invite(team, { email: ada.user.email, role: 'owner', permissions: ['*'] }, admin)
    await run("update users set role = 'user' where id = ?", admin.id)
    expect(codeOf(await ada.call('POST', byId(invited)))).toEqual([400, 'INVITATION_NOT_PENDING'])
    await run("update users set role = 'admin' where id = ?", admin.id)
    expect((await ada.call('POST', byId(invited))).status).toBe(200)
    expect(await roleIn(team, ada.user.email)).toBe('owner')
  })
})

describe('the author of an invitation', () => {
  const notificationsOf = async ({ id }: Person) =>
    (await eventsAbout(id)).filter(({ type }) => type === 'notification.created')

  it('is told in their language that it was accepted, in every way, without a name or an address', async () => {
    const team = await createTeam(app)
    const [admin, ada, bob] = [
      await team.join('admin', { locale: 'de' }),
      await openPerson(app),
      await openPerson(app, UNVERIFIED),
    ]
    const name = await team.owner.call('PATCH', team.path, { name: 'Engines "www.example.test"' })
    expect(name.status).toBe(200)
    const [first, second, third] = [
      await invite(team, { email: ada.user.email }, admin),
      await invite(team, { email: bob.user.email }, admin),
      await invite(team, {}, admin),
    ]
    expect((await ada.call('POST', byId(first))).status).toBe(200)
    const told = await notificationsOf(admin)
    expect(told).toMatchObject([
      {
        user_id: admin.id,
        actor_id: ada.id,
        organization_id: null,
        data: {
          kind: 'invitation_accepted',
          title: 'Ihre Einladung wurde angenommen',
          // A name that mail programs make a link of is not shown anywhere.
          message: `Jemand, den Sie eingeladen haben, ist jetzt Mitglied von „${team.slug}“.`,
        },
      },
    ])
    expect(JSON.stringify(told)).not.toContain(ada.user.email)
    expect((await bob.call('POST', byId(second), { token: await mailedToken(app, second.email) })).status).toBe(200)
    const made = await stranger.call('POST', ACCEPT, { token: third.urlToken, password: PASSWORD })
    expect(made.status).toBe(200)
    expect(await notificationsOf(admin)).toHaveLength(3)
    expect(await notificationsOf(team.owner)).toEqual([])
  })

  it('is told of one of racing acceptances, and of none that is refused', async () => {
    const team = await createTeam(app)
    const [ada, eve] = [await openPerson(app), await openPerson(app)]
    const invited = await invite(team, { email: ada.user.email })
    expect((await eve.call('POST', byId(invited))).status).toBe(403)
    expect(await notificationsOf(team.owner)).toEqual([])
    await Promise.all([ada.call('POST', byId(invited)), ada.call('POST', byId(invited))])
    expect(await notificationsOf(team.owner)).toHaveLength(1)
  })
})

describe('races', () => {
  it('let one of several acceptances win, with one membership', async () => {
    const team = await createTeam(app)
    const ada = await openPerson(app)
    const invited = await invite(team, { email: ada.user.email, permissions: ['docs:read'] })
    const all = await Promise.all([1, 2, 3].map(() => ada.call('POST', byId(invited))))
    expect(all.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1)
    for (const { status } of all) expect([200, 400, 409]).toContain(status)
    expect((await team.owner.call('GET', team.path)).body.member_count).toBe(2)
    expect((await eventsAbout(invited.id)).filter(({ type }) => type === 'invitation.accepted')).toHaveLength(1)
    expect((await eventsAbout(ada.id)).filter(({ type }) => type === 'organization.member_added')).toHaveLength(1)
  })

  it('make one account of several acceptances by strangers', async () => {
    const team = await createTeam(app)
    const { email, urlToken: token } = await invite(team)
    const accept = () => stranger.call('POST', ACCEPT, { token, password: PASSWORD })
    const all = await Promise.all([accept(), accept(), accept()])
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1)
    const { results } = await env.DB.prepare('select id from users where email = ?').bind(email).all()
    expect(results).toHaveLength(1)
    expect((await team.owner.call('GET', team.path)).body.member_count).toBe(2)
  })

  it('make no half of an account that somebody signs up at the same time', async () => {
    const team = await createTeam(app)
    const { id, email, urlToken: token } = await invite(team)
    const [accepted, signedUp] = await Promise.all([
      stranger.call('POST', ACCEPT, { token, password: PASSWORD }),
      stranger.call('POST', '/api/v1/auth/signup', { email, password: PASSWORD }),
    ])
    expect([accepted.status === 200, signedUp.status === 201].filter(Boolean)).toHaveLength(1)
    const { status } = (await stranger.call('GET', `${INVITATIONS}/${id}`)).body
    expect(status).toBe(accepted.status === 200 ? 'accepted' : 'pending')
  })

  it('accept or revoke, never both', async () => {
    for (let turn = 0; turn < 2; turn += 1) {
      const team = await createTeam(app)
      const ada = await openPerson(app)
      const invited = await invite(team, { email: ada.user.email })
      const [accepted, revoked] = await Promise.all([
        ada.call('POST', byId(invited)),
        team.owner.call('DELETE', `${INVITATIONS}/${invited.id}`),
      ])
      expect([accepted.status, revoked.status].filter((status) => status === 200)).toHaveLength(1)
      expect((await roleIn(team, ada.user.email)) !== undefined).toBe(accepted.status === 200)
    }
  })

  it('accept or resend: a token of before is good or void, and nobody enters twice', async () => {
    for (let turn = 0; turn < 2; turn += 1) {
      const team = await createTeam(app)
      const ada = await openPerson(app)
      const invited = await invite(team, { email: ada.user.email })
      const [accepted, resent] = await Promise.all([
        ada.call('POST', ACCEPT, { token: invited.urlToken }),
        team.owner.call('POST', `${INVITATIONS}/${invited.id}/resend`),
      ])
      expect([accepted.status, resent.status].filter((status) => status === 200)).toHaveLength(1)
    }
  })

  it('accept or remove the author: either before it, or not at all', async () => {
    for (let turn = 0; turn < 2; turn += 1) {
      const team = await createTeam(app)
      const [admin, ada] = [await team.join('admin'), await openPerson(app)]
      const invited = await invite(team, { email: ada.user.email }, admin)
      const [accepted, removed] = await Promise.all([
        ada.call('POST', byId(invited)),
        team.owner.call('DELETE', `${team.path}/members/${admin.id}`),
      ])
      expect(removed.status).toBe(200)
      const types = (await eventsAbout(invited.id)).map(({ type }) => type)
      expect(types.at(-1)).toBe(accepted.status === 200 ? 'invitation.accepted' : 'invitation.revoked')
      expect((await roleIn(team, ada.user.email)) !== undefined).toBe(accepted.status === 200)
    }
  })

  it('invite and be demoted: nothing is left that a member invited with', async () => {
    for (let turn = 0; turn < 2; turn += 1) {
      const team = await createTeam(app)
      const admin = await team.join('admin')
      const email = newEmail()
      await Promise.all([
        admin.call('POST', INVITATIONS, { organization_id: team.id, email }),
        team.owner.call('PUT', `${team.path}/members/${admin.id}/role`, { role: 'member' }),
      ])
      const { body } = await team.owner.call('GET', `${INVITATIONS}?organization_id=${team.id}&status=pending`)
      expect(body.total).toBe(0)
    }
  })
})

describe('erasure', () => {
  it('takes the invitations of an address, and those that its user made or accepted', async () => {
    const { eraseUser } = await import('../../../src/features/account/service/erasure.ts')
    const { USER_DATA } = await import('../../../src/user-data.ts')
    const team = await createTeam(app)
    const admin = await team.join('admin')
    const ada = await openPerson(app)
    const [made, accepted, waiting] = [
      await invite(team, {}, admin),
      await invite(team, { email: ada.user.email }),
      await invite(await createTeam(app), { email: ada.user.email }),
    ]
    await ada.call('POST', byId(accepted))
    await app.settled()
    for (const { id: userId } of [ada, admin])
      await eraseUser(await app.ctx(), { userId, actor: { type: 'system', id: 'test' }, userData: USER_DATA })
    const { results } = await env.DB.prepare('select id from invitations where id in (?, ?, ?)')
      .bind(made.id, accepted.id, waiting.id)
      .all()
    expect(results).toEqual([])
    const { results: record } = await env.DB.prepare('select type from events where instr(data, ?) > 0')
      .bind(ada.user.email)
      .all()
    expect(record).toEqual([])
  })
})
