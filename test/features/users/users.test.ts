import { describe, expect, it } from 'vitest'
import {
  createUser,
  findUser,
  findUserByEmail,
  findUserByIdentifier,
  findUserByNumber,
  findUserByUsername,
  recordSignIn,
} from '../../../src/features/users/service/users.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env } from '../../support/app.ts'
import { newEmail } from '../../support/users.ts'

const app = createTestApp()

describe('createUser', () => {
  it('makes a user that is found by every name', async () => {
    const ctx = await app.ctx()
    const email = newEmail()
    const username = `Zoë_${newUuid()}`
    const user = await createUser(ctx, { email: ` ${email.toUpperCase()} `, username })
    expect(user).toMatchObject({ email, username, role: 'user', status: 'active', passwordHash: null, authVersion: 1 })
    const found = await Promise.all([
      findUser(ctx, user.id),
      findUserByEmail(ctx, email.toUpperCase()),
      findUserByUsername(ctx, username.toUpperCase().normalize('NFD')),
      findUserByNumber(ctx, user.number),
      findUserByIdentifier(ctx, email),
      findUserByIdentifier(ctx, email.replace('@', '＠')),
      findUserByIdentifier(ctx, username),
    ])
    for (const each of found) expect(each).toEqual(user)
  })

  it('records user.created with the change, and without a secret', async () => {
    const ctx = await app.ctx()
    const user = await createUser(ctx, { email: newEmail(), passwordHash: 'a hash' })
    const row = await env.DB.prepare('select * from events where user_id = ?').bind(user.id).first()
    expect(row).toMatchObject({ type: 'user.created', subject: user.id, actor_type: 'user', actor_id: user.id })
    expect(String(row?.data)).not.toContain('a hash')
  })

  it('refuses a taken address or name with its field, and records nothing', async () => {
    const ctx = await app.ctx()
    const [email, username] = [newEmail(), `name_${newUuid()}`]
    await createUser(ctx, { email, username })
    await expect(createUser(ctx, { email })).rejects.toMatchObject({ code: 'CONFLICT', details: { field: 'email' } })
    const other = newEmail()
    await expect(createUser(ctx, { email: other, username: username.toUpperCase() })).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { field: 'username' },
    })
    const events = await env.DB.prepare("select data from events where type = 'user.created' and instr(data, ?) > 0")
      .bind(other)
      .all()
    expect(events.results).toEqual([])
  })

  it('lets one of ten racing creates win', async () => {
    const ctx = await app.ctx()
    const email = newEmail()
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => createUser(ctx, { email })))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('gives numbers that only grow', async () => {
    const ctx = await app.ctx()
    const first = await createUser(ctx, { email: newEmail() })
    const second = await createUser(ctx, { email: newEmail() })
    expect(second.number).toBeGreaterThan(first.number)
  })
})

describe('recordSignIn', () => {
  it('moves the time forward only', async () => {
    const ctx = await app.ctx()
    const { id } = await createUser(ctx, { email: newEmail() })
    await recordSignIn({ ...ctx, now: () => 2000 }, id)
    await recordSignIn({ ...ctx, now: () => 1000 }, id)
    expect((await findUser(ctx, id))?.lastSignInAt).toBe(2000)
  })
})
