import { isAdmin } from '../../../lib/roles.ts'
import type { AccessClaims } from '../../keys/types.ts'
import type { Consistency } from '../types.ts'

/** What a gateway demands of the caller. Keys hold together; a key with several values means any of them. */
export interface Conditions {
  readonly consistency: Consistency
  /** `cookie` leaves `Authorization` to the application: it may hold a credential of the application's own. */
  readonly from: 'anywhere' | 'cookie'
  readonly role: readonly string[]
  readonly permission: readonly string[]
  readonly org: readonly string[]
  readonly acr: readonly string[]
}

type Key = Exclude<keyof Conditions, 'consistency' | 'from'>

const KEYS: readonly string[] = ['role', 'permission', 'org', 'acr'] satisfies Key[]
const isKey = (key: string): key is Key => KEYS.includes(key)

export const NO_CONDITIONS: Conditions = {
  consistency: 'view',
  from: 'anywhere',
  role: [],
  permission: [],
  org: [],
  acr: [],
}

/** `?role=admin|editor&acr=aal2&consistency=strong&from=cookie`. Undefined for an unknown key or a value that is none. */
export function readQueryConditions(search: string): Conditions | undefined {
  if (search === '' || search === '?') return NO_CONDITIONS
  return collect([...new URLSearchParams(search)])
}

/** A word of `X-Auth-Require`: no space, comma or control character in it. */
const PAIR = /^([a-z]+)=([\x21-\x2b\x2d-\x7e]+)$/

/**
 * `role=admin|editor, acr=aal2, strong, from=cookie`, or `valid` for no condition. Undefined when malformed, and when a key is
 * given twice: two headers arrive joined by a comma, and the one that a client sent would widen the gateway's.
 */
export function readHeaderConditions(header: string): Conditions | undefined {
  if (header.trim() === 'valid') return NO_CONDITIONS
  const words = header.split(',').map((word) => word.trim())
  const pairs = words.map((word): Pair => {
    if (word === 'strong') return ['consistency', 'strong']
    const [, key = '', value = ''] = PAIR.exec(word) ?? []
    // `strong` is a word of its own here.
    return key === 'consistency' ? ['', ''] : [key, value]
  })
  return new Set(pairs.map(([key]) => key)).size === pairs.length ? collect(pairs) : undefined
}

type Pair = readonly [key: string, value: string]

/** Undefined when a pair is malformed: then nothing of the whole counts. */
function collect(pairs: readonly Pair[]): Conditions | undefined {
  const found: Record<Key, string[]> = { role: [], permission: [], org: [], acr: [] }
  let consistency: Conditions['consistency'] = 'view'
  let from: Conditions['from'] = 'anywhere'
  for (const [key, value] of pairs) {
    if (key === 'consistency' && value === 'strong') consistency = 'strong'
    else if (key === 'from' && value === 'cookie') from = 'cookie'
    else if (isKey(key)) found[key].push(...value.split('|'))
    else return undefined
  }
  const hasEmptyValue = Object.values(found).some((values) => values.includes(''))
  return hasEmptyValue ? undefined : { consistency, from, ...found }
}

/** What each role of an organization may do, as Janua has it. */
const GRANTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['owner', ['*']],
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

/** `resource:action[:self]`; a grant's `*` stands for all of the rest. */
function isGranted(grant: string, permission: string): boolean {
  if (grant === '*' || grant === permission) return true
  return grant.endsWith(':*') && permission.startsWith(grant.slice(0, -1))
}

const ACR_LEVELS: ReadonlyMap<string, number> = new Map([
  ['aal1', 1],
  ['aal2', 2],
])

/** What a token grants, in the terms of conditions. */
interface Holder {
  readonly roles: readonly string[]
  hasPermission(permission: string): boolean
  readonly organizationId: string | null
  readonly acr: string | null
}

function holderOf(claims: AccessClaims): Holder {
  if (!('sid' in claims)) {
    // A machine has its scopes, word for word, and nothing else.
    const scopes = claims.scope.split(' ')
    return { roles: [], hasPermission: (asked) => scopes.includes(asked), organizationId: null, acr: null }
  }
  const grants = isAdmin(claims) ? ['*'] : (GRANTS.get(claims.org_role ?? '') ?? [])
  return {
    roles: claims.roles,
    hasPermission: (asked) => grants.some((grant) => isGranted(grant, asked)),
    organizationId: claims.org_id,
    acr: claims.acr,
  }
}

/** Whether every condition holds for the token's claims. */
export function areMet(conditions: Conditions, claims: AccessClaims): boolean {
  if (conditions === NO_CONDITIONS) return true
  const holder = holderOf(claims)
  const level = ACR_LEVELS.get(holder.acr ?? '') ?? 0
  const any = (values: readonly string[], holds: (value: string) => boolean) =>
    values.length === 0 || values.some(holds)
  return (
    any(conditions.role, (role) => holder.roles.includes(role)) &&
    any(conditions.org, (org) => org === holder.organizationId) &&
    any(conditions.acr, (acr) => level >= (ACR_LEVELS.get(acr) ?? Number.POSITIVE_INFINITY)) &&
    any(conditions.permission, (permission) => holder.hasPermission(permission))
  )
}
