import { randomUUID } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Authority, createAuthority, type Identity } from './support/certificates.ts'
import { startTransports, type Transports } from './support/mail-transports.ts'
import { LOGIN, type MailServer, type MailServerOptions, parseMail, startMailServer } from './support/smtp.ts'

let authority: Authority
let identity: Identity
let transports: Transports
const servers: MailServer[] = []

beforeAll(async () => {
  authority = await createAuthority()
  identity = await authority.issue('localhost')
  transports = await startTransports(authority.file)
})

afterAll(async () => {
  await transports.stop()
  await Promise.all(servers.map((server) => server.stop()))
  await authority.remove()
})

async function mailServer(options: MailServerOptions = {}): Promise<MailServer> {
  const server = await startMailServer({ ...identity, ...options })
  servers.push(server)
  return server
}

const mailOf = (fields: object = {}) => {
  const id = randomUUID()
  return {
    id,
    messageId: `<${id}@postern.test>`,
    to: 'reader@example.test',
    subject: 'Hello',
    text: 'text\n',
    html: '<p>html</p>\n',
    createdAt: Date.UTC(2026, 0, 2),
    ...fields,
  }
}

const smtp = (server: MailServer, settings: Readonly<Record<string, string>> = {}) => ({
  MAIL_TRANSPORT: 'smtp',
  MAIL_FROM: 'Postern <gate@example.test>',
  SMTP_HOST: 'localhost',
  SMTP_PORT: String(server.port),
  SMTP_SECURITY: 'starttls',
  SMTP_USERNAME: LOGIN.user,
  SMTP_PASSWORD: LOGIN.pass,
  ...settings,
})

describe('SMTP', () => {
  it.each([
    ['implicit TLS', 'PLAIN', { secure: true }, { SMTP_SECURITY: 'tls' }],
    ['STARTTLS', 'PLAIN', {}, {}],
    ['STARTTLS', 'LOGIN', { authMethods: ['LOGIN'] }, {}],
  ] as const)('over %s signs in with AUTH %s and hands the mail over', async (_, method, options, settings) => {
    const server = await mailServer({ ...options, authMethods: [method] })
    const mail = mailOf()
    expect(await transports.send({ settings: smtp(server, settings), mail })).toEqual({ outcome: 'sent' })
    expect(server.mails).toMatchObject([
      { from: 'gate@example.test', to: ['reader@example.test'], secure: true, login: method },
    ])
    const { headers, text, html } = parseMail(server.mails[0]?.raw ?? '')
    expect(headers.get('message-id')).toBe(mail.messageId)
    expect(headers.get('from')).toBe('Postern <gate@example.test>')
    expect(headers.get('to')).toBe('reader@example.test')
    expect(headers.get('auto-submitted')).toBe('auto-generated')
    expect([text.trim(), html.trim()]).toEqual(['text', '<p>html</p>'])
  })

  it('in the clear, without a login, reaches a server of local mode', async () => {
    const server = await mailServer({ disabledCommands: ['STARTTLS', 'AUTH'] })
    const settings = smtp(server, { SMTP_SECURITY: 'none', SMTP_USERNAME: '', SMTP_PASSWORD: '' })
    expect(await transports.send({ settings, mail: mailOf() })).toEqual({ outcome: 'sent' })
    expect(server.mails).toMatchObject([{ secure: false, login: null }])
  })

  it('gives the same bytes for the same mail', async () => {
    const server = await mailServer()
    const mail = mailOf({ text: 'ä\n', subject: 'Grüße' })
    await transports.send({ settings: smtp(server), mail })
    await transports.send({ settings: smtp(server), mail })
    expect(server.mails).toHaveLength(2)
    expect(server.mails[0]?.raw).toBe(server.mails[1]?.raw)
  })

  it('carries a subject beyond ASCII, long lines, and lines of dots', async () => {
    const server = await mailServer()
    const subject = `Grüße 🏰 ${'sehr lang '.repeat(20)}Ende`
    const text = ['.', '..', '.text', 'a\r', '.', `${'lang ä '.repeat(200)}`, '.'].join('\n')
    await transports.send({ settings: smtp(server), mail: mailOf({ subject, text }) })
    const raw = server.mails[0]?.raw ?? ''
    const parsed = parseMail(raw)
    expect(parsed.headers.get('subject')).toBe(subject)
    expect(parsed.text.replaceAll('\r\n', '\n').trim()).toBe(text.replaceAll('\r', '').trim())
    // RFC 5322 2.1.1: 998 characters a line at most, and headers are ASCII.
    expect(Math.max(...raw.split('\r\n').map((line) => line.length))).toBeLessThan(999)
    expect(raw.slice(0, raw.indexOf('\r\n\r\n'))).toMatch(/^[\x20-\x7e\r\n\t]*$/)
  })

  it.each([
    { subject: 'x\r\nBcc: victim@example.test' },
    { subject: 'x\nBcc: victim@example.test\n\nbody' },
    { text: '\r\n.\r\nMAIL FROM:<evil@example.test>\r\n' },
    { text: '\n.\nMAIL FROM:<evil@example.test>\n' },
    { text: '\r.\rMAIL FROM:<evil@example.test>\r' },
  ])('makes one mail to one reader of %j', async (fields) => {
    const server = await mailServer()
    await transports.send({ settings: smtp(server), mail: mailOf(fields) })
    expect(server.mails.map(({ from, to }) => [from, to])).toEqual([['gate@example.test', ['reader@example.test']]])
    expect([...parseMail(server.mails[0]?.raw ?? '').headers.keys()]).not.toContain('bcc')
  })

  it('takes no header from the name of the deployment', async () => {
    const server = await mailServer()
    const settings = smtp(server, { MAIL_FROM: 'gate@example.test', APP_NAME: 'Ca"stle\r\nBcc: <x@example.test>, ü' })
    await transports.send({ settings, mail: mailOf() })
    const { headers } = parseMail(server.mails[0]?.raw ?? '')
    expect([...headers.keys()]).not.toContain('bcc')
    expect(headers.get('from')).toMatch(/<gate@example\.test>$/)
    expect(server.mails[0]?.to).toEqual(['reader@example.test'])
  })

  it.each(['a@example.test>\r\nRCPT TO:<b@example.test', 'a@example.test, b@example.test', 'a b@example.test'])(
    'writes to nobody when the address is %j',
    async (to) => {
      const server = await mailServer()
      expect((await transports.send({ settings: smtp(server), mail: mailOf({ to }) })).outcome).not.toBe('sent')
      expect(server.mails).toEqual([])
    },
  )
})

describe('an address beyond ASCII', () => {
  const mail = () => mailOf({ to: 'jürgen@example.test' })

  it('is written to a server that offers SMTPUTF8', async () => {
    const server = await mailServer()
    expect(await transports.send({ settings: smtp(server), mail: mail() })).toEqual({ outcome: 'sent' })
    expect(server.mails).toMatchObject([{ to: ['jürgen@example.test'] }])
  })

  it('ends the mail before any of it is sent where the server does not, also after STARTTLS', async () => {
    for (const SMTP_SECURITY of ['starttls', 'none']) {
      const server = await mailServer({ hideSMTPUTF8: true })
      const delivery = await transports.send({ settings: smtp(server, { SMTP_SECURITY }), mail: mail() })
      expect(delivery).toEqual({ outcome: 'refused', reason: 'smtp SMTPUTF8_NOT_OFFERED' })
      expect([server.logins, server.mails]).toEqual([[], []])
    }
  })

  it('of the sender ends the mail, too', async () => {
    const server = await mailServer({ hideSMTPUTF8: true })
    const settings = smtp(server, { MAIL_FROM: 'tür@example.test' })
    expect(await transports.send({ settings, mail: mailOf() })).toMatchObject({ reason: 'smtp SMTPUTF8_NOT_OFFERED' })
  })
})

describe('an SMTP server that refuses', () => {
  it('a login ends the mail, and the reason names no password', async () => {
    const server = await mailServer()
    const settings = smtp(server, { SMTP_PASSWORD: 'wrong-password' })
    expect(await transports.send({ settings, mail: mailOf() })).toEqual({
      outcome: 'refused',
      reason: 'smtp 535 at AUTH PLAIN',
    })
    expect(server.logins).toEqual([`PLAIN ${LOGIN.user}`])
  })

  it.each([
    [451, 'failed'],
    [421, 'failed'],
    [550, 'refused'],
    [554, 'refused'],
  ] as const)('a message with %i has %s, and its words stay out of the reason', async (code, outcome) => {
    const server = await mailServer({ answer: () => ({ code, text: '5.7.1 spam: https://x.test/?token=pot_secret' }) })
    const delivery = await transports.send({ settings: smtp(server), mail: mailOf() })
    expect(delivery).toMatchObject({ outcome, reason: expect.stringMatching(new RegExp(`^smtp ${code}`)) })
    expect(JSON.stringify(delivery)).not.toMatch(/token|spam/)
  })

  it('a reader with 550 ends the mail', async () => {
    const refuse = Object.assign(new Error('5.1.1 nobody'), { responseCode: 550 })
    const server = await mailServer({ onRcptTo: (_address, _session, done) => done(refuse) })
    expect(await transports.send({ settings: smtp(server), mail: mailOf() })).toEqual({
      outcome: 'refused',
      reason: 'smtp 550 5.1.1 at RCPT TO',
    })
  })
})

describe('a connection that is not safe', () => {
  it('gets no login when STARTTLS is hidden', async () => {
    const server = await mailServer({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'], allowInsecureAuth: true })
    expect(await transports.send({ settings: smtp(server), mail: mailOf() })).toMatchObject({ outcome: 'failed' })
    expect([server.logins, server.mails]).toEqual([[], []])
  })

  it.each(['tls', 'starttls'])('gets no login over %s when the certificate is for another name', async (security) => {
    const other = await authority.issue('other.test')
    const server = await mailServer({ ...other, secure: security === 'tls' })
    const settings = smtp(server, { SMTP_SECURITY: security })
    expect(await transports.send({ settings, mail: mailOf() })).toMatchObject({ outcome: 'failed' })
    expect([server.logins, server.mails]).toEqual([[], []])
  })

  it('to nobody has failed, and may be tried again', async () => {
    const server = await startMailServer(identity)
    await server.stop()
    expect(await transports.send({ settings: smtp(server), mail: mailOf() })).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/^smtp /),
    })
  })
})

describe('the JSON API', () => {
  interface Asked {
    readonly method: string | undefined
    readonly url: string | undefined
    readonly headers: IncomingHttpHeaders
    readonly body: Record<string, unknown>
  }
  const asked: Asked[] = []
  let answer = { status: 200, body: '{"id":"x"}' }
  let server: Server
  let settings: Record<string, string>

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString()
      })
      request.on('end', () => {
        asked.push({ method: request.method, url: request.url, headers: request.headers, body: JSON.parse(body) })
        response
          .writeHead(answer.status, { 'content-type': 'application/json', location: '/elsewhere' })
          .end(answer.body)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    settings = {
      MAIL_TRANSPORT: 'http',
      MAIL_FROM: 'gate@example.test',
      MAIL_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      MAIL_API_KEY: 're_secret',
    }
  })
  afterAll(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )

  it('gets the mail with the key, and the same idempotency key for the same mail', async () => {
    const mail = mailOf({ subject: 'Grüße' })
    expect(await transports.send({ settings, mail })).toEqual({ outcome: 'sent' })
    expect(await transports.send({ settings, mail })).toEqual({ outcome: 'sent' })
    const [first, second] = asked.splice(0)
    expect(first).toMatchObject({
      method: 'POST',
      url: '/emails',
      headers: { authorization: 'Bearer re_secret', 'idempotency-key': mail.id, 'content-type': 'application/json' },
      body: {
        from: '"Postern" <gate@example.test>',
        to: ['reader@example.test'],
        subject: 'Grüße',
        text: mail.text,
        html: mail.html,
        headers: { 'Message-ID': mail.messageId },
      },
    })
    expect(second?.body).toEqual(first?.body)
    expect(second?.headers['idempotency-key']).toBe(mail.id)
  })

  it.each([
    [500, '{}', 'failed', 'http 500'],
    [429, '{"name":"rate_limit_exceeded","message":"slow down"}', 'failed', 'http 429 rate_limit_exceeded'],
    [409, '{"name":"concurrent_idempotent_requests"}', 'failed', 'http 409 concurrent_idempotent_requests'],
    [503, 'not JSON', 'failed', 'http 503'],
    [422, '{"name":"validation_error","message":"token=pot_x"}', 'refused', 'http 422 validation_error'],
    [401, '{"name":"the key re_secret is wrong"}', 'refused', 'http 401'],
    [302, '{}', 'refused', 'http 302'],
  ] as const)('that answers %i %s has %s', async (status, body, outcome, reason) => {
    answer = { status, body }
    expect(await transports.send({ settings, mail: mailOf() })).toEqual({ outcome, reason })
    expect(asked.splice(0)).toHaveLength(1)
  })

  it('that is down has failed', async () => {
    const closed = { ...settings, MAIL_API_URL: 'http://127.0.0.1:1' }
    expect(await transports.send({ settings: closed, mail: mailOf() })).toMatchObject({ outcome: 'failed' })
  })
})

describe('the binding', () => {
  it('takes the mail', async () => {
    const settings = { MAIL_TRANSPORT: 'binding', MAIL_FROM: 'gate@example.test' }
    const mail = mailOf({ subject: 'Grüße', text: '.\nä\n' })
    expect(await transports.send({ settings, mail })).toEqual({ outcome: 'sent' })
  })
})
