import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { accountOf, CORE, callScim, connect, membershipOf, refusalOf, SCIM, SCIM_ERROR } from './support.ts'

const app = createTestApp()

describe('a user that a directory makes', () => {
  it('has an account of the verified domain, and is a member', async () => {
    const directory = await connect(app)
    const userName = directory.name()
    const { status, body, headers } = await directory.user({
      userName,
      name: { givenName: 'Ada', familyName: 'Lovelace' },
      emails: [{ value: userName, type: 'work', primary: true }],
      phoneNumbers: [{ value: '+44 (0) 20 7946 0000', type: 'work' }],
      password: 'never stored',
    })
    expect(status).toBe(201)
    expect(headers.get('content-type')).toBe('application/scim+json')
    expect(body).toEqual({
      schemas: [CORE],
      id: body.id,
      userName,
      name: { givenName: 'Ada', familyName: 'Lovelace' },
      emails: [{ value: userName, type: 'work', primary: true }],
      phoneNumbers: [{ value: '+44 (0) 20 7946 0000', type: 'work' }],
      active: true,
      meta: {
        resourceType: 'User',
        created: body.meta.created,
        lastModified: body.meta.created,
        location: `http://127.0.0.1:8787${SCIM}/Users/${body.id}`,
        version: 'W/"1"',
      },
    })
    expect(headers.get('location')).toBe(body.meta.location)
    expect(headers.get('etag')).toBe('W/"1"')
    const account = await accountOf(body.id)
    expect(account).toMatchObject({
      email: userName,
      status: 'active',
      first_name: 'Ada',
      last_name: 'Lovelace',
      phone_number: '+44 (0) 20 7946 0000',
      password_hash: null,
    })
    expect(await membershipOf(directory.team.id, account?.id ?? '')).toMatchObject({ role: 'member' })
    expect((await directory.call('GET', `/Users/${body.id}`)).body).toEqual(body)
  })

  it('is found by its name in any case, and by nobody else', async () => {
    const [directory, other] = [await connect(app), await connect(app)]
    const { body } = await directory.user({ userName: `Ada@${directory.domain}` })
    const filter = encodeURIComponent(`userName eq "ADA@${directory.domain.toUpperCase()}"`)
    const found = await directory.call('GET', `/Users?filter=${filter}`)
    expect(found.body).toEqual({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
      totalResults: 1,
      itemsPerPage: 1,
      startIndex: 1,
      Resources: [body],
    })
    expect((await other.call('GET', `/Users?filter=${filter}`)).body).toMatchObject({ totalResults: 0, Resources: [] })
    expect((await other.call('GET', `/Users/${body.id}`)).status).toBe(404)
  })

  it('has its name alone', async () => {
    const directory = await connect(app)
    const userName = directory.name()
    const posts = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        directory.user({ userName: index % 2 ? userName.toUpperCase() : userName }),
      ),
    )
    expect(posts.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 19 }, () => 409)])
    const refusals = posts.filter(({ status }) => status === 409).map(refusalOf)
    expect(refusals.every((refusal) => refusal[1] === 'uniqueness')).toBe(true)
  })
})

describe('a token', () => {
  it.each([
    ['none', null],
    ['an unknown one', `scim_${'x'.repeat(64)}`],
    ['something else', 'nothing'],
  ])('%s is refused in the form of SCIM', async (_, token) => {
    const answer = await callScim(app, token, { method: 'GET', path: `${SCIM}/Users` })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('content-type')).toBe('application/scim+json')
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/)
    expect(answer.body).toMatchObject({ schemas: [SCIM_ERROR], status: '401' })
  })
})
