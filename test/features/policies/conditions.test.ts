import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/features/policies/types.ts'
import { applies, question } from './support.ts'

/** Of an allow policy and a deny policy with these conditions: which one applies. */
type Applying = 'both' | 'neither' | 'deny' | 'allow'
type Case = readonly [conditions: JsonObject, context: JsonObject, applying: Applying]
type KnownCase = readonly [conditions: JsonObject, changes: Parameters<typeof question>[0], applying: Applying]

function applyingOf(conditions: JsonObject, changes: Parameters<typeof question>[0]): Applying {
  const asked = question(changes)
  const [allow, deny] = [
    applies({ conditions, effect: 'allow' }, asked),
    applies({ conditions, effect: 'deny' }, asked),
  ]
  if (allow) return deny ? 'both' : 'allow'
  return deny ? 'deny' : 'neither'
}

function table(title: string, cases: readonly Case[]): void {
  describe(title, () => {
    it.each(cases)('%j, asked with %j: %s', (conditions, context, applying) => {
      expect(applyingOf(conditions, { context })).toBe(applying)
    })
  })
}

const of = (operator: string, value: unknown, key = 'context.x'): JsonObject => ({ [operator]: { [key]: value } })

table('texts', [
  [of('StringEquals', 'a'), { x: 'a' }, 'both'],
  [of('StringEquals', 'a'), { x: 'A' }, 'neither'],
  [of('StringEquals', 'a'), { x: 'a ' }, 'neither'],
  [of('StringEquals', ''), { x: '' }, 'both'],
  [of('StringEquals', ['a', 'b']), { x: 'b' }, 'both'],
  [of('StringEquals', ['a', 'b']), { x: 'c' }, 'neither'],
  [of('StringEquals', [...'abcdefghijklmnop']), { x: 'p' }, 'both'],
  [of('StringEquals', [...'abcdefghijklmnop']), { x: 'q' }, 'neither'],
  [of('StringEquals', 'a*'), { x: 'ab' }, 'neither'],
  [of('StringEquals', 'a*'), { x: 'a*' }, 'both'],
  [of('StringEquals', 'é'), { x: 'e\u0301' }, 'neither'],
  [of('StringEquals', '5'), { x: 5 }, 'deny'],
  [of('StringEquals', 'true'), { x: true }, 'deny'],
  [of('StringNotEquals', 'a'), { x: 'b' }, 'both'],
  [of('StringNotEquals', 'a'), { x: 'A' }, 'both'],
  [of('StringNotEquals', 'a'), { x: 'a' }, 'neither'],
  [of('StringNotEquals', ['a', 'b']), { x: 'b' }, 'neither'],
  [of('StringNotEquals', ['a', 'b']), { x: 'c' }, 'both'],
  [of('StringEqualsIgnoreCase', 'Eng'), { x: 'eNG' }, 'both'],
  [of('StringEqualsIgnoreCase', 'É'), { x: 'é' }, 'both'],
  [of('StringEqualsIgnoreCase', 'eng'), { x: 'ops' }, 'neither'],
  [of('StringEqualsIgnoreCase', [...'ABCDEFGHIJKL']), { x: 'l' }, 'both'],
  [of('StringNotEqualsIgnoreCase', 'Eng'), { x: 'eNG' }, 'neither'],
  [of('StringNotEqualsIgnoreCase', 'eng'), { x: 'ops' }, 'both'],
  [of('StringLike', 'a*'), { x: 'abc' }, 'both'],
  [of('StringLike', 'a*'), { x: 'a' }, 'both'],
  [of('StringLike', 'a*'), { x: 'Abc' }, 'neither'],
  [of('StringLike', '*'), { x: '' }, 'both'],
  [of('StringLike', 'a?c'), { x: 'abc' }, 'both'],
  [of('StringLike', 'a?c'), { x: 'ac' }, 'neither'],
  [of('StringLike', 'a.c'), { x: 'abc' }, 'neither'],
  [of('StringLike', ['x*', '*z']), { x: 'abz' }, 'both'],
  [of('StringLike', ['x*', '*z']), { x: 'zb' }, 'neither'],
  [of('StringLike', '*a*b*'), { x: '..a..b..' }, 'both'],
  [of('StringNotLike', 'a*'), { x: 'abc' }, 'neither'],
  [of('StringNotLike', 'a*'), { x: 'bc' }, 'both'],
  [of('StringNotLike', ['a*', '*c']), { x: 'bc' }, 'neither'],
  [of('StringNotLike', ['a*', '*c']), { x: 'b' }, 'both'],
])

table('numbers', [
  [of('NumericEquals', 5), { x: 5 }, 'both'],
  [of('NumericEquals', 5), { x: 5.5 }, 'neither'],
  [of('NumericEquals', '5'), { x: 5 }, 'both'],
  [of('NumericEquals', '-5.50'), { x: -5.5 }, 'both'],
  [of('NumericEquals', 0), { x: -0 }, 'both'],
  [of('NumericEquals', [1, 2]), { x: 2 }, 'both'],
  [of('NumericEquals', [1, 2]), { x: 3 }, 'neither'],
  [of('NumericEquals', 5), { x: '5' }, 'deny'],
  [of('NumericEquals', 5), { x: Number.POSITIVE_INFINITY }, 'deny'],
  [of('NumericNotEquals', 5), { x: 6 }, 'both'],
  [of('NumericNotEquals', 5), { x: 5 }, 'neither'],
  [of('NumericNotEquals', [5, 6]), { x: 6 }, 'neither'],
  [of('NumericLessThan', 5), { x: 4.999 }, 'both'],
  [of('NumericLessThan', 5), { x: 5 }, 'neither'],
  [of('NumericLessThan', [1, 5]), { x: 3 }, 'both'],
  [of('NumericLessThanEquals', 5), { x: 5 }, 'both'],
  [of('NumericLessThanEquals', 5), { x: 5.001 }, 'neither'],
  [of('NumericGreaterThan', 5), { x: 6 }, 'both'],
  [of('NumericGreaterThan', 5), { x: 5 }, 'neither'],
  [of('NumericGreaterThanEquals', 5), { x: 5 }, 'both'],
  [of('NumericGreaterThanEquals', 5), { x: 4 }, 'neither'],
])

table('dates', [
  [of('DateEquals', '2026-01-31T12:00:00Z'), { x: '2026-01-31T12:00:00Z' }, 'both'],
  [of('DateEquals', '2026-01-31T12:00:00Z'), { x: '2026-01-31T14:00:00+02:00' }, 'both'],
  [of('DateEquals', '2026-01-31T12:00:00+02:00'), { x: '2026-01-31T12:00:00Z' }, 'neither'],
  [of('DateEquals', '2026-01-31'), { x: '2026-01-31T00:00Z' }, 'both'],
  [of('DateEquals', '2026-01-31'), { x: '2026-01-31T01:00:00+01:00' }, 'both'],
  [of('DateEquals', ['2026-01-30', '2026-01-31']), { x: '2026-01-31' }, 'both'],
  [of('DateEquals', '2026-01-31'), { x: '2026-01-31T12:00:00' }, 'deny'],
  [of('DateEquals', '2026-01-31'), { x: '2026-02-30' }, 'deny'],
  [of('DateEquals', '2024-02-29'), { x: '2024-02-29T00:00:00.000Z' }, 'both'],
  [of('DateEquals', '2026-01-31'), { x: '2025-02-29' }, 'deny'],
  [of('DateEquals', '2026-01-31'), { x: 1_769_817_600 }, 'deny'],
  [of('DateEquals', '2026-01-31'), { x: 'tomorrow' }, 'deny'],
  [of('DateEquals', '2026-01-31'), { x: '2026-01-31T24:00:00Z' }, 'deny'],
  [of('DateEquals', '2026-01-31'), { x: '2026-01-31T12:00:00+24:00' }, 'deny'],
  [of('DateEquals', '2026-01-31'), { x: ' 2026-01-31' }, 'deny'],
  [of('DateNotEquals', '2026-01-31'), { x: '2026-01-31T02:00:00+02:00' }, 'neither'],
  [of('DateNotEquals', '2026-01-31'), { x: '2026-01-30' }, 'both'],
  [of('DateLessThan', '2026-01-31T12:00:00Z'), { x: '2026-01-31T13:59:59+02:00' }, 'both'],
  [of('DateLessThan', '2026-01-31T12:00:00Z'), { x: '2026-01-31T12:00:00Z' }, 'neither'],
  [of('DateLessThanEquals', '2026-01-31T12:00:00Z'), { x: '2026-01-31T12:00:00Z' }, 'both'],
  [of('DateLessThanEquals', '2026-01-31T12:00:00Z'), { x: '2026-01-31T12:00:00.001Z' }, 'neither'],
  [of('DateGreaterThan', '2026-01-31'), { x: '2026-01-31T00:00:01Z' }, 'both'],
  [of('DateGreaterThan', '2026-01-31'), { x: '2026-01-31T01:00:00+02:00' }, 'neither'],
  [of('DateGreaterThanEquals', '2026-01-31'), { x: '2026-01-31' }, 'both'],
  [of('DateGreaterThanEquals', '2026-01-31'), { x: '2026-01-30' }, 'neither'],
])

table('booleans', [
  [of('Bool', true), { x: true }, 'both'],
  [of('Bool', true), { x: false }, 'neither'],
  [of('Bool', 'true'), { x: true }, 'both'],
  [of('Bool', 'false'), { x: false }, 'both'],
  [of('Bool', [true, false]), { x: false }, 'both'],
  [of('Bool', true), { x: 'true' }, 'deny'],
  [of('Bool', true), { x: 1 }, 'deny'],
  [of('Bool', false), { x: 0 }, 'deny'],
])

table('addresses', [
  [of('IpAddress', '10.0.0.0/8'), { x: '10.255.1.2' }, 'both'],
  [of('IpAddress', '10.0.0.0/8'), { x: '11.0.0.1' }, 'neither'],
  [of('IpAddress', '10.0.0.0/8'), { x: '::ffff:10.255.1.2' }, 'both'],
  [of('IpAddress', '10.0.0.0/8'), { x: '::ffff:0aff:0102' }, 'both'],
  [of('IpAddress', '::ffff:10.0.0.0/104'), { x: '10.1.2.3' }, 'both'],
  [of('IpAddress', '10.1.2.3'), { x: '10.1.2.3' }, 'both'],
  [of('IpAddress', '10.1.2.3'), { x: '10.1.2.4' }, 'neither'],
  [of('IpAddress', '10.1.2.0/31'), { x: '10.1.2.1' }, 'both'],
  [of('IpAddress', '10.1.2.0/31'), { x: '10.1.2.2' }, 'neither'],
  [of('IpAddress', ['192.0.2.0/24', '2001:db8::/32']), { x: '2001:DB8:0:0::7' }, 'both'],
  [of('IpAddress', '2001:db8::/32'), { x: '2001:db9::1' }, 'neither'],
  [of('IpAddress', '::/0'), { x: '10.0.0.1' }, 'neither'],
  [of('IpAddress', '0.0.0.0/0'), { x: '2001:db8::1' }, 'neither'],
  [of('IpAddress', '8.0.0.0/8'), { x: '010.0.0.1' }, 'deny'],
  [of('IpAddress', '0.0.0.0/0'), { x: '167772161' }, 'deny'],
  [of('IpAddress', '0.0.0.0/0'), { x: '10.0.0.1, 203.0.113.7' }, 'deny'],
  [of('IpAddress', '0.0.0.0/0'), { x: '' }, 'deny'],
  [of('IpAddress', '::/0'), { x: 'fe80::1%eth0' }, 'deny'],
  [of('NotIpAddress', '10.0.0.0/8'), { x: '11.0.0.1' }, 'both'],
  [of('NotIpAddress', '10.0.0.0/8'), { x: '10.0.0.1' }, 'neither'],
  [of('NotIpAddress', '10.0.0.0/8'), { x: '::ffff:10.0.0.1' }, 'neither'],
  [of('NotIpAddress', ['10.0.0.0/8', '11.0.0.0/8']), { x: '11.0.0.1' }, 'neither'],
  [of('NotIpAddress', '10.0.0.0/8'), { x: '10.0.0.1:443' }, 'deny'],
])

const POSITIVE = [
  of('StringEquals', 'a'),
  of('StringEqualsIgnoreCase', 'a'),
  of('StringLike', '*'),
  of('NumericEquals', 5),
  of('NumericLessThan', 5),
  of('NumericLessThanEquals', 5),
  of('NumericGreaterThan', 5),
  of('NumericGreaterThanEquals', 5),
  of('DateEquals', '2026-01-31'),
  of('DateLessThan', '2026-01-31'),
  of('DateLessThanEquals', '2026-01-31'),
  of('DateGreaterThan', '2026-01-31'),
  of('DateGreaterThanEquals', '2026-01-31'),
  of('Bool', false),
  of('IpAddress', '0.0.0.0/0'),
]
const NEGATIVE = [
  of('StringNotEquals', 'a'),
  of('StringNotEqualsIgnoreCase', 'a'),
  of('StringNotLike', 'a*'),
  of('NumericNotEquals', 5),
  of('DateNotEquals', '2026-01-31'),
  of('NotIpAddress', '10.0.0.0/8'),
]

const renamed = (conditions: JsonObject, rename: (name: string) => string): JsonObject =>
  Object.fromEntries(Object.entries(conditions).map(([name, keys]) => [rename(name), keys]))
const withPrefix = (prefix: string) => (conditions: JsonObject) => renamed(conditions, (name) => `${prefix}${name}`)
const ifExists = (conditions: JsonObject) => renamed(conditions, (name) => `${name}IfExists`)
const cases = (all: readonly JsonObject[], context: JsonObject, applying: Applying): Case[] =>
  all.map((conditions) => [conditions, context, applying])
const ALL = [...POSITIVE, ...NEGATIVE]

table('a missing key', [
  ...cases(POSITIVE, {}, 'neither'),
  ...cases(NEGATIVE, {}, 'deny'),
  ...cases(ALL.map(ifExists), {}, 'both'),
  ...cases(POSITIVE.map(withPrefix('ForAnyValue:')), {}, 'neither'),
  ...cases(NEGATIVE.map(withPrefix('ForAnyValue:')), {}, 'deny'),
  ...cases(ALL.map(withPrefix('ForAllValues:')), {}, 'deny'),
  ...cases(ALL.map(withPrefix('ForAllValues:')).map(ifExists), {}, 'both'),
  [of('StringEquals', 'a', 'context.x.y'), { x: {} }, 'neither'],
  [of('StringNotEquals', 'a', 'context.x.y'), { x: {} }, 'deny'],
  [of('StringNotEquals', 'a', 'context.x.y'), {}, 'deny'],
])

table('an empty list', [
  ...cases(POSITIVE.map(withPrefix('ForAnyValue:')), { x: [] }, 'neither'),
  ...cases(NEGATIVE.map(withPrefix('ForAnyValue:')), { x: [] }, 'deny'),
  ...cases(ALL.map(withPrefix('ForAllValues:')), { x: [] }, 'deny'),
  // It exists, so that `IfExists` does not speak of it.
  ...cases(ALL.map(withPrefix('ForAllValues:')).map(ifExists), { x: [] }, 'deny'),
  ...cases(ALL, { x: [] }, 'deny'),
])

table('a value of the wrong type', [
  ...[null, {}, { a: 'a' }, ['a'], [5], [[]]].flatMap((x) => cases([...ALL, ...ALL.map(ifExists)], { x }, 'deny')),
  ...[null, {}, [null], [{}], [['a']]].flatMap((x) =>
    cases(
      [...ALL.map(withPrefix('ForAnyValue:')), ...ALL.map(withPrefix('ForAllValues:')).map(ifExists)],
      { x },
      'deny',
    ),
  ),
  // One of them is enough, even where another one would do.
  [of('ForAnyValue:StringEquals', 'a'), { x: ['a', 5] }, 'deny'],
  [of('ForAllValues:StringNotEquals', 'a'), { x: ['b', null] }, 'deny'],
  [of('ForAnyValue:IpAddress', '10.0.0.0/8'), { x: ['10.0.0.1', 'x'] }, 'deny'],
  // Nothing can be read within a text or a list.
  [of('StringEquals', 'a', 'context.x.y'), { x: 'a' }, 'deny'],
  [of('StringEquals', 'a', 'context.x.0'), { x: ['a'] }, 'deny'],
  [of('StringEquals', 'a', 'context.x.length'), { x: 'a' }, 'deny'],
  [of('StringEqualsIfExists', 'a', 'context.x.y'), { x: 'a' }, 'deny'],
  [of('StringEqualsIfExists', 'a', 'context.x.y'), { x: null }, 'deny'],
  [of('Null', true, 'context.x.y'), { x: 'a' }, 'deny'],
  [of('Null', false, 'context.x.y'), { x: 'a' }, 'deny'],
])

table('several values', [
  [of('ForAnyValue:StringEquals', ['a', 'b']), { x: ['z', 'b'] }, 'both'],
  [of('ForAnyValue:StringEquals', ['a', 'b']), { x: ['z'] }, 'neither'],
  [of('ForAnyValue:StringEquals', 'a'), { x: 'a' }, 'both'],
  [of('ForAnyValue:StringEquals', 'a'), { x: 'b' }, 'neither'],
  [of('ForAnyValue:StringNotEquals', ['a', 'b']), { x: ['a', 'z'] }, 'both'],
  [of('ForAnyValue:StringNotEquals', ['a', 'b']), { x: ['a', 'b'] }, 'neither'],
  [of('ForAnyValue:StringLike', 'a*'), { x: ['b', 'ab'] }, 'both'],
  [of('ForAnyValue:NumericLessThan', 5), { x: [9, 4] }, 'both'],
  [of('ForAnyValue:NumericLessThan', 5), { x: [9, 6] }, 'neither'],
  [of('ForAnyValue:IpAddress', '10.0.0.0/8'), { x: ['192.0.2.1', '::ffff:10.0.0.1'] }, 'both'],
  [of('ForAnyValue:StringEqualsIfExists', 'a'), { x: ['b'] }, 'neither'],
  [of('ForAllValues:StringEquals', ['a', 'b']), { x: ['b', 'a', 'a'] }, 'both'],
  [of('ForAllValues:StringEquals', ['a', 'b']), { x: ['a', 'z'] }, 'neither'],
  [of('ForAllValues:StringEquals', 'a'), { x: 'a' }, 'both'],
  [of('ForAllValues:StringNotEquals', ['a', 'b']), { x: ['y', 'z'] }, 'both'],
  [of('ForAllValues:StringNotEquals', ['a', 'b']), { x: ['a', 'z'] }, 'neither'],
  [of('ForAllValues:Bool', true), { x: [true, true] }, 'both'],
  [of('ForAllValues:Bool', true), { x: [true, false] }, 'neither'],
  [of('ForAllValues:DateLessThan', '2026-01-31'), { x: ['2026-01-30', '2026-01-01T00:00:00-08:00'] }, 'both'],
  [of('ForAllValues:DateLessThan', '2026-01-31'), { x: ['2026-01-30', '2026-01-31T00:00:00Z'] }, 'neither'],
  [of('ForAllValues:StringEqualsIfExists', 'a'), { x: ['a', 'b'] }, 'neither'],
])

table('Null', [
  [of('Null', true), {}, 'both'],
  [of('Null', 'true'), {}, 'both'],
  [of('Null', true), { x: null }, 'both'],
  [of('Null', true), { x: '' }, 'neither'],
  [of('Null', true), { x: [] }, 'neither'],
  [of('Null', false), {}, 'neither'],
  [of('Null', 'false'), { x: 0 }, 'both'],
  [of('Null', false), { x: null }, 'neither'],
  [of('Null', false), { x: false }, 'both'],
  [of('Null', true, 'context.x.y'), { x: {} }, 'both'],
  [of('Null', true, 'context.x.y'), { x: null }, 'both'],
  [of('Null', false, 'context.x.y'), { x: { y: 1 } }, 'both'],
])

table('several conditions', [
  [{}, {}, 'both'],
  [{ StringEquals: { 'context.x': 'a', 'context.y': 'b' } }, { x: 'a', y: 'b' }, 'both'],
  [{ StringEquals: { 'context.x': 'a', 'context.y': 'b' } }, { x: 'a', y: 'c' }, 'neither'],
  [{ StringEquals: { 'context.x': 'a' }, Bool: { 'context.y': true } }, { x: 'a', y: true }, 'both'],
  [{ StringEquals: { 'context.x': 'a' }, Bool: { 'context.y': true } }, { x: 'a', y: false }, 'neither'],
  [{ StringEquals: { 'context.x': 'a' }, Bool: { 'context.y': true } }, { x: 'a' }, 'neither'],
  // A wrong type stands for a condition of a deny policy that holds; another one may still not.
  [{ StringEquals: { 'context.x': 'a' }, Bool: { 'context.y': true } }, { x: 'a', y: 1 }, 'deny'],
  [{ StringEquals: { 'context.x': 'a' }, Bool: { 'context.y': true } }, { x: 'b', y: 1 }, 'neither'],
])

table('names of prototypes', [
  [of('StringLike', '*', 'context.constructor'), {}, 'neither'],
  [of('StringLike', '*', 'context.constructor.name'), {}, 'neither'],
  [of('StringLike', '*', 'context.__proto__'), {}, 'neither'],
  [of('Null', true, 'context.toString'), {}, 'both'],
  [of('Null', true, 'context.x.hasOwnProperty'), { x: {} }, 'both'],
  [of('StringEquals', 'a', 'context.constructor'), { constructor: 'a' }, 'both'],
  [of('StringEquals', 'a', 'context.__proto__.x'), JSON.parse('{"__proto__": {"x": "a"}}'), 'both'],
  [of('StringEquals', 'a', 'context.x'), JSON.parse('{"__proto__": {"x": "a"}}'), 'neither'],
  [of('StringEquals', 'a', 'subject.attributes.__proto__'), {}, 'neither'],
])

describe('what the service knows', () => {
  it.each<KnownCase>([
    [of('StringEquals', 'ada', 'subject.id'), {}, 'both'],
    [of('StringEquals', 'eve', 'subject.id'), {}, 'neither'],
    [of('StringEquals', 'ada', 'subject.id'), { subject: { id: null } }, 'neither'],
    [of('StringEquals', 'active', 'subject.status'), {}, 'both'],
    [of('StringNotEquals', 'suspended', 'subject.status'), { subject: { status: null } }, 'deny'],
    [of('StringLike', '*@example.test', 'subject.email'), {}, 'both'],
    [of('StringLike', '*@example.test', 'subject.email'), { subject: { emailVerified: false } }, 'neither'],
    [of('StringNotLike', '*@example.test', 'subject.email'), { subject: { emailVerified: false } }, 'deny'],
    [of('Bool', true, 'subject.email_verified'), {}, 'both'],
    [of('Bool', true, 'subject.email_verified'), { subject: { emailVerified: false } }, 'neither'],
    [of('ForAnyValue:StringEquals', 'editor', 'subject.roles'), {}, 'both'],
    [of('ForAllValues:StringEquals', 'editor', 'subject.roles'), {}, 'neither'],
    [of('ForAllValues:StringEquals', 'editor', 'subject.roles'), { subject: { roles: [] } }, 'deny'],
    [of('StringEquals', 'eng', 'subject.attributes.team'), { subject: { attributes: { team: 'eng' } } }, 'both'],
    [of('NumericLessThan', 5, 'subject.attributes.a.b'), { subject: { attributes: { a: { b: 4 } } } }, 'both'],
    [of('StringEquals', 'eng', 'subject.attributes.team'), { subject: { attributes: { team: ['eng'] } } }, 'deny'],
    [of('StringEquals', 'document', 'resource.type'), {}, 'both'],
    [of('StringLike', 'doc-*', 'resource.id'), {}, 'both'],
    [of('StringLike', '*', 'resource.id'), { resource: { id: null } }, 'neither'],
    [of('StringNotLike', 'x', 'resource.id'), { resource: { id: null } }, 'deny'],
    [of('DateLessThan', '2026-01-31T13:00:01+01:00', 'environment.time'), {}, 'both'],
    [of('DateLessThan', '2026-01-31T13:00:00+01:00', 'environment.time'), {}, 'neither'],
    [of('DateEquals', '2026-01-31T12:00:00Z', 'environment.time'), {}, 'both'],
    [of('IpAddress', '203.0.113.0/24', 'environment.ip'), {}, 'both'],
    [of('IpAddress', '203.0.113.0/24', 'environment.ip'), { environment: { ip: '::ffff:203.0.113.9' } }, 'both'],
    [of('IpAddress', '203.0.113.0/24', 'environment.ip'), { environment: { ip: null } }, 'neither'],
    [of('NotIpAddress', '203.0.113.0/24', 'environment.ip'), { environment: { ip: null } }, 'deny'],
    [of('IpAddress', '0.0.0.0/0', 'environment.ip'), { environment: { ip: 'unknown' } }, 'deny'],
    [of('StringEquals', 'aal2', 'environment.acr'), {}, 'both'],
    [of('StringEquals', 'aal2', 'environment.acr'), { environment: { acr: 'aal1' } }, 'neither'],
    [of('StringEquals', 'aal2', 'environment.acr'), { environment: { acr: null } }, 'neither'],
    [of('StringNotEquals', 'aal2', 'environment.acr'), { environment: { acr: null } }, 'deny'],
  ])('%j, asked with %j: %s', (conditions, changes, applying) => {
    expect(applyingOf(conditions, changes)).toBe(applying)
  })

  it('is not what a caller supplies under the same names', () => {
    const forged = {
      subject: { id: 'root', roles: ['admin'], email_verified: true },
      'subject.id': 'root',
      environment: { ip: '10.0.0.1', acr: 'aal2' },
      resource: { id: 'doc-1' },
    }
    const asked = { context: forged, environment: { ip: '203.0.113.7', acr: 'aal1' } }
    expect(applyingOf(of('StringEquals', 'root', 'subject.id'), asked)).toBe('neither')
    expect(applyingOf(of('ForAnyValue:StringEquals', 'admin', 'subject.roles'), asked)).toBe('neither')
    expect(applyingOf(of('IpAddress', '10.0.0.0/8', 'environment.ip'), asked)).toBe('neither')
    expect(applyingOf(of('StringEquals', 'aal2', 'environment.acr'), asked)).toBe('neither')
    expect(applyingOf(of('StringEquals', 'doc-1', 'resource.id'), asked)).toBe('neither')
    expect(applyingOf(of('StringEquals', 'root', 'context.subject.id'), asked)).toBe('both')
  })
})

describe('Janua’s own keys', () => {
  const window = (start: string, end: string) => ({ time_window: { start, end } })

  it.each<KnownCase>([
    [{ ip_range: '203.0.113.0/24' }, {}, 'both'],
    [{ ip_range: '10.0.0.0/8' }, {}, 'neither'],
    [{ ip_range: ['10.0.0.0/8', '203.0.113.7'] }, {}, 'both'],
    [{ ip_range: '203.0.113.0/24' }, { environment: { ip: null } }, 'neither'],
    [{ ip_range: '203.0.113.0/24' }, { environment: { ip: null }, context: { client_ip: '203.0.113.7' } }, 'neither'],
    [window('2026-01-31T12:00:00Z', '2026-02-01T00:00:00Z'), {}, 'both'],
    [window('2026-01-01T00:00:00Z', '2026-01-31T12:00:00Z'), {}, 'both'],
    [window('2026-01-01T00:00:00Z', '2026-01-31T11:59:59Z'), {}, 'neither'],
    [window('2026-01-31T12:00:01Z', '2026-02-01T00:00:00Z'), {}, 'neither'],
    [window('2026-01-31T13:00:00+01:00', '2026-01-31T13:00:00+01:00'), {}, 'both'],
    [window('2026-01-31T12:00:00', '2026-01-31T12:00:00'), {}, 'both'],
    [window('2026-01-31', '2026-02-01'), {}, 'both'],
    [{ mfa_required: true }, {}, 'both'],
    [{ mfa_required: true }, { environment: { acr: 'aal1' } }, 'neither'],
    [{ mfa_required: true }, { environment: { acr: null }, context: { mfa_verified: true } }, 'neither'],
    [{ mfa_required: false }, { environment: { acr: 'aal1' } }, 'both'],
    [
      { attributes: { department: 'eng', level: 3, remote: false } },
      { context: { department: 'eng', level: 3, remote: false } },
      'both',
    ],
    [{ attributes: { department: 'eng', level: 3 } }, { context: { department: 'eng', level: 4 } }, 'neither'],
    [{ attributes: { department: 'eng' } }, { context: {} }, 'neither'],
    [{ attributes: { level: 3 } }, { context: { level: '3' } }, 'deny'],
    [{ attributes: { 'a.b': 'x' } }, { context: { 'a.b': 'x' } }, 'both'],
    [{ attributes: { 'a.b': 'x' } }, { context: { a: { b: 'x' } } }, 'neither'],
    [{ attributes: JSON.parse('{"__proto__": "x"}') }, { context: {} }, 'neither'],
    [{ mfa_required: true, StringEquals: { 'context.x': 'a' } }, { context: { x: 'a' } }, 'both'],
  ])('%j, asked with %j: %s', (conditions, changes, applying) => {
    expect(applyingOf(conditions, changes)).toBe(applying)
  })
})
