import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { MINUTE } from '../../../lib/time.ts'
import { hasPasskeys, listPasskeys } from '../../factors/passkeys/service/manage.ts'
import { listCodeFactors, listCodeFactorsBefore } from '../../factors/totp/service/status.ts'
import { findOneTimeToken, issueOneTimeToken, redeemOneTimeToken } from '../../links/service.ts'
import type { OneTimeToken } from '../../links/types.ts'
import type { Challenge, ChallengeInput, IssuedChallenge, SecondStep } from '../types.ts'

const PURPOSE = 'mfa_challenge'
const LIFETIME_MS = 5 * MINUTE
/** The window is longer than a challenge lives: no use leaves it. */
const ATTEMPTS = { limit: 5, windowMs: 2 * LIFETIME_MS }

const ChallengeData = z.object({
  authVersion: z.int(),
  amr: z.array(z.string()),
  method: z.string(),
  organizationId: z.string().nullable(),
  network: z.string().nullable(),
})

/** What a user with the second factor on can prove it with. */
export async function listSecondFactors(ctx: Ctx, userId: string): Promise<SecondStep[]> {
  const [codes, hasPasskey] = await Promise.all([listCodeFactors(ctx, userId), hasPasskeys(ctx, userId)])
  return [...codes, ...(hasPasskey ? (['passkey'] as const) : [])]
}

/** As `listSecondFactors`, of what was bound before a time; empty when the second factor was turned on later. */
export async function listSecondFactorsBefore(ctx: Ctx, userId: string, before: number): Promise<SecondStep[]> {
  const [codes, passkeys] = await Promise.all([listCodeFactorsBefore(ctx, userId, before), listPasskeys(ctx, userId)])
  if (codes.length === 0) return []
  return [...codes, ...(passkeys.some(({ createdAt }) => createdAt < before) ? (['passkey'] as const) : [])]
}

/** Holds a sign-in that has had its first factor, for five minutes. Older ones live on: people sign in from two tabs. */
export async function issueChallenge(ctx: Ctx, input: ChallengeInput): Promise<IssuedChallenge> {
  const { user, amr, method, organizationId, network } = input
  const data: z.infer<typeof ChallengeData> = {
    authVersion: user.authVersion,
    amr: [...amr],
    method,
    organizationId,
    network,
  }
  const { token } = await issueOneTimeToken(ctx, {
    purpose: PURPOSE,
    userId: user.id,
    email: null,
    data,
    lifetimeMs: LIFETIME_MS,
    keepsOlder: true,
  })
  return { mfaToken: token, availableMethods: await listSecondFactors(ctx, user.id) }
}

function toChallenge(token: OneTimeToken | undefined): Challenge | undefined {
  if (!token || token.userId === null) return undefined
  return { id: token.id, userId: token.userId, ...ChallengeData.parse(token.data) }
}

/** A challenge that waits for its second factor; it is not used up. */
export const findChallenge = async (ctx: Ctx, mfaToken: string): Promise<Challenge | undefined> =>
  toChallenge(await findOneTimeToken(ctx, PURPOSE, mfaToken))

/** Uses the challenge up. Undefined for all callers but one: the database decides. */
export const redeemChallenge = async (ctx: Ctx, mfaToken: string): Promise<Challenge | undefined> =>
  toChallenge(await redeemOneTimeToken(ctx, PURPOSE, mfaToken))

/** Counts one of a challenge's five attempts; false when it has had them. */
export async function countChallengeAttempt(ctx: Pick<Ctx, 'objects'>, { id, userId }: Challenge): Promise<boolean> {
  return (await ctx.objects.guard(userId).use({ subject: `mfa-challenge:${id}`, ...ATTEMPTS })).allowed
}
