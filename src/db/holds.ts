import { and, not, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { Ctx } from '../context.ts'

// Conditions for statements that erase or prune. A hold counts from its row on: D1 has one writer.

type Operand = string | SQLWrapper

/**
 * Holds while the user is under a legal hold: their own, or that of an organization they were in when it was placed, or are in.
 * A membership that was never taken up is none: else its owners could keep anybody from being erased.
 */
export const isUserHeld = (userId: Operand): SQL =>
  sql`(exists (select 1 from legal_holds as hold where hold.user_id = ${userId} and hold.released_at is null)
    or exists (select 1 from memberships as held join legal_holds as hold on hold.organization_id = held.organization_id
      where held.user_id = ${userId} and hold.released_at is null
        and coalesce(held.taken_up_at, held.suspended_at) is not null
        and (held.removed_at is null or (held.removed_at >= hold.placed_at and held.joined_at <= hold.placed_at))))`

/** Whether a legal hold keeps the user's data, at this moment. */
export async function isUnderHold({ db }: Pick<Ctx, 'db'>, userId: string): Promise<boolean> {
  const [row] = await db.all<{ held: number }>(sql`select ${isUserHeld(userId)} as held`)
  return row?.held === 1
}

export const isOrganizationHeld = (organizationId: Operand): SQL =>
  sql`exists (select 1 from legal_holds as hold where hold.organization_id = ${organizationId} and hold.released_at is null)`

/** Holds while the address is that of a user under a legal hold. */
const isAddressHeld = (email: Operand): SQL =>
  sql`exists (select 1 from users as addressed where addressed.email = ${email} and ${isUserHeld(sql.raw('addressed.id'))})`

/** Whose rows of a table are: columns with the ids of users, with addresses, and with ids of organizations. */
export interface Owners {
  readonly users?: readonly SQLWrapper[]
  readonly addresses?: readonly SQLWrapper[]
  readonly organizations?: readonly SQLWrapper[]
}

/** Holds for a row that no hold keeps for any of its owners. */
export const isFree = ({ users = [], addresses = [], organizations = [] }: Owners): SQL | undefined =>
  and(
    ...users.map((column) => not(isUserHeld(column))),
    ...addresses.map((column) => not(isAddressHeld(column))),
    ...organizations.map((column) => not(isOrganizationHeld(column))),
  )
