import * as z from 'zod'
import { instant, instantOrNull, shape } from '../../http/answers.ts'
import { UuidParam } from '../../http/input.ts'
import { RangeQuery, rangeOf } from '../../http/list.ts'
import { toIso } from '../../lib/time.ts'
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

export const ListMailsQuery = RangeQuery.extend({
  status: Status.default('dead'),
  user_id: UuidParam.optional().meta({ description: 'Only mails to this user' }),
  to: z.string().max(254).optional().meta({ description: 'Only mails to this address' }),
})

export const toMailFilter = ({ user_id: userId, to, ...rest }: z.output<typeof ListMailsQuery>) => ({
  ...rest,
  userId,
  to: to?.trim().toLowerCase() || undefined,
})

export const MailPath = z.object({ id: UuidParam })

export const MailAnswer = shape<MailEntry>()('Mail', {
  id: z.uuid(),
  kind: z.string(),
  to: z.string(),
  user_id: z.uuid().nullable(),
  status: Status,
  attempts: z.int(),
  last_error: z.string().nullable(),
  created_at: instant,
  sent_at: instantOrNull,
})

export const MailListAnswer = rangeOf('mails', MailAnswer, { status: Status })
