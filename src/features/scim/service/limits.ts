import type { DirectoryCtx } from '../../../context.ts'
import type { DomainError } from '../../../lib/errors.ts'
import { LIMITS } from '../../memberships/types.ts'
import { organizationFull } from '../errors.ts'
import { countMembers } from '../store/records.ts'

/** Why nobody could become a member: there is no room, or else `error`. */
export async function organizationFullIfSo(ctx: DirectoryCtx, error: DomainError): Promise<DomainError> {
  const members = await countMembers(ctx, ctx.actor.organizationId)
  return members >= LIMITS.membersPerOrganization ? organizationFull({ limit: LIMITS.membersPerOrganization }) : error
}
