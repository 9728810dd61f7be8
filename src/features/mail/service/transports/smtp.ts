import net from 'node:net'
import tls from 'node:tls'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { Ctx } from '../../../../context.ts'
import { delay, SECOND, within } from '../../../../lib/time.ts'
import { ATTEMPT_BOUND_MS, enhancedCode } from '../../rules.ts'
import type { Delivery, OutgoingMail } from '../../types.ts'
import { composeMessage } from '../mime.ts'

export interface SmtpServer {
  readonly host: string
  readonly port: number
  readonly security: 'tls' | 'starttls' | 'none'
  readonly login: { readonly user: string; readonly pass: string } | null
}

const STEP_BOUND_MS = 10 * SECOND
const GOODBYE_BOUND_MS = SECOND

/** What a failed step says of itself; the reply's words are not told, they may quote the mail. */
interface SmtpFailure extends Error {
  readonly code?: string
  readonly responseCode?: number
  readonly response?: string
  readonly command?: string
}

const connected = (socket: net.Socket, event: 'connect' | 'secureConnect'): Promise<void> =>
  new Promise((resolve, reject) => {
    // It stays: an error event that nobody hears is thrown.
    socket.on('error', reject)
    socket.once(event, resolve)
  })

/** The platform checks the certificate against the name that was dialled: the socket is opened by name, not address. */
async function dial({ host, port, security }: SmtpServer): Promise<net.Socket> {
  const isTls = security === 'tls'
  const socket = isTls ? tls.connect({ host, port, servername: host }) : net.connect({ host, port })
  try {
    await within(STEP_BOUND_MS, connected(socket, isTls ? 'secureConnect' : 'connect'))
    return socket
  } catch (cause) {
    socket.destroy()
    throw cause
  }
}

const stepOf = (run: (done: (failure?: Error | null) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => run((failure) => (failure ? reject(failure) : resolve())))

const NO_SMTPUTF8 = 'SMTPUTF8_NOT_OFFERED'

/** RFC 6531 3.4: a server that does not offer SMTPUTF8 must not be given an address beyond ASCII. The reply is that to EHLO. */
function requireSmtpUtf8({ lastServerResponse }: SMTPConnection, { from, to }: OutgoingMail): void {
  const isAscii = /^[\x20-\x7e]*$/.test(from.address + to)
  if (isAscii || /^250[ -]SMTPUTF8\b/im.test(String(lastServerResponse))) return
  throw Object.assign(new Error('the server does not offer SMTPUTF8'), { code: NO_SMTPUTF8 })
}

/** Connects, signs in where there is a login, and hands the message over: done when the server has answered DATA's end. */
async function transact(connection: SMTPConnection, server: SmtpServer, mail: OutgoingMail): Promise<void> {
  const message = await composeMessage(mail)
  await stepOf((done) => connection.connect(done))
  requireSmtpUtf8(connection, mail)
  const { login } = server
  if (login) await stepOf((done) => connection.login({ credentials: login }, done))
  await stepOf((done) => connection.send({ from: mail.from.address, to: [mail.to] }, message, done))
}

function open(server: SmtpServer, socket: net.Socket, name: string): SMTPConnection {
  const isTls = server.security === 'tls'
  return new SMTPConnection({
    connection: socket,
    host: server.host,
    port: server.port,
    name,
    secure: isTls,
    secured: isTls,
    // A server, or somebody before it, that hides STARTTLS gets neither password nor mail.
    requireTLS: server.security === 'starttls',
    ignoreTLS: server.security === 'none',
    connectionTimeout: STEP_BOUND_MS,
    greetingTimeout: STEP_BOUND_MS,
    socketTimeout: STEP_BOUND_MS,
  })
}

const isPermanent = ({ code, responseCode }: SmtpFailure): boolean => {
  // A refused STARTTLS may be somebody's interference; 503 is about the order of commands, not the mail.
  if (code === 'ETLS' || responseCode === 503) return false
  if (responseCode === undefined) return code === 'EENVELOPE' || code === NO_SMTPUTF8
  return responseCode >= 500 && responseCode < 600
}

function toDelivery(thrown: unknown): Delivery {
  const failure: SmtpFailure = thrown instanceof Error ? thrown : new Error('unknown')
  const { code, responseCode, response = '', command } = failure
  const parts = [responseCode ?? code ?? failure.name, enhancedCode(response), command && `at ${command}`]
  const reason = `smtp ${parts.filter(Boolean).join(' ')}`.slice(0, 120)
  return { outcome: isPermanent(failure) ? 'refused' : 'failed', reason }
}

/** Sends over SMTP (RFC 5321) with implicit TLS, STARTTLS, or neither for a server on this machine. */
export const createSmtpTransport =
  (server: SmtpServer) =>
  async (ctx: Pick<Ctx, 'config'>, mail: OutgoingMail): Promise<Delivery> => {
    let connection: SMTPConnection | null = null
    try {
      const socket = await dial(server)
      const smtp = open(server, socket, new URL(ctx.config.PUBLIC_URL).hostname)
      connection = smtp
      const broken = new Promise<never>((_, reject) => smtp.on('error', reject))
      const ended = new Promise<void>((resolve) => smtp.once('end', resolve))
      await within(ATTEMPT_BOUND_MS, Promise.race([transact(smtp, server, mail), broken]))
      smtp.quit()
      // The mail is accepted; a server that does not say goodbye is left without one.
      await Promise.race([ended, delay(GOODBYE_BOUND_MS)])
      return { outcome: 'sent' }
    } catch (cause) {
      return toDelivery(cause)
    } finally {
      connection?.close()
    }
  }
