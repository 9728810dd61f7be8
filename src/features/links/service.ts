import type { Ctx } from '../../context.ts'
import { hashSecret, newSecret } from '../../lib/crypto.ts'
import { DAY } from '../../lib/time.ts'
import {
  type Condition,
  deleteExpired,
  insertToken,
  selectLive,
  selectNewest,
  selectSpent,
  type TokenRow,
  updateUsed,
  voidTokens,
  voidTokensOfSessions,
} from './store.ts'
import type { AskingSessions, OneTimePurpose, OneTimeToken, Redemption, TokenData } from './types.ts'

export { voidPlainReports } from './store.ts'

const TOKEN_PREFIX = 'pot_'

const toToken = (
  { id, userId, email, data, createdAt, expiresAt }: TokenRow,
  purpose: OneTimePurpose,
): OneTimeToken => ({
  id,
  purpose,
  userId,
  email,
  data,
  createdAt,
  expiresAt,
})

export interface IssueInput {
  readonly purpose: OneTimePurpose
  readonly userId: string | null
  readonly email: string | null
  readonly data?: Readonly<Record<string, unknown>>
  readonly lifetimeMs: number
  /** 256 random bits that the caller made, where a protocol says how they are written; made here when absent. */
  readonly token?: string
  /** Older tokens of this owner and purpose stay good: challenges of several tabs. Links in mails void each other. */
  readonly besidesOlder?: boolean
  /** Only the older tokens whose data has these values are voided. */
  readonly voidsOnly?: TokenData
}

/** For a token that is made in one batch with its event: `commitAll` takes `statements`. As `issueOneTimeToken`. */
export async function issuanceOf(ctx: Ctx, input: Omit<IssueInput, 'besidesOlder'>) {
  const token = input.token ?? newSecret(TOKEN_PREFIX)
  const id = ctx.newId()
  const { purpose, userId, email, voidsOnly = {} } = input
  const insert = insertToken(ctx, {
    id,
    purpose,
    tokenHash: await hashSecret(token),
    userId,
    email,
    data: { ...input.data },
    createdAt: ctx.now(),
    expiresAt: ctx.now() + input.lifetimeMs,
  })
  return {
    token,
    id,
    insert,
    statements: [voidTokens(ctx, { purpose, userId, email, data: voidsOnly }), insert] as const,
  }
}

/** Makes a 256-bit token that works once, and voids the older ones of its owner and purpose. Only its hash is kept. */
export async function issueOneTimeToken(ctx: Ctx, input: IssueInput): Promise<{ token: string; id: string }> {
  const { token, id, insert, statements } = await issuanceOf(ctx, input)
  if (input.besidesOlder) await insert
  else await ctx.db.batch(statements)
  return { token, id }
}

/** Uses the token up. Undefined when it is unknown, used, voided or expired: callers answer all of these alike. */
export async function redeemOneTimeToken(
  ctx: Ctx,
  purpose: OneTimePurpose,
  token: string,
): Promise<OneTimeToken | undefined> {
  const [row] = await (await redemptionOf(ctx, purpose, token)).statement
  return row && toToken(row, purpose)
}

/** What a token stands for, without using it: for pages that ask before they act, and challenges that allow attempts. */
export async function findOneTimeToken(
  ctx: Ctx,
  purpose: OneTimePurpose,
  token: string,
): Promise<OneTimeToken | undefined> {
  const row = await selectLive(ctx, purpose, await hashSecret(token))
  return row && toToken(row, purpose)
}

/** What a token stood for that was used or voided, while its row is kept: for who comes again, never for a change. */
export async function findSpentOneTimeToken(
  ctx: Ctx,
  purpose: OneTimePurpose,
  token: string,
): Promise<OneTimeToken | undefined> {
  const row = await selectSpent(ctx, purpose, await hashSecret(token))
  return row && toToken(row, purpose)
}

/** The newest of an address and purpose that was made after `since`, whatever has become of it. */
export async function findNewestOneTimeToken(
  ctx: Ctx,
  purpose: OneTimePurpose,
  made: { email: string; since: number },
): Promise<OneTimeToken | undefined> {
  const row = await selectNewest(ctx, purpose, made)
  return row && toToken(row, purpose)
}

/**
 * For a use and its change in one batch: put `statement` before the change, and the condition `isRedeemed(redemption)`
 * (one-time-tokens/tables) into the change's WHERE. A token is not used up where `onlyIf` does not hold.
 */
export async function redemptionOf(ctx: Ctx, purpose: OneTimePurpose, token: string, onlyIf?: Condition) {
  const redemption: Redemption = { id: ctx.newId(), tokenHash: await hashSecret(token) }
  return { redemption, statement: updateUsed(ctx, { purpose, redemption, onlyIf }) }
}

/** What was asked for in sessions that somebody ends as not theirs (a change of address) goes with them. A repeat is harmless. */
export const voidAskedBy = (ctx: Ctx, userId: string, sessions: AskingSessions): Promise<void> =>
  voidTokensOfSessions(ctx, { userId, sessions })

const ROWS_PER_PRUNE = 500

/** Tokens stay a day beyond their end, then go. */
export const pruneOneTimeTokens = (ctx: Ctx): Promise<number> => deleteExpired(ctx, ctx.now() - DAY, ROWS_PER_PRUNE)

/** Of a page that this service serves, with the token that opens it. */
export const linkTo = (ctx: Pick<Ctx, 'config'>, path: string, token: string): string =>
  `${ctx.config.PUBLIC_URL}${path}?token=${encodeURIComponent(token)}`
