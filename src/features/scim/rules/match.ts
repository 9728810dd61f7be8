import type { ScimComplex, ScimValue } from '../types.ts'
import type { Comparison, Condition, FilterValue } from './filter.ts'
import type { AttributePath } from './schema.ts'
import { fold } from './schema.ts'

const textIn = (path: AttributePath, element: ScimComplex): ScimValue | undefined => element[path[0].name]

const COMPARE: Readonly<Record<Comparison, (a: string | boolean, b: string | boolean) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  co: (a, b) => String(a).includes(String(b)),
  sw: (a, b) => String(a).startsWith(String(b)),
  ew: (a, b) => String(a).endsWith(String(b)),
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
}

const folding = (value: FilterValue): string | boolean => (typeof value === 'string' ? fold(value) : value === true)

/** Whether an element of a list in hand is what the filter of a PATCH path means. */
export function isMatch(condition: Condition, element: ScimComplex): boolean {
  switch (condition.kind) {
    case 'and':
      return condition.of.every((one) => isMatch(one, element))
    case 'or':
      return condition.of.some((one) => isMatch(one, element))
    case 'not':
      return !isMatch(condition.of, element)
    case 'present': {
      const value = textIn(condition.path, element)
      return value !== undefined && value !== ''
    }
    case 'compare': {
      const value = textIn(condition.path, element)
      if (typeof value !== 'string' && typeof value !== 'boolean') return condition.op === 'ne'
      return COMPARE[condition.op](folding(value), folding(condition.value))
    }
    // A sub-attribute is no list.
    case 'element':
      return false
  }
}
