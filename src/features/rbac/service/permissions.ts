import type { EarlyCtx } from '../../../context.ts'
import { isAdmin } from '../../../lib/roles.ts'
import type { AccessClaims, UserClaims } from '../../keys/types.ts'
import { PLATFORM } from '../../memberships/types.ts'
import { isGranted } from '../rules/permissions.ts'
import { isCustomKey, SYSTEM_ROLES } from '../rules/roles.ts'
import { definitionsOf } from './definitions.ts'

/**
 * Whether the token has one of the permissions: a machine by its scopes, a user by what was granted directly, by the role in the
 * organization, or by custom roles, whose definitions are looked up only when nothing else grants it (see `definitionsOf`, also
 * for `consistency`). Throws SERVICE_UNAVAILABLE when they cannot be read.
 */
export async function isPermitted(
  ctx: EarlyCtx,
  claims: AccessClaims,
  asked: readonly string[],
  consistency: 'view' | 'strong',
): Promise<boolean> {
  if (!('sid' in claims)) {
    const scopes = claims.scope.split(' ')
    return asked.some((permission) => scopes.includes(permission))
  }
  return isGrantedByToken(claims, asked) || isGrantedByRoles(ctx, claims, asked, consistency)
}

function isGrantedByToken(claims: UserClaims, asked: readonly string[]): boolean {
  if (isAdmin(claims)) return true
  const ofRole = SYSTEM_ROLES.get(claims.org_role ?? '') ?? []
  const holds = (held: string) => ofRole.includes(held) || claims.permissions.includes(held)
  return asked.some((permission) => isGranted(permission, holds))
}

async function isGrantedByRoles(
  ctx: EarlyCtx,
  { org_id: organizationId, org_roles: ofOrganization, roles }: UserClaims,
  asked: readonly string[],
  consistency: 'view' | 'strong',
): Promise<boolean> {
  const isGrantedIn = async (scope: string, keys: readonly string[]): Promise<boolean> => {
    if (keys.length === 0) return false
    const definitions = await definitionsOf(ctx, scope, consistency)
    const holds = (held: string) => keys.some((key) => definitions.get(key)?.has(held))
    return asked.some((permission) => isGranted(permission, holds))
  }
  if (organizationId !== null && (await isGrantedIn(organizationId, ofOrganization))) return true
  return isGrantedIn(PLATFORM, roles.filter(isCustomKey))
}
