import { jsonBytesOf } from '../../../lib/json.ts'
import { StepLimitReached } from '../../../lib/matching.ts'
import type { Decision, EvaluatedPolicy, Explanation, Question } from '../types.ts'
import type { Check, Run } from './checks.ts'
import { LIMITS } from './limits.ts'
import { readPolicy } from './read-policy.ts'

type Ordered = Pick<EvaluatedPolicy, 'id' | 'effect' | 'priority'>

interface CompiledPolicy extends Ordered {
  readonly checks: readonly Check[]
}

/** Policies that are evaluated together. */
export interface PolicySet {
  /** In the order in which they are reported. */
  readonly policies: readonly CompiledPolicy[]
  /** About how many bytes of memory the set takes: many times those of its JSON where conditions are short. */
  readonly weight: number
}

const BYTES_OF_A_CHECK = 600
const BYTES_OF_JSON = 4

/** Compiles policies once for many questions: those of the highest priority first, a deny before an allow. */
export function compilePolicies(policies: readonly EvaluatedPolicy[]): PolicySet {
  const compiled = policies
    .toSorted(inOrder)
    .map((policy) => ({ id: policy.id, effect: policy.effect, priority: policy.priority, checks: checksOf(policy) }))
  const checks = compiled.reduce((sum, policy) => sum + policy.checks.length, 0)
  return { policies: compiled, weight: BYTES_OF_A_CHECK * checks + BYTES_OF_JSON * jsonBytesOf(policies) }
}

const isDeny = ({ effect }: Ordered) => Number(effect === 'deny')
const inOrder = (a: Ordered, b: Ordered) => b.priority - a.priority || isDeny(b) - isDeny(a) || (a.id < b.id ? -1 : 1)

/**
 * A part of a stored policy that this release cannot read (a later release wrote it) keeps an allow policy from applying, and
 * holds in a deny policy.
 */
function checksOf(policy: EvaluatedPolicy): readonly Check[] {
  const { checks, violations } = readPolicy(policy)
  const { enabled, expiresAt } = policy
  const own: readonly (Check | false)[] = [
    !enabled && { path: ['enabled'], decide: () => 'not_met' },
    expiresAt !== null && {
      path: ['expires_at'],
      decide: ({ question }) => (question.environment.time < expiresAt ? 'holds' : 'not_met'),
    },
    policy.effect !== 'deny' && violations.length > 0 && { path: ['policy'], decide: () => 'unreadable' },
  ]
  return [...own.filter((check) => check !== false), ...checks]
}

/** Policies of one scope, and the question as it is put to them: roles of one scope mean nothing in another. */
export interface Part {
  readonly set: PolicySet
  readonly question: Question
}

type Shared = Omit<Run, 'question'>

/** What one evaluation may do, however many parts it has. */
const startRun = (): Shared => ({
  steps: { left: LIMITS.evaluationSteps },
  dates: new Map(),
  addresses: new Map(),
})

const applyingIn = ({ set, question }: Part, shared: Shared): readonly CompiledPolicy[] => {
  const run = { question, ...shared }
  return set.policies.filter(({ checks }) => checks.every(({ decide }) => decide(run) === 'holds'))
}

/** A deny policy that applies wins over everything; without an allow policy that applies the answer is no. */
export function evaluatePolicies(...parts: readonly Part[]): Decision {
  const shared = startRun()
  let applying: readonly CompiledPolicy[]
  try {
    applying = parts.flatMap((part) => applyingIn(part, shared))
  } catch (error) {
    if (!(error instanceof StepLimitReached)) throw error
    return { allowed: false, matchedPolicies: [], deniedBy: null, reason: 'evaluation_limit' }
  }
  if (parts.length > 1) applying = applying.toSorted(inOrder)
  const denying = applying.find(({ effect }) => effect === 'deny')
  const allowed = !denying && applying.some(({ effect }) => effect === 'allow')
  return {
    allowed,
    matchedPolicies: applying.map(({ id }) => id),
    deniedBy: denying?.id ?? null,
    reason: denying ? 'denied_by_policy' : allowed ? null : 'no_matching_policy',
  }
}

/** What kept each policy from applying, in the order of the parts and their sets. */
export function explainPolicies(...parts: readonly Part[]): Explanation[] {
  const shared = startRun()
  return parts.flatMap(({ set, question }) =>
    set.policies.map(({ id, effect, checks }) => {
      const failed = firstFailure(checks, { question, ...shared })
      return { id, effect, applies: failed === null, failed }
    }),
  )
}

function firstFailure(checks: readonly Check[], run: Run): Explanation['failed'] {
  for (const { path, decide } of checks) {
    try {
      const outcome = decide(run)
      if (outcome !== 'holds') return { at: path.join('.'), reason: outcome }
    } catch (error) {
      if (!(error instanceof StepLimitReached)) throw error
      return { at: path.join('.'), reason: 'evaluation_limit' }
    }
  }
  return null
}
