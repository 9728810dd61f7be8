import { type ActorCtx, type Ctx, narrow, type PrincipalCtx } from '../../../context.ts'
import { forbidden, insufficientPermissions, validationFailed } from '../../../lib/errors.ts'
import { isAdmin, isRanked, type Rank } from '../../../lib/roles.ts'
import { enterScopeToRead, memberNotFound } from '../../memberships/service.ts'
import { PLATFORM } from '../../memberships/types.ts'
import { findUser, findUserByNumber, isSignInAllowed, userNotFound } from '../../users/service/users.ts'
import type { UserRef } from '../../users/types.ts'
import { isGranted } from '../rules/permissions.ts'
import { findHolder, type Holder, heldHere, heldInAll } from './rights.ts'

export const CHECK_SCOPE = 'rbac:check'

/** What somebody holds, as the caller may see it. */
export interface Standing {
  readonly userId: string
  readonly organizationId: string | null
  /** The role in the organization, or the platform's. */
  readonly role: Rank | string | null
  /** Keys of custom roles, and what was granted directly, in the organization or platform-wide. */
  readonly roles: readonly string[]
  readonly granted: readonly string[]
  /** All of it as permissions, with what is held platform-wide. */
  readonly permissions: readonly string[]
}

function toStanding(scope: string, holder: Holder, permissions: readonly string[]): Standing {
  const { user, rank, here } = holder
  const isPlatform = scope === PLATFORM
  return {
    userId: user.id,
    organizationId: isPlatform ? null : scope,
    role: isPlatform ? user.role : rank,
    roles: here.roles.map(({ key }) => key),
    granted: here.granted,
    permissions,
  }
}

interface Question {
  readonly organizationId?: string | null | undefined
}

/** What the caller holds: in an organization, or platform-wide. Throws what `enterScopeToRead` throws. */
export async function getOwnStanding(ctx: ActorCtx, { organizationId }: Question): Promise<Standing> {
  const { id: scope } = await enterScopeToRead(ctx, organizationId)
  const holder = await findHolder(ctx, { scope, userId: ctx.actor.id })
  if (!holder) throw userNotFound()
  return toStanding(scope, holder, heldInAll(holder))
}

/**
 * What a user holds: for that user, for admins of the platform, and for admins of an organization whose member it is, who see what
 * is held there alone. Throws FORBIDDEN, MEMBER_NOT_FOUND, NOT_FOUND, and what `enterScopeToRead` throws.
 */
export async function getStandingOf(
  ctx: ActorCtx,
  { ref, organizationId }: Question & { ref: UserRef },
): Promise<Standing> {
  const { actor } = ctx
  if (ref === actor.id || ref === actor.number) return getOwnStanding(ctx, { organizationId })
  const scope = await enterScopeOfOthers(ctx, organizationId)
  const userId = await findUserId(ctx, ref)
  const holder = userId === undefined ? undefined : await findHolder(ctx, { scope, userId })
  if (isAdmin(actor)) {
    if (!holder) throw userNotFound()
    return toStanding(scope, holder, heldInAll(holder))
  }
  // The same for whoever does not exist: the answer must not reveal who does.
  if (!holder || holder.rank === null) throw memberNotFound()
  return toStanding(scope, holder, heldHere(holder))
}

/** The scope in which the caller may ask about others. */
async function enterScopeOfOthers(ctx: ActorCtx, organizationId: string | null | undefined): Promise<string> {
  const { id, place } = await enterScopeToRead(ctx, organizationId)
  if (place === null && !isAdmin(ctx.actor)) throw forbidden()
  if (place !== null && !isRanked(place.rank, 'admin')) throw insufficientPermissions({ required_role: 'admin' })
  return id
}

const findUserId = async (ctx: Pick<Ctx, 'db' | 'now'>, ref: UserRef): Promise<string | undefined> =>
  typeof ref === 'number' ? (await findUserByNumber(ctx, ref))?.id : (await findUser(ctx, ref))?.id

/** The id of the user of a path. Throws MEMBER_NOT_FOUND in an organization, else NOT_FOUND. */
export async function getUserId(ctx: ActorCtx, scope: string, ref: UserRef): Promise<string> {
  const id = await findUserId(ctx, ref)
  if (id === undefined) throw scope === PLATFORM ? userNotFound() : memberNotFound()
  return id
}

export interface PermissionQuestion extends Question {
  readonly permissions: readonly string[]
  /** The caller when absent; machines name a user. */
  readonly userId?: string | null | undefined
  /** What it is about: `:self` permissions count where it is the user. */
  readonly resourceId?: string | null | undefined
}

export interface PermissionAnswer {
  readonly userId: string
  /** In the order of the question. */
  readonly answers: readonly { readonly permission: string; readonly isGranted: boolean }[]
}

/**
 * Whether a user has permissions, as it is at the primary: for oneself, for admins of the organization, who are told of what is held
 * there alone, and for admins of the platform and machines. Nobody who may not sign in has any. Throws as `getStandingOf` does, but
 * for whoever does not exist: they have none.
 */
export async function checkPermissions(ctx: PrincipalCtx, question: PermissionQuestion): Promise<PermissionAnswer> {
  const { scope, userId, visiblePermissions } = await askerOf(ctx, question)
  const holder = await findHolder(ctx, { scope, userId })
  const held = new Set(holder && isSignInAllowed(holder.user) ? visiblePermissions(holder) : [])
  const isAboutSelf = question.resourceId === userId
  const answers = question.permissions.map((permission) => {
    const asked = isAboutSelf && !permission.endsWith(':self') ? `${permission}:self` : permission
    return { permission, isGranted: isGranted(asked, (one) => held.has(one)) }
  })
  return { userId, answers }
}

async function askerOf(ctx: PrincipalCtx, { organizationId, userId }: PermissionQuestion) {
  const { actor } = ctx
  if (actor.type === 'client') {
    if (!userId)
      throw validationFailed({
        validation_errors: [{ field: 'body.user_id', message: 'is required', type: 'required' }],
      })
    return { scope: organizationId ?? PLATFORM, userId, visiblePermissions: heldInAll }
  }
  const asUser = narrow(ctx, { actor })
  if (!userId || userId === actor.id) {
    const { id: scope } = await enterScopeToRead(asUser, organizationId)
    return { scope, userId: actor.id, visiblePermissions: heldInAll }
  }
  const scope = await enterScopeOfOthers(asUser, organizationId)
  return { scope, userId, visiblePermissions: isAdmin(actor) ? heldInAll : heldHere }
}
