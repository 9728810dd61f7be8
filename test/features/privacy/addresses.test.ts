import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp } from '../../support/app.ts'
import { type SignedInUser, signUpUser } from '../../support/users.ts'
import { erase, rowsOf, run } from '../account/erasure-support.ts'
import { call, EXPORTS, exportOf } from './support.ts'

const app = createTestApp()
const TABLES = ['invitations', 'mails', 'one_time_tokens'] as const

/** An invitation, a mail and a link to an address; `owner` accepted or was meant, null for nobody. */
async function writtenTo(email: string, owner: string | null): Promise<string> {
  const id = newUuid()
  await run(
    `insert into invitations (id, organization_id, email, role, invited_by, created_at, updated_at, expires_at, status, accepted_by)
     values (?, ?, ?, 'member', 'somebody', 0, 0, 0, ?, ?)`,
    id,
    newUuid(),
    email,
    owner === null ? 'expired' : 'accepted',
    owner,
  )
  await run(
    `insert into mails (id, kind, recipient, user_id, status, created_at) values (?, 'magic_link', ?, ?, 'sent', 0)`,
    id,
    email,
    owner,
  )
  await run(
    `insert into one_time_tokens (id, purpose, token_hash, user_id, email, data, created_at, expires_at)
     values (?, 'magic_link', ?, ?, ?, '{}', 4000, 4000)`,
    id,
    id,
    owner,
    email,
  )
  return id
}

const left = async (id: string) =>
  (await Promise.all(TABLES.map((table) => rowsOf(`select id from ${table} where id = ?`, id)))).flat().length

/** Which of these ids, and how many of those links, an export has. */
async function shown(user: SignedInUser, ids: readonly string[]) {
  const { body } = await call(app, user, 'GET', `${EXPORTS}/${await exportOf(app, user)}/download`)
  const text = JSON.stringify(body)
  const links = body.parts.mails.links.filter(
    ({ created_at: at }: { created_at: string }) => at === '1970-01-01T00:00:04.000Z',
  )
  return { ids: ids.filter((id) => text.includes(id)), links: links.length }
}

describe('what was written to an address', () => {
  it.each([
    ['never verified', 'email_verified_at = null'],
    ['whose holder has not confirmed the account', 'email_verified_at = 1, email_unanswered_since = 1'],
  ])('is not of a user with an address %s, who may not have it', async (_, state) => {
    const squatter = await signUpUser(app)
    await run(`update users set ${state} where id = ?`, squatter.user.id)
    const [strangers, own] = [await writtenTo(squatter.email, null), await writtenTo(squatter.email, squatter.user.id)]
    expect(await shown(squatter, [strangers, own])).toEqual({ ids: [own], links: 1 })
    expect(await erase(squatter.user.id)).toMatchObject({ erased: true })
    expect([await left(strangers), await left(own)]).toEqual([3, 0])
  })

  it('is of the user who has confirmed it, but for what was another user’s', async () => {
    const [user, former] = [await signUpUser(app), newUuid()]
    await run('update users set email_verified_at = 1 where id = ?', user.user.id)
    const [theirs, others] = [await writtenTo(user.email, null), await writtenTo(user.email, former)]
    expect(await shown(user, [theirs, others])).toEqual({ ids: [theirs], links: 1 })
    expect(await erase(user.user.id)).toMatchObject({ erased: true })
    expect([await left(theirs), await left(others)]).toEqual([0, 3])
  })
})
