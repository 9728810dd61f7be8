import { matchesPattern, type Steps, spend } from '../../../lib/matching.ts'
import { containsAddress, readAddress, readNetwork } from '../../../lib/network.ts'
import type { Run } from './checks.ts'
import type { Kind } from './keys.ts'
import { LIMITS } from './limits.ts'

const ISO_DATE =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(\d\d))(?:T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))?$/

/**
 * Epoch milliseconds of `2026-01-31T08:00:00+02:00`, or of `2026-01-31`, which begins in UTC; undefined for anything else. A time
 * without an offset is another moment to each reader, and so is a number: IAM counts seconds, JavaScript milliseconds.
 */
export function parseDate(text: string): number | undefined {
  const [, date = '', day] = ISO_DATE.exec(text) ?? []
  // The runtime takes 30 February for 2 March.
  return new Date(date).getUTCDate() === Number(day) ? Date.parse(text) : undefined
}

/** Whether any of a policy's values holds for one value of the question; undefined when that is of the wrong type. */
export type Test = (value: unknown, run: Run) => boolean | undefined

export interface Operator {
  /** Which keys it may name, besides those of any kind. */
  readonly kinds: readonly Kind[]
  /** Holds where its test does not. */
  readonly isNegative: boolean
  /** What a policy's value must be. */
  readonly expected: string
  readonly isValue: (value: unknown) => boolean
  readonly compile: (values: readonly unknown[]) => Test
}

interface Family<T> {
  readonly kinds: readonly Kind[]
  readonly expected: string
  /** A policy's value, undefined when it is none. */
  readonly read: (value: unknown) => T | undefined
}

const operator = <T>(
  { kinds, expected, read }: Family<T>,
  compile: (values: readonly T[]) => Test,
  { isNegative = false } = {},
): Operator => ({
  kinds,
  expected,
  isNegative,
  isValue: (value) => read(value) !== undefined,
  compile: (values) => compile(values.map(read).filter((value) => value !== undefined)),
})

/** The operator and its negation. */
const pair = <T>(name: string, negation: string, family: Family<T>, compile: (values: readonly T[]) => Test) =>
  [
    [name, operator(family, compile)],
    [negation, operator(family, compile, { isNegative: true })],
  ] as const

/** A test that looks at each value of the policy until one holds. */
function anyOf<T, V>(values: readonly T[], holds: (value: T, asked: V, steps: Steps) => boolean) {
  return (asked: V, { steps }: Run): boolean =>
    values.some((value) => {
      spend(steps, 1)
      return holds(value, asked, steps)
    })
}

const strings: Family<string> = {
  kinds: ['string', 'strings'],
  expected: 'must be a text',
  read: (value) => (typeof value === 'string' ? value : undefined),
}

const patterns: Family<string> = {
  kinds: strings.kinds,
  expected: `must be a pattern of at most ${LIMITS.patternLength} characters`,
  read: (value) => (typeof value === 'string' && value.length <= LIMITS.patternLength ? value : undefined),
}

/** Up to so many values are compared one by one: a small set takes ten times the memory of its texts. */
const FEW = 8

function stringTest(values: readonly string[], fold: (text: string, steps?: Steps) => string): Test {
  const folded = values.map((value) => fold(value))
  const all = folded.length > FEW ? new Set(folded) : undefined
  return (value, { steps }) => {
    if (typeof value !== 'string') return undefined
    spend(steps, 1)
    const asked = fold(value, steps)
    return all ? all.has(asked) : folded.includes(asked)
  }
}

const exactly = (text: string): string => text
function ignoringCase(text: string, steps?: Steps): string {
  if (steps) spend(steps, text.length)
  return text.toLowerCase()
}

function likeTest(values: readonly string[]): Test {
  const any = anyOf(values, matchesPattern)
  return (value, run) => (typeof value === 'string' ? any(value, run) : undefined)
}

const DECIMAL = /^-?\d{1,15}(?:\.\d{1,15})?$/

const numbers: Family<number> = {
  kinds: [],
  expected: 'must be a number',
  read: (value) => {
    if (typeof value === 'string' && DECIMAL.test(value)) return Number(value)
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined
  },
}

const dates: Family<number> = {
  kinds: ['date'],
  expected: 'must be a date (2026-01-31) or a time with its offset (2026-01-31T08:00:00Z)',
  read: (value) => (typeof value === 'string' ? parseDate(value) : undefined),
}

type Comparison = (asked: number, value: number) => boolean

const COMPARISONS: readonly (readonly [string, Comparison])[] = [
  ['LessThan', (asked, value) => asked < value],
  ['LessThanEquals', (asked, value) => asked <= value],
  ['GreaterThan', (asked, value) => asked > value],
  ['GreaterThanEquals', (asked, value) => asked >= value],
]
const isEqual: Comparison = (asked, value) => asked === value

/** A number of JSON: neither a text, nor what a number too large becomes. */
function numberTest(compare: Comparison): (values: readonly number[]) => Test {
  return (values) => {
    const any = anyOf(values, (value, asked: number) => compare(asked, value))
    return (value, run) => (typeof value === 'number' && Number.isFinite(value) ? any(value, run) : undefined)
  }
}

function dateTest(compare: Comparison): (values: readonly number[]) => Test {
  return (values) => {
    const any = anyOf(values, (value, asked: number) => compare(asked, value))
    return (value, run) => {
      // The service's own time. What comes from JSON is never a `Date`.
      const time = value instanceof Date ? value.getTime() : remembered(run.dates, value, parseDate)
      return time === undefined ? undefined : any(time, run)
    }
  }
}

const booleans: Family<boolean> = {
  kinds: ['bool'],
  expected: 'must be true or false',
  read: (value) => {
    if (value === 'true' || value === 'false') return value === 'true'
    return typeof value === 'boolean' ? value : undefined
  },
}

const networks = {
  kinds: ['ip'],
  expected: 'must be an address or a network such as 203.0.113.0/24',
  read: (value: unknown) => (typeof value === 'string' ? readNetwork(value) : undefined),
} as const

function remembered<T>(known: Map<string, T | undefined>, value: unknown, read: (text: string) => T | undefined) {
  if (typeof value !== 'string') return undefined
  if (!known.has(value)) known.set(value, read(value))
  return known.get(value)
}

/** IAM's operators but those of its own names and of binary values; `Null` is no comparison and stands in `conditions.ts`. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ...pair('StringEquals', 'StringNotEquals', strings, (values) => stringTest(values, exactly)),
  ...pair('StringEqualsIgnoreCase', 'StringNotEqualsIgnoreCase', strings, (values) => stringTest(values, ignoringCase)),
  ...pair('StringLike', 'StringNotLike', patterns, likeTest),
  ...pair('NumericEquals', 'NumericNotEquals', numbers, numberTest(isEqual)),
  ...COMPARISONS.map(([name, compare]) => [`Numeric${name}`, operator(numbers, numberTest(compare))] as const),
  ...pair('DateEquals', 'DateNotEquals', dates, dateTest(isEqual)),
  ...COMPARISONS.map(([name, compare]) => [`Date${name}`, operator(dates, dateTest(compare))] as const),
  [
    'Bool',
    operator(booleans, (values) => (value) => (typeof value === 'boolean' ? values.includes(value) : undefined)),
  ],
  ...pair('IpAddress', 'NotIpAddress', networks, (values) => {
    const any = anyOf(values, containsAddress)
    return (value, run) => {
      const address = remembered(run.addresses, value, readAddress)
      return address === undefined ? undefined : any(address, run)
    }
  }),
])
