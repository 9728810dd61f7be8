import { compilePolicies, evaluatePolicies } from '../../../src/features/policies/rules/evaluate.ts'
import type { EvaluatedPolicy, JsonObject, Question } from '../../../src/features/policies/types.ts'

export const NOW = Date.UTC(2026, 0, 31, 12)

export const policy = (changes: Partial<EvaluatedPolicy> = {}): EvaluatedPolicy => ({
  id: 'policy',
  rules: {},
  effect: 'allow',
  priority: 0,
  enabled: true,
  targetType: null,
  targetId: null,
  resourceType: null,
  resourcePattern: null,
  actions: [],
  conditions: {},
  expiresAt: null,
  ...changes,
})

type Changes = {
  readonly [Part in keyof Question]?: Question[Part] extends object ? Partial<Question[Part]> : Question[Part]
}

/** Ada reads document 17. */
export const question = (changes: Changes & { readonly context?: JsonObject } = {}): Question => ({
  subject: {
    id: 'ada',
    status: 'active',
    email: 'ada@example.test',
    emailVerified: true,
    roles: ['member', 'editor'],
    attributes: {},
    ...changes.subject,
  },
  organizationId: changes.organizationId === undefined ? 'acme' : changes.organizationId,
  resource: { type: 'document', id: 'doc-17', ...changes.resource },
  action: changes.action ?? 'document:read',
  context: changes.context ?? {},
  environment: { time: NOW, ip: '203.0.113.7', acr: 'aal2', ...changes.environment },
})

/** Whether the policy applies, whatever its effect. */
export const applies = (changes: Partial<EvaluatedPolicy>, asked: Question = question()): boolean =>
  evaluatePolicies({ set: compilePolicies([policy(changes)]), question: asked }).matchedPolicies.length === 1
