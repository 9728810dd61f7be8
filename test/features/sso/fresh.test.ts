import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/lib/time.ts'
import { json } from '../../support/app.ts'
import { replaced } from '../../support/saml/documents.ts'
import { PASSWORD, signUpUser } from '../../support/users.ts'
import { answerChallenge } from '../factors/totp/support.ts'
import { type Answer, answerOf, bearerOf, codeIn, exchange } from '../federation/support.ts'
import { openBrowser } from '../pages/support.ts'
import { answerTo, goToProvider, openSaml, postAnswer, type SamlEnterprise } from './saml-support.ts'
import {
  choose,
  codeOfApp,
  createSso,
  type Enterprise,
  enrol,
  openEnterprise,
  reasonsOf,
  toCallback,
} from './sign-in-support.ts'
import { run } from './support.ts'

// A provider answers from a session of its own, which may be old.

const federation = createSso()
const { app, browser } = federation

interface Coming {
  /** When the person signed in at the provider; null where it does not say. */
  readonly at: number | null
  readonly prompt?: string
}

const query = ({ domain }: Enterprise, { prompt }: Coming) => ({ domain, ...(prompt !== undefined && { prompt }) })
const locationOf = (answer: Response) => new URL(answer.headers.get('location') ?? 'about:blank')

async function comeByOpenid(enterprise: Enterprise, coming: Coming): Promise<URL> {
  const claims = coming.at === null ? {} : { auth_time: Math.floor(coming.at / SECOND) }
  choose(federation, { email: `ada@${enterprise.domain}`, claims })
  const by = browser()
  return locationOf(await by.callback(await toCallback(federation, by, query(enterprise, coming))))
}

const saying = (at: number | null) => (xml: string) =>
  xml.replace(/ AuthnInstant="[^"]*"/, at === null ? '' : ` AuthnInstant="${new Date(at).toISOString()}"`)

/** After the times of the document were moved. */
async function comeBySaml(enterprise: SamlEnterprise, coming: Coming): Promise<URL> {
  const by = browser()
  const request = await goToProvider(by, query(enterprise, coming))
  return locationOf(await postAnswer(by, answerTo(enterprise, request, { edit: saying(coming.at) }), request.state))
}

const openBoth = async () => {
  const [openid, saml] = [await openEnterprise(federation), await openSaml(federation)]
  return [
    { enterprise: openid, come: (coming: Coming) => comeByOpenid(openid, coming) },
    { enterprise: saml, come: (coming: Coming) => comeBySaml(saml, coming) },
  ] as const
}

const signedInBy = (address: URL) => answerOf(exchange(app, { code: codeIn(address) }))
const authTimeOf = (signedIn: Answer): number => Number(decodeJwt(String(signedIn.access_token)).auth_time) * SECOND
/** Needs a fresh factor. */
const addPasskey = (signedIn: Answer) =>
  answerOf(app.fetch('/api/v1/passkeys/register/options', json({}, bearerOf(signedIn))))

describe('the time of a sign-in at the provider', () => {
  it.each([
    ['eight hours ago', 8 * HOUR],
    ['years ago', 2000 * DAY],
  ])('%s is that of the session, which has no fresh factor', async (_, ago) => {
    for (const { come } of await openBoth()) {
      const at = Date.now() - ago
      const signedIn = await signedInBy(await come({ at }))
      expect(signedIn.status).toBe(200)
      expect(Math.abs(authTimeOf(signedIn) - at)).toBeLessThanOrEqual(SECOND)
      expect(await addPasskey(signedIn)).toMatchObject({ status: 403, code: 'STEP_UP_REQUIRED' })
    }
  })

  it.each([
    ['that is not said', null],
    ['of the future', -HOUR],
    ['just now', 0],
  ])('%s is now', async (_, ago) => {
    for (const { come } of await openBoth()) {
      const before = Date.now()
      const signedIn = await signedInBy(await come({ at: ago === null ? null : before - ago }))
      expect(authTimeOf(signedIn)).toBeGreaterThanOrEqual(before - 2 * SECOND)
      expect(authTimeOf(signedIn)).toBeLessThanOrEqual(Date.now())
      expect((await addPasskey(signedIn)).status).toBe(200)
    }
  })

  it('is that of the person’s own second factor, where one is asked here', async () => {
    for (const { come } of await openBoth()) {
      const first = await signedInBy(await come({ at: null }))
      await enrol({ app, id: first.user.id } as never)
      const before = Date.now()
      const { mfa_token: mfaToken } = await signedInBy(await come({ at: before - DAY }))
      const signedIn = await answerOf(answerChallenge(app, String(mfaToken), codeOfApp()))
      expect(authTimeOf(signedIn)).toBeGreaterThanOrEqual(before - SECOND)
    }
  })

  it('is refused where it is none', async () => {
    const enterprise = await openSaml(federation)
    const by = browser()
    const request = await goToProvider(by, { domain: enterprise.domain })
    const edit = (xml: string) => replaced(xml, / AuthnInstant="[^"]*"/.exec(xml)?.[0] ?? '', ' AuthnInstant="today"')
    const end = locationOf(await postAnswer(by, answerTo(enterprise, request, { edit }), request.state))
    expect(end.searchParams.get('error')).toBe('SSO_AUTHENTICATION_ERROR')
    expect(await reasonsOf(federation, enterprise)).toEqual(['authn_statement'])
  })
})

describe('a sign-in that asks for a new one at the provider', () => {
  it('refuses an older one, and takes one of now, and what says nothing', async () => {
    for (const { enterprise, come } of await openBoth()) {
      const refused = await come({ at: Date.now() - 5 * MINUTE, prompt: 'login' })
      expect(refused.searchParams.get('error')).toBe('SSO_AUTHENTICATION_ERROR')
      expect(refused.searchParams.get('code')).toBeNull()
      expect(await reasonsOf(federation, enterprise)).toEqual(['not_fresh'])
      for (const coming of [
        { at: Date.now(), prompt: 'login' },
        { at: null, prompt: 'login' },
        { at: Date.now() - 5 * MINUTE, prompt: 'select_account' },
      ])
        expect((await signedInBy(await come(coming))).status).toBe(200)
    }
  })

  it('is not asked of Google, which has no such prompt', async () => {
    const enterprise = await openEnterprise(federation)
    const start = async () => {
      const path = `/api/v1/sso/login?domain=${enterprise.domain}&prompt=login`
      return locationOf(await browser().open(path)).searchParams.get('prompt')
    }
    expect(await start()).toBe('login')
    await run("update sso_connections set provider = 'google_workspace' where id = ?", enterprise.id)
    expect(await start()).toBeNull()
  })

  it('is what a page begins in a browser that has a session', async () => {
    const { domain } = await openEnterprise(federation)
    const page = openBrowser(app)
    const begin = async () => (await page.post('/sign-in/sso', { login: `ada@${domain}` })).text()
    expect(await begin()).not.toContain('prompt=login')
    const { email } = await signUpUser(app)
    expect((await page.post('/sign-in', { login: email, password: PASSWORD })).status).toBe(303)
    expect(await begin()).toContain('prompt=login')
  })
})
