import { type ActorCtx, type CallerCtx, narrow } from '../../../context.ts'
import { getSecondFactorStatus } from '../../../features/account/service/factors.ts'
import { mfaNotEnabled } from '../../../features/factors/totp/errors.ts'
import type { OpenedSession } from '../../../features/sessions/types.ts'
import { answerChallenge } from '../../../features/sign-in/service/second-step.ts'
import { stepUp } from '../../../features/sign-in/service/step-up.ts'
import { tokenInvalid, unauthorized } from '../../../lib/errors.ts'

/** Throws MFA_NOT_ENABLED. */
export async function requireEnabled(ctx: ActorCtx): Promise<void> {
  if (!(await getSecondFactorStatus(ctx)).enabled) throw mfaNotEnabled()
}

export interface SecondStepInput {
  readonly code: string
  readonly mfaToken: string | null
  /** What stands in `Authorization` when it is no good access token. */
  readonly bearer: string | null
}

/** An access token is a JWT, which has dots; a challenge has none. */
const isAccessToken = (token: string): boolean => token.includes('.')

/**
 * The second factor of a sign-in that waits for it, or of a session that is raised by it. Throws UNAUTHORIZED, TOKEN_ERROR,
 * and what `answerChallenge` and `stepUp` throw.
 */
export async function verifySecondFactor(
  ctx: CallerCtx,
  { code, mfaToken, bearer }: SecondStepInput,
): Promise<OpenedSession> {
  if (mfaToken) return (await answerChallenge(ctx, { mfaToken, code })).opened
  if (ctx.actor) return (await stepUp(narrow(ctx, { actor: ctx.actor }), { code })).opened
  if (bearer === null) throw unauthorized()
  if (isAccessToken(bearer)) throw tokenInvalid()
  return (await answerChallenge(ctx, { mfaToken: bearer, code })).opened
}
