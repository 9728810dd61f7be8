import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KNOWN_PERMISSIONS } from '../../../src/features/rbac/rules/catalogue.ts'
import { containersOf, isGranted, isPermission, missingFrom } from '../../../src/features/rbac/rules/permissions.ts'
import { isCustomKey, isReservedName, roleKeyOf, SYSTEM_ROLES } from '../../../src/features/rbac/rules/roles.ts'

const contains = (held: string, permission: string) => isGranted(permission, (one) => one === held)

describe('a permission', () => {
  it.each([
    '*',
    'users:read',
    'users:read:self',
    'users:*',
    'users:*:self',
    '*:read',
    '*:*',
    'api_keys:x-1',
    `${'r'.repeat(64)}:${'a'.repeat(64)}:self`,
  ])('can be %s', (text) => {
    expect(isPermission(text)).toBe(true)
  })

  it.each([
    '',
    ':',
    'users',
    'users:',
    ':read',
    'users:read:',
    'users:read:other',
    'users:read:*',
    'users:read:self:self',
    'Users:read',
    'users:re*d',
    'us*:read',
    '**:read',
    ' users:read',
    'users:read\n',
    'users: read',
    'üsers:read',
    'users.read',
    `${'r'.repeat(65)}:a`,
    `r:${'a'.repeat(65)}`,
    '__proto__',
  ])('cannot be %j', (text) => {
    expect(isPermission(text)).toBe(false)
  })
})

describe('containment', () => {
  it.each([
    ['*', 'users:update:self'],
    ['*', '*'],
    ['*', '*:*'],
    ['*', 'anything at all'],
    ['*:*', 'users:update'],
    ['*:*', 'users:*:self'],
    ['users:*', 'users:update'],
    ['users:*', 'users:update:self'],
    ['users:*', 'users:*:self'],
    ['users:update', 'users:update:self'],
    ['*:update', 'users:update'],
    ['*:update', '*:update:self'],
    ['users:*:self', 'users:update:self'],
  ])('%s contains %s', (held, permission) => {
    expect(contains(held, permission)).toBe(true)
  })

  it.each([
    ['users:update:self', 'users:update'],
    ['users:update', 'users:*'],
    ['users:*', '*:update'],
    ['users:*', '*:*'],
    ['users:*', '*'],
    ['*:*', '*'],
    ['*:*', 'anything at all'],
    ['*:update', 'users:*'],
    ['users:*:self', 'users:update'],
    ['user:*', 'users:read'],
    ['users:*', 'users'],
    ['users:*', 'users:'],
    ['users:*', 'users:read:other'],
    ['webhooks:*', 'webhooksX'],
    ['users:read', 'users:read '],
    ['users:read', 'USERS:READ'],
  ])('%s does not contain %s', (held, permission) => {
    expect(contains(held, permission)).toBe(false)
  })

  const part = fc.constantFrom('*', 'a', 'b', 'c')
  const permission = fc.oneof(
    { weight: 1, arbitrary: fc.constant('*') },
    {
      weight: 9,
      arbitrary: fc.tuple(part, part, fc.boolean()).map(([r, a, self]) => `${r}:${a}${self ? ':self' : ''}`),
    },
  )

  it('is reflexive', () => {
    fc.assert(fc.property(permission, (one) => contains(one, one)))
  })

  it('is transitive', () => {
    fc.assert(
      fc.property(
        permission,
        permission,
        permission,
        (a, b, c) => !contains(a, b) || !contains(b, c) || contains(a, c),
      ),
      { numRuns: 10_000 },
    )
  })

  it('is antisymmetric: no two permissions mean the same', () => {
    fc.assert(
      fc.property(permission, permission, (a, b) => a === b || !contains(a, b) || !contains(b, a)),
      { numRuns: 5000 },
    )
  })

  it('holds exactly when whatever the one names, the other names too', () => {
    // `z` stands for every name that neither mentions.
    const names = ['a', 'b', 'c', 'z']
    const named = names.flatMap((r) => names.flatMap((a) => [`${r}:${a}`, `${r}:${a}:self`]))
    const namedBy = (held: string) => named.filter((one) => contains(held, one))
    fc.assert(
      fc.property(permission, permission, (a, b) => {
        const isSubset = namedBy(b).every((one) => contains(a, one))
        // `*` alone stands above `*:*`, which names all that it names.
        if (a === '*:*' && b === '*') return isSubset && !contains(a, b)
        return contains(a, b) === isSubset
      }),
      { numRuns: 5000 },
    )
  })

  it('asks for nine permissions at most', () => {
    expect(containersOf('users:update:self')).toHaveLength(9)
    fc.assert(fc.property(fc.string(), (text) => containersOf(text).length <= 9 && containersOf(text).includes('*')))
  })

  it('names what is missing', () => {
    expect(missingFrom(['users:*', 'org:read'], ['users:read:self', 'org:update', 'org:read', '*'])).toEqual([
      'org:update',
      '*',
    ])
    expect(missingFrom(['*'], ['users:*', '*'])).toEqual([])
    expect(missingFrom([], ['org:read'])).toEqual(['org:read'])
  })
})

describe('roles', () => {
  it('of the system allow permissions only', () => {
    expect([...SYSTEM_ROLES.keys()]).toEqual(['owner', 'admin', 'member', 'viewer'])
    expect([...SYSTEM_ROLES.values()].flat().filter((one) => !isPermission(one))).toEqual([])
  })

  it.each([
    ['owner', 'admin'],
    ['owner', 'member'],
    ['admin', 'viewer'],
    ['member', 'viewer'],
  ])('%s allows all that %s does', (more, less) => {
    expect(missingFrom(SYSTEM_ROLES.get(more) ?? [], SYSTEM_ROLES.get(less) ?? [])).toEqual([])
  })

  it.each([
    ['Support Team', 'support-team'],
    ['  Editor ', 'editor'],
    ['a:b_c-d', 'a:b_c-d'],
    ['Zoë', 'zo-'],
    ['\u{1f600}x', '-x'],
    ['a,b\r\nc', 'a-b--c'],
    ['x'.repeat(100), 'x'.repeat(64)],
  ])('%j has the key %s', (name, key) => {
    expect(roleKeyOf(name)).toBe(key)
  })

  it('have keys that headers carry as they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (name) => /^[a-z0-9:_-]{0,64}$/.test(roleKeyOf(name))),
    )
  })

  it.each(['owner', 'Admin', ' ADMIN ', 'member', 'viewer', 'user', 'Vendor'])('cannot be called %j', (name) => {
    expect(isReservedName(name)).toBe(true)
    expect(isCustomKey(roleKeyOf(name))).toBe(false)
  })

  it.each(['owners', 'co-admin', 'support', 'constructor', '__proto__'])('can be called %j', (name) => {
    expect(isReservedName(name)).toBe(false)
  })
})

describe('the catalogue', () => {
  it('has each permission once, and those of all system roles', () => {
    const known = KNOWN_PERMISSIONS.map(({ permission }) => permission)
    expect(new Set(known).size).toBe(known.length)
    expect(known.filter((one) => !isPermission(one))).toEqual([])
    expect([...SYSTEM_ROLES.values()].flat().filter((one) => !known.includes(one))).toEqual([])
  })

  it('has every category', () => {
    expect([...new Set(KNOWN_PERMISSIONS.map(({ category }) => category))]).toEqual([
      'system',
      'organization',
      'users',
      'settings',
      'integrations',
      'webhooks',
      'api_keys',
      'billing',
    ])
  })
})
