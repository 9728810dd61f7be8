import { publicRoute } from '../../http/guard.ts'
import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'
import { listMailbox } from './service.ts'
import { MailboxAnswer, MailboxQuery, mailToWire } from './wire.ts'

export const mailRoutes = createRoutes({ prefix: '', tag: 'mail', renderError })

mailRoutes.get(
  '/dev/mailbox',
  {
    summary: 'Mails that local mode kept instead of sending',
    guard: publicRoute,
    query: MailboxQuery,
    answers: { 200: { description: 'Newest first', schema: MailboxAnswer } },
    unlimited: true,
    localOnly: true,
  },
  async ({ ctx, query }) => Response.json((await listMailbox(ctx, query.to ?? null)).map(mailToWire)),
)
