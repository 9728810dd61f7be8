import { expect, it } from 'vitest'
import { commit } from '../../../src/db/commit.ts'
import { deadLetters } from '../../../src/db/tables.ts'
import { recordEvent } from '../../../src/durable/user-authority/transaction.ts'
import { MAX_EVENT_BYTES } from '../../../src/lib/event.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env, json } from '../../support/app.ts'
import { signUpUser } from '../../support/users.ts'

/** What a queue takes as one message. */
const QUEUE_BYTES = 128_000

const app = createTestApp()

const event = (subject: string, data: Record<string, unknown>) => ({
  type: 'admin.cache_cleared' as const,
  subject,
  actor: { type: 'system', id: 'test' } as const,
  sessionId: null,
  organizationId: null,
  data,
})

const TOO_LARGE = { text: '\u20ac'.repeat(MAX_EVENT_BYTES / 3) }

it('refuses an event that no queue takes before anything is written', async () => {
  const ctx = await app.ctx()
  const id = newUuid()
  const row = { id, userId: null, destination: 'feed', payload: '{}', attempts: 0, createdAt: 0 }
  const draft = { ...event(id, TOO_LARGE), userId: null }
  await expect(commit(ctx, ctx.db.insert(deadLetters).values(row), draft)).rejects.toThrow(
    new RangeError(`admin.cache_cleared has ${MAX_EVENT_BYTES + 19} bytes, more than ${MAX_EVENT_BYTES}`),
  )
  expect(await env.DB.prepare('select 1 from dead_letters where id = ?').bind(id).first()).toBeNull()
})

it('refuses it in the journal of an object, too', () => {
  const journal = { events: [], delivered: [], feed: [], records: [], ended: [] }
  const turn = { journal, now: 0, userId: newUuid() } as unknown as Parameters<typeof recordEvent>[0]
  expect(() => recordEvent(turn, null, event(turn.userId, TOO_LARGE))).toThrow(RangeError)
  recordEvent(turn, null, event(turn.userId, {}))
  expect(journal.events).toHaveLength(1)
})

it('is far above what the largest profile and the largest interaction make', async () => {
  const { user, headers } = await signUpUser(app)
  /** Three bytes a character: the limits of fields count characters. */
  const text = (length: number) => '\u20ac'.repeat(length)
  const profile = (mark: string) => ({
    first_name: text(99) + mark,
    last_name: text(99) + mark,
    display_name: text(199) + mark,
    bio: text(999) + mark,
    phone_number: text(19) + mark,
    timezone: text(49) + mark,
    locale: text(34) + mark,
    profile_image_url: `https://example.test/${mark.repeat(470)}`,
    user_metadata: { note: text(9980) + mark },
  })
  for (const mark of ['a', 'b']) {
    const change = { ...json(profile(mark), headers), method: 'PATCH' }
    expect((await app.fetch('/api/v1/auth/profile', change)).status).toBe(200)
  }
  // A number of four characters that JSON writes in 21.
  const interaction = { message: Array.from({ length: 3250 }, () => '1e20') }
  const body = JSON.stringify(interaction).replaceAll('"1e20"', '1e20')
  const request = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body }
  expect((await app.fetch('/chatbot/interact', request)).status).toBe(200)
  const { results } = await env.DB.prepare(
    'select type, length(cast(data as blob)) as size from events where user_id = ?',
  )
    .bind(user.id)
    .all<{ type: string; size: number }>()
  const largest = (type: string) => Math.max(...results.filter((row) => row.type === type).map(({ size }) => size))
  const sizes = ['user.updated', 'chatbot.interaction'].map(largest)
  for (const size of sizes) {
    expect(size).toBeGreaterThan(50_000)
    expect(size).toBeLessThan(0.75 * MAX_EVENT_BYTES)
  }
  expect(MAX_EVENT_BYTES).toBeLessThan(0.8 * QUEUE_BYTES)
})
