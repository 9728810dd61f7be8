import { jsonBytesOf } from '../../../lib/json.ts'
import { matchesPattern } from '../../../lib/matching.ts'
import type { PolicyContent, Question, Violation } from '../types.ts'
import { joined, NOTHING, oneCheck, type Path, type Read, violation } from './checks.ts'
import { readConditions } from './conditions.ts'
import { isObject, LIMITS } from './limits.ts'

/** What is wrong with a policy that is to be saved. The paths have the names of the wire. */
export function findPolicyViolations(policy: PolicyContent): readonly Violation[] {
  const { policyBytes } = LIMITS
  if (jsonBytesOf(policy) > policyBytes) {
    return violation([], `is larger than ${policyBytes} bytes`, policyBytes).violations
  }
  return readPolicy(policy).violations
}

/** What must hold for the policy to apply: target, resource, action, rules, conditions. */
export function readPolicy(policy: PolicyContent): Read {
  const { resourceType, resourcePattern, rules, conditions, effect } = policy
  return joined([
    readTarget(policy),
    resourceType === null ? NOTHING : readPattern(['resource_type'], resourceType, ({ resource }) => resource.type),
    resourcePattern === null ? NOTHING : readPattern(['resource_pattern'], resourcePattern, resourceOf),
    readActions(policy),
    readRules(rules),
    readConditions(conditions, effect),
  ])
}

/** A question about no resource in particular is one about any: only `*` matches it. */
const resourceOf = ({ resource }: Question): string => resource.id ?? ''

function readTarget({ targetType, targetId }: PolicyContent): Read {
  const check = (isTarget: (question: Question, id: string) => boolean): Read =>
    targetId === null
      ? violation(['target_id'], 'is needed for this target_type')
      : oneCheck(['target_id'], ({ question }) => (isTarget(question, targetId) ? 'holds' : 'not_met'))
  switch (targetType) {
    case 'user':
      return check(({ subject }, id) => subject.id === id)
    case 'role':
      return check(({ subject }, id) => subject.roles.includes(id))
    case 'organization':
      return targetId === null ? NOTHING : check(({ organizationId }, id) => organizationId === id)
    case 'global':
    case null:
      return targetId === null ? NOTHING : violation(['target_id'], 'needs a target_type that has ids')
    default:
      return violation(['target_type'], 'is no type of target')
  }
}

function patternViolations(path: Path, pattern: unknown): readonly Violation[] {
  const { patternLength } = LIMITS
  if (typeof pattern !== 'string') return violation(path, 'must be a pattern').violations
  if (pattern.length <= patternLength) return []
  return violation(path, `is longer than ${patternLength} characters`, patternLength).violations
}

function readPattern(path: Path, pattern: unknown, textOf: (question: Question) => string, matched = true): Read {
  const violations = patternViolations(path, pattern)
  if (typeof pattern !== 'string' || violations.length > 0) return { checks: [], violations }
  return oneCheck(path, ({ question, steps }) =>
    matchesPattern(pattern, textOf(question), steps) === matched ? 'holds' : 'not_met',
  )
}

function readActions({ actions }: PolicyContent): Read {
  const path = ['actions']
  if (actions.length === 0) return NOTHING
  if (actions.length > LIMITS.actions) {
    return violation(path, `holds more than ${LIMITS.actions} actions`, LIMITS.actions)
  }
  const violations = actions.flatMap((pattern, index) => patternViolations([...path, index], pattern))
  if (violations.length > 0) return { checks: [], violations }
  return oneCheck(path, ({ question: { action }, steps }) =>
    actions.some((pattern) => matchesPattern(pattern, action, steps)) ? 'holds' : 'not_met',
  )
}

const RULE_TEXTS: ReadonlyMap<string, (question: Question) => string> = new Map([
  ['subject', ({ subject }: Question) => subject.id ?? ''],
  ['action', ({ action }: Question) => action],
  ['resource', resourceOf],
])

/** All patterns of `allow` must match, and none of `deny`, whatever the effect of the policy is. */
function readRules(rules: PolicyContent['rules']): Read {
  return joined(
    Object.entries(rules).map(([name, patterns]) => {
      if (name !== 'allow' && name !== 'deny') return violation(['rules', name], 'must be allow or deny')
      if (!isObject(patterns)) return violation(['rules', name], 'must be an object of patterns')
      return joined(
        Object.entries(patterns).map(([part, pattern]) => {
          const textOf = RULE_TEXTS.get(part)
          const path = ['rules', name, part]
          return textOf
            ? readPattern(path, pattern, textOf, name === 'allow')
            : violation(path, 'must be subject, action or resource')
        }),
      )
    }),
  )
}
