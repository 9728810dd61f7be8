import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { readFilter } from '../../../src/features/scim/rules/filter.ts'
import { GROUP_RESOURCE, USER_RESOURCE } from '../../../src/features/scim/rules/schema.ts'
import { isIndexed, selectRecords } from '../../../src/features/scim/store/lists.ts'
import { createTestApp } from '../../support/app.ts'
import { watchPlans } from '../../support/plans.ts'
import { connect, ENTERPRISE, refusalOf, run, type TestDirectory } from './support.ts'

const app = createTestApp()

/** By their names. Those without an address have no account. */
const RECORDS = {
  ada: {
    externalId: 'X-1',
    displayName: 'Ada "the first" Lovelace',
    name: { givenName: 'Ada', familyName: 'Lovelace' },
    title: '100%_\\done',
    emails: [
      { value: 'ada@work.example', type: 'work', primary: true },
      { value: 'ada@home.example', type: 'home' },
    ],
    [ENTERPRISE]: { department: 'Engines', manager: { value: '26118915' } },
  },
  bob: {
    externalId: 'x-1',
    displayName: 'Bob',
    name: { givenName: 'Bob' },
    title: '100x done',
    emails: [
      { value: 'bob@home.example', type: 'work' },
      { value: 'bob@work.example', type: 'home' },
    ],
    active: false,
  },
  Çelik: { displayName: 'ÇELİK 😀', userType: 'Employee', locale: 'tr-TR' },
  עדה: { displayName: 'עדה לאבלייס', nickName: '' },
  eve: { title: "O'Brien'; drop table users; --", phoneNumbers: [{ value: '+44 1', type: 'Mobile' }] },
} as const

type Name = keyof typeof RECORDS
const ALL = Object.keys(RECORDS) as Name[]

let directory: TestDirectory
const ids = new Map<string, Name>()

beforeAll(async () => {
  directory = await connect(app)
  for (const [userName, fields] of Object.entries(RECORDS)) {
    const { body } = await directory.user({ userName, ...fields })
    ids.set(body.id, userName as Name)
    await run(
      'update scim_users set created_at = ?, updated_at = ? where id = ?',
      ids.size * 1000,
      ids.size * 2000,
      body.id,
    )
  }
  const member = [...ids].find(([, name]) => name === 'bob')?.[0]
  await directory.group({ displayName: 'Admins', members: [{ value: member }] })
})

async function matching(filter: string): Promise<Name[]> {
  const condition = readFilter(USER_RESOURCE, filter)
  const { rows, total } = await selectRecords(await app.ctx(), {
    organizationId: directory.team.id,
    filter: condition,
    start: { skip: 0 },
    count: 100,
    withGroups: false,
  })
  expect(total).toBe(rows.length)
  return rows.map(({ id }) => ids.get(id) as Name)
}

const but = (...names: Name[]) => ALL.filter((name) => !names.includes(name))
const [ADA, BOB, CELIK, HEBREW, EVE] = ALL as [Name, Name, Name, Name, Name]

const MATCHES: readonly (readonly [string, readonly Name[]])[] = [
  ['userName eq "ada"', [ADA]],
  ['userName eq "ADA"', [ADA]],
  ['USERNAME EQ "ada"', [ADA]],
  ['userName ne "ada"', but(ADA)],
  ['userName eq "çelik"', [CELIK]],
  ['userName eq "עדה"', [HEBREW]],
  ['userName eq ""', []],
  ['userName eq "nobody"', []],
  ['userName co "d"', [ADA]],
  ['userName co ""', ALL],
  ['userName sw "b"', [BOB]],
  ['userName sw "B"', [BOB]],
  ['userName sw "bobby"', []],
  ['userName ew "b"', [BOB]],
  ['userName ew "bob"', [BOB]],
  ['userName ew "xbob"', []],
  ['userName ew ""', ALL],
  ['userName pr', ALL],
  ['userName gt "bob"', [CELIK, HEBREW, EVE]],
  ['userName ge "bob"', [BOB, CELIK, HEBREW, EVE]],
  ['userName lt "bob"', [ADA]],
  ['userName le "bob"', [ADA, BOB]],
  ['externalId eq "X-1"', [ADA]],
  ['externalId eq "x-1"', [BOB]],
  ['externalId ne "X-1"', but(ADA)],
  ['externalId pr', [ADA, BOB]],
  ['not (externalId pr)', [CELIK, HEBREW, EVE]],
  ['not (externalId eq "X-1")', but(ADA)],
  ['externalId eq null', [CELIK, HEBREW, EVE]],
  ['externalId ne null', [ADA, BOB]],
  ['displayName eq "bob"', [BOB]],
  ['displayName eq "Ada \\"the first\\" Lovelace"', [ADA]],
  ['displayName co "\\""', [ADA]],
  ['displayName co "😀"', [CELIK]],
  ['displayName ew "😀"', [CELIK]],
  ['displayName sw "çeli"', [CELIK]],
  ['displayName co "לאב"', [HEBREW]],
  ['displayName pr', [ADA, BOB, CELIK, HEBREW]],
  ['displayName ne "bob"', but(BOB)],
  ['displayName gt "c"', [CELIK, HEBREW]],
  ['title eq "100%_\\\\done"', [ADA]],
  ['title eq "100%_\\done"', [ADA]],
  ['title co "%"', [ADA]],
  ['title co "_"', [ADA]],
  ['title co "\\\\"', [ADA]],
  ['title sw "100"', [ADA, BOB]],
  ['title sw "100%"', [ADA]],
  ['title ew "done"', [ADA, BOB]],
  ['title eq "O\'Brien\'; drop table users; --"', [EVE]],
  ['title co "\'; drop"', [EVE]],
  ['title co "\' or 1=1 --"', []],
  ['title pr', [ADA, BOB, EVE]],
  ['not (title pr)', [CELIK, HEBREW]],
  ['title ne "100x done"', but(BOB)],
  ['not (title eq "100x done")', but(BOB)],
  ['title gt "1"', [ADA, BOB, EVE]],
  ['title lt "1"', []],
  ['nickName pr', []],
  ['nickName eq ""', [HEBREW]],
  ['userType eq "employee"', [CELIK]],
  ['locale eq "TR-tr"', [CELIK]],
  ['active eq true', but(BOB)],
  ['active eq True', but(BOB)],
  ['active eq FALSE', [BOB]],
  ['active eq "False"', [BOB]],
  ['active ne true', [BOB]],
  ['active pr', ALL],
  ['not (active eq true)', [BOB]],
  ['name.givenName eq "ada"', [ADA]],
  ['name.givenName pr', [ADA, BOB]],
  ['name.familyName pr', [ADA]],
  ['name.familyName eq "LOVELACE"', [ADA]],
  ['name.familyName ne "lovelace"', but(ADA)],
  ['name pr', [ADA, BOB]],
  ['emails eq "ada@work.example"', [ADA]],
  ['emails.value eq "ADA@WORK.example"', [ADA]],
  ['emails.value eq "nobody@work.example"', []],
  ['emails.value co "home"', [ADA, BOB]],
  ['emails co "home"', [ADA, BOB]],
  ['emails.value sw "bob"', [BOB]],
  ['emails.value ew "work.example"', [ADA, BOB]],
  ['emails.type eq "work"', [ADA, BOB]],
  ['emails.type eq "other"', []],
  ['emails.primary eq true', [ADA]],
  ['emails.primary eq "True"', [ADA]],
  ['emails pr', [ADA, BOB]],
  ['not (emails pr)', [CELIK, HEBREW, EVE]],
  ['emails.value ne "ada@work.example"', [ADA, BOB]],
  ['emails[type eq "work"]', [ADA, BOB]],
  ['emails[type eq "work" and value co "home"]', [BOB]],
  ['emails[type eq "home" and value co "home"]', [ADA]],
  ['emails[type eq "work"].value eq "ada@work.example"', [ADA]],
  ['emails[type eq "work"].value eq "ada@home.example"', []],
  ['emails[type eq "home"].value eq "BOB@work.example"', [BOB]],
  ['emails[type eq "work"].value co "home"', [BOB]],
  ['emails[type eq "work"].value pr', [ADA, BOB]],
  ['emails[type eq "work"].primary eq true', [ADA]],
  ['emails[not (type eq "work")].value sw "bob"', [BOB]],
  ['emails[type eq "work" or type eq "home"].value eq "bob@work.example"', [BOB]],
  ['emails[primary pr]', [ADA]],
  ['not emails[type eq "work"].value eq "ada@work.example"', but(ADA)],
  ['not (emails[type eq "work" and value co "home"])', but(BOB)],
  ['emails.type eq "work" and emails.value co "home"', [ADA, BOB]],
  ['phoneNumbers[type eq "mobile"].value eq "+44 1"', [EVE]],
  ['phoneNumbers.type eq "MOBILE"', [EVE]],
  ['addresses pr', []],
  ['addresses.locality eq "x"', []],
  [`${ENTERPRISE}:department eq "engines"`, [ADA]],
  [`${ENTERPRISE.toUpperCase()}:DEPARTMENT eq "engines"`, [ADA]],
  [`${ENTERPRISE}:manager.value eq "26118915"`, [ADA]],
  [`${ENTERPRISE}:department pr`, [ADA]],
  [`${ENTERPRISE}:department ne "engines"`, but(ADA)],
  ['urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada"', [ADA]],
  ['groups.display eq "admins"', [BOB]],
  ['groups pr', [BOB]],
  ['not (groups pr)', but(BOB)],
  ['groups.value eq "nothing"', []],
  ['meta.created eq "1970-01-01T00:00:01Z"', [ADA]],
  ['meta.created gt "1970-01-01T00:00:03Z"', [HEBREW, EVE]],
  ['meta.created ge "1970-01-01T00:00:03.000Z"', [CELIK, HEBREW, EVE]],
  ['meta.created lt "1970-01-01T00:00:02"', [ADA]],
  ['meta.created le "1970-01-01T01:00:02+01:00"', [ADA, BOB]],
  ['meta.lastModified gt "1970-01-01T00:00:08Z"', [EVE]],
  ['meta.lastModified ne "1970-01-01T00:00:10Z"', but(EVE)],
  ['meta.resourceType eq "User"', ALL],
  ['userName eq "ada" or userName eq "bob"', [ADA, BOB]],
  ['userName eq "ada" and active eq true', [ADA]],
  ['userName eq "bob" and active eq true', []],
  ['userName eq "ada" or userName eq "bob" and active eq true', [ADA]],
  ['(userName eq "ada" or userName eq "bob") and active eq true', [ADA]],
  ['not (userName eq "ada" or userName eq "bob")', [CELIK, HEBREW, EVE]],
  ['not(userName eq "ada") and title pr', [BOB, EVE]],
  ['NOT (title pr) AND active EQ true', [CELIK, HEBREW]],
  ['((((userName eq "ada"))))', [ADA]],
  ['userName eq "ada" and not (title eq "x" or title eq "y")', [ADA]],
]

it.each(MATCHES)('%s', async (filter, names) => {
  expect(await matching(filter)).toEqual(names)
})

describe('what is no filter', () => {
  it.each([
    ['a word', 'userName'],
    ['no value', 'userName eq'],
    ['a value without quotes', 'userName eq ada'],
    ['an open quote', 'userName eq "ada'],
    ['an open bracket', '(userName eq "ada"'],
    ['a bracket too many', 'userName eq "ada")'],
    ['an unknown operator', 'userName is "ada"'],
    ['an unknown attribute', 'shoeSize eq "1"'],
    ['an unknown sub-attribute', 'name.shoe eq "1"'],
    ['an unknown sub-attribute of an element', 'emails[shoe eq "1"]'],
    ['a prototype', '__proto__ eq "x"'],
    ['a constructor', 'constructor.name eq "Object"'],
    ['toString', 'name.toString pr'],
    ['the password', 'password eq "x"'],
    ['a number for a text', 'userName eq 5'],
    ['a text for a boolean', 'active eq "maybe"'],
    ['an order of booleans', 'active gt true'],
    ['a part of a boolean', 'active co "t"'],
    ['no time', 'meta.created gt "yesterday"'],
    ['a part of a time', 'meta.created co "2020"'],
    ['an order of null', 'title gt null'],
    ['an object', 'name eq "x"'],
    ['an element of what is no list', 'name[givenName eq "x"]'],
    ['a list in a list', 'emails[value[type eq "x"]]'],
    ['NUL', 'title eq "a\\u0000b"'],
    ['half a surrogate pair', 'title eq "\\ud800"'],
    ['too long a one', `userName eq "${'x'.repeat(2000)}"`],
    ['one in 10,000 parentheses', `${'('.repeat(10_000)}userName pr${')'.repeat(10_000)}`],
    ['one that is 21 deep', `${'('.repeat(21)}userName pr${')'.repeat(21)}`],
    ['10,000 times not', `${'not '.repeat(10_000)}(userName pr)`],
    ['21 times not', `${'not '.repeat(21)}(userName pr)`],
    ['one with 31 comparisons', Array.from({ length: 31 }, () => 'title pr').join(' or ')],
    ['two', 'userName eq "a" userName eq "b"'],
    ['SQL', '1=1; drop table users'],
  ])('%s', (_, filter) => {
    expect(() => readFilter(USER_RESOURCE, filter)).toThrow(expect.objectContaining({ code: 'SCIM_INVALID_FILTER' }))
  })

  it('is answered as SCIM has it', async () => {
    const query = encodeURIComponent('shoeSize eq "1"')
    expect(refusalOf(await directory.call('GET', `/Users?filter=${query}`))).toEqual([400, 'invalidFilter'])
  })

  it('has 30 comparisons, and as many parameters as a statement takes', async () => {
    const many = Array.from({ length: 30 }, (_, index) => `emails[type eq "t${index}"].value eq "${index}"`)
    expect(await matching(many.slice(0, 15).join(' or '))).toEqual([])
    const single = Array.from({ length: 30 }, (_, index) => `title ew "${index}x"`)
    expect(await matching(single.join(' or '))).toEqual([])
  })
})

/** What a filter means, said again: without SQL, and without the schema table. */
type Test = (record: Record<string, unknown>) => boolean
const folded = (text: string) => text.normalize('NFKC').toLowerCase().normalize('NFKC')
const TESTS: Record<string, (a: string, b: string) => boolean> = {
  eq: (a, b) => a === b,
  co: (a, b) => a.includes(b),
  sw: (a, b) => a.startsWith(b),
  ew: (a, b) => a.endsWith(b),
}

const leaf = fc.record({
  attribute: fc.constantFrom('title', 'nickName', 'displayName', 'userType'),
  op: fc.constantFrom('eq', 'co', 'sw', 'ew'),
  value: fc.constantFrom('', '1', '100', 'DONE', '😀', '%', '_', '\\', '"', "'", 'ÇELİK', 'לא', 'employee', 'bob'),
})

const filters = fc.letrec<{ tree: { text: string; test: Test }; leaf: { text: string; test: Test } }>((tie) => ({
  leaf: leaf.map(({ attribute, op, value }) => ({
    text: `${attribute} ${op} ${JSON.stringify(value)}`,
    test: (record) => {
      const held = record[attribute]
      return typeof held === 'string' && (TESTS[op]?.(folded(held), folded(value)) ?? false)
    },
  })),
  tree: fc.oneof(
    { maxDepth: 4 },
    tie('leaf'),
    fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => ({
      text: `(${a.text} and ${b.text})`,
      test: (record: Record<string, unknown>) => a.test(record) && b.test(record),
    })),
    fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => ({
      text: `(${a.text} or ${b.text})`,
      test: (record: Record<string, unknown>) => a.test(record) || b.test(record),
    })),
    tie('tree').map((a) => ({
      text: `not (${a.text})`,
      test: (record: Record<string, unknown>) => !a.test(record),
    })),
  ),
}))

it('means in SQL what it means in words', async () => {
  await fc.assert(
    fc.asyncProperty(filters.tree, async ({ text, test }) => {
      const names = await matching(text)
      expect(names).toEqual(ALL.filter((name) => test(RECORDS[name] as Record<string, unknown>)))
    }),
    { numRuns: 100 },
  )
})

describe('an index', () => {
  const explain = async (filter: string): Promise<string> => {
    const watched = watchPlans()
    await selectRecords(watched.into(await app.ctx()), {
      organizationId: directory.team.id,
      filter: readFilter(USER_RESOURCE, filter),
      start: { skip: 0 },
      count: 1,
      withGroups: true,
    })
    return (await watched.plans()).join('; ')
  }

  it.each([
    ['userName eq "ada"', 'scim_users_by_name'],
    ['externalId eq "1"', 'scim_users_by_external_id'],
    ['displayName eq "1"', 'scim_users_by_display_name'],
    ['emails.value eq "a@b.example"', 'sqlite_autoindex_scim_user_emails_1'],
    ['emails[type eq "work"].value eq "a@b.example"', 'sqlite_autoindex_scim_user_emails_1'],
    ['id eq "1"', 'sqlite_autoindex_scim_users_1'],
    ['active eq false', 'scim_users_by_'],
    ['meta.created gt "2020-01-01T00:00:00Z"', 'scim_users_by_creation'],
    ['meta.lastModified gt "2020-01-01T00:00:00Z"', 'scim_users_by_'],
  ])('%s', async (filter, index) => {
    expect(isIndexed('User', readFilter(USER_RESOURCE, filter))).toBe(true)
    const plan = await explain(filter)
    expect(plan).toContain(index)
    expect(plan).not.toMatch(/SCAN (?:scim_users|scim_user_emails)/)
  })

  it.each(['title eq "x"', 'userName co "x"', 'not (userName eq "x")', 'userName eq "x" or title pr', 'emails pr'])(
    'has none of %s',
    (filter) => {
      expect(isIndexed('User', readFilter(USER_RESOURCE, filter))).toBe(false)
    },
  )
})

it('of groups finds them by name and member', async () => {
  const member = [...ids].find(([, name]) => name === 'bob')?.[0]
  for (const filter of [
    'displayName eq "ADMINS"',
    `members.value eq "${member}"`,
    `members[value eq "${member}"]`,
    'members pr',
  ]) {
    const { body } = await directory.call('GET', `/Groups?filter=${encodeURIComponent(filter)}`)
    expect([filter, body.totalResults]).toEqual([filter, 1])
  }
  expect(() => readFilter(GROUP_RESOURCE, 'userName eq "x"')).toThrow()
})
