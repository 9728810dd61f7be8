import type { Ctx } from '../../../context.ts'
import { commitAndPropagate } from '../../../db/commit.ts'
import type { EventActor } from '../../../lib/event.ts'
import { updateMembership, updateOrganization } from '../../memberships/service.ts'
import { changeUser } from '../../users/service/change-user.ts'
import {
  deletePieces,
  findOrphan,
  hasChanged,
  inheritance,
  isMemberless,
  organizationEntry,
  raisedDeletion,
  selectOwnerless,
} from '../store.ts'
import { lastOwner } from './members.ts'

export { orphansNothing } from '../store.ts'

const SYSTEM: EventActor = { type: 'system', id: 'organizations' }

/** Why the user's own deletion was refused: an organization with others would be without owner. Undefined if there is none. */
export async function refusalOfDeletion(ctx: Ctx, userId: string) {
  const organization = await findOrphan(ctx, userId)
  return organization && lastOwner({ organization }, { message: `${organization.name} would be without an owner` })
}

/**
 * Gives the organizations that a deleted user owned alone to their longest-serving admin whose account is active; deletes those
 * that nobody else is in. Where there is neither, an organization stays without owner: an admin of the platform may appoint one.
 * Without `userId` it is for every user deleted lately: what a crash after a deletion has left.
 */
export async function settleOwnerless(ctx: Ctx, userId?: string): Promise<void> {
  for (const { organizationId, heirId, memberCount } of await selectOwnerless(ctx, userId)) {
    if (heirId !== null) await inherit(ctx, { organizationId, heirId })
    else if (memberCount <= 1) await deleteMemberless(ctx, organizationId)
    else ctx.log.warn('organization_without_owner', { organization_id: organizationId })
  }
}

async function inherit(ctx: Ctx, key: { organizationId: string; heirId: string }): Promise<void> {
  const { organizationId, heirId: userId } = key
  await changeUser(ctx, {
    userId,
    set: {},
    when: hasChanged,
    actor: SYSTEM,
    with: [updateMembership(ctx, { organizationId, userId }, { set: { role: 'owner' }, when: inheritance(key) })],
    changesClaims: true,
    events: [
      {
        type: 'organization.role_changed',
        organizationId,
        data: { before: { role: 'admin' }, after: { role: 'owner' }, reason: 'owner_deleted' },
      },
    ],
  })
}

async function deleteMemberless(ctx: Ctx, id: string): Promise<void> {
  await commitAndPropagate(ctx, [updateOrganization(ctx, id, { set: raisedDeletion(ctx), when: isMemberless(id) })], {
    type: 'organization.deleted',
    subject: id,
    userId: null,
    organizationId: id,
    actor: SYSTEM,
    data: { reason: 'owner_deleted' },
    computedFeedEntry: organizationEntry(id),
  })
}

/** Deletes a piece of what deleted organizations held. The next run of cron goes on. */
export const eraseOrganizations = (ctx: Ctx): Promise<void> => deletePieces(ctx)
