import * as z from 'zod'
import { integerParam, UuidParam } from '../../http/input.ts'
import { toIso, toIsoOrNull } from '../../lib/time.ts'
import type { MailEntry, StoredMail } from './types.ts'

export const MailboxQuery = z.object({ to: z.string().max(254).optional() })

export const MailboxAnswer = z.array(
  z.object({
    to: z.string(),
    subject: z.string(),
    text: z.string(),
    html: z.string(),
    created_at: z.iso.datetime(),
  }),
)

export const storedMailToWire = ({ createdAt, ...mail }: StoredMail): z.input<typeof MailboxAnswer>[number] => ({
  ...mail,
  created_at: toIso(createdAt),
})

const Status = z.enum(['queued', 'sent', 'dead'])

export const ListMailsQuery = z.object({
  status: Status.default('dead'),
  limit: integerParam(1, 100).default(50),
  offset: integerParam(0, 1_000_000).default(0),
})

export const MailPath = z.object({ id: UuidParam })

export const MailAnswer = z
  .object({
    id: z.uuid(),
    kind: z.string(),
    to: z.string(),
    user_id: z.uuid().nullable(),
    status: Status,
    attempts: z.int(),
    last_error: z.string().nullable(),
    created_at: z.iso.datetime(),
    sent_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Mail' })

export const MailListAnswer = z.object({ mails: z.array(MailAnswer), status: Status, limit: z.int(), offset: z.int() })

export const mailToWire = (mail: MailEntry): z.input<typeof MailAnswer> => ({
  id: mail.id,
  kind: mail.kind,
  to: mail.to,
  user_id: mail.userId,
  status: mail.status,
  attempts: mail.attempts,
  last_error: mail.lastError,
  created_at: toIso(mail.createdAt),
  sent_at: toIsoOrNull(mail.sentAt),
})
