import { expect, it } from 'vitest'
import type { StateChange } from '../../../src/features/users/rules/transitions.ts'
import { changeUserRole, changeUserState } from '../../../src/features/users/service/state.ts'
import { createUser, findUser } from '../../../src/features/users/service.ts'
import { createTestApp, env } from '../../support/app.ts'
import { newEmail } from '../../support/users.ts'

const app = createTestApp()
const ADMIN = { type: 'user', id: 'the-admin' } as const
const CHANGES: readonly StateChange[] = ['suspend', 'unsuspend', 'lock', 'unlock', 'deactivate', 'activate']

/** What the record says of before and after, in its order. */
async function recorded(userId: string, name: 'status' | 'role') {
  const { results } = await env.DB.prepare(
    `select data ->> '$.before.${name}' as "from", data ->> '$.after.${name}' as "to" from events
     where user_id = ? and data ->> '$.before.${name}' is not null order by position`,
  )
    .bind(userId)
    .all<{ from: string; to: string }>()
  return results
}

const expectChain = (steps: readonly { from: string; to: string }[], first: string) => {
  expect(steps.length).toBeGreaterThan(0)
  expect(steps.map(({ from }) => from)).toEqual([first, ...steps.slice(0, -1).map(({ to }) => to)])
}

it('of states that several admins change at once, each event says what was before it', async () => {
  for (let round = 0; round < 8; round += 1) {
    const ctx = await app.ctx()
    const { id: userId } = await createUser(ctx, { email: newEmail() })
    await Promise.allSettled(
      Array.from({ length: 18 }, (_, index) =>
        changeUserState(ctx, { userId, change: CHANGES[(index * 5 + round) % 6] ?? 'suspend', actor: ADMIN }),
      ),
    )
    expectChain(await recorded(userId, 'status'), 'active')
  }
})

it('of roles, too, and whoever is last has the word', async () => {
  const ctx = await app.ctx()
  const { id: userId } = await createUser(ctx, { email: newEmail() })
  const changed = await Promise.all(
    ['vendor', 'editor', 'user'].map((role) => changeUserRole(ctx, { userId, role, actor: ADMIN })),
  )
  const steps = await recorded(userId, 'role')
  expectChain(steps, 'user')
  expect(changed.map(({ user }) => user.role)).toEqual(['vendor', 'editor', 'user'])
})

it('a deletion finds its way between other changes', async () => {
  const ctx = await app.ctx()
  const { id: userId } = await createUser(ctx, { email: newEmail() })
  const changes: readonly StateChange[] = ['suspend', 'lock', 'delete', 'deactivate', 'unsuspend', 'unlock']
  const results = await Promise.allSettled(
    changes.map((change) => changeUserState(ctx, { userId, change, actor: ADMIN })),
  )
  expect(results[2]).toMatchObject({ status: 'fulfilled', value: { user: { status: 'deleted' } } })
  expectChain(await recorded(userId, 'status'), 'active')
})

it('the grace period may end between the look at the row and the write: then nobody restores', async () => {
  const ctx = await app.ctx()
  const { id: userId } = await createUser(ctx, { email: newEmail() })
  const { user } = await changeUserState(ctx, { userId, change: 'delete', actor: ADMIN })
  const end = user.eraseAt ?? 0
  const times = [end - 1]
  const late = { ...ctx, db: ctx.db, now: () => times.shift() ?? end }
  await expect(changeUserState(late, { userId, change: 'restore', actor: ADMIN })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
  expect(await findUser(ctx, userId)).toMatchObject({ status: 'deleted', eraseAt: end })
})
