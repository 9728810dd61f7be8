import { describe, expect, it } from 'vitest'
import { findContextViolations } from '../../../src/features/policies/rules/limits.ts'
import { findPolicyViolations } from '../../../src/features/policies/rules/read-policy.ts'
import type { EvaluatedPolicy, JsonObject } from '../../../src/features/policies/types.ts'
import { policy } from './support.ts'

const pathsOf = (changes: Partial<EvaluatedPolicy>): string[] =>
  findPolicyViolations(policy(changes)).map(({ path }) => path.join('.'))
const limitsOf = (changes: Partial<EvaluatedPolicy>) => findPolicyViolations(policy(changes)).map(({ limit }) => limit)

const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

describe('a policy is refused', () => {
  it.each<[Partial<EvaluatedPolicy>, string[]]>([
    [{ targetType: 'user' }, ['target_id']],
    [{ targetType: 'role' }, ['target_id']],
    [{ targetId: 'ada' }, ['target_id']],
    [{ targetType: 'global', targetId: 'ada' }, ['target_id']],
    [{ resourceType: 'x'.repeat(257) }, ['resource_type']],
    [{ resourcePattern: '*'.repeat(257) }, ['resource_pattern']],
    [{ actions: ['a', 'x'.repeat(257), 'b', 'y'.repeat(300)] }, ['actions.1', 'actions.3']],
    [{ actions: many(101, (index) => `${index}`) }, ['actions']],
    [{ rules: { alow: {} } }, ['rules.alow']],
    [{ rules: { allow: ['*'] } }, ['rules.allow']],
    [{ rules: { allow: 'subject' } }, ['rules.allow']],
    [{ rules: { allow: { subjects: '*' } } }, ['rules.allow.subjects']],
    [{ rules: { allow: { action: ['*'] }, deny: { resource: null } } }, ['rules.allow.action', 'rules.deny.resource']],
    [
      { rules: JSON.parse('{"__proto__": {"allow": {}}, "allow": {"constructor": "*"}}') },
      ['rules.__proto__', 'rules.allow.constructor'],
    ],
  ])('%j: %j', (changes, paths) => {
    expect(pathsOf(changes)).toEqual(paths)
  })

  it.each<[JsonObject, string[]]>([
    [{ stringEquals: { 'context.a': 'a' } }, ['conditions.stringEquals']],
    [{ StringEqual: { 'context.a': 'a' } }, ['conditions.StringEqual']],
    [{ IfExists: { 'context.a': 'a' } }, ['conditions.IfExists']],
    [{ 'ForSomeValues:StringEquals': { 'context.a': 'a' } }, ['conditions.ForSomeValues:StringEquals']],
    [
      { 'ForAnyValue:ForAllValues:StringEquals': { 'context.a': 'a' } },
      ['conditions.ForAnyValue:ForAllValues:StringEquals'],
    ],
    [{ NullIfExists: { 'context.a': true } }, ['conditions.NullIfExists']],
    [{ 'ForAnyValue:Null': { 'context.a': true } }, ['conditions.ForAnyValue:Null']],
    [{ constructor: { 'context.a': 'a' } }, ['conditions.constructor']],
    [{ toString: { 'context.a': 'a' } }, ['conditions.toString']],
    [JSON.parse('{"__proto__": {"context.a": "a"}}'), ['conditions.__proto__']],
    [{ StringEquals: 'a' }, ['conditions.StringEquals']],
    [{ StringEquals: null }, ['conditions.StringEquals']],
    [{ StringEquals: ['context.a', 'a'] }, ['conditions.StringEquals']],
    [{ StringEquals: {} }, ['conditions.StringEquals']],
    [{ StringEquals: { 'context.a': [] } }, ['conditions.StringEquals.context.a']],
    [{ StringEquals: { 'context.a': 5 } }, ['conditions.StringEquals.context.a']],
    [{ StringEquals: { 'context.a': null } }, ['conditions.StringEquals.context.a']],
    [
      { StringEquals: { 'context.a': ['a', 5, 'b', {}] } },
      ['conditions.StringEquals.context.a.1', 'conditions.StringEquals.context.a.3'],
    ],
    [{ StringEquals: { 'context.a': [['a']] } }, ['conditions.StringEquals.context.a.0']],
    [{ StringLike: { 'context.a': ['a', 'x'.repeat(257)] } }, ['conditions.StringLike.context.a.1']],
    [
      { NumericEquals: { 'context.a': ['1e3', '0x10', '', '5 ', '--5', Number.POSITIVE_INFINITY] } },
      many(6, (index) => `conditions.NumericEquals.context.a.${index}`),
    ],
    [
      { DateEquals: { 'context.a': ['2026-02-30', '2026-01-31T12:00:00', 1_769_860_800, '31.1.2026', '2026-1-31'] } },
      many(5, (index) => `conditions.DateEquals.context.a.${index}`),
    ],
    [{ Bool: { 'context.a': ['yes', 1, 'TRUE'] } }, many(3, (index) => `conditions.Bool.context.a.${index}`)],
    [
      {
        IpAddress: {
          'context.a': ['10.0.0.0/33', '10.0.0', '010.0.0.1', '::ffff:10.0.0.0/95', '10.0.0.0/8/8', 'localhost'],
        },
      },
      many(6, (index) => `conditions.IpAddress.context.a.${index}`),
    ],
    [{ Null: { 'context.a': 'yes', 'context.b': [true] } }, ['conditions.Null.context.a', 'conditions.Null.context.b']],
    [{ Null: { a: true } }, ['conditions.Null.a']],
    [{ StringEquals: { a: 'a' } }, ['conditions.StringEquals.a']],
    [{ StringEquals: { context: 'a' } }, ['conditions.StringEquals.context']],
    [{ StringEquals: { 'context.': 'a' } }, ['conditions.StringEquals.context.']],
    [{ StringEquals: { 'context.a..b': 'a' } }, ['conditions.StringEquals.context.a..b']],
    [{ StringEquals: { 'context.a.b.c.d.e.f.g.h.i': 'a' } }, ['conditions.StringEquals.context.a.b.c.d.e.f.g.h.i']],
    [{ StringEquals: { 'subject.password_hash': 'a' } }, ['conditions.StringEquals.subject.password_hash']],
    [{ StringEquals: { 'subject.attributes': 'a' } }, ['conditions.StringEquals.subject.attributes']],
    [{ StringEquals: { 'Context.a': 'a' } }, ['conditions.StringEquals.Context.a']],
    [{ StringEquals: { 'subject.roles': 'a' } }, ['conditions.StringEquals.subject.roles']],
    [{ StringEquals: { 'environment.ip': '10.0.0.1' } }, ['conditions.StringEquals.environment.ip']],
    [{ StringEquals: { 'environment.time': '2026-01-31' } }, ['conditions.StringEquals.environment.time']],
    [{ NumericLessThan: { 'environment.time': 5 } }, ['conditions.NumericLessThan.environment.time']],
    [{ IpAddress: { 'subject.id': '10.0.0.1' } }, ['conditions.IpAddress.subject.id']],
    [{ Bool: { 'subject.email': true } }, ['conditions.Bool.subject.email']],
    [{ ip_range: '10.0.0.0/40' }, ['conditions.ip_range']],
    [{ ip_range: ['10.0.0.0/8', 'x'] }, ['conditions.ip_range.1']],
    [{ time_window: '09:00-17:00' }, ['conditions.time_window']],
    [{ time_window: { start: '09:00', end: '17:00' } }, ['conditions.time_window.start', 'conditions.time_window.end']],
    [{ time_window: { start: '2026-01-31T12:00:00' } }, ['conditions.time_window.end']],
    [{ mfa_required: 'true' }, ['conditions.mfa_required']],
    [{ attributes: ['a'] }, ['conditions.attributes']],
    [
      { attributes: { a: ['x'], b: null, '': 'x' } },
      ['conditions.attributes.a', 'conditions.attributes.b', 'conditions.attributes.'],
    ],
  ])('for its conditions %j: %j', (conditions, paths) => {
    expect(pathsOf({ conditions })).toEqual(paths)
    expect(pathsOf({ conditions, effect: 'deny' })).toEqual(paths)
  })

  it('says what is wrong, and the number that was exceeded', () => {
    expect(findPolicyViolations(policy({ conditions: { IpAddress: { 'context.a': 'x' } } }))).toEqual([
      {
        path: ['conditions', 'IpAddress', 'context.a'],
        message: 'must be an address or a network such as 203.0.113.0/24',
      },
    ])
    expect(limitsOf({ resourcePattern: 'x'.repeat(257) })).toEqual([256])
  })
})

describe('the limits of a policy', () => {
  const conditions = (count: number) => ({
    Null: Object.fromEntries(many(count, (index) => [`context.a${index}`, true])),
  })

  it('are 50 conditions', () => {
    expect(pathsOf({ conditions: conditions(50) })).toEqual([])
    expect(limitsOf({ conditions: conditions(51) })).toEqual([50])
    expect(limitsOf({ conditions: { ...conditions(49), mfa_required: true } })).toEqual([])
    expect(
      limitsOf({ conditions: { ...conditions(49), time_window: { start: '2026-01-01', end: '2026-01-02' } } }),
    ).toEqual([50])
    expect(limitsOf({ conditions: { ...conditions(49), attributes: { a: 1, b: 2 } } })).toEqual([50])
  })

  it('are 100 values of a condition', () => {
    const values = (count: number) => ({ conditions: { StringEquals: { 'context.a': many(count, String) } } })
    expect(limitsOf(values(100))).toEqual([])
    expect(limitsOf(values(101))).toEqual([100])
  })

  it('are 256 characters of a pattern', () => {
    expect(
      pathsOf({ actions: ['x'.repeat(256)], conditions: { StringLike: { 'context.a': 'x'.repeat(256) } } }),
    ).toEqual([])
  })

  it('are 16 KiB, in bytes', () => {
    const sized = (text: string) => limitsOf({ conditions: { StringEquals: { 'context.a': text } } })
    expect(sized('x'.repeat(16_000))).toEqual([])
    expect(sized('x'.repeat(16_384))).toEqual([16_384])
    expect(sized('é'.repeat(8_192))).toEqual([16_384])
  })
})

describe('a context', () => {
  const deep = (depth: number): JsonObject => (depth === 1 ? {} : { a: deep(depth - 1) })

  it.each([null, [], 'a', 5, undefined])('is an object, not %j', (context) => {
    expect(findContextViolations(context)).toHaveLength(1)
  })

  it('is at most 8 deep', () => {
    expect(findContextViolations(deep(8))).toEqual([])
    expect(findContextViolations(deep(9))).toMatchObject([{ path: ['context'], limit: 8 }])
    expect(findContextViolations({ a: [[[[[[[]]]]]]] })).toEqual([])
    expect(findContextViolations({ a: [[[[[[[[]]]]]]]] })).toHaveLength(1)
    expect(findContextViolations(deep(5000))).toHaveLength(1)
  })

  it('has at most 16 KiB, in bytes', () => {
    expect(findContextViolations({ a: 'x'.repeat(16_384 - 8) })).toEqual([])
    expect(findContextViolations({ a: 'x'.repeat(16_384 - 7) })).toMatchObject([{ limit: 16_384 }])
    expect(findContextViolations({ a: 'é'.repeat(8_189) })).toMatchObject([{ limit: 16_384 }])
  })
})
