import * as z from 'zod'
import { from, instant, instantOrNull, mapped, shape } from '../../http/answers.ts'
import { integerParam, UuidParam } from '../../http/input.ts'
import { arrayOf } from '../../http/list.ts'
import { validationFailed } from '../../lib/errors.ts'
import { toIso } from '../../lib/time.ts'
import { PLATFORM } from '../memberships/types.ts'
import { isPlainText } from '../users/service/users.ts'
import { orAbsent, proseField } from '../users/wire.ts'
import { DRAFT_ID, type Evaluation, type EvaluationInput } from './service/evaluation.ts'
import type { Policy, PolicyFields, PolicyVersion } from './service/policies.ts'
import type { JsonObject } from './types.ts'

const text = z.string().nullable()
const anything = z.record(z.string(), z.unknown())
const Effect = z.enum(['allow', 'deny'])
const TargetType = z.enum(['user', 'role', 'organization', 'global'])

/** `tenant_id` of what is platform-wide. */
const PLATFORM_TENANT = '00000000-0000-4000-8000-000000000001'

const organizationOf = ({ scope }: Pick<Policy, 'scope'>): string | null => (scope === PLATFORM ? null : scope)

export const PolicyShape = shape<Policy>()('Policy', {
  id: z.uuid(),
  tenant_id: from(
    z.uuid().meta({ description: `The organization's id; \`${PLATFORM_TENANT}\` for a platform-wide policy` }),
    (policy: Policy) => organizationOf(policy) ?? PLATFORM_TENANT,
  ),
  organization_id: from(z.uuid().nullable(), organizationOf),
  name: z.string(),
  description: text,
  rules: anything,
  effect: Effect,
  priority: z.int(),
  enabled: z.boolean(),
  version: z.int(),
  target_type: TargetType.nullable(),
  target_id: text,
  resource_type: text,
  resource_pattern: text,
  actions: z.array(z.string()),
  conditions: anything,
  expires_at: instantOrNull,
  created_at: instant,
  updated_at: instant,
})

export const PolicyList = arrayOf(PolicyShape)

const Version = z
  .object({ version: z.int(), policy: anything, changed_by: text, changed_at: z.iso.datetime() })
  .meta({ id: 'PolicyVersion' })

export const VersionList = mapped(z.array(Version), (rows: readonly PolicyVersion[]) =>
  rows.map(({ version, policy, changedBy, changedAt }) => ({
    version,
    policy,
    changed_by: changedBy,
    changed_at: toIso(changedAt),
  })),
)

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** As it came: a record leaves `__proto__` out, and what is left out cannot be refused. */
const ObjectField = z
  .custom<JsonObject>(isObject, 'must be an object')
  .meta({ override: { type: 'object', additionalProperties: true } })

const MAX_NAME = 255
const Name = z.string().trim().min(1).max(MAX_NAME).refine(isPlainText, 'must not have control characters')
const word = z.string().min(1).max(256)

const fields = {
  description: proseField(1000),
  rules: ObjectField.optional(),
  effect: Effect.optional(),
  priority: z.int().min(0).max(1000).optional(),
  enabled: z.boolean().optional(),
  target_type: TargetType.nullish(),
  target_id: word.nullish(),
  resource_type: z.string().min(1).nullish(),
  resource_pattern: z.string().min(1).nullish(),
  actions: z.array(z.string().min(1)).optional(),
  conditions: ObjectField.optional(),
  expires_at: z.iso
    .datetime({ offset: true, error: 'must be a time with its offset (2026-01-31T08:00:00Z)' })
    .nullish(),
}

export const NewPolicyBody = z
  .object({ name: Name, ...fields, organization_id: UuidParam.nullish() })
  .meta({ id: 'NewPolicy' })

export const PolicyBody = z.object({ name: Name.optional(), ...fields }).meta({ id: 'PolicyChange' })

export function toFields<N extends string | undefined>(body: z.output<typeof PolicyBody> & { name?: N }) {
  const { target_type, target_id, resource_type, resource_pattern, expires_at, ...same } = body
  return {
    ...same,
    targetType: target_type,
    targetId: target_id,
    resourceType: resource_type,
    resourcePattern: resource_pattern,
    expiresAt: typeof expires_at === 'string' ? Date.parse(expires_at) : expires_at,
  } satisfies PolicyFields
}

export const toNewPolicy = ({ organization_id: organizationId, ...body }: z.output<typeof NewPolicyBody>) => ({
  ...toFields(body),
  name: body.name,
  organizationId,
})

export const PolicyPath = z.object({ policy_id: UuidParam })

export const PoliciesQuery = z.object({
  organization_id: orAbsent(UuidParam),
  skip: integerParam(0, 1_000_000).default(0),
  limit: integerParam(1, 1000).default(100),
  target_type: orAbsent(TargetType),
  resource_type: orAbsent(z.string().max(256)),
  enabled: orAbsent(z.stringbool()),
})

export const toPolicyQuery = (query: z.output<typeof PoliciesQuery>) => ({
  organizationId: query.organization_id,
  targetType: query.target_type,
  resourceType: query.resource_type,
  enabled: query.enabled,
  offset: query.skip,
  limit: query.limit,
})

/** A number, as it is or as an entity tag (RFC 9110 8.8.3). */
const VERSION = /^("?)(\d{1,15})\1$/

export const IfMatch = z.object({
  'If-Match': z
    .string()
    .regex(VERSION)
    .optional()
    .meta({ description: 'The version that the change is made to: 409 when the policy has moved' }),
})

/** The version in `If-Match`. Throws VALIDATION_ERROR. */
export function versionIn({ headers }: Request): number | undefined {
  const given = headers.get('if-match')
  if (given === null) return undefined
  const [, , version] = VERSION.exec(given) ?? []
  if (version !== undefined) return Number(version)
  throw validationFailed({
    validation_errors: [
      { field: 'header.if-match', message: 'must be the number of a version', type: 'invalid_format' },
    ],
  })
}

export const EvaluationBody = z
  .object({
    subject_id: word.nullish().meta({ description: 'A user, or the key of a role; the caller when absent' }),
    subject_type: z.enum(['user', 'role']).default('user'),
    resource_type: word,
    resource_id: z.string().min(1).max(1024).nullish(),
    action: word,
    context: ObjectField.optional().meta({
      description:
        '`context.*` of conditions. A machine states `{ip, acr}` of the request that it asks about in `environment`',
    }),
    organization_id: UuidParam.nullish(),
    explain: z.boolean().optional().meta({
      description: 'Whether `explanation` is wanted. When absent: by people, not by machines',
    }),
    draft: PolicyBody.optional().meta({
      description: `A policy that is not saved, for admins: its id is \`${DRAFT_ID}\`, or that of the policy for which it stands in`,
    }),
  })
  .meta({ id: 'PolicyQuestion' })

export function toEvaluation(body: z.output<typeof EvaluationBody>): EvaluationInput {
  const { subject_id, subject_type: type, resource_type, resource_id, draft } = body
  return {
    subject: { type, id: subjectIdOf(type, subject_id ?? undefined) },
    resource: { type: resource_type, id: resource_id ?? null },
    action: body.action,
    context: body.context ?? {},
    organizationId: body.organization_id ?? undefined,
    explain: body.explain,
    draft: draft && toFields(draft),
  }
}

function subjectIdOf(type: 'user' | 'role', given: string | undefined): string | undefined {
  if (type === 'role' || given === undefined) return given
  const { data } = UuidParam.safeParse(given)
  if (data !== undefined) return data
  throw validationFailed({
    validation_errors: [{ field: 'body.subject_id', message: 'must be a UUID', type: 'invalid_format' }],
  })
}

const Explained = z
  .object({
    policy_id: z.uuid().nullable().meta({ description: 'Null for a policy that the caller may not read' }),
    effect: Effect,
    applies: z.boolean(),
    failed: z
      .object({
        at: z.string(),
        reason: z.enum(['not_met', 'missing', 'wrong_type', 'unreadable', 'evaluation_limit']),
      })
      .nullable()
      .meta({ description: 'The first part that does not hold' }),
  })
  .meta({ id: 'PolicyExplanation' })

const Decided = z
  .object({
    allowed: z.boolean(),
    matched_policies: z.array(z.uuid()).meta({ description: 'Those that apply, the highest priority first' }),
    denied_by: z.uuid().nullable(),
    reason: z.enum(['denied_by_policy', 'no_matching_policy', 'evaluation_limit']).nullable(),
    explanation: z.array(Explained).nullable(),
    metadata: z.object({
      evaluation_time_ms: z.number(),
      organization_id: z.uuid().nullable(),
      policies_considered: z.int(),
    }),
  })
  .meta({ id: 'PolicyDecision' })

export const DecisionShape = mapped(Decided, (evaluation: Evaluation) => ({
  allowed: evaluation.allowed,
  matched_policies: evaluation.matchedPolicies,
  denied_by: evaluation.deniedBy,
  reason: evaluation.reason,
  explanation:
    evaluation.explanation?.map(({ id, effect, applies, failed }) => ({ policy_id: id, effect, applies, failed })) ??
    null,
  metadata: {
    evaluation_time_ms: evaluation.timeMs,
    organization_id: evaluation.organizationId,
    policies_considered: evaluation.policiesConsidered,
  },
}))
