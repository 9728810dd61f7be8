import { and, asc, eq, isNotNull, isNull } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import { memberships } from '../memberships/tables.ts'

type Store = Pick<Ctx, 'db'>

/** Ids of an organization's owners, the longest-serving first: who adds others cannot push them out. */
export const selectOwnerIds = ({ db }: Store, organizationId: string, limit: number) =>
  db
    .select({ id: memberships.userId })
    .from(memberships)
    .where(
      and(
        eq(memberships.organizationId, organizationId),
        eq(memberships.role, 'owner'),
        isNull(memberships.removedAt),
        isNotNull(memberships.takenUpAt),
      ),
    )
    .orderBy(asc(memberships.joinedAt), asc(memberships.id))
    .limit(limit)
