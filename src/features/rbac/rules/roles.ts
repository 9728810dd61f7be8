import { RANKS, type Rank } from '../../../lib/roles.ts'
import { EVERYTHING } from './permissions.ts'

/** What the roles in an organization allow, as in Janua. They cannot be changed. */
export const SYSTEM_ROLES: ReadonlyMap<string, readonly string[]> = new Map([
  ['owner', [EVERYTHING]],
  [
    'admin',
    [
      'org:read',
      'org:update',
      'users:*',
      'settings:read',
      'settings:update',
      'integrations:*',
      'webhooks:*',
      'api_keys:*',
    ],
  ],
  ['member', ['org:read', 'users:read', 'users:update:self', 'settings:read']],
  ['viewer', ['org:read', 'users:read:self']],
])

/** The ids of the system roles, which have no row. */
export const SYSTEM_ROLE_IDS: Readonly<Record<Rank, string>> = {
  owner: '6f1c0a52-8d0e-4b6c-9a51-2f0f5f7f8a01',
  admin: '6f1c0a52-8d0e-4b6c-9a51-2f0f5f7f8a02',
  member: '6f1c0a52-8d0e-4b6c-9a51-2f0f5f7f8a03',
  viewer: '6f1c0a52-8d0e-4b6c-9a51-2f0f5f7f8a04',
}

export const findSystemRole = ({
  id,
  name,
}: {
  id?: string | undefined
  name?: string | undefined
}): Rank | undefined =>
  RANKS.find((role) => SYSTEM_ROLE_IDS[role] === id || (name !== undefined && role === nameKeyOf(name)))

/** Keys that no custom role may have: those of system roles, and what the service or one of its surfaces calls a role itself. */
const RESERVED: ReadonlySet<string> = new Set([
  ...SYSTEM_ROLES.keys(),
  'user',
  'vendor',
  // What gateway-auth makes of them.
  'role_user',
  'role_admin',
])

const MAX_KEY_LENGTH = 64

/** The form in which a name is unique in its scope and looked up. */
export const nameKeyOf = (name: string): string => name.normalize('NFKC').trim().toLowerCase()

/** What tokens call a custom role: made from its first name. It has only what headers and `X-Auth-Roles` carry as it is. */
export const roleKeyOf = (name: string): string =>
  nameKeyOf(name)
    .replaceAll(/[^a-z0-9:_-]/gu, '-')
    .slice(0, MAX_KEY_LENGTH)

/** As `roleKeyOf`, with a number where the scope has that key already: of a role that was renamed, or of a name in other letters. */
export function freeKeyOf(name: string, taken: ReadonlySet<string>): string {
  const key = roleKeyOf(name)
  const candidates = Array.from({ length: taken.size }, (_, index) => {
    const suffix = `-${index + 2}`
    return key.slice(0, MAX_KEY_LENGTH - suffix.length) + suffix
  })
  return [key, ...candidates].find((candidate) => !taken.has(candidate)) ?? key
}

/** Whether a custom role may not be called so: gateways would take it for a role of the service. Asked at a rename, too. */
export const isReservedName = (name: string): boolean => RESERVED.has(roleKeyOf(name))

/** Whether the key can be a custom role's. */
export const isCustomKey = (key: string): boolean => !RESERVED.has(key)
