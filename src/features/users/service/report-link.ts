import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { DAY } from '../../../lib/time.ts'
import { issueOneTimeToken, linkTo } from '../../links/service.ts'
import type { AddedFactor, User } from '../types.ts'

const LINK_LIFETIME_MS = 7 * DAY

const Added = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('passkey'), id: z.string() }),
  z.object({ kind: z.literal('totp') }),
]) satisfies z.ZodType<AddedFactor>

/** What the link remembers of its mail. */
export const ReportedMail = z.object({ added: Added.nullable() })

/**
 * For a mail to `email` that tells of a change or a sign-in: with it the user says that it was somebody else. Works once.
 * `added` is the factor that the mail tells of: it goes with the report.
 */
export async function issueReportLink(
  ctx: Ctx,
  { id: userId, email }: Pick<User, 'id' | 'email'>,
  added: AddedFactor | null = null,
): Promise<string> {
  const { token } = await issueOneTimeToken(ctx, {
    purpose: 'activity_report',
    userId,
    email,
    data: { added } satisfies z.input<typeof ReportedMail>,
    lifetimeMs: LINK_LIFETIME_MS,
    // Each mail's own link: a newer mail must not take the report of the older one away.
    keepsOlder: true,
  })
  return linkTo(ctx, '/report-activity', token)
}
