import type { DirectoryCtx } from '../../../context.ts'
import type { DomainError } from '../../../lib/errors.ts'
import { LIMITS as OF_MEMBERSHIPS } from '../../memberships/types.ts'
import { organizationFull } from '../errors.ts'
import { selectCounts } from '../store/directories.ts'
import { LIMITS } from '../types.ts'

const LIMIT_OF = { ...LIMITS, accounts: OF_MEMBERSHIPS.membersPerOrganization }

/** Why nothing was written: there is no room for what the write adds, or else `error`. */
export async function organizationFullIfSo(
  ctx: DirectoryCtx,
  adds: Partial<Record<keyof typeof LIMIT_OF, number>>,
  error: DomainError,
): Promise<DomainError> {
  const [counts] = await selectCounts(ctx, ctx.actor.organizationId)
  const names = Object.keys(LIMIT_OF) as (keyof typeof LIMIT_OF)[]
  const full = names.find((name) => adds[name] && (counts?.[name] ?? 0) + adds[name] > LIMIT_OF[name])
  return full ? organizationFull({ limit: LIMIT_OF[full] }) : error
}
