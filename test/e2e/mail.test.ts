import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { bearer, post, signInAdmin, signUp } from './support/api.ts'
import { type Authority, createAuthority } from './support/certificates.ts'
import { type OwnPostern, startOwnPostern } from './support/postern.ts'
import { LOGIN, type MailServer, parseMail, startMailServer } from './support/smtp.ts'

interface MailWire {
  readonly id: string
  readonly to: string
  readonly kind: string
  readonly attempts: number
  readonly last_error: string | null
}

const LONG = { timeout: 20_000, interval: 100 }

let authority: Authority
let server: MailServer
let postern: OwnPostern
/** How each message was answered, by reader. */
const attempts = new Map<string, string[]>()
let isDown = true

const messageIdOf = (raw: string): string => parseMail(raw).headers.get('message-id') ?? ''

beforeAll(async () => {
  authority = await createAuthority()
  server = await startMailServer({
    ...(await authority.issue('localhost')),
    answer({ to: [to = ''], raw }) {
      const known = attempts.get(to) ?? []
      attempts.set(to, [...known, messageIdOf(raw)])
      if (to.startsWith('flaky') && known.length < 2) return { code: 451, text: '4.3.0 later' }
      if (to.startsWith('never') && isDown) return { code: 451, text: '4.3.0 later' }
      return to.startsWith('gone') ? { code: 550, text: '5.1.1 nobody' } : undefined
    },
  })
  postern = await startOwnPostern(inject('checkout'), {
    NODE_EXTRA_CA_CERTS: authority.file,
    APP_NAME: 'Burg "Grün"',
    MAIL_TRANSPORT: 'smtp',
    MAIL_FROM: 'Tor <gate@example.test>',
    MAIL_RETRY_SECONDS: '0',
    SMTP_HOST: 'localhost',
    SMTP_PORT: String(server.port),
    SMTP_SECURITY: 'starttls',
    SMTP_USERNAME: LOGIN.user,
    SMTP_PASSWORD: LOGIN.pass,
  })
})

afterAll(async () => {
  await postern.stop()
  await server.stop()
  await authority.remove()
})

const mailsTo = (address: string) => server.mails.filter(({ to }) => to.includes(address))

async function listMails(status: string, token: string): Promise<MailWire[]> {
  const answer = await fetch(`${postern.origin}/api/v1/admin/mails?status=${status}&limit=100`, {
    headers: bearer(token),
  })
  return ((await answer.json()) as { mails: MailWire[] }).mails
}

const find = async (status: string, token: string, address: string): Promise<MailWire | undefined> =>
  (await listMails(status, token)).find(({ to }) => to === address)

describe('a service that sends over SMTP', () => {
  it('mails a newcomer within moments, in the name of the deployment', async () => {
    const user = await signUp(postern.origin)
    await vi.waitFor(() => expect(mailsTo(user.email)).toHaveLength(1), LONG)
    const [mail] = mailsTo(user.email)
    expect(mail).toMatchObject({ from: 'gate@example.test', to: [user.email], secure: true, login: 'PLAIN' })
    const { headers, text } = parseMail(mail?.raw ?? '')
    expect(headers.get('subject')).toBe('Confirm your email address for Burg "Grün"')
    expect(headers.get('from')).toBe('Tor <gate@example.test>')
    expect(text).toContain(postern.origin)
  })

  it('sends the same mail again until a busy server takes it', async () => {
    const { email } = await signUp(postern.origin, `flaky-${randomUUID()}@example.com`)
    await vi.waitFor(() => expect(mailsTo(email)).toHaveLength(1), LONG)
    expect(attempts.get(email)).toHaveLength(3)
    expect(new Set(attempts.get(email)).size).toBe(1)
    const { access_token: token } = await signInAdmin(postern.origin)
    await vi.waitFor(
      async () => expect(await find('sent', token, email)).toMatchObject({ attempts: 3, last_error: null }),
      10_000,
    )
  })

  it('gives up at once on a reader that the server does not know', async () => {
    const { email } = await signUp(postern.origin, `gone-${randomUUID()}@example.com`)
    const { access_token: token } = await signInAdmin(postern.origin)
    await vi.waitFor(async () => expect(await find('dead', token, email)).toBeDefined(), LONG)
    expect(await find('dead', token, email)).toMatchObject({ attempts: 1, last_error: 'smtp 550 5.1.1 at DATA' })
  })

  it('gives up after the last retry, and sends it when an admin says so', async () => {
    const { email } = await signUp(postern.origin, `never-${randomUUID()}@example.com`)
    const { access_token: token } = await signInAdmin(postern.origin)
    await vi.waitFor(async () => expect(await find('dead', token, email)).toBeDefined(), LONG)
    const dead = await find('dead', token, email)
    expect(dead).toMatchObject({ attempts: 11, last_error: expect.stringMatching(/^smtp 451 4\.3\.0/) })
    expect(mailsTo(email)).toEqual([])

    isDown = false
    const requeue = () => post(postern.origin, `/api/v1/admin/mails/${dead?.id}/requeue`, {}, bearer(token))
    expect((await requeue()).status).toBe(200)
    await vi.waitFor(() => expect(mailsTo(email)).toHaveLength(1), LONG)
    expect(new Set(attempts.get(email)).size).toBe(1)
    expect(messageIdOf(mailsTo(email)[0]?.raw ?? '')).toBe(`<${dead?.id}@127.0.0.1>`)
    expect((await requeue()).status).toBe(409)
  })
})

describe('a service without a transport of its own', () => {
  it('has the mail in the mailbox a moment after the request', async () => {
    const origin = inject('origin')
    const { email } = await signUp(origin)
    const asked = performance.now()
    await vi.waitFor(async () => {
      const answer = await fetch(`${origin}/dev/mailbox?to=${encodeURIComponent(email)}`)
      expect(await answer.json()).toMatchObject([{ to: email, subject: 'Confirm your email address for Postern' }])
    }, LONG)
    expect(performance.now() - asked).toBeLessThan(2000)
  })
})
