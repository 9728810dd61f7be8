import { type ActorCtx, narrow, type PrincipalCtx } from '../../../context.ts'
import { insufficientPermissions, organizationNotFound } from '../../../lib/errors.ts'
import { isAdmin, isRanked, RANKS } from '../../../lib/roles.ts'
import { enterScopeToRead, PLATFORM } from '../../memberships/service.ts'
import { keptRules } from '../../rbac/service/definitions.ts'
import { isEmailConfirmed } from '../../users/service/users.ts'
import { compilePolicies, evaluatePolicies, explainPolicies, type Part, type PolicySet } from '../rules/evaluate.ts'
import { findContextViolations, isObject } from '../rules/limits.ts'
import { findPolicyOfAnyScope, readRoleAsked, readSet, readUserAsked } from '../store.ts'
import type { Decision, Explanation, JsonObject, Question, Violation } from '../types.ts'
import { DEFAULTS, invalidBody, merge, orNotFound, type PolicyFields, policyNotFound } from './policies.ts'

/** A machine with it may evaluate policies for anybody. */
export const EVALUATE_SCOPE = 'policies:evaluate'

/** The id of a draft among the policies that it is evaluated with. */
export const DRAFT_ID = '00000000-0000-4000-8000-000000000000'

export interface EvaluationInput {
  readonly subject: { readonly type: 'user' | 'role'; readonly id: string | undefined }
  readonly resource: Question['resource']
  readonly action: string
  readonly context: JsonObject
  readonly organizationId: string | undefined
  /** When absent: whether a person asks. */
  readonly explain: boolean | undefined
  /** A policy that is not saved. */
  readonly draft: PolicyFields | undefined
}

export interface Evaluation extends Decision {
  readonly organizationId: string | null
  readonly policiesConsidered: number
  readonly timeMs: number
  readonly explanation: readonly Explanation[] | null
}

/**
 * Asks all policies of an organization with the platform-wide ones, or the platform-wide ones alone; a draft joins them. Members
 * ask for themselves, admins of the organization and machines for anybody. Whoever may not sign in or is not in the organization
 * is refused as if no policy applied. Throws what `enterScopeToRead` throws, ORGANIZATION_NOT_FOUND to machines,
 * INSUFFICIENT_PERMISSIONS, VALIDATION_ERROR with the paths.
 */
export async function evaluateAll(ctx: PrincipalCtx, input: EvaluationInput): Promise<Evaluation> {
  const startedAt = ctx.now()
  const asking = await admit(ctx, input, input.organizationId)
  const asked = await findAsked(ctx, asking)
  const [platform, organization] = await Promise.all(
    asked.sets.map(async ({ scope, version }) => partOf(scope, await setOf(ctx, scope, version))),
  )
  const own = organization ?? platform
  const parts = [platform, organization, own && input.draft && partOf(own.scope, toDraft(input.draft, DRAFT_ID))]
  return decide(
    ctx,
    { input, asking, asked, startedAt },
    parts.filter((part) => part !== undefined),
  )
}

/**
 * As `evaluateAll`, of one policy; a draft stands in for it. Throws POLICY_NOT_FOUND, for one of somebody else's organization too.
 */
export async function evaluateOne(ctx: PrincipalCtx, id: string, input: EvaluationInput): Promise<Evaluation> {
  const startedAt = ctx.now()
  const policy = await findPolicyOfAnyScope(ctx, id)
  const organizationId = policy?.scope === PLATFORM ? input.organizationId : policy?.scope
  if (!policy || (input.organizationId ?? organizationId) !== organizationId) throw policyNotFound()
  const enter = async () => {
    const asking = await admit(ctx, input, organizationId)
    return { asking, asked: await findAsked(ctx, asking) }
  }
  const entered = await (policy.scope === PLATFORM ? enter() : orNotFound(enter()))
  const set = input.draft ? toDraft(input.draft, id) : compilePolicies([policy])
  return decide(ctx, { input, startedAt, ...entered }, [partOf(policy.scope, set)])
}

/** Who asks, about whom, and what they may state and see. */
interface Asking {
  readonly organizationId: string | null
  readonly subject: { readonly type: 'user' | 'role'; readonly id: string }
  readonly environment: Pick<Question['environment'], 'ip' | 'acr'>
  readonly explains: boolean
  /** A machine, or an admin of the platform: reads every policy, and what applications keep about people. */
  readonly isOfPlatform: boolean
  /** People ask with their own `app_metadata`; in policies about others, admins of an organization could read it out. */
  readonly seesAttributes: boolean
}

async function admit(ctx: PrincipalCtx, input: EvaluationInput, organizationId: string | undefined): Promise<Asking> {
  const { actor } = ctx
  const violations = findContextViolations(input.context)
  if (violations.length > 0) throw invalidBody(violations)
  const { type, id } = input.subject
  if (actor.type === 'client') {
    if (input.draft) throw insufficientPermissions({ required_role: 'admin' })
    if (id === undefined) throw invalidBody([{ path: ['subject_id'], message: 'is required' }])
    return {
      organizationId: organizationId ?? null,
      subject: { type, id },
      environment: readStated(input.context.environment),
      explains: input.explain ?? false,
      isOfPlatform: true,
      seesAttributes: true,
    }
  }
  const userCtx: ActorCtx = narrow(ctx, { actor })
  const { id: scope, place } = await enterScopeToRead(userCtx, organizationId)
  const isTrusted = place ? isRanked(place.rank, 'admin') : isAdmin(actor)
  const subject = { type, id: id ?? actor.id }
  const isSelf = type === 'user' && subject.id === actor.id
  if (type === 'role' && id === undefined) throw invalidBody([{ path: ['subject_id'], message: 'is required' }])
  if (!isTrusted && (!isSelf || input.draft)) throw insufficientPermissions({ required_role: 'admin' })
  return {
    organizationId: place ? scope : null,
    subject,
    environment: isSelf ? { ip: ctx.ip === NO_ADDRESS ? null : ctx.ip, acr: actor.acr } : { ip: null, acr: null },
    explains: isTrusted && input.explain !== false,
    isOfPlatform: isAdmin(actor),
    seesAttributes: isSelf || isAdmin(actor),
  }
}

/** What a request has whose address nobody told. */
const NO_ADDRESS = '0.0.0.0'

/** The surroundings of the request that a machine asks about. Throws VALIDATION_ERROR. */
function readStated(stated: unknown): Asking['environment'] {
  if (stated === undefined) return { ip: null, acr: null }
  const path = ['context', 'environment']
  if (!isObject(stated)) throw invalidBody([{ path, message: 'must be an object' }])
  const violations: Violation[] = Object.entries(stated).flatMap(([name, value]) => {
    if (name !== 'ip' && name !== 'acr') return [{ path: [...path, name], message: 'is not stated by callers' }]
    return typeof value === 'string' || value === null ? [] : [{ path: [...path, name], message: 'must be a text' }]
  })
  if (violations.length > 0) throw invalidBody(violations)
  const { ip = null, acr = null } = stated as Partial<Asking['environment']>
  return { ip, acr }
}

/** Who is asked about, as the database has them, and which policies count. */
interface Asked {
  /** Null for somebody whom no policy allows anything. */
  readonly subject: Omit<Question['subject'], 'roles'> | null
  /** An organization names roles as it likes: platform-wide policies know those of the platform alone. */
  readonly roles: { readonly ofOrganization: readonly string[]; readonly ofPlatform: readonly string[] }
  /** The platform's first. */
  readonly sets: readonly { readonly scope: string; readonly version: number }[]
}

/** Throws ORGANIZATION_NOT_FOUND. */
async function findAsked(ctx: PrincipalCtx, { organizationId, subject, seesAttributes }: Asking): Promise<Asked> {
  const { type, id } = subject
  const found = type === 'role' ? await findRole(ctx, organizationId, id) : await findUser(ctx, organizationId, id)
  if (!found.isOpen) throw organizationNotFound()
  const sets = [{ scope: PLATFORM, version: found.platformVersion }]
  if (organizationId !== null) sets.push({ scope: organizationId, version: found.organizationVersion })
  const seen = found.subject && { ...found.subject, ...(!seesAttributes && { attributes: {} }) }
  return { subject: seen, roles: found.roles, sets }
}

const NO_ROLES = { ofOrganization: [], ofPlatform: [] }

async function findUser(ctx: PrincipalCtx, organizationId: string | null, id: string) {
  const user = await readUserAsked(ctx, organizationId, id)
  const { status, memberRole } = user
  if (status === null || (organizationId !== null && memberRole === null))
    return { ...user, subject: null, roles: NO_ROLES }
  const ofPlatform = listOf(user.platformKeys)
  return {
    ...user,
    subject: {
      id,
      status,
      email: user.email,
      emailVerified: isEmailConfirmed(user),
      attributes: JSON.parse(user.appMetadata) as JsonObject,
    },
    roles: {
      ofPlatform: [...new Set([user.role, 'user']), ...ofPlatform],
      ofOrganization: [...(memberRole === null ? [] : [memberRole]), ...listOf(user.organizationKeys), ...ofPlatform],
    },
  }
}

const listOf = (json: string) => JSON.parse(json) as string[]

const NOBODY = { id: null, status: null, email: null, emailVerified: false, attributes: {} }

async function findRole(ctx: PrincipalCtx, organizationId: string | null, key: string) {
  const { isCustomHere, isCustomOfPlatform, isOfAccounts, ...versions } = await readRoleAsked(ctx, organizationId, key)
  const isHere = organizationId !== null && (isCustomHere || RANKS.some((rank) => rank === key))
  const ofOrganization = isHere || isCustomOfPlatform ? [key] : []
  const ofPlatform = !isHere && (isCustomOfPlatform || isOfAccounts) ? [key] : []
  const isKnown = ofOrganization.length + ofPlatform.length > 0
  return { ...versions, subject: isKnown ? NOBODY : null, roles: { ofOrganization, ofPlatform } }
}

interface ScopedSet {
  readonly scope: string
  readonly set: PolicySet
}

const partOf = (scope: string, set: PolicySet): ScopedSet => ({ scope, set })

const toDraft = (fields: PolicyFields, id: string): PolicySet =>
  compilePolicies([{ ...merge({ ...DEFAULTS, name: '' }, fields, ['draft']), id }])

const keptSets = (ctx: PrincipalCtx) =>
  keptRules(ctx).of<{ readonly version: number; readonly set: PolicySet }>('policies')

/** The policies of a scope: compiled once for each of their versions. */
async function setOf(ctx: PrincipalCtx, scope: string, version: number): Promise<PolicySet> {
  if (version === 0) return NO_POLICIES
  const kept = keptSets(ctx).get(scope)
  if (kept?.version === version) return kept.set
  const read = await readSet(ctx, scope)
  const set = compilePolicies(read.rows)
  keptSets(ctx).set(scope, { version: read.version, set }, set.weight)
  return set
}

const NO_POLICIES = compilePolicies([])

interface Deciding {
  readonly input: EvaluationInput
  readonly asking: Asking
  readonly asked: Asked
  readonly startedAt: number
}

function decide(
  ctx: PrincipalCtx,
  { input, asking, asked, startedAt }: Deciding,
  sets: readonly ScopedSet[],
): Evaluation {
  const parts = sets.map(({ scope, set }) => ({ set, question: questionOf(ctx, scope, { input, asking, asked }) }))
  const unreadable = sets.filter(({ scope }) => scope === PLATFORM && !asking.isOfPlatform)
  const hidden = new Set<string | null>(unreadable.flatMap(({ set }) => set.policies.map(({ id }) => id)))
  const decision = asked.subject === null ? REFUSED : evaluatePolicies(...parts)
  return {
    ...decision,
    organizationId: asking.organizationId,
    policiesConsidered: parts.reduce((sum, { set }) => sum + set.policies.length, 0),
    timeMs: ctx.now() - startedAt,
    explanation: asking.explains ? explain(asked, parts).map((one) => (hidden.has(one.id) ? unnamed(one) : one)) : null,
  }
}

const REFUSED: Decision = { allowed: false, matchedPolicies: [], deniedBy: null, reason: 'no_matching_policy' }

const questionOf = (
  ctx: PrincipalCtx,
  scope: string,
  { input, asking, asked }: Omit<Deciding, 'startedAt'>,
): Question => ({
  subject: {
    ...(asked.subject ?? NOBODY),
    roles: scope === PLATFORM ? asked.roles.ofPlatform : asked.roles.ofOrganization,
  },
  organizationId: asking.organizationId,
  resource: input.resource,
  action: input.action,
  context: input.context,
  environment: { time: ctx.now(), ...asking.environment },
})

/** Nobody in particular is missing: an admin does not learn who exists. */
function explain({ subject }: Asked, parts: readonly Part[]): Explanation[] {
  if (subject !== null) return explainPolicies(...parts)
  return parts.flatMap(({ set }) =>
    set.policies.map(({ id, effect }) => ({
      id,
      effect,
      applies: false,
      failed: { at: 'subject', reason: 'missing' as const },
    })),
  )
}

/** Of a policy that the caller may not read: it may name people, and what applications keep about them. */
const unnamed = ({ effect, applies }: Explanation): Explanation => ({ id: null, effect, applies, failed: null })
