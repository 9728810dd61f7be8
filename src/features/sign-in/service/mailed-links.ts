import type { Ctx } from '../../../context.ts'
import type { UseInput } from '../../../durable/rpc.ts'
import { hashSecret } from '../../../lib/crypto.ts'
import { configurationError } from '../../../lib/errors.ts'
import { networkOf } from '../../../lib/network.ts'
import { HOUR } from '../../../lib/time.ts'
import { findTransport } from '../../mail/service/transport.ts'
import type { MailKind } from '../../mail/types.ts'
import { knowsNetwork } from './attempts.ts'

/** Links of one kind to one address that one network may ask for. */
const OF_A_NETWORK = { limit: 5, windowMs: HOUR }
/** All that may be asked for from networks from which the address's user has not signed in. */
const OF_STRANGERS = { limit: 20, windowMs: HOUR }
/** Links that one user may have sent to addresses of their own choice: nobody has the service write to whomever they like. */
const OF_A_USER = { limit: 5, windowMs: HOUR }

/** Whose link it is: `userId` is the user with this address, null where it is nobody's. */
export interface LinkHolder {
  readonly email: string
  readonly userId: string | null
}

/**
 * Counted exactly before a link is made: a newer one voids the older, so a stranger who asks on and on would keep the
 * address's holder from ever using one, long after the mails have stopped. What strangers ask for takes nothing from networks
 * that the holder completed a sign-in from in the last 30 days.
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

/** As `mayMailLink`, for a link to an address that is not its user's yet. */
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

/** Throws CONFIGURATION_ERROR, for known and unknown addresses alike, where no mail can be sent. */
export function requireMailTransport(ctx: Ctx): void {
  const transport = findTransport(ctx)
  if (!('missing' in transport)) return
  ctx.log.warn('configuration_error', { settings: transport.missing.join(', ') })
  throw configurationError()
}
