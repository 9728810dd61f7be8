import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { HOUR } from '../../../lib/time.ts'
import { issueOneTimeToken } from '../../one-time-tokens/service.ts'
import type { OneTimeToken } from '../../one-time-tokens/types.ts'
import type { User } from '../../users/types.ts'

export const RESET_LIFETIME_MS = HOUR

/** What the token remembers: any change of credentials since then voids it. */
const ResetRequest = z.object({ authVersion: z.int() })

/** A token that sets the user's password once; it voids the older ones. */
export async function issueResetToken(
  ctx: Ctx,
  user: Pick<User, 'id' | 'email' | 'authVersion'>,
  lifetimeMs: number = RESET_LIFETIME_MS,
): Promise<string> {
  const { token } = await issueOneTimeToken(ctx, {
    purpose: 'password_reset',
    userId: user.id,
    email: user.email,
    data: { authVersion: user.authVersion } satisfies z.input<typeof ResetRequest>,
    lifetimeMs,
  })
  return token
}

/** The version of the credentials that a reset token was made for. */
export const authVersionOf = ({ data }: OneTimeToken): number => ResetRequest.parse(data).authVersion
