import { ok, response } from '../../http/answers.ts'
import { admin, adminRequired, anyone, tokenInvalid } from '../../http/guard.ts'
import { answerPage, prefersHtml } from '../../http/page.ts'
import { createRoutes, everyCall } from '../../http/router.ts'
import { unauthorized, validationFailed } from '../../lib/errors.ts'
import { frameOf } from '../localization/service/texts.ts'
import { mailboxPage } from './mailbox-page.tsx'
import { listMailbox, listMails, mailNotDead, mailNotFound, requeueMail } from './service/mails.ts'
import {
  ListMailsQuery,
  MailAnswer,
  MailboxAnswer,
  MailboxQuery,
  MailListAnswer,
  MailPath,
  storedMailToWire,
  toMailFilter,
} from './wire.ts'

export const mailRoutes = createRoutes({ prefix: '', tag: 'mail' })

mailRoutes.get(
  '/dev/mailbox',
  {
    id: 'listMailbox',
    summary: 'List mails that local mode stored instead of sending',
    guard: anyone,
    query: MailboxQuery,
    answer: response(200, 'Newest first; a page for browsers', { schema: MailboxAnswer }),
    unlimited: true,
    localOnly: true,
  },
  async ({ ctx, query, request }) => {
    const to = query.to || null
    const mails = await listMailbox(ctx, to)
    return prefersHtml(request)
      ? answerPage(mailboxPage(await frameOf(ctx, null), mails, to))
      : Response.json(mails.map(storedMailToWire))
  },
)

mailRoutes.get(
  '/api/v1/admin/mails',
  {
    id: 'listMails',
    summary: 'List mails with one status, newest first; by default those that could not be sent',
    guard: admin,
    query: ListMailsQuery,
    answer: ok(MailListAnswer, 'A page of mails, without their content'),
    errors: [unauthorized, tokenInvalid, adminRequired, validationFailed],
  },
  async ({ ctx, query }) => {
    const { status, limit, offset } = query
    return { rows: await listMails(ctx, toMailFilter(query)), status, limit, offset }
  },
)

mailRoutes.post(
  '/api/v1/admin/mails/:id/requeue',
  {
    id: 'requeueMail',
    summary: 'Try again to send a mail that could not be sent',
    isWrite: everyCall,
    guard: admin,
    params: MailPath,
    answer: ok(MailAnswer, 'The mail, queued'),
    errors: [unauthorized, tokenInvalid, adminRequired, mailNotFound, mailNotDead],
  },
  ({ ctx, params }) => requeueMail(ctx, params.id),
)
