import { StepLimitReached } from '../../../lib/matching.ts'
import type { Decision, EvaluatedPolicy, Explanation, Question } from '../types.ts'
import type { Check, Run } from './checks.ts'
import { LIMITS, sizeOf } from './limits.ts'
import { readPolicy } from './read-policy.ts'

interface CompiledPolicy extends Pick<EvaluatedPolicy, 'id' | 'effect'> {
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
  const isDeny = ({ effect }: EvaluatedPolicy) => Number(effect === 'deny')
  const compiled = [...policies]
    .sort((a, b) => b.priority - a.priority || isDeny(b) - isDeny(a) || (a.id < b.id ? -1 : 1))
    .map((policy) => ({ id: policy.id, effect: policy.effect, checks: checksOf(policy) }))
  const checks = compiled.reduce((sum, policy) => sum + policy.checks.length, 0)
  return { policies: compiled, weight: BYTES_OF_A_CHECK * checks + BYTES_OF_JSON * sizeOf(policies) }
}

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

const startRun = (question: Question): Run => ({
  question,
  steps: { left: LIMITS.evaluationSteps },
  dates: new Map(),
  addresses: new Map(),
})

/** A deny policy that applies wins over everything; without an allow policy that applies the answer is no. */
export function evaluatePolicies(set: PolicySet, question: Question): Decision {
  const run = startRun(question)
  let applying: readonly CompiledPolicy[]
  try {
    applying = set.policies.filter(({ checks }) => checks.every(({ decide }) => decide(run) === 'holds'))
  } catch (error) {
    if (!(error instanceof StepLimitReached)) throw error
    return { allowed: false, matchedPolicies: [], deniedBy: null, reason: 'evaluation_limit' }
  }
  const denying = applying.find(({ effect }) => effect === 'deny')
  const allowed = !denying && applying.some(({ effect }) => effect === 'allow')
  return {
    allowed,
    matchedPolicies: applying.map(({ id }) => id),
    deniedBy: denying?.id ?? null,
    reason: denying ? 'denied_by_policy' : allowed ? null : 'no_matching_policy',
  }
}

/** What kept each policy from applying, in the order of the set. */
export function explainPolicies(set: PolicySet, question: Question): Explanation[] {
  const run = startRun(question)
  return set.policies.map(({ id, effect, checks }) => {
    const failed = firstFailure(checks, run)
    return { id, effect, applies: failed === null, failed }
  })
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
