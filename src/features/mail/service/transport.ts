import type { Ctx } from '../../../context.ts'
import { late } from '../../../lib/late.ts'
import type { Delivery, Mailbox, OutgoingMail } from '../types.ts'
import { createHttpTransport } from './transports/http.ts'
import { mailboxTransport } from './transports/mailbox.ts'

/** A way to send mail. Returns the result of the attempt; throws only for a bug of this service. */
type Transport = (ctx: Ctx, mail: OutgoingMail) => Promise<Delivery>

// These two compose a message, with a library that nobody else needs.
const binding = late(() => import('./transports/binding.ts'))
const smtp = late(() => import('./transports/smtp.ts'))

export type TransportChoice =
  | { readonly send: Transport; readonly from: Mailbox }
  /** Names of the settings that are missing. */
  | { readonly missing: readonly string[] }

type Settings = Pick<Ctx, 'config' | 'sendEmail'>

const SMTP_PORTS = { tls: 465, starttls: 587, none: 25 } as const

/** Removes the characters that have a meaning in a header. */
const displayName = (name: string): string => name.replace(/[\p{C}"\\<>]/gu, '').trim()

const missingOf = (settings: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(settings).flatMap(([name, value]) => (value === undefined || value === null ? [name] : []))

function findSmtp({ config }: Settings): Transport | string[] {
  const { SMTP_HOST: host, SMTP_SECURITY: security, SMTP_USERNAME: user, SMTP_PASSWORD: pass } = config
  if (host === undefined) return ['SMTP_HOST']
  // Mails contain links that sign people in, so they are not sent without TLS.
  if (security === 'none' && config.MODE !== 'local') return ['SMTP_SECURITY']
  if ((user === undefined) !== (pass === undefined)) return missingOf({ SMTP_USERNAME: user, SMTP_PASSWORD: pass })
  const login = user === undefined || pass === undefined ? null : { user, pass }
  const server = { host, port: config.SMTP_PORT ?? SMTP_PORTS[security], security, login }
  return async (ctx, mail) => (await smtp.load()).createSmtpTransport(server)(ctx, mail)
}

function findSender({ config, sendEmail }: Settings): Transport | string[] {
  switch (config.MAIL_TRANSPORT ?? (config.MODE === 'local' ? 'mailbox' : undefined)) {
    case 'smtp':
      return findSmtp({ config, sendEmail })
    case 'http': {
      const { MAIL_API_URL: url, MAIL_API_KEY: key } = config
      return key === undefined ? ['MAIL_API_KEY'] : createHttpTransport({ url, key })
    }
    case 'binding':
      if (!sendEmail) return ['SEND_EMAIL']
      return async (ctx, mail) => (await binding.load()).createBindingTransport(sendEmail)(ctx, mail)
    case 'mailbox':
      // Not in a deployment: the mails would not arrive, and their links would be stored unencrypted.
      return config.MODE === 'local' ? mailboxTransport : ['MAIL_TRANSPORT']
    case undefined:
      return ['MAIL_TRANSPORT']
  }
}

/** How this deployment sends mail, or the names of the settings that are missing for it. */
export function findTransport(ctx: Settings): TransportChoice {
  const { config } = ctx
  const sender = findSender(ctx)
  // In local mode a placeholder is enough, because the mails are not sent.
  const from = config.MAIL_FROM ?? (sender === mailboxTransport ? { name: null, address: 'postern@localhost' } : null)
  const missing = [...(Array.isArray(sender) ? sender : []), ...(from ? [] : ['MAIL_FROM'])]
  if (Array.isArray(sender) || !from) return { missing }
  return { send: sender, from: { name: displayName(from.name ?? config.APP_NAME), address: from.address } }
}
