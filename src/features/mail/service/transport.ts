import type { Ctx } from '../../../context.ts'
import { late } from '../../../lib/late.ts'
import { type MailPlan, planMail } from '../rules.ts'
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

function createTransport(plan: Exclude<MailPlan<SendEmail>, { missing: unknown }>): Transport {
  switch (plan.by) {
    case 'smtp':
      return async (ctx, mail) => (await smtp.load()).createSmtpTransport(plan.server)(ctx, mail)
    case 'http':
      return createHttpTransport(plan)
    case 'binding':
      return async (ctx, mail) => (await binding.load()).createBindingTransport(plan.binding)(ctx, mail)
    case 'mailbox':
      return mailboxTransport
  }
}

/** How this deployment sends mail, or the names of the settings that are missing for it. */
export function findTransport({ config, sendEmail }: Pick<Ctx, 'config' | 'sendEmail'>): TransportChoice {
  const plan = planMail(config, sendEmail)
  return 'missing' in plan ? plan : { send: createTransport(plan), from: plan.from }
}
