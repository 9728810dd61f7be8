import type { Ctx } from '../../../context.ts'
import { rateLimited } from '../../../lib/errors.ts'
import { SECOND } from '../../../lib/time.ts'
import { organizationIn } from '../../invitations/service/sending.ts'
import { mailsPerWindow, queueMail, WINDOW_MS } from '../../mail/service/mails.ts'
import type { SsoChange } from '../../mail/types.ts'
import { listOwnerIds } from '../../memberships/service.ts'
import { findUser, isSignInAllowed, recipientOf } from '../../users/service/users.ts'

/** Who is mailed of one change at most. */
const MAX_OWNERS = 50

/** Removals are not limited, and their mails must not follow a hundred others: some are left for them. */
const LIMITS = { admin: 10, owner: mailsPerWindow('sso_changed') - 30 } as const

/**
 * Limits the changes of an organization in an hour, below the mails that may be sent about them; admins, who change names alone, use
 * up nothing of the owners'. Throws RATE_LIMIT_EXCEEDED.
 */
export async function countChange(
  ctx: Pick<Ctx, 'objects'>,
  organizationId: string,
  rank: keyof typeof LIMITS,
): Promise<void> {
  const rule = { subject: `sso-changed:${rank}:${organizationId}`, limit: LIMITS[rank], windowMs: WINDOW_MS }
  const { allowed, retryAfterMs } = await ctx.objects.guard(organizationId).use(rule)
  if (!allowed) throw rateLimited({ retry_after: Math.ceil(retryAfterMs / SECOND) })
}

export interface Told {
  readonly organization: { readonly id: string; readonly name: string; readonly slug: string }
  readonly change: SsoChange
  readonly about: string
}

/** Mails the owners of an organization in the background: the change stands whether or not that succeeds. */
export const mailOwners = (ctx: Ctx, told: Told): void => ctx.defer(sendToOwners(ctx, told))

async function sendToOwners(ctx: Ctx, { organization, change, about }: Told): Promise<void> {
  const params = { organization: organizationIn(organization), change, about, time: ctx.now() }
  for (const { id } of await listOwnerIds(ctx, organization.id, MAX_OWNERS)) {
    const owner = await findUser(ctx, id)
    if (owner && isSignInAllowed(owner)) await queueMail(ctx, { kind: 'sso_changed', ...recipientOf(owner), params })
  }
}
