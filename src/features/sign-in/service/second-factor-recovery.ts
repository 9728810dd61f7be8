import type { Ctx } from '../../../context.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { findUserByEmail } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { answerAlike } from './timing.ts'

/**
 * Somebody says that their second factor is lost. A mailbox is no second factor, so the mail says what to do and opens
 * nothing. The same answer in the same time for every address.
 */
export const requestRecovery = (ctx: Ctx, input: { email: string }): Promise<void> =>
  answerAlike(
    ctx,
    () => findUserByEmail(ctx, input.email),
    async (user) => {
      if (user?.mfaEnabled) await sendAdvice(ctx, user)
    },
  )

const sendAdvice = (ctx: Ctx, { id: userId, email: to, locale }: User): Promise<void> =>
  queueMail(ctx, { kind: 'mfa_recovery', to, userId, locale, params: {} })
