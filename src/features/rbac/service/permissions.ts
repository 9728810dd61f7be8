import type { EarlyCtx } from '../../../context.ts'
import { isAdmin } from '../../../lib/roles.ts'
import type { AccessClaims, UserClaims } from '../../keys/types.ts'
import { PLATFORM } from '../../memberships/types.ts'
import { containersOf } from '../rules/permissions.ts'
import { isCustomKey, SYSTEM_ROLES } from '../rules/roles.ts'
import { type Definitions, definitionsOf } from './definitions.ts'

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
  if (isAdmin(claims)) return true
  const wanted = asked.flatMap(containersOf)
  return isGrantedByToken(claims, wanted) || isGrantedByRoles(ctx, claims, wanted, consistency)
}

function isGrantedByToken({ org_role: role, permissions }: UserClaims, wanted: readonly string[]): boolean {
  const ofRole = SYSTEM_ROLES.get(role ?? '') ?? []
  return wanted.some((permission) => ofRole.includes(permission) || permissions.includes(permission))
}

async function isGrantedByRoles(
  ctx: EarlyCtx,
  { org_id: organizationId, org_roles: ofOrganization, roles }: UserClaims,
  wanted: readonly string[],
  consistency: 'view' | 'strong',
): Promise<boolean> {
  if (organizationId !== null && ofOrganization.length > 0) {
    const definitions = await definitionsOf(ctx, organizationId, consistency)
    if (allow(definitions, ofOrganization, wanted)) return true
  }
  const ofPlatform = roles.filter(isCustomKey)
  return ofPlatform.length > 0 && allow(await definitionsOf(ctx, PLATFORM, consistency), ofPlatform, wanted)
}

const allow = (definitions: Definitions, keys: readonly string[], wanted: readonly string[]): boolean =>
  keys.some((key) => {
    const allowed = definitions.get(key)
    return allowed !== undefined && wanted.some((permission) => allowed.has(permission))
  })
