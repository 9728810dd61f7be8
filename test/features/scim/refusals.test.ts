import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp } from '../../support/app.ts'
import { openPerson } from '../../support/organizations.ts'
import { accountOf, connect, GROUP, PATCH_OP, refusalOf, rowsOf, type TestDirectory } from './support.ts'

const app = createTestApp()

let known: Promise<TestDirectory> | undefined
const shared = () => {
  known ??= connect(app)
  return known
}

it('a write with a projection that is refused writes nothing', async () => {
  const directory = await shared()
  const both = '?attributes=id&excludedAttributes=meta'
  const [{ body: user }, { body: group }] = [await directory.user(), await directory.group()]
  const name = newUuid()
  for (const [path, body] of [
    ['/Users', { userName: name }],
    ['/Groups', { displayName: name }],
  ] as const) {
    const { id } = path === '/Users' ? user : group
    const Operations = [{ op: 'add', value: body }]
    const answers = [
      await directory.call('POST', `${path}${both}`, { body }),
      await directory.call('PUT', `${path}/${id}${both}`, { body }),
      await directory.call('PATCH', `${path}/${id}${both}`, { body: { schemas: [PATCH_OP], Operations } }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400])
  }
  expect((await directory.call('GET', `/Users/${user.id}`)).body).toEqual(user)
  expect((await directory.call('GET', `/Groups/${group.id}`)).body).toEqual(group)
  expect(await rowsOf('select 1 from scim_users where user_name_key = ?', name)).toEqual([])
  expect(await rowsOf('select 1 from scim_groups where display_name = ?', name)).toEqual([])
})

describe('a PATCH message', () => {
  const bare = { toString: 1, valueOf: 1 }
  it.each([
    ['an op that is no text', { schemas: [PATCH_OP], Operations: [{ op: bare, path: 'title', value: 'x' }] }],
    ['a schema that is no text', { schemas: [bare], Operations: [{ op: 'add', path: 'title', value: 'x' }] }],
    ['an op twice', { schemas: [PATCH_OP], Operations: [{ op: 'add', OP: 'remove', path: 'title', value: 'x' }] }],
  ])('with %s is refused', async (_, body) => {
    const directory = await shared()
    const { body: user } = await directory.user()
    expect(refusalOf(await directory.call('PATCH', `/Users/${user.id}`, { body }))).toEqual([400, 'invalidSyntax'])
  })
})

it.each([
  ['at depth', '/Users', { name: { givenName: 'Ada', GIVENNAME: 'Eve' } }],
  ['by its URN', '/Users', { title: 'x', 'urn:ietf:params:scim:schemas:core:2.0:User:title': 'y' }],
  ['as the members of a group', '/Groups', { members: [], [`${GROUP}:members`]: [] }],
  ['in a member', '/Groups', { members: [{ value: newUuid(), VALUE: newUuid() }] }],
])('an attribute that is there twice %s is refused', async (_, path, fields) => {
  const directory = await shared()
  const body = { userName: newUuid(), displayName: newUuid(), ...fields }
  expect(refusalOf(await directory.call('POST', path, { body }))).toEqual([400, 'invalidSyntax'])
})

it('members stay behind a URN, and where a removal names nobody', async () => {
  const directory = await shared()
  const { body: user } = await directory.user({ userName: newUuid() })
  const members = [{ value: user.id }]
  const { body: group } = await directory.group({ members })
  const path = `/Groups/${group.id}`
  const put = await directory.call('PUT', path, { body: { displayName: newUuid(), [`${GROUP}:members`]: members } })
  expect(put.body.members).toHaveLength(1)
  const removed = await directory.patchGroup(group.id, { op: 'remove', path: 'members', value: [] })
  expect([removed.status, removed.body.members.length]).toEqual([200, 1])
  const { body: mailed } = await directory.user({ emails: [{ value: directory.name() }] })
  const kept = await directory.patch(mailed.id, { op: 'remove', path: 'emails', value: [] })
  expect(kept.body.emails).toHaveLength(1)
})

it('one invitation of two records is accepted, and one of them has the account', async () => {
  const directory = await shared()
  const person = await openPerson(app)
  const emails = [{ value: person.user.email }]
  const first = await directory.user({ userName: newUuid(), emails })
  const second = await directory.user({ userName: newUuid(), emails })
  const [invitation] = await rowsOf(
    "select id from invitations where email = ? and status = 'pending'",
    emails[0]?.value,
  )
  expect((await person.call('POST', `/api/v1/invitations/${invitation?.id}/accept`)).status).toBe(200)
  expect(await accountOf(first.body.id)).toMatchObject({ id: person.id })
  expect(await accountOf(second.body.id)).toBeUndefined()
})
