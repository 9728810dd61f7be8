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

/** `?role=admin|editor&acr=aal2&consistency=strong&from=cookie`. Undefined for an unknown key or an invalid value. */
export function readQueryConditions(search: string): Conditions | undefined {
  if (search === '' || search === '?') return NO_CONDITIONS
  return collect([...new URLSearchParams(search)])
}

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

/** Whether the conditions hold for the token's claims, but `permission`, which `isPermitted` (rbac) answers. */
export function areMet(conditions: Conditions, claims: AccessClaims): boolean {
  if (conditions === NO_CONDITIONS) return true
  // A machine has no roles, no organization and no level.
  const user = 'sid' in claims ? claims : null
  const level = ACR_LEVELS.get(user?.acr ?? '') ?? 0
  const any = (values: readonly string[], holds: (value: string) => boolean) =>
    values.length === 0 || values.some(holds)
  return (
    any(conditions.role, (role) => user?.roles.includes(role) ?? false) &&
    any(conditions.org, (org) => user !== null && org === user.org_id) &&
    any(conditions.acr, (acr) => level >= (ACR_LEVELS.get(acr) ?? Number.POSITIVE_INFINITY))
  )
}
