import { describe, expect, it } from 'vitest'
import { runScheduled } from '../../../src/jobs.ts'
import { hashSecret } from '../../../src/lib/crypto.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { DAY } from '../../../src/lib/time.ts'
import { createTestApp, env } from '../../support/app.ts'
import { waitForMail, waitForMails } from '../../support/mail.ts'
import { createTeam, openPerson, type Team } from '../../support/organizations.ts'
import { newEmail } from '../../support/world.ts'
import { asStranger, codeOf, eventsAbout, expire, forgetSent, INVITATIONS, invite, run, tokenOf } from './support.ts'

const app = createTestApp()
const stranger = asStranger(app)
let team: Team | undefined

describe('POST /api/v1/invitations', () => {
  it('invites an address and mails it, with everything quoted in one line', async () => {
    const team = await createTeam(app)
    const before = Date.now()
    const email = newEmail()
    const made = await team.owner.call('POST', INVITATIONS, {
      organization_id: team.id,
      email: ` ${email.toUpperCase()} `.trim(),
      message: ' See you “there” ',
      permissions: ['docs:read', 'docs:read'],
    })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({
      organization_id: team.id,
      organization_name: `Team ${team.slug}`,
      email,
      role: 'member',
      permissions: ['docs:read'],
      status: 'pending',
      invited_by: team.owner.id,
      message: 'See you “there”',
      email_sent: true,
    })
    expect(Date.parse(made.body.expires_at) - before).toBeGreaterThanOrEqual(7 * 86_400_000)
    const mail = await waitForMail(app, email)
    expect(mail.subject).toBe(`Invitation to “Team ${team.slug}” at Postern`)
    expect(mail.text).toContain("They write: “See you 'there'”")
    expect(mail.text).toContain(`${team.owner.user.email} invites you`)
    expect(await eventsAbout(made.body.id)).toMatchObject([
      {
        type: 'invitation.created',
        user_id: null,
        organization_id: team.id,
        actor_id: team.owner.id,
        data: { role: 'member', permissions: ['docs:read'], expires_at: made.body.expires_at },
      },
    ])
  })

  it('is the same at every path', async () => {
    const team = await createTeam(app)
    const paths = [
      `${INVITATIONS}/organizations/${team.id}/invitations`,
      `/api/invitations/organizations/${team.id}/invitations`,
      '/api/invitations',
      `${team.path}/invites`,
    ]
    for (const path of paths) {
      const email = newEmail()
      const made = await team.owner.call('POST', path, { organization_id: team.id, email, role: 'viewer' })
      expect([path, made.status]).toEqual([path, 201])
      expect(made.body).toMatchObject({ organization_id: team.id, email, role: 'viewer', status: 'pending' })
    }
    const sent = await team.owner.call('POST', `${team.path}/invite`, { email: newEmail(), role: 'member' })
    expect(sent.status).toBe(201)
    expect(sent.body).toEqual({
      message: 'Invitation sent',
      invitation_id: expect.any(String),
      expires_at: expect.any(String),
      invite_url: expect.stringContaining('/invitations/accept?token=poi_'),
      email_sent: true,
    })
  })

  it("takes the caller's only organization where none is named, and none where there are two", async () => {
    const team = await createTeam(app)
    const made = await team.owner.call('POST', INVITATIONS, { email: newEmail() })
    expect(made.body.organization_id).toBe(team.id)
    const nobody = await openPerson(app)
    expect(codeOf(await nobody.call('POST', INVITATIONS, { email: newEmail() }))).toEqual([
      400,
      'ORGANIZATION_REQUIRED',
    ])
    expect(codeOf(await nobody.call('GET', INVITATIONS))).toEqual([400, 'ORGANIZATION_REQUIRED'])
  })

  it('is for admins, who give no more than they hold', async () => {
    const team = await createTeam(app)
    const [admin, member, other] = [await team.join('admin'), await team.join('member'), await openPerson(app)]
    const call = (by: typeof admin, fields: object = {}) =>
      by.call('POST', INVITATIONS, { organization_id: team.id, email: newEmail(), ...fields })
    expect(codeOf(await call(member))).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
    expect(codeOf(await call(other))).toEqual([403, 'NOT_A_MEMBER'])
    expect(codeOf(await call(admin, { organization_id: newUuid() }))).toEqual([403, 'NOT_A_MEMBER'])
    const asOwner = await call(admin, { role: 'owner' })
    expect(codeOf(asOwner)).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
    expect(asOwner.body.details).toEqual({ required_role: 'owner' })
    for (const permission of ['*', 'billing:read', 'org:*', '*:read', 'org:delete']) {
      const beyond = await call(admin, { permissions: ['org:read', permission] })
      expect([permission, ...codeOf(beyond)]).toEqual([permission, 403, 'INSUFFICIENT_PERMISSIONS'])
      expect(beyond.body.details).toEqual({ missing_permissions: [permission] })
    }
    expect((await call(admin, { role: 'admin', permissions: ['users:delete', 'users:*'] })).status).toBe(201)
    expect((await call(team.owner, { role: 'owner', permissions: ['*'] })).status).toBe(201)
  })

  it('counts what somebody holds by custom roles and grants of the organization, and not elsewhere', async () => {
    const team = await createTeam(app)
    const admin = await team.join('admin')
    const call = () =>
      admin.call('POST', INVITATIONS, { organization_id: team.id, email: newEmail(), permissions: ['docs:read'] })
    const grant = (scope: string) =>
      run(
        'insert into grants (scope, user_id, permission, granted_by, granted_at) values (?, ?, ?, ?, 1)',
        scope,
        admin.id,
        'docs:*',
        team.owner.id,
      )
    await grant('platform')
    expect(codeOf(await call())).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
    await grant(team.id)
    expect((await call()).status).toBe(201)
  })

  it('needs an author whose address is verified', async () => {
    const team = await createTeam(app)
    const admin = await team.join('admin', { emailVerifiedAt: undefined as never, status: 'pending' })
    const refused = await admin.call('POST', INVITATIONS, { organization_id: team.id, email: newEmail() })
    expect(codeOf(refused)).toEqual([403, 'VERIFIED_ADDRESS_REQUIRED'])
  })

  it('refuses a member and a second invitation; one that has expired is replaced', async () => {
    const team = await createTeam(app)
    const member = await team.join('viewer')
    const call = (email: string) => team.owner.call('POST', INVITATIONS, { organization_id: team.id, email })
    expect(codeOf(await call(member.user.email))).toEqual([409, 'ALREADY_MEMBER'])
    const { id, email } = await invite(team)
    expect(codeOf(await call(email))).toEqual([409, 'INVITATION_PENDING'])
    await expire(id)
    const again = await call(email)
    expect(again.status).toBe(201)
    expect((await stranger.call('GET', `${INVITATIONS}/${id}`)).body.status).toBe('expired')
    expect((await eventsAbout(id)).map(({ type }) => type)).toEqual(['invitation.created', 'invitation.expired'])
    // Another organization may invite the same address.
    expect((await invite(await createTeam(app), { email })).email).toBe(email)
  })

  it('lets one of racing invitations win', async () => {
    const team = await createTeam(app)
    const email = newEmail()
    const call = () => team.owner.call('POST', INVITATIONS, { organization_id: team.id, email })
    const all = await Promise.all([call(), call()])
    expect(all.map(({ status }) => status).sort()).toEqual([201, 409])
    await forgetSent(app, team, email)
    const late = await Promise.all([call(), call()])
    expect(late.map(({ status }) => status)).toEqual([409, 409])
  })

  it('tells nothing of somebody who was added by id and has not taken that up', async () => {
    const team = await createTeam(app)
    const ada = await openPerson(app)
    const added = await team.owner.call('POST', `${team.path}/members`, { user_id: ada.id })
    expect(added.body.status).toBe('pending')
    const [hers, nobodys] = [await invite(team, { email: ada.user.email }), await invite(team)]
    expect(Object.keys(hers.body)).toEqual(Object.keys(nobodys.body))
  })

  it('invites only into the domains that owners allow', async () => {
    const team = await createTeam(app)
    await team.owner.call('PUT', `${team.path}/settings`, { settings: { invitation_domains: ['example.com'] } })
    const call = (email: string) => team.owner.call('POST', INVITATIONS, { organization_id: team.id, email })
    for (const email of ['a@example.org', 'a@sub.example.com', 'a@example.com.evil.test', 'example.com@evil.test'])
      expect([email, ...codeOf(await call(email))]).toEqual([email, 422, 'DOMAIN_NOT_ALLOWED'])
    expect((await call(`${newUuid()}@EXAMPLE.com`)).status).toBe(201)
  })

  it.each([
    { email: 'nobody' },
    { email: 'a@example.test\r\nBcc: b@example.test' },
    { role: 'superuser' },
    { role: 'admin ' },
    { permissions: ['docs'] },
    { permissions: ['docs:read:others'] },
    { permissions: ['__proto__'] },
    { permissions: Array.from({ length: 20 }, (_, index) => `docs:${'a'.repeat(60)}${index}`) },
    { message: 'x'.repeat(501) },
    { message: 'two\nlines' },
    { message: 'see https://evil.test' },
    { message: 'see WWW.evil.test' },
    { message: 'javascript://x' },
    { message: 'sign in at evil.example/login' },
    { message: 'turned \u202e around' },
    { message: 'two\u2028lines' },
    { expires_in: 31 },
    { expires_in: 0 },
    { expires_in: 1.5 },
    { expires_in: '7' },
    { organization_id: 'no-uuid' },
  ])('answers 422 to %j', async (wrong) => {
    team ??= await createTeam(app)
    const good = { organization_id: team.id, email: newEmail() }
    expect(codeOf(await team.owner.call('POST', INVITATIONS, { ...good, ...wrong }))).toEqual([422, 'VALIDATION_ERROR'])
  })

  it('gives 20 permissions at most, of 1,024 bytes', async () => {
    const by = await createTeam(app)
    const permissions = Array.from({ length: 21 }, (_, index) => `docs:a${index}`)
    const call = (path: string, fields: object) =>
      by.owner.call('POST', `${INVITATIONS}${path}`, { organization_id: by.id, ...fields })
    for (const [path, to] of [
      ['', { email: newEmail() }],
      ['/bulk', { emails: [newEmail()] }],
    ] as const) {
      const refused = await call(path, { ...to, permissions })
      expect([path, ...codeOf(refused), refused.body.details.limit]).toEqual([path, 429, 'LIMIT_REACHED', 20])
    }
    const long = permissions.slice(1).map((one) => `${one}${'a'.repeat(50)}`)
    const large = await call('', { email: newEmail(), permissions: long })
    expect([...codeOf(large), large.body.details.limit]).toEqual([422, 'VALIDATION_ERROR', 1024])
    expect((await call('', { email: newEmail(), permissions: permissions.slice(1) })).status).toBe(201)
  })

  it('makes no link of names in its mail, and no header of them', async () => {
    const team = await createTeam(app)
    await run('update organizations set name = ? where id = ?', 'Win at https://evil.test” now', team.id)
    const admin = await team.join('admin', { displayName: 'Log in: evil.test/login' })
    const { email } = await invite(team, {}, admin)
    const mail = await waitForMail(app, email)
    expect(JSON.stringify(mail)).not.toMatch(/evil/)
    expect(mail.text).toContain(`“${team.slug}”`)
    await run('update organizations set name = ? where id = ?', 'A <b>“B”</b>\r\nBcc: x', team.id)
    const other = await invite(team, { message: '<i>hi</i>' }, admin)
    const second = await waitForMail(app, other.email)
    expect(second.subject).toContain("“A <b>'B'</b> Bcc: x”")
    expect(second.html).toContain('&lt;i&gt;hi&lt;/i&gt;')
    expect(second.html).not.toMatch(/<b>|<i>/)
  })

  it('works where no mail can be sent, and says so', async () => {
    const silent = createTestApp({ env: { MAIL_TRANSPORT: 'smtp' } })
    const team = await createTeam(silent)
    const { body } = await invite(team)
    expect(body).toMatchObject({ email_sent: false, status: 'pending', invite_url: expect.any(String) })
  })
})

describe('the limits of invitations', () => {
  it('are two an hour of an organization to an address, exactly: others may still invite it', async () => {
    const [team, other, { user }] = [await createTeam(app), await createTeam(app), await openPerson(app)]
    const { id, email } = user
    const add = () => team.owner.call('POST', `${team.path}/members`, { user_id: id })
    const invited = await invite(team, { email })
    const again = () => team.owner.call('POST', `${INVITATIONS}/${invited.id}/resend`)
    const all = await Promise.all([again(), add(), again(), add()])
    // The others are refused for their number, or because another was first.
    expect(all.filter(({ status }) => status < 300)).toHaveLength(1)
    const refused = await again()
    expect(refused.body).toMatchObject({ code: 'LIMIT_REACHED', details: { limit: 2, retry_after: 3600 } })
    expect(await waitForMails(app, email, 2)).toHaveLength(2)
    await invite(other, { email })
  })

  it('are twenty an hour to an address by all organizations, exactly, and the answer does not tell that others invite', async () => {
    const email = newEmail()
    const guard = (await app.ctx()).objects.guard(await hashSecret(email))
    for (let sent = 0; sent < 17; sent += 1)
      await guard.use({ subject: `invitations-to:${await hashSecret(email)}`, limit: 20, windowMs: 3_600_000 })
    const teams = await Promise.all(Array.from({ length: 5 }, () => createTeam(app)))
    const all = await Promise.all(
      teams.map((team) => team.owner.call('POST', INVITATIONS, { organization_id: team.id, email })),
    )
    expect(all.map(({ status }) => status).sort()).toEqual([201, 201, 201, 429, 429])
    const [blocked] = teams.filter((_, index) => all[index]?.status === 429)
    const ownLimit = await createTeam(app)
    const once = await invite(ownLimit)
    const resend = () => ownLimit.owner.call('POST', `${INVITATIONS}/${once.id}/resend`)
    await resend()
    const answers = [
      await resend(),
      await blocked?.owner.call('POST', INVITATIONS, { organization_id: blocked.id, email }),
    ]
    const [own, byAll] = answers.map((answer) => ({
      status: answer?.status,
      ...answer?.body.details,
      message: answer?.body.message,
    }))
    expect(byAll).toEqual(own)
    expect(byAll).toMatchObject({ status: 429, limit: 2, retry_after: 3600 })
  })

  it('are a hundred an hour by an author, whether in bulk or by adding members', async () => {
    const team = await createTeam(app)
    const [admin, ada] = [await team.join('admin'), await openPerson(app)]
    const guard = (await app.ctx()).objects.guard(admin.id)
    for (let sent = 0; sent < 96; sent += 1)
      await guard.use({ subject: `invitations-by:${admin.id}`, limit: 100, windowMs: 3_600_000 })
    const emails = Array.from({ length: 3 }, newEmail)
    const bulk = await admin.call('POST', `${INVITATIONS}/bulk`, { organization_id: team.id, emails })
    expect(bulk.body).toMatchObject({ total_sent: 3, total_failed: 0 })
    expect((await admin.call('POST', `${team.path}/members`, { user_id: ada.id })).status).toBe(201)
    const one = await admin.call('POST', INVITATIONS, { organization_id: team.id, email: newEmail() })
    expect(codeOf(one)).toEqual([429, 'LIMIT_REACHED'])
    expect(one.body.details.limit).toBe(100)
    const eve = await openPerson(app)
    expect((await admin.call('POST', `${team.path}/members`, { user_id: eve.id })).status).toBe(429)
    // The organization has 100 left, another admin too.
    const second = await team.join('admin')
    expect((await invite(team, {}, second)).body.status).toBe('pending')
    await app.settled()
  })

  it('are two hundred a day of an organization', async () => {
    const team = await createTeam(app)
    const guard = (await app.ctx()).objects.guard(team.id)
    for (let sent = 0; sent < 199; sent += 1)
      await guard.use({ subject: `invitations-of:${team.id}`, limit: 200, windowMs: 86_400_000 })
    const { email } = await invite(team)
    const refused = await team.owner.call('POST', INVITATIONS, { organization_id: team.id, email: newEmail() })
    expect(codeOf(refused)).toEqual([429, 'LIMIT_REACHED'])
    expect(refused.body.details.limit).toBe(200)
    // What is refused for another reason is not counted.
    expect((await team.owner.call('POST', INVITATIONS, { organization_id: team.id, email })).status).toBe(409)
  })

  it('are a thousand that are pending in an organization', async () => {
    const team = await createTeam(app)
    const end = Date.now() + 86_400_000
    const insert = (from: number, count: number) =>
      run(
        `with recursive n(i) as (select cast(? as integer) union all select i + 1 from n where i < ?)
         insert into invitations (id, organization_id, email, role, invited_by, created_at, updated_at, expires_at)
         select ? || i, ?, ? || i, 'member', ?, 1, 1, ? from n`,
        from,
        from + count - 1,
        `${team.id}-`,
        team.id,
        `${team.id}-`,
        team.owner.id,
        end,
      )
    await insert(0, 999)
    await invite(team)
    const refused = await team.owner.call('POST', INVITATIONS, { organization_id: team.id, email: newEmail() })
    expect(codeOf(refused)).toEqual([429, 'LIMIT_REACHED'])
    expect(refused.body.details).toEqual({ limit: 1000 })
    await run('update invitations set expires_at = 1 where id = ?', `${team.id}-0`)
    await invite(team)
  })
})

describe('POST /api/v1/invitations/bulk', () => {
  it('says of each address whether it was invited', async () => {
    const team = await createTeam(app)
    const member = await team.join('viewer')
    const [a, b] = [newEmail(), newEmail()]
    const body = { organization_id: team.id, emails: [a, b, member.user.email, a.toUpperCase()], role: 'viewer' }
    const bulk = await team.owner.call('POST', '/api/invitations/bulk', body)
    expect(bulk.status).toBe(200)
    expect(bulk.body).toMatchObject({ total_sent: 2, total_failed: 2 })
    expect(bulk.body.successful.map(({ email }: { email: string }) => email).sort()).toEqual([a, b].sort())
    expect(bulk.body.failed.map(({ code }: { code: string }) => code).sort()).toEqual([
      'ALREADY_MEMBER',
      'INVITATION_PENDING',
    ])
  })

  it('refuses as a whole what concerns all, and a hundred and one', async () => {
    const team = await createTeam(app)
    const [admin, member] = [await team.join('admin'), await team.join('member')]
    const call = (by: typeof admin, fields: object) =>
      by.call('POST', `${INVITATIONS}/bulk`, { organization_id: team.id, emails: [newEmail()], ...fields })
    expect((await call(member, {})).status).toBe(403)
    expect((await call(admin, { role: 'owner' })).status).toBe(403)
    expect((await call(admin, { emails: [] })).status).toBe(422)
    expect((await call(admin, { emails: Array.from({ length: 101 }, newEmail) })).status).toBe(422)
    const wrong = await call(admin, { emails: [newEmail(), 'nobody'] })
    expect([wrong.status, wrong.body.details.validation_errors[0].field]).toEqual([422, 'body.emails.1'])
  })
})

describe('GET of invitations', () => {
  it('lists them with their counts, newest first', async () => {
    const team = await createTeam(app)
    const all = [await invite(team), await invite(team), await invite(team), await invite(team)]
    const [pending, expired, revoked, accepted] = all
    await expire(expired?.id ?? '')
    await team.owner.call('DELETE', `${INVITATIONS}/${revoked?.id}`)
    await run("update invitations set status = 'accepted' where id = ?", accepted?.id)
    const list = await team.owner.call('GET', `${INVITATIONS}?organization_id=${team.id}`)
    expect(list.body).toMatchObject({ total: 4, pending_count: 1, accepted_count: 1, expired_count: 1 })
    const stateOf = Object.fromEntries(
      list.body.invitations.map((one: { id: string; status: string }) => [one.id, one.status]),
    )
    expect(all.map(({ id }) => stateOf[id])).toEqual(['pending', 'expired', 'revoked', 'accepted'])
    const nested = `/api/invitations/organizations/${team.id}/invitations`
    for (const [status, one] of Object.entries({ pending, expired, revoked, accepted })) {
      const { body } = await team.owner.call('GET', `${nested}?status=${status}`)
      expect([body.total, body.invitations[0].id]).toEqual([1, one?.id])
    }
    const found = await team.owner.call('GET', `${nested}?email=${encodeURIComponent(pending?.email ?? '')}`)
    expect(found.body.invitations).toMatchObject([{ id: pending?.id }])
    const page = await team.owner.call('GET', `${nested}?skip=1&limit=2`)
    expect(page.body.invitations).toHaveLength(2)
    expect((await team.owner.call('GET', `${nested}?limit=1001`)).status).toBe(422)
    expect((await team.owner.call('GET', `${nested}?status=lost`)).status).toBe(422)
    const array = await team.owner.call('GET', `${team.path}/invitations`)
    expect(array.body.map(({ id }: { id: string }) => id).toSorted()).toEqual(
      [pending, expired, accepted].map((one) => one?.id).toSorted(),
    )
    expect((await team.owner.call('GET', `${team.path}/invites?status=pending`)).body).toMatchObject({
      invites: [{ id: pending?.id }],
      total: 1,
    })
  })

  it('is for admins of the organization', async () => {
    const [team, other] = [await createTeam(app), await createTeam(app)]
    const member = await team.join('member')
    const paths = [
      `${INVITATIONS}?organization_id=${team.id}`,
      `${INVITATIONS}/organizations/${team.id}/invitations`,
      `${team.path}/invitations`,
      `${team.path}/invites`,
    ]
    for (const path of paths) {
      expect([path, ...codeOf(await member.call('GET', path))]).toEqual([path, 403, 'INSUFFICIENT_PERMISSIONS'])
      expect([path, ...codeOf(await other.owner.call('GET', path))]).toEqual([path, 403, 'NOT_A_MEMBER'])
      expect([path, (await stranger.call('GET', path)).status]).toEqual([path, 401])
    }
  })

  it('shows one to whoever knows its id, and its link to those who could send it', async () => {
    const [team, other] = [await createTeam(app), await createTeam(app)]
    const [admin, member] = [await team.join('admin'), await team.join('member')]
    const asMember = await invite(team)
    const asOwner = await invite(team, { role: 'owner' })
    const withRights = await invite(team, { permissions: ['billing:read'] })
    const linkFor = async (by: { call: typeof admin.call }, id: string) =>
      (await by.call('GET', `${INVITATIONS}/${id}`)).body.invite_url
    for (const { id, body } of [asMember, asOwner, withRights]) {
      expect(await linkFor(stranger, id)).toBeNull()
      expect(await linkFor(member, id)).toBeNull()
      expect(await linkFor(other.owner, id)).toBeNull()
      expect(await linkFor(team.owner, id)).toBe(body.invite_url)
    }
    expect(await linkFor(admin, asMember.id)).toBe(asMember.body.invite_url)
    expect(await linkFor(admin, asOwner.id)).toBeNull()
    expect(await linkFor(admin, withRights.id)).toBeNull()
    const listed = await admin.call('GET', `${team.path}/invitations`)
    const links = Object.fromEntries(
      listed.body.map((one: { id: string; invite_url: string }) => [one.id, one.invite_url]),
    )
    expect([links[asMember.id], links[asOwner.id]]).toEqual([asMember.body.invite_url, null])
    expect(codeOf(await stranger.call('GET', `${INVITATIONS}/${newUuid()}`))).toEqual([404, 'INVITATION_NOT_FOUND'])
    expect((await stranger.call('GET', `${INVITATIONS}/no-uuid`)).status).toBe(400)
    expect((await stranger.call('GET', `/api/invitations/invitations/${asMember.id}`)).body.id).toBe(asMember.id)
  })

  it('is gone with its organization', async () => {
    const team = await createTeam(app)
    const { id, urlToken } = await invite(team)
    await team.owner.call('DELETE', team.path)
    expect((await stranger.call('GET', `${INVITATIONS}/${id}`)).status).toBe(404)
    expect((await stranger.call('GET', `${INVITATIONS}/validate/${urlToken}`)).body).toMatchObject({
      valid: false,
      reason: 'invalid',
      email: null,
    })
  })
})

describe('GET /api/v1/invitations/validate/{token}', () => {
  it('says what a token is worth, and changes nothing', async () => {
    const team = await createTeam(app)
    const { id, email, urlToken } = await invite(team, { message: 'Come' })
    const check = async (token = urlToken) => (await stranger.call('GET', `${INVITATIONS}/validate/${token}`)).body
    expect(await check()).toEqual({
      valid: true,
      reason: null,
      email,
      organization_id: team.id,
      organization_name: `Team ${team.slug}`,
      role: 'member',
      expires_at: expect.any(String),
      message: 'Come',
    })
    expect(await check()).toMatchObject({ valid: true })
    const flipped = urlToken.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
    for (const token of ['x', 'poi_', 'pot_x', `${urlToken}.`, '%00'])
      expect((await stranger.call('GET', `${INVITATIONS}/validate/${token}`)).status).toBe(400)
    for (const token of [flipped, `${urlToken}A`, urlToken.slice(0, -1), 'poi_x'])
      expect(await check(token)).toMatchObject({ valid: false, reason: 'invalid', email: null, organization_id: null })
    await team.owner.call('POST', `${INVITATIONS}/${id}/resend`)
    expect(await check()).toMatchObject({ valid: false, reason: 'superseded' })
    await expire(id)
    expect(await check()).toMatchObject({ valid: false, reason: 'expired' })
  })

  it('knows tokens of the secret before, and none of another', async () => {
    const before = 'the-secret-of-before-that-is-long-enough'
    const old = createTestApp({ env: { ROOT_SECRET: before } })
    const team = await createTeam(app)
    const { id } = await invite(team)
    const ctx = await old.ctx()
    const { invitationLinks } = await import('../../../src/features/invitations/service/sending.ts')
    const token = tokenOf((await invitationLinks(ctx))({ id, counter: 1 }, 'mail'))
    const check = async (on: typeof app) =>
      (await asStranger(on).call('GET', `${INVITATIONS}/validate/${token}`)).body.valid
    expect(await check(app)).toBe(false)
    expect(await check(createTestApp({ env: { ROOT_SECRET_PREVIOUS: before } }))).toBe(true)
  })
})

describe('DELETE of an invitation', () => {
  it('revokes it: its tokens are void', async () => {
    const team = await createTeam(app)
    const admin = await team.join('admin')
    const { id, urlToken } = await invite(team)
    const revoked = await admin.call('DELETE', `${INVITATIONS}/${id}`)
    expect(revoked.body).toEqual({ success: true, message: 'Invitation revoked', data: null })
    expect(codeOf(await admin.call('DELETE', `${INVITATIONS}/${id}`))).toEqual([400, 'INVITATION_NOT_PENDING'])
    expect((await stranger.call('GET', `${INVITATIONS}/validate/${urlToken}`)).body.reason).toBe('revoked')
    expect((await eventsAbout(id)).at(-1)).toMatchObject({
      type: 'invitation.revoked',
      user_id: null,
      data: { role: 'member', reason: 'revoked' },
    })
    for (const path of ['/api/invitations/invitations', `${team.path}/invitations`, `${team.path}/invites`]) {
      const other = await invite(team)
      expect((await admin.call('DELETE', `${path}/${other.id}`)).body).toMatchObject({ success: true })
    }
  })

  it('is for those who could send it; to strangers there is none', async () => {
    const [team, other] = [await createTeam(app), await createTeam(app)]
    const [admin, member] = [await team.join('admin'), await team.join('member')]
    const { id } = await invite(team, { role: 'owner' })
    const flat = `${INVITATIONS}/${id}`
    expect(codeOf(await admin.call('DELETE', flat))).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
    expect(codeOf(await member.call('DELETE', flat))).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
    for (const [by, path] of [
      [other.owner, flat],
      [other.owner, `${other.path}/invitations/${id}`],
      [other.owner, `${INVITATIONS}/${newUuid()}`],
    ] as const)
      expect(codeOf(await by.call('DELETE', path))).toEqual([404, 'INVITATION_NOT_FOUND'])
    expect((await stranger.call('DELETE', flat)).status).toBe(401)
    expect((await team.owner.call('DELETE', flat)).status).toBe(200)
  })
})

describe('POST of a resend', () => {
  it('mails it again, with new links', async () => {
    const team = await createTeam(app)
    const admin = await team.join('admin')
    const { id, email, urlToken } = await invite(team, { expires_in: 1 })
    const first = tokenOf((await waitForMail(app, email)).text.match(/https?:\S+/)?.[0] ?? '')
    const resent = await admin.call('POST', `${INVITATIONS}/${id}/resend`, {})
    expect(resent.body).toMatchObject({ id, email_sent: true, invited_by: team.owner.id })
    expect(Date.parse(resent.body.expires_at)).toBeGreaterThan(Date.now() + 6 * 86_400_000)
    await waitForMails(app, email, 2)
    for (const token of [first, urlToken])
      expect(codeOf(await stranger.call('POST', `${INVITATIONS}/accept`, { token }))).toEqual([400, 'INVALID_TOKEN'])
    const now = tokenOf(resent.body.invite_url)
    expect((await stranger.call('GET', `${INVITATIONS}/validate/${now}`)).body.valid).toBe(true)
    expect((await eventsAbout(id)).map(({ type }) => type)).toEqual(['invitation.created', 'invitation.resent'])
    await forgetSent(app, team, email)
    const sdk = await admin.call('POST', `${team.path}/invites/${id}/resend`)
    expect(sdk.body).toMatchObject({ success: true, invite: { id } })
    expect((await admin.call('POST', `/api/invitations/invitations/${id}/resend`)).status).toBe(200)
  })

  it('is refused for one that is not pending, and beyond the limit of the address', async () => {
    const team = await createTeam(app)
    const { id } = await invite(team)
    const resend = () => team.owner.call('POST', `${INVITATIONS}/${id}/resend`)
    expect((await resend()).status).toBe(200)
    expect(codeOf(await resend())).toEqual([429, 'LIMIT_REACHED'])
    await expire(id)
    const expired = await resend()
    expect(codeOf(expired)).toEqual([400, 'INVITATION_NOT_PENDING'])
    expect(expired.body.details).toEqual({ status: 'expired' })
  })

  it('happens once for each racing call, or not at all', async () => {
    const team = await createTeam(app)
    const { id, email } = await invite(team)
    await forgetSent(app, team, email)
    const all = await Promise.all([1, 2].map(() => team.owner.call('POST', `${INVITATIONS}/${id}/resend`)))
    const sent = all.filter(({ status }) => status === 200).length
    expect(all.filter(({ status }) => status === 409)).toHaveLength(2 - sent)
    const row = await env.DB.prepare('select counter from invitations where id = ?')
      .bind(id)
      .first<{ counter: number }>()
    expect(row?.counter).toBe(1 + sent)
  })
})

describe('PATCH of an invitation', () => {
  it('changes role, message and expiry; its links stay good', async () => {
    const team = await createTeam(app)
    const admin = await team.join('admin')
    const { id, urlToken } = await invite(team, { message: 'Come' })
    const changed = await admin.call('PATCH', `${INVITATIONS}/${id}`, { role: 'viewer', message: null, expires_in: 2 })
    expect(changed.body).toMatchObject({ role: 'viewer', message: null, invited_by: team.owner.id })
    const raised = await admin.call('PATCH', `/api/invitations/${id}`, { role: 'admin' })
    expect(raised.body).toMatchObject({ role: 'admin', invited_by: admin.id })
    expect((await stranger.call('GET', `${INVITATIONS}/validate/${urlToken}`)).body).toMatchObject({
      valid: true,
      role: 'admin',
    })
    const [, first, second] = await eventsAbout(id)
    const expiry = { expires_at: expect.any(String) }
    expect(first?.data).toEqual({
      before: { role: 'member', ...expiry },
      after: { role: 'viewer', ...expiry },
      message_changed: true,
    })
    expect(second).toMatchObject({ type: 'invitation.updated', data: { message_changed: false } })
  })

  it('raises nothing above the rank of who asks', async () => {
    const team = await createTeam(app)
    const [admin, member] = [await team.join('admin'), await team.join('member')]
    const { id } = await invite(team)
    const owners = await invite(team, { role: 'owner' })
    const rights = await invite(team, { permissions: ['billing:read'] })
    expect((await admin.call('PATCH', `${INVITATIONS}/${id}`, { role: 'owner' })).status).toBe(403)
    expect((await admin.call('PATCH', `${INVITATIONS}/${owners.id}`, { role: 'viewer' })).status).toBe(403)
    expect((await admin.call('PATCH', `${INVITATIONS}/${rights.id}`, { message: 'x' })).status).toBe(403)
    expect((await member.call('PATCH', `${INVITATIONS}/${id}`, { message: 'x' })).status).toBe(403)
    for (const wrong of [{ role: 'x' }, { expires_in: 31 }, { message: 'http://x' }])
      expect((await admin.call('PATCH', `${INVITATIONS}/${id}`, wrong)).status).toBe(422)
    await expire(id)
    expect(codeOf(await admin.call('PATCH', `${INVITATIONS}/${id}`, { message: 'x' }))).toEqual([
      400,
      'INVITATION_NOT_PENDING',
    ])
  })
})

describe('POST /api/v1/invitations/cleanup', () => {
  it('marks what has expired, each with its event; for admins of the platform', async () => {
    const team = await createTeam(app)
    const admin = await openPerson(app, { role: 'admin' })
    const [one, two, good] = [await invite(team), await invite(team), await invite(team)]
    await Promise.all([expire(one.id), expire(two.id)])
    expect((await team.owner.call('POST', `${INVITATIONS}/cleanup`)).status).toBe(403)
    const both = await Promise.all([1, 2].map(() => admin.call('POST', `${INVITATIONS}/cleanup`, {})))
    const marked = both.reduce((sum, { body }) => sum + body.count, 0)
    expect(marked).toBeGreaterThanOrEqual(2)
    for (const { id } of [one, two]) {
      const expired = (await eventsAbout(id)).filter(({ type }) => type === 'invitation.expired')
      expect(expired).toMatchObject([{ organization_id: team.id, data: { role: 'member' } }])
    }
    expect((await stranger.call('GET', `${INVITATIONS}/${good.id}`)).body.status).toBe('pending')
  })
})

describe('invitations that have ended', () => {
  it('are deleted by cron after 90 days, whatever ended them; pending ones never', async () => {
    const team = await createTeam(app)
    const statuses = ['accepted', 'revoked', 'expired', 'pending'] as const
    const madeOf = async (age: number) => {
      const ids = []
      for (const status of statuses) {
        const { id } = await invite(team)
        await run('update invitations set status = ?, updated_at = ? where id = ?', status, Date.now() - age, id)
        ids.push(id)
      }
      return ids
    }
    const [young, old] = [await madeOf(89 * DAY), await madeOf(90 * DAY)]
    await runScheduled(await app.ctx())
    const { results } = await env.DB.prepare('select id from invitations where organization_id = ?')
      .bind(team.id)
      .all<{ id: string }>()
    expect(new Set(results.map(({ id }) => id))).toEqual(new Set([...young, old[3]]))
    expect((await stranger.call('GET', `${INVITATIONS}/${old[0]}`)).body.code).toBe('INVITATION_NOT_FOUND')
    // The record keeps what happened.
    expect(await eventsAbout(old[0] ?? '')).toMatchObject([{ type: 'invitation.created' }])
  })

  it('is kept from its expiry on, which cron marks first', async () => {
    const team = await createTeam(app)
    const { id } = await invite(team)
    await run('update invitations set updated_at = 1, expires_at = 1 where id = ?', id)
    await runScheduled(await app.ctx())
    expect((await stranger.call('GET', `${INVITATIONS}/${id}`)).body.status).toBe('expired')
  })
})
