import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePolicies, evaluatePolicies, explainPolicies } from '../../../src/features/policies/rules/evaluate.ts'
import { findPolicyViolations } from '../../../src/features/policies/rules/read-policy.ts'
import type { EvaluatedPolicy, JsonObject } from '../../../src/features/policies/types.ts'
import { NOW, policy, question } from './support.ts'

const NAMES = ['a', 'b', 'c', '__proto__', 'constructor'] as const
const name = fc.constantFrom(...NAMES)
const TEXTS = ['', 'a', 'A', 'ab', 'b', 'ba'] as const
const text = fc.constantFrom(...TEXTS)
const DATES = ['2026-01-31', '2026-01-31T02:00:00+02:00', '2026-02-01T00:00:00Z'] as const
const ADDRESSES = ['10.0.0.1', '::ffff:10.0.0.1', '10.1.0.0', '2001:db8::1'] as const

/** The operators of a family, what a policy may compare with, and what a question may have. */
const FAMILIES = [
  {
    names: ['StringEquals', 'StringNotEquals', 'StringEqualsIgnoreCase', 'StringNotEqualsIgnoreCase'],
    values: text,
    asked: text,
  },
  { names: ['StringLike', 'StringNotLike'], values: fc.constantFrom('*', 'a*', '?', '*a*b', 'a'), asked: text },
  {
    names: ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals'].map(
      (one) => `Numeric${one}`,
    ),
    values: fc.integer({ min: 0, max: 3 }),
    asked: fc.integer({ min: 0, max: 3 }),
  },
  {
    names: ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals'].map(
      (one) => `Date${one}`,
    ),
    values: fc.constantFrom(...DATES),
    asked: fc.constantFrom(...DATES),
  },
  { names: ['Bool'], values: fc.boolean(), asked: fc.boolean() },
  {
    names: ['IpAddress', 'NotIpAddress'],
    values: fc.constantFrom('10.0.0.0/16', '2001:db8::/32', '10.0.0.1'),
    asked: fc.constantFrom(...ADDRESSES),
  },
] as const

const prefix = fc.constantFrom('', '', 'ForAnyValue:', 'ForAllValues:')
const suffix = fc.constantFrom('', '', 'IfExists')

/** Of one family, so that what is asked is often of the right type. */
const condition: fc.Arbitrary<JsonObject> = fc
  .constantFrom(...FAMILIES)
  .chain(({ names, values }) =>
    fc.tuple(
      fc.constantFrom(...names),
      prefix,
      suffix,
      name,
      fc.array(values as fc.Arbitrary<unknown>, { minLength: 1, maxLength: 3 }),
    ),
  )
  .map(([operator, before, after, key, values]) => ({
    [`${before}${operator}${after}`]: { [`context.${key}`]: values },
  }))
const nullCondition: fc.Arbitrary<JsonObject> = fc
  .tuple(name, fc.boolean())
  .map(([key, value]) => ({ Null: { [`context.${key}`]: value } }))

const conditions = fc
  .array(fc.oneof({ weight: 6, arbitrary: condition }, { weight: 1, arbitrary: nullCondition }), { maxLength: 3 })
  .map((all): JsonObject => Object.assign({}, ...all))

const policies = (
  of: fc.Arbitrary<JsonObject>,
  effect: fc.Arbitrary<'allow' | 'deny'>,
): fc.Arbitrary<EvaluatedPolicy> =>
  fc
    .record({
      id: fc.uuid(),
      effect,
      priority: fc.nat(3),
      actions: fc.subarray(['document:read', 'document:*', '*:write', '?*']),
      resourcePattern: fc.constantFrom(null, 'doc-*', '*7', 'x'),
      expiresAt: fc.constantFrom(null, NOW + 1, NOW),
      conditions: of,
    })
    .map(policy)

const anyPolicy = policies(conditions, fc.constantFrom('allow', 'deny'))

/** Values of a right type for some operator, alone or in a list. */
const value = fc
  .constantFrom(...FAMILIES)
  .chain(({ asked }) =>
    fc.oneof(
      { weight: 3, arbitrary: asked as fc.Arbitrary<unknown> },
      fc.array(asked as fc.Arbitrary<unknown>, { maxLength: 3 }),
    ),
  )
/** An object with own members only, `__proto__` too, as JSON makes it. */
const context = fc
  .array(fc.tuple(name, value), { maxLength: 5 })
  .map(
    (members): JsonObject =>
      JSON.parse(`{${members.map(([key, one]) => `${JSON.stringify(key)}:${JSON.stringify(one)}`).join()}}`),
  )

const without = (of: JsonObject, key: string): JsonObject =>
  Object.fromEntries(Object.entries(of).filter(([other]) => other !== key))
const replaced = (of: JsonObject, key: string, by: unknown): JsonObject =>
  JSON.parse(JSON.stringify(of), (at, one: unknown) => (at === key ? by : one))

const asked = (supplied: JsonObject) => question({ context: supplied })
const allows = (all: readonly EvaluatedPolicy[], supplied: JsonObject): boolean =>
  evaluatePolicies({ set: compilePolicies(all), question: asked(supplied) }).allowed

const RUNS = { numRuns: 1500 }

describe('whatever the policies and the question are', () => {
  it('another deny policy never allows more', () => {
    const denies = policies(conditions, fc.constant('deny'))
    fc.assert(
      fc.property(fc.array(anyPolicy, { maxLength: 5 }), denies, context, (all, deny, supplied) => {
        if (!allows(all, supplied)) expect(allows([...all, deny], supplied)).toBe(false)
      }),
      RUNS,
    )
  })

  it('another allow policy never allows less', () => {
    const allowing = policies(conditions, fc.constant('allow'))
    fc.assert(
      fc.property(fc.array(anyPolicy, { maxLength: 5 }), allowing, context, (all, allow, supplied) => {
        if (allows(all, supplied)) expect(allows([...all, allow], supplied)).toBe(true)
      }),
      RUNS,
    )
  })

  it('leaving a key out never makes an allow policy apply, without Null and IfExists', () => {
    const strict = condition.filter((one) => !Object.keys(one).some((operator) => operator.endsWith('IfExists')))
    const allowing = policies(
      fc.array(strict, { maxLength: 3 }).map((all) => Object.assign({}, ...all)),
      fc.constant('allow'),
    )
    fc.assert(
      fc.property(allowing, context, name, (one, supplied, key) => {
        if (!allows([one], supplied)) expect(allows([one], without(supplied, key))).toBe(false)
      }),
      RUNS,
    )
  })

  // `Null` asks whether there is a value, not of which type.
  const typed = fc.array(condition, { maxLength: 3 }).map((all): JsonObject => Object.assign({}, ...all))
  const odd = fc.constantFrom(null, {}, { a: 'a' }, [null], [[]], [{}])

  it('a value of the wrong type never turns a refusal into permission', () => {
    const typedPolicies = policies(typed, fc.constantFrom('allow', 'deny'))
    fc.assert(
      fc.property(
        fc.array(typedPolicies, { minLength: 1, maxLength: 4 }),
        context,
        name,
        odd,
        (all, supplied, key, wrong) => {
          if (!allows(all, supplied)) expect(allows(all, replaced(supplied, key, wrong))).toBe(false)
        },
      ),
      RUNS,
    )
  })

  it('nor does one among the values of a list', () => {
    const typedPolicies = policies(typed, fc.constantFrom('allow', 'deny'))
    fc.assert(
      fc.property(
        fc.array(typedPolicies, { minLength: 1, maxLength: 4 }),
        context,
        name,
        odd,
        (all, supplied, key, wrong) => {
          const list = Object.hasOwn(supplied, key) ? [supplied[key], wrong].flat() : wrong
          if (!allows(all, supplied)) expect(allows(all, replaced(supplied, key, list))).toBe(false)
        },
      ),
      RUNS,
    )
  })

  it('the order of the policies says nothing', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyPolicy, { maxLength: 6, selector: ({ id }) => id }), context, (all, supplied) => {
        const decide = (some: readonly EvaluatedPolicy[]) =>
          evaluatePolicies({ set: compilePolicies(some), question: asked(supplied) })
        expect(decide([...all].reverse())).toEqual(decide(all))
      }),
      RUNS,
    )
  })

  it('an explanation agrees with the decision', () => {
    fc.assert(
      fc.property(fc.array(anyPolicy, { maxLength: 6 }), context, (all, supplied) => {
        const set = compilePolicies(all)
        const applying = explainPolicies({ set, question: asked(supplied) }).filter(({ applies }) => applies)
        expect(evaluatePolicies({ set, question: asked(supplied) }).matchedPolicies).toEqual(
          applying.map(({ id }) => id),
        )
      }),
      RUNS,
    )
  })

  it('any JSON can be checked, and what has no violation can be evaluated', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue())
    const near = fc.dictionary(
      fc.constantFrom('StringEquals', 'ip_range', 'attributes', 'Null', '__proto__'),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(fc.oneof(object, near), fc.oneof(object, near), object, (rules, some, supplied) => {
        const one = policy({ rules, conditions: some })
        const isReadable = findPolicyViolations(one).length === 0
        const [explanation] = explainPolicies({ set: compilePolicies([one]), question: asked(supplied) })
        expect(explanation?.failed?.reason === 'unreadable').toBe(!isReadable)
      }),
      RUNS,
    )
  })
})

it('the arbitrary policies and questions meet often enough to prove something', () => {
  const seen = { allowed: 0, denied: 0, none: 0 }
  fc.assert(
    fc.property(fc.array(anyPolicy, { minLength: 1, maxLength: 4 }), context, (all, supplied) => {
      expect(all.flatMap(findPolicyViolations)).toEqual([])
      const { allowed, deniedBy } = evaluatePolicies({ set: compilePolicies(all), question: asked(supplied) })
      seen[allowed ? 'allowed' : deniedBy === null ? 'none' : 'denied'] += 1
    }),
    RUNS,
  )
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(75)
})
