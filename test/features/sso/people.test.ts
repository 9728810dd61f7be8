import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { findOneTimeToken, issueOneTimeToken } from '../../../src/features/links/service.ts'
import { endOtherSessionsOfPolicies } from '../../../src/features/sso/service/ending.ts'
import { serviceUnavailable } from '../../../src/lib/errors.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { MINUTE } from '../../../src/lib/time.ts'
import { json } from '../../support/app.ts'
import { ask, type Person } from '../../support/organizations.ts'
import { CLIENTS } from '../../support/providers/clients.ts'
import { claimsOf } from '../../support/tokens.ts'
import { newEmail } from '../../support/users.ts'
import type { Answer } from '../federation/support.ts'
import { createSso, type Enterprise, openEnterprise, originsOf, requireSso, signInBySso } from './sign-in-support.ts'
import { rowsOf, run } from './support.ts'

const federation = createSso()
const { app } = federation

const peopleOf = ({ id }: Enterprise) => rowsOf('select subject from identities where connection_id = ?', id)
/** The session: tokens of the organization from before the policy are outdated. */
const isLive = async ({ refreshToken }: { refreshToken: string }): Promise<boolean> =>
  (await app.fetch('/api/v1/auth/refresh', json({ refresh_token: refreshToken }))).status === 200
const tokenOf = ({ headers }: Person) => String(headers.authorization).slice(7)
const live = ({ refresh_token: refreshToken }: Answer) => isLive({ refreshToken })

describe('the people of a connection', () => {
  it('go with it: who signs in through the next one is linked anew', async () => {
    const enterprise = await openEnterprise(federation)
    const { team, domain, id } = enterprise
    const person = { sub: newUuid() }
    const first = await signInBySso(federation, enterprise, person)
    expect(await peopleOf(enterprise)).toEqual([{ subject: person.sub }])
    expect((await team.owner.call('DELETE', `/api/v1/sso/configurations/${id}`)).status).toBe(200)
    expect([await peopleOf(enterprise), await originsOf(first.user.id)]).toEqual([[], []])
    // The address is still the domain's, so a new connection finds the account by it.
    const again = await team.owner.call('POST', `/api/v1/sso/configurations?organization_id=${team.id}`, {
      provider: 'oidc',
      oidc_issuer: 'https://id.example.test',
      oidc_client_id: CLIENTS.oidc.id,
      oidc_client_secret: CLIENTS.oidc.secret,
    })
    const next = await signInBySso(federation, { domain }, { sub: newUuid() })
    expect([again.status, next.is_new_user, next.user.id]).toEqual([201, false, first.user.id])
  })

  it('go with its issuer, and stay with all other changes', async () => {
    const enterprise = await openEnterprise(federation)
    const { team, id } = enterprise
    const { user } = await signInBySso(federation, enterprise)
    const change = (fields: object) => team.owner.call('PUT', `/api/v1/sso/configurations/${id}`, fields)
    expect((await change({ name: 'Ours', sync_profile: true })).status).toBe(200)
    expect([await peopleOf(enterprise), await originsOf(user.id)]).toMatchObject([[{}], [{ connection_id: id }]])
    await run("update sso_connections set issuer = 'https://old.example.test' where id = ?", id)
    const moved = { oidc_issuer: 'https://id.example.test', oidc_client_secret: CLIENTS.oidc.secret }
    expect((await change(moved)).status).toBe(200)
    expect([await peopleOf(enterprise), await originsOf(user.id)]).toEqual([[], []])
  })

  it('keep their issuer while single sign-on is required, and lose the organization with it', async () => {
    const enterprise = await openEnterprise(federation)
    const { team, domain, id } = enterprise
    await team.join('owner', { email: `boss@${domain}` })
    const [ada, boss] = [
      await signInBySso(federation, enterprise, { sub: newUuid() }),
      await signInBySso(federation, enterprise, { sub: newUuid(), email: `boss@${domain}` }),
    ]
    await requireSso(enterprise)
    await run(
      "update sso_connections set issuer = 'https://old.example.test', metadata = json_set(metadata, '$.issuer', 'https://old.example.test') where id = ?",
      id,
    )
    const call = ({ access_token: token }: Answer, method: string, path: string, body?: object) =>
      ask(app, { method, path, body, headers: { authorization: `Bearer ${token}` } })
    const moved = { oidc_issuer: 'https://id.example.test', oidc_client_secret: CLIENTS.oidc.secret }
    for (const change of [moved, { enabled: false }, { oidc_client_id: 'another' }]) {
      const { status, body } = await call(boss, 'PUT', `/api/v1/sso/configurations/${id}`, change)
      expect([status, body.code]).toEqual([409, 'SSO_CONFIGURATION_REQUIRED'])
    }
    const renewed = { oidc_client_secret: CLIENTS.oidc.secret }
    expect((await call(boss, 'PUT', `/api/v1/sso/configurations/${id}`, renewed)).status).toBe(200)
    await run('update sso_policies set required = 0 where organization_id = ?', team.id)
    const done = await call(boss, 'PUT', `/api/v1/sso/configurations/${id}`, moved)
    expect([done.status, done.body]).toMatchObject([200, { oidc_issuer: moved.oidc_issuer }])
    await requireSso(enterprise)
    for (const person of [ada, boss]) {
      const { body } = await call(person, 'POST', '/api/v1/auth/refresh', { refresh_token: person.refresh_token })
      expect(decodeJwt(body.access_token)).not.toHaveProperty('org_id', team.id)
    }
  })

  it('lose with it the roles of their groups, and keep those by hand', async () => {
    const enterprise = await openEnterprise(federation, { role_mapping: [{ group: 'Operators', role: 'admin' }] })
    const { team, domain, id } = enterprise
    const viewer = await team.join('viewer', { email: `ada@${domain}` })
    const admin = await team.join('admin')
    const roles = () =>
      rowsOf(
        'select role, mapped_role from memberships where organization_id = ? and user_id in (?, ?) order by user_id = ?',
        ...[team.id, viewer.id, admin.id, admin.id],
      )
    await signInBySso(federation, enterprise, { claims: { groups: ['Operators'] } })
    const byHand = { role: 'admin', mapped_role: null }
    expect(await roles()).toEqual([{ role: 'admin', mapped_role: 'admin' }, byHand])
    expect((await team.owner.call('DELETE', `/api/v1/sso/configurations/${id}`)).status).toBe(200)
    expect(await roles()).toEqual([{ role: 'viewer', mapped_role: null }, byHand])
  })

  it('have the names that the provider says, where it is to be so', async () => {
    const enterprise = await openEnterprise(federation)
    const person = { sub: newUuid(), name: 'Ada King' }
    const { user } = await signInBySso(federation, enterprise, person)
    const nameNow = async () => (await rowsOf('select display_name from users where id = ?', user.id))[0]?.display_name
    await signInBySso(federation, enterprise, { ...person, name: 'Ada Lovelace' })
    expect(await nameNow()).toBe('Ada King')
    await run('update sso_connections set sync_profile = 1 where id = ?', enterprise.id)
    await signInBySso(federation, enterprise, { ...person, name: 'Ada Lovelace' })
    await app.settled()
    expect(await nameNow()).toBe('Ada Lovelace')
  })
})

describe('a policy that ends sessions', () => {
  const required = { required: true, end_sessions: true }
  /** A minute later, when every sign-in from before has written whose it is. */
  const end = async (changed: (ctx: Ctx) => Partial<Ctx> = () => ({})) => {
    const ctx = await app.ctx()
    await endOtherSessionsOfPolicies({ ...ctx, now: () => Date.now() + MINUTE, ...changed(ctx) })
  }
  const endingOf = async ({ team }: Pick<Enterprise, 'team'>) =>
    (await rowsOf('select ends_after from sso_policies where organization_id = ?', team.id))[0]?.ends_after
  /** The policy requires it from now on, and ends sessions; nobody is asked. */
  const setEnding = ({ team }: Pick<Enterprise, 'team'>, updatedAt = Date.now()) =>
    run("insert into sso_policies values (?, 1, 1, ?, '')", team.id, updatedAt)

  it('ends those of its people that came otherwise, and no others', async () => {
    const enterprise = await openEnterprise(federation)
    const { team, domain } = enterprise
    const [ada, guest] = [await team.join('owner', { email: `ada@${domain}` }), await team.join('member')]
    const signedIn = await signInBySso(federation, enterprise)
    expect((await team.owner.call('PUT', `${team.path}/sso-policy`, required)).status).toBe(200)
    await end()
    expect(await Promise.all([isLive(ada), isLive(guest), live(signedIn)])).toEqual([false, true, true])
    expect(await endingOf(enterprise)).toBeNull()
  })

  it('goes on past a person whose object fails, and keeps no other policy waiting', async () => {
    const { team, domain } = await openEnterprise(federation)
    const people = [
      await team.join('member', { email: `a@${domain}` }),
      await team.join('member', { email: `b@${domain}` }),
    ]
    const [first, second] = people.toSorted((one, other) => (one.id < other.id ? -1 : 1))
    // Others of this file would take their place in a run.
    await run('update sso_policies set ends_after = null')
    await setEnding({ team })
    for (let others = 0; others < 6; others += 1)
      await run("insert into sso_policies values (?, 1, 1, 1, '')", newUuid())
    const broken = { listSessions: () => Promise.reject(serviceUnavailable()) }
    const runs = () =>
      end(({ objects }) => ({
        objects: { ...objects, user: (id) => (id === first?.id ? (broken as never) : objects.user(id)) },
      }))
    await runs()
    await runs()
    expect(await endingOf({ team })).toBeNull()
    expect(await rowsOf('select 1 from sso_policies where ends_after is not null')).toEqual([])
    expect([first && (await isLive(first)), second && (await isLive(second))]).toEqual([true, false])
  })

  it('ends none that is opened while it is set: whose it is, is written a moment later', async () => {
    const enterprise = await openEnterprise(federation)
    const { team, domain } = enterprise
    const before = Date.now() - 1
    const signedIn = await signInBySso(federation, enterprise)
    await run('delete from federated_sessions where user_id = ?', signedIn.user.id)
    const old = await team.join('member', { email: `old@${domain}` })
    await setEnding(enterprise, before)
    await end()
    expect(await Promise.all([live(signedIn), isLive(old)])).toEqual([true, true])
    await run("update sso_policies set updated_at = ?, ends_after = '' where organization_id = ?", Date.now(), team.id)
    await end(() => ({ now: Date.now }))
    expect([await endingOf(enterprise), await isLive(old)]).toEqual(['', true])
    await end()
    expect([await endingOf(enterprise), await isLive(old)]).toEqual([null, false])
  })

  it('voids what was requested in the sessions that it ends, and nothing else', async () => {
    const enterprise = await openEnterprise(federation)
    const { team, domain } = enterprise
    const ada = await team.join('member', { email: `ada@${domain}` })
    const signedIn = await signInBySso(federation, enterprise)
    const ctx = await app.ctx()
    const request = async (token: string) => {
      const data = { sessionId: claimsOf(token).sid }
      const input = { purpose: 'email_change', userId: ada.id, email: newEmail(), data, lifetimeMs: MINUTE } as const
      return (await issueOneTimeToken(ctx, { ...input, keepsOlder: true })).token
    }
    const tokens = [await request(tokenOf(ada)), await request(String(signedIn.access_token))]
    await setEnding(enterprise)
    await end()
    const found = await Promise.all(tokens.map((token) => findOneTimeToken(ctx, 'email_change', token)))
    expect(found.map((token) => token !== undefined)).toEqual([false, true])
  })

  it('goes on where it stopped, and stops when it is required no longer', async () => {
    const enterprise = await openEnterprise(federation)
    const { team, domain } = enterprise
    await team.join('owner', { email: `ada@${domain}` })
    await signInBySso(federation, enterprise)
    const policy = (fields: object) => team.owner.call('PUT', `${team.path}/sso-policy`, fields)
    expect((await policy({ required: false, end_sessions: true })).status).toBe(200)
    expect(await rowsOf('select 1 from sso_policies where organization_id = ?', team.id)).toEqual([])
    const late = await team.join('member', { email: `bob@${domain}` })
    await policy(required)
    await run('update sso_policies set ends_after = ? where organization_id = ?', late.id, team.id)
    await end()
    await policy({ end_sessions: true })
    await policy({ required: false })
    await end()
    expect(await isLive(late)).toBe(true)
  })
})
