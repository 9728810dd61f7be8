import { asc, eq, lt } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { listPage, listRows } from '../../src/db/list.ts'
import { prune } from '../../src/db/prune.ts'
import { deadLetters } from '../../src/db/tables.ts'
import { newUuid } from '../../src/lib/ids.ts'
import { createTestApp } from '../support/app.ts'

const app = createTestApp()

/** Rows of a destination of the test's own, one for each time. */
async function insertRows(times: readonly number[]) {
  const ctx = await app.ctx()
  const destination = newUuid()
  for (const createdAt of times)
    await ctx.db.insert(deadLetters).values({ id: newUuid(), destination, payload: '{}', attempts: 0, createdAt })
  const list = {
    table: deadLetters,
    columns: { at: deadLetters.createdAt },
    where: eq(deadLetters.destination, destination),
    order: [asc(deadLetters.createdAt), deadLetters.id],
  }
  return { ctx, destination, list }
}

it('reads a range of a list, and how many rows it has in all', async () => {
  const { ctx, list } = await insertRows([3, 1, 2])
  expect(await listRows(ctx, list, { offset: 1, limit: 5 })).toEqual([{ at: 2 }, { at: 3 }])
  expect(await listPage(ctx, list, { offset: 0, limit: 2 })).toEqual({ rows: [{ at: 1 }, { at: 2 }], total: 3 })
  expect(await listPage(ctx, list, { offset: 9, limit: 2 })).toEqual({ rows: [], total: 3 })
})

it('deletes what is over and nothing else', async () => {
  const { ctx, list } = await insertRows([1, 2, 3])
  await prune(ctx, { table: deadLetters, key: deadLetters.id, where: lt(deadLetters.createdAt, 3), of: {} })
  expect(await listRows(ctx, list, { offset: 0, limit: 9 })).toEqual([{ at: 3 }])
})

it('deletes 500 rows a run', async () => {
  const ctx = await app.ctx()
  const destination = newUuid()
  await ctx.db.run(
    `insert into dead_letters (id, destination, payload, attempts, created_at)
     with recursive n(i) as (select 1 union all select i + 1 from n where i < 1200)
     select '${destination}-' || i, '${destination}', '{}', 0, i from n`,
  )
  const over = { table: deadLetters, key: deadLetters.id, where: eq(deadLetters.destination, destination), of: {} }
  const left = async () =>
    (
      await listPage(
        ctx,
        { ...over, columns: { id: deadLetters.id }, order: [deadLetters.id] },
        { offset: 0, limit: 1 },
      )
    ).total
  await prune(ctx, { ...over, order: deadLetters.createdAt })
  expect(await left()).toBe(700)
  await prune(ctx, over, { runs: 3 })
  expect(await left()).toBe(0)
})
