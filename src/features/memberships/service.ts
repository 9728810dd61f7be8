import type { ActorCtx, Ctx, Place } from '../../context.ts'
import {
  type DomainError,
  defineError,
  insufficientPermissions,
  notAMember,
  organizationNotFound,
  ssoRequired,
  stepUpRequired,
} from '../../lib/errors.ts'
import { isAdmin, isRanked, type Rank, toRank } from '../../lib/roles.ts'
import { selectOrganizationIds, selectPlace } from './store.ts'
import type { Organization } from './tables.ts'
import { PLATFORM } from './types.ts'

export {
  deletePending,
  deleteRemoved,
  effectiveRole,
  expireMemberships,
  findOrganizationVersion,
  findSubscriber,
  insertMembership,
  insertOrganization,
  mapRoles,
  revokeGiving,
  revokeGivingByRole,
  revokeOfAccount,
  revokeOfDemoted,
  revokeTo,
  revokeUnanswered,
  revokeWhere,
  selectMapped,
  selectOwnerIds as listOwnerIds,
  selectPlace as findPlace,
  updateMembership,
  updateOrganization,
} from './store.ts'
export { LIMITS, PLATFORM } from './types.ts'

export const alreadyMember = defineError('ALREADY_MEMBER', 'conflict', 'The user is in this organization already')
export const addressUnverified = defineError(
  'VERIFIED_ADDRESS_REQUIRED',
  'forbidden',
  'This needs a confirmed account: resend-verification mails a link for that',
)
export const limitReached = defineError('LIMIT_REACHED', 'rate_limited', 'There may not be more of these')

export const memberNotFound = defineError('MEMBER_NOT_FOUND', 'not_found', 'There is no such member')

export const organizationRequired = defineError(
  'ORGANIZATION_REQUIRED',
  'malformed',
  'Name the organization in organization_id',
)

/** Throws STEP_UP_REQUIRED where an organization requires two factors and the session has one. */
export function requireFactors({ acr }: Pick<ActorCtx['actor'], 'acr'>, twoAreRequired: boolean): void {
  if (twoAreRequired && acr !== 'aal2')
    throw stepUpRequired({ reason: 'two_factors' }, { message: 'This organization needs a session of two factors' })
}

type SsoLogin = { readonly email: string } | { readonly organization: string }

/** Where somebody signs in through an organization's provider. */
export function ssoLoginAt({ config }: Pick<Ctx, 'config'>, by: SsoLogin): string {
  const url = new URL('/api/v1/sso/login', config.PUBLIC_URL)
  for (const [name, value] of Object.entries(by)) url.searchParams.set(name, value)
  return url.href
}

/** The answer to who has to sign in through an organization's provider, with the address to go to. */
export const ssoRequiredAt = (ctx: Pick<Ctx, 'config'>, by: SsoLogin): DomainError =>
  ssoRequired({ authorization_url: ssoLoginAt(ctx, by) })

/** What the caller has in an organization, with its row. */
export interface Entered extends Place {
  readonly organization: Organization
}

/**
 * The caller's place in an organization, read at the primary: the token's role may be old, and the organization need not be the
 * active one. Throws NOT_A_MEMBER, also for one that does not exist; ORGANIZATION_NOT_FOUND to platform admins;
 * INSUFFICIENT_PERMISSIONS below the rank; SSO_REQUIRED and STEP_UP_REQUIRED where the organization wants another session: who knows
 * a password alone could switch the requirement off.
 */
export async function enterOrganization(
  ctx: ActorCtx,
  key: { id: string } | { slug: string },
  rank: Rank,
): Promise<Entered> {
  const { actor } = ctx
  const found = await selectPlace(ctx, key, actor.id, actor.sessionId)
  const isPlatformAdmin = isAdmin(actor)
  const role = found?.membership?.takenUpAt ? toRank(found.membership.role) : null
  if (!found || (role === null && !isPlatformAdmin)) throw isPlatformAdmin ? organizationNotFound() : notAMember()
  const { organization } = found
  // No organization's provider signs admins of the platform in.
  if (found.needsSso && !isPlatformAdmin) throw ssoRequiredAt(ctx, { organization: organization.id })
  requireFactors(actor, found.needsTwoFactors)
  const held = isPlatformAdmin ? 'owner' : role
  if (!isRanked(held, rank)) throw insufficientPermissions({ required_role: rank })
  const { id: organizationId, slug, name } = organization
  return { organizationId, slug, name, rank: held ?? 'viewer', role, isPlatformAdmin, organization }
}

/** What a request is about. */
export interface Scope {
  /** An organization's id, or `platform`. */
  readonly id: string
  /** The caller's place in the organization; null platform-wide. */
  readonly place: Place | null
}

const WHOLE_PLATFORM: Scope = { id: PLATFORM, place: null }

/**
 * What a read is about: the organization that is named; else what is platform-wide, for an admin of the platform; else the caller's
 * only organization; else what is platform-wide. Throws what `enterOrganization` throws.
 */
export const enterScopeToRead = async (ctx: ActorCtx, organizationId: string | null | undefined): Promise<Scope> =>
  (await findScope(ctx, organizationId, 'viewer')) ?? WHOLE_PLATFORM

/** As `enterScopeToRead`, for whoever has the rank; what is platform-wide is for admins of the platform. Throws ORGANIZATION_REQUIRED, too. */
export async function enterScopeToChange(
  ctx: ActorCtx,
  organizationId: string | null | undefined,
  rank: Rank,
): Promise<Scope> {
  const scope = await findScope(ctx, organizationId, rank)
  if (!scope && !isAdmin(ctx.actor)) throw organizationRequired()
  return scope ?? WHOLE_PLATFORM
}

async function findScope(
  ctx: ActorCtx,
  organizationId: string | null | undefined,
  rank: Rank,
): Promise<Scope | undefined> {
  const id = organizationId ?? (isAdmin(ctx.actor) ? undefined : await findOnlyOrganization(ctx))
  return id === undefined ? undefined : { id, place: await enterOrganization(ctx, { id }, rank) }
}

async function findOnlyOrganization(ctx: ActorCtx): Promise<string | undefined> {
  const [only, ...others] = await selectOrganizationIds(ctx, ctx.actor.id, 2)
  return others.length === 0 ? only?.id : undefined
}
