import type { Ctx } from '../../../context.ts'
import type { OpenSessionInput } from '../../../durable/rpc.ts'
import { DomainError, serviceUnavailable } from '../../../lib/errors.ts'
import { SECOND, toSeconds, within } from '../../../lib/time.ts'
import { loadSigningKey, mintGatewayToken, mintUserToken } from '../../keys/service/tokens.ts'
import type { SigningKey } from '../../keys/types.ts'
import { sparedBy } from '../../users/service/change-user.ts'
import type { User } from '../../users/types.ts'
import { type Bearer, claimsOf } from '../rules/claims.ts'
import { browserTokenEncoder, refreshTokenEncoder } from '../rules/refresh-token.ts'
import type { OpenedSession, RefreshTokenParts, Tokens } from '../types.ts'

/** How long a request waits for the database. */
const DATABASE_MS = 5 * SECOND

export type SessionEvents = OpenSessionInput['events']

/** The versions in a user's row, from which the user's object learns which sessions and tokens are outdated. */
export const versionsOf = (user: User) => ({
  authVersion: user.authVersion,
  keptSessionId: user.keptSessionId,
  claimsVersion: user.claimsVersion,
  spares: sparedBy(user),
})

/** If the work fails or takes too long, that is an outage and not a refusal: 503, with the cause in the log. */
export async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await within(DATABASE_MS, work)
  } catch (cause) {
    throw cause instanceof DomainError ? cause : serviceUnavailable({}, { cause })
  }
}

/** What minting tokens needs. Loaded before the object is asked, so that only the signature can fail after its answer. */
interface Minter {
  readonly key: SigningKey
  readonly encode: (parts: RefreshTokenParts) => string
  readonly encodeBrowser: (parts: RefreshTokenParts) => string
}

export async function loadMinter(ctx: Ctx): Promise<Minter> {
  const { rootKeys } = ctx.config
  const [key, encode, encodeBrowser] = await Promise.all([
    loadSigningKey(ctx),
    refreshTokenEncoder(rootKeys),
    browserTokenEncoder(rootKeys),
  ])
  return { key, encode, encodeBrowser }
}

export async function mintTokens(
  ctx: Ctx,
  minter: Minter,
  { organizationId, ...bearer }: Omit<Bearer, 'organizationId'> & { organizationId?: string | undefined },
): Promise<Tokens> {
  const { session, generation, proof } = bearer.grant
  const isBrowser = bearer.grant.browserIdleSeconds !== undefined
  // A browser's generation stays while its tokens are renewed.
  const grant = isBrowser ? { ...bearer.grant, advancedAt: ctx.now() } : bearer.grant
  const claims = claimsOf(ctx.config, { ...bearer, grant, organizationId: organizationId ?? session.organizationId })
  const parts = { userId: bearer.user.id, sessionId: session.id, generation, proof }
  return {
    accessToken: await (isBrowser ? mintGatewayToken : mintUserToken)(minter.key, claims),
    refreshToken: (isBrowser ? minter.encodeBrowser : minter.encode)(parts),
    expiresIn: Math.max(0, claims.exp - toSeconds(ctx.now())),
    expiresAt: claims.exp,
  }
}

export async function answerOf(
  ctx: Ctx,
  minter: Minter,
  bearer: Omit<Bearer, 'organizationId'>,
): Promise<OpenedSession> {
  const { session, generation, browserIdleSeconds } = bearer.grant
  const tokens = await mintTokens(ctx, minter, bearer)
  return { session, generation, tokens, ...(browserIdleSeconds !== undefined && { browserIdleSeconds }) }
}
