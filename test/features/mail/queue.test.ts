import { describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { deliverMail, enqueueOverdueMails, queueMail } from '../../../src/features/mail/service/mails.ts'
import type { MailRequest } from '../../../src/features/mail/types.ts'
import { runScheduled } from '../../../src/jobs.ts'
import { serviceUnavailable } from '../../../src/lib/errors.ts'
import { createTestApp, env } from '../../support/app.ts'
import { readMailbox, waitForMail, waitForMails } from '../../support/mail.ts'
import { withMethods } from '../../support/objects.ts'
import { freshAddress, keptQueue, LINK, resetMail, rowOf, rowsOf } from './support.ts'

const MINUTE = 60_000
const PRODUCTION = { MODE: 'production', PUBLIC_URL: 'https://auth.example.test' }

/** An app whose mails stay in their rows until the test delivers them. */
function heldApp(change: (ctx: Ctx) => Ctx = (ctx) => ctx) {
  const queue = keptQueue()
  return { app: createTestApp({ override: (ctx) => change(queue.into(ctx)) }), taken: queue.taken }
}

describe('a mail in local mode', () => {
  it('arrives in the mailbox soon, through the queue', async () => {
    const app = createTestApp()
    const to = freshAddress()
    await queueMail(await app.ctx(), resetMail(to, 'de'))
    const mail = await waitForMail(app, to)
    expect(mail).toMatchObject({ to, subject: 'Passwort für Postern zurücksetzen' })
    expect(mail.text).toContain(LINK)
    expect(await rowOf(to)).toMatchObject({ status: 'sent', attempts: 1, last_error: null, content_sealed: null })
  })

  it('is listed newest first, and filtered by recipient', async () => {
    const app = createTestApp()
    const to = freshAddress()
    await queueMail(await app.ctx(), resetMail(to))
    await waitForMail(app, to)
    await queueMail(await app.ctx(), resetMail(to, 'de'))
    const mails = await waitForMails(app, to.toUpperCase(), 2)
    expect(mails.map(({ subject }) => subject.split(' ')[0])).toEqual(['Passwort', 'Reset'])
    expect(await readMailbox(app, freshAddress())).toEqual([])
  })
})

describe('the row of a mail', () => {
  it('has the content sealed, and none once the mail is sent', async () => {
    const { app } = heldApp()
    const to = freshAddress()
    await queueMail(await app.ctx(), resetMail(to))
    const row = await rowOf(to)
    expect(JSON.stringify(row)).not.toMatch(/pot_|auth\.example\.test|Reset/)
    expect(row.content_sealed).toMatch(/^[\w-]+\.[\w-]+$/)
    expect(await deliverMail(await app.ctx(), row.id)).toEqual({ outcome: 'sent' })
    expect((await rowOf(to)).content_sealed).toBeNull()
  })

  it('cannot be unsealed in the row of another mail', async () => {
    const { app } = heldApp()
    const [mine, theirs] = [freshAddress(), freshAddress()]
    const ctx = await app.ctx()
    await queueMail(ctx, resetMail(mine))
    await queueMail(ctx, resetMail(theirs))
    const [own, other] = [await rowOf(mine), await rowOf(theirs)]
    const move = env.DB.prepare('update mails set content_sealed = ? where id = ?')
    await move.bind(other.content_sealed, own.id).run()
    expect(await deliverMail(ctx, own.id)).toEqual({ outcome: 'dead' })
    expect(await rowOf(mine)).toMatchObject({ status: 'dead', last_error: 'content unreadable' })
    expect(await readMailbox(app, mine)).toEqual([])
  })
})

describe('the limit', () => {
  it('allows exactly five mails of a kind to an address in an hour, and does not reveal more to the caller', async () => {
    const { app } = heldApp()
    const to = freshAddress()
    const ctx = await app.ctx()
    const mail = (recipient: string): MailRequest => ({
      kind: 'mfa_recovery',
      to: recipient,
      userId: null,
      locale: null,
      params: {},
    })
    const answers = await Promise.all(Array.from({ length: 9 }, () => queueMail(ctx, mail(to))))
    expect(answers).toEqual(Array(9).fill(undefined))
    expect(await rowsOf(to)).toHaveLength(5)
    // Another kind and another address are counted separately.
    await queueMail(ctx, { kind: 'magic_link', to, userId: null, locale: null, params: { link: LINK, lifetimeMs: 1 } })
    expect(await rowsOf(to)).toHaveLength(6)
    const other = freshAddress()
    await queueMail(ctx, mail(other))
    expect(await rowsOf(other)).toHaveLength(1)
  })
})

describe('an invalid address', () => {
  it.each([
    'a@example.test\r\nBcc: b@example.test',
    'a@example.test, b@example.test',
    'a b@example.test',
    'a',
    '<a@b.test>',
  ])('gets no mail: %j', async (to) => {
    const { app } = heldApp()
    await expect(queueMail(await app.ctx(), resetMail(to))).rejects.toThrow(TypeError)
    expect(await rowsOf(to)).toEqual([])
  })
})

describe('a deployment that cannot send mail', () => {
  const incomplete: readonly (readonly [string, Record<string, string>])[] = [
    ['no transport', {}],
    ['the mailbox of local mode', { MAIL_TRANSPORT: 'mailbox', MAIL_FROM: 'a@example.test' }],
    ['no sender', { MAIL_TRANSPORT: 'http', MAIL_API_KEY: 'k' }],
    ['no API key', { MAIL_TRANSPORT: 'http', MAIL_FROM: 'a@example.test' }],
    ['no SMTP host', { MAIL_TRANSPORT: 'smtp', MAIL_FROM: 'a@example.test' }],
    ['half a login', { MAIL_TRANSPORT: 'smtp', MAIL_FROM: 'a@b.test', SMTP_HOST: 'smtp.b.test', SMTP_USERNAME: 'u' }],
    [
      'SMTP in the clear',
      { MAIL_TRANSPORT: 'smtp', MAIL_FROM: 'a@b.test', SMTP_HOST: 'b.test', SMTP_SECURITY: 'none' },
    ],
    ['no binding', { MAIL_TRANSPORT: 'binding', MAIL_FROM: 'a@example.test' }],
  ]

  it.each(incomplete)('because it has %s throws CONFIGURATION_ERROR', async (_, settings) => {
    const to = freshAddress()
    const ctx = await createTestApp({ env: { ...PRODUCTION, ...settings } }).ctx()
    await expect(queueMail(ctx, resetMail(to))).rejects.toMatchObject({ code: 'CONFIGURATION_ERROR' })
    expect(await rowsOf(to)).toEqual([])
  })

  it('does not fail a change because of its notice', async () => {
    const ctx = await createTestApp({ env: PRODUCTION }).ctx()
    const to = freshAddress()
    const notice: MailRequest = {
      kind: 'password_changed',
      to,
      userId: null,
      locale: null,
      params: { reportLink: LINK },
    }
    await queueMail(ctx, notice)
    expect(await rowsOf(to)).toEqual([])
  })
})

describe('a queue that does not answer', () => {
  it('fails no request: the row waits, and the cron job enqueues it after a minute', async () => {
    const t0 = Date.now()
    let now = t0
    const down = { send: () => Promise.reject(new Error('down')) } as unknown as Queue<unknown>
    const app = createTestApp({
      override: (ctx) => ({ ...ctx, now: () => now, queues: { ...ctx.queues, mail: down } }),
    })
    const to = freshAddress()
    await queueMail(await app.ctx(), resetMail(to))
    await app.settled()
    const { id, status } = await rowOf(to)
    expect(status).toBe('queued')

    const queue = keptQueue()
    const later = async () => queue.into({ ...(await app.ctx()), now: () => now })
    now = t0 + MINUTE - 1000
    await enqueueOverdueMails(await later())
    expect(queue.taken).not.toContain(id)
    now = t0 + MINUTE + 1000
    await runScheduled(await later())
    expect(queue.taken.filter((taken) => taken === id)).toHaveLength(1)
    // The run in the next minute does not enqueue it again yet.
    now += MINUTE
    await enqueueOverdueMails(await later())
    expect(queue.taken.filter((taken) => taken === id)).toHaveLength(1)
    expect(await deliverMail(await later(), id)).toEqual({ outcome: 'sent' })
    expect(await readMailbox(app, to)).toHaveLength(1)
  })
})

describe('a guard that does not answer', () => {
  it('lets no mail bypass the limit: the request fails, but a change is kept although its notice is not sent', async () => {
    const away = () => Promise.reject(serviceUnavailable())
    const { app } = heldApp((ctx) => ({
      ...ctx,
      objects: { ...ctx.objects, guard: (subject) => withMethods(ctx.objects.guard(subject), { use: away }) },
    }))
    const ctx = await app.ctx()
    const to = freshAddress()
    await expect(queueMail(ctx, resetMail(to))).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    await queueMail(ctx, { kind: 'password_changed', to, userId: null, locale: null, params: { reportLink: LINK } })
    expect(await rowsOf(to)).toEqual([])
  })
})
