import { adminRequired, adminRoute, publicRoute, tokenInvalid } from '../../http/guard.ts'
import { renderError } from '../../http/render-error.ts'
import { createRoutes, everyCall } from '../../http/router.ts'
import { unauthorized, validationFailed } from '../../lib/errors.ts'
import { mailNotDead, mailNotFound } from './errors.ts'
import { listMailbox, listMails, requeueMail } from './service.ts'
import {
  ListMailsQuery,
  MailAnswer,
  MailboxAnswer,
  MailboxQuery,
  MailListAnswer,
  MailPath,
  mailToWire,
  storedMailToWire,
} from './wire.ts'

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
  async ({ ctx, query }) => Response.json((await listMailbox(ctx, query.to ?? null)).map(storedMailToWire)),
)

mailRoutes.get(
  '/api/v1/admin/mails',
  {
    summary: 'Mails in one state, newest first: what was given up, unless asked otherwise',
    guard: adminRoute,
    query: ListMailsQuery,
    answers: { 200: { description: 'A page of mails, without their content', schema: MailListAnswer } },
    errors: [unauthorized, tokenInvalid, adminRequired, validationFailed],
  },
  async ({ ctx, query }) => Response.json({ mails: (await listMails(ctx, query)).map(mailToWire), ...query }),
)

mailRoutes.post(
  '/api/v1/admin/mails/:id/requeue',
  {
    summary: 'Send a mail that was given up once more',
    isWrite: everyCall,
    guard: adminRoute,
    path: MailPath,
    answers: { 200: { description: 'The mail, queued', schema: MailAnswer } },
    errors: [unauthorized, tokenInvalid, adminRequired, mailNotFound, mailNotDead],
  },
  async ({ ctx, path }) => Response.json(mailToWire(await requeueMail(ctx, path.id))),
)
