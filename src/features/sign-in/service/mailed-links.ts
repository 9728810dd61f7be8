import type { Ctx } from '../../../context.ts'
import type { UseInput } from '../../../durable/rpc.ts'
import { hashSecret } from '../../../lib/crypto.ts'
import { configurationError } from '../../../lib/errors.ts'
import { networkOf } from '../../../lib/network.ts'
import { HOUR } from '../../../lib/time.ts'
import { findTransport } from '../../mail/service/transport.ts'
import type { MailKind } from '../../mail/types.ts'
import { knowsNetwork } from './attempts.ts'

/** Links of one kind to one address, requested from one network. */
const OF_A_NETWORK = { limit: 5, windowMs: HOUR }
/** Links of one kind to one address, requested from all networks from which its user has not signed in. */
const OF_STRANGERS = { limit: 20, windowMs: HOUR }
/** Links that one user has sent to other addresses: the service must not mail any number of strangers. */
const OF_A_USER = { limit: 5, windowMs: HOUR }

/** `userId` is the user with this address, or null. */
export interface LinkHolder {
  readonly email: string
  readonly userId: string | null
}

/**
 * Counts a link before it is issued; false when a limit is reached. Without the limits a stranger could request links again
 * and again: each voids the one before, and the address's holder could never use one. Requests of strangers do not count
 * against networks from which the holder completed a sign-in in the last 30 days.
 */
export async function mayMailLink(ctx: Ctx, kind: MailKind, { email, userId }: LinkHolder): Promise<boolean> {
  const hash = await hashSecret(email)
  const network = networkOf(ctx.ip)
  const ofNetwork = { subject: `link:${kind}:${hash}:${network}`, ...OF_A_NETWORK }
  const ofStrangers = { subject: `link:${kind}:${hash}`, ...OF_STRANGERS }
  if (!(await isCounted(ctx, kind, hash, ofNetwork))) return false
  if (userId !== null && (await knowsNetwork(ctx, userId, network))) return true
  return isCounted(ctx, kind, hash, ofStrangers)
}

/** As `mayMailLink`, for a link to an address that is to become the user's. */
export async function mayMailLinkElsewhere(ctx: Ctx, kind: MailKind, asker: LinkHolder & { userId: string }) {
  const hash = await hashSecret(asker.userId)
  const ofUser = { subject: `link:${kind}:${hash}`, ...OF_A_USER }
  return (await isCounted(ctx, kind, hash, ofUser)) && (await mayMailLink(ctx, kind, { ...asker, userId: null }))
}

async function isCounted(ctx: Ctx, kind: MailKind, shard: string, rule: UseInput): Promise<boolean> {
  const { allowed } = await ctx.objects.guard(shard).use(rule)
  if (!allowed) ctx.log.info('link_limited', { kind })
  return allowed
}

/** Whether the settings of mail are complete. */
export const canMail = (ctx: Ctx): boolean => !('missing' in findTransport(ctx))

/** Throws CONFIGURATION_ERROR, for known and unknown addresses alike, where no mail can be sent. */
export function requireMailTransport(ctx: Ctx): void {
  const transport = findTransport(ctx)
  if (!('missing' in transport)) return
  ctx.log.warn('configuration_error', { settings: transport.missing.join(', ') })
  throw configurationError()
}
