import { desc, getTableColumns, lt } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { listPage } from '../../../db/list.ts'
import { prune } from '../../../db/prune.ts'
import { deadLetters } from '../../../db/tables.ts'

type Store = Pick<Ctx, 'db'>

const { payload: _content, ...columns } = getTableColumns(deadLetters)

/** Those of the whole deployment, newest first, without their content. */
export const selectDeadLetters = (store: Store, range: { limit: number; offset: number }) =>
  listPage(store, { table: deadLetters, columns, order: [desc(deadLetters.createdAt), deadLetters.id] }, range)

export const deleteOldDeadLetters = (store: Store, before: number): Promise<void> =>
  prune(store, {
    table: deadLetters,
    key: deadLetters.id,
    where: lt(deadLetters.createdAt, before),
    order: deadLetters.createdAt,
  })
