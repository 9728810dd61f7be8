import type { Ctx } from '../../../context.ts'
import { countUsers, selectUsers, type UserFilter } from '../store/directory.ts'
import type { User } from '../types.ts'

export type { UserFilter } from '../store/directory.ts'

export interface UserQuery extends UserFilter {
  readonly offset: number
  readonly limit: number
  readonly order?: 'newest' | 'oldest'
}

export interface UserPage {
  readonly users: readonly User[]
  /** Of all pages. */
  readonly total: number
}

/**
 * A page of users, newest first unless `order` is `oldest`. Deleted ones only where the filter asks for that status.
 * The filter's `search` looks within email, username and names. The same work for any page of any size of the table.
 */
export async function listUsers(ctx: Pick<Ctx, 'db'>, query: UserQuery): Promise<UserPage> {
  const { offset, limit, order = 'newest', ...filter } = query
  const [users, total] = await Promise.all([
    selectUsers(ctx, filter, { offset, limit, order }),
    countUsers(ctx, filter),
  ])
  return { users, total }
}
