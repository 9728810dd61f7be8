import type { Ctx } from '../../../context.ts'
import { passkeyRefused } from '../../factors/passkeys/errors.ts'
import { assertionErrors, verifyFurtherPasskey } from '../../factors/passkeys/service/assert.ts'
import type { AssertionCredential } from '../../factors/passkeys/types.ts'
import { invalidCode, secondFactorLocked } from '../../factors/totp/errors.ts'
import { useCode } from '../../factors/totp/service/codes.ts'
import { stepUpRequired } from '../errors.ts'
import type { SecondStep } from '../types.ts'
import { listSecondFactorsBefore } from './challenges.ts'
import { failSlowly } from './timing.ts'

export { listSecondFactorsBefore }

/** What comes with a mailed link to prove a second factor. */
export interface GivenSecondFactor {
  /** TOTP or a backup code; it is used up. */
  readonly code?: string | null | undefined
  readonly credential?: AssertionCredential | null | undefined
}

/** What `requireSecondFactorBefore` throws, for the routes that call it. */
export const secondFactorErrors = [stepUpRequired, invalidCode, secondFactorLocked, ...assertionErrors]

/** For who has a mailed link and has yet to prove a factor. */
export const factorMissing = (methods: readonly string[]) =>
  stepUpRequired({ available_methods: methods }, { message: 'This link needs a factor of the account, too' })

const isCode = (method: SecondStep) => method !== 'passkey'

/**
 * For a mailed link that undoes what may be a thief's: the mailbox may be the thief's instead, so a second factor that the
 * account had before is proved first. One that was bound since proves nothing. Throws STEP_UP_REQUIRED, INVALID_CODE (counted
 * on the user), SECOND_FACTOR_LOCKED and what `verifyFurtherPasskey` throws.
 */
export async function requireSecondFactorBefore(
  ctx: Ctx,
  { userId, before }: { userId: string; before: number },
  { code, credential }: GivenSecondFactor,
): Promise<void> {
  const methods = await listSecondFactorsBefore(ctx, userId, before)
  if (methods.length === 0) return
  if (code) {
    if (!(await useCode(ctx, userId, code, methods.filter(isCode)))) throw invalidCode()
    return
  }
  if (!credential) throw factorMissing(methods)
  const verify = () => verifyFurtherPasskey(ctx, { userId, before: ['email'] }, { credential })
  const { passkey } = await failSlowly(ctx, verify)
  if (passkey.createdAt >= before) throw passkeyRefused()
}
