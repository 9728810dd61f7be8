import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { endOtherSessionsOfPolicies } from '../../../src/features/sso/service/ending.ts'
import { MINUTE } from '../../../src/lib/time.ts'
import { json } from '../../support/app.ts'
import { createTeam, enroll, openPerson } from '../../support/organizations.ts'
import { CLIENTS } from '../../support/providers/clients.ts'
import { PASSWORD } from '../../support/users.ts'
import { answerChallenge, sessionsOf } from '../factors/totp/support.ts'
import { type Answer, answerOf, bearerOf, codeIn, exchange, setUser } from '../federation/support.ts'
import { askBySaml, OTHER_KEY, openSaml, returnBySaml, withAttribute } from './saml-support.ts'
import {
  askBySso,
  codeOfApp,
  createSso,
  type Enterprise,
  enrol,
  openEnterprise,
  originsOf,
  reasonsOf,
  requireSso,
  returnBySso,
} from './sign-in-support.ts'
import { rowsOf, run } from './support.ts'

// What holds of sign-ins through organizations' providers, whatever these speak.

const federation = createSso()
const { app } = federation

/** Whom a provider names. */
interface Who {
  readonly id?: string
  readonly email?: string
  readonly isVerified?: boolean
  readonly groups?: readonly string[]
  readonly hasTwoFactors?: boolean
  readonly displayName?: string
}

interface Opened extends Enterprise {
  /** Where the provider's answer leads a browser. */
  readonly comeBack: (who?: Who) => Promise<URL>
  /** What a program is told of it. */
  readonly ask: (who?: Who) => Promise<Answer>
  /** What may change while single sign-on is required. */
  readonly renewed: readonly Record<string, unknown>[]
}

interface Protocol {
  readonly open: (fields?: Record<string, unknown>) => Promise<Opened>
  /** Another provider's. */
  readonly moved: Record<string, unknown>
  /** What else nobody changes while single sign-on is required. */
  readonly kept: readonly Record<string, unknown>[]
}

const oidcPerson = ({ id = 'ada', isVerified = true, hasTwoFactors, groups, displayName, ...who }: Who) => ({
  ...who,
  sub: id,
  email_verified: isVerified,
  ...(displayName !== undefined && { name: displayName }),
  claims: { ...(groups && { groups: [...groups] }), ...(hasTwoFactors && { amr: ['pwd', 'mfa'] }) },
})

const openid: Protocol = {
  open: async (fields) => {
    const enterprise = await openEnterprise(federation, fields)
    return {
      ...enterprise,
      comeBack: (who = {}) => returnBySso(federation, enterprise, oidcPerson(who)),
      ask: (who = {}) => askBySso(federation, enterprise, oidcPerson(who)),
      renewed: [{ oidc_client_secret: CLIENTS.oidc.secret }],
    }
  },
  moved: { oidc_issuer: 'https://id.example.test', oidc_client_secret: CLIENTS.oidc.secret },
  kept: [{ oidc_client_id: 'another' }],
}

const CLASS = 'urn:oasis:names:tc:SAML:2.0:ac:classes:Password'
const samlSaid = (
  { domain }: Enterprise,
  { id = 'ada', email = `ada@${domain}`, isVerified = true, hasTwoFactors, groups, displayName }: Who,
) => ({
  name: id,
  email,
  edit: (xml: string) =>
    [
      ...(isVerified ? [] : [withAttribute('email_verified', 'no')]),
      ...(groups ? [withAttribute('groups', ...groups)] : []),
      ...(displayName === undefined ? [] : [withAttribute('displayName', displayName)]),
    ].reduce(
      (text, change) => change(text),
      hasTwoFactors ? xml.replace(CLASS, 'https://refeds.org/profile/mfa') : xml,
    ),
})

const saml: Protocol = {
  open: async (fields) => {
    const enterprise = await openSaml(federation, fields)
    const { certificate } = enterprise.key
    return {
      ...enterprise,
      comeBack: (who = {}) => returnBySaml(federation, enterprise, samlSaid(enterprise, who)),
      ask: (who = {}) => askBySaml(federation, enterprise, samlSaid(enterprise, who)),
      renewed: [
        { saml_certificate: [certificate, OTHER_KEY.certificate] },
        { saml_certificate: certificate, saml_slo_url: null, saml_sign_requests: true },
      ],
    }
  },
  moved: { saml_entity_id: 'https://id.example.test/entity' },
  kept: [
    { saml_sso_url: 'https://id.example.test/sso' },
    // All keys at once are another provider's; one beside the former is a provider that replaces its own.
    { saml_certificate: OTHER_KEY.certificate },
  ],
}

const REFUSED = { status: 401, code: 'SSO_AUTHENTICATION_ERROR' }
const membershipOf = async ({ team }: Enterprise, userId: string) =>
  (
    await rowsOf(
      'select role, mapped_role from memberships where organization_id = ? and user_id = ? and removed_at is null',
      ...[team.id, userId],
    )
  )[0]
const peopleOf = ({ id }: Enterprise) => rowsOf('select 1 from identities where connection_id = ?', id)
const orgIdOf = ({ access_token: token }: Answer) => decodeJwt(token).org_id

describe.each([
  ['OpenID Connect', openid],
  ['SAML', saml],
] as const)('by %s', (_, { open, moved, kept }) => {
  const signIn = async ({ comeBack }: Opened, who: Who = {}): Promise<Answer> =>
    answerOf(exchange(app, { code: codeIn(await comeBack(who)) }))
  const refresh = ({ refresh_token }: Answer) => answerOf(app.fetch('/api/v1/auth/refresh', json({ refresh_token })))
  const change = async (person: Answer, { id }: Enterprise, fields: object) =>
    answerOf(
      app.fetch(`/api/v1/sso/configurations/${id}`, {
        ...json(fields, bearerOf(person)),
        method: 'PUT',
      }),
    )

  it('the provider’s second factor stands in for two factors in its own organization, where an owner trusts it', async () => {
    const [trusting, other] = [await open({ trust_second_factor: true }), await open()]
    const elsewhere = await createTeam(app)
    const { team, domain } = trusting
    const ada = await team.join('member', { email: `ada@${domain}` })
    await enroll(app, elsewhere.id, ada.id, 'owner')
    const ids = [team.id, elsewhere.id, other.team.id]
    await run('update organizations set require_two_factors = 1 where id in (?, ?, ?)', ...ids)
    const enter = async (enterprise: Opened, who: Who) => {
      const signedIn = await signIn(enterprise, who)
      const at = async (id: string) =>
        (await app.fetch(`/api/v1/organizations/${id}`, { headers: bearerOf(signedIn) })).status
      const { org_id, amr, acr } = decodeJwt(signedIn.access_token)
      return [org_id, amr, acr, await at(enterprise.team.id), await at(elsewhere.id)]
    }
    expect(await enter(trusting, {})).toEqual([null, ['fed'], 'aal1', 403, 403])
    expect(await enter(trusting, { hasTwoFactors: true })).toEqual([team.id, ['fed'], 'aal1', 200, 403])
    expect((await enter(other, { hasTwoFactors: true })).slice(0, 4)).toEqual([null, ['fed'], 'aal1', 403])
    await enrol(ada)
    const owed = await trusting.ask({ hasTwoFactors: true })
    expect(owed).toHaveProperty('mfa_token')
    const signedIn = await answerOf(answerChallenge(app, owed.mfa_token, codeOfApp()))
    expect(decodeJwt(signedIn.access_token)).toMatchObject({ org_id: team.id, amr: ['fed', 'otp', 'mfa'] })
    expect(await originsOf(ada.id)).toContainEqual({
      session_id: decodeJwt(signedIn.access_token).sid,
      organization_id: team.id,
      connection_id: trusting.id,
    })
  })

  it('nobody is signed in whose account is closed, an admin’s of the platform or elsewhere, with a session or a code from before', async () => {
    const enterprise = await open()
    const known = await signIn(enterprise)
    const code = codeIn(await enterprise.comeBack())
    const states = [
      ["status = 'suspended'", 'account_closed'],
      ["status = 'locked'", 'account_closed'],
      ["status = 'deleted'", 'account_closed'],
      ["status = 'active', email = lower(hex(randomblob(8))) || '@elsewhere.test'", 'domain'],
      [`email = 'ada@${enterprise.domain}', role = 'admin'`, 'platform_admin'],
    ] as const
    for (const [set] of states) {
      await setUser(known.user.id, set)
      expect(await enterprise.ask()).toMatchObject(REFUSED)
    }
    expect(await enterprise.ask({ id: 'another' })).toMatchObject(REFUSED)
    const reasons = [...states.map(([, reason]) => reason), 'platform_admin']
    expect(await reasonsOf(federation, enterprise)).toEqual(reasons)
    await run('update users set claims_version = claims_version + 1 where id = ?', known.user.id)
    expect((await app.fetch('/api/v1/auth/refresh', json({ refresh_token: known.refresh_token }))).status).toBe(401)
    expect((await exchange(app, { code })).status).toBe(401)
  })

  it('an address counts in the organization’s own domains alone, unless the provider says that it is not verified', async () => {
    const [attacker, victim] = [await open(), await open()]
    const { domain, team } = victim
    const boss = await team.join('owner', { email: `boss@${domain}` })
    await signIn(victim, { email: boss.user.email })
    for (const id of ['ada', 'other']) expect(await attacker.ask({ id, email: boss.user.email })).toMatchObject(REFUSED)
    expect(await attacker.ask({ id: 'new', isVerified: false })).toMatchObject(REFUSED)
    expect(await reasonsOf(federation, attacker)).toEqual(['domain', 'domain', 'email_not_verified'])
    expect(await peopleOf(attacker)).toEqual([])
  })

  it('an account that nobody has confirmed is its holder’s from the first sign-in on', async () => {
    const enterprise = await open()
    const email = `ada@${enterprise.domain}`
    const planted = await openPerson(app, { email, emailVerifiedAt: undefined as never, status: 'pending' })
    const signedIn = await signIn(enterprise)
    expect(signedIn).toMatchObject({ status: 200, is_new_user: false, user: { id: planted.id } })
    const refreshed = await planted.call('POST', '/api/v1/auth/refresh', { refresh_token: planted.refreshToken })
    expect(refreshed.status).toBe(401)
    expect(await rowsOf('select password_hash from users where id = ?', planted.id)).toEqual([{ password_hash: null }])
  })

  it('names of 255 characters are stored, and longer ones refused', async () => {
    const enterprise = await open()
    expect(await signIn(enterprise, { id: 'x'.repeat(255) })).toMatchObject({ status: 200 })
    expect(await enterprise.ask({ id: 'x'.repeat(256) })).toMatchObject(REFUSED)
  })

  it('who is no member becomes none where that is off, and whom a directory has suspended stays so', async () => {
    const [off, on] = [await open({ jit_provisioning: false }), await open()]
    expect(await off.ask()).toMatchObject({ status: 403, code: 'NOT_A_MEMBER' })
    expect(await rowsOf('select 1 from users where email = ?', `ada@${off.domain}`)).toEqual([])
    const { user } = await signIn(on)
    await run('update memberships set suspended_at = 1, taken_up_at = null where user_id = ?', user.id)
    expect(await on.ask()).toMatchObject({ status: 403, code: 'NOT_A_MEMBER' })
  })

  it('groups give a role beside the one by hand at every sign-in, unless a directory does, and take it along', async () => {
    const enterprise = await open({ role_mapping: [{ group: 'Operators', role: 'admin' }], sync_profile: true })
    const { team, domain, id } = enterprise
    const ada = await team.join('viewer', { email: `ada@${domain}` })
    const roleAfter = async (who: Who) => {
      await signIn(enterprise, who)
      return membershipOf(enterprise, ada.id)
    }
    const [raised, byHand] = [
      { role: 'admin', mapped_role: 'admin' },
      { role: 'viewer', mapped_role: null },
    ]
    expect(await roleAfter({ groups: ['Others', 'Operators'], displayName: 'Ada King' })).toEqual(raised)
    await app.settled()
    expect(await rowsOf('select display_name from users where id = ?', ada.id)).toEqual([{ display_name: 'Ada King' }])
    await run('update organizations set directory_enabled = 1 where id = ?', team.id)
    expect(await roleAfter({ groups: [] })).toEqual(raised)
    await run('update organizations set directory_enabled = 0 where id = ?', team.id)
    expect(await roleAfter({ groups: ['Others'] })).toEqual(byHand)
    expect(await roleAfter({ groups: ['Operators'] })).toEqual(raised)
    const code = codeIn(await enterprise.comeBack({ groups: ['Operators'] }))
    expect((await team.owner.call('DELETE', `/api/v1/sso/configurations/${id}`)).status).toBe(200)
    expect([await membershipOf(enterprise, ada.id), await peopleOf(enterprise), await originsOf(ada.id)]).toEqual([
      byHand,
      [],
      [],
    ])
    expect(await answerOf(exchange(app, { code }))).toMatchObject({ status: 400, code: 'OAUTH_CODE_INVALID' })
  })

  it('it is required once an owner has signed in so, and refuses every other way; the provider stays who it is', async () => {
    const enterprise = await open()
    const { team, domain, id } = enterprise
    const owner = await team.join('owner', { email: `boss@${domain}` })
    const ada = await team.join('member', { email: `ada@${domain}` })
    const policy = (person: Answer, body: object) =>
      app.fetch(`/api/v1/organizations/${team.id}/sso-policy`, { ...json(body, bearerOf(person)), method: 'PUT' })
    const byPassword = await owner.call('PUT', `/api/v1/organizations/${team.id}/sso-policy`, { required: true })
    expect(byPassword.status).toBe(409)
    const before = await signIn(enterprise, { id: 'boss', email: `boss@${domain}` })
    const member = await signIn(enterprise)
    expect((await policy(before, { required: true, end_sessions: true })).status).toBe(200)
    const entered = await app.fetch('/api/v1/auth/signin', json({ email: `ada@${domain}`, password: PASSWORD }))
    expect(await answerOf(entered)).toMatchObject({ status: 403, code: 'SSO_REQUIRED' })
    const opened = (await sessionsOf(app, ada.id)).length
    await endOtherSessionsOfPolicies({ ...(await app.ctx()), now: () => Date.now() + MINUTE })
    expect([opened, (await sessionsOf(app, ada.id)).length]).toEqual([2, 1])
    const [boss, refreshed] = [await refresh(before), await refresh(member)]
    expect(orgIdOf(refreshed)).toBe(team.id)

    await run(
      "update sso_connections set issuer = ?1, metadata = json_set(metadata, '$.issuer', ?1) where id = ?2",
      ...['https://old.example.test', id],
    )
    for (const fields of [moved, { enabled: false }, ...kept])
      expect(await change(boss, enterprise, fields)).toMatchObject({ status: 409, code: 'SSO_CONFIGURATION_REQUIRED' })
    const removed = await app.fetch(`/api/v1/sso/configurations/${id}`, { method: 'DELETE', headers: bearerOf(boss) })
    expect(await answerOf(removed)).toMatchObject({ status: 409, code: 'SSO_CONFIGURATION_REQUIRED' })
    for (const fields of enterprise.renewed)
      expect(await change(boss, enterprise, fields)).toMatchObject({ status: 200 })
    expect([await peopleOf(enterprise), await originsOf(ada.id)]).toMatchObject([[{}, {}], [{}]])

    await run('update sso_policies set required = 0 where organization_id = ?', team.id)
    expect(await change(boss, enterprise, moved)).toMatchObject({ status: 200 })
    expect([await peopleOf(enterprise), await originsOf(ada.id)]).toEqual([[], []])
    await requireSso(enterprise)
    expect(orgIdOf(await refresh(refreshed))).not.toBe(team.id)
  })

  it('a session whose provider the database does not take is a 503, and has ended', async () => {
    const enterprise = await open()
    const { team, domain, id } = enterprise
    const ada = await team.join('member', { email: `ada@${domain}` })
    const before = await sessionsOf(app, ada.id)
    const code = codeIn(await enterprise.comeBack())
    const trigger = `refuse_${id.replaceAll('-', '_')}`
    await run(
      `create trigger ${trigger} before insert on federated_sessions when new.user_id = '${ada.id}' begin select raise(abort, 'down'); end`,
    )
    try {
      expect(await answerOf(exchange(app, { code }))).toMatchObject({ status: 503, code: 'SERVICE_UNAVAILABLE' })
    } finally {
      await run(`drop trigger ${trigger}`)
    }
    expect([await sessionsOf(app, ada.id), await originsOf(ada.id)]).toEqual([before, []])
  })
})
