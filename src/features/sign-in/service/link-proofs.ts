import type { Ctx } from '../../../context.ts'
import { passkeyRefused } from '../../factors/passkeys/errors.ts'
import { assertionErrors, verifyFurtherPasskey } from '../../factors/passkeys/service/assert.ts'
import type { AssertionCredential } from '../../factors/passkeys/types.ts'
import { invalidCode, secondFactorLocked } from '../../factors/totp/errors.ts'
import { useCode } from '../../factors/totp/service/codes.ts'
import { linkInvalid, stepUpRequired } from '../errors.ts'
import { listSecondFactorsBefore, type SecondStep } from './challenges.ts'
import { failSlowly } from './timing.ts'

/** A second factor, given with a mailed link. */
export interface GivenSecondFactor {
  /** TOTP or a backup code; it is used up. */
  readonly code?: string | null | undefined
  readonly credential?: AssertionCredential | null | undefined
}

/** What `requireSecondFactorBefore` throws, for the routes that call it. */
export const secondFactorErrors = [stepUpRequired, invalidCode, secondFactorLocked, ...assertionErrors]

/** For a link that needs a factor as well. */
export const factorMissing = (methods: readonly string[]) =>
  stepUpRequired({ available_methods: methods }, { message: 'This link also needs a factor of the account' })

const isCode = (method: SecondStep) => method !== 'passkey'

/**
 * For a mailed link that undoes what a thief may have done. The thief may have the mailbox instead, so the link needs a
 * second factor that is older than what it undoes; one that was added since is refused. Throws STEP_UP_REQUIRED, INVALID_CODE
 * (counted on the user), SECOND_FACTOR_LOCKED and what `verifyFurtherPasskey` throws.
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

const ATTEMPTS = 5

/**
 * Applies a change by a mailed link. `attempt` reads the account and answers null when it was changed meanwhile: then it is
 * read again, so that the event's `before` is true. Throws INVALID_TOKEN when every attempt fails.
 */
export async function applyByLink<T>(attempt: () => Promise<T | null>): Promise<T> {
  for (let attempts = 0; attempts < ATTEMPTS; attempts += 1) {
    const applied = await attempt()
    if (applied !== null) return applied
  }
  throw linkInvalid()
}
