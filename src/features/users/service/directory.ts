import type { Ctx } from '../../../context.ts'
import { selectUserPage, type UserFilter } from '../store/directory.ts'
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
 * The same work for any page of any size of the table (decision 0165).
 */
export async function listUsers(ctx: Pick<Ctx, 'db'>, query: UserQuery): Promise<UserPage> {
  const { offset, limit, order = 'newest', search, ...filter } = query
  return selectUserPage(ctx, { ...filter, search: search?.trim() || undefined }, { offset, limit, order })
}
