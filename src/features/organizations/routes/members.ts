import type * as z from 'zod'
import type { PlaceCtx } from '../../../context.ts'
import { created, ok } from '../../../http/answers.ts'
import { DoneAndEnded, endedToWire } from '../../../http/done.ts'
import { confirmedUser, memberOf } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { notAMember, notFound } from '../../../lib/errors.ts'
import { addressUnverified, alreadyMember, limitReached, memberNotFound } from '../../memberships/service.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import { addMember, listMembers } from '../service/members.ts'
import {
  changeMemberRole,
  isPromotion,
  lastOwner,
  leaveOrganization,
  memberChanged,
  ownerNotRemovable,
  ownMembership,
  removeMember,
  transferOwnership,
} from '../service/membership-changes.ts'
import {
  ChangedMember,
  MemberList,
  MemberPath,
  MemberShape,
  MembersQuery,
  NewMemberBody,
  OrganizationPath,
  RoleBody,
  RoleQuery,
  TransferBody,
  TransferQuery,
  toPage,
  toRole,
  toTransfer,
} from '../wire.ts'

export const memberRoutes = createRoutes({ prefix: '/api/v1/organizations/:organization_id', tag: 'organizations' })

memberRoutes.get(
  '/members',
  {
    id: 'listMembers',
    summary: 'The members of an organization, by when they joined',
    description: 'A bare array; with `page`, `per_page` or `limit` an object with the page.',
    guard: memberOf('viewer'),
    params: OrganizationPath,
    query: MembersQuery,
    answer: ok(MemberList, 'Members'),
  },
  async ({ ctx, query }) => {
    const page = toPage(query)
    return { ...page, ...(await listMembers(ctx, { ...page.range, withRemoved: query.include_removed ?? false })) }
  },
)

memberRoutes.post(
  '/members',
  {
    id: 'addMember',
    aliases: [{ path: '/members/add', id: 'addOrganizationMember' }],
    summary: 'Add a user by id; the membership counts once the user has taken it up',
    guard: memberOf('admin'),
    isWrite: everyCall,
    params: OrganizationPath,
    body: NewMemberBody,
    answer: created(MemberShape, 'The member'),
    errors: [notFound, alreadyMember, limitReached, addressUnverified, ...freshFactorErrors],
  },
  ({ ctx, body }) => addMember(ctx, { userId: body.user_id, role: body.role, metadata: body.metadata ?? undefined }),
)

interface RoleInput {
  readonly ctx: PlaceCtx
  readonly params: z.output<typeof MemberPath>
  readonly body: z.output<typeof RoleBody>
  readonly query: z.output<typeof RoleQuery>
}

const toRoleChange = ({ params, body, query }: RoleInput) => ({ userId: params.user_id, role: toRole(body, query) })

const roleChange = {
  summary: "Change a member's role",
  guard: memberOf('admin'),
  isWrite: (_: RoleInput['body'], input: RoleInput) => isPromotion(input.ctx, toRoleChange(input)),
  params: MemberPath,
  query: RoleQuery,
  body: RoleBody,
  answer: ok(ChangedMember, 'The member'),
  errors: [ownMembership, memberNotFound, memberChanged, lastOwner, addressUnverified, ...freshFactorErrors],
}

const changeRole = (input: RoleInput) => changeMemberRole(input.ctx, toRoleChange(input))

memberRoutes.put(
  '/members/:user_id/role',
  { ...roleChange, id: 'changeMemberRole', aliases: [{ path: '/members/:user_id', id: 'updateMember' }] },
  changeRole,
)
memberRoutes.patch(
  '/members/:user_id/role',
  {
    ...roleChange,
    id: 'updateMemberRole',
    instead: 'changeMemberRole',
    aliases: [{ path: '/members/:user_id', id: 'changeMember' }],
  },
  changeRole,
)

memberRoutes.delete(
  '/members/:user_id',
  {
    id: 'removeMember',
    summary: 'Remove a member: custom roles, direct grants and subscriptions there end',
    guard: memberOf('admin'),
    params: MemberPath,
    answer: ok(DoneAndEnded, 'The member is removed'),
    errors: [ownMembership, memberNotFound, ownerNotRemovable, memberChanged],
  },
  async ({ ctx, params }) => endedToWire('Member removed', await removeMember(ctx, params.user_id)),
)

memberRoutes.post(
  '/leave',
  {
    id: 'leaveOrganization',
    summary: 'Leave an organization, also one that was never taken up',
    guard: confirmedUser,
    params: OrganizationPath,
    answer: ok(DoneAndEnded, 'The caller has left'),
    errors: [notAMember, lastOwner],
  },
  async ({ ctx, params }) =>
    endedToWire('You have left the organization', await leaveOrganization(ctx, params.organization_id)),
)

memberRoutes.post(
  '/transfer-ownership',
  {
    id: 'transferOwnership',
    summary: "Make a member the owner in the caller's place, who becomes an admin",
    guard: memberOf('owner'),
    isWrite: everyCall,
    params: OrganizationPath,
    query: TransferQuery,
    body: TransferBody,
    answer: ok(DoneAndEnded, 'The ownership is transferred'),
    errors: [ownMembership, memberNotFound, memberChanged, addressUnverified, ...freshFactorErrors],
  },
  async ({ ctx, body, query }) =>
    endedToWire('Ownership transferred', await transferOwnership(ctx, toTransfer(body, query))),
)
