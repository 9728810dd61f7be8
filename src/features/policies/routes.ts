import type * as z from 'zod'
import type { ActorCtx, PrincipalCtx } from '../../context.ts'
import { created, ok } from '../../http/answers.ts'
import { Done, doneToWire } from '../../http/done.ts'
import { type Guard, principal, scopedUser } from '../../http/guard.ts'
import { withTotal } from '../../http/list.ts'
import { createRoutes, everyCall } from '../../http/router.ts'
import { limitReached, organizationRequired } from '../memberships/service.ts'
import { EVALUATE_SCOPE, evaluateAll, evaluateOne } from './service/evaluation.ts'
import {
  changePolicy,
  createPolicy,
  getPolicy,
  listPolicies,
  listVersions,
  policyMoved,
  policyNotFound,
  removePolicy,
} from './service/policies.ts'
import {
  DecisionShape,
  EvaluationBody,
  IfMatch,
  NewPolicyBody,
  PoliciesQuery,
  PolicyBody,
  PolicyList,
  PolicyPath,
  PolicyShape,
  toEvaluation,
  toFields,
  toNewPolicy,
  toPolicyQuery,
  VersionList,
  versionIn,
} from './wire.ts'

export const policyRoutes = createRoutes({
  prefix: '/api/v1/policies',
  alsoAt: { prefix: '/api/policies', mark: 'Unversioned' },
  tag: 'policies',
  guard: scopedUser,
})

/** A user, or a machine with the scope; in an organization that the body names, or platform-wide. */
const evaluator: Guard<PrincipalCtx> = { ...principal(EVALUATE_SCOPE), rank: 'viewer' }

policyRoutes.get(
  '/',
  {
    id: 'listPolicies',
    summary: 'The policies of an organization, for its members, or the platform-wide ones, for admins of the platform',
    description: 'In the order in which they were made; X-Total-Count is the number on all pages.',
    query: PoliciesQuery,
    answer: ok(PolicyList, 'A page of policies'),
  },
  async ({ ctx, query }) => withTotal(await listPolicies(ctx, toPolicyQuery(query))),
)

policyRoutes.post(
  '/',
  {
    id: 'createPolicy',
    summary: 'Create a policy: it counts at once',
    isWrite: everyCall,
    body: NewPolicyBody,
    answer: created(PolicyShape, 'The policy'),
    errors: [organizationRequired, limitReached],
  },
  ({ ctx, body }) => createPolicy(ctx, toNewPolicy(body)),
)

const evaluation = {
  description:
    'Members ask for themselves, admins of the organization and machines for anybody. Deny wins, and what no policy allows is denied. Whoever may not sign in or is not in the organization is denied as if no policy applied.',
  guard: evaluator,
  body: EvaluationBody,
  answer: ok(DecisionShape, 'What the policies decide'),
}

policyRoutes.post(
  '/evaluate',
  {
    ...evaluation,
    id: 'evaluatePolicies',
    summary: 'Ask the policies of an organization with the platform-wide ones, or the platform-wide ones alone',
  },
  ({ ctx, body }) => evaluateAll(ctx, toEvaluation(body)),
)

policyRoutes.post(
  '/:policy_id/evaluate',
  {
    ...evaluation,
    id: 'evaluatePolicy',
    summary: 'Ask one policy',
    params: PolicyPath,
    errors: [policyNotFound],
  },
  ({ ctx, params, body }) => evaluateOne(ctx, params.policy_id, toEvaluation(body)),
)

policyRoutes.get(
  '/:policy_id/versions',
  {
    id: 'listPolicyVersions',
    summary: 'The former versions of a policy, the last first, 20 at most, for admins of its organization',
    params: PolicyPath,
    answer: ok(VersionList, 'The versions'),
    errors: [policyNotFound],
  },
  ({ ctx, params }) => listVersions(ctx, params.policy_id),
)

policyRoutes.get(
  '/:policy_id',
  {
    id: 'getPolicy',
    summary: 'A policy, for members of its organization',
    params: PolicyPath,
    answer: ok(PolicyShape, 'The policy'),
    errors: [policyNotFound],
  },
  ({ ctx, params }) => getPolicy(ctx, params.policy_id),
)

const change = {
  summary: 'Change a policy: absent fields stay as they are, and the change counts at once',
  isWrite: everyCall,
  params: PolicyPath,
  headers: IfMatch,
  body: PolicyBody,
  answer: ok(PolicyShape, 'The policy'),
  errors: [policyNotFound, policyMoved],
}
interface Change {
  readonly ctx: ActorCtx
  readonly params: z.output<typeof PolicyPath>
  readonly body: z.output<typeof PolicyBody>
  readonly request: Request
}
const changeOne = ({ ctx, params, body, request }: Change) =>
  changePolicy(ctx, { id: params.policy_id, version: versionIn(request) }, toFields(body))
policyRoutes.patch('/:policy_id', { id: 'updatePolicy', ...change }, changeOne)
policyRoutes.put('/:policy_id', { id: 'changePolicy', ...change }, changeOne)

policyRoutes.delete(
  '/:policy_id',
  {
    id: 'deletePolicy',
    summary: 'Delete a policy, with its versions: it counts no more at once',
    isWrite: everyCall,
    params: PolicyPath,
    headers: IfMatch,
    answer: ok(Done),
    errors: [policyNotFound, policyMoved],
  },
  async ({ ctx, params, request }) => {
    await removePolicy(ctx, { id: params.policy_id, version: versionIn(request) })
    return doneToWire('Policy deleted')
  },
)
