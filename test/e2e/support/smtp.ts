import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export interface TakenMail {
  readonly from: string
  readonly to: readonly string[]
  /** The message as it came, dots unstuffed. */
  readonly raw: string
  readonly secure: boolean
  /** How the client signed in, or null. */
  readonly login: string | null
}

export interface MailServer {
  readonly port: number
  readonly mails: readonly TakenMail[]
  /** Logins that were tried: mechanism and user. */
  readonly logins: readonly string[]
  stop(): Promise<void>
}

export const LOGIN = { user: 'postern', pass: 'Gruß an den Wächter' }

export interface MailServerOptions extends SMTPServerOptions {
  /** The reply to the end of a message: undefined takes it. Called once a message. */
  readonly answer?: (mail: TakenMail) => { code: number; text: string } | undefined
}

/** A real SMTP server on loopback that keeps what it takes. Only `LOGIN` signs in. */
export async function startMailServer({
  answer = () => undefined,
  ...options
}: MailServerOptions): Promise<MailServer> {
  const mails: TakenMail[] = []
  const logins: string[] = []
  const server = new SMTPServer({
    ...options,
    onAuth({ method, username, password }, _session, done) {
      logins.push(`${method} ${username}`)
      if (username === LOGIN.user && password === LOGIN.pass) return done(null, { user: method })
      return done(Object.assign(new Error('wrong'), { responseCode: 535 }))
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        const mail: TakenMail = {
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString(),
          secure: session.secure,
          login: session.user ?? null,
        }
        const refusal = answer(mail)
        if (refusal) return done(Object.assign(new Error(refusal.text), { responseCode: refusal.code }))
        mails.push(mail)
        done()
      })
    },
  })
  // A client that breaks off a handshake is what some tests are about.
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve())
  })
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    logins,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

export interface Parsed {
  readonly headers: ReadonlyMap<string, string>
  readonly text: string
  readonly html: string
}

const decodeWords = (value: string): string =>
  value
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?UTF-8\?([QB])\?([^?]*)\?=/gi, (_, form: string, word: string) =>
      form.toUpperCase() === 'B'
        ? Buffer.from(word, 'base64').toString('latin1')
        : word
            .replaceAll('_', ' ')
            .replace(/=([0-9A-F]{2})/gi, (_hex, byte: string) => String.fromCharCode(parseInt(byte, 16))),
    )

const toUtf8 = (latin1: string): string =>
  /[\u0080-\u00ff]/.test(latin1) ? Buffer.from(latin1, 'latin1').toString() : latin1

function readHeaders(block: string): Map<string, string> {
  const lines = block.replace(/\r\n[ \t]+/g, ' ').split('\r\n')
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), toUtf8(decodeWords(line.slice(colon + 1).trim()))] as const
    }),
  )
}

function split(part: string): { headers: Map<string, string>; body: string } {
  const end = part.indexOf('\r\n\r\n')
  return { headers: readHeaders(part.slice(0, end)), body: part.slice(end + 4) }
}

function decodeBody(part: string): string {
  const { headers, body } = split(part)
  switch (headers.get('content-transfer-encoding')) {
    case 'base64':
      return Buffer.from(body, 'base64').toString()
    case 'quoted-printable': {
      const bytes = body
        .replace(/=\r\n/g, '')
        .replace(/=([0-9A-F]{2})/g, (_, byte: string) => String.fromCharCode(parseInt(byte, 16)))
      return Buffer.from(bytes, 'latin1').toString()
    }
    default:
      return body
  }
}

/** What a mail program makes of the message (RFC 2045 to 2047, as far as these mails go). */
export function parseMail(raw: string): Parsed {
  const { headers, body } = split(raw)
  const boundary = /boundary="([^"]+)"/.exec(headers.get('content-type') ?? '')?.[1] ?? ''
  const [, text = '', html = ''] = body.split(`--${boundary}`)
  return { headers, text: decodeBody(text.slice(2)), html: decodeBody(html.slice(2)) }
}
