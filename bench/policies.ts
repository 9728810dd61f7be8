import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import { newEnforcer, newModelFromString, StringAdapter } from 'casbin'
import { compilePolicies, evaluatePolicies } from '../src/features/policies/rules/evaluate.ts'
import type { EvaluatedPolicy, Question } from '../src/features/policies/types.ts'
import { type Spread, spreadOf } from './statistics.ts'

/** How many policies a question is evaluated against. */
const SIZES = [1, 10, 100, 1000] as const
const ROUNDS = 15
const ROUND_MS = 40
const TEAMS = 20

export interface PolicyTimes {
  readonly policies: number
  /** Microseconds an evaluation. */
  readonly postern: Spread
  readonly cedar: Spread
  readonly casbin: Spread
  /** How many times as long the faster of the others takes, round by round. */
  readonly ratio: Spread
}

type Evaluate = () => boolean

/** Every tenth denies to another network; a twentieth of the rest is about the team that is asked about. */
const policyAt = (index: number): EvaluatedPolicy => ({
  id: `policy-${index}`,
  rules: {},
  effect: index % 10 === 9 ? 'deny' : 'allow',
  priority: 0,
  enabled: true,
  targetType: null,
  targetId: null,
  resourceType: 'document',
  resourcePattern: `team-${index % TEAMS}-*`,
  actions: ['document:read', 'document:list'],
  conditions: {
    StringEquals: { 'context.department': ['engineering', 'design'] },
    NumericLessThan: { 'context.amount': 100 },
    IpAddress: { 'environment.ip': index % 10 === 9 ? '192.0.2.0/24' : '203.0.113.0/24' },
  },
  expiresAt: null,
})

const question: Question = {
  subject: { id: 'ada', status: 'active', email: null, emailVerified: false, roles: ['member'], attributes: {} },
  organizationId: 'acme',
  resource: { type: 'document', id: 'team-0-plan' },
  action: 'document:read',
  context: { department: 'engineering', amount: 20 },
  environment: { time: 0, ip: '203.0.113.7', acr: 'aal2' },
}

function posternOf(policies: readonly EvaluatedPolicy[]): Evaluate {
  const set = compilePolicies(policies)
  return () => evaluatePolicies({ set, question }).allowed
}

const networkOf = ({ conditions }: EvaluatedPolicy): unknown =>
  (conditions.IpAddress as Record<string, unknown>)['environment.ip']

/** Its policies are parsed before; entities would only cost it time. */
function cedarOf(policies: readonly EvaluatedPolicy[]): Evaluate {
  const name = `set-${policies.length}`
  const textOf = (policy: EvaluatedPolicy) =>
    `${policy.effect === 'deny' ? 'forbid' : 'permit'} (principal, action, resource) when {
      context.resource_type == "document" && context.resource_id like "${policy.resourcePattern}" &&
      ["document:read", "document:list"].contains(context.action) &&
      ["engineering", "design"].contains(context.department) && context.amount < 100 &&
      ip(context.ip).isInRange(ip("${networkOf(policy)}")) };`
  const staticPolicies = Object.fromEntries(policies.map((policy) => [policy.id, textOf(policy)]))
  const parsed = preparsePolicySet(name, { staticPolicies })
  if (parsed.type === 'failure') throw new Error(JSON.stringify(parsed.errors))
  const { subject, action, resource, context, environment } = question
  const call = {
    principal: { type: 'User', id: `${subject.id}` },
    action: { type: 'Action', id: action },
    resource: { type: 'Document', id: `${resource.id}` },
    context: {
      ...(context as Record<string, string>),
      action,
      resource_type: resource.type,
      resource_id: `${resource.id}`,
      ip: `${environment.ip}`,
    },
    preparsedPolicySetId: name,
    entities: [],
  }
  return () => {
    const answer = statefulIsAuthorized(call)
    return answer.type === 'success' && answer.response.decision === 'allow'
  }
}

const CASBIN_MODEL = `
[request_definition]
r = type, id, act, ctx
[policy_definition]
p = type, id, department, amount, network, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.type == p.type && keyMatch(r.id, p.id) && (r.act == 'document:read' || r.act == 'document:list') && (r.ctx.department == 'engineering' || r.ctx.department == p.department) && r.ctx.amount < p.amount && ipMatch(r.ctx.ip, p.network)
`

async function casbinOf(policies: readonly EvaluatedPolicy[]): Promise<Evaluate> {
  const lines = policies.map((policy) =>
    ['p', 'document', policy.resourcePattern, 'design', '100', networkOf(policy), policy.effect].join(', '),
  )
  const enforcer = await newEnforcer(newModelFromString(CASBIN_MODEL), new StringAdapter(lines.join('\n')))
  const { resource, action, context, environment } = question
  const asked = { ...context, ip: environment.ip }
  return () => enforcer.enforceSync(resource.type, resource.id, action, asked)
}

/** Microseconds an evaluation. */
function timeOf(evaluate: Evaluate): number {
  const began = performance.now()
  let count = 0
  do {
    if (!evaluate()) throw new Error('an evaluation answered no')
    count += 1
  } while (performance.now() - began < ROUND_MS)
  return ((performance.now() - began) * 1000) / count
}

async function measureAt(policies: number): Promise<PolicyTimes> {
  const all = Array.from({ length: policies }, (_, index) => policyAt(index))
  const contestants = [posternOf(all), cedarOf(all), await casbinOf(all)] as const
  for (const evaluate of contestants) timeOf(evaluate)
  const rounds = Array.from({ length: ROUNDS }, () => {
    const [postern, cedar, casbin] = contestants.map(timeOf) as [number, number, number]
    return { postern, cedar, casbin, ratio: Math.min(cedar, casbin) / postern }
  })
  const spread = (name: keyof (typeof rounds)[number]) => spreadOf(rounds.map((round) => round[name]))
  return {
    policies,
    postern: spread('postern'),
    cedar: spread('cedar'),
    casbin: spread('casbin'),
    ratio: spread('ratio'),
  }
}

/** The same policies and the same question, in turn in this process: a policy engine needs no Worker. */
export async function measurePolicies(): Promise<readonly PolicyTimes[]> {
  const times: PolicyTimes[] = []
  for (const size of SIZES) times.push(await measureAt(size))
  return times
}
