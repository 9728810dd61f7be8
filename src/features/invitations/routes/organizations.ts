import { created, ok } from '../../../http/answers.ts'
import { Done, doneToWire } from '../../../http/done.ts'
import { confirmedOptionalUser, memberOf } from '../../../http/guard.ts'
import { arrayOf, withTotal } from '../../../http/list.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { addressUnverified, limitReached } from '../../memberships/service.ts'
import { acceptInvitation } from '../service/acceptance.ts'
import { resendInvitation, revokeInvitation } from '../service/changes.ts'
import { createInvitation, listLiveInvitations } from '../service/invitations.ts'
import {
  AcceptBody,
  AcceptedShape,
  InvitationBody,
  InvitationInPath,
  InvitationShape,
  InviteList,
  OrganizationPath,
  ResentInvite,
  SentInvitation,
  StatusQuery,
  TokenPath,
  toAccept,
  toGiven,
} from '../wire/invitations.ts'
import { acceptErrors, changeErrors, inviteErrors } from './invitations.ts'

/** The paths that Janua's SDK has below organizations. */
export const organizationInvitationRoutes = createRoutes({ prefix: '/api/v1/organizations', tag: 'invitations' })

const inviting = {
  guard: memberOf('admin'),
  isWrite: everyCall,
  params: OrganizationPath,
  body: InvitationBody,
  errors: inviteErrors,
} as const

organizationInvitationRoutes.post(
  '/:organization_id/invite',
  {
    ...inviting,
    id: 'inviteMember',
    instead: 'createInvitation',
    summary: 'Invite an address',
    answer: created(SentInvitation, 'The invitation'),
  },
  ({ ctx, body }) => createInvitation(ctx, { email: body.email, ...toGiven(body) }),
)

organizationInvitationRoutes.post(
  '/:organization_id/invites',
  {
    ...inviting,
    id: 'createInvite',
    instead: 'createInvitation',
    summary: 'Invite an address',
    answer: created(InvitationShape, 'The invitation'),
  },
  ({ ctx, body }) => createInvitation(ctx, { email: body.email, ...toGiven(body) }),
)

const listing = { guard: memberOf('admin'), params: OrganizationPath, query: StatusQuery } as const

organizationInvitationRoutes.get(
  '/:organization_id/invitations',
  {
    ...listing,
    id: 'listMemberInvitations',
    instead: 'listInvitations',
    summary: 'Invitations, without the revoked ones unless they are asked for',
    answer: ok(arrayOf(InvitationShape), 'Invitations; their total is in `X-Total-Count`'),
  },
  async ({ ctx, query }) => withTotal(await listLiveInvitations(ctx, query.status)),
)

organizationInvitationRoutes.get(
  '/:organization_id/invites',
  {
    ...listing,
    id: 'listInvites',
    instead: 'listInvitations',
    summary: 'Invitations, without the revoked ones unless they are asked for',
    answer: ok(InviteList, 'Invitations'),
  },
  ({ ctx, query }) => listLiveInvitations(ctx, query.status),
)

organizationInvitationRoutes.delete(
  '/:organization_id/invitations/:invitation_id',
  {
    id: 'revokeMemberInvitation',
    aliases: [{ path: '/:organization_id/invites/:invitation_id', id: 'cancelInvite' }],
    instead: 'revokeInvitation',
    summary: 'Revoke a pending invitation',
    guard: memberOf('admin'),
    params: InvitationInPath,
    answer: ok(Done, 'The invitation is revoked'),
    errors: changeErrors,
  },
  async ({ ctx, params }) => {
    await revokeInvitation(ctx, params.invitation_id)
    return doneToWire('Invitation revoked')
  },
)

organizationInvitationRoutes.post(
  '/:organization_id/invites/:invitation_id/resend',
  {
    id: 'resendInvite',
    instead: 'resendInvitation',
    summary: 'Mail a pending invitation again: the links of before are void',
    guard: memberOf('admin'),
    isWrite: everyCall,
    params: InvitationInPath,
    answer: ok(ResentInvite, 'The invitation'),
    errors: [...changeErrors, addressUnverified, limitReached],
  },
  ({ ctx, params }) => resendInvitation(ctx, params.invitation_id),
)

const accepting = {
  instead: 'acceptInvitation',
  guard: confirmedOptionalUser,
  isWrite: everyCall,
  body: AcceptBody,
  answer: ok(AcceptedShape, 'The new member'),
  errors: acceptErrors,
} as const

organizationInvitationRoutes.post(
  '/invites/accept',
  { ...accepting, id: 'acceptInvite', summary: 'Accept an invitation by its token' },
  ({ ctx, body }) => acceptInvitation(ctx, toAccept(body)),
)

organizationInvitationRoutes.post(
  '/invitations/:token/accept',
  { ...accepting, id: 'acceptMemberInvitation', summary: 'Accept an invitation by its token', params: TokenPath },
  ({ ctx, params, body }) => acceptInvitation(ctx, { ...toAccept(body), token: params.token }),
)
