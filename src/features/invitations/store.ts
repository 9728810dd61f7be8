import { and, eq, notInArray, or, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import { isRanked, type Rank, ranksUpTo } from '../../lib/roles.ts'
import { invitations } from './tables.ts'

type Store = Pick<Ctx, 'db' | 'now'>

/** Revokes the invitations for which their author no longer answers, once the author's rank is `rank`; null for none. */
export const revokeUnanswered = (
  { db, now }: Store,
  { organizationId, authorId, rank }: { organizationId: string; authorId: string; rank: Rank | null },
  when: SQL | undefined,
) => {
  const isBeyond =
    rank !== null && isRanked(rank, 'admin')
      ? or(notInArray(invitations.role, [...ranksUpTo(rank)]), sql`${invitations.permissions} <> '[]'`)
      : undefined
  return db
    .update(invitations)
    .set({ status: 'revoked', updatedAt: now() })
    .where(
      and(
        eq(invitations.organizationId, organizationId),
        eq(invitations.invitedBy, authorId),
        eq(invitations.status, 'pending'),
        isBeyond,
        when,
      ),
    )
}
