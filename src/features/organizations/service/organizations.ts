import { type ActorCtx, type AdminCtx, actorOf, narrow, type PlaceCtx, type TargetCtx } from '../../../context.ts'
import { commitAll, commitAndPropagate } from '../../../db/commit.ts'
import type { Range } from '../../../db/list.ts'
import { defineError, insufficientPermissions, organizationNotFound } from '../../../lib/errors.ts'
import { inSnake } from '../../../lib/json.ts'
import { isAdmin, isRanked, type Rank, toRank } from '../../../lib/roles.ts'
import { DAY } from '../../../lib/time.ts'
import { applyToOwnView } from '../../../revocation/freshness.ts'
import {
  addressUnverified,
  enterOrganization,
  insertMembership,
  insertOrganization,
  LIMITS,
  limitReached,
  requireFactors,
  updateOrganization,
} from '../../memberships/service.ts'
import type { Organization } from '../../memberships/tables.ts'
import { type GivenFactors, requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { getCurrentUser, getUser, isEmailConfirmed } from '../../users/service/users.ts'
import {
  countMemberships,
  isMade,
  mayMake,
  organizationChange,
  organizationDeletion,
  organizationEntry,
  selectMadeSince,
  selectOrganization,
  selectOrganizations,
  selectOrganizationsOf,
} from '../store.ts'

export { haveOrganizationInCommon, organizationEntry, takingUp } from '../store.ts'

export const slugTaken = defineError('SLUG_TAKEN', 'malformed', 'This slug is taken')
export const organizationsClosed = defineError(
  'ORGANIZATIONS_BY_ADMINS',
  'forbidden',
  'Only admins may create organizations here',
)

export const organizationChanged = defineError(
  'ORGANIZATION_CHANGED',
  'conflict',
  'The organization was changed meanwhile; read it again',
)

/** How often a change is tried when others come before it. */
const ATTEMPTS = 3

/** An organization as one user sees it. */
export interface SeenOrganization extends Organization {
  readonly ownerId: string | null
  readonly ownerEmail: string | null
  readonly ownerFirstName: string | null
  readonly ownerLastName: string | null
  readonly ownerImageUrl: string | null
  readonly userRole: Rank | null
  /** Null for an admin of the platform who is no member. */
  readonly membershipStatus: 'active' | 'pending' | null
}

type Row = Omit<SeenOrganization, 'userRole' | 'membershipStatus'> & {
  readonly role: string | null
  readonly takenUpAt: number | null
  readonly isClosed: boolean
}

/** What members alone see, hidden. */
const HIDDEN = {
  ownerId: null,
  ownerEmail: null,
  ownerFirstName: null,
  ownerLastName: null,
  ownerImageUrl: null,
  settings: {},
  invitationDomains: [],
  billingEmail: null,
  description: null,
  logoUrl: null,
  memberCount: 0,
}

/** Whoever has not taken a membership up is a stranger; a session sees no more than entering would let it. */
function seen({ role, takenUpAt, isClosed, ...row }: Row): SeenOrganization {
  const membershipStatus = role === null ? null : takenUpAt === null ? 'pending' : 'active'
  const isHidden = membershipStatus === 'pending' || isClosed
  return { ...row, ...(isHidden && HIDDEN), userRole: role === null ? null : toRank(role), membershipStatus }
}

export interface NewOrganization {
  readonly name: string
  readonly slug: string
  readonly description?: string | null | undefined
  readonly billingEmail?: string | null | undefined
}

/**
 * Makes an organization whose owner is the caller. Throws VERIFIED_ADDRESS_REQUIRED, ORGANIZATIONS_BY_ADMINS, SLUG_TAKEN,
 * LIMIT_REACHED. The token names it once the caller has activated it, signed in again or refreshed with its id.
 */
export async function createOrganization(ctx: ActorCtx, input: NewOrganization): Promise<SeenOrganization> {
  const user = await getCurrentUser(ctx)
  if (ctx.config.ORGANIZATIONS_CREATED_BY === 'admins' && !isAdmin(ctx.actor)) throw organizationsClosed()
  if (!isEmailConfirmed(user)) throw addressUnverified()
  const now = ctx.now()
  const id = ctx.newId()
  const isAllowed = mayMake(user.id, now - DAY, LIMITS.organizationsCreatedPerDay)
  const row = { ...input, id, createdBy: user.id, createdAt: now, updatedAt: now }
  const membership = {
    id: ctx.newId(),
    organizationId: id,
    userId: user.id,
    role: 'owner',
    joinedAt: now,
    takenUpAt: now,
  }
  const made = await commitAll(
    ctx,
    [insertOrganization(ctx, row, isAllowed), insertMembership(ctx, membership, isMade(id))],
    {
      type: 'organization.created',
      subject: id,
      userId: null,
      organizationId: id,
      actor: actorOf(ctx),
      data: { after: { name: input.name, slug: input.slug, owner_id: user.id } },
    },
  )
  if (made.length === 0) throw await refusalOf(ctx)
  return getOrganization(ctx, id)
}

/** Why no organization was made. */
async function refusalOf(ctx: ActorCtx) {
  const { id } = ctx.actor
  const { taken } = await countMemberships(ctx, id)
  if (taken >= LIMITS.organizationsPerUser) return limitReached({ limit: LIMITS.organizationsPerUser })
  const [first, ...others] = await selectMadeSince(ctx, id, ctx.now() - DAY)
  if (!first || others.length + 1 < LIMITS.organizationsCreatedPerDay) return slugTaken()
  const retry_after = Math.ceil((first.createdAt + DAY - ctx.now()) / 1000)
  return limitReached({ limit: LIMITS.organizationsCreatedPerDay, retry_after })
}

async function getOrganization(ctx: ActorCtx, id: string): Promise<SeenOrganization> {
  const row = await selectOrganization(ctx, id)
  if (!row) throw organizationNotFound()
  return seen(row)
}

/** The organization of the path, for its members. */
export const getPlace = (ctx: PlaceCtx): Promise<SeenOrganization> => getOrganization(ctx, ctx.place.organizationId)

/** As `getPlace`, by slug. Throws what entering an organization throws. */
export async function getOrganizationBySlug(ctx: ActorCtx, slug: string): Promise<SeenOrganization> {
  const { organizationId } = await enterOrganization(ctx, { slug }, 'viewer')
  return getOrganization(ctx, organizationId)
}

/** A user's organizations, oldest membership first, with those that were not taken up yet. */
export async function listOrganizationsOf(ctx: ActorCtx, userId: string, range: Range) {
  const { rows, total } = await selectOrganizationsOf(ctx, userId, range)
  return { rows: rows.map(seen), total }
}

/** As `listOrganizationsOf`, for the user of the path. Throws NOT_FOUND. */
export async function listOrganizationsOfTarget(ctx: TargetCtx) {
  const { id } = await getUser(ctx, ctx.target.ref)
  return listOrganizationsOf(ctx, id, { offset: 0, limit: LIMITS.organizationsPerUser })
}

/** Every organization of the deployment, newest first. */
export async function listOrganizations(ctx: AdminCtx, { search, ...range }: Range & { search?: string | undefined }) {
  const { rows, total } = await selectOrganizations(ctx, search, range)
  return { rows: rows.map(seen), total }
}

/** Two settings have a meaning. */
interface SettingsChange {
  readonly require_two_factors?: boolean | undefined
  readonly invitation_domains?: string[] | undefined
  readonly [name: string]: unknown
}

export interface OrganizationChange {
  readonly name?: string | undefined
  readonly description?: string | null | undefined
  readonly logoUrl?: string | null | undefined
  readonly billingEmail?: string | null | undefined
  readonly settings?: SettingsChange | undefined
}

/** The settings as they are answered: two have a meaning, the others are kept as they came. */
export const settingsOf = ({ settings, requireTwoFactors, invitationDomains }: Organization) => ({
  ...settings,
  require_two_factors: requireTwoFactors,
  invitation_domains: invitationDomains,
})

/** The columns that a change sets, without those that stay as they are. */
function columnsOf(before: Organization, { settings, ...fields }: OrganizationChange): Partial<Organization> {
  const { require_two_factors, invitation_domains, ...rest } = settings ?? {}
  const set = {
    ...fields,
    ...(settings && { settings: rest }),
    requireTwoFactors: require_two_factors,
    invitationDomains: invitation_domains,
  }
  const isChanged = ([name, value]: [string, unknown]) =>
    value !== undefined && JSON.stringify(value) !== JSON.stringify(before[name as keyof Organization])
  return Object.fromEntries(Object.entries(set).filter(isChanged))
}

/** What a change sets, as events show it. */
const shownOf = (organization: Organization, set: Partial<Organization>) =>
  inSnake(Object.fromEntries(Object.keys(set).map((name) => [name, organization[name as keyof Organization]])))

/**
 * Changes an organization, for its admins. The two settings with a meaning are for owners: requiring two factors needs a session
 * that proved two, and refuses the tokens of all members; no longer requiring them needs a fresh factor. Throws
 * INSUFFICIENT_PERMISSIONS, STEP_UP_REQUIRED, and ORGANIZATION_CHANGED when others change it all the time.
 */
export async function changeOrganization(
  ctx: PlaceCtx,
  change: OrganizationChange,
): Promise<{ organization: SeenOrganization; propagated: boolean }> {
  const id = ctx.place.organizationId
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { organization: before } = await enterOrganization(ctx, { id }, 'admin')
    const set = columnsOf(before, change)
    const rank = await requireRightTo(ctx, set)
    const done = await applyChange(ctx, { before, set, rank })
    if (done) return { organization: await getOrganization(ctx, id), propagated: done.propagated }
  }
  throw organizationChanged()
}

async function requireRightTo(ctx: PlaceCtx, set: Partial<Organization>): Promise<Rank> {
  if (!('requireTwoFactors' in set || 'invitationDomains' in set)) return 'admin'
  if (!isRanked(ctx.place.rank, 'owner')) throw insufficientPermissions({ required_role: 'owner' })
  // Otherwise the owner would be the first whom it locks out.
  requireFactors(ctx.actor, set.requireTwoFactors === true)
  if (set.requireTwoFactors === false) await requireFreshFactor(ctx)
  return 'owner'
}

/** Null when the organization was changed since it was read, or the right was lost. */
async function applyChange(
  ctx: PlaceCtx,
  { before, set, rank }: { before: Organization; set: Partial<Organization>; rank: Rank },
): Promise<{ propagated: boolean } | null> {
  if (Object.keys(set).length === 0) return { propagated: true }
  const { id } = before
  const isStricter = set.requireTwoFactors === true
  const { rows, propagated } = await commitAndPropagate(
    ctx,
    [updateOrganization(ctx, id, organizationChange(ctx, { before, set, rank, raisesVersion: isStricter }))],
    {
      type: 'organization.updated',
      subject: id,
      userId: null,
      organizationId: id,
      actor: actorOf(ctx),
      data: { before: shownOf(before, set), after: shownOf({ ...before, ...set }, set) },
      ...(isStricter && { computedFeedEntry: organizationEntry(id) }),
    },
  )
  const [row] = rows
  if (row && isStricter) applyToOwnView(ctx, [{ kind: 'organization', id, below: row.version }])
  return row ? { propagated } : null
}

/**
 * Deletes an organization: no token of it is good any more. Its slug stays taken for `DELETION_GRACE_DAYS`. For its owners with a
 * fresh factor, and for admins of the platform. Throws STEP_UP_REQUIRED, INSUFFICIENT_PERMISSIONS.
 */
export async function deleteOrganization(ctx: PlaceCtx, given: GivenFactors): Promise<{ propagated: boolean }> {
  await requireFreshFactor(ctx, given)
  const { organizationId: id, name, slug } = ctx.place
  const { rows, propagated } = await commitAndPropagate(
    ctx,
    [updateOrganization(ctx, id, organizationDeletion(ctx, ctx.place))],
    {
      type: 'organization.deleted',
      subject: id,
      userId: null,
      organizationId: id,
      actor: actorOf(ctx),
      data: { before: { name, slug } },
      computedFeedEntry: organizationEntry(id),
    },
  )
  const [row] = rows
  if (!row) throw insufficientPermissions({ required_role: 'owner' })
  applyToOwnView(ctx, [{ kind: 'organization', id, below: row.version }])
  return { propagated }
}

/** As `deleteOrganization`, for admins of the platform. Throws ORGANIZATION_NOT_FOUND, STEP_UP_REQUIRED. */
export async function deleteAnyOrganization(ctx: AdminCtx, id: string): Promise<{ propagated: boolean }> {
  const place = await enterOrganization(ctx, { id }, 'owner')
  return deleteOrganization(narrow(ctx, { place }), {})
}
