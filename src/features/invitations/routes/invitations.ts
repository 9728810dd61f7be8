import type * as z from 'zod'
import type { ActorCtx } from '../../../context.ts'
import { created, ok } from '../../../http/answers.ts'
import { Done, doneToWire } from '../../../http/done.ts'
import { admin, anyone, confirmedOptionalUser, confirmedUser, memberOf, optionalUser } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import {
  insufficientPermissions,
  notAMember,
  organizationNotFound,
  rateLimited,
  ssoRequired,
  stepUpRequired,
  unauthorized,
} from '../../../lib/errors.ts'
import { addressUnverified, alreadyMember, limitReached, organizationRequired } from '../../memberships/service.ts'
import { emailUnconfirmed, linkInvalid } from '../../sign-in/errors.ts'
import { signUpErrors } from '../../sign-in/service/sign-up.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import { acceptInvitation, inspectToken, invitedAddressDiffers, signInRequired } from '../service/acceptance.ts'
import {
  changeInvitation,
  expireInvitations,
  invitationNotPending,
  resendInvitation,
  revokeInvitation,
} from '../service/changes.ts'
import {
  createInvitation,
  createInvitations,
  domainNotAllowed,
  enterByInvitation,
  enterNamed,
  getInvitation,
  invitationChanged,
  invitationNotFound,
  invitationPending,
  listInvitations,
} from '../service/invitations.ts'
import {
  AcceptBody,
  AcceptedShape,
  BulkAnswer,
  BulkBody,
  ChangeBody,
  CleanupAnswer,
  InspectedPath,
  InvitationBody,
  InvitationList,
  InvitationPath,
  InvitationShape,
  ListQuery,
  NamedInvitationBody,
  NamedListQuery,
  OrganizationPath,
  TokenValidity,
  toAccept,
  toChange,
  toGiven,
  toQuery,
} from '../wire/invitations.ts'

const entering = [
  organizationRequired,
  notAMember,
  organizationNotFound,
  insufficientPermissions,
  ssoRequired,
  stepUpRequired,
]

/** What an invitation throws. */
export const inviteErrors = [
  addressUnverified,
  domainNotAllowed,
  alreadyMember,
  invitationPending,
  invitationChanged,
  limitReached,
  ...freshFactorErrors,
]

/** What a change of an invitation throws. */
export const changeErrors = [
  invitationNotFound,
  invitationNotPending,
  invitationChanged,
  insufficientPermissions,
  stepUpRequired,
]

/** What an acceptance throws. */
export const acceptErrors = [
  unauthorized,
  linkInvalid,
  invitationNotFound,
  invitationNotPending,
  invitationChanged,
  invitedAddressDiffers,
  emailUnconfirmed,
  signInRequired,
  alreadyMember,
  limitReached,
  domainNotAllowed,
  rateLimited,
  ...signUpErrors,
]

// `/organizations/{id}/invitations` and `/invitations/{id}` are Janua's document, the flat paths its server and its SDK.
export const invitationRoutes = createRoutes({
  prefix: '/api/v1/invitations',
  alsoAt: { prefix: '/api/invitations', mark: 'Unversioned' },
  tag: 'invitations',
})

invitationRoutes.get(
  '/',
  {
    id: 'listInvitations',
    summary: 'Invitations of an organization, newest first',
    description: 'Without `organization_id` those of the only organization of the caller.',
    guard: confirmedUser,
    query: NamedListQuery,
    answer: ok(InvitationList, 'Invitations'),
    errors: entering,
  },
  async ({ ctx, query }) => listInvitations(await enterNamed(ctx, query.organization_id), toQuery(query)),
)

invitationRoutes.post(
  '/',
  {
    id: 'createInvitation',
    summary: 'Invite an address into an organization',
    description: 'Without `organization_id` into the only organization of the caller.',
    guard: confirmedUser,
    isWrite: everyCall,
    body: NamedInvitationBody,
    answer: created(InvitationShape, 'The invitation'),
    errors: [...inviteErrors, ...entering],
  },
  async ({ ctx, body }) =>
    createInvitation(await enterNamed(ctx, body.organization_id), { email: body.email, ...toGiven(body) }),
)

invitationRoutes.get(
  '/organizations/:organization_id/invitations',
  {
    id: 'listInvitationsOfOrganization',
    summary: 'Invitations of an organization, newest first',
    guard: memberOf('admin'),
    params: OrganizationPath,
    query: ListQuery,
    answer: ok(InvitationList, 'Invitations'),
  },
  ({ ctx, query }) => listInvitations(ctx, toQuery(query)),
)

invitationRoutes.post(
  '/organizations/:organization_id/invitations',
  {
    id: 'inviteIntoOrganization',
    summary: 'Invite an address into an organization',
    guard: memberOf('admin'),
    isWrite: everyCall,
    params: OrganizationPath,
    body: InvitationBody,
    answer: created(InvitationShape, 'The invitation'),
    errors: inviteErrors,
  },
  ({ ctx, body }) => createInvitation(ctx, { email: body.email, ...toGiven(body) }),
)

invitationRoutes.post(
  '/bulk',
  {
    id: 'createInvitations',
    summary: 'Invite up to a hundred addresses alike',
    description: 'What is wrong with one address is in `failed`; the others are invited.',
    guard: confirmedUser,
    isWrite: everyCall,
    body: BulkBody,
    answer: ok(BulkAnswer, 'Who was invited, and who was not'),
    errors: [addressUnverified, limitReached, ...freshFactorErrors, ...entering],
  },
  async ({ ctx, body }) =>
    createInvitations(await enterNamed(ctx, body.organization_id), { emails: body.emails, ...toGiven(body) }),
)

invitationRoutes.post(
  '/accept',
  {
    id: 'acceptInvitation',
    summary: 'Accept an invitation by its token: as the signed-in user, or with a new account',
    description:
      'A new account needs `password`. Where the address has an account, its user signs in and accepts then. The token of the mail verifies the address; that of `invite_url` does not.',
    guard: confirmedOptionalUser,
    isWrite: everyCall,
    body: AcceptBody,
    answer: ok(AcceptedShape, 'The new member'),
    errors: acceptErrors,
  },
  ({ ctx, body }) => acceptInvitation(ctx, toAccept(body)),
)

invitationRoutes.get(
  '/validate/:token',
  {
    id: 'validateInvitationToken',
    summary: 'What the token of an invitation is worth; changes nothing',
    guard: anyone,
    params: InspectedPath,
    answer: ok(TokenValidity, 'Whether it can be accepted, and why not'),
  },
  ({ ctx, params }) => inspectToken(ctx, params.token),
)

invitationRoutes.post(
  '/cleanup',
  {
    id: 'expireInvitations',
    summary: 'Mark invitations that have expired; cron does so every minute',
    guard: admin,
    isWrite: everyCall,
    answer: ok(CleanupAnswer, 'How many were marked'),
  },
  async ({ ctx }) => {
    const count = await expireInvitations(ctx)
    return { message: `${count} invitations have expired`, count }
  },
)

invitationRoutes.get(
  '/:invitation_id',
  {
    id: 'getInvitation',
    aliases: [{ path: '/invitations/:invitation_id', id: 'findInvitation' }],
    summary: 'An invitation, for whoever knows its id',
    guard: optionalUser,
    params: InvitationPath,
    answer: ok(InvitationShape, 'The invitation; `invite_url` is for those who could send it'),
    errors: [invitationNotFound],
  },
  ({ ctx, params }) => getInvitation(ctx, params.invitation_id),
)

const change = {
  summary: 'Change the role, the message or the expiry of a pending invitation',
  description: 'Whoever raises the role becomes the author.',
  guard: confirmedUser,
  isWrite: everyCall,
  params: InvitationPath,
  body: ChangeBody,
  answer: ok(InvitationShape, 'The invitation'),
  errors: [...changeErrors, addressUnverified, ...freshFactorErrors],
}
const changeOne = async ({
  ctx,
  params: { invitation_id: id },
  body,
}: {
  ctx: ActorCtx
  params: z.output<typeof InvitationPath>
  body: z.output<typeof ChangeBody>
}) => changeInvitation(await enterByInvitation(ctx, id), id, toChange(body))

invitationRoutes.patch('/:invitation_id', { ...change, id: 'changeInvitation' }, changeOne)
invitationRoutes.put('/:invitation_id', { ...change, id: 'updateInvitation', instead: 'changeInvitation' }, changeOne)

invitationRoutes.delete(
  '/:invitation_id',
  {
    id: 'revokeInvitation',
    aliases: [{ path: '/invitations/:invitation_id', id: 'withdrawInvitation' }],
    summary: 'Revoke a pending invitation',
    guard: confirmedUser,
    params: InvitationPath,
    answer: ok(Done, 'The invitation is revoked'),
    errors: changeErrors,
  },
  async ({ ctx, params }) => {
    await revokeInvitation(await enterByInvitation(ctx, params.invitation_id), params.invitation_id)
    return doneToWire('Invitation revoked')
  },
)

invitationRoutes.post(
  '/:invitation_id/resend',
  {
    id: 'resendInvitation',
    aliases: [{ path: '/invitations/:invitation_id/resend', id: 'mailInvitationAgain' }],
    summary: 'Mail a pending invitation again: the links of before are void',
    guard: confirmedUser,
    isWrite: everyCall,
    params: InvitationPath,
    answer: ok(InvitationShape, 'The invitation'),
    errors: [...changeErrors, addressUnverified, limitReached],
  },
  async ({ ctx, params }) => resendInvitation(await enterByInvitation(ctx, params.invitation_id), params.invitation_id),
)

invitationRoutes.post(
  '/:invitation_id/accept',
  {
    id: 'acceptNamedInvitation',
    aliases: [{ path: '/invitations/:invitation_id/accept', id: 'acceptGivenInvitation' }],
    summary: 'Accept an invitation: without a token, as the user of its address, which is verified',
    guard: confirmedOptionalUser,
    isWrite: everyCall,
    params: InvitationPath,
    body: AcceptBody,
    answer: ok(AcceptedShape, 'The new member'),
    errors: acceptErrors,
  },
  ({ ctx, params, body }) => acceptInvitation(ctx, { ...toAccept(body), id: params.invitation_id }),
)
