import { describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { enhancedCode, retryDelaySeconds } from '../../../src/features/mail/rules.ts'
import { deliverMail, pruneMails, queueMail } from '../../../src/features/mail/service/mails.ts'
import { runQueue } from '../../../src/jobs.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env } from '../../support/app.ts'
import { freshAddress, keptQueue, LINK, messageOf, type Row, resetMail, rowOf, rowsOf } from './support.ts'

const HTTP = { MAIL_TRANSPORT: 'http', MAIL_FROM: 'Gate <gate@example.test>', MAIL_API_KEY: 're_secret-key' }
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

type Answer = () => Response | Promise<Response>
const accepted: Answer = () => Response.json({ id: 'x' })

/** A service whose provider gives the test's answer, and whose queue delivers nothing by itself. */
function providerApp(settings: Readonly<Record<string, string>> = {}) {
  const provider = { answer: accepted, keys: [] as (string | null)[] }
  const clock = { now: Date.now() }
  const fetcher: typeof fetch = async (_url, init) => {
    provider.keys.push(new Headers(init?.headers).get('idempotency-key'))
    return provider.answer()
  }
  const queue = keptQueue()
  const override = (ctx: Ctx): Ctx => queue.into({ ...ctx, fetch: fetcher, now: () => clock.now })
  const app = createTestApp({ env: { ...HTTP, ...settings }, override })
  return { app, provider, clock }
}

async function queued(ctx: Ctx): Promise<{ to: string; row: Row }> {
  const to = freshAddress()
  await queueMail(ctx, resetMail(to))
  return { to, row: await rowOf(to) }
}

describe('the pause before the next attempt', () => {
  it('doubles, up to an hour', () => {
    expect([1, 2, 3, 4, 8, 9, 10].map((attempts) => retryDelaySeconds(attempts, 15))).toEqual([
      15, 30, 60, 120, 1920, 3600, 3600,
    ])
    expect(retryDelaySeconds(5, 0)).toBe(0)
  })
})

describe("an SMTP reply's enhanced code", () => {
  it.each([
    ['550 5.1.1 no such user', '5.1.1'],
    ['550-5.7.26 a\r\n550 5.7.26 b', '5.7.26'],
    ['451 4.3.0', '4.3.0'],
    ['550 no such user', undefined],
    ['550 5.1.1x', undefined],
    ['550 9.1.1 x', undefined],
    ['', undefined],
  ])('of %j is %s', (reply, code) => {
    expect(enhancedCode(reply)).toBe(code)
  })
})

describe('an attempt', () => {
  it('that fails leaves the mail queued, with the reason and a longer pause each time, until one succeeds', async () => {
    const { app, provider, clock } = providerApp()
    const ctx = await app.ctx()
    const { to, row } = await queued(ctx)
    provider.answer = () => Response.json({ name: 'application_error', message: `about ${LINK}` }, { status: 500 })
    expect(await deliverMail(ctx, row.id)).toEqual({ outcome: 'failed', delaySeconds: 15 })
    expect(await deliverMail(ctx, row.id)).toEqual({ outcome: 'failed', delaySeconds: 30 })
    expect(await rowOf(to)).toMatchObject({
      status: 'queued',
      attempts: 2,
      last_error: 'http 500 application_error',
      claimed_until: 0,
      enqueue_at: clock.now + 30_000 + MINUTE,
    })
    provider.answer = accepted
    expect(await deliverMail(ctx, row.id)).toEqual({ outcome: 'sent' })
    expect(await rowOf(to)).toMatchObject({ status: 'sent', attempts: 3, last_error: null, sent_at: clock.now })
    expect(provider.keys).toEqual([row.id, row.id, row.id])
  })

  it('that is refused permanently marks the mail as dead and keeps its content', async () => {
    const { app, provider } = providerApp()
    const ctx = await app.ctx()
    const { to, row } = await queued(ctx)
    provider.answer = () => Response.json({ name: 'validation_error' }, { status: 422 })
    expect(await deliverMail(ctx, row.id)).toEqual({ outcome: 'dead' })
    expect(await rowOf(to)).toMatchObject({
      status: 'dead',
      last_error: 'http 422 validation_error',
      content_sealed: row.content_sealed,
    })
    expect(await deliverMail(ctx, row.id)).toEqual({ outcome: 'skipped' })
  })

  it.each([
    ['is unreachable', () => Promise.reject(new TypeError('network: re_secret-key')), 'http TypeError'],
    ['hangs until its time is up', () => Promise.reject(new DOMException('', 'TimeoutError')), 'http TimeoutError'],
  ])('with a provider that %s fails, and the reason has no secret', async (_, answer, reason) => {
    const { app, provider } = providerApp()
    const ctx = await app.ctx()
    const { to, row } = await queued(ctx)
    provider.answer = answer
    expect(await deliverMail(ctx, row.id)).toMatchObject({ outcome: 'failed' })
    expect(await rowOf(to)).toMatchObject({ status: 'queued', last_error: reason })
  })

  it('reports which settings are missing when they were removed after the mail was queued', async () => {
    const { app } = providerApp()
    const { to, row } = await queued(await app.ctx())
    const later = await createTestApp({ env: { MAIL_TRANSPORT: 'http', MAIL_FROM: 'a@example.test' } }).ctx()
    expect(await deliverMail(later, row.id)).toMatchObject({ outcome: 'failed' })
    expect((await rowOf(to)).last_error).toBe('not configured: MAIL_API_KEY')
  })

  it('unseals with the previous root secret, and marks as dead what no known secret unseals', async () => {
    const { app } = providerApp()
    const [known, lost] = [await queued(await app.ctx()), await queued(await app.ctx())]
    const rotated = { ROOT_SECRET: 'another-root-secret-0123456789-0123456789-012345' }
    const previous = { ...rotated, ROOT_SECRET_PREVIOUS: 'test-root-secret-0123456789-0123456789-0123456789' }
    expect(await deliverMail(await providerApp(previous).app.ctx(), known.row.id)).toEqual({ outcome: 'sent' })
    expect(await deliverMail(await providerApp(rotated).app.ctx(), lost.row.id)).toEqual({ outcome: 'dead' })
  })
})

describe('a message that the queue delivers twice', () => {
  it('sends one mail, also concurrently', async () => {
    const { app, provider } = providerApp()
    const ctx = await app.ctx()
    const { row } = await queued(ctx)
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => deliverMail(ctx, row.id)))
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['sent', 'skipped', 'skipped', 'skipped', 'skipped'])
    expect(await deliverMail(ctx, row.id)).toEqual({ outcome: 'skipped' })
    expect(provider.keys).toEqual([row.id])
  })

  it('sends the same mail once the claim of a stopped Worker has expired', async () => {
    const { app, provider, clock } = providerApp()
    const ctx = await app.ctx()
    const { to, row } = await queued(ctx)
    await env.DB.prepare('update mails set claimed_until = ? where id = ?')
      .bind(clock.now + MINUTE, row.id)
      .run()
    expect(await deliverMail(ctx, row.id)).toEqual({ outcome: 'skipped' })
    clock.now += MINUTE + 1
    expect(await deliverMail(ctx, row.id)).toEqual({ outcome: 'sent' })
    expect(provider.keys).toEqual([row.id])
    expect((await rowOf(to)).status).toBe('sent')
  })

  it('sends no second mail when the database fails briefly while the first is marked', async () => {
    const { app, provider } = providerApp()
    const ctx = await app.ctx()
    const { to, row } = await queued(ctx)
    let updates = 0
    const blinking = new Proxy(ctx.db, {
      get(db, name) {
        if (name === 'update') {
          updates += 1
          // The first write is the claim; then two attempts to mark the mail fail.
          if (updates === 2 || updates === 3) throw new Error('D1 is away')
        }
        const value: unknown = Reflect.get(db, name)
        return typeof value === 'function' ? value.bind(db) : value
      },
    })
    expect(await deliverMail({ ...ctx, db: blinking }, row.id)).toEqual({ outcome: 'sent' })
    expect((await rowOf(to)).status).toBe('sent')
    expect(provider.keys).toHaveLength(1)
  })
})

describe('the consumer', () => {
  const batch = (queue: string, ...messages: Message<unknown>[]) =>
    ({ queue, messages }) as unknown as MessageBatch<unknown>

  it('acknowledges sent, unknown and malformed messages, and retries the others later', async () => {
    const { app, provider } = providerApp()
    const ctx = await app.ctx()
    const good = messageOf((await queued(ctx)).row.id)
    const unknown = messageOf(newUuid())
    const malformed = messageOf(7)
    await runQueue(ctx, batch('postern-mail', good.message, unknown.message, malformed.message))
    expect([good.calls, unknown.calls, malformed.calls]).toEqual([['ack'], ['ack'], ['ack']])
    provider.answer = () => new Response(null, { status: 503 })
    const busy = messageOf((await queued(ctx)).row.id)
    await runQueue(ctx, batch('postern-mail', busy.message))
    expect(busy.calls).toEqual(['retry 15'])
  })

  it('retries a message when the database is down', async () => {
    const { app } = providerApp()
    const ctx = await app.ctx()
    const { to, row } = await queued(ctx)
    const { message, calls } = messageOf(row.id, 3)
    const update = () => {
      throw new Error('away')
    }
    const away = { ...ctx, db: { update } as unknown as Ctx['db'] }
    await runQueue(away, batch('postern-mail', message))
    expect(calls).toEqual(['retry 60'])
    expect((await rowOf(to)).status).toBe('queued')
  })

  it('of dead letters marks queued mails as dead, with their last error, and ignores sent ones', async () => {
    const { app, provider } = providerApp()
    const ctx = await app.ctx()
    const sent = await queued(ctx)
    await deliverMail(ctx, sent.row.id)
    provider.answer = () => new Response(null, { status: 500 })
    const failing = await queued(ctx)
    await deliverMail(ctx, failing.row.id)
    const messages = [sent, failing].map(({ row }) => messageOf(row.id))
    await runQueue(ctx, batch('postern-mail-dead', ...messages.map(({ message }) => message)))
    expect(messages.map(({ calls }) => calls)).toEqual([['ack'], ['ack']])
    expect((await rowOf(sent.to)).status).toBe('sent')
    expect(await rowOf(failing.to)).toMatchObject({ status: 'dead', last_error: 'http 500', attempts: 1 })
  })
})

describe("the platform's binding", () => {
  const bound = async (send: (message: unknown) => Promise<unknown>) => {
    const queue = keptQueue()
    const override = (ctx: Ctx): Ctx => queue.into({ ...ctx, sendEmail: { send } as unknown as SendEmail })
    const settings = { MAIL_TRANSPORT: 'binding', MAIL_FROM: 'gate@example.test' }
    return createTestApp({ env: settings, override }).ctx()
  }

  it('gets one message from the sender to the recipient', async () => {
    const taken: unknown[] = []
    const ctx = await bound(async (message) => taken.push(message))
    const { to, row } = await queued(ctx)
    expect(await deliverMail(ctx, row.id)).toEqual({ outcome: 'sent' })
    expect(taken).toEqual([expect.objectContaining({ from: 'gate@example.test', to })])
  })

  it.each([
    ['E_SENDER_NOT_VERIFIED', 'dead', 'binding E_SENDER_NOT_VERIFIED'],
    ['E_RATE_LIMIT_EXCEEDED', 'failed', 'binding E_RATE_LIMIT_EXCEEDED'],
    ['token=pot_x', 'failed', 'binding failure'],
  ])('that throws %s makes the mail %s', async (code, outcome, reason) => {
    const ctx = await bound(() => Promise.reject(Object.assign(new Error(LINK), { code })))
    const { to, row } = await queued(ctx)
    expect(await deliverMail(ctx, row.id)).toMatchObject({ outcome })
    expect((await rowOf(to)).last_error).toBe(reason)
  })
})

describe('old mails', () => {
  it('are deleted a week after they were sent and a month after they were marked as dead, never while queued', async () => {
    // A run deletes a limited number, and other files have left more.
    await env.DB.exec('delete from mails')
    const { app, provider, clock } = providerApp()
    const ctx = await app.ctx()
    const sent = await queued(ctx)
    await deliverMail(ctx, sent.row.id)
    provider.answer = () => new Response(null, { status: 400 })
    const dead = await queued(ctx)
    await deliverMail(ctx, dead.row.id)
    const waiting = await queued(ctx)
    const left = async (after: number) => {
      await pruneMails({ ...ctx, now: () => clock.now + after })
      return Promise.all([sent, dead, waiting].map(async ({ to }) => (await rowsOf(to)).length))
    }
    expect(await left(7 * DAY - MINUTE)).toEqual([1, 1, 1])
    expect(await left(7 * DAY + MINUTE)).toEqual([0, 1, 1])
    expect(await left(31 * DAY)).toEqual([0, 0, 1])
  })
})
