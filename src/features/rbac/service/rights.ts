import type { ActorCtx, Ctx } from '../../../context.ts'
import { defineError, insufficientPermissions } from '../../../lib/errors.ts'
import { isAdmin, isRanked, type Rank, toRank } from '../../../lib/roles.ts'
import type { Scope } from '../../memberships/service.ts'
import { PLATFORM } from '../../memberships/types.ts'
import { toUserStatus } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { EVERYTHING, missingFrom } from '../rules/permissions.ts'
import { SYSTEM_ROLES } from '../rules/roles.ts'
import { giverUnchanged, isHeldAsRead, selectHolder } from '../store.ts'

export { isPermission } from '../rules/permissions.ts'
export { deleteHeld, insertGrants } from '../store.ts'

export const rightsChanged = defineError(
  'RIGHTS_CHANGED',
  'conflict',
  'Rights or role definitions were changed meanwhile; try again',
)

/** A user, with what was given to them in a scope. */
export interface Holder {
  readonly user: Pick<User, 'id' | 'locale' | 'role' | 'status'>
  /** In the organization; null without a membership that counts, and platform-wide. */
  readonly rank: Rank | null
  /** Custom roles and direct grants of the scope, and those of the platform. */
  readonly here: Held
  readonly everywhere: Held
  readonly claimsVersion: number
  /** Of the definitions of the scope. */
  readonly version: number
}

interface Held {
  readonly roles: readonly { readonly id: string; readonly key: string; readonly permissions: readonly string[] }[]
  readonly granted: readonly string[]
}

const NOTHING: Held = { roles: [], granted: [] }

/** What a user holds in a scope, as it is at the primary; undefined when there is no such user. */
export async function findHolder(
  ctx: Pick<Ctx, 'db'>,
  key: { readonly scope: string; readonly userId: string },
): Promise<Holder | undefined> {
  const found = await selectHolder(ctx, key)
  if (!found) return undefined
  const { id, locale, role, status, claimsVersion, version } = found
  const heldIn = (scope: string): Held => ({
    roles: found.assigned.filter((one) => one.scope === scope),
    granted: found.granted.flatMap((one) => (one.scope === scope ? [one.permission] : [])),
  })
  const rank = found.rank === null ? null : toRank(found.rank)
  return {
    user: { id, locale, role, status: toUserStatus(status) },
    rank,
    // What is left of an organization that is deleted, or of a member who is gone, counts for nothing.
    here: key.scope === PLATFORM || rank !== null ? heldIn(key.scope) : NOTHING,
    everywhere: heldIn(PLATFORM),
    claimsVersion,
    version,
  }
}

const permissionsIn = ({ roles, granted }: Held): string[] => [
  ...roles.flatMap(({ permissions }) => permissions),
  ...granted,
]

/** The permissions of a user in a scope, by role, custom roles and direct grants there: what is held elsewhere does not count. */
export const heldHere = ({ rank, here }: Holder): string[] => [
  ...new Set([...(SYSTEM_ROLES.get(rank ?? '') ?? []), ...permissionsIn(here)]),
]

/** As `heldHere`, with what the user holds platform-wide. */
export const heldInAll = (holder: Holder): string[] => [
  ...new Set([
    ...(isAdmin({ roles: [holder.user.role] }) ? [EVERYTHING] : []),
    ...heldHere(holder),
    ...permissionsIn(holder.everywhere),
  ]),
]

/** What a user may give in an organization. */
export interface Holding {
  /** Those of `permissions` that the user does not hold: nobody gives more. */
  missing(permissions: readonly string[]): string[]
  /** Holds while that is as it was read. */
  readonly when: ReturnType<typeof isHeldAsRead>
}

/** What a user holds in an organization, as it is at the primary; platform-wide rights do not count, but an admin's do. */
export async function findHolding(ctx: Pick<Ctx, 'db'>, scope: string, userId: string): Promise<Holding> {
  const holder = await findHolder(ctx, { scope, userId })
  const isPlatformAdmin = holder !== undefined && isAdmin({ roles: [holder.user.role] })
  const held = isPlatformAdmin ? [EVERYTHING] : holder ? heldHere(holder) : []
  const { claimsVersion = 0, version = 0 } = holder ?? {}
  return {
    missing: (permissions) => missingFrom(held, permissions),
    when: isHeldAsRead({ scope, claimsVersion, version }, userId),
  }
}

/** Whoever gives or takes rights in a scope. */
export interface Giver {
  /** Throws INSUFFICIENT_PERMISSIONS with those that the giver does not hold: nobody gives or takes more. */
  requireHeld(permissions: readonly string[]): void
  /** Holds while the giver's rights, and what the custom roles of the scope allow, are as they were read. */
  readonly when: ReturnType<typeof giverUnchanged>
}

async function readGiver(ctx: ActorCtx, { id: scope, place }: Scope): Promise<Giver> {
  const holder = await findHolder(ctx, { scope, userId: ctx.actor.id })
  const isPlatformAdmin = isAdmin(ctx.actor) && holder !== undefined && isAdmin({ roles: [holder.user.role] })
  if (!holder || !(isPlatformAdmin || (place !== null && isRanked(holder.rank, 'admin'))))
    throw insufficientPermissions({ required_role: 'admin' })
  const held = isPlatformAdmin ? [EVERYTHING] : heldHere(holder)
  return {
    requireHeld(permissions) {
      const missing = missingFrom(held, permissions)
      if (missing.length > 0) throw insufficientPermissions({ missing_permissions: missing })
    },
    when: giverUnchanged(ctx, { scope, place, claimsVersion: holder.claimsVersion, version: holder.version }),
  }
}

/**
 * Changes rights in a scope. `attempt` answers null when its statements found the rights of the giver, or what roles allow, other
 * than as they were read: then it is repeated once. Throws INSUFFICIENT_PERMISSIONS, RIGHTS_CHANGED.
 */
export async function withRights<T>(
  ctx: ActorCtx,
  scope: Scope,
  attempt: (giver: Giver) => Promise<T | null>,
): Promise<T> {
  const done = (await attempt(await readGiver(ctx, scope))) ?? (await attempt(await readGiver(ctx, scope)))
  if (done === null) throw rightsChanged()
  return done
}
