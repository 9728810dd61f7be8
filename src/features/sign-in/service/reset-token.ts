import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { HOUR } from '../../../lib/time.ts'
import { issueOneTimeToken } from '../../links/service.ts'
import type { OneTimeToken } from '../../links/types.ts'
import type { User } from '../../users/types.ts'

export const RESET_LIFETIME_MS = HOUR

/** Any change of credentials since the token was issued voids it. */
const ResetRequest = z.object({
  authVersion: z.int(),
  provesAddress: z.boolean().default(true),
  /** Of a link that was asked for on our page: the query that its pages carry. */
  search: z.string().default(''),
})

interface ResetTokenOptions {
  /** Milliseconds. */
  readonly lifetimeMs?: number
  /** Whether the token reaches its user through the account's present address. */
  readonly provesAddress?: boolean
  /** The query that our pages carry. */
  readonly search?: string
}

/** A token that sets the user's password, once. It voids older ones. */
export async function issueResetToken(
  ctx: Ctx,
  user: Pick<User, 'id' | 'email' | 'authVersion'>,
  { lifetimeMs = RESET_LIFETIME_MS, provesAddress = true, search = '' }: ResetTokenOptions = {},
): Promise<string> {
  const { token } = await issueOneTimeToken(ctx, {
    purpose: 'password_reset',
    userId: user.id,
    email: user.email,
    data: { authVersion: user.authVersion, provesAddress, search } satisfies z.input<typeof ResetRequest>,
    lifetimeMs,
  })
  return token
}

export const resetRequestOf = ({ data }: OneTimeToken): z.infer<typeof ResetRequest> => ResetRequest.parse(data)
