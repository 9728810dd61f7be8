import type { Ctx } from '../../../context.ts'
import { isAdmin } from '../../../lib/roles.ts'
import { EVERYTHING, missingFrom } from '../rules/permissions.ts'
import { isHeldAsRead } from '../store.ts'
import { findHolder, heldHere } from './rights.ts'

export { isPermission } from '../rules/permissions.ts'
export { deleteHeld, insertGrants } from '../store.ts'

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
