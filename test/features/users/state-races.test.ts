import { expect, it } from 'vitest'
import type { StateChange } from '../../../src/features/users/rules.ts'
import { updateProfile } from '../../../src/features/users/service/profile.ts'
import { changeUserRole, changeUserState } from '../../../src/features/users/service/state.ts'
import { createUser, findUser } from '../../../src/features/users/service/users.ts'
import { createTestApp, env } from '../../support/app.ts'
import { newEmail } from '../../support/users.ts'

const app = createTestApp()
const ADMIN = { type: 'user', id: 'the-admin' } as const
const CHANGES: readonly StateChange[] = ['suspend', 'unsuspend', 'lock', 'unlock', 'deactivate', 'activate']

/** What the record says of before and after, in its order. */
async function recorded(userId: string, name: string) {
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

it('a restore is refused when the grace period ends between read and write', async () => {
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

it('of profiles, too: each field by itself, whoever else changes others', async () => {
  const ctx = await app.ctx()
  const user = await createUser(ctx, { email: newEmail(), firstName: 'first' })
  const changes = [
    ...['a', 'b', 'c', 'd'].map((firstName) => ({ firstName })),
    ...['x', 'y', 'z'].map((lastName) => ({ lastName })),
    ...[1, 2, 3].map((value) => ({ metadata: { value, text: 'é "quoted"' } })),
    { firstName: 'e', metadata: {} },
  ]
  // All of them start from the same reading.
  await Promise.all(changes.map((change) => updateProfile(ctx, { user, changes: change, actor: ADMIN })))
  const names = await recorded(user.id, 'first_name')
  expectChain(names, 'first')
  expect(names).toHaveLength(5)
  const last = await findUser(ctx, user.id)
  expect(names.at(-1)?.to).toBe(last?.firstName)
  const { results } = await env.DB.prepare(
    "select data ->> '$.before.user_metadata' as \"from\", data ->> '$.after.user_metadata' as \"to\" from events where user_id = ? and data ->> '$.after.user_metadata' is not null order by position",
  )
    .bind(user.id)
    .all<{ from: string; to: string }>()
  expectChain(results, '{}')
})

it('lets one of two take a username, and answers the other CONFLICT', async () => {
  const ctx = await app.ctx()
  const [one, two] = [await createUser(ctx, { email: newEmail() }), await createUser(ctx, { email: newEmail() })]
  const username = `race_${one.number}`
  const taken = await Promise.allSettled(
    [one, two, one].map((user) => updateProfile(ctx, { user, changes: { username }, actor: ADMIN })),
  )
  const refused = taken.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))
  expect(refused.length === 1 || refused.length === 2).toBe(true)
  expect(new Set(refused)).toEqual(new Set(['CONFLICT']))
})
