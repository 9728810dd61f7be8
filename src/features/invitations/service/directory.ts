import type { Ctx, DirectoryCtx } from '../../../context.ts'
import { directoryActorOf } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import { DomainError } from '../../../lib/errors.ts'
import type { Rank } from '../../../lib/roles.ts'
import { DAY, toIso } from '../../../lib/time.ts'
import { findPlace, limitReached } from '../../memberships/service.ts'
import { insertion, isMemberByEmail, selectInvitation, selectPendingId, selectSponsor } from '../store.ts'
import { isAllowedDomain } from './invitations.ts'
import { countSent, mailInvitation, organizationIn } from './sending.ts'

const LIFETIME_MS = 30 * DAY

/** The id of the invitation that is pending to a normalized address. */
export const findPendingInvitation = (ctx: Ctx, organizationId: string, email: string): Promise<string | undefined> =>
  selectPendingId(ctx, organizationId, email)

/**
 * Invites an address for a directory, in the organization's name; its longest-serving owner answers for it. Nothing happens where
 * the address is a member's, an invitation is pending, or nobody could answer for one; beyond the limits of invitations no mail is
 * sent. The caller learns nothing: an address that others invite, or that has an account, is treated alike.
 */
export async function inviteForDirectory(
  ctx: DirectoryCtx,
  { id, email, role }: { id: string; email: string; role: Rank },
): Promise<void> {
  const { organizationId, organizationName: name, slug } = ctx.actor
  const sponsor = await selectSponsor(ctx, organizationId)
  const organization = sponsor && (await findPlace(ctx, { id: organizationId }, sponsor.id))?.organization
  if (!organization || !isAllowedDomain(organization, email)) return
  if (await isMemberByEmail(ctx, organizationId, email)) return
  const now = ctx.now()
  const row = {
    id,
    organizationId,
    email,
    role,
    permissions: [],
    message: null,
    status: 'pending',
    invitedBy: sponsor.id,
    counter: 1,
    createdAt: now,
    updatedAt: now,
    expiresAt: now + LIFETIME_MS,
    acceptedAt: null,
    acceptedBy: null,
  }
  const place = { organizationId, name, slug, rank: 'admin', role: null, isPlatformAdmin: false } as const
  const writing = { place, userId: sponsor.id, rank: 'admin', holdsAsRead: null } as const
  const actor = directoryActorOf(ctx)
  const [made] = await commitAll(ctx, insertion(ctx, row, writing, actor), {
    type: 'invitation.created',
    subject: id,
    userId: null,
    organizationId,
    actor,
    data: { role, permissions: [], expires_at: toIso(row.expiresAt) },
  })
  if (!made || !(await mayMail(ctx, organizationId, email))) return
  const invitation = await selectInvitation(ctx, id)
  const author = { email: organizationIn({ name, slug }), displayName: null, firstName: null, lastName: null }
  if (invitation)
    await mailInvitation(ctx, invitation, {
      organization: { name, slug },
      author: { ...author, locale: sponsor.locale },
    })
}

async function mayMail(ctx: Ctx, organizationId: string, email: string): Promise<boolean> {
  try {
    await countSent(ctx, { authorId: organizationId, organizationId, email })
    return true
  } catch (cause) {
    if (cause instanceof DomainError && cause.code === limitReached.code) return false
    throw cause
  }
}
