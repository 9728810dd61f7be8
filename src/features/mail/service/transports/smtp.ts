import net from 'node:net'
import tls from 'node:tls'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { Ctx } from '../../../../context.ts'
import { delay, SECOND, within } from '../../../../lib/time.ts'
import { ATTEMPT_BOUND_MS, enhancedCode, type SmtpServer } from '../../rules.ts'
import type { Delivery, OutgoingMail } from '../../types.ts'
import { composeMessage } from '../mime.ts'

const STEP_BOUND_MS = 10 * SECOND
const QUIT_BOUND_MS = SECOND

/** An error of nodemailer. The text of the reply is not used: it may quote the mail. */
interface SmtpFailure extends Error {
  readonly code?: string
  readonly responseCode?: number
  readonly response?: string
  readonly command?: string
}

const connected = (socket: net.Socket, event: 'connect' | 'secureConnect'): Promise<void> =>
  new Promise((resolve, reject) => {
    // Never removed: an error event without a listener would be thrown.
    socket.on('error', reject)
    socket.once(event, resolve)
  })

/** Connects by name, not by address, because the platform checks the certificate against the name. */
async function connect({ host, port, security }: SmtpServer): Promise<net.Socket> {
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

/** RFC 6531 3.4: non-ASCII addresses need a server that offers SMTPUTF8. `lastServerResponse` must be the reply to EHLO. */
function requireSmtpUtf8({ lastServerResponse }: SMTPConnection, { from, to }: OutgoingMail): void {
  const isAscii = /^[\x20-\x7e]*$/.test(from.address + to)
  if (isAscii || /^250[ -]SMTPUTF8\b/im.test(String(lastServerResponse))) return
  throw Object.assign(new Error('the server does not offer SMTPUTF8'), { code: NO_SMTPUTF8 })
}

/** Connects, authenticates if there is a login, and sends the message. Resolves when the server has accepted the message. */
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
    // Against STARTTLS stripping: without STARTTLS neither the password nor the mail is sent.
    requireTLS: server.security === 'starttls',
    ignoreTLS: server.security === 'none',
    connectionTimeout: STEP_BOUND_MS,
    greetingTimeout: STEP_BOUND_MS,
    socketTimeout: STEP_BOUND_MS,
  })
}

const isPermanent = ({ code, responseCode }: SmtpFailure): boolean => {
  // A refused STARTTLS may be an attack; 503 concerns the order of commands, not the mail.
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

/** Sends over SMTP (RFC 5321) with implicit TLS, STARTTLS, or (in local mode) neither. */
export const createSmtpTransport =
  (server: SmtpServer) =>
  async (ctx: Pick<Ctx, 'config'>, mail: OutgoingMail): Promise<Delivery> => {
    let connection: SMTPConnection | null = null
    try {
      const socket = await connect(server)
      const smtp = open(server, socket, new URL(ctx.config.PUBLIC_URL).hostname)
      connection = smtp
      const broken = new Promise<never>((_, reject) => smtp.on('error', reject))
      const ended = new Promise<void>((resolve) => smtp.once('end', resolve))
      await within(ATTEMPT_BOUND_MS, Promise.race([transact(smtp, server, mail), broken]))
      smtp.quit()
      // The mail is accepted, so a missing reply to QUIT does not matter.
      await Promise.race([ended, delay(QUIT_BOUND_MS)])
      return { outcome: 'sent' }
    } catch (cause) {
      return toDelivery(cause)
    } finally {
      connection?.close()
    }
  }
