import { type ActorCtx, actorOf } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import type { Range } from '../../../db/list.ts'
import { DomainError, defineError, notAMember, organizationNotFound, validationFailed } from '../../../lib/errors.ts'
import { isUuid } from '../../../lib/ids.ts'
import { inSnake, jsonBytesOf } from '../../../lib/json.ts'
import { isAdmin, type Rank } from '../../../lib/roles.ts'
import { toIsoOrNull } from '../../../lib/time.ts'
import { enterScopeToChange, enterScopeToRead, limitReached, PLATFORM, type Scope } from '../../memberships/service.ts'
import { LIMITS } from '../rules/limits.ts'
import { findPolicyViolations } from '../rules/read-policy.ts'
import {
  deletePolicy,
  findPolicyOfAnyScope,
  insertPolicy,
  measureOthers,
  type PolicyFilter,
  raiseSet,
  selectPolicies,
  selectVersions,
  updatePolicy,
} from '../store.ts'
import type { Policy, PolicyVersion } from '../tables.ts'
import type { PolicyContent, Violation } from '../types.ts'

export type { Policy, PolicyVersion }

export const policyNotFound = defineError('POLICY_NOT_FOUND', 'not_found', 'There is no such policy')
export const policyMoved = defineError('VERSION_MOVED', 'conflict', 'The policy was changed meanwhile; read it again')

/** How often a change is tried when others come before it. */
const ATTEMPTS = 3

/** What its admins say of a policy. */
export type PolicyText = PolicyContent & Pick<Policy, 'name' | 'description' | 'enabled' | 'expiresAt'>

/** Fields of a policy; those that are undefined stay as they are. */
export type PolicyFields = { readonly [K in keyof PolicyText]?: PolicyText[K] | undefined }

export const DEFAULTS = {
  description: null,
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
} as const satisfies Omit<PolicyText, 'name'>

/** What is wrong with a body, as the check of its fields says it. */
export function invalidBody(violations: readonly Violation[]): DomainError {
  const errors = violations.map(({ path, message }) => ({
    field: ['body', ...path].join('.'),
    message,
    type: 'invalid_policy',
  }))
  const limit = violations.find((violation) => violation.limit !== undefined)?.limit
  return validationFailed({ validation_errors: errors, ...(limit !== undefined && { limit }) })
}

/** The fields over others. Throws VALIDATION_ERROR with what is wrong with the result, at paths below `at`. */
export function merge<P extends PolicyText>(base: P, fields: PolicyFields, at: readonly string[] = []): P {
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  const policy: P = { ...base, ...given }
  const { targetType, targetId } = policy
  const hasUuid = targetType === 'user' || targetType === 'organization'
  const normal = hasUuid && targetId !== null ? { ...policy, targetId: targetId.toLowerCase() } : policy
  const isWrongId = hasUuid && targetId !== null && !isUuid(targetId.toLowerCase())
  const violations = [
    ...(isWrongId ? [{ path: ['target_id'], message: 'must be a UUID' }] : []),
    ...findPolicyViolations(contentOf(normal)),
  ]
  if (violations.length > 0) throw invalidBody(violations.map((one) => ({ ...one, path: [...at, ...one.path] })))
  return normal
}

const contentOf = (policy: PolicyContent): PolicyContent => {
  const { rules, effect, priority, targetType, targetId, resourceType, resourcePattern, actions, conditions } = policy
  return { rules, effect, priority, targetType, targetId, resourceType, resourcePattern, actions, conditions }
}

type Snapshot = Readonly<Record<string, unknown>>

/** A policy in events and among former versions. */
const snapshotOf = (policy: PolicyText): Snapshot => {
  const { name, description, enabled, expiresAt } = policy
  return inSnake({ name, description, ...contentOf(policy), enabled, expiresAt: toIsoOrNull(expiresAt) })
}

const eventOf = (ctx: ActorCtx, { id, scope }: Policy) => ({
  subject: id,
  userId: null,
  organizationId: scope === PLATFORM ? null : scope,
  actor: actorOf(ctx),
})

/**
 * Makes a policy of an organization, or a platform-wide one. Throws what `enterScopeToChange` throws, VALIDATION_ERROR with the paths, and
 * LIMIT_REACHED.
 */
export async function createPolicy(
  ctx: ActorCtx,
  { organizationId, ...fields }: PolicyFields & { name: string; organizationId?: string | null | undefined },
): Promise<Policy> {
  const scope = await enterScopeToChange(ctx, organizationId, 'admin')
  const now = ctx.now()
  const text = merge({ ...DEFAULTS, name: fields.name }, fields)
  const snapshot = snapshotOf(text)
  const made = { id: ctx.newId(), scope: scope.id, version: 1, createdAt: now, updatedAt: now }
  const policy = { ...text, ...made, size: jsonBytesOf(snapshot) }
  const [raised] = await commitAll(ctx, [insertPolicy(ctx, scope, policy), raiseSet(ctx, scope.id)], {
    type: 'policy.created',
    ...eventOf(ctx, policy),
    data: { after: snapshot },
  })
  if (raised) return policy
  await enterScopeToChange(ctx, organizationId, 'admin')
  throw (await findExcess(ctx, policy)) ?? limitReached({ limit: LIMITS.policiesPerScope })
}

/** The limit that a policy would exceed. */
async function findExcess(ctx: ActorCtx, policy: Policy): Promise<DomainError | undefined> {
  const { bytes } = await measureOthers(ctx, policy)
  const limit = LIMITS.scopeBytes
  if (bytes + policy.size <= limit) return undefined
  return invalidBody([{ path: [], message: `the policies would take more than ${limit} bytes`, limit }])
}

export interface PolicyQuery extends PolicyFilter, Range {
  readonly organizationId?: string | undefined
}

/** The policies of an organization, for its members; the platform-wide ones for admins of the platform, and none for others. */
export async function listPolicies(ctx: ActorCtx, { organizationId, ...filter }: PolicyQuery) {
  const scope = await enterScopeToRead(ctx, organizationId)
  if (scope.place === null && !isAdmin(ctx.actor)) return { rows: [], total: 0 }
  return selectPolicies(ctx, scope.id, filter)
}

/**
 * A policy, and the caller's place where it belongs. Throws POLICY_NOT_FOUND, for one of somebody else's organization too, and what
 * `enterScopeToChange` throws.
 */
async function enterPolicy(ctx: ActorCtx, id: string, rank: Rank): Promise<{ policy: Policy; scope: Scope }> {
  const policy = await findPolicyOfAnyScope(ctx, id)
  const isOfPlatform = policy?.scope === PLATFORM
  if (!policy || (isOfPlatform && !isAdmin(ctx.actor))) throw policyNotFound()
  const organizationId = isOfPlatform ? null : policy.scope
  return { policy, scope: await orNotFound(enterScopeToChange(ctx, organizationId, rank)) }
}

const FOREIGN: readonly string[] = [notAMember.code, organizationNotFound.code]

/** For those who are not in its organization there is no such policy. */
export const orNotFound = <T>(entering: Promise<T>): Promise<T> =>
  entering.catch((error: unknown) => {
    throw error instanceof DomainError && FOREIGN.includes(error.code) ? policyNotFound() : error
  })

/** For members of its organization. Throws what `enterPolicy` throws. */
export const getPolicy = async (ctx: ActorCtx, id: string): Promise<Policy> =>
  (await enterPolicy(ctx, id, 'viewer')).policy

/** Former versions of a policy, the last first, for admins of its organization. Throws what `enterPolicy` throws. */
export async function listVersions(ctx: ActorCtx, id: string): Promise<PolicyVersion[]> {
  const { policy } = await enterPolicy(ctx, id, 'admin')
  return selectVersions(ctx, policy)
}

interface OnePolicy {
  readonly id: string
  /** The version that the caller has read. */
  readonly version: number | undefined
}

async function enterVersion(ctx: ActorCtx, { id, version }: OnePolicy) {
  const entered = await enterPolicy(ctx, id, 'admin')
  const current = entered.policy.version
  if (version !== undefined && version !== current) throw policyMoved({ version: current })
  return entered
}

/**
 * Changes a policy, whose version grows by one; one that says the same already stays as it is. Throws what `enterPolicy` throws,
 * VERSION_MOVED, and VALIDATION_ERROR with the paths.
 */
export async function changePolicy(ctx: ActorCtx, one: OnePolicy, fields: PolicyFields): Promise<Policy> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { policy: before, scope } = await enterVersion(ctx, one)
    const text = merge(before, fields)
    const [old, snapshot] = [snapshotOf(before), snapshotOf(text)]
    const changed = changedIn(old, snapshot)
    if (changed.length === 0) return before
    const updatedAt = Math.max(ctx.now(), before.updatedAt + 1)
    const after = { ...text, version: before.version + 1, updatedAt, size: jsonBytesOf(snapshot) }
    const statements = updatePolicy(ctx, scope, { before, after, snapshot: old })
    const [raised] = await commitAll(ctx, [...statements, raiseSet(ctx, scope.id)], {
      type: 'policy.updated',
      ...eventOf(ctx, before),
      data: { before: pick(old, changed), after: pick(snapshot, changed) },
    })
    if (raised) return after
    const excess = await findExcess(ctx, after)
    if (excess) throw excess
  }
  throw policyMoved()
}

const changedIn = (old: Snapshot, snapshot: Snapshot): string[] =>
  Object.keys(snapshot).filter((name) => JSON.stringify(old[name]) !== JSON.stringify(snapshot[name]))

const pick = (snapshot: Snapshot, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, snapshot[name]]))

/** Deletes a policy, and its versions. Throws what `enterPolicy` throws, and VERSION_MOVED. */
export async function removePolicy(ctx: ActorCtx, one: OnePolicy): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { policy, scope } = await enterVersion(ctx, one)
    const [raised] = await commitAll(ctx, [deletePolicy(ctx, scope, policy), raiseSet(ctx, scope.id)], {
      type: 'policy.deleted',
      ...eventOf(ctx, policy),
      data: { before: snapshotOf(policy) },
    })
    if (raised) return
  }
  throw policyMoved()
}
