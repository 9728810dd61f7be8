import { beforeAll, describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { makeAdmin, type SignedInUser, signUpUser } from '../../support/users.ts'
import { app, ask, setColumn } from '../users/support.ts'

interface Listed {
  readonly id: unknown
  readonly uuid: string
  readonly number: number
  readonly status: string
}

let admin: SignedInUser
beforeAll(async () => {
  admin = await makeAdmin(app)
})

const list = async (query: string) => {
  const [status, body] = await ask('GET', query, { headers: admin.headers })
  return { status, body, users: (body.users ?? []) as Listed[] }
}

describe('GET /api/v1/users', () => {
  it('pages in Janua’s style, 20 from the first page on, with UUIDs and every key of both styles', async () => {
    await signUpUser(app)
    const { status, body, users } = await list('')
    expect(status).toBe(200)
    expect(Object.keys(body).sort()).toEqual(['items', 'limit', 'page', 'per_page', 'skip', 'total', 'users'])
    expect(body).toMatchObject({ page: 1, per_page: 20, skip: 0, limit: 20, items: users })
    expect(users.every(({ id, uuid }) => id === uuid)).toBe(true)
    const numbers = users.map(({ number }) => number)
    expect(numbers).toEqual([...numbers].sort((a, b) => b - a))
    expect((await list('?page=3&per_page=2')).body).toMatchObject({ page: 3, per_page: 2, skip: 4, limit: 2 })
  })

  it('pages in users-api’s style, 10 from the beginning, with integers', async () => {
    const { body, users } = await list('?skip=0')
    expect(body).toMatchObject({ skip: 0, limit: 10, page: 1, per_page: 10 })
    expect(users.every(({ id, number }) => id === number)).toBe(true)
    expect((await list('?limit=3&skip=7&page=9')).body).toMatchObject({ skip: 7, limit: 3, page: 3, per_page: 3 })
    expect((await list('?limit=2')).users.map(({ number }) => number)).toEqual(
      (await list('?page=1&per_page=2')).users.map(({ number }) => number),
    )
  })

  it('is empty beyond the last user, with the total all the same', async () => {
    const { total } = (await list('?skip=0&limit=1')).body
    for (const query of ['?page=2147483647&per_page=100', '?skip=2147483647&limit=100', `?skip=${total}`])
      expect((await list(query)).body).toMatchObject({ users: [], items: [], total })
  })

  it.each([
    'page=0',
    'page=-1',
    'page=1.5',
    'page=x',
    'page=2147483648',
    'page=99999999999999999999',
    'page=NaN',
    'page=1&page=2',
    'per_page=0',
    'per_page=101',
    'skip=-1',
    'skip=2147483648',
    'skip=1e400',
    'limit=0',
    'limit=101',
    'limit=-5',
    'status=nobody',
    'status=active&status=pending',
    `search=${'x'.repeat(255)}`,
  ])('is 422 for ?%s', async (query) => {
    const { status, body } = await list(`?${query}`)
    expect([status, body.code, typeof body.detail]).toEqual([422, 'VALIDATION_ERROR', 'string'])
  })

  it('takes an empty search and status for none', async () => {
    expect((await list('?search=&status=&page=1&per_page=1')).users).toHaveLength(1)
  })

  it('finds a locked user as suspended, as answers show it, and as locked', async () => {
    const mark = `state${newUuid().slice(0, 8)}`
    const states = ['active', 'pending', 'inactive', 'suspended', 'locked', 'deleted']
    const made = await Promise.all(states.map((state) => signUpUser(app, { username: `${mark}_${state}` })))
    await Promise.all(made.map(({ user }, index) => setColumn(user.id, 'status', states[index])))
    const found = async (status: string) =>
      (await list(`?search=${mark}&status=${status}`)).users.map((user) => user.status).sort()
    expect(await found('')).toEqual(['active', 'inactive', 'pending', 'suspended', 'suspended'])
    expect(await found('active')).toEqual(['active'])
    expect(await found('pending')).toEqual(['pending'])
    expect(await found('inactive')).toEqual(['inactive'])
    expect(await found('suspended')).toEqual(['suspended', 'suspended'])
    expect(await found('locked')).toEqual(['suspended'])
    expect(await found('deleted')).toEqual(['deleted'])
  })
})

describe('a search', () => {
  const search = async (q: string) => {
    const [status, body] = await ask('GET', `/search?q=${encodeURIComponent(q)}`, { headers: admin.headers })
    return { status, body, uuids: ((body.users ?? []) as Listed[]).map(({ uuid }) => uuid) }
  }

  it('finds a part of an address, a username and each name, in whatever case and width', async () => {
    const mark = newUuid().slice(0, 8)
    const account = await signUpUser(app, {
      username: `Find_${mark}`,
      first_name: `Zoë${mark}`,
      last_name: `${mark}O'Neil "x"`,
    })
    for (const q of [
      `nd_${mark}`,
      `FIND_${mark.toUpperCase()}`,
      `ｆｉｎｄ_${mark}`,
      `zoë${mark}`,
      `${mark}O'Neil "x"`,
      account.email.slice(3, -6),
    ])
      expect([q, (await search(q)).uuids]).toEqual([q, [account.user.id]])
    expect((await list(`?search=find_${mark}`)).users.map(({ uuid }) => uuid)).toEqual([account.user.id])
  })

  it('finds who has every word, whichever fields they are in and however short they are', async () => {
    const mark = newUuid().slice(0, 8)
    const account = await signUpUser(app, { username: `u_${mark}`, first_name: `Jo`, last_name: `Lee${mark}` })
    await signUpUser(app, { first_name: `Ann`, last_name: `Lee${mark}-Ray` })
    for (const q of [`Jo Lee${mark}`, `lee${mark}  JO`, `u_${mark}\tlee${mark}`, `${mark} jo lee u_`])
      expect([q, (await search(q)).uuids]).toEqual([q, [account.user.id]])
    for (const q of [`Jo Lee${mark}-Ray`, `Bo Lee${mark}`, `u_${mark} nobody`, `Jo"Lee${mark}`])
      expect([q, (await search(q)).uuids]).toEqual([q, []])
  })

  it('finds a new name, and no longer the old one', async () => {
    const [before, after] = [`old_${newUuid().slice(0, 8)}`, `new_${newUuid().slice(0, 8)}`]
    const account = await signUpUser(app, { username: before })
    await ask('PATCH', '/me', { headers: account.headers, body: { username: after } })
    expect([(await search(before)).uuids, (await search(after)).uuids]).toEqual([[], [account.user.id]])
  })

  it('takes operators, quotes and SQL for text', async () => {
    for (const q of [
      '"',
      '""',
      '"""',
      'a" OR "b',
      "' or 1=1 --",
      'email:x',
      '^abc',
      'abc*',
      'NEAR(a b)',
      'a AND NOT b',
      '%%%',
      '___',
      'abc\0def',
      '\u202e\u200b\ud83d\ude00',
      '(((',
      '-',
      '\\',
      Array.from({ length: 127 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join(' '),
      Array.from({ length: 63 }, (_, index) => 100 + index).join(' '),
      `100 ${Array.from({ length: 83 }, (_, index) => 10 + index).join(' ')}`,
    ]) {
      const { status, uuids } = await search(q)
      expect([q, status]).toEqual([q, 200])
      if (q.length > 2) expect(uuids).toEqual([])
    }
  })

  it('finds nobody for a search of NULs only', async () => {
    for (const q of ['\0', '\0\0\0', '\0 \0', ' \0']) expect([q, (await search(q)).uuids]).toEqual([q, []])
  })

  it('pages, and is 422 without words', async () => {
    expect((await search('')).status).toBe(422)
    expect((await search('   ')).status).toBe(422)
    expect((await ask('GET', '/search', { headers: admin.headers }))[0]).toBe(422)
    const [, body] = await ask('GET', '/search?q=user-&page=2&per_page=1', { headers: admin.headers })
    expect(body).toMatchObject({ page: 2, per_page: 1, skip: 1, limit: 1 })
    expect(body.items).toHaveLength(1)
  })
})
