import { type ActorCtx, type CallerCtx, type Ctx, narrow } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import { type DomainError, defineError, fieldRequired, unauthorized } from '../../../lib/errors.ts'
import type { EventDraft } from '../../../lib/event.ts'
import { alreadyMember, deletePending, insertMembership, LIMITS, limitReached } from '../../memberships/service.ts'
import { deleteHeld, findHolding, insertGrants } from '../../rbac/service/rights.ts'
import { emailUnconfirmed, linkInvalid } from '../../sign-in/errors.ts'
import { mayInvitedSignUp, prepareInvitedAccount } from '../../sign-in/service/sign-up.ts'
import { confirmedByMail, sendVerification } from '../../sign-in/service/verification.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { findEmailHolder } from '../../users/service/former-addresses.ts'
import { notificationOf } from '../../users/service/notices.ts'
import { findUser, getCurrentUser, insertUser, isEmailConfirmed, newUserRow } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { statusOf } from '../rules/invitation.ts'
import { decodeInvitationToken } from '../rules/token.ts'
import { acceptance, type FoundInvitation, type Guest, selectInvitation, selectObstacles } from '../store.ts'
import type { InvitationStatus, TokenParts } from '../types.ts'
import { invitationNotPending } from './changes.ts'
import { domainNotAllowed, invitationChanged, invitationNotFound, isAllowedDomain } from './invitations.ts'
import { organizationIn } from './sending.ts'

export const invitedAddressDiffers = defineError(
  'INVITED_ADDRESS_DIFFERS',
  'forbidden',
  'The invitation is for another address than that of your account',
)
export const signInRequired = defineError(
  'SIGN_IN_REQUIRED',
  'forbidden',
  'Sign in with the account of the invited address, and accept the invitation there',
)

const addressUnproved = () =>
  emailUnconfirmed({}, { message: 'The invitation is for a verified address, or for the link of its mail' })

export interface Accepting {
  readonly id?: string | undefined
  readonly token?: string | undefined
  /** Of a new account. */
  readonly name?: string | undefined
  readonly password?: string | undefined
}

export interface Accepted {
  readonly userId: string
  readonly isNewUser: boolean
  readonly invitation: FoundInvitation
  readonly membershipId: string
  readonly joinedAt: number
}

/**
 * Makes whoever accepts a member, who has taken that up: the signed-in user of the invited address, or a new account. A token of
 * the mail proves the mailbox; the one of `invite_url` proves nothing. Throws UNAUTHORIZED, INVALID_TOKEN, INVITATION_NOT_FOUND,
 * INVITATION_NOT_PENDING, INVITED_ADDRESS_DIFFERS, EMAIL_NOT_VERIFIED (403), SIGN_IN_REQUIRED, ALREADY_MEMBER, LIMIT_REACHED,
 * DOMAIN_NOT_ALLOWED, and what a sign-up throws.
 */
export async function acceptInvitation(ctx: CallerCtx, input: Accepting): Promise<Accepted> {
  if (ctx.actor === null && input.token === undefined) throw unauthorized()
  const { invitation: found, token } = await getInvited(ctx, input)
  // Whoever accepts does not learn which domains are allowed.
  if (!isAllowedDomain(found, found.email)) throw domainNotAllowed({ field: 'email' })
  const { status, holdsAsRead } = await findStanding(ctx, found)
  if (status !== 'pending') throw invitationNotPending({ status })
  const invitation = { ...found, holdsAsRead }
  if (ctx.actor) return acceptAsUser(narrow(ctx, { actor: ctx.actor }), invitation, token)
  // Without a caller there is a token.
  return acceptAsStranger(ctx, invitation, { ...input, kind: token?.kind ?? 'url' })
}

/** The invitation that an id or a token names, and what the token says. Throws INVALID_TOKEN for a token that is void. */
async function getInvited(
  ctx: Ctx,
  input: Accepting,
): Promise<{ invitation: FoundInvitation; token: TokenParts | null }> {
  const token = input.token === undefined ? null : await decodeInvitationToken(ctx.config.rootKeys, input.token)
  if (token === undefined || (token && input.id !== undefined && token.id !== input.id)) throw linkInvalid()
  const id = token?.id ?? input.id
  if (id === undefined) throw fieldRequired('token')
  const invitation = await selectInvitation(ctx, id)
  if (!invitation) throw invitationNotFound()
  if (token && token.counter !== invitation.counter) throw linkInvalid()
  return { invitation, token }
}

/** A pending invitation, and what keeps its author's permissions as they were read. */
type Answered = FoundInvitation & Pick<Awaited<ReturnType<typeof findStanding>>, 'holdsAsRead'>

/** As `statusOf`; an author who no longer holds the permissions does not answer for them. `holdsAsRead`: while they do. */
async function findStanding(ctx: Ctx, invitation: FoundInvitation) {
  const { organizationId, invitedBy, permissions } = invitation
  const status = statusOf(invitation, ctx.now())
  if (status !== 'pending' || permissions.length === 0) return { status, holdsAsRead: null }
  const holding = await findHolding(ctx, organizationId, invitedBy)
  const answers = holding.missing(permissions).length === 0
  return { status: answers ? status : ('revoked' as const), holdsAsRead: holding.when }
}

/** Where addresses decide who may come in, and for an owner, whose address members see. */
const asksForProof = ({ invitationDomains, role }: FoundInvitation): boolean =>
  invitationDomains.length > 0 || role === 'owner'

async function acceptAsUser(ctx: ActorCtx, invitation: Answered, token: TokenParts | null): Promise<Accepted> {
  const user = await getCurrentUser(ctx)
  if (user.email !== invitation.email) throw invitedAddressDiffers()
  const isConfirmed = isEmailConfirmed(user)
  const isProved = isConfirmed || token?.kind === 'mail'
  if ((token === null || asksForProof(invitation)) && !isProved) throw addressUnproved()
  const guest = { isNew: false, userId: user.id, isConfirmed: isConfirmed && token?.kind !== 'mail' } as const
  const joining = await joiningOf(ctx, invitation, guest)
  const isAccepted = isProved && !isConfirmed ? await verifyAndJoin(ctx, user, joining) : await join(ctx, joining)
  if (!isAccepted) throw await acceptanceRefused(ctx, invitation, guest)
  return joining.accepted
}

/** The statements that make somebody a member, in their order; the last returns a row when everything held. */
async function joiningOf(
  ctx: Ctx,
  invitation: Answered,
  guest: Guest,
  accounts: Parameters<typeof insertUser>[1][] = [],
) {
  const { id, organizationId, role, permissions, invitedBy, authorLocale, holdsAsRead } = invitation
  const { userId, isNew } = guest
  const now = ctx.now()
  const { first, when, last } = acceptance(ctx, invitation, { guest, holdsAsRead, claim: ctx.newId() })
  const membership = { id: ctx.newId(), organizationId, userId, role, invitedBy, joinedAt: now, takenUpAt: now }
  const held = { scope: organizationId, userId }
  const statements = [
    first,
    ...accounts.map((row) => insertUser(ctx, row, when)),
    // A membership that was not taken up goes, with what was given to it.
    ...deleteHeld(ctx, held, when),
    deletePending(ctx, { organizationId, userId }, when),
    insertGrants(ctx, { ...held, permissions, grantedBy: invitedBy, grantedAt: now }, when),
    insertMembership(ctx, membership, when),
  ]
  const actor = { type: 'user', id: userId } as const
  const common = { userId, organizationId, actor }
  // Names the organization alone: what the author's record keeps outlives the account of whoever accepts.
  const organization = organizationIn({ name: invitation.organizationName, slug: invitation.organizationSlug })
  const events: EventDraft[] = [
    {
      ...common,
      type: 'organization.member_added',
      subject: userId,
      data: { role, status: 'active', invitation_id: id },
    },
    { ...common, type: 'invitation.accepted', subject: id, data: { role, is_new_user: isNew } },
    await notificationOf(
      ctx,
      { id: invitedBy, locale: authorLocale },
      { kind: 'invitation_accepted', actor, params: { organization } },
    ),
  ]
  const accepted: Accepted = { userId, isNewUser: isNew, invitation, membershipId: membership.id, joinedAt: now }
  return { statements, last, events, accepted }
}

type Joining = Awaited<ReturnType<typeof joiningOf>>

async function join(ctx: Ctx, { statements, last, events }: Joining): Promise<boolean> {
  const rows = await commitAll(ctx, [...statements, last], ...events)
  return rows.length > 0
}

/** The session is the account's and the link was mailed to its address: that confirms the account, as a verification's link does. */
async function verifyAndJoin(ctx: ActorCtx, user: User, { statements, last, events }: Joining): Promise<boolean> {
  const { id: userId, email } = user
  const changed = await changeUser(ctx, {
    userId,
    ...confirmedByMail(ctx),
    actor: { type: 'user', id: userId },
    with: [...statements, last],
    events: [{ type: 'user.email_verified', data: { after: { email }, answer: 'yes' } }, ...events],
  })
  return changed !== null
}

async function acceptAsStranger(
  ctx: Ctx,
  invitation: Answered,
  { kind, name, password }: Pick<Accepting, 'name' | 'password'> & Pick<TokenParts, 'kind'>,
): Promise<Accepted> {
  const { email } = invitation
  const isProved = kind === 'mail'
  if (!isProved && asksForProof(invitation)) throw addressUnproved()
  if (!(await mayMakeAccount(ctx, invitation, kind))) throw signInRequired()
  if (password === undefined) throw fieldRequired('password')
  const account = await prepareInvitedAccount(ctx, {
    email,
    password,
    ...(name !== undefined && { displayName: name }),
  })
  const row = newUserRow(ctx, {
    ...account,
    ...(isProved ? { emailVerifiedAt: ctx.now() } : ctx.config.REQUIRE_VERIFIED_EMAIL && { status: 'pending' }),
  })
  const guest = { isNew: true, userId: row.id } as const
  const joining = await joiningOf(ctx, invitation, guest, [row])
  const after = { email, username: null, role: row.role, status: row.status }
  const created: EventDraft = {
    type: 'user.created',
    subject: row.id,
    userId: row.id,
    actor: { type: 'user', id: row.id },
    data: { after },
  }
  if (!(await join(ctx, { ...joining, events: [created, ...joining.events] })))
    throw await acceptanceRefused(ctx, invitation, guest)
  if (!isProved) ctx.defer(verifyLater(ctx, row.id))
  return joining.accepted
}

async function verifyLater(ctx: Ctx, userId: string): Promise<void> {
  const user = await findUser(ctx, userId)
  if (user) await sendVerification(ctx, user)
}

/** False where an account has the address, or where nobody may learn whether one has. */
async function mayMakeAccount(ctx: Ctx, { email }: FoundInvitation, kind: TokenParts['kind']): Promise<boolean> {
  if (kind === 'url' && ctx.config.HIDE_ACCOUNT_EXISTENCE) return false
  return (await findEmailHolder(ctx, email)) === undefined
}

/** Why nothing was written. */
async function acceptanceRefused(
  ctx: Ctx,
  { id, organizationId }: FoundInvitation,
  guest: Guest,
): Promise<DomainError> {
  const { userId, isNew } = guest
  const [invitation, obstacles] = await Promise.all([
    selectInvitation(ctx, id),
    selectObstacles(ctx, { organizationId, userId }),
  ])
  if (!invitation) return invitationNotFound()
  if (obstacles?.isMember) return alreadyMember()
  const { status } = await findStanding(ctx, invitation)
  if (status !== 'pending') return invitationNotPending({ status })
  if (!obstacles?.hasRoom) return limitReached({ limit: LIMITS.membersPerOrganization })
  if (!obstacles.mayJoinMore) return limitReached({ limit: LIMITS.organizationsPerUser })
  return isNew && (await findEmailHolder(ctx, invitation.email)) ? signInRequired() : invitationChanged()
}

/** What a link is worth, for whoever holds it. */
export interface Inspected {
  readonly reason: Exclude<InvitationStatus, 'pending'> | 'superseded' | 'invalid' | null
  readonly invitation: FoundInvitation | null
}

/** What a token is worth, which changes nothing. */
export async function inspectToken(ctx: Ctx, given: string): Promise<Inspected & { token: TokenParts | null }> {
  const token = await decodeInvitationToken(ctx.config.rootKeys, given)
  const invitation = token && (await selectInvitation(ctx, token.id))
  if (!token || !invitation) return { reason: 'invalid', invitation: null, token: null }
  const { status } = await findStanding(ctx, invitation)
  if (status !== 'pending') return { reason: status, invitation, token }
  return { reason: token.counter === invitation.counter ? null : 'superseded', invitation, token }
}

/** As `inspectToken`, of an invitation that is named by its id. */
export async function inspectId(ctx: Ctx, id: string): Promise<Inspected & { token: null }> {
  const invitation = await selectInvitation(ctx, id)
  if (!invitation) return { reason: 'invalid', invitation: null, token: null }
  const { status } = await findStanding(ctx, invitation)
  return { reason: status === 'pending' ? null : status, invitation, token: null }
}

/** What the page of a link offers: a new account, to sign in with the one that there is or may be, or nothing. */
export async function findOffer(
  ctx: Ctx,
  invitation: FoundInvitation,
  { kind }: TokenParts,
): Promise<'account' | 'sign_in' | 'closed'> {
  if (kind === 'url' && asksForProof(invitation)) return 'sign_in'
  if (!(await mayMakeAccount(ctx, invitation, kind))) return 'sign_in'
  return mayInvitedSignUp(ctx.config) ? 'account' : 'closed'
}
