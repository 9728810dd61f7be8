import type { Ctx } from '../../context.ts'
import { hashSecret } from '../../lib/crypto.ts'
import { HOUR } from '../../lib/time.ts'
import { sendMail } from './service/mailbox.ts'
import { renderMail } from './service/render.ts'
import type { MailRequest } from './types.ts'

export { listMailbox, sendMail } from './service/mailbox.ts'

/** Nobody gets more mails of one kind in `WINDOW_MS`. */
const MAILS_PER_WINDOW = 5
const WINDOW_MS = HOUR

/** Counted exactly, in the object of the address's hash: no stranger fills somebody's mailbox. */
async function mayBeMailed(ctx: Ctx, { kind, to }: MailRequest): Promise<boolean> {
  const address = await hashSecret(to)
  const subject = `mail:${kind}:${address}`
  const { allowed } = await ctx.objects.guard(address).use({ subject, limit: MAILS_PER_WINDOW, windowMs: WINDOW_MS })
  return allowed
}

/**
 * Sends a mail, soon. Beyond five an hour of its kind and address nothing is sent, and the caller learns nothing of it.
 * CONFIGURATION_ERROR in a deployment that cannot send mail.
 */
export async function queueMail(ctx: Ctx, request: MailRequest): Promise<void> {
  if (!(await mayBeMailed(ctx, request))) return
  const sender = { app: ctx.config.APP_NAME, url: ctx.config.PUBLIC_URL }
  await sendMail(ctx, { to: request.to, ...renderMail(sender, request) })
}
