import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { MINUTE } from '../../../lib/time.ts'
import { hasPasskeys, listPasskeys } from '../../factors/passkeys/service/manage.ts'
import { listCodeFactors, listCodeFactorsBefore } from '../../factors/totp/service/status.ts'
import type { SecondFactor } from '../../factors/totp/types.ts'
import { findOneTimeToken, issueOneTimeToken, redeemOneTimeToken } from '../../links/service.ts'
import type { OneTimeToken } from '../../links/types.ts'
import { StoredOrigin } from '../../sessions/service/opening.ts'
import type { SessionOrigin } from '../../sessions/types.ts'
import type { User } from '../../users/types.ts'

/** Methods that can complete a sign-in after its first factor. */
export type SecondStep = SecondFactor | 'passkey'

/** A sign-in whose first factor was proved. */
export interface Challenge {
  readonly id: string
  readonly userId: string
  /** The user's `auth_version` when the first factor was checked. */
  readonly authVersion: number
  readonly amr: readonly string[]
  readonly method: string
  readonly organizationId: string | null
  /** Where the first factor was proved; a completed sign-in makes it a known network. Null in challenges of the last release. */
  readonly network: string | null
  /** Of an organization's identity provider. */
  readonly origin: SessionOrigin | null
}

export interface IssuedChallenge {
  readonly mfaToken: string
  readonly availableMethods: readonly SecondStep[]
}

export interface ChallengeInput extends Omit<Challenge, 'id' | 'userId' | 'authVersion'> {
  readonly user: User
}

const PURPOSE = 'mfa_challenge'
const LIFETIME_MS = 5 * MINUTE
/** The window outlasts the challenge, so all its attempts are counted together. */
const ATTEMPTS = { limit: 5, windowMs: 2 * LIFETIME_MS }

const ChallengeData = z.object({
  authVersion: z.int(),
  amr: z.array(z.string()),
  method: z.string(),
  organizationId: z.string().nullable(),
  network: z.string().nullable(),
  origin: StoredOrigin.nullable().default(null),
})

/** Methods by which a user whose second factor is on can prove it. */
export async function listSecondFactors(ctx: Ctx, userId: string): Promise<SecondStep[]> {
  const [codes, hasPasskey] = await Promise.all([listCodeFactors(ctx, userId), hasPasskeys(ctx, userId)])
  return [...codes, ...(hasPasskey ? (['passkey'] as const) : [])]
}

/** As `listSecondFactors`, only of factors added before a time; empty when the second factor was turned on later. */
export async function listSecondFactorsBefore(ctx: Ctx, userId: string, before: number): Promise<SecondStep[]> {
  const [codes, passkeys] = await Promise.all([listCodeFactorsBefore(ctx, userId, before), listPasskeys(ctx, userId)])
  if (codes.length === 0) return []
  return [...codes, ...(passkeys.some(({ createdAt }) => createdAt < before) ? (['passkey'] as const) : [])]
}

/** Starts the second step of a sign-in; it is open for five minutes. Older challenges stay valid: people sign in from two tabs. */
export async function issueChallenge(ctx: Ctx, input: ChallengeInput): Promise<IssuedChallenge> {
  const { user, amr, method, organizationId, network, origin } = input
  const data: z.infer<typeof ChallengeData> = {
    authVersion: user.authVersion,
    amr: [...amr],
    method,
    organizationId,
    network,
    origin,
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

/** An open challenge, without redeeming it. */
export const findChallenge = async (ctx: Ctx, mfaToken: string): Promise<Challenge | undefined> =>
  toChallenge(await findOneTimeToken(ctx, PURPOSE, mfaToken))

/** Redeems the challenge: the database lets one caller through, all others get undefined. */
export const redeemChallenge = async (ctx: Ctx, mfaToken: string): Promise<Challenge | undefined> =>
  toChallenge(await redeemOneTimeToken(ctx, PURPOSE, mfaToken))

/** Counts one of a challenge's five attempts; false when none is left. */
export async function countChallengeAttempt(ctx: Pick<Ctx, 'objects'>, { id, userId }: Challenge): Promise<boolean> {
  return (await ctx.objects.guard(userId).use({ subject: `mfa-challenge:${id}`, ...ATTEMPTS })).allowed
}
