import { actorOf, type PlaceCtx } from '../../../context.ts'
import { type CommittedEvent, commitAndPropagate } from '../../../db/commit.ts'
import { defineError } from '../../../lib/errors.ts'
import { applyToOwnView } from '../../../revocation/freshness.ts'
import { findPolicy, type SsoPolicy, upsertPolicy } from '../../domains/service.ts'
import { enterOrganization, updateOrganization } from '../../memberships/service.ts'
import { organizationEntry } from '../../organizations/service/organizations.ts'
import { requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { policyChange, raisedVersion } from '../store/policies.ts'
import { countChange, mailOwners } from './notices.ts'

export const ssoUnproved = defineError(
  'SSO_UNPROVED',
  'conflict',
  'Single sign-on cannot be required before a domain is verified and an owner has signed in through the provider',
)
export const ssoPolicyChanged = defineError(
  'SSO_POLICY_CHANGED',
  'conflict',
  'The policy was changed meanwhile; try again',
)

/** What an organization wants of its members' sign-ins. */
export type Policy = Pick<SsoPolicy, 'required' | 'allowBreakGlass'>

const shown = ({ required, allowBreakGlass }: Policy) => ({ required, allow_break_glass: allowBreakGlass })

/**
 * Changes whether an organization requires single sign-on; absent fields stay as they are. Requiring it refuses the tokens of all
 * members; `endsSessions` ends their sessions of other kinds besides, in the background. Throws STEP_UP_REQUIRED, SSO_UNPROVED, RATE_LIMIT_EXCEEDED, SSO_POLICY_CHANGED.
 */
export async function changePolicy(
  ctx: PlaceCtx,
  { endsSessions, ...change }: { readonly [K in keyof Policy]?: Policy[K] | undefined } & { endsSessions: boolean },
): Promise<Policy & { propagated: boolean }> {
  await requireFreshFactor(ctx)
  const before = await findPolicy(ctx, ctx.place.organizationId)
  const old: Policy = { required: before?.required ?? false, allowBreakGlass: before?.allowBreakGlass ?? true }
  const policy: Policy = {
    required: change.required ?? old.required,
    allowBreakGlass: change.allowBreakGlass ?? old.allowBreakGlass,
  }
  const isEnding = endsSessions && policy.required
  if (policy.required === old.required && policy.allowBreakGlass === old.allowBreakGlass && !isEnding)
    return { ...policy, propagated: true }
  await countChange(ctx, ctx.place.organizationId, 'owner')
  return { ...policy, propagated: await writePolicy(ctx, { before, old, policy, isEnding }) }
}

async function writePolicy(
  ctx: PlaceCtx,
  { before, old, policy, isEnding }: { before: SsoPolicy | undefined; old: Policy; policy: Policy; isEnding: boolean },
): Promise<boolean> {
  const { place } = ctx
  const { organizationId: id, name, slug } = place
  const isRequiring = policy.required && !old.required
  const endsAfter = policy.required ? (before?.endsAfter ?? null) : null
  const row = {
    ...policy,
    organizationId: id,
    endsAfter: isEnding ? '' : endsAfter,
    updatedAt: Math.max(ctx.now(), (before?.updatedAt ?? 0) + 1),
  }
  const upsert = upsertPolicy(ctx, row, policyChange(ctx, place, { before, isRequiring }))
  const event: CommittedEvent = {
    type: 'sso.policy.changed',
    subject: id,
    userId: null,
    organizationId: id,
    actor: actorOf(ctx),
    data: { before: shown(old), after: { ...shown(policy), ...(isEnding && { end_sessions: true }) } },
    ...(isRequiring && { computedFeedEntry: organizationEntry(id) }),
  }
  const raise = updateOrganization(ctx, id, raisedVersion(ctx))
  const { rows, propagated } = isRequiring
    ? await commitAndPropagate(ctx, [upsert, raise], event)
    : await commitAndPropagate(ctx, [upsert], event)
  const [changed] = rows
  if (!changed) throw await refusalOf(ctx, { before, isRequiring })
  if ('version' in changed) applyToOwnView(ctx, [{ kind: 'organization', id, below: changed.version }])
  const said = policy.required ? 'required' : 'optional'
  const about = policy.allowBreakGlass ? 'break_glass' : 'no_break_glass'
  mailOwners(ctx, { organization: { id, name, slug }, change: said, about })
  return propagated
}

async function refusalOf(
  ctx: PlaceCtx,
  { before, isRequiring }: { before: SsoPolicy | undefined; isRequiring: boolean },
) {
  const { organizationId: id } = ctx.place
  await enterOrganization(ctx, { id }, 'owner')
  const isAsRead = (await findPolicy(ctx, id))?.updatedAt === before?.updatedAt
  return isRequiring && isAsRead ? ssoUnproved() : ssoPolicyChanged()
}
