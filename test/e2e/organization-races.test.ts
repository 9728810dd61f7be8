import { randomUUID } from 'node:crypto'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { answerOf, bearer, refresh, type SignedIn, signUp, signUpVerified } from './support/api.ts'
import { type Isolates, startTwoIsolates } from './support/isolates.ts'
import { type Subscriber, subscribe } from './support/subscriber.ts'

const BOUND_MS = 5000
const ROUNDS = 4

const call = (origin: string, token: string, method: string, path: string, body?: unknown): Promise<Response> =>
  fetch(`${origin}/api/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...bearer(token) },
    body: body === undefined ? null : JSON.stringify(body),
  })

describe('a removal in one isolate', () => {
  let isolates: Isolates
  let owner: SignedIn
  let organization: string

  const activate = (origin: string, { access_token: token }: SignedIn) =>
    call(origin, token, 'POST', `/organizations/${organization}/activate`)

  const remove = (user: SignedIn) =>
    answerOf<{ propagated: boolean }>(
      call(isolates.first, owner.access_token, 'DELETE', `/organizations/${organization}/members/${user.userId}`),
      200,
    )

  /** A member whose session is of the organization. */
  async function join(): Promise<SignedIn> {
    const user = await signUp(isolates.first)
    const added = { user_id: user.userId }
    await answerOf(
      call(isolates.first, owner.access_token, 'POST', `/organizations/${organization}/members`, added),
      201,
    )
    const { access_token } = await answerOf<{ access_token: string }>(activate(isolates.first, user), 200)
    return { ...user, access_token }
  }

  beforeAll(async () => {
    isolates = await startTwoIsolates(inject('checkout'))
    owner = await signUpVerified(isolates.first)
    const body = { name: 'Analytical Engines', slug: `org-${randomUUID()}` }
    const made = call(isolates.first, owner.access_token, 'POST', '/organizations', body)
    organization = (await answerOf<{ id: string }>(made, 201)).id
  })
  afterAll(() => isolates.stop())

  it('wins over an activation in another: its token is good nowhere after 5 seconds, and strongly at once', async () => {
    const statuses: number[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const member = await join()
      const [removed, activated] = await Promise.all([remove(member), activate(isolates.second, member)])
      expect(removed.propagated).toBe(true)
      statuses.push(activated.status)
      const { access_token: raced } = (await activated.json()) as { access_token?: string }
      for (const token of raced === undefined ? [member.access_token] : [member.access_token, raced]) {
        const check = async (origin: string, more = '') =>
          (await fetch(`${origin}/validate?org=${organization}${more}`, { headers: bearer(token) })).status
        expect(await check(isolates.second, '&consistency=strong')).not.toBe(200)
        expect(await check(isolates.first)).not.toBe(200)
        await vi.waitFor(async () => expect(await check(isolates.second)).not.toBe(200), {
          timeout: BOUND_MS,
          interval: 50,
        })
      }
      const later = await refresh(isolates.second, member)
      expect(decodeJwt(later.access_token)).toMatchObject({ org_id: null, org_role: null })
      expect((await activate(isolates.second, { ...member, ...later })).status).toBe(403)
    }
    expect(statuses.filter((status) => ![200, 401, 403].includes(status))).toEqual([])
  })

  it('wins over a subscription in another: the socket hears nothing of what comes after', async () => {
    const channel = `organization:${organization}`
    const subscribed = (socket: Subscriber) => {
      socket.send({ type: 'subscribe', channel })
      return vi.waitFor(() => expect(socket.frames.some(({ type }) => type === 'subscribed')).toBe(true), BOUND_MS)
    }
    const owning = subscribe(isolates.first, { token: owner.access_token })
    await owning.opened
    await subscribed(owning)
    const cy = await join()
    for (let round = 0; round < ROUNDS; round += 1) {
      const member = await join()
      const racing = subscribe(isolates.second, { token: member.access_token })
      await racing.opened
      await Promise.all([remove(member), racing.send({ type: 'subscribe', channel })])
      const role = round % 2 === 0 ? 'viewer' : 'member'
      const path = `/organizations/${organization}/members/${cy.userId}/role`
      await answerOf(call(isolates.first, owner.access_token, 'PUT', path, { role }), 200)
      const changes = ({ frames }: Subscriber) =>
        frames.filter(({ type, subject }) => type === 'organization.role_changed' && subject === cy.userId)
      await vi.waitFor(() => expect(changes(owning)).toHaveLength(round + 1), BOUND_MS)
      // Whoever is still connected gets the pong after whatever was sent before.
      racing.send({ type: 'ping', timestamp: 1 })
      await vi.waitFor(() => expect(racing.frames.some(({ type }) => type === 'pong')).toBe(true), BOUND_MS)
      expect(changes(racing)).toEqual([])
      racing.close()
    }
    owning.close()
  })
})
