import { spend } from '../../../lib/matching.ts'
import type { JsonObject } from '../types.ts'
import { type Check, type Effect, joined, oneCheck, type Path, type Read, violation } from './checks.ts'
import { contextKey, findKey, type Key, UNREADABLE } from './keys.ts'
import { isObject, LIMITS } from './limits.ts'
import { OPERATORS, type Operator, parseDate, type Test } from './operators.ts'

/** The conditions of a policy, and what is wrong with those that cannot be read. All of them must hold. */
export function readConditions(conditions: JsonObject, effect: Effect): Read {
  const read = joined(
    Object.entries(conditions).map(([name, value]) => {
      const path = ['conditions', name]
      return OWN_KEYS.get(name)?.(value, path, effect) ?? readOperator(name, value, path, effect)
    }),
  )
  if (read.checks.length <= LIMITS.conditions) return read
  return violation(['conditions'], `holds more than ${LIMITS.conditions} conditions`, LIMITS.conditions)
}

const OPERATOR_NAME = /^(?:(ForAnyValue|ForAllValues):)?([A-Za-z]+?)(IfExists)?$/

/** How many values a key has, and how many of them must pass. */
type Quantifier = 'one' | 'any' | 'all'
const QUANTIFIERS: ReadonlyMap<string | undefined, Quantifier> = new Map([
  ['ForAnyValue', 'any'],
  ['ForAllValues', 'all'],
])

/** `{StringEquals: {key: value or values}}` */
function readOperator(name: string, keys: unknown, path: Path, effect: Effect): Read {
  const [, set, base = '', ifExists] = OPERATOR_NAME.exec(name) ?? []
  const operator = OPERATORS.get(base)
  if (!operator && name !== 'Null') return violation(path, 'is no operator')
  if (!isObject(keys) || Object.keys(keys).length === 0) return violation(path, 'must be an object of keys and values')
  const how = operator && {
    operator,
    quantifier: QUANTIFIERS.get(set) ?? 'one',
    ifExists: ifExists !== undefined,
    effect,
  }
  return joined(
    Object.entries(keys).map(([key, value]) =>
      how ? readComparison(how, key, value, [...path, key]) : readNull(key, value, [...path, key], effect),
    ),
  )
}

interface How {
  readonly operator: Operator
  readonly quantifier: Quantifier
  readonly ifExists: boolean
  readonly effect: Effect
}

function readComparison(how: How, name: string, value: unknown, path: Path): Read {
  const key = findKey(name)
  if (!key) return violation(path, 'is no key')
  if (key.kind !== 'json' && !how.operator.kinds.includes(key.kind)) {
    return violation(path, 'is no key of this operator')
  }
  if (key.kind === 'strings' && how.quantifier === 'one') {
    return violation(path, 'has several values: it takes ForAnyValue: or ForAllValues:')
  }
  return compare(how, key, value, path)
}

/** `value` is one value or a list of them. */
function compare(how: How, key: Key, value: unknown, path: Path): Read {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  const { valuesOfACondition } = LIMITS
  if (values.length === 0) return violation(path, 'must have a value')
  if (values.length > valuesOfACondition) {
    return violation(path, `has more than ${valuesOfACondition} values`, valuesOfACondition)
  }
  const wrong = values.flatMap((one, index) => (how.operator.isValue(one) ? [] : [index]))
  if (wrong.length > 0) {
    const at = (index: number) => (Array.isArray(value) ? [...path, index] : path)
    return joined(wrong.map((index) => violation(at(index), how.operator.expected)))
  }
  return oneCheck(path, comparison(how, key, how.operator.compile(values)))
}

/**
 * A value that is missing keeps an allow policy from applying. One of the wrong type does so too, and counts for a deny policy:
 * so no odd value gets past a refusal.
 */
function comparison({ operator, quantifier, ifExists, effect }: How, { read }: Key, test: Test): Check['decide'] {
  const { isNegative } = operator
  const ofWrongType = effect === 'deny' ? 'holds' : 'wrong_type'
  // IAM lets every ForAllValues hold for an empty list, and every negation for a missing key: in an allow policy both are holes.
  const ofNothing = effect === 'deny' && (isNegative || quantifier === 'all') ? 'holds' : 'missing'
  return (run) => {
    spend(run.steps, 1)
    const value = read(run.question)
    if (value === undefined) return ifExists ? 'holds' : ofNothing
    if (!Array.isArray(value)) {
      const result = test(value, run)
      return result === undefined ? ofWrongType : result !== isNegative ? 'holds' : 'not_met'
    }
    if (quantifier === 'one') return ofWrongType
    if (value.length === 0) return ofNothing
    spend(run.steps, value.length)
    const results = value.map((one) => test(one, run))
    if (results.includes(undefined)) return ofWrongType
    const passes = quantifier === 'any' ? results.includes(!isNegative) : !results.includes(isNegative)
    return passes ? 'holds' : 'not_met'
  }
}

/** `{Null: {key: true}}` holds when there is no such key, or its value is null; with `false`, when there is. */
function readNull(name: string, value: unknown, path: Path, effect: Effect): Read {
  const key = findKey(name)
  if (!key) return violation(path, 'is no key')
  const asked = typeof value === 'boolean' ? `${value}` : value
  if (asked !== 'true' && asked !== 'false') return violation(path, 'must be true or false')
  return oneCheck(path, (run) => {
    spend(run.steps, 1)
    const found = key.read(run.question)
    if (found === UNREADABLE) return effect === 'deny' ? 'holds' : 'wrong_type'
    const isMissing = found === undefined || found === null
    return `${isMissing}` === asked ? 'holds' : 'not_met'
  })
}

/** Janua's own keys, each read as the operators that say the same. */
const OWN_KEYS: ReadonlyMap<string, (value: unknown, path: Path, effect: Effect) => Read> = new Map([
  ['ip_range', (value, path, effect) => compareWith('IpAddress', 'environment.ip', value, path, effect)],
  ['time_window', readTimeWindow],
  ['mfa_required', readMfaRequired],
  ['attributes', readAttributes],
])

function compareWith(name: string, key: string | Key, value: unknown, path: Path, effect: Effect): Read {
  const operator = OPERATORS.get(name)
  const found = typeof key === 'string' ? findKey(key) : key
  if (!operator || !found) throw new Error(`no operator ${name}, or no such key`)
  return compare({ operator, quantifier: 'one', ifExists: false, effect }, found, value, path)
}

/** `{start, end}`, both of them in the window. Without an offset they are in UTC, as they are to Janua. */
function readTimeWindow(value: unknown, path: Path, effect: Effect): Read {
  if (!isObject(value)) return violation(path, 'must be {start, end}')
  const bounds = [
    ['start', 'DateGreaterThanEquals'],
    ['end', 'DateLessThanEquals'],
  ] as const
  const inUtc = (time: unknown) => (typeof time === 'string' && parseDate(time) === undefined ? `${time}Z` : time)
  return joined(
    bounds.map(([bound, name]) => compareWith(name, 'environment.time', inUtc(value[bound]), [...path, bound], effect)),
  )
}

/** A second factor was used. `false` asks for nothing. */
function readMfaRequired(value: unknown, path: Path, effect: Effect): Read {
  if (typeof value !== 'boolean') return violation(path, 'must be true or false')
  return value ? compareWith('StringEquals', 'environment.acr', 'aal2', path, effect) : joined([])
}

const EQUALS_OF_TYPES: ReadonlyMap<string, string> = new Map([
  ['string', 'StringEquals'],
  ['number', 'NumericEquals'],
  ['boolean', 'Bool'],
])

/** `{name: value}`: what the context has under these names, which may contain dots. */
function readAttributes(value: unknown, path: Path, effect: Effect): Read {
  if (!isObject(value)) return violation(path, 'must be an object of names and values')
  return joined(
    Object.entries(value).map(([name, wanted]) => {
      const [key, operator] = [contextKey([name]), EQUALS_OF_TYPES.get(typeof wanted)]
      if (!key) return violation([...path, name], 'is no name')
      if (!operator) return violation([...path, name], 'must be a text, a number, true or false')
      return compareWith(operator, key, wanted, [...path, name], effect)
    }),
  )
}
