import { describe, expect, it, vi } from 'vitest'
import { BREAKING, type Failure, fails, hangs, type Part } from '../../faults/support.ts'
import type { Fault } from '../../support/providers/faults.ts'
import { createAccount } from '../../support/world.ts'
import {
  type Answer,
  answerOf,
  type Browser,
  codeIn,
  createFederation,
  exchange,
  type Federation,
  identitiesOf,
  JSON_ONLY,
  linkByHand,
  PROVIDERS,
  type ProviderName,
  signInBy,
} from './support.ts'

const federation = createFederation()
const { providers, browser } = federation

const REFUSED = { status: 401, code: 'OAUTH_EXCHANGE_FAILED' }

function newPerson(provider: ProviderName, { providers } = federation): { readonly subject: string } {
  const person = providers.person(provider, (provider === 'microsoft' ? { xms_edov: true } : {}) as never) as {
    readonly sub?: string
    readonly id?: string | number
  }
  return { subject: String(person.sub ?? person.id) }
}

/** A new person's sign-in, with the fault from the provider's page on. */
async function failWith(provider: ProviderName, fault: Fault, on = federation, mine: Browser = on.browser()) {
  const { subject } = newPerson(provider, on)
  on.providers.fault(fault)
  try {
    const returned = await mine.toCallback(provider)
    const answer = await mine.callback(returned, JSON_ONLY)
    expect([fault, answer.status, await identitiesOf('subject', subject)]).toEqual([fault, answer.status, []])
    expect(answer.headers.get('set-cookie')).toBeNull()
    const refused = await answerOf(answer)
    expect(refused).not.toHaveProperty('access_token')
    return { refused, returned }
  } finally {
    on.providers.fault(null)
  }
}

const OPEN_ID: readonly ProviderName[] = ['oidc', 'google', 'microsoft', 'apple']
/** What one reading of all providers checks is asked of the generic one; the rest of each. */
const faultsOf = (provider: ProviderName): readonly Fault[] => {
  const isGeneric = provider === 'oidc'
  const hasIdToken = OPEN_ID.includes(provider)
  const all: Readonly<Partial<Record<Fault, boolean>>> = {
    token_500: true,
    token_html: true,
    token_huge: isGeneric || provider === 'github',
    token_redirect: isGeneric || provider === 'github',
    userinfo_500: provider !== 'apple',
    userinfo_html: provider !== 'apple',
    userinfo_other_subject: hasIdToken && provider !== 'apple',
    wrong_issuer: hasIdToken,
    wrong_audience: hasIdToken,
    wrong_azp: hasIdToken,
    wrong_nonce: hasIdToken,
    no_nonce: hasIdToken,
    alg_none: hasIdToken,
    hmac_with_client_secret: hasIdToken,
    other_key: hasIdToken,
    no_id_token: hasIdToken,
    expired: isGeneric || provider === 'microsoft',
    issued_in_future: isGeneric,
    unknown_kid: isGeneric,
    keys_500: isGeneric || provider === 'apple',
    keys_html: isGeneric,
  }
  return Object.entries(all).flatMap(([fault, isAsked]) => (isAsked ? [fault as Fault] : []))
}

describe.each(PROVIDERS)('%s', (provider) => {
  it.each(faultsOf(provider))('%s is refused: no session, account or identity', async (fault) => {
    expect((await failWith(provider, fault)).refused).toMatchObject(REFUSED)
  })

  it('signs in after all that', async () => {
    newPerson(provider)
    expect(await signInBy(federation, provider)).toMatchObject({ status: 200, is_new_user: true })
  })
})

it('uses up the state of a sign-in that failed', async () => {
  const mine = browser()
  const { returned } = await failWith('discord', 'token_500', federation, mine)
  expect(await answerOf(mine.callback(returned, JSON_ONLY))).toMatchObject({ status: 400, code: 'OAUTH_STATE_INVALID' })
})

it.each(['oidc', 'microsoft'] as const)('%s may roll its keys at any time', async (provider) => {
  newPerson(provider)
  const mine = browser()
  const returned = await mine.toCallback(provider)
  providers.fault('rolled_keys')
  const answer = await mine.callback(returned, JSON_ONLY)
  providers.fault(null)
  expect(answer.status).toBe(200)
  // The next one is signed by the old key, which is published too.
  expect(await signInBy(federation, provider)).toMatchObject({ is_new_user: false })
})

it.each([
  ['iss_other', ['oidc', 'google', 'github', 'discord'], 'OAUTH_STATE_INVALID'],
  ['iss_missing', ['oidc'], 'OAUTH_STATE_INVALID'],
  ['access_denied', PROVIDERS, 'OAUTH_DENIED'],
] as const)('%s is answered 400', async (fault, names, code) => {
  for (const provider of names)
    expect([provider, (await failWith(provider, fault)).refused]).toMatchObject([provider, { status: 400, code }])
})

it('keeps a known person out while the provider fails, and ends no session of theirs', async () => {
  const { id } = await createAccount(federation.app)
  await linkByHand(id, 'discord', newPerson('discord').subject)
  const session = await signInBy(federation, 'discord')
  const mine = browser()
  const returned = await mine.toCallback('discord')
  providers.fault('userinfo_500')
  const told = new URL((await mine.callback(returned)).headers.get('location') ?? '')
  providers.fault(null)
  expect(Object.fromEntries(told.searchParams)).toMatchObject({ error: 'OAUTH_EXCHANGE_FAILED' })
  expect(told.searchParams.has('code')).toBe(false)
  const headers = { authorization: `Bearer ${session.access_token}` }
  expect((await federation.app.fetch('/api/v1/auth/me', { headers })).status).toBe(200)
})

describe('the provider’s code', () => {
  it.each(['oidc', 'discord', 'github'] as const)('of another flow is refused by %s', async (provider) => {
    newPerson(provider)
    const mine = browser()
    const [one, two] = [await mine.toCallback(provider), await mine.toCallback(provider)]
    const mixed = new URL(one.callback)
    mixed.searchParams.set('code', two.callback.searchParams.get('code') ?? '')
    expect(await answerOf(mine.callback({ callback: mixed }, JSON_ONLY))).toMatchObject(REFUSED)
  })

  it('is exchanged once, with a verifier and the same redirect_uri, at the provider’s own endpoint alone', async () => {
    for (const provider of PROVIDERS) {
      newPerson(provider)
      const before = providers.calls.length
      await signInBy(federation, provider)
      const calls = providers.calls.slice(before)
      const [exchanged, ...more] = calls.filter(({ endpoint }) => endpoint === 'token')
      expect(more).toEqual([])
      const form = new URLSearchParams(exchanged?.body)
      expect(form.get('code_verifier')).toMatch(/^[\w-]{43}$/)
      expect(form.get('redirect_uri')).toBe(`http://127.0.0.1:8787/api/v1/oauth/${provider}/callback`)
      expect(new Set(calls.map((call) => call.provider))).toEqual(new Set([provider]))
    }
  })

  it('and what it was good for are in no log; the reason is', async () => {
    const lines: string[] = []
    const spy = vi.spyOn(console, 'info').mockImplementation((line) => void lines.push(String(line)))
    try {
      const { returned } = await failWith('oidc', 'wrong_nonce')
      const log = lines.join('\n')
      expect(log).toMatch(/"event":"provider_refused".*"provider":"oidc".*nonce/)
      const token = new URLSearchParams(providers.calls.findLast(({ endpoint }) => endpoint === 'token')?.body)
      const { code, state } = Object.fromEntries(returned.callback.searchParams)
      for (const secret of [code, state, token.get('code_verifier')])
        expect([typeof secret, log.includes(secret ?? '')]).toEqual(['string', false])
    } finally {
      spy.mockRestore()
    }
  })
})

describe('a part of the platform that is out of order', () => {
  const without = (part: Part, failure: Failure) => createFederation({ providers, env: BREAKING[part](failure) })
  const DOWN = { status: 503, code: 'SERVICE_UNAVAILABLE' }

  /** A callback there, and then where all is well. */
  async function callbackAt(broken: Federation): Promise<readonly [Answer, Answer]> {
    const mine = browser()
    const returned = await mine.toCallback('discord')
    const there = await answerOf(mine.at(broken).callback(returned, JSON_ONLY))
    return [there, await answerOf(mine.callback(returned, JSON_ONLY))]
  }

  it.each(['database', 'guard'] as const)(
    '(%s) is a 503 that uses nothing up: the browser tries again',
    async (part) => {
      newPerson('discord')
      const [there, here] = await callbackAt(without(part, fails))
      expect(there).toMatchObject(DOWN)
      expect(here).toHaveProperty('access_token')
    },
  )

  it('is a 503 at the start too, and at the exchange, whose code stays good', async () => {
    const { app } = without('database', fails)
    expect(await answerOf(app.fetch('/api/v1/oauth/discord/authorize'))).toMatchObject(DOWN)
    newPerson('discord')
    const code = codeIn(await browser().signIn('discord'))
    expect(await answerOf(exchange(app, { code }))).toMatchObject(DOWN)
    expect((await exchange(federation.app, { code })).status).toBe(200)
  })

  it('(the user’s object) is a 503; state and code are used up by then, and beginning again works', async () => {
    const broken = without('user', fails)
    newPerson('discord')
    const [there, here] = await callbackAt(broken)
    expect(there).toMatchObject(DOWN)
    expect(here).toMatchObject({ status: 400, code: 'OAUTH_STATE_INVALID' })
    const code = codeIn(await browser().signIn('discord'))
    expect(await answerOf(exchange(broken.app, { code }))).toMatchObject(DOWN)
    expect(await answerOf(exchange(federation.app, { code }))).toMatchObject({
      status: 400,
      code: 'OAUTH_CODE_INVALID',
    })
    expect(await signInBy(federation, 'discord')).toMatchObject({ status: 200 })
  })

  it.each(['kv', 'feed', 'hub', 'queue', 'mail'] as const)('(%s) is in nobody’s way', async (part) => {
    newPerson('discord')
    expect(await signInBy(without(part, fails), 'discord')).toMatchObject({ status: 200, is_new_user: true })
  })

  it('or hangs, as a provider may, is answered in bounded time', async () => {
    const hang = (fault: Fault, name: ProviderName) => async () =>
      expect((await failWith(name, fault, createFederation())).refused).toMatchObject(REFUSED)
    const hung = (part: Part) => async () => {
      const other = createFederation()
      newPerson('discord', other)
      const mine = other.browser()
      const returned = await mine.toCallback('discord')
      const there = mine.at(createFederation({ providers: other.providers, env: BREAKING[part](hangs) }))
      expect(await answerOf(there.callback(returned, JSON_ONLY))).toMatchObject(DOWN)
    }
    const began = performance.now()
    await Promise.all(
      [
        hang('token_hang', 'github'),
        hang('token_hang', 'oidc'),
        hang('userinfo_hang', 'twitter'),
        hang('userinfo_hang', 'google'),
        hung('database'),
        hung('guard'),
        hung('user'),
      ].map((one) => one()),
    )
    expect(performance.now() - began).toBeLessThan(20_000)
  })
})
