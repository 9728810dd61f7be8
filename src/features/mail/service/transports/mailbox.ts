import type { Ctx } from '../../../../context.ts'
import { insertIntoMailbox } from '../../store.ts'
import type { Delivery, OutgoingMail } from '../../types.ts'

/** In local mode mails are stored in a table, for tests and developers. */
export async function mailboxTransport(
  ctx: Pick<Ctx, 'db' | 'now'>,
  { to, subject, text, html }: OutgoingMail,
): Promise<Delivery> {
  await insertIntoMailbox(ctx, { to, subject, text, html, createdAt: ctx.now() })
  return { outcome: 'sent' }
}
