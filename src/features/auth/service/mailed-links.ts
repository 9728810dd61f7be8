import type { Ctx } from '../../../context.ts'
import { hashSecret } from '../../../lib/crypto.ts'
import { configurationError } from '../../../lib/errors.ts'
import { HOUR } from '../../../lib/time.ts'
import { findTransport } from '../../mail/service/transport.ts'
import type { MailKind } from '../../mail/types.ts'

/** As many as mails of one kind. */
const LINKS = { limit: 5, windowMs: HOUR }

/**
 * Counted exactly before a link is made: a newer one voids the older, so a stranger who asks on and on would keep the
 * address's holder from ever using one, long after the mails have stopped. `whom` is an address, or the id of a user whose
 * links go to addresses of their own choice: nobody has the service write to whomever they like.
 */
export async function mayMailLink(ctx: Ctx, kind: MailKind, whom: string): Promise<boolean> {
  const hash = await hashSecret(whom)
  const { allowed } = await ctx.objects.guard(hash).use({ subject: `link:${kind}:${hash}`, ...LINKS })
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
