import type { ActorCtx } from '../../../context.ts'
import { DomainError, notAMember, organizationNotFound } from '../../../lib/errors.ts'
import { isAdmin } from '../../../lib/roles.ts'
import { addressUnverified, enterOrganization } from '../../memberships/service.ts'
import { getCurrentUser, isEmailConfirmed } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { webhookNotFound } from '../errors.ts'
import { type Acting, findEndpointOfAny } from '../store.ts'
import type { WebhookRow } from '../tables.ts'

/**
 * Whose endpoint the caller makes: the organization's that is named, for its admins; else the platform's, for an admin of it; else their
 * own. Whoever created an account under a stranger's address could go on reading after the stranger has taken it over, so the account must
 * be confirmed. Throws what `enterOrganization` throws, and VERIFIED_ADDRESS_REQUIRED.
 */
export async function enterOwner(
  ctx: ActorCtx,
  organizationId: string | null | undefined,
): Promise<{ owner: Pick<WebhookRow, 'organizationId' | 'userId'>; acting: Acting; user: User }> {
  const actorId = ctx.actor.id
  const place = organizationId ? await enterOrganization(ctx, { id: organizationId }, 'admin') : null
  const user = await getCurrentUser(ctx)
  if (!isEmailConfirmed(user)) throw addressUnverified()
  if (organizationId) {
    return { owner: { organizationId, userId: null }, acting: { actorId, place, isOwn: false }, user }
  }
  const isOwn = !isAdmin(ctx.actor)
  return {
    owner: { organizationId: null, userId: isOwn ? actorId : null },
    acting: { actorId, place: null, isOwn },
    user,
  }
}

const FOREIGN: readonly string[] = [notAMember.code, organizationNotFound.code]

/** An endpoint that the caller may change. Throws WEBHOOK_NOT_FOUND, for one of somebody else too; INSUFFICIENT_PERMISSIONS to members. */
export async function enterEndpoint(ctx: ActorCtx, id: string): Promise<{ row: WebhookRow; acting: Acting }> {
  const row = await findEndpointOfAny(ctx, id)
  const { actor } = ctx
  const isReachable =
    row && (row.userId === null ? row.organizationId !== null || isAdmin(actor) : row.userId === actor.id)
  if (!isReachable) throw webhookNotFound()
  const acting = { actorId: actor.id, place: null, isOwn: row.userId !== null }
  if (row.organizationId === null) return { row, acting }
  const entering = enterOrganization(ctx, { id: row.organizationId }, 'admin')
  const place = await entering.catch((error: unknown) => {
    throw error instanceof DomainError && FOREIGN.includes(error.code) ? webhookNotFound() : error
  })
  return { row, acting: { ...acting, place } }
}
