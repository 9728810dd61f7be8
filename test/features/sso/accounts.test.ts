import { describe, expect, it } from 'vitest'
import { providerOf } from '../../../src/features/sso/service/provider.ts'
import { readPerson } from '../../../src/features/sso/service/read-person.ts'
import { findUser } from '../../../src/features/users/service/users.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { openPerson } from '../../support/organizations.ts'
import { createSettling, outcome, person, REFUSED, roleIn } from './settling.ts'
import { enrol } from './sign-in-support.ts'
import { ISSUER, rowsOf, run } from './support.ts'

const { app, ready, read, settle } = createSettling()

const usersWith = (email: string) => rowsOf('select id from users where email = ?', email)

describe('a person whom nobody has seen', () => {
  it('gets a verified account and a membership of the default role, once', async () => {
    const { team, domain, configuration } = await ready({ default_role: 'viewer' })
    const ada = person(`ada@${domain}`)
    const first = await settle(configuration, ada)
    expect(first).toMatchObject({ isNew: true, organizationId: team.id, user: { displayName: 'Ada' } })
    expect(first.user.emailVerifiedAt).not.toBeNull()
    expect(await roleIn(team, first.user.id)).toEqual(['viewer'])
    const again = await settle(configuration, ada)
    expect([again.isNew, again.user.id]).toEqual([false, first.user.id])
  })

  it('is one user also when five sign-ins come at once', async () => {
    const { team, domain, configuration } = await ready()
    const ada = person(`ada@${domain}`)
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => settle(configuration, ada)))
    const ids = new Set(all.flatMap((one) => (one.status === 'fulfilled' ? [one.value.user.id] : [])))
    expect(ids.size).toBe(1)
    const [user, ...others] = await usersWith(`ada@${domain}`)
    expect(others).toEqual([])
    expect(await roleIn(team, user?.id as string)).toEqual(['member'])
  })

  it('gets the highest role of their groups, never that of an owner', async () => {
    const mapping = [
      { group: 'Readers', role: 'viewer' },
      { group: 'Engineers', role: 'admin' },
    ]
    const { team, domain, configuration } = await ready({ role_mapping: mapping })
    const roleOf = async (groups: string[]) =>
      (await roleIn(team, (await settle(configuration, person(`${newUuid()}@${domain}`, { groups }))).user.id))[0]
    expect(await roleOf(['Readers'])).toBe('member')
    expect(await roleOf(['Readers', 'Engineers'])).toBe('admin')
    expect(await roleOf(['engineers', 'owner'])).toBe('member')
  })

  it.each([
    ['without an address', (_: string) => person(null)],
    ['with an address that is not verified', (domain: string) => person(`a@${domain}`, { isEmailVerified: false })],
    ['of another domain', () => person('ada@elsewhere.test')],
    ['of a subdomain', (domain: string) => person(`ada@sub.${domain}`)],
  ])('is refused %s', async (_, make) => {
    const { domain, configuration } = await ready()
    expect(await outcome(settle(configuration, make(domain)))).toBe(REFUSED)
  })

  it("is refused with an address of another organization's domain, and of one that was lost", async () => {
    const [one, other] = [await ready(), await ready()]
    expect(await outcome(settle(one.configuration, person(`ada@${other.domain}`)))).toBe(REFUSED)
    await run('update organization_domains set verified_at = null where domain = ?', one.domain)
    expect(await outcome(settle(one.configuration, person(`ada@${one.domain}`)))).toBe(REFUSED)
    expect(await usersWith(`ada@${one.domain}`)).toEqual([])
  })

  it('is refused outside allowed_domains', async () => {
    const { domain, configuration } = await ready({ allowed_domains: ['other.test'] })
    expect(await outcome(settle(configuration, person(`ada@${domain}`)))).toBe(REFUSED)
  })

  it('is no member, and gets no account, where that is off', async () => {
    const { domain, configuration } = await ready({ jit_provisioning: false })
    expect(await outcome(settle(configuration, person(`ada@${domain}`)))).toBe('NOT_A_MEMBER')
    expect(await usersWith(`ada@${domain}`)).toEqual([])
  })
})

describe('somebody with an account', () => {
  it('is linked by a confirmed address, and becomes a member', async () => {
    const { team, domain, configuration } = await ready()
    const known = await openPerson(app, { email: `ada@${domain}` })
    const ada = person(`ada@${domain}`)
    expect(await settle(configuration, ada)).toMatchObject({ isNew: false, user: { id: known.id } })
    expect(await roleIn(team, known.id)).toEqual(['member'])
    const linked = await rowsOf('select connection_id from identities where user_id = ?', known.id)
    expect(linked).toEqual([{ connection_id: configuration.id }])
  })

  it('keeps password and sessions where they have confirmed the address', async () => {
    const { domain, configuration } = await ready()
    const known = await openPerson(app, { email: `ada@${domain}` })
    await settle(configuration, person(`ada@${domain}`))
    expect(await rowsOf('select 1 from users where id = ? and password_hash is not null', known.id)).toHaveLength(1)
    const refresh = { refresh_token: known.refreshToken }
    expect((await known.call('POST', '/api/v1/auth/refresh', refresh)).status).toBe(200)
  })

  it('takes over an account that nobody has confirmed: password, factors, identities and sessions of its maker end', async () => {
    const { team, domain, configuration } = await ready()
    const email = `ada@${domain}`
    const planted = await openPerson(app, { email, emailVerifiedAt: undefined as never, status: 'pending' })
    await enrol(planted)
    await run(
      "insert into identities (id, user_id, provider, issuer, subject, created_at) values (?, ?, 'google', 'https://accounts.google.com', ?, 1)",
      ...[newUuid(), planted.id, newUuid()],
    )
    const ada = person(email)
    const [one, other] = await Promise.all([settle(configuration, ada), settle(configuration, ada)])
    expect([one, other].map(({ user, isNew }) => [user.id, isNew])).toEqual([
      [planted.id, false],
      [planted.id, false],
    ])
    const [row] = await rowsOf(
      'select password_hash, mfa_enabled, status, email_verified_at is not null as verified, auth_version from users where id = ?',
      planted.id,
    )
    expect(row).toEqual({ password_hash: null, mfa_enabled: 0, status: 'active', verified: 1, auth_version: 2 })
    expect([one.user.authVersion, other.user.authVersion]).toEqual([2, 2])
    expect(await rowsOf('select subject from identities where user_id = ?', planted.id)).toEqual([
      { subject: ada.subject },
    ])
    expect(await rowsOf('select 1 from totp_factors where user_id = ?', planted.id)).toEqual([])
    const refresh = { refresh_token: planted.refreshToken }
    expect((await planted.call('POST', '/api/v1/auth/refresh', refresh)).status).toBe(401)
    expect(await roleIn(team, planted.id)).toEqual(['member'])
    const events = await rowsOf<{ type: string }>('select type from events where user_id = ?', planted.id)
    const counted = ['user.email_verified', 'oauth.account.linked'].map(
      (type) => events.filter((event) => event.type === type).length,
    )
    expect(counted).toEqual([1, 1])
  })

  it('keeps the role that they have', async () => {
    const { team, domain, configuration } = await ready()
    const admin = await team.join('admin', { email: `ada@${domain}` })
    await settle(configuration, person(`ada@${domain}`))
    expect(await roleIn(team, admin.id)).toEqual(['admin'])
  })

  it.each([
    ['an admin of the platform', { role: 'admin' }],
    [
      'an admin of the platform who has not confirmed the account',
      { role: 'admin', emailVerifiedAt: undefined as never },
    ],
    [
      'a suspended account that nobody has confirmed',
      { status: 'suspended' as const, emailVerifiedAt: undefined as never },
    ],
    ['a suspended account', { status: 'suspended' as const }],
    ['a locked account', { status: 'locked' as const }],
  ])('is refused as %s, and not linked', async (_, fields) => {
    const { domain, configuration } = await ready()
    const { id } = await openPerson(app, { email: `ada@${domain}` })
    const column = { role: 'role', status: 'status', emailVerifiedAt: 'email_verified_at' } as const
    for (const [name, value] of Object.entries(fields))
      await run(`update users set ${column[name as keyof typeof column]} = ? where id = ?`, value ?? null, id)
    expect(await outcome(settle(configuration, person(`ada@${domain}`)))).toBe(REFUSED)
    expect(await rowsOf('select 1 from identities where user_id = ?', id)).toEqual([])
  })

  it('whose identity is known is refused once the address has left the domain, or the account is an admin', async () => {
    const { domain, configuration } = await ready()
    const ada = person(`ada@${domain}`)
    const { user } = await settle(configuration, ada)
    await run("update users set role = 'admin' where id = ?", user.id)
    expect(await outcome(settle(configuration, ada))).toBe(REFUSED)
    await run("update users set role = 'user', email = ? where id = ?", `${newUuid()}@elsewhere.test`, user.id)
    expect(await outcome(settle(configuration, ada))).toBe(REFUSED)
    // The provider says whatever its admins want.
    expect(await outcome(settle(configuration, { ...ada, email: `other@${domain}` }))).toBe(REFUSED)
  })

  it("is not reached by another connection that names this one's issuer and subject", async () => {
    const [one, other] = [await ready(), await ready()]
    const ada = person(`ada@${one.domain}`)
    const { user } = await settle(one.configuration, ada)
    expect(await outcome(settle(other.configuration, ada))).toBe(REFUSED)
    const made = await settle(other.configuration, { ...ada, email: `ada@${other.domain}` })
    expect(made.user.id).not.toBe(user.id)
  })

  it('who is an owner proves the connection by signing in, until it is another', async () => {
    const { team, domain, configuration } = await ready()
    await team.join('owner', { email: `ada@${domain}` })
    const proved = async () => (await read(team)).ownerSignedInAt
    await settle(configuration, person(`bob@${domain}`))
    expect(await proved()).toBeNull()
    await settle({ ...configuration, version: configuration.version - 1 }, person(`ada@${domain}`))
    expect(await proved()).toBeNull()
    await run('delete from identities where email = ?', `ada@${domain}`)
    await settle(configuration, person(`ada@${domain}`))
    expect(await proved()).not.toBeNull()
    expect((await team.owner.call('PUT', `${team.path}/sso-policy`, { required: true })).status).toBe(200)
  })

  it('who was removed becomes a member again, with a role of their groups alone', async () => {
    const { team, domain, configuration } = await ready()
    const admin = await team.join('admin', { email: `ada@${domain}` })
    await run('update memberships set removed_at = 1 where user_id = ?', admin.id)
    await settle(configuration, person(`ada@${domain}`))
    expect(await roleIn(team, admin.id)).toEqual(['member'])
    expect(await findUser(await app.ctx(), admin.id)).toBeDefined()
  })
})

describe('what a provider says', () => {
  const MAPPING = {
    email: 'mail',
    first_name: 'given_name',
    last_name: 'family_name',
    display_name: 'name',
    groups: 'groups',
  }
  const connection = { provider: 'oidc', issuer: ISSUER, trustSecondFactor: false } as const
  const say = (claims: Record<string, unknown>, changed: object = {}, userinfo: Record<string, unknown> = {}) =>
    readPerson({ ...connection, ...changed }, MAPPING, { claims: { sub: 's', ...claims }, userinfo })

  it('is read by the mapping, from userinfo before the ID token', () => {
    expect(
      say({ mail: 'old@engines.test', name: 'Ada', groups: ['a', 7, 'b'] }, {}, { mail: 'Ada@Engines.TEST' }),
    ).toEqual({
      issuer: ISSUER,
      subject: 's',
      email: 'ada@engines.test',
      isEmailVerified: true,
      speaksForEmail: true,
      label: 'Ada',
      profile: { displayName: 'Ada', firstName: undefined, lastName: undefined },
      groups: ['a', 'b'],
      hasSecondFactor: false,
    })
  })

  it.each([
    [{ mail: ['a@engines.test', 'b@engines.test'] }, null],
    [{ mail: 'not an address' }, null],
    [{ mail: 7 }, null],
    [{ email: 'ada@engines.test' }, null],
    [{ mail: 'a@engines.test' }, 'a@engines.test'],
  ])('%j has the address %j', (claims, email) => {
    expect(say(claims)?.email).toBe(email)
  })

  it.each([false, 'false'])('is of an unverified address with email_verified %j, wherever it stands', (value) => {
    expect(say({ mail: 'a@engines.test', email_verified: value })?.isEmailVerified).toBe(false)
    expect(say({ email_verified: true }, {}, { email_verified: value })?.isEmailVerified).toBe(false)
  })

  it.each([undefined, 'other.test', 7, ['engines.test']])('of Google with hd %j names nobody of engines.test', (hd) => {
    const google = { provider: 'google_workspace' }
    expect(say({ mail: 'a@engines.test', hd }, google)).toBeNull()
    expect(say({ mail: 'a@engines.test', hd: 'Engines.test' }, google)).not.toBeNull()
    // What userinfo says of it does not count.
    expect(say({ mail: 'a@engines.test' }, google, { hd: 'engines.test' })).toBeNull()
  })

  it('of a second factor counts where an owner trusts it', () => {
    expect(say({ amr: ['pwd', 'mfa'] })?.hasSecondFactor).toBe(false)
    expect(say({ amr: ['pwd', 'mfa'] }, { trustSecondFactor: true })?.hasSecondFactor).toBe(true)
    expect(say({ amr: ['pwd'] }, { trustSecondFactor: true })?.hasSecondFactor).toBe(false)
    expect(say({ amr: 'mfa' }, { trustSecondFactor: true })?.hasSecondFactor).toBe(false)
  })

  it('without a subject names nobody', () => {
    for (const sub of [undefined, '', 7, null]) expect(say({ sub, mail: 'a@engines.test' })).toBeNull()
  })

  it('is asked of the snapshot, with the secret by the way that the provider takes', async () => {
    const { configuration } = await ready()
    if (configuration.protocol !== 'openid') throw new Error('another protocol')
    const ctx = await app.ctx()
    const provider = await providerOf(ctx, configuration)
    expect(provider).toMatchObject({
      name: `sso:${configuration.id}`,
      issuer: ISSUER,
      endpoints: { authorization: `${ISSUER}/authorize`, token: `${ISSUER}/token`, keys: `${ISSUER}/keys` },
      promisesIssuer: false,
      algorithms: ['RS256'],
      authentication: { method: 'basic', secret: 'the-secret' },
    })
    const post = { ...configuration.metadata, token_endpoint_auth_methods_supported: ['client_secret_post'] }
    const other = await providerOf(ctx, { ...configuration, metadata: post })
    expect(other.authentication).toMatchObject({ method: 'post' })
  })
})
