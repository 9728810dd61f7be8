import { runDurableObjectAlarm } from 'cloudflare:test'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { keepDeadLetters } from '../../../src/db/delivery.ts'
import { pruneDeadLetters } from '../../../src/features/events/service.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { DAY } from '../../../src/lib/time.ts'
import { type Authority, freshAuthority } from '../../durable/user-authority/support.ts'
import { describeAdminRoutes } from '../../support/admin-routes.ts'
import { createTestApp, env } from '../../support/app.ts'
import { withMethods } from '../../support/objects.ts'
import { makeAdmin, type SignedInUser } from '../../support/users.ts'

const LETTERS = '/api/v1/admin/dead-letters'
const app = createTestApp()

let admin: SignedInUser
beforeAll(async () => {
  admin = await makeAdmin(app)
})

interface Letter {
  id: string
  user_id: string | null
  destination: string
  attempts: number
  created_at: string
}

const list = async (query = '') => {
  const answer = await app.fetch(`${LETTERS}${query}`, { headers: admin.headers })
  return { status: answer.status, body: await answer.json<{ dead_letters: Letter[]; limit: number; offset: number }>() }
}
const lettersOf = async (userId: string) =>
  (await list('?limit=100')).body.dead_letters.filter((letter) => letter.user_id === userId)

/** Receivers that accept everything except events of this type. */
const refusing =
  (type: string) =>
  (ctx: Ctx): Ctx => ({
    ...ctx,
    objects: {
      ...ctx.objects,
      hub: (topic) =>
        withMethods(ctx.objects.hub(topic), {
          append: async (input) => {
            if (input.events.some((event) => event.type === type)) throw new Error('refused')
            return await ctx.objects.hub(topic).append(input)
          },
        }),
    },
  })

async function passTime(user: Authority, isOver: () => Promise<boolean>): Promise<void> {
  await vi.waitFor(
    async () => {
      user.clock.now += 61_000
      await runDurableObjectAlarm(user.stub)
      expect(await isOver()).toBe(true)
    },
    { timeout: 20_000, interval: 20 },
  )
}

/** A user whose sign-in event the platform hub has refused, while it accepted later events. */
async function userWithDeadLetter() {
  const user = await freshAuthority()
  await env.DB.prepare('insert into users (id, email, created_at, updated_at) values (?, ?, 0, 0)')
    .bind(user.userId, `${user.userId}@example.test`)
    .run()
  await user.breakReceivers(refusing('user.signed_in'))
  await user.open()
  await passTime(user, async () => (await user.outbox()).length === 0)
  await user.restoreReceivers()
  const [letter] = await lettersOf(user.userId)
  if (!letter) throw new Error('no dead letter')
  return { user, letter }
}

async function insertLetter(row: { destination?: string; createdAt?: number; userId?: string | null }) {
  const id = newUuid()
  await env.DB.prepare(
    `insert into dead_letters (id, user_id, destination, payload, attempts, created_at) values (?, ?, ?, ?, 20, ?)`,
  )
    .bind(
      id,
      row.userId ?? null,
      row.destination ?? 'feed',
      JSON.stringify({ kind: 'session', id }),
      row.createdAt ?? Date.now(),
    )
    .run()
  return id
}

const platformTypes = async (userId: string) => {
  const hub = (await app.ctx()).objects.hub('platform')
  const { head } = await hub.read({ topic: 'platform', after: 0, limit: 1 })
  const { events } = await hub.read({ topic: 'platform', after: Math.max(0, head - 400), limit: 500 })
  return events.filter(({ event }) => event.userId === userId).map(({ event }) => event.type)
}

describe('a delivery that its receiver refuses while it accepts others', () => {
  it('is listed for admins as a dead letter, and blocks nothing behind it', async () => {
    const { user, letter } = await userWithDeadLetter()
    expect(letter).toEqual({
      id: expect.any(String),
      user_id: user.userId,
      destination: 'hub:platform',
      attempts: expect.any(Number),
      created_at: expect.stringMatching(/Z$/),
    })
    expect(await lettersOf(user.userId)).toHaveLength(1)
    expect(await platformTypes(user.userId)).toEqual(['session.created'])
  })

  it('is not kept for a user who was erased meanwhile', async () => {
    const [ctx, userId] = [await app.ctx(), newUuid()]
    await keepDeadLetters(ctx, userId, [{ destination: 'record', payload: '{}', attempts: 20 }])
    expect(await lettersOf(userId)).toEqual([])
  })

  it('does not block an erasure, also while nothing is behind it', async () => {
    const user = await freshAuthority()
    await user.breakReceivers(refusing('session.revoked'))
    const { session } = await user.open()
    await user.end(session.id)
    const erase = () => user.stub.erase({ userId: user.userId, authVersion: 1 })
    expect(await erase()).toEqual({ outcome: 'not_yet', reason: 'undelivered' })
    await passTime(user, async () => (await erase()).outcome === 'erased')
    expect(await user.outbox()).toEqual([])
  })
})

describe('GET /api/v1/admin/dead-letters', () => {
  it('pages, newest first, and counts', async () => {
    const later = Date.now() + DAY
    const [older, newer] = [await insertLetter({ createdAt: later }), await insertLetter({ createdAt: later + 1 })]
    const { body } = await list('?limit=2')
    expect(body).toMatchObject({ dead_letters: [{ id: newer }, { id: older }], limit: 2, offset: 0 })
    expect((await list('?limit=1&offset=1')).body.dead_letters).toMatchObject([{ id: older }])
    expect((await list('?limit=100')).body).toMatchObject({
      total: (await list('?limit=100')).body.dead_letters.length,
    })
  })

  it.each(['?limit=0', '?limit=101', '?offset=-1'])('refuses %s', async (query) => {
    expect((await list(query)).status).toBe(422)
  })
})

it('is kept as long as events', async () => {
  const ctx = await app.ctx()
  const now = Date.now()
  const old = await insertLetter({ createdAt: now - ctx.config.EVENT_RETENTION_DAYS * DAY - 1 })
  const young = await insertLetter({ createdAt: now - ctx.config.EVENT_RETENTION_DAYS * DAY + DAY })
  await pruneDeadLetters(ctx)
  const left = await env.DB.prepare('select id from dead_letters where id in (?, ?)').bind(old, young).all()
  expect(left.results).toEqual([{ id: young }])
})

describeAdminRoutes('every route of dead letters', app, [['GET', LETTERS]])
