import { isUuid } from '../../../lib/ids.ts'
import { at, invalidFilter, invalidValue, mutability } from '../errors.ts'
import type { Condition } from './filter.ts'
import type { Change } from './patch.ts'
import { isAbsent, isObject, requireOnce } from './values.ts'

/** What becomes of the members of a group, by ids of records. `set` leaves exactly these. */
export interface MemberChange {
  readonly op: 'add' | 'remove' | 'set'
  readonly ids: readonly string[]
}

/** Of one request, as many as an answer shows: a directory with more sends several. */
const MAX_MEMBERS = 10_000

const idOf = (member: unknown): string => {
  if (isObject(member)) requireOnce(Object.keys(member).map((name) => name.toLowerCase()))
  const value = isObject(member) ? Object.entries(member).find(([name]) => name.toLowerCase() === 'value')?.[1] : member
  if (typeof value !== 'string') throw at(invalidValue, 'A member has the id of a user as its value')
  return value.toLowerCase()
}

const idsOf = (members: unknown): readonly string[] =>
  isAbsent(members)
    ? []
    : [...new Set((Array.isArray(members) ? members : [members]).filter((one) => !isAbsent(one)).map(idOf))]

/** The ids of `members` in a body: a list of objects, or of bare ids. Throws SCIM_INVALID_VALUE, also for what is no id. */
export function readMemberIds(members: unknown): readonly string[] {
  const ids = idsOf(members)
  const wrong = ids.find((id) => !isUuid(id))
  if (wrong !== undefined) throw at(invalidValue, `There is no user ${wrong}`)
  if (ids.length > MAX_MEMBERS) throw at(invalidValue, `A request names ${MAX_MEMBERS} members at most`)
  return ids
}

/** The ids that a filter of members names. */
function idsIn(condition: Condition): readonly string[] {
  if (condition.kind === 'or') return condition.of.flatMap(idsIn)
  const { kind } = condition
  const isId = kind === 'compare' && condition.op === 'eq' && condition.path[0].name === 'value'
  if (!isId || typeof condition.value !== 'string') throw at(invalidFilter, 'Members are found by value eq')
  return [condition.value.toLowerCase()]
}

const isOfMembers = ({ target }: Change): boolean => target.path[0].name === 'members'

function toMemberChange({ op, target, value }: Change): MemberChange {
  const { filter, sub, path } = target
  if (sub || path.length > 1) throw at(mutability, 'A member is added or removed as a whole')
  if (filter) {
    if (op !== 'remove') throw at(mutability, 'A member is added or removed as a whole')
    return { op, ids: idsIn(filter).filter(isUuid) }
  }
  if (op === 'remove')
    return value === undefined || value === null ? { op: 'set', ids: [] } : { op, ids: idsOf(value).filter(isUuid) }
  return { op: op === 'add' ? 'add' : 'set', ids: readMemberIds(value) }
}

/** The changes of a group's members, and those of its attributes, each in their order. */
export const splitMembers = (changes: readonly Change[]) => ({
  members: changes.filter(isOfMembers).map(toMemberChange),
  attributes: changes.filter((change) => !isOfMembers(change)),
})
