import type { Rank } from '../../../lib/roles.ts'
import { missingFrom } from '../rules/permissions.ts'
import { SYSTEM_ROLES } from '../rules/roles.ts'

export { isPermission } from '../rules/permissions.ts'
export { deleteHeld, insertGrants } from '../store.ts'

/** Those of `permissions` that somebody does not hold by their rank: nobody gives more than they hold. */
export const beyondRank = (rank: Rank, permissions: readonly string[]): string[] =>
  missingFrom(SYSTEM_ROLES.get(rank) ?? [], permissions)
