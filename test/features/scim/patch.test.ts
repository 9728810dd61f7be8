import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyChanges, readPatch } from '../../../src/features/scim/rules/patch.ts'
import { USER_RESOURCE } from '../../../src/features/scim/rules/schema.ts'
import type { ScimComplex } from '../../../src/features/scim/types.ts'
import { createTestApp } from '../../support/app.ts'
import { CORE, connect, ENTERPRISE, PATCH_OP, refusalOf } from './support.ts'

const ID = '2819c223-7f76-453a-919d-413861904646'

const patch = (before: ScimComplex, ...Operations: unknown[]): ScimComplex =>
  applyChanges(before, readPatch(USER_RESOURCE, { schemas: [PATCH_OP], Operations }, ID))

const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'none'
  } catch (cause) {
    return (cause as { code: string }).code
  }
}

const ADA: ScimComplex = {
  userName: 'ada',
  active: true,
  name: { givenName: 'Ada', familyName: 'Lovelace' },
  emails: [
    { value: 'ada@work.example', type: 'work', primary: true },
    { value: 'ada@home.example', type: 'home' },
  ],
}
const [WORK, HOME] = ADA.emails as readonly ScimComplex[]

describe('an operation', () => {
  it.each([
    ['replaces a value', { op: 'replace', path: 'userName', value: 'eve' }, { userName: 'eve' }],
    ['in any case', { op: 'REPLACE', path: 'USERNAME', value: 'eve' }, { userName: 'eve' }],
    ['with names in any case', { OP: 'Replace', Path: 'userName', Value: 'eve' }, { userName: 'eve' }],
    ['adds a value', { op: 'add', path: 'title', value: 'Countess' }, { title: 'Countess' }],
    ['adds where there is one, which it replaces', { op: 'add', path: 'userName', value: 'eve' }, { userName: 'eve' }],
    [
      'sets a sub-attribute',
      { op: 'replace', path: 'name.familyName', value: 'King' },
      { name: { givenName: 'Ada', familyName: 'King' } },
    ],
    [
      'of what is not there',
      { op: 'add', path: `${ENTERPRISE}:manager.value`, value: '7' },
      { [ENTERPRISE]: { manager: { value: '7' } } },
    ],
    [
      'adds to an object',
      { op: 'add', path: 'name', value: { middleName: 'A.' } },
      { name: { givenName: 'Ada', familyName: 'Lovelace', middleName: 'A.' } },
    ],
    [
      'replaces an object',
      { op: 'replace', path: 'name', value: { middleName: 'A.' } },
      { name: { middleName: 'A.' } },
    ],
    ['reads "False"', { op: 'replace', path: 'active', value: 'False' }, { active: false }],
    ['reads "tRUE"', { op: 'replace', path: 'active', value: 'tRUE' }, { active: true }],
    ['without a path', { op: 'replace', value: { active: false, title: 'x' } }, { active: false, title: 'x' }],
    [
      'with dotted names and no path',
      { op: 'add', value: { 'name.givenName': 'Eve' } },
      { name: { givenName: 'Eve', familyName: 'Lovelace' } },
    ],
    [
      'with a whole extension and no path',
      { op: 'add', value: { [ENTERPRISE]: { department: 'x' } } },
      { [ENTERPRISE]: { department: 'x' } },
    ],
    [
      'with URN names and no path',
      { op: 'add', value: { [`${ENTERPRISE}:department`]: 'x' } },
      { [ENTERPRISE]: { department: 'x' } },
    ],
    [
      'in the dot form of older directories',
      { op: 'add', path: `${ENTERPRISE}.department`, value: 'x' },
      { [ENTERPRISE]: { department: 'x' } },
    ],
    [
      'with the core URN',
      { op: 'replace', path: `${CORE}:name.givenName`, value: 'Eve' },
      { name: { givenName: 'Eve', familyName: 'Lovelace' } },
    ],
    [
      'with a manager as a bare id',
      { op: 'add', path: `${ENTERPRISE}:manager`, value: '26118915' },
      { [ENTERPRISE]: { manager: { value: '26118915' } } },
    ],
    [
      'with filter operators and no path',
      { op: 'replace', value: { 'emails[type eq "home"].value': 'x@y.example' } },
      { emails: [WORK, { ...HOME, value: 'x@y.example' }] },
    ],
    ['ignores the id that stays', { op: 'replace', value: { id: ID, title: 'x' } }, { title: 'x' }],
    ['drops a password', { op: 'replace', path: 'password', value: 'secret' }, {}],
    ['drops a password without a path', { op: 'replace', value: { password: 'secret' } }, {}],
    ['removes nothing where nothing is', { op: 'remove', path: 'title' }, {}],
    [
      'replaces by null, which removes',
      { op: 'replace', path: 'name.familyName', value: null },
      { name: { givenName: 'Ada' } },
    ],
    ['adds nothing with null', { op: 'add', path: 'name.familyName', value: null }, {}],
    [
      'adds an element',
      { op: 'add', path: 'emails', value: [{ value: 'x@y.example', type: 'other' }] },
      { emails: [WORK, HOME, { value: 'x@y.example', type: 'other' }] },
    ],
    [
      'adds one element',
      { op: 'add', path: 'emails', value: { value: 'x@y.example' } },
      { emails: [WORK, HOME, { value: 'x@y.example' }] },
    ],
    [
      'adds a bare value',
      { op: 'add', path: 'emails', value: 'x@y.example' },
      { emails: [WORK, HOME, { value: 'x@y.example' }] },
    ],
    ['adds nothing twice', { op: 'add', path: 'emails', value: [WORK] }, {}],
    [
      'takes primary from the others',
      { op: 'add', path: 'emails', value: [{ value: 'x@y.example', primary: true }] },
      { emails: [{ ...WORK, primary: false }, HOME, { value: 'x@y.example', primary: true }] },
    ],
    [
      'and by a filter',
      { op: 'replace', path: 'emails[type eq "home"].primary', value: true },
      {
        emails: [
          { ...WORK, primary: false },
          { ...HOME, primary: true },
        ],
      },
    ],
    ['and back again', { op: 'replace', path: 'emails[type eq "work"].primary', value: 'true' }, {}],
    [
      'replaces a list',
      { op: 'replace', path: 'emails', value: [{ value: 'x@y.example' }] },
      { emails: [{ value: 'x@y.example' }] },
    ],
    [
      'replaces what a filter finds',
      { op: 'replace', path: 'emails[type eq "work"]', value: { value: 'x@y.example', type: 'work' } },
      { emails: [{ value: 'x@y.example', type: 'work' }, HOME] },
    ],
    [
      'adds to what a filter finds',
      { op: 'add', path: 'emails[type eq "home"]', value: { display: 'x' } },
      { emails: [WORK, { ...HOME, display: 'x' }] },
    ],
    [
      'sets a value of what a filter finds',
      { op: 'replace', path: 'emails[TYPE EQ "WORK"].value', value: 'x@y.example' },
      { emails: [{ ...WORK, value: 'x@y.example' }, HOME] },
    ],
    [
      'makes what a filter does not find',
      { op: 'replace', path: 'phoneNumbers[type eq "mobile"].value', value: '+44' },
      { phoneNumbers: [{ type: 'mobile', value: '+44' }] },
    ],
    [
      'with all that the filter says',
      { op: 'add', path: 'emails[type eq "other" and primary eq false].value', value: 'x@y.example' },
      { emails: [WORK, HOME, { type: 'other', primary: false, value: 'x@y.example' }] },
    ],
    [
      'as a whole',
      { op: 'replace', path: 'addresses[type eq "work"]', value: { locality: 'London' } },
      { addresses: [{ type: 'work', locality: 'London' }] },
    ],
    ['removes what a filter finds', { op: 'remove', path: 'emails[type eq "work"]' }, { emails: [HOME] }],
    [
      'removes a sub-attribute of it',
      { op: 'remove', path: 'emails[type eq "work"].primary' },
      { emails: [{ value: 'ada@work.example', type: 'work' }, HOME] },
    ],
    ['removes nothing that no filter finds', { op: 'remove', path: 'emails[type eq "other"]' }, {}],
    ['removes by value', { op: 'remove', path: 'emails', value: [{ value: 'ada@work.example' }] }, { emails: [HOME] }],
    ['finds a bracket in a literal', { op: 'remove', path: 'emails[value eq "a]b"]' }, {}],
  ] as const)('%s', (_, operation, changed) => {
    expect(patch(ADA, operation)).toEqual({ ...ADA, ...changed })
  })

  it.each([
    ['a list', { op: 'remove', path: 'emails' }, 'emails'],
    ['an object', { op: 'remove', path: 'name' }, 'name'],
    ['the last of a list', { op: 'remove', path: 'emails[value pr]' }, 'emails'],
  ] as const)('removes %s', (_, operation, name) => {
    const { [name]: _gone, ...rest } = ADA
    expect(patch(ADA, operation)).toEqual(rest)
  })

  it('comes in its order', () => {
    const after = patch(
      ADA,
      { op: 'remove', path: 'emails' },
      { op: 'add', path: 'emails', value: [{ value: 'x@y.example' }] },
      { op: 'replace', path: 'title', value: 'one' },
      { op: 'replace', path: 'title', value: 'two' },
    )
    expect(after).toMatchObject({ emails: [{ value: 'x@y.example' }], title: 'two' })
  })
})

describe('a refusal', () => {
  it.each([
    ['an unknown op', { op: 'move', path: 'title', value: 'x' }, 'SCIM_INVALID_SYNTAX'],
    ['no op', { path: 'title', value: 'x' }, 'SCIM_INVALID_SYNTAX'],
    ['op of a prototype', { op: 'constructor', path: 'title' }, 'SCIM_INVALID_SYNTAX'],
    ['no object', 'replace', 'SCIM_INVALID_SYNTAX'],
    ['a removal without a path', { op: 'remove' }, 'SCIM_NO_TARGET'],
    [
      'a filter that finds nothing and says no value',
      { op: 'replace', path: 'emails[value co "zzz"].type', value: 'x' },
      'SCIM_NO_TARGET',
    ],
    ['an unknown attribute', { op: 'add', path: 'shoeSize', value: 1 }, 'SCIM_INVALID_PATH'],
    ['an unknown attribute without a path', { op: 'add', value: { shoeSize: 1 } }, 'SCIM_INVALID_PATH'],
    ['an unknown sub-attribute', { op: 'add', path: 'name.shoe', value: 1 }, 'SCIM_INVALID_PATH'],
    ['no path', { op: 'add', path: 'not a path', value: 1 }, 'SCIM_INVALID_PATH'],
    ['a path that is no text', { op: 'add', path: 5, value: 1 }, 'SCIM_INVALID_PATH'],
    ['a path that is too deep', { op: 'add', path: 'name.givenName.x', value: 1 }, 'SCIM_INVALID_PATH'],
    ['a filter on what is no list', { op: 'add', path: 'name[givenName eq "x"]', value: {} }, 'SCIM_INVALID_PATH'],
    ['an open bracket', { op: 'add', path: 'emails[type eq "x"', value: {} }, 'SCIM_INVALID_PATH'],
    ['a filter that is none', { op: 'remove', path: 'emails[type is "x"]' }, 'SCIM_INVALID_FILTER'],
    [
      '10,000 parentheses',
      { op: 'remove', path: `emails[${'('.repeat(900)}type pr${')'.repeat(900)}]` },
      'SCIM_INVALID_FILTER',
    ],
    ['a long path', { op: 'remove', path: 'x'.repeat(2001) }, 'SCIM_INVALID_PATH'],
    ['an attribute twice', { op: 'add', value: { title: 'x', Title: 'y' } }, 'SCIM_INVALID_SYNTAX'],
    [
      'an attribute twice, with its URN and without',
      { op: 'replace', value: { active: true, [`${CORE}:active`]: false } },
      'SCIM_INVALID_SYNTAX',
    ],
    ['another id', { op: 'replace', value: { id: 'x' } }, 'SCIM_MUTABILITY'],
    ['an id by path', { op: 'replace', path: 'id', value: ID }, 'SCIM_MUTABILITY'],
    ['meta', { op: 'replace', path: 'meta.created', value: 'x' }, 'SCIM_MUTABILITY'],
    ['groups', { op: 'add', path: 'groups', value: [{ value: 'x' }] }, 'SCIM_MUTABILITY'],
    ['schemas', { op: 'remove', path: 'schemas' }, 'SCIM_MUTABILITY'],
    ['a name that is removed', { op: 'remove', path: 'userName' }, 'SCIM_INVALID_VALUE'],
    ['a name that is emptied', { op: 'replace', path: 'userName', value: null }, 'SCIM_INVALID_VALUE'],
    ['a number for a text', { op: 'replace', path: 'title', value: 5 }, 'SCIM_INVALID_VALUE'],
    ['an object for a text', { op: 'replace', path: 'title', value: {} }, 'SCIM_INVALID_VALUE'],
    ['a word for a boolean', { op: 'replace', path: 'active', value: 'yes' }, 'SCIM_INVALID_VALUE'],
    ['a text for an object', { op: 'replace', path: 'name', value: 'Ada' }, 'SCIM_INVALID_VALUE'],
    ['NUL', { op: 'replace', path: 'title', value: 'a\0b' }, 'SCIM_INVALID_VALUE'],
    ['half a surrogate pair', { op: 'replace', path: 'title', value: '\ud800' }, 'SCIM_INVALID_VALUE'],
    ['a value that is no object without a path', { op: 'add', value: 'x' }, 'SCIM_INVALID_VALUE'],
    ['a text of 5,000', { op: 'add', path: 'title', value: 'x'.repeat(5000) }, 'SCIM_INVALID_VALUE'],
  ])('of %s', (_, operation, code) => {
    expect(codeOf(() => patch(ADA, operation))).toBe(code)
  })

  it.each([
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    '__proto__.isAdmin',
    'name.__proto__',
    'constructor.prototype.x',
  ])('of %s, by path and by key', (name) => {
    const before = Object.getOwnPropertyNames(Object.prototype).sort()
    for (const op of ['add', 'replace', 'remove']) {
      expect(codeOf(() => patch(ADA, { op, path: name, value: true }))).toBe('SCIM_INVALID_PATH')
      expect(codeOf(() => patch(ADA, { op, path: `emails[${name} eq "x"]`, value: true }))).toBe('SCIM_INVALID_FILTER')
    }
    expect(codeOf(() => patch(ADA, JSON.parse(`{"op":"add","value":{"${name}":{"isAdmin":true}}}`)))).toBe(
      'SCIM_INVALID_PATH',
    )
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before)
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
  })

  it.each([
    ['no schemas', { Operations: [{ op: 'remove', path: 'title' }] }],
    ['other schemas', { schemas: [CORE], Operations: [{ op: 'remove', path: 'title' }] }],
    ['no operations', { schemas: [PATCH_OP] }],
    ['none in the list', { schemas: [PATCH_OP], Operations: [] }],
    ['no list', { schemas: [PATCH_OP], Operations: { op: 'remove', path: 'title' } }],
    ['101', { schemas: [PATCH_OP], Operations: Array.from({ length: 101 }, () => ({ op: 'remove', path: 'title' })) }],
  ])('of a message with %s', (_, body) => {
    expect(codeOf(() => readPatch(USER_RESOURCE, body, ID))).toBe('SCIM_INVALID_SYNTAX')
  })
})

const texts = fc.constantFrom('title', 'nickName', 'displayName', 'name.givenName', `${ENTERPRISE}:department`)
const value = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).filter((text) => !text.includes('\0'))

const valueAt = (object: ScimComplex, path: string): unknown =>
  path.startsWith(ENTERPRISE)
    ? (object[ENTERPRISE] as ScimComplex).department
    : path.split('.').reduce<unknown>((inner, name) => (inner as ScimComplex)[name], object)

describe('for any value', () => {
  it('what is replaced is read', () => {
    fc.assert(
      fc.property(texts, value, (path, text) => {
        expect(valueAt(patch(ADA, { op: 'replace', path, value: text }), path)).toBe(text)
      }),
    )
  })

  it('adding it again changes nothing', () => {
    const element = fc.record({ value, type: fc.constantFrom('work', 'home'), primary: fc.boolean() })
    fc.assert(
      fc.property(fc.array(element, { minLength: 1, maxLength: 3 }), (elements) => {
        const once = patch(ADA, { op: 'add', path: 'emails', value: elements })
        const twice = patch(once, { op: 'add', path: 'emails', value: elements })
        expect(twice).toEqual(once)
        const primaries = (once.emails as readonly ScimComplex[]).filter(({ primary }) => primary === true)
        expect(primaries.length).toBeLessThanOrEqual(1)
      }),
    )
  })
})

describe('through the API', () => {
  const app = createTestApp()

  it('leaves no trace when one operation fails', async () => {
    const directory = await connect(app)
    const { body } = await directory.user({ title: 'before' })
    const failed = await directory.patch(
      body.id,
      { op: 'replace', path: 'title', value: 'after' },
      { op: 'replace', path: 'emails', value: [{ value: 'no address' }] },
    )
    expect(refusalOf(failed)).toEqual([400, 'invalidValue'])
    expect((await directory.call('GET', `/Users/${body.id}`)).body).toEqual(body)
  })

  it('loses none of 20 at once', async () => {
    const directory = await connect(app)
    const { body } = await directory.user({ userName: 'many' })
    const add = (index: number): Promise<number> =>
      directory
        .patch(body.id, { op: 'add', path: 'phoneNumbers', value: [{ value: `+${index}`, type: `t${index}` }] })
        .then(({ status }) => (status === 409 ? add(index) : status))
    const statuses = await Promise.all(Array.from({ length: 20 }, (_, index) => add(index)))
    expect(new Set(statuses)).toEqual(new Set([200]))
    const { body: after } = await directory.call('GET', `/Users/${body.id}`)
    expect(after.phoneNumbers).toHaveLength(20)
    expect(after.meta.version).toBe('W/"21"')
  })

  it('and DELETE at once: one is first', async () => {
    const directory = await connect(app)
    const { body } = await directory.user()
    const [patched, gone] = await Promise.all([
      directory.patch(body.id, { op: 'replace', path: 'title', value: 'x' }),
      directory.call('DELETE', `/Users/${body.id}`),
    ])
    expect([200, 404]).toContain(patched.status)
    expect(gone.status).toBe(204)
    expect((await directory.call('GET', `/Users/${body.id}`)).status).toBe(404)
  })
})
