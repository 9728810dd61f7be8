import { describe, expect, it } from 'vitest'
import { compilePolicies, evaluatePolicies, explainPolicies } from '../../../src/features/policies/rules/evaluate.ts'
import { LIMITS } from '../../../src/features/policies/rules/limits.ts'
import type { EvaluatedPolicy } from '../../../src/features/policies/types.ts'
import { applies, NOW, policy, question } from './support.ts'

const evaluate = (policies: readonly Partial<EvaluatedPolicy>[], asked = question()) =>
  evaluatePolicies({ set: compilePolicies(policies.map(policy)), question: asked })
const explain = (changes: Partial<EvaluatedPolicy>, asked = question()) =>
  explainPolicies({ set: compilePolicies([policy(changes)]), question: asked })[0]?.failed

describe('a decision', () => {
  it('is no where no policy applies', () => {
    const none = { allowed: false, matchedPolicies: [], deniedBy: null, reason: 'no_matching_policy' }
    expect(evaluate([])).toEqual(none)
    expect(evaluate([{ actions: ['document:write'] }])).toEqual(none)
  })

  it('is yes where an allow policy applies', () => {
    expect(evaluate([{ id: 'a' }])).toEqual({ allowed: true, matchedPolicies: ['a'], deniedBy: null, reason: null })
  })

  it('is no where a deny policy applies, whatever the priorities are', () => {
    const policies = [
      { id: 'allow', priority: 1000 },
      { id: 'deny', effect: 'deny', priority: 0 },
    ] as const
    expect(evaluate(policies)).toEqual({
      allowed: false,
      matchedPolicies: ['allow', 'deny'],
      deniedBy: 'deny',
      reason: 'denied_by_policy',
    })
  })

  it('names policies by priority, a deny before an allow, and then by id', () => {
    const policies = [
      { id: 'd', priority: 1 },
      { id: 'c', priority: 5 },
      { id: 'b', priority: 5 },
      { id: 'a', priority: 5, effect: 'deny' },
      { id: 'e', priority: 9, effect: 'deny' },
      { id: 'f', priority: 9, enabled: false },
    ] as const
    const decision = evaluate(policies)
    expect(decision.matchedPolicies).toEqual(['e', 'a', 'b', 'c', 'd'])
    expect(decision.deniedBy).toBe('e')
    expect(evaluate([...policies].reverse())).toEqual(decision)
  })

  it('is no for an effect of a later release, which is neither allow nor deny', () => {
    expect(evaluate([{ effect: 'audit' as 'allow' }]).allowed).toBe(false)
  })
})

describe('a policy applies', () => {
  it.each<[Partial<EvaluatedPolicy>, boolean]>([
    [{ enabled: false }, false],
    [{ expiresAt: NOW + 1 }, true],
    [{ expiresAt: NOW }, false],
    [{ expiresAt: NOW - 1 }, false],
    [{ targetType: 'user', targetId: 'ada' }, true],
    [{ targetType: 'user', targetId: 'Ada' }, false],
    [{ targetType: 'user', targetId: '*' }, false],
    [{ targetType: 'role', targetId: 'editor' }, true],
    [{ targetType: 'role', targetId: 'owner' }, false],
    [{ targetType: 'role', targetId: 'edit' }, false],
    [{ targetType: 'organization' }, true],
    [{ targetType: 'organization', targetId: 'acme' }, true],
    [{ targetType: 'organization', targetId: 'other' }, false],
    [{ targetType: 'global' }, true],
    [{ resourceType: 'document' }, true],
    [{ resourceType: 'doc*' }, true],
    [{ resourceType: 'Document' }, false],
    [{ resourceType: '' }, false],
    [{ resourcePattern: 'doc-??' }, true],
    [{ resourcePattern: 'doc-?' }, false],
    [{ resourcePattern: 'doc' }, false],
    [{ actions: ['document:read'] }, true],
    [{ actions: ['document:write', 'document:*'] }, true],
    [{ actions: ['*:write', 'document:?'] }, false],
    [{ actions: ['document:READ'] }, false],
    [{ rules: { allow: { subject: 'a*', action: '*:read', resource: 'doc-*' } } }, true],
    [{ rules: { allow: { subject: 'a*', action: '*:write', resource: 'doc-*' } } }, false],
    [{ rules: { allow: { subject: 'eve' } } }, false],
    [{ rules: { deny: { subject: 'eve', action: '*:write', resource: 'secret-*' } } }, true],
    [{ rules: { deny: { subject: 'eve', action: '*:read' } } }, false],
    [{ rules: { allow: { action: '*' }, deny: { resource: 'doc-17' } } }, false],
    [{ rules: { allow: {}, deny: {} } }, true],
  ])('%j: %s, whatever its effect', (changes, expected) => {
    expect(applies(changes)).toBe(expected)
    expect(applies({ ...changes, effect: 'deny' })).toBe(expected)
  })

  it('to a question about no resource in particular where its pattern takes any', () => {
    const asked = question({ resource: { id: null } })
    const patterns = ['*', '**', '?*', 'doc-*', '']
    expect(patterns.filter((resourcePattern) => applies({ resourcePattern }, asked))).toEqual(['*', '**', ''])
    expect(patterns.filter((resource) => applies({ rules: { allow: { resource } } }, asked))).toEqual(['*', '**', ''])
  })

  it('to a role that is asked about, by the target that names it', () => {
    const asked = question({ subject: { id: null, roles: ['editor'] }, organizationId: null })
    const targets = [
      { targetType: 'role', targetId: 'editor' },
      { targetType: 'user', targetId: 'ada' },
      { targetType: 'organization', targetId: 'acme' },
      { targetType: 'global' },
    ] as const
    expect(targets.map((target) => applies(target, asked))).toEqual([true, false, false, true])
  })
})

describe('an explanation', () => {
  it.each<[Partial<EvaluatedPolicy>, string, string]>([
    [{ enabled: false, expiresAt: 0 }, 'enabled', 'not_met'],
    [{ expiresAt: NOW, actions: ['x'] }, 'expires_at', 'not_met'],
    [{ targetType: 'user', targetId: 'eve', actions: ['x'] }, 'target_id', 'not_met'],
    [{ resourceType: 'x', actions: ['x'] }, 'resource_type', 'not_met'],
    [{ resourcePattern: 'x', actions: ['x'] }, 'resource_pattern', 'not_met'],
    [{ actions: ['x', 'y'], rules: { allow: { action: 'x' } } }, 'actions', 'not_met'],
    [{ rules: { allow: { subject: '*', action: 'x' } } }, 'rules.allow.action', 'not_met'],
    [{ rules: { deny: { resource: '*' } } }, 'rules.deny.resource', 'not_met'],
    [{ conditions: { Bool: { 'context.a': true, 'context.b': true } } }, 'conditions.Bool.context.b', 'missing'],
    [{ conditions: { NumericEquals: { 'context.a': 5 } } }, 'conditions.NumericEquals.context.a', 'wrong_type'],
    [{ conditions: { Bool: { 'context.a': false } } }, 'conditions.Bool.context.a', 'not_met'],
    [{ conditions: { Null: { 'context.a': true } } }, 'conditions.Null.context.a', 'not_met'],
    [{ conditions: { ip_range: '10.0.0.0/8' } }, 'conditions.ip_range', 'not_met'],
    [
      { conditions: { time_window: { start: '2026-01-01', end: '2026-01-02' } } },
      'conditions.time_window.end',
      'not_met',
    ],
    [{ conditions: { attributes: { a: true, b: 'x' } } }, 'conditions.attributes.b', 'missing'],
  ])('of %j names %s: %s', (changes, at, reason) => {
    expect(explain(changes, question({ context: { a: true } }))).toEqual({ at, reason })
  })

  it('has every policy, in the order of the report', () => {
    const set = compilePolicies([
      policy({ id: 'low', actions: ['x'] }),
      policy({ id: 'high', priority: 1, effect: 'deny' }),
    ])
    expect(explainPolicies({ set, question: question() })).toEqual([
      { id: 'high', effect: 'deny', applies: true, failed: null },
      { id: 'low', effect: 'allow', applies: false, failed: { at: 'actions', reason: 'not_met' } },
    ])
  })
})

describe('a stored policy that this release cannot read', () => {
  const unreadable: Partial<EvaluatedPolicy>[] = [
    { conditions: { StringMatches: { 'context.a': 'a' } } },
    { conditions: { StringEquals: { 'request.a': 'a' } } },
    { conditions: { Bool: { 'context.a': 'maybe' } } },
    { conditions: { constructor: {} } },
    { rules: { require: {} } },
    { rules: { allow: { tenant: '*' } } },
    { targetType: 'team' as 'user', targetId: 'x' },
    { targetType: 'user', targetId: null },
    { targetId: 'ada' },
  ]

  it.each(unreadable)('does not allow, and denies: %j', (changes) => {
    expect(explain(changes)).toEqual({ at: 'policy', reason: 'unreadable' })
    expect(evaluate([policy(), { ...changes, id: 'deny', effect: 'deny' }])).toMatchObject({ deniedBy: 'deny' })
  })

  it('denies only where the parts that can be read hold', () => {
    const conditions = { StringMatches: { 'context.a': 'a' }, Bool: { 'context.b': true } }
    expect(applies({ effect: 'deny', conditions }, question({ context: { b: false } }))).toBe(false)
    expect(applies({ effect: 'deny', conditions }, question({ context: { b: true } }))).toBe(true)
  })
})

describe('the limit of an evaluation', () => {
  const evil = { StringLike: { 'context.x': Array.from({ length: 50 }, () => `${'*a'.repeat(126)}b*c`) } }
  const asked = question({ context: { x: `${'a'.repeat(15_000)}c` } })
  const limited = { allowed: false, matchedPolicies: [], deniedBy: null, reason: 'evaluation_limit' }

  it('ends it with no', () => {
    expect(evaluate([{ id: 'allow' }, { id: 'evil', conditions: evil }], asked)).toEqual(limited)
    expect(explain({ conditions: evil }, asked)).toEqual({
      at: 'conditions.StringLike.context.x',
      reason: 'evaluation_limit',
    })
  })

  it.each<[string, Partial<EvaluatedPolicy>, unknown]>([
    ['patterns', { conditions: evil }, asked.context.x],
    ['values of lists', { conditions: { 'ForAnyValue:StringEquals': { 'context.x': 'b' } } }, Array(7000).fill('a')],
    ['values of the wrong type', { conditions: { 'ForAnyValue:Bool': { 'context.x': true } } }, Array(3000).fill('a')],
    [
      'comparisons',
      { conditions: { 'ForAnyValue:NumericEquals': { 'context.x': [...Array(100).keys()] } } },
      Array(7000).fill(101),
    ],
    ['long texts', { conditions: { StringEqualsIgnoreCase: { 'context.x': 'b' } } }, 'a'.repeat(16_000)],
    [
      'networks',
      { conditions: { 'ForAnyValue:IpAddress': { 'context.x': Array(5).fill('10.0.0.0/8') } } },
      Array(1000).fill('::1'),
    ],
    ['rules', { rules: { allow: { action: '*?a' } } }, 'a'],
  ])('counts %s', (_, changes, x) => {
    const policies = Array.from({ length: 1000 }, (_, index) => ({ ...changes, id: `${index}` }))
    const action = 'a'.repeat(1000)
    expect(evaluate(policies, question({ action, context: { x } }))).toEqual(limited)
  })

  it('is far from a thousand ordinary policies', () => {
    const policies = Array.from({ length: 1000 }, (_, index) => ({
      id: `${index}`,
      resourcePattern: '*-1?',
      actions: ['document:*', 'folder:*'],
      conditions: { StringEquals: { 'context.x': ['a', 'b'] }, IpAddress: { 'environment.ip': '203.0.113.0/24' } },
    }))
    expect(evaluate(policies, question({ context: { x: 'b' } })).matchedPolicies).toHaveLength(1000)
    expect(LIMITS.evaluationSteps).toBe(1_000_000)
  })
})

it('says how much memory a compiled set takes: more with every condition and every byte', () => {
  const weightOf = (changes: Partial<EvaluatedPolicy>) => compilePolicies([policy(changes)]).weight
  const one = weightOf({ conditions: { Bool: { 'context.a': true } } })
  expect(one).toBeGreaterThan(weightOf({}))
  expect(weightOf({ conditions: { Bool: { 'context.a': true, 'context.b': true } } })).toBeGreaterThan(one)
  expect(weightOf({ conditions: { Bool: { 'context.longer': true } } })).toBeGreaterThan(one)
})
