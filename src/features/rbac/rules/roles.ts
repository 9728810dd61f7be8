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

/** Keys that no custom role may have: those of system roles, and what the service itself writes into `roles`. */
const RESERVED: ReadonlySet<string> = new Set([...SYSTEM_ROLES.keys(), 'user', 'vendor'])

const MAX_KEY_LENGTH = 64

/** What tokens call a custom role: made from its first name. It has only what headers and `X-Auth-Roles` carry as it is. */
export const roleKeyOf = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replaceAll(/[^a-z0-9:_-]/gu, '-')
    .slice(0, MAX_KEY_LENGTH)

/** Whether a custom role may not be called so: gateways would take it for a role of the service. Asked at a rename, too. */
export const isReservedName = (name: string): boolean => RESERVED.has(roleKeyOf(name))

/** Whether the key can be a custom role's. */
export const isCustomKey = (key: string): boolean => !RESERVED.has(key)
