import { type ActorCtx, actorOf, type CallerCtx, type Ctx, narrow, type PlaceCtx } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import type { Range } from '../../../db/list.ts'
import { DomainError, defineError, insufficientPermissions, notAMember } from '../../../lib/errors.ts'
import { isRanked, type Rank } from '../../../lib/roles.ts'
import { DAY, toIso } from '../../../lib/time.ts'
import {
  addressUnverified,
  alreadyMember,
  enterOrganization,
  enterScopeToChange,
  LIMITS,
  limitReached,
  organizationRequired,
} from '../../memberships/service.ts'
import { findHolding } from '../../rbac/service/rights.ts'
import { canMail } from '../../sign-in/service/mailed-links.ts'
import { requireFreshFactor } from '../../sign-in/service/step-up.ts'
import {
  fullNameOf,
  getCurrentUser,
  isEmailConfirmed,
  mailDomainOf,
  normalizeEmail,
} from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { rankFor, statusOf } from '../rules/invitation.ts'
import {
  countPending,
  type FoundInvitation,
  insertion,
  isMemberByEmail,
  isPendingTo,
  selectInvitation,
  selectInvitations,
  type Writing,
} from '../store.ts'
import { INVITATION_STATUSES, type InvitationStatus } from '../types.ts'
import { countSent, invitationLinks, mailInvitation } from './sending.ts'

export { isLinkFree } from '../rules/invitation.ts'

export const invitationNotFound = defineError('INVITATION_NOT_FOUND', 'not_found', 'There is no such invitation')
export const invitationPending = defineError(
  'INVITATION_PENDING',
  'conflict',
  'An invitation of this organization to this address is pending',
)
export const invitationChanged = defineError(
  'INVITATION_CHANGED',
  'conflict',
  'The invitation was changed meanwhile; read it again',
)
export const domainNotAllowed = defineError(
  'DOMAIN_NOT_ALLOWED',
  'invalid',
  'Addresses of this domain are not invited into this organization',
)

/** An invitation as one caller sees it. */
export interface SeenInvitation extends FoundInvitation {
  readonly state: InvitationStatus
  readonly inviterName: string | null
  /** For those who could send it, while it is pending. */
  readonly inviteUrl: string | null
  readonly emailSent: boolean
}

const inviterNameOf = ({ authorDisplayName: displayName, authorFirstName, authorLastName }: FoundInvitation) =>
  fullNameOf({ displayName, firstName: authorFirstName, lastName: authorLastName })

const givesPermissions = ({ permissions }: FoundInvitation): boolean => permissions.length > 0

/** Invitations as `viewer` sees them, an admin of the organization; null sees what everybody may who knows their ids. */
async function seenBy(
  ctx: Ctx,
  viewer: PlaceCtx | null,
  rows: readonly FoundInvitation[],
  emailSent = canMail(ctx),
): Promise<SeenInvitation[]> {
  const linkOf = await invitationLinks(ctx)
  const holding =
    viewer && rows.some(givesPermissions)
      ? await findHolding(ctx, viewer.place.organizationId, viewer.actor.id)
      : { missing: () => [] }
  const couldSend = ({ role, permissions }: FoundInvitation): boolean =>
    viewer !== null && isRanked(viewer.place.rank, rankFor(role)) && holding.missing(permissions).length === 0
  return rows.map((invitation) => {
    const state = statusOf(invitation, ctx.now())
    return {
      ...invitation,
      state,
      inviterName: inviterNameOf(invitation),
      inviteUrl: state === 'pending' && couldSend(invitation) ? linkOf(invitation, 'url') : null,
      emailSent,
    }
  })
}

export async function oneSeenBy(
  ctx: Ctx,
  viewer: PlaceCtx | null,
  row: FoundInvitation,
  emailSent?: boolean,
): Promise<SeenInvitation> {
  const [seen] = await seenBy(ctx, viewer, [row], emailSent)
  if (!seen) throw invitationNotFound()
  return seen
}

/** The organization that a request names, else the caller's only one. Throws ORGANIZATION_REQUIRED, and what entering throws. */
export async function enterNamed(ctx: ActorCtx, organizationId: string | null | undefined): Promise<PlaceCtx> {
  const { place } = await enterScopeToChange(ctx, organizationId, 'admin')
  if (!place) throw organizationRequired()
  return narrow(ctx, { place })
}

/** The organization of an invitation, for its admins. Throws INVITATION_NOT_FOUND, to strangers too; INSUFFICIENT_PERMISSIONS. */
export async function enterByInvitation(ctx: ActorCtx, id: string): Promise<PlaceCtx> {
  const invitation = await selectInvitation(ctx, id)
  if (!invitation) throw invitationNotFound()
  try {
    return narrow(ctx, { place: await enterOrganization(ctx, { id: invitation.organizationId }, 'admin') })
  } catch (cause) {
    // Without the cause, which would be logged as an error: strangers write no log.
    if (cause instanceof DomainError && cause.code === notAMember.code) throw invitationNotFound()
    throw cause
  }
}

export async function getInvitationIn(ctx: PlaceCtx, id: string): Promise<FoundInvitation> {
  const invitation = await selectInvitation(ctx, id)
  if (invitation?.organizationId !== ctx.place.organizationId) throw invitationNotFound()
  return invitation
}

interface Given {
  readonly role: string
  readonly permissions: readonly string[]
}

/** What must still hold when it is written. Throws INSUFFICIENT_PERMISSIONS: nobody gives, edits or takes away more than they hold. */
export async function requireRightToGive(ctx: PlaceCtx, { role, permissions }: Given): Promise<Writing> {
  const { place, actor } = ctx
  const rank = rankFor(role)
  if (!isRanked(place.rank, rank)) throw insufficientPermissions({ required_role: rank })
  const writing = { place, userId: actor.id, rank, holdsAsRead: null }
  if (permissions.length === 0) return writing
  const holding = await findHolding(ctx, place.organizationId, actor.id)
  const missing = holding.missing(permissions)
  if (missing.length > 0) throw insufficientPermissions({ missing_permissions: missing })
  return { ...writing, holdsAsRead: holding.when }
}

/** The caller, who may invite with this. Throws LIMIT_REACHED, INSUFFICIENT_PERMISSIONS, VERIFIED_ADDRESS_REQUIRED, STEP_UP_REQUIRED. */
export async function requireAuthor(ctx: PlaceCtx, given: Given): Promise<{ author: User; writing: Writing }> {
  if (given.permissions.length > LIMITS.grantsPerMember) throw limitReached({ limit: LIMITS.grantsPerMember })
  const writing = await requireRightToGive(ctx, given)
  const author = await getCurrentUser(ctx)
  if (!isEmailConfirmed(author)) throw addressUnverified()
  if (given.role === 'owner') await requireFreshFactor(ctx)
  return { author, writing }
}

export interface NewInvitation {
  readonly email: string
  readonly role: Rank
  readonly permissions: readonly string[]
  readonly message: string | null
  readonly lifetimeDays: number
}

/**
 * Invites an address into the organization, and mails the invitation. Throws INSUFFICIENT_PERMISSIONS,
 * VERIFIED_ADDRESS_REQUIRED, STEP_UP_REQUIRED, DOMAIN_NOT_ALLOWED, ALREADY_MEMBER, INVITATION_PENDING, LIMIT_REACHED.
 */
export async function createInvitation(ctx: PlaceCtx, input: NewInvitation): Promise<SeenInvitation> {
  return inviteAs(ctx, await requireAuthor(ctx, input), input)
}

export interface BulkResult {
  readonly successful: readonly SeenInvitation[]
  readonly failed: readonly { readonly email: string; readonly code: string; readonly error: string }[]
}

const AT_ONCE = 5

/** Invites many addresses alike. Throws what concerns all of them; what concerns one is in `failed`. */
export async function createInvitations(
  ctx: PlaceCtx,
  { emails, ...input }: Omit<NewInvitation, 'email'> & { emails: readonly string[] },
): Promise<BulkResult> {
  const answering = await requireAuthor(ctx, input)
  const successful: SeenInvitation[] = []
  const failed: BulkResult['failed'][number][] = []
  const invite = async (email: string) => {
    try {
      successful.push(await inviteAs(ctx, answering, { ...input, email }))
    } catch (cause) {
      if (!(cause instanceof DomainError)) throw cause
      failed.push({ email, code: cause.code, error: cause.message })
    }
  }
  for (let start = 0; start < emails.length; start += AT_ONCE)
    await Promise.all(emails.slice(start, start + AT_ONCE).map(invite))
  return { successful, failed }
}

async function inviteAs(
  ctx: PlaceCtx,
  { author, writing }: { author: User; writing: Writing },
  input: NewInvitation,
): Promise<SeenInvitation> {
  const { organizationId } = ctx.place
  const { role, permissions, message, lifetimeDays } = input
  const email = normalizeEmail(input.email)
  await requireInvitable(ctx, email)
  const takeBack = await countSent(ctx, { authorId: author.id, organizationId, email })
  const now = ctx.now()
  const expiresAt = now + lifetimeDays * DAY
  const row = {
    id: ctx.newId(),
    organizationId,
    email,
    role,
    permissions: [...permissions],
    message,
    status: 'pending',
    invitedBy: author.id,
    counter: 1,
    createdAt: now,
    updatedAt: now,
    expiresAt,
    acceptedAt: null,
    acceptedBy: null,
  }
  const [made] = await commitAll(ctx, insertion(ctx, row, writing, actorOf(ctx)), {
    type: 'invitation.created',
    subject: row.id,
    userId: null,
    organizationId,
    actor: actorOf(ctx),
    data: { role, permissions, expires_at: toIso(expiresAt) },
  })
  if (!made) {
    await takeBack()
    throw await insertionRefused(ctx, email, role)
  }
  return sent(ctx, row.id, author)
}

/** Throws DOMAIN_NOT_ALLOWED, ALREADY_MEMBER, INVITATION_PENDING. Somebody who was added and has not taken that up is a stranger. */
async function requireInvitable(ctx: PlaceCtx, email: string): Promise<void> {
  const { organizationId } = ctx.place
  const { organization } = await enterOrganization(ctx, { id: organizationId }, 'admin')
  const { invitationDomains: domains } = organization
  if (!isAllowedDomain(organization, email)) throw domainNotAllowed({ field: 'email', domains })
  if (await isMemberByEmail(ctx, organizationId, email)) throw alreadyMember()
  if (await isPendingTo(ctx, organizationId, email)) throw invitationPending()
}

export const isAllowedDomain = (
  { invitationDomains }: { readonly invitationDomains: readonly string[] },
  email: string,
): boolean => invitationDomains.length === 0 || invitationDomains.includes(mailDomainOf(email))

/** Why no row was written. */
async function insertionRefused(ctx: PlaceCtx, email: string, role: Rank): Promise<DomainError> {
  const { organizationId } = ctx.place
  await enterOrganization(ctx, { id: organizationId }, rankFor(role))
  if (await isPendingTo(ctx, organizationId, email)) return invitationPending()
  const limit = LIMITS.pendingInvitationsPerOrganization
  return (await countPending(ctx, organizationId)) >= limit ? limitReached({ limit }) : invitationChanged()
}

/** Mails what was written, and shows it. */
export async function sent(ctx: PlaceCtx, id: string, author: User): Promise<SeenInvitation> {
  const invitation = await getInvitationIn(ctx, id)
  const isMailed = await mailInvitation(ctx, invitation, { organization: ctx.place, author })
  return oneSeenBy(ctx, ctx, invitation, isMailed)
}

export interface InvitationQuery extends Range {
  readonly status?: InvitationStatus | undefined
  /** As a person types it. */
  readonly email?: string | undefined
}

/** Invitations of the organization, newest first. */
export async function listInvitations(ctx: PlaceCtx, { status, email, ...range }: InvitationQuery) {
  const { rows, total, counts } = await selectInvitations(ctx, ctx.place.organizationId, {
    ...range,
    statuses: status ? [status] : INVITATION_STATUSES,
    email: email === undefined ? undefined : normalizeEmail(email),
  })
  return { rows: await seenBy(ctx, ctx, rows), total, counts }
}

/** Those that have a meaning to clients that know no revoked ones. */
export async function listLiveInvitations(ctx: PlaceCtx, status: InvitationStatus | undefined) {
  const statuses = status ? [status] : INVITATION_STATUSES.filter((one) => one !== 'revoked')
  const range = { offset: 0, limit: LIMITS.pendingInvitationsPerOrganization }
  const { rows, total } = await selectInvitations(ctx, ctx.place.organizationId, { ...range, statuses })
  return { rows: await seenBy(ctx, ctx, rows), total }
}

/** Any invitation, for whoever knows its id: without its link, unless the caller could send it. Throws INVITATION_NOT_FOUND. */
export async function getInvitation(ctx: CallerCtx, id: string): Promise<SeenInvitation> {
  const invitation = await selectInvitation(ctx, id)
  if (!invitation) throw invitationNotFound()
  const viewer = ctx.actor && (await findViewer(narrow(ctx, { actor: ctx.actor }), invitation.organizationId))
  return oneSeenBy(ctx, viewer, invitation)
}

/** The caller as an admin of the organization; null for anybody else. */
async function findViewer(ctx: ActorCtx, id: string): Promise<PlaceCtx | null> {
  try {
    return narrow(ctx, { place: await enterOrganization(ctx, { id }, 'admin') })
  } catch (cause) {
    if (cause instanceof DomainError && cause.kind === 'forbidden') return null
    throw cause
  }
}
