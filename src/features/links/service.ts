import type { Ctx } from '../../context.ts'
import { hashSecret, newSecret } from '../../lib/crypto.ts'
import { DAY } from '../../lib/time.ts'
import {
  type Condition,
  deleteExpired,
  deleteToken,
  insertToken,
  selectLive,
  selectNewest,
  selectSpent,
  selectToken,
  type TokenRow,
  updateData,
  updateTries,
  updateUsed,
  voidTokens,
  voidTokensOfSessions,
} from './store.ts'
import type { OneTimePurpose, OneTimeToken, Redemption, RequestingSessions, TokenData } from './types.ts'

export { voidPlainReports } from './store.ts'

const TOKEN_PREFIX = 'pot_'

/** Whether a text has the form of a token of ours, good or not. */
export const isOneTimeToken = (text: string): boolean => text.startsWith(TOKEN_PREFIX)

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
  /** 256 random bits, if a protocol prescribes their encoding; generated when absent. */
  readonly token?: string
  /** Older tokens of this owner and purpose stay valid: challenges in several tabs. A new mail link voids the older ones. */
  readonly keepsOlder?: boolean
  /** Only the older tokens whose data has these values are voided. */
  readonly voidsOnly?: TokenData
}

/** As `issueOneTimeToken`, but returns `statements` for `commitAll`, to create the token in the batch of its event. */
export async function issuanceOf(ctx: Ctx, input: Omit<IssueInput, 'keepsOlder'>) {
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

/** Creates a 256-bit single-use token and voids the older ones of its owner and purpose. Only its hash is stored. */
export async function issueOneTimeToken(ctx: Ctx, input: IssueInput): Promise<{ token: string; id: string }> {
  const { token, id, insert, statements } = await issuanceOf(ctx, input)
  if (input.keepsOlder) await insert
  else await ctx.db.batch(statements)
  return { token, id }
}

/** Creates a token whose secret only its holder has; one with the same hash is replaced. */
export async function replaceOneTimeToken(
  ctx: Ctx,
  {
    tokenHash,
    lifetimeMs,
    data,
    ...owned
  }: Omit<IssueInput, 'token' | 'keepsOlder' | 'voidsOnly'> & { tokenHash: string },
): Promise<void> {
  const times = { createdAt: ctx.now(), expiresAt: ctx.now() + lifetimeMs }
  const row = { ...owned, ...times, id: ctx.newId(), tokenHash, data: { ...data } }
  await ctx.db.batch([deleteToken(ctx, tokenHash), insertToken(ctx, row)])
}

/** Remembers a key that somebody else chose, such as the id of a message: `findOneTimeToken` finds it. False when it was remembered before. */
export async function claimOnce(
  ctx: Ctx,
  purpose: OneTimePurpose,
  { key, lifetimeMs }: { key: string; lifetimeMs: number },
): Promise<boolean> {
  const times = { createdAt: ctx.now(), expiresAt: ctx.now() + lifetimeMs }
  const row = { id: ctx.newId(), purpose, tokenHash: await hashSecret(key), userId: null, email: null, data: {} }
  const [claimed] = await insertToken(ctx, { ...row, ...times })
    .onConflictDoNothing()
    .returning()
  return claimed !== undefined
}

/**
 * Counts one try at what has to come with the token, before it is compared: racing tries are counted one by one. Undefined when
 * there were `limit` tries, or the token is not valid.
 */
export async function countTry(
  ctx: Ctx,
  purpose: OneTimePurpose,
  token: string,
  limit: number,
): Promise<OneTimeToken | undefined> {
  const [row] = await updateTries(ctx, { purpose, tokenHash: await hashSecret(token), limit })
  return row && toToken(row, purpose)
}

/** Writes a value into the data of a valid token, once: undefined when there is one, or the token is not valid. */
export async function fillOneTimeToken(
  ctx: Ctx,
  purpose: OneTimePurpose,
  token: string,
  { name, value }: { name: string; value: string },
): Promise<OneTimeToken | undefined> {
  const [row] = await updateData(ctx, { purpose, tokenHash: await hashSecret(token), name, value })
  return row && toToken(row, purpose)
}

/** Redeems the token. Undefined when it is unknown, used, voided or expired: callers must answer all of these alike. */
export async function redeemOneTimeToken(
  ctx: Ctx,
  purpose: OneTimePurpose,
  token: string,
): Promise<OneTimeToken | undefined> {
  const [row] = await (await redemptionOf(ctx, purpose, token)).statement
  return row && toToken(row, purpose)
}

/** Finds a valid token without redeeming it: for confirmation pages, and for challenges that allow several attempts. */
export async function findOneTimeToken(
  ctx: Ctx,
  purpose: OneTimePurpose,
  token: string,
): Promise<OneTimeToken | undefined> {
  const row = await selectLive(ctx, purpose, await hashSecret(token))
  return row && toToken(row, purpose)
}

/** Finds a used or voided token, while its row exists: to answer a repeated request, never to make a change. */
export async function findSpentOneTimeToken(
  ctx: Ctx,
  purpose: OneTimePurpose,
  token: string,
): Promise<OneTimeToken | undefined> {
  const row = await selectSpent(ctx, purpose, await hashSecret(token))
  return row && toToken(row, purpose)
}

/** What became of a token. */
export type TokenState = 'valid' | 'used' | 'superseded' | 'void' | 'expired'

/** `incomplete`: no token has such a form. `unknown`: there is no row, or not any more. */
export type FoundToken =
  | { readonly state: 'incomplete' | 'unknown'; readonly token: null }
  | { readonly state: TokenState; readonly token: OneTimeToken }

const TOKEN_FORM = new RegExp(`^${TOKEN_PREFIX}[\\w-]{43}$`)

/** What became of a mailed token. For the link's own page: every other caller answers all refused tokens alike. */
export async function inspectOneTimeToken(
  ctx: Ctx,
  purposes: readonly OneTimePurpose[],
  token: string,
): Promise<FoundToken> {
  if (!TOKEN_FORM.test(token)) return { state: 'incomplete', token: null }
  const row = await selectToken(ctx, await hashSecret(token))
  const purpose = purposes.find((one) => one === row?.purpose)
  if (!row || !purpose) return { state: 'unknown', token: null }
  return { state: await stateOf(ctx, row, purpose), token: toToken(row, purpose) }
}

async function stateOf(ctx: Ctx, row: TokenRow, purpose: OneTimePurpose): Promise<TokenState> {
  if (row.usedAt === null) return row.expiresAt > ctx.now() ? 'valid' : 'expired'
  if (row.redemption !== 'void') return 'used'
  const newest = await selectNewest(ctx, purpose, { email: row.email ?? '', since: row.createdAt - 1 })
  return newest && newest.id !== row.id ? 'superseded' : 'void'
}

/** The newest token of an address and purpose that was created after `since`, even if used, voided or expired. */
export async function findNewestOneTimeToken(
  ctx: Ctx,
  purpose: OneTimePurpose,
  made: { email: string; since: number },
): Promise<OneTimeToken | undefined> {
  const row = await selectNewest(ctx, purpose, made)
  return row && toToken(row, purpose)
}

/**
 * Redeems a token in the batch of its change: put `statement` before the change, and the condition `isRedeemed(redemption)`
 * (`tables.ts`) into the change's WHERE. The token is not redeemed if `onlyIf` is false.
 */
export async function redemptionOf(ctx: Ctx, purpose: OneTimePurpose, token: string, onlyIf?: Condition) {
  const redemption: Redemption = { id: ctx.newId(), tokenHash: await hashSecret(token) }
  return { redemption, statement: updateUsed(ctx, { purpose, redemption, onlyIf }) }
}

/** Voids tokens that were requested in sessions which the user reports as not theirs (a change of address). Idempotent. */
export const voidTokensRequestedIn = (ctx: Ctx, userId: string, sessions: RequestingSessions): Promise<void> =>
  voidTokensOfSessions(ctx, { userId, sessions })

/** Deletes tokens a day after they expired, a limited number in each run. */
export const pruneOneTimeTokens = (ctx: Ctx): Promise<void> => deleteExpired(ctx, ctx.now() - DAY)

/** The URL of a page of this service, with a token. */
export const linkTo = (ctx: Pick<Ctx, 'config'>, path: string, token: string): string =>
  `${ctx.config.PUBLIC_URL}${path}?token=${encodeURIComponent(token)}`
