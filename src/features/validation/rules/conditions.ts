import type { AccessClaims } from '../../keys/types.ts'
import type { Consistency } from '../types.ts'

/** The conditions of a gateway. All keys must hold; for a key with several values, one of them is enough. */
export interface Conditions {
  readonly consistency: Consistency
  /** `cookie`: ignores `Authorization`, which may contain a credential for the application itself. */
  readonly from: 'anywhere' | 'cookie'
  readonly role: readonly string[]
  readonly permission: readonly string[]
  readonly org: readonly string[]
  readonly acr: readonly string[]
}

type Key = Exclude<keyof Conditions, 'consistency' | 'from'>

const KEYS = ['role', 'org', 'acr', 'permission'] as const satisfies readonly Key[]
const isKey = (key: string): key is Key => KEYS.some((known) => known === key)

/** Every key that a query may have. */
export const QUERY_KEYS: readonly string[] = [...KEYS, 'consistency', 'from']

export const NO_CONDITIONS: Conditions = {
  consistency: 'view',
  from: 'anywhere',
  role: [],
  permission: [],
  org: [],
  acr: [],
}

/** `?role=admin|editor&acr=aal2&consistency=strong&from=cookie`. Undefined for an unknown key or an invalid value. */
export function readQueryConditions(search: string): Conditions | undefined {
  if (search === '' || search === '?') return NO_CONDITIONS
  return collect([...new URLSearchParams(search)])
}

/** The first key that is unknown or has an invalid value. */
export const findMalformedKey = (search: string): string | undefined =>
  [...new URLSearchParams(search)].find((pair) => !collect([pair]))?.[0]

/** Whether a query has conditions, well-formed or not. */
export const hasConditions = (search: string): boolean =>
  [...new URLSearchParams(search).keys()].some((key) => QUERY_KEYS.includes(key))

/** A part of `X-Auth-Require`, without spaces, commas, control characters, and the `&` of somebody who means a query. */
const PAIR = /^([a-z]+)=([\x21-\x25\x27-\x2b\x2d-\x7e]+)$/

/**
 * `role=admin|editor, acr=aal2, strong, from=cookie`, or `valid` for no condition. Undefined when malformed or when a key is
 * repeated: a client's header arrives joined to the gateway's by a comma, and must not add values to its conditions.
 */
export function readHeaderConditions(header: string): Conditions | undefined {
  if (header.trim() === 'valid') return NO_CONDITIONS
  const words = header.split(',').map((word) => word.trim())
  const pairs = words.map((word): Pair => {
    if (word === 'strong') return ['consistency', 'strong']
    const [, key = '', value = ''] = PAIR.exec(word) ?? []
    // The header form of `consistency=strong` is `strong`.
    return key === 'consistency' ? ['', ''] : [key, value]
  })
  return new Set(pairs.map(([key]) => key)).size === pairs.length ? collect(pairs) : undefined
}

type Pair = readonly [key: string, value: string]

/** Undefined when any pair is malformed. */
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

const ACR_LEVELS: ReadonlyMap<string, number> = new Map([
  ['aal1', 1],
  ['aal2', 2],
])

/** The first condition that does not hold for the token's claims, but `permission`, which `isPermitted` (rbac) answers. */
export function findUnmet(conditions: Conditions, claims: AccessClaims): Key | undefined {
  if (conditions === NO_CONDITIONS) return undefined
  // A machine has no roles, no organization and no level.
  const user = 'sid' in claims ? claims : null
  const level = ACR_LEVELS.get(user?.acr ?? '') ?? 0
  const unmet = (values: readonly string[], holds: (value: string) => boolean) =>
    values.length > 0 && !values.some(holds)
  if (unmet(conditions.role, (role) => user?.roles.includes(role) ?? false)) return 'role'
  if (unmet(conditions.org, (org) => user !== null && org === user.org_id)) return 'org'
  return unmet(conditions.acr, (acr) => level >= (ACR_LEVELS.get(acr) ?? Number.POSITIVE_INFINITY)) ? 'acr' : undefined
}
