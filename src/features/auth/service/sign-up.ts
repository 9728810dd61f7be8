import type { Ctx } from '../../../context.ts'
import { hashPassword } from '../../../lib/password-hash/password-hash.ts'
import { createUser } from '../../users/service.ts'
import { signUpsDisabled } from '../errors.ts'
import { attemptOf, completeAttempt, countSignUp } from './attempts.ts'
import { requireStrongPassword } from './passwords.ts'
import { openFirstSession, type SignedIn, toSignedIn } from './sign-in.ts'

export interface SignUpInput {
  readonly email: string
  readonly password: string
  readonly username?: string | undefined
  readonly firstName?: string | undefined
  readonly lastName?: string | undefined
  readonly locale?: string | undefined
}

/** Makes an account and signs it in. Throws SIGNUPS_DISABLED, RATE_LIMIT_EXCEEDED, WEAK_PASSWORD, CONFLICT. */
export async function signUp(ctx: Ctx, input: SignUpInput): Promise<SignedIn> {
  if (!ctx.config.SIGNUPS_ENABLED) throw signUpsDisabled()
  await countSignUp(ctx)
  const { password, ...account } = input
  await requireStrongPassword(ctx, password, account)
  const user = await createUser(ctx, { ...account, passwordHash: await hashPassword(ctx, password) })
  const opened = await openFirstSession(ctx, { user, amr: ['pwd'], method: 'password' })
  await completeAttempt(ctx, await attemptOf(ctx, user, user.email))
  return toSignedIn(ctx, user, opened)
}
