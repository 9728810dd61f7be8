import type { Ctx } from '../../../context.ts'
import { commitAndPropagate } from '../../../db/commit.ts'
import type { EventActor } from '../../../lib/event.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { updateMembership, updateOrganization } from '../../memberships/service.ts'
import { canMail } from '../../sign-in/service/mailed-links.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { findUser, isEmailConfirmed, listUsers, recipientOf } from '../../users/service/users.ts'
import {
  deletePieces,
  findOrphan,
  hasChanged,
  inheritance,
  isMemberless,
  markTold,
  type Ownerless,
  organizationEntry,
  raisedDeletion,
  selectOwnedAlone,
  selectOwnerless,
  unmarkTold,
} from '../store.ts'
import { lastOwner, roleNotice } from './membership-changes.ts'

export { countUnerased as countUnerasedOrganizations, orphansNothing } from '../store.ts'

const SYSTEM: EventActor = { type: 'system', id: 'organizations' }

/** Why the user's own deletion was refused: an organization with others would be without owner. Undefined if there is none. */
export async function refusalOfDeletion(ctx: Ctx, userId: string) {
  const organization = await findOrphan(ctx, userId)
  return organization && lastOwner({ organization }, { message: `${organization.name} would be without an owner` })
}

/**
 * Gives the organizations that a deleted user owned alone to their longest-serving admin whose account is active; deletes those
 * that nobody else is in. Where there is neither, an organization stays without owner: the admins of the platform are told, and
 * may appoint one. Without `userId` it is for every user deleted lately: what a crash after a deletion has left.
 */
export async function settleOwnerless(ctx: Ctx, userId?: string): Promise<void> {
  const lost: Ownerless[] = []
  for (const organization of await selectOwnerless(ctx, userId)) {
    const { organizationId, heirId, hasMembers } = organization
    if (heirId !== null) await inherit(ctx, organization, heirId)
    else if (hasMembers === 0) await deleteMemberless(ctx, organizationId)
    else lost.push(organization)
  }
  for (const { organizationId } of lost) ctx.log.warn('organization_without_owner', { organization_id: organizationId })
  if (lost.length > 0) ctx.defer(tellAdmins(ctx, lost))
}

const ADMINS_TOLD = 10
const SLUGS_TOLD = 4

/** Mails a limited number of the platform's admins, once for each loss. If no mail is accepted, cron tries again. */
async function tellAdmins(ctx: Ctx, lost: readonly Ownerless[]): Promise<void> {
  const { users } = await listUsers(ctx, { isAdmin: true, status: ['active'], offset: 0, limit: 100, order: 'oldest' })
  // Slugs are an organization's own words: they go to confirmed addresses alone.
  const admins = users.filter(isEmailConfirmed).slice(0, ADMINS_TOLD)
  if (admins.length === 0 || !canMail(ctx)) return
  const told = await markTold(ctx, lost)
  if (told.length === 0) return
  const slugs = told.slice(0, SLUGS_TOLD).map(({ slug }) => slug)
  const more = told.length - slugs.length
  const params = { organizations: slugs.join(', ') + (more > 0 ? ` (+${more})` : '') }
  const mails = await Promise.allSettled(
    admins.map((admin) => queueMail(ctx, { kind: 'organization_ownerless', ...recipientOf(admin), params })),
  )
  if (mails.some(({ status }) => status === 'fulfilled')) return
  await unmarkTold(ctx, told)
  throw new Error('no admin could be told', { cause: mails })
}

/** Tells admins of the platform of organizations whose last owner a directory switched off: the ownership stays. */
export async function tellOfInactiveOwner(ctx: Ctx, userId: string): Promise<void> {
  const owned = await selectOwnedAlone(ctx, userId)
  const lostAt = ctx.now()
  const lost = owned.map((organization) => ({ ...organization, hasMembers: 1, lostAt, heirId: null }))
  if (lost.length > 0) await tellAdmins(ctx, lost)
}

async function inherit(ctx: Ctx, organization: Ownerless, userId: string): Promise<void> {
  const { organizationId } = organization
  const heir = await findUser(ctx, userId)
  if (!heir) return
  await changeUser(ctx, {
    userId,
    set: {},
    when: hasChanged,
    actor: SYSTEM,
    with: [
      updateMembership(
        ctx,
        { organizationId, userId },
        { set: { role: 'owner' }, when: inheritance(organizationId, userId) },
      ),
    ],
    changesClaims: true,
    events: [
      {
        type: 'organization.role_changed',
        organizationId,
        data: { before: { role: 'admin' }, after: { role: 'owner' }, reason: 'owner_deleted' },
      },
      await roleNotice(ctx, { userId, locale: heir.locale }, { organization, role: 'owner', actor: SYSTEM }),
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

/** Deletes a piece of what deleted organizations held (`data`, of all features). The next run of cron goes on. */
export const eraseOrganizations = (ctx: Ctx, data: Parameters<typeof deletePieces>[1]): Promise<void> =>
  deletePieces(ctx, data)
