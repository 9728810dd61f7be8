import { isDeepStrictEqual } from 'node:util'
import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import { newEnforcer, newModelFromString, StringAdapter } from 'casbin'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { compilePolicies, evaluatePolicies } from '../../src/features/policies/rules/evaluate.ts'
import type { EvaluatedPolicy, JsonObject, Question } from '../../src/features/policies/types.ts'
import { NOW, policy, question } from '../features/policies/support.ts'

/**
 * Decisions beside those of Cedar and casbin, wherever these can say the same. They run in Node: Cedar's WebAssembly is compiled
 * at run time, which a Worker forbids, and casbin is no part of the Worker.
 */
const CEDAR_SETS = 400
const CASBIN_SETS = 600
const QUESTIONS_OF_A_SET = 100

/** The first difference is told with its question; all questions of its set would fill the screen. */
const runs = (numRuns: number): fc.Parameters<unknown> => ({
  numRuns,
  endOnFailure: true,
  reporter: ({ failed, seed, counterexamplePath, errorInstance }) => {
    if (failed) throw new Error(`seed ${seed}, path ${counterexamplePath}`, { cause: errorInstance })
  },
})

/** One condition on a key of the context, whose name says the type of its values. */
interface Comparison {
  readonly operator: string
  readonly key: 'text' | 'number' | 'flag' | 'ip' | 'date' | 'tags'
  readonly values: readonly (string | number | boolean)[]
  readonly ifExists: boolean
}

const few = <T>(...values: T[]) => fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 3 })
const TEXTS = ['a', 'A', 'ab', 'b', 'ba', ''] as const
const DATES = ['2026-01-30T23:59:59Z', '2026-01-31T00:00:00Z', '2026-01-31T00:00:01Z'] as const
const ADDRESSES = ['10.0.0.1', '10.1.0.1', '203.0.113.7', '2001:db8::1', '2001:db9::1'] as const
const ORDERS = ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals']

const comparison = (
  key: Comparison['key'],
  operators: readonly string[],
  values: fc.Arbitrary<Comparison['values']>,
): fc.Arbitrary<Comparison> =>
  fc.record({ operator: fc.constantFrom(...operators), key: fc.constant(key), values, ifExists: fc.boolean() })

const TEXT = comparison('text', ['StringEquals', 'StringNotEquals'], few(...TEXTS))
const NUMBER = comparison(
  'number',
  ORDERS.map((order) => `Numeric${order}`),
  few(0, 1, 2, 3),
)
const FLAG = comparison('flag', ['Bool'], few(true, false))
const IP_V4 = comparison(
  'ip',
  ['IpAddress', 'NotIpAddress'],
  few('10.0.0.0/8', '10.0.0.0/16', '203.0.113.7', '0.0.0.0/0'),
)

const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined, freq: 4 })
const contexts = (addresses: readonly string[]): fc.Arbitrary<JsonObject> =>
  fc
    .record({
      text: optional(fc.constantFrom(...TEXTS)),
      number: optional(fc.integer({ min: -1, max: 4 })),
      flag: optional(fc.boolean()),
      ip: optional(fc.constantFrom(...addresses)),
      date: optional(fc.constantFrom(...DATES)),
      tags: optional(fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 })),
    })
    .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)))

const questions = (addresses: readonly string[]): fc.Arbitrary<Question[]> => {
  const one = fc
    .record({
      subject: fc.record({ id: fc.constantFrom('ada', 'bob'), roles: fc.subarray(['editor', 'viewer']) }),
      resource: fc.record({ type: fc.constantFrom('document', 'folder'), id: fc.constantFrom('doc-1', 'doc-17', 'x') }),
      action: fc.constantFrom('document:read', 'document:write', 'folder:read'),
      context: contexts(addresses),
    })
    .map(question)
  return fc.array(one, { minLength: QUESTIONS_OF_A_SET, maxLength: QUESTIONS_OF_A_SET })
}

/** A policy for our own code, and the same in the words of another. */
interface Pair {
  readonly ours: EvaluatedPolicy
  readonly comparisons: readonly Comparison[]
}

function pairs(patterns: readonly string[], comparisons: fc.Arbitrary<Comparison>): fc.Arbitrary<Pair[]> {
  const pattern = fc.constantFrom(...patterns)
  const rules = fc.record(
    { allow: fc.record({ resource: pattern }), deny: fc.record({ action: pattern }) },
    { requiredKeys: [] },
  )
  const everybody = { targetType: null, targetId: null }
  const target = fc.constantFrom(
    everybody,
    everybody,
    everybody,
    { targetType: 'user', targetId: 'ada' },
    { targetType: 'role', targetId: 'editor' },
  )
  const one = fc
    .record({
      id: fc.uuid(),
      effect: fc.constantFrom('allow', 'allow', 'deny'),
      target,
      resourceType: fc.constantFrom(null, null, '*', 'document', 'f*'),
      resourcePattern: fc.option(pattern, { freq: 1 }),
      actions: fc.array(fc.constantFrom('document:read', 'document:*', '*:read', '*'), { maxLength: 2 }),
      rules: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: rules }),
      expiresAt: fc.constantFrom(null, null, NOW + 1),
      comparisons: fc.array(comparisons, { maxLength: 2 }),
    })
    .map(({ comparisons: all, target: { targetType, targetId }, effect, ...rest }): Pair => {
      // One comparison of an operator and key: more would be one member of a JSON object.
      const unique = [...new Map(all.map((each) => [nameOf(each) + each.key, each])).values()]
      const conditions: Record<string, Record<string, unknown>> = {}
      for (const each of unique) {
        conditions[nameOf(each)] = {
          ...conditions[nameOf(each)],
          [`context.${each.key}`]: each.operator === 'Null' ? each.values[0] : each.values,
        }
      }
      const ours = { ...rest, targetType, targetId, effect, conditions } as Partial<EvaluatedPolicy>
      return { ours: policy(ours), comparisons: unique }
    })
  return fc.array(one, { minLength: 1, maxLength: 4 })
}

const nameOf = ({ operator, ifExists }: Comparison): string => `${operator}${ifExists ? 'IfExists' : ''}`

interface Answer {
  readonly allowed: boolean
  /** What decided. */
  readonly policies: readonly string[]
}

function ourAnswer(set: ReturnType<typeof compilePolicies>, asked: Question, all: readonly Pair[]): Answer {
  const { allowed, matchedPolicies } = evaluatePolicies({ set, question: asked })
  const denying = matchedPolicies.filter((id) => all.some(({ ours }) => ours.id === id && ours.effect === 'deny'))
  return { allowed, policies: (denying.length > 0 ? denying : matchedPolicies).toSorted() }
}

/** Cheaper than `expect`, a hundred thousand times. */
function expectSame(ours: unknown, theirs: unknown, told: object): void {
  if (!isDeepStrictEqual(ours, theirs)) throw new Error(JSON.stringify({ ours, theirs, ...told }))
}

/** How often each answer was given: a comparison of refusals alone would prove little. */
const tally = () => {
  const counts = { allowed: 0, denied: 0, none: 0 }
  const count = ({ allowed, policies }: Answer) => {
    counts[allowed ? 'allowed' : policies.length > 0 ? 'denied' : 'none'] += 1
  }
  return { counts, count }
}

// Cedar (https://docs.cedarpolicy.com). It has no `?`, and its sets no order.

const quoted = (text: unknown): string => JSON.stringify(text)
const anyOf = (tests: readonly string[]): string => (tests.length === 0 ? 'true' : `(${tests.join(' || ')})`)
const like = (text: string, pattern: string): string => `${text} like ${quoted(pattern)}`

const CEDAR_ORDERS: Readonly<Record<string, string>> = {
  Equals: '==',
  NotEquals: '==',
  LessThan: '<',
  LessThanEquals: '<=',
  GreaterThan: '>',
  GreaterThanEquals: '>=',
}

function cedarTest({ operator, key, values }: Comparison): string {
  const asked = `context.${key}`
  if (key === 'tags') {
    const known = `[${values.map(quoted).join()}]`
    if (operator === 'ForAnyValue:StringEquals') return `${known}.containsAny(${asked})`
    return `${known}.containsAll(${asked})`
  }
  if (key === 'ip') return anyOf(values.map((value) => `ip(${asked}).isInRange(ip(${quoted(value)}))`))
  if (operator.endsWith('Like')) return anyOf(values.map((value) => like(asked, `${value}`)))
  const [, order = 'Equals'] = /^(?:Numeric|Date)(.*)$/.exec(operator) ?? []
  const typed = (text: string) => (key === 'date' ? `datetime(${text})` : text)
  return anyOf(values.map((value) => `${typed(asked)} ${CEDAR_ORDERS[order]} ${typed(quoted(value))}`))
}

function cedarCondition(each: Comparison, isDeny: boolean): string {
  const { operator, key, ifExists } = each
  const isNegative = operator.includes('Not')
  const isThere = `context has ${key}`
  const test = isNegative ? `!(${cedarTest(each)})` : `(${cedarTest(each)})`
  if (operator === 'Null') return each.values.includes(true) ? `!(${isThere})` : `(${isThere})`
  if (operator === 'ForAllValues:StringEquals') {
    const isEmpty = `context.${key}.isEmpty()`
    const ofEmpty = isDeny ? `(${isEmpty} || ${test})` : `(!${isEmpty} && ${test})`
    return isDeny || ifExists ? `(!(${isThere}) || ${ofEmpty})` : `(${isThere} && ${ofEmpty})`
  }
  return ifExists || (isDeny && isNegative) ? `(!(${isThere}) || ${test})` : `(${isThere} && ${test})`
}

function cedarText({ ours, comparisons }: Pair): string {
  const { allow, deny } = ours.rules as { allow?: { resource: string }; deny?: { action: string } }
  const tests = [
    ours.targetType === 'user' && `principal == User::${quoted(ours.targetId)}`,
    ours.targetType === 'role' && `context.roles.contains(${quoted(ours.targetId)})`,
    ours.resourceType !== null && like('context.resource_type', ours.resourceType),
    ours.resourcePattern !== null && like('context.resource_id', ours.resourcePattern),
    anyOf(ours.actions.map((pattern) => like('context.action', pattern))),
    allow && like('context.resource_id', allow.resource),
    deny && `!(${like('context.action', deny.action)})`,
    ...comparisons.map((each) => cedarCondition(each, ours.effect === 'deny')),
  ].filter((test) => typeof test === 'string')
  return `${ours.effect === 'deny' ? 'forbid' : 'permit'} (principal, action, resource) when { ${tests.join(' && ')} };`
}

function cedarAnswer(preparsedPolicySetId: string, { subject, action, resource, context }: Question): Answer {
  const answer = statefulIsAuthorized({
    principal: { type: 'User', id: `${subject.id}` },
    action: { type: 'Action', id: action },
    resource: { type: 'Resource', id: `${resource.id}` },
    context: {
      ...(context as Record<string, string>),
      roles: [...subject.roles],
      action,
      resource_type: resource.type,
      resource_id: `${resource.id}`,
    },
    preparsedPolicySetId,
    entities: [],
  })
  if (answer.type === 'failure' || answer.response.diagnostics.errors.length > 0)
    throw new Error(JSON.stringify(answer))
  return { allowed: answer.response.decision === 'allow', policies: answer.response.diagnostics.reason.toSorted() }
}

it(`answers ${CEDAR_SETS * QUESTIONS_OF_A_SET} questions as Cedar does`, () => {
  const comparisons = fc.oneof(
    TEXT,
    comparison('text', ['StringLike', 'StringNotLike'], few('*', 'a*', '*a', '*b*', 'a')),
    NUMBER,
    FLAG,
    comparison('ip', ['IpAddress', 'NotIpAddress'], few('10.0.0.0/8', '203.0.113.7/32', '2001:db8::/32', '::/0')),
    comparison(
      'date',
      ORDERS.map((order) => `Date${order}`),
      few(...DATES),
    ),
    comparison('tags', ['ForAnyValue:StringEquals', 'ForAllValues:StringEquals'], few('a', 'b')),
    comparison(
      'text',
      ['Null'],
      fc.boolean().map((value) => [value]),
    ).map((each) => ({ ...each, ifExists: false })),
  )
  const { counts, count } = tally()
  const sets = pairs(['*', 'doc-*', '*1*', '*:read', 'doc-17'], comparisons)
  fc.assert(
    fc.property(sets, questions(ADDRESSES), (all, asked) => {
      const staticPolicies = Object.fromEntries(all.map((pair) => [pair.ours.id, cedarText(pair)]))
      expect(preparsePolicySet('set', { staticPolicies })).toEqual({ type: 'success' })
      const set = compilePolicies(all.map(({ ours }) => ours))
      for (const one of asked) {
        const answer = ourAnswer(set, one, all)
        expectSame(answer, cedarAnswer('set', one), { one, staticPolicies })
        count(answer)
      }
    }),
    runs(CEDAR_SETS),
  )
  expect(Math.min(...Object.values(counts))).toBeGreaterThan((CEDAR_SETS * QUESTIONS_OF_A_SET) / 10)
})

// casbin (https://casbin.org). Its patterns are regular expressions, its conditions expressions of JavaScript; it knows no lists.

const CASBIN_MODEL = `
[request_definition]
r = sub, roles, type, id, act, has, ctx
[policy_definition]
p = sub, role, type, id, act, rule, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = regexMatch(r.sub, p.sub) && regexMatch(r.roles, p.role) && regexMatch(r.type, p.type) && regexMatch(r.id, p.id) && regexMatch(r.act, p.act) && eval(p.rule)
`

const expression = (pattern: string): string => pattern.replaceAll('?', '.').replaceAll('*', '.*')
/** Without `$`, which casbin takes for its own when it puts a rule in its place. */
const whole = (pattern: string | null | undefined): string => `^${expression(pattern ?? '*')}(?!.)`

function casbinCondition(each: Comparison, isDeny: boolean): string {
  const { operator, key, ifExists, values } = each
  const isNegative = operator.includes('Not')
  const [, order = 'Equals'] = /^Numeric(.*)$/.exec(operator) ?? []
  const single = (value: unknown) => (typeof value === 'string' ? `'${value}'` : `${value}`)
  const tests = values.map((value) => {
    if (key === 'ip') return `ipMatch(r.ctx.ip, ${single(value)})`
    if (operator.endsWith('Like')) return `regexMatch(r.ctx.text, '${whole(`${value}`)}')`
    return `r.ctx.${key} ${CEDAR_ORDERS[order]} ${single(value)}`
  })
  const test = isNegative ? `!(${tests.join(' || ')})` : `(${tests.join(' || ')})`
  const isThere = `r.has.${key}`
  return ifExists || (isDeny && isNegative) ? `(!${isThere} || ${test})` : `(${isThere} && ${test})`
}

function casbinLine({ ours, comparisons }: Pair): string {
  const { allow, deny } = ours.rules as { allow?: { resource: string }; deny?: { action: string } }
  const actions = ours.actions.length === 0 ? '.*' : ours.actions.map(expression).join('|')
  const tests = [
    ...(allow ? [`regexMatch(r.id, '${whole(allow.resource)}')`] : []),
    ...(deny ? [`!regexMatch(r.act, '${whole(deny.action)}')`] : []),
    ...comparisons.map((each) => casbinCondition(each, ours.effect === 'deny')),
  ]
  const columns = [
    'p',
    whole(ours.targetType === 'user' ? ours.targetId : '*'),
    ours.targetType === 'role' ? ` ${ours.targetId} ` : '.*',
    whole(ours.resourceType),
    whole(ours.resourcePattern),
    `^(${actions})(?!.)`,
    tests.length === 0 ? 'true' : tests.join(' && '),
    ours.effect,
  ]
  return columns.map((column) => `"${column.replaceAll('"', '""')}"`).join(',')
}

it(`answers ${CASBIN_SETS * QUESTIONS_OF_A_SET} questions as casbin does`, async () => {
  const like = comparison('text', ['StringLike', 'StringNotLike'], few('*', 'a?', '?', '*a', '*b*'))
  const sets = pairs(['*', '*', 'doc-*', 'doc-??', '*:?ead'], fc.oneof(TEXT, like, NUMBER, FLAG, IP_V4))
  const { counts, count } = tally()
  await fc.assert(
    fc.asyncProperty(sets, questions(['10.0.0.1', '10.1.0.1', '203.0.113.7']), async (all, asked) => {
      const lines = all.map(casbinLine).join('\n')
      const enforcer = await newEnforcer(newModelFromString(CASBIN_MODEL), new StringAdapter(lines))
      const set = compilePolicies(all.map(({ ours }) => ours))
      for (const one of asked) {
        const { subject, resource, action, context } = one
        const roles = subject.roles.map((role) => ` ${role} `).join('')
        const has = Object.fromEntries(['text', 'number', 'flag', 'ip'].map((key) => [key, key in context]))
        // Its functions throw for a missing text: they are given one, and `has` decides.
        const ctx = { text: '', number: 0, flag: false, ip: '0.0.0.0', ...context }
        const answer = ourAnswer(set, one, all)
        const theirs = enforcer.enforceSync(subject.id, roles, resource.type, resource.id, action, has, ctx)
        expectSame(answer.allowed, theirs, { one, lines })
        count(answer)
      }
    }),
    runs(CASBIN_SETS),
  )
  expect(Math.min(...Object.values(counts))).toBeGreaterThan((CASBIN_SETS * QUESTIONS_OF_A_SET) / 10)
})
