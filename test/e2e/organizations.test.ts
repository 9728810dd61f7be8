import { randomUUID } from 'node:crypto'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import {
  answerOf,
  bearer,
  PASSWORD,
  post,
  refresh,
  type SignedIn,
  signIn,
  signInAdmin,
  signUp,
  signUpVerified,
} from './support/api.ts'
import { type Application, startApplication } from './support/application.ts'
import { CHROMIUM, follow, launchBrowser } from './support/browser.ts'
import { canRun, type Gateway, needsOf, startGateway } from './support/gateways.ts'
import { SDK_CALLS } from './support/janua-sdk.ts'
import { mailedLink } from './support/mailbox.ts'
import { type Subscriber, subscribe } from './support/subscriber.ts'
import { challenge, codeOf, enrol, OATHTOOL } from './support/totp.ts'

const BOUND_MS = 5000
const PERMISSION = 'reports:read'

const origin = inject('origin')

/** A call below `/api/v1` as Janua's clients make it: with a content type whether or not there is a body. */
const call = (token: string | null, method: string, path: string, body?: unknown): Promise<Response> =>
  fetch(`${origin}/api/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(token !== null && bearer(token)) },
    body: body === undefined ? null : JSON.stringify(body),
  })

interface Created {
  readonly id: string
}

const create = (token: string, path: string, body: unknown): Promise<Created> =>
  answerOf(call(token, 'POST', path, body), 201)

const ask = <T>(token: string, method: string, path: string, body?: unknown): Promise<T> =>
  answerOf(call(token, method, path, body), 200)

const codeIn = async (asked: Promise<Response>) => {
  const answer = await asked
  return [answer.status, ((await answer.json()) as { code: string }).code]
}

/** The id of an organization that the user owns. */
async function found(owner: SignedIn): Promise<string> {
  const body = { name: 'Analytical Engines', slug: `org-${randomUUID()}` }
  return (await create(owner.access_token, '/organizations', body)).id
}

/** A member who has taken the membership up, with a token of the organization. */
async function join(owner: SignedIn, organization: string): Promise<SignedIn> {
  const user = await signUpVerified(origin)
  await create(owner.access_token, `/organizations/${organization}/members`, { user_id: user.userId })
  const path = `/organizations/${organization}/activate`
  const { access_token } = await ask<{ access_token: string }>(user.access_token, 'POST', path)
  return { ...user, access_token }
}

const makeRole = (owner: SignedIn, organization: string, name: string): Promise<Created> =>
  create(owner.access_token, `/organizations/${organization}/roles`, { name, permissions: [PERMISSION] })

const assign = (owner: SignedIn, organization: string, user: string, role: string) =>
  ask(owner.access_token, 'POST', `/rbac/users/${user}/roles`, { organization_id: organization, role_id: role })

const change = (owner: SignedIn, organization: string, role: string, permissions: readonly string[]) =>
  ask(owner.access_token, 'PATCH', `/rbac/roles/${role}`, { organization_id: organization, permissions })

let owner: SignedIn
let organization: string

beforeAll(async () => {
  owner = await signUpVerified(origin)
  organization = await found(owner)
})

describe.skipIf(CHROMIUM === undefined || OATHTOOL === undefined)(
  'an invited address (needs the programs chromium and oathtool)',
  () => {
    it('becomes a member on the page of its mail, signs in with two factors, and its token says so', async () => {
      const email = `${randomUUID()}@example.com`
      await create(owner.access_token, '/invitations/', { organization_id: organization, email, role: 'member' })
      const browser = await launchBrowser()
      const page = await browser.newPage({ locale: 'en' })
      await page.goto(await mailedLink(origin, email, '/invitations/accept'))
      await page.getByLabel('New password').fill(PASSWORD)
      await follow(page.locator('main button[type=submit]'))
      expect(await page.locator('h1').textContent()).toBe('Welcome')
      await browser.close()

      const ada = await signIn(origin, email)
      const { secret } = await enrol(origin, ada.access_token)
      const role = await makeRole(owner, organization, 'Readers')
      await assign(owner, organization, ada.userId, role.id)

      const { mfa_token } = await challenge(origin, email)
      const code = await codeOf(secret, 30)
      const verified = post(origin, '/api/v1/mfa/challenge/verify', { mfa_token, code })
      const { access_token } = await answerOf<{ access_token: string }>(verified, 200)
      const path = `/organizations/${organization}/activate`
      const active = await ask<{ access_token: string }>(access_token, 'POST', path)
      expect(decodeJwt(active.access_token)).toMatchObject({
        sub: ada.userId,
        acr: 'aal2',
        org_id: organization,
        org_role: 'member',
        org_roles: ['readers'],
      })
      const check = await fetch(`${origin}/validate?org=${organization}&permission=${PERMISSION}&acr=aal2`, {
        headers: bearer(active.access_token),
      })
      expect([check.status, check.headers.get('x-auth-org-role')]).toEqual([200, 'member'])
    })
  },
)

describe.skipIf(!canRun('nginx'))(`an application behind nginx (needs ${needsOf('nginx').join(' and ')})`, () => {
  let application: Application
  let gateway: Gateway

  beforeAll(async () => {
    application = await startApplication()
    gateway = await startGateway(
      'nginx',
      { postern: Number(new URL(origin).port), application: application.port },
      `org=${organization}&permission=${PERMISSION}`,
    )
  })

  afterAll(async () => {
    await gateway?.stop()
    await application.stop()
  })

  it('is open to whose custom role allows it, until the role or the membership changes', async () => {
    const [reader, other] = await Promise.all([join(owner, organization), join(owner, organization)])
    const role = await makeRole(owner, organization, 'Auditors')
    await assign(owner, organization, reader.userId, role.id)
    const { access_token: token } = await refresh(origin, reader)

    const statuses = async () => {
      const answers = [token, other.access_token].map((one) =>
        fetch(`${gateway.origin}/admin/reports`, { headers: bearer(one) }),
      )
      return (await Promise.all(answers)).map(({ status }) => status)
    }
    const become = (expected: readonly number[]) =>
      vi.waitFor(async () => expect(await statuses()).toEqual(expected), { timeout: BOUND_MS, interval: 100 })

    expect(await statuses()).toEqual([200, 403])
    await change(owner, organization, role.id, ['reports:list'])
    await become([403, 403])
    await change(owner, organization, role.id, [PERMISSION])
    await become([200, 403])
    await ask(owner.access_token, 'DELETE', `/organizations/${organization}/members/${reader.userId}`)
    await become([401, 403])
    // A token from after the removal has no organization.
    const { access_token: later } = await signIn(origin, reader.email)
    expect((await fetch(`${gateway.origin}/admin/reports`, { headers: bearer(later) })).status).toBe(403)
  })
})

describe('a policy', () => {
  interface Decision {
    readonly allowed: boolean
  }
  const ALLOWED = { name: 'Readers', effect: 'allow', resource_type: 'report', actions: [PERMISSION] }
  const DENIED = { name: 'Never the ledger', effect: 'deny', resource_type: 'report', resource_pattern: 'ledger-*' }

  it('is explained to the owner, tried as a draft, and overruled by one that denies', async () => {
    const member = await join(owner, organization)
    const write = (fields: object) =>
      create(owner.access_token, '/policies', { organization_id: organization, ...fields })
    const decide = (question: object, asker = owner): Promise<Decision> =>
      ask(asker.access_token, 'POST', '/policies/evaluate', {
        organization_id: organization,
        subject_id: member.userId,
        resource_type: 'report',
        resource_id: 'ledger-7',
        action: PERMISSION,
        context: { remote: false },
        ...question,
      })
    const policy = await write({ ...ALLOWED, conditions: { Bool: { 'context.remote': false } } })
    const explained = { policy_id: policy.id, effect: 'allow' }

    expect(await decide({})).toMatchObject({
      allowed: true,
      matched_policies: [policy.id],
      denied_by: null,
      explanation: [{ ...explained, applies: true, failed: null }],
    })
    expect(await decide({ context: { remote: true } })).toMatchObject({
      allowed: false,
      reason: 'no_matching_policy',
      explanation: [
        { ...explained, applies: false, failed: { at: 'conditions.Bool.context.remote', reason: 'not_met' } },
      ],
    })
    expect(await decide({}, member)).toMatchObject({ allowed: true, explanation: null })

    const drafted = await decide({ draft: DENIED })
    expect(drafted).toMatchObject({
      allowed: false,
      reason: 'denied_by_policy',
      denied_by: '00000000-0000-4000-8000-000000000000',
    })
    expect(await decide({})).toMatchObject({ allowed: true })

    const second = await write(DENIED)
    expect(await decide({})).toMatchObject({ allowed: false, reason: 'denied_by_policy', denied_by: second.id })
    expect(await decide({ resource_id: 'minutes-7' })).toMatchObject({ allowed: true })
  })
})

describe('a websocket', () => {
  it("hears of an organization's members, and nothing after its user's removal", async () => {
    const [watcher, cy] = await Promise.all([join(owner, organization), signUp(origin)])
    const channel = `organization:${organization}`
    const heard = (socket: Subscriber, type: string, subject: string) =>
      socket.frames.filter((frame) => frame.channel === channel && frame.type === type && frame.subject === subject)
    const hears = (socket: Subscriber, type: string, times = 1) =>
      vi.waitFor(() => expect(heard(socket, type, cy.userId)).toHaveLength(times), BOUND_MS)
    const answers = (socket: Subscriber, frame: object, type: string) => {
      socket.send(frame)
      return vi.waitFor(() => expect(socket.frames.map((one) => one.type)).toContain(type), BOUND_MS)
    }
    const sockets = [watcher, owner].map(({ access_token: token }) => subscribe(origin, { token }))
    const [watching, owning] = sockets as [Subscriber, Subscriber]
    await Promise.all(sockets.map(({ opened }) => opened))
    await Promise.all(sockets.map((one) => answers(one, { type: 'subscribe', channel }, 'subscribed')))

    const members = `/organizations/${organization}/members`
    const giveRole = (role: string) => ask(owner.access_token, 'PUT', `${members}/${cy.userId}/role`, { role })
    await create(owner.access_token, members, { user_id: cy.userId })
    await hears(watching, 'organization.member_added')
    await giveRole('viewer')
    await hears(watching, 'organization.role_changed')

    await ask(owner.access_token, 'DELETE', `${members}/${watcher.userId}`)
    await vi.waitFor(() => expect(watching.frames.map(({ type }) => type)).toContain('unsubscribed'), BOUND_MS)
    await giveRole('member')
    await hears(owning, 'organization.role_changed', 2)
    // The pong comes after whatever was sent to this socket before.
    await answers(watching, { type: 'ping', timestamp: 1 }, 'pong')
    expect(heard(watching, 'organization.role_changed', cy.userId)).toHaveLength(1)
    for (const socket of sockets) socket.close()
  })
})

describe('the last owner', () => {
  it('cannot leave before there is another', async () => {
    const founder = await signUpVerified(origin)
    const place = await found(founder)
    const heir = await join(founder, place)
    const leave = () => call(founder.access_token, 'POST', `/organizations/${place}/leave`)
    expect(await codeIn(leave())).toEqual([400, 'LAST_OWNER'])
    await ask(founder.access_token, 'PUT', `/organizations/${place}/members/${heir.userId}/role`, { role: 'owner' })
    expect((await leave()).status).toBe(200)
    const { access_token } = await refresh(origin, founder)
    expect(await codeIn(call(access_token, 'GET', `/organizations/${place}`))).toEqual([403, 'NOT_A_MEMBER'])
  })
})

describe("the calls of Janua's TypeScript SDK", () => {
  const valueAt = (body: unknown, path: string): unknown =>
    path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | null)?.[key], body)

  it('have answers with every field that it reads', async () => {
    const users = new Map<string, SignedIn>()
    const known = new Map([['slug', `org-${randomUUID()}`]])
    const enters = async (name: string, signing: Promise<SignedIn>) => {
      const user = await signing
      users.set(name, user)
      known.set(`${name}.id`, user.userId).set(`${name}.email`, user.email)
    }
    const guests = ['bob', 'cy'].map((name) => enters(name, signUp(origin)))
    const owners = ['boss', 'ada'].map((name) => enters(name, signUpVerified(origin)))
    await Promise.all([...owners, enters('admin', signInAdmin(origin)), ...guests])
    const fill = (text: string) => text.replace(/\{([a-z.]+)\}/g, (_, name: string) => known.get(name) ?? `no ${name}`)

    /** With a token that a change of rights has made stale it refreshes, as the SDK does. */
    const send = async (as: string, method: string, path: string, body: unknown): Promise<Response> => {
      const user = users.get(as)
      const answer = await call(user?.access_token ?? null, method, path, body)
      if (answer.status !== 401 || !user) return answer
      const later = await refresh(origin, user)
      users.set(as, later)
      return call(later.access_token, method, path, body)
    }

    const wrong: Record<string, unknown> = {}
    for (const [name, { as = 'boss', request, body, reads, keeps = {} }] of Object.entries(SDK_CALLS)) {
      const [method = '', path = ''] = fill(request).split(' ')
      const answer = await send(as, method, path, body && JSON.parse(fill(JSON.stringify(body))))
      const read = (await answer.json()) as unknown
      const missing = reads.filter((field) => {
        const value = valueAt(read, field.replace('?', ''))
        return value === undefined || (value === null && !field.endsWith('?'))
      })
      if (!answer.ok || missing.length > 0) wrong[name] = { status: answer.status, missing, read }
      for (const [key, field] of Object.entries(keeps)) {
        const value = String(valueAt(read, field))
        known.set(key, URL.parse(value)?.searchParams.get('token') ?? value)
      }
    }
    expect(wrong).toEqual({})
  })
})
