import { and, eq, type SQL } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import { grants, roleAssignments } from './tables.ts'

type Store = Pick<Ctx, 'db'>

/** Takes from a user what they hold in a scope beside their role, if the condition holds. */
export const deleteHeld = (
  { db }: Store,
  { scope, userId }: { scope: string; userId: string },
  when: SQL | undefined,
) => [
  db.delete(roleAssignments).where(and(eq(roleAssignments.scope, scope), eq(roleAssignments.userId, userId), when)),
  db.delete(grants).where(and(eq(grants.scope, scope), eq(grants.userId, userId), when)),
]
