import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { withMethods } from '../../support/objects.ts'
import { signAs } from '../../support/providers/id-tokens.ts'
import { answerChallenge } from '../factors/totp/support.ts'
import { type Answer, answerOf, bearerOf, codeIn, exchange } from '../federation/support.ts'
import { inSession, logoutClaims, logoutRequest, postLogoutToken, sendLogout } from './logout-support.ts'
import { KEY, OTHER_KEY, openSaml, returnBySaml, type SamlEnterprise } from './saml-support.ts'
import {
  codeOfApp,
  createSso,
  type Enterprise,
  enrol,
  openEnterprise,
  originsOf,
  returnBySso,
} from './sign-in-support.ts'
import { run } from './support.ts'

// Between the person's proof at the provider and the session: a code waits to be exchanged, or a second factor is owed.

const federation = createSso()
const { app } = federation

const isLive = async (signedIn: Answer): Promise<boolean> =>
  (await app.fetch('/api/v1/auth/me', { headers: bearerOf(signedIn) })).status === 200

/** The names by which the provider calls a person and its session of them. */
interface Names {
  readonly subject: string
  readonly session: string
}

type Come = (who: 'ada' | 'bob', names: Names) => Promise<string>

const newNames = (): Names => ({ subject: newUuid(), session: `_${newUuid()}` })

const comeBySso =
  (enterprise: Enterprise): Come =>
  async (who, { subject: sub, session: sid }) =>
    codeIn(await returnBySso(federation, enterprise, { email: `${who}@${enterprise.domain}`, sub, claims: { sid } }))

const comeBySaml =
  (enterprise: SamlEnterprise): Come =>
  async (who, { subject: name, session }) => {
    const email = `${who}@${enterprise.domain}`
    return codeIn(await returnBySaml(federation, enterprise, { name, email, edit: inSession(session) }))
  }

const exchanged = (code: string, by = app) => answerOf(exchange(by, { code }))

/** Ada's code waits; Bob owes his second factor, and a session that he opened before is live. */
async function unfinished(come: Come) {
  const [ada, bob] = [newNames(), newNames()]
  const before = await exchanged(await come('bob', bob))
  await enrol({ app, id: before.user.id } as never)
  const { mfa_token: mfaToken } = await exchanged(await come('bob', bob))
  const code = await come('ada', ada)
  return { names: [ada, bob], code, mfaToken: String(mfaToken) }
}

const change = ({ team, id }: Enterprise, fields: Record<string, unknown>) =>
  team.owner.call('PUT', `/api/v1/sso/configurations/${id}`, fields)

const configure = (fields: Record<string, unknown>) => async (enterprise: Enterprise) =>
  (await change(enterprise, fields)).status

const byTokens =
  (claimsFor: (names: Names) => Record<string, unknown>) =>
  async (_: Enterprise, names: readonly Names[]): Promise<number> => {
    const tokens = await Promise.all(names.map((each) => signAs('oidc', logoutClaims(claimsFor(each)))))
    const answers = await Promise.all(tokens.map((token) => postLogoutToken(app, token)))
    return Math.max(...answers.map(({ status }) => status))
  }

const byRequests =
  (sessionsOf: (names: Names) => readonly string[]) =>
  async (enterprise: SamlEnterprise, names: readonly Names[]): Promise<number> => {
    const xmls = names.map((each) => logoutRequest(enterprise, { name: each.subject, sessions: sessionsOf(each) }))
    const answers = await Promise.all(xmls.map((xml) => sendLogout(app, xml)))
    // The provider's address for the answer.
    return Math.max(...answers.map(({ status }) => (status === 302 ? 200 : status)))
  }

const OPENID: readonly (readonly [string, (at: Enterprise, names: readonly Names[]) => Promise<number>])[] = [
  ['a logout of the person', byTokens(({ subject: sub }) => ({ sub }))],
  ['a logout of the session', byTokens(({ session: sid }) => ({ sid }))],
  ['a logout of both', byTokens(({ subject: sub, session: sid }) => ({ sub, sid }))],
  ['disabling the configuration', configure({ enabled: false })],
  ['a change of the configuration', configure({ allowed_domains: ['elsewhere.test'] })],
  ['deleting it', async ({ team, id }) => (await team.owner.call('DELETE', `/api/v1/sso/configurations/${id}`)).status],
  [
    'the loss of the domain',
    async ({ domain }) => {
      await run('update organization_domains set verified_at = null where domain = ?', domain)
      return 200
    },
  ],
  [
    'an error of the configuration',
    async ({ id }) => {
      await run("update sso_connections set error = 'issuer_changed' where id = ?", id)
      return 200
    },
  ],
]

const SAML: readonly (readonly [string, (at: SamlEnterprise, names: readonly Names[]) => Promise<number>])[] = [
  ['a logout of the person', byRequests(() => [])],
  ['a logout of the session', byRequests(({ session }) => [session])],
  ['the removal of the certificate', configure({ saml_certificate: OTHER_KEY.certificate })],
]

async function refusesBoth({ code, mfaToken }: Awaited<ReturnType<typeof unfinished>>) {
  const answers = [await exchanged(code), await answerOf(answerChallenge(app, mfaToken, codeOfApp()))]
  for (const answer of answers) {
    expect(answer.access_token).toBeUndefined()
    expect([400, 401]).toContain(answer.status)
  }
  return answers.map(({ code: refusal }) => refusal)
}

const REFUSALS = ['INVALID_CREDENTIALS', 'MFA_CHALLENGE_INVALID']
/** The identity went with it, and is asked for first. */
const WITHOUT_IDENTITY = ['OAUTH_CODE_INVALID', 'MFA_CHALLENGE_INVALID']

describe('a sign-in that waits for its session', () => {
  it.each(OPENID)('by OpenID is over with %s', async (what, take) => {
    const enterprise = await openEnterprise(federation)
    const waiting = await unfinished(comeBySso(enterprise))
    expect(await take(enterprise, waiting.names)).toBe(200)
    expect(await refusesBoth(waiting)).toEqual(what === 'deleting it' ? WITHOUT_IDENTITY : REFUSALS)
  })

  it.each(SAML)('by SAML is over with %s', async (_, take) => {
    const enterprise = await openSaml(federation)
    const waiting = await unfinished(comeBySaml(enterprise))
    expect(await take(enterprise, waiting.names)).toBe(200)
    expect(await refusesBoth(waiting)).toEqual(REFUSALS)
  })

  it('outlives a logout of somebody else, of another session, and at another client', async () => {
    const enterprise = await openEnterprise(federation)
    const [ada, other] = [newNames(), newNames()]
    const code = await comeBySso(enterprise)('ada', ada)
    for (const claims of [{ sub: other.subject }, { sid: other.session }, { sub: ada.subject, sid: other.session }])
      expect((await postLogoutToken(app, await signAs('oidc', logoutClaims(claims)))).status).toBe(200)
    await openEnterprise(federation, { oidc_client_id: 'another-client' })
    const elsewhere = await signAs('oidc', logoutClaims({ sub: ada.subject, aud: 'another-client' }))
    expect((await postLogoutToken(app, elsewhere)).status).toBe(200)
    expect((await exchanged(code)).status).toBe(200)
  })

  it('outlives, in SAML, a request of another connection for the same name, and of another session', async () => {
    const enterprise = await openSaml(federation)
    const stranger = await openSaml(federation, {
      saml_entity_id: enterprise.entity,
      saml_certificate: OTHER_KEY.certificate,
    })
    const names = newNames()
    const code = await comeBySaml(enterprise)('ada', names)
    const theirs = logoutRequest(stranger, { name: names.subject })
    expect((await sendLogout(app, theirs, { by: OTHER_KEY })).status).toBe(302)
    const another = logoutRequest(enterprise, { name: names.subject, sessions: ['_another'] })
    expect((await sendLogout(app, another, { by: KEY })).status).toBe(302)
    expect((await exchanged(code)).status).toBe(200)
  })

  it('is a new one after the logout, and each logout counts anew', async () => {
    const enterprise = await openEnterprise(federation)
    const names = newNames()
    const logOut = async () =>
      (await postLogoutToken(app, await signAs('oidc', logoutClaims({ sub: names.subject })))).status
    const come = () => comeBySso(enterprise)('ada', names)
    for (let times = 0; times < 2; times += 1) {
      const before = await come()
      expect(await logOut()).toBe(200)
      expect((await exchanged(before)).status).toBe(401)
      expect((await exchanged(await come())).status).toBe(200)
    }
  })

  it.each([
    ['a logout', byTokens(({ subject: sub }) => ({ sub }))],
    ['disabling', configure({ enabled: false })],
  ] as const)('gets no session from %s while it is opened: what was opened is ended', async (_, take) => {
    const enterprise = await openEnterprise(federation)
    const names = newNames()
    const code = await comeBySso(enterprise)('ada', names)
    const opened: string[] = []
    const racing = createSso({
      override: (ctx) => ({
        ...ctx,
        objects: {
          ...ctx.objects,
          user: (id) => {
            const object = ctx.objects.user(id)
            return withMethods(object, {
              open: async (input: Parameters<typeof object.open>[0]) => {
                const result = await object.open(input)
                opened.push(id)
                expect(await take(enterprise, [names])).toBe(200)
                return result
              },
            } as never)
          },
        },
      }),
    })
    expect(await exchanged(code, racing.app)).toMatchObject({ status: 401, code: 'INVALID_CREDENTIALS' })
    const [userId = ''] = opened
    expect(await originsOf(userId)).toEqual([])
    const live = await (await app.ctx()).objects.user(userId).listSessions({ userId, withEnded: false })
    expect(live).toEqual([])
  })

  it('races a logout: whoever is first, no session lives', async () => {
    const enterprise = await openEnterprise(federation)
    const names = newNames()
    for (let times = 0; times < 3; times += 1) {
      const code = await comeBySso(enterprise)('ada', names)
      const token = await signAs('oidc', logoutClaims({ sub: names.subject }))
      const [signedIn, told] = await Promise.all([exchanged(code), postLogoutToken(app, token)])
      expect(told.status).toBe(200)
      if (signedIn.status === 200) expect(await isLive(signedIn)).toBe(false)
      else expect(signedIn).toMatchObject({ status: 401, code: 'INVALID_CREDENTIALS' })
    }
  })
})
