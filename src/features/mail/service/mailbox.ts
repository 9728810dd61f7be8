import type { Ctx } from '../../../context.ts'
import { configurationError } from '../../../lib/errors.ts'
import { insertMail, listMails } from '../store.ts'
import type { Mail, StoredMail } from '../types.ts'

/** Local mode: mails go into a table, where tests and developers read them. */
const mailboxMailer = {
  send: (ctx: Ctx, mail: Mail) => insertMail(ctx, { ...mail, to: mail.to.toLowerCase(), createdAt: ctx.now() }),
}

/** How this deployment sends mail; null when it cannot. */
const findMailer = (ctx: Pick<Ctx, 'config'>) => (ctx.config.MODE === 'local' ? mailboxMailer : null)

/** Sends one mail. Without a transport it is CONFIGURATION_ERROR, and so is the call that wanted to send it. */
export async function sendMail(ctx: Ctx, mail: Mail): Promise<void> {
  const mailer = findMailer(ctx)
  if (!mailer) {
    ctx.log.warn('configuration_error', { settings: 'mail transport' })
    throw configurationError()
  }
  await mailer.send(ctx, mail)
}

/** The local mailbox: the newest hundred, of one recipient or of all. */
export const listMailbox = (ctx: Ctx, recipient: string | null): Promise<StoredMail[]> =>
  listMails(ctx, recipient === null ? null : recipient.toLowerCase())
