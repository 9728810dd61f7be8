import { decodeJwt, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { findOneTimeToken, issueOneTimeToken } from '../../../src/features/links/service.ts'
import { pruneOrigins } from '../../../src/features/sessions/service/opening.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { MINUTE } from '../../../src/lib/time.ts'
import { CLIENTS } from '../../support/providers/clients.ts'
import { signAs } from '../../support/providers/id-tokens.ts'
import { OIDC_ISSUER } from '../../support/providers/openid.ts'
import { newAddress, newEmail } from '../../support/users.ts'
import { type Answer, bearerOf, pathOf, RETURN_TO } from '../federation/support.ts'
import { EVENT, logoutClaims, postLogoutToken } from './logout-support.ts'
import { createSso, openEnterprise, signInBySso } from './sign-in-support.ts'
import { eventsOf, rowsOf, run } from './support.ts'

const federation = createSso()
const { app, providers } = federation

const postToken = (token: string, network?: string) => postLogoutToken(app, token, network)

const isLive = async (signedIn: Answer): Promise<boolean> =>
  (await app.fetch('/api/v1/auth/me', { headers: bearerOf(signedIn) })).status === 200

/** Somebody who signed in twice, in two sessions of the provider. */
async function twoSessions() {
  const enterprise = await openEnterprise(federation)
  const sub = newUuid()
  const at = (sid: string) => signInBySso(federation, enterprise, { sub, claims: { sid } })
  const sids = [newUuid(), newUuid()] as const
  const sessions = [await at(sids[0]), await at(sids[1])] as const
  return { enterprise, sub, sids, sessions }
}

describe('a logout token', () => {
  it('ends the sessions of the person, with an event for the organization', async () => {
    const { enterprise, sub, sessions } = await twoSessions()
    const answer = await postToken(await signAs('oidc', logoutClaims({ sub })))
    expect([answer.status, answer.text, answer.headers.get('cache-control')]).toEqual([200, '', 'no-store'])
    expect(await Promise.all(sessions.map(isLive))).toEqual([false, false])
    expect((await eventsOf(enterprise.team.id)).at(-1)).toMatchObject({ type: 'sso.logout', data: { sessions: 2 } })
  })

  it('with a session of the provider ends that one alone', async () => {
    const { sub, sids, sessions } = await twoSessions()
    expect((await postToken(await signAs('oidc', logoutClaims({ sub, sid: sids[0] })))).status).toBe(200)
    expect(await Promise.all(sessions.map(isLive))).toEqual([false, true])
    expect((await postToken(await signAs('oidc', logoutClaims({ sid: sids[1] })))).status).toBe(200)
    expect(await isLive(sessions[1])).toBe(false)
  })

  it('counts once: a later session of the person stays', async () => {
    const { enterprise, sub } = await twoSessions()
    const token = await signAs('oidc', logoutClaims({ sub }))
    expect((await postToken(token)).status).toBe(200)
    const later = await signInBySso(federation, enterprise, { sub })
    expect((await postToken(token)).status).toBe(400)
    expect(await isLive(later)).toBe(true)
  })

  it('leaves sessions that the person opened otherwise, and those of another with the same name elsewhere', async () => {
    const { sub, sessions } = await twoSessions()
    const other = await openEnterprise(federation, { oidc_client_id: 'another-client' })
    await run('update federated_sessions set connection_id = ? where user_id = ?', other.id, sessions[0].user.id)
    expect((await postToken(await signAs('oidc', logoutClaims({ sub })))).status).toBe(200)
    expect(await Promise.all(sessions.map(isLive))).toEqual([true, true])
  })

  const now = () => Math.floor(Date.now() / 1000)
  it.each<[string, (sub: string) => Promise<string>]>([
    ['by another key', (sub) => signAs('oidc', logoutClaims({ sub }), { key: 'unpublished' })],
    ['without a signature', async (sub) => new UnsecuredJWT(logoutClaims({ sub })).encode()],
    ['of another issuer', (sub) => signAs('oidc', logoutClaims({ sub, iss: 'https://attacker.example.test' }))],
    ['for another client', (sub) => signAs('oidc', logoutClaims({ sub, aud: 'another' }))],
    ['that is old', (sub) => signAs('oidc', logoutClaims({ sub, iat: now() - 400 }))],
    ['of the future', (sub) => signAs('oidc', logoutClaims({ sub, iat: now() + 400 }))],
    ['that has expired', (sub) => signAs('oidc', logoutClaims({ sub, exp: now() - 100 }))],
    ['without a time', (sub) => signAs('oidc', logoutClaims({ sub, iat: undefined }))],
    ['without an id', (sub) => signAs('oidc', logoutClaims({ sub, jti: undefined }))],
    ['with a nonce', (sub) => signAs('oidc', logoutClaims({ sub, nonce: 'n' }))],
    ['without the event', (sub) => signAs('oidc', logoutClaims({ sub, events: {} }))],
    ['with a text for events', (sub) => signAs('oidc', logoutClaims({ sub, events: EVENT }))],
    ['that names nobody', () => signAs('oidc', logoutClaims({}))],
    ['that names a number', () => signAs('oidc', logoutClaims({ sub: 7 }))],
    ['that is no token', async () => 'x.y.z'],
  ])('%s ends nothing: 400 in the form of OAuth', async (_, make) => {
    const { sub, sessions } = await twoSessions()
    const { status, text } = await postToken(await make(sub))
    expect([status, JSON.parse(text)]).toEqual([
      400,
      { error: 'invalid_request', error_description: expect.any(String) },
    ])
    expect(await Promise.all(sessions.map(isLive))).toEqual([true, true])
  })

  it('is 503 while the keys cannot be read, which counts as no refusal, and taken afterwards', async () => {
    const { sub, sessions } = await twoSessions()
    const token = await signAs('oidc', logoutClaims({ sub }))
    const network = newAddress()
    // More often than a network may be refused.
    for (let tries = 0; tries < 61; tries += 1) {
      providers.fault(tries % 2 === 0 ? 'keys_500' : 'keys_html')
      expect((await postToken(token, network)).status).toBe(503)
    }
    providers.fault(null)
    expect((await postToken(token, network)).status).toBe(200)
    expect(await isLive(sessions[0])).toBe(false)
  })

  it('voids what was requested in the sessions, by its repeat where the first could not', async () => {
    const { sub, sessions } = await twoSessions()
    const ctx = await app.ctx()
    const { id: userId } = sessions[0].user
    const data = { sessionId: decodeJwt(String(sessions[1].access_token)).sid }
    const input = { purpose: 'email_change', userId, email: newEmail(), data, lifetimeMs: MINUTE } as const
    const requested = await issueOneTimeToken(ctx, input)
    const isValid = async () => (await findOneTimeToken(ctx, 'email_change', requested.token)) !== undefined
    const token = await signAs('oidc', logoutClaims({ sub }))
    await run(
      "create trigger no_voiding before update on one_time_tokens when new.redemption = 'void' begin select raise(abort, 'down'); end",
    )
    try {
      expect((await postToken(token)).status).toBe(503)
    } finally {
      await run('drop trigger no_voiding')
    }
    expect([...(await Promise.all(sessions.map(isLive))), await isValid()]).toEqual([false, false, true])
    expect((await postToken(token)).status).toBe(200)
    expect(await isValid()).toBe(false)
  })
})

it('cron deletes rows of sessions that are over, a bounded number in each run', async () => {
  const organization = newUuid()
  await run(
    `with recursive rows(n) as (select 1 union all select n + 1 from rows where n < 502)
      insert into federated_sessions (session_id, organization_id, user_id, expires_at)
      select ?1 || n, ?1, 'nobody', case n when 1 then 9e15 else 1 end from rows`,
    organization,
  )
  const left = () => rowsOf('select 1 from federated_sessions where organization_id = ?', organization)
  const ctx = await app.ctx()
  await pruneOrigins(ctx)
  expect(await left()).toHaveLength(2)
  await pruneOrigins(ctx)
  expect(await left()).toHaveLength(1)
})

describe('a sign-out', () => {
  const signOut = async (signedIn: Answer) => {
    const answer = await app.fetch('/api/v1/auth/signout', { method: 'POST', headers: bearerOf(signedIn) })
    return (await answer.json<{ slo_url?: string }>()).slo_url ?? null
  }
  const open = (path: string, init: RequestInit = {}) =>
    app.fetch(path, { redirect: 'manual', headers: { accept: 'text/html' }, ...init })

  it('leads to the provider, and back to the application', async () => {
    const signedIn = await signInBySso(federation, await openEnterprise(federation))
    const url = await signOut(signedIn)
    expect(await isLive(signedIn)).toBe(false)
    const path = `${pathOf(url ?? '')}&${new URLSearchParams({ return_url: RETURN_TO })}`
    const toProvider = new URL((await open(path)).headers.get('location') ?? '')
    expect(toProvider.origin + toProvider.pathname).toBe(`${OIDC_ISSUER}/logout`)
    const { state, ...rest } = Object.fromEntries(toProvider.searchParams)
    expect(rest).toEqual({
      client_id: CLIENTS.oidc.id,
      post_logout_redirect_uri: 'http://127.0.0.1:8787/api/v1/sso/logout',
    })
    const back = `/api/v1/sso/logout?state=${state}`
    expect((await open(back)).headers.get('location')).toBe(RETURN_TO)
    expect((await open(back)).status).toBe(400)
    expect((await open(path)).status).toBe(400)
  })

  it('shows a page without an address to go to, also where the connection is gone', async () => {
    const enterprise = await openEnterprise(federation)
    const url = await signOut(await signInBySso(federation, enterprise))
    await run('delete from sso_connections where id = ?', enterprise.id)
    const page = await open(pathOf(url ?? ''))
    expect([page.status, (await page.text()).includes('You have signed out.')]).toEqual([200, true])
  })

  it('sends nobody elsewhere, and uses the token up neither by that nor by HEAD', async () => {
    const url = await signOut(await signInBySso(federation, await openEnterprise(federation)))
    const path = pathOf(url ?? '')
    const evil = await open(`${path}&return_url=${encodeURIComponent('https://evil.example.test/')}`)
    expect([evil.status, evil.headers.get('location')]).toEqual([400, null])
    expect((await open(path, { method: 'HEAD' })).status).toBe(400)
    expect((await open(path)).status).toBe(302)
  })

  it('offers nothing to a session of another kind, or without such an address at the provider', async () => {
    const enterprise = await openEnterprise(federation)
    expect(
      await signOut({ status: 200, access_token: enterprise.team.owner.headers.authorization?.slice(7) }),
    ).toBeNull()
    await run(
      "update sso_connections set metadata = json_remove(metadata, '$.end_session_endpoint') where id = ?",
      enterprise.id,
    )
    const signedIn = await signInBySso(federation, enterprise)
    expect(await signOut(signedIn)).toBeNull()
    expect(await rowsOf('select has_logout from federated_sessions where user_id = ?', signedIn.user.id)).toEqual([
      { has_logout: 0 },
    ])
  })
})
