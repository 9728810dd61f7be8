import * as z from 'zod'
import { toIso } from '../../lib/time.ts'
import type { StoredMail } from './types.ts'

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

export const mailToWire = ({ createdAt, ...mail }: StoredMail): z.input<typeof MailboxAnswer>[number] => ({
  ...mail,
  created_at: toIso(createdAt),
})
