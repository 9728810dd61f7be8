import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env } from '../../support/app.ts'
import { ask, createTeam, newSlug, openPerson, type Person } from '../../support/organizations.ts'
import { scansIn, watchPlans } from '../../support/plans.ts'

const app = createTestApp()

/** Letters that no other organization has. */
const newWord = () =>
  [...newUuid().replaceAll('-', '')].map((digit) => 'ghijklmnopqrstuv'[Number.parseInt(digit, 16)]).join('')

const found = async (admin: Person, search: string): Promise<string[]> => {
  const { status, body } = await admin.call('GET', `/api/v1/admin/organizations?search=${encodeURIComponent(search)}`)
  expect(status).toBe(200)
  return body.map(({ name }: { name: string }) => name)
}

async function create(name: string, slug = newSlug()): Promise<Person> {
  const owner = await openPerson(app)
  const made = await owner.call('POST', '/api/v1/organizations', { name, slug })
  expect(made.status).toBe(201)
  return owner
}

describe('a search for organizations', () => {
  it('finds those that have every word in name or slug, newest first, in any case', async () => {
    const admin = await openPerson(app, { role: 'admin' })
    const [a, b] = [newWord(), newWord()]
    await create(`${a} Engines`, `${b}-one`)
    await create(`Engines of ${a.toUpperCase()}`)
    expect(await found(admin, a)).toEqual([`Engines of ${a.toUpperCase()}`, `${a} Engines`])
    expect(await found(admin, `${a.slice(3, 9).toUpperCase()}`)).toHaveLength(2)
    expect(await found(admin, `engin ${a}`)).toHaveLength(2)
    expect(await found(admin, `${b.slice(4)} ${a}`)).toEqual([`${a} Engines`])
    expect(await found(admin, `of ${a}`)).toEqual([`Engines of ${a.toUpperCase()}`])
    expect(await found(admin, `${a} ${newWord()}`)).toEqual([])
  })

  it('finds by one or two characters what begins so, name or slug', async () => {
    const admin = await openPerson(app, { role: 'admin' })
    await create('東京', `zq-${newUuid()}`)
    await create('ÿ 京')
    expect(await found(admin, '東')).toEqual(['東京'])
    expect(await found(admin, '東京')).toEqual(['東京'])
    expect(await found(admin, 'ZQ')).toEqual(['東京'])
    expect(await found(admin, 'ÿ 京')).toEqual(['ÿ 京'])
    expect(await found(admin, '京')).toEqual([])
  })

  it('follows a change of the name, and finds no deleted one', async () => {
    const admin = await openPerson(app, { role: 'admin' })
    const [before, after] = [newWord(), newWord()]
    const team = await createTeam(app)
    const rename = (name: string) => team.owner.call('PATCH', team.path, { name })
    expect((await rename(before)).status).toBe(200)
    expect(await found(admin, before)).toEqual([before])
    await rename(after)
    expect([await found(admin, before), await found(admin, after)]).toEqual([[], [after]])
    expect((await admin.call('DELETE', `/api/v1/admin/organizations/${team.id}`)).status).toBe(200)
    expect(await found(admin, after)).toEqual([])
    await env.DB.prepare('delete from organizations where id = ?').bind(team.id).run()
    await env.DB.prepare(
      "insert into organization_search (organization_search, rank) values ('integrity-check', 1)",
    ).run()
  })

  it('takes operators of the index as text', async () => {
    const admin = await openPerson(app, { role: 'admin' })
    const word = newWord()
    const name = `the "${word}" OR name`
    await create(name)
    for (const search of [`"${word}"`, `${word}" OR`, `OR ${word}`]) expect(await found(admin, search)).toEqual([name])
    for (const search of ['"', '""""', `name: ${word}`, `name:${word}`, `${word}*`, `NEAR(${word})`, '%%%', '___'])
      expect(await found(admin, search), search).toEqual([])
  })

  it('counts what it found, and without one all that are not deleted', async () => {
    const admin = await openPerson(app, { role: 'admin' })
    const word = newWord()
    for (let index = 0; index < 3; index += 1) await create(`${word} ${index}`)
    const ask = (query: string) => app.fetch(`/api/v1/admin/organizations?${query}`, { headers: admin.headers })
    const page = await ask(`search=${word}&per_page=2&page=2`)
    expect(page.headers.get('x-total-count')).toBe('3')
    expect(await page.json()).toMatchObject([{ name: `${word} 0` }])
    const { all } =
      (await env.DB.prepare('select count(*) as "all" from organizations where deleted_at is null').first()) ?? {}
    expect((await ask('per_page=1')).headers.get('x-total-count')).toBe(String(all))
  })
})

describe('pages of members', () => {
  it('have every member once, in the order in which they joined, also beyond one who left', async () => {
    const team = await createTeam(app)
    const members = [team.owner]
    for (let index = 0; index < 4; index += 1) members.push(await team.join('member'))
    const [, , left] = members
    expect((await left?.call('POST', `${team.path}/leave`))?.status).toBe(200)
    const page = async (page: number, more = '') => {
      const { body } = await team.owner.call('GET', `${team.path}/members?page=${page}&per_page=2${more}`)
      return [
        body.members.map(({ user_id }: { user_id: string }) => members.findIndex(({ id }) => id === user_id)),
        body.total,
      ]
    }
    expect([await page(1), await page(2), await page(3)]).toEqual([
      [[0, 1], 4],
      [[3, 4], 4],
      [[], 4],
    ])
    expect(await page(2, '&include_removed=true')).toEqual([[2, 3], 5])
  })
})

it('no list reads a table as a whole, or all members for their owner', async () => {
  const { into, plans } = watchPlans()
  const watched = createTestApp({ override: into })
  const team = await createTeam(watched)
  const admin = await openPerson(watched, { role: 'admin' })
  const call = async (person: Person, path: string) => {
    expect((await ask(watched, { method: 'GET', path, headers: person.headers })).status).toBe(200)
    return plans()
  }
  await plans()
  const LISTS: readonly (readonly [Person, string])[] = [
    [team.owner, '/api/v1/organizations'],
    [team.owner, `${team.path}/members?page=5`],
    [team.owner, `${team.path}/members?page=5&include_removed=true`],
    [admin, '/api/v1/admin/organizations?page=5'],
    [admin, '/api/v1/admin/organizations?search=engines'],
    [admin, '/api/v1/admin/organizations?search=engines+of'],
    [admin, '/api/v1/admin/organizations?search=of'],
  ]
  for (const [person, path] of LISTS) {
    const steps = await call(person, path)
    // The matches, the short words, one row, and a page in the order of its key.
    const scans = scansIn(steps).filter(
      (step) => !/^SCAN (organization_search VIRTUAL TABLE INDEX \d+:M\d+|\(subquery|organizations$)/.test(step),
    )
    expect([path, scans]).toEqual([path, []])
    expect(steps.includes('SCAN organizations'), path).toBe(path.endsWith('organizations?page=5'))
    const owners = steps.filter((step) => /\bowning\b/.test(step))
    expect(new Set(owners), path).toEqual(
      new Set(
        path.includes('members')
          ? []
          : ['SEARCH owning USING INDEX memberships_by_role (organization_id=? AND role=?)'],
      ),
    )
    expect(steps.filter((step) => /TEMP B-TREE/.test(step) && !/ORDER BY/.test(step))).toEqual([])
  }
})
