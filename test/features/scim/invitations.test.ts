import { expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp } from '../../support/app.ts'
import { accountOf, connect, rowsOf, type TestDirectory } from './support.ts'

const app = createTestApp()

let known: Promise<TestDirectory> | undefined
const shared = () => {
  known ??= connect(app)
  return known
}

const stranger = () => `${newUuid()}@elsewhere.test`

const isPending = async (email: string): Promise<boolean> =>
  (await rowsOf("select 1 from invitations where email = ? and status = 'pending'", email)).length > 0

it.each(['a stranger', 'nobody', 'a colleague', 'a member', 'another record'])(
  'an invitation ends with the address that a directory corrects to that of %s',
  async (who) => {
    const directory = await shared()
    const email = stranger()
    const { body } = await directory.user({ userName: newUuid(), emails: [{ value: email }] })
    expect(await isPending(email)).toBe(true)
    const taken = directory.name()
    if (who === 'another record') await directory.user({ userName: taken })
    const member = who === 'a member' ? (await directory.team.join('member')).user.email : null
    const next = { 'a stranger': stranger(), nobody: null, 'a colleague': directory.name(), 'a member': member }
    const value = who === 'another record' ? taken : next[who as keyof typeof next]
    const answer = await directory.call('PUT', `/Users/${body.id}`, {
      body: { userName: body.userName, ...(value && { emails: [{ value }] }) },
    })
    expect(answer.status).toBe(200)
    expect(await isPending(email)).toBe(false)
    if (member) expect(await accountOf(body.id)).toMatchObject({ email: member })
  },
)

it('an invitation of two records ends with the last of them', async () => {
  const directory = await shared()
  const email = stranger()
  const emails = [{ value: email }]
  const first = await directory.user({ userName: newUuid(), emails })
  const second = await directory.user({ userName: newUuid(), emails })
  await directory.call('DELETE', `/Users/${first.body.id}`)
  expect(await isPending(email)).toBe(true)
  await directory.patch(second.body.id, { op: 'replace', path: 'active', value: false })
  expect(await isPending(email)).toBe(false)
})

it('an invitation that a person made is not the directory\u0027s to revoke', async () => {
  const directory = await shared()
  const { owner } = directory.team
  const email = stranger()
  expect(
    (await owner.call('POST', `/api/v1/organizations/${directory.team.id}/invite`, { email, role: 'member' })).status,
  ).toBe(201)
  const { body } = await directory.user({ userName: email })
  await directory.patch(body.id, { op: 'replace', path: 'active', value: false })
  expect((await directory.call('DELETE', `/Users/${body.id}`)).status).toBe(204)
  expect(await isPending(email)).toBe(true)
})
