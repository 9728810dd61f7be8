import type { Ctx } from '../../../../context.ts'
import { insertIntoMailbox } from '../../store.ts'
import type { Delivery, OutgoingMail } from '../../types.ts'

/** Local mode: mails go into a table, where tests and developers read them. */
export async function mailboxTransport(
  ctx: Pick<Ctx, 'db' | 'now'>,
  { to, subject, text, html }: OutgoingMail,
): Promise<Delivery> {
  await insertIntoMailbox(ctx, { to, subject, text, html, createdAt: ctx.now() })
  return { outcome: 'sent' }
}
