import * as z from 'zod'
import { from, instant, mapped, shape } from '../../../http/answers.ts'
import { bytesUpTo, integerParam, UuidParam } from '../../../http/input.ts'
import { listOf } from '../../../http/list.ts'
import { RANKS } from '../../../lib/roles.ts'
import { toIso } from '../../../lib/time.ts'
import { LIMITS } from '../../memberships/types.ts'
import { isPermission } from '../../rbac/service/rights.ts'
import { NewPasswordField } from '../../sign-in/wire/session.ts'
import { isPlainText } from '../../users/service/users.ts'
import { EmailField, orAbsent, textField } from '../../users/wire.ts'
import type { Accepted, Accepting, Inspected } from '../service/acceptance.ts'
import type { InvitationChange } from '../service/changes.ts'
import { type BulkResult, isLinkFree, type SeenInvitation } from '../service/invitations.ts'
import { INVITATION_STATUSES, LIFETIME_DAYS, MAX_BULK, MAX_MESSAGE_LENGTH } from '../types.ts'

const text = z.string().nullable()
const Status = z.enum(INVITATION_STATUSES)
const Role = z.enum(RANKS)

/** Every field that the documented clients read, of their two kinds of invitations. */
export const InvitationShape = shape<SeenInvitation>()('Invitation', {
  id: z.uuid(),
  organization_id: z.uuid(),
  organization_name: z.string(),
  email: z.string(),
  role: z.string(),
  permissions: z.array(z.string()),
  status: from(Status, ({ state }: SeenInvitation) => state),
  invited_by: z.uuid(),
  inviter_name: text,
  message: text,
  expires_at: instant,
  created_at: instant,
  invite_url: text.meta({ description: 'For those who could send the invitation, while it is pending' }),
  email_sent: z
    .boolean()
    .meta({ description: 'Whether its mail is on its way; in lists, whether mail can be sent at all' }),
})

type Listed = {
  readonly rows: readonly SeenInvitation[]
  readonly total: number
  readonly counts: { readonly pending: number; readonly accepted: number; readonly expired: number }
}

export const InvitationList = mapped(
  z
    .object({
      invitations: z.array(InvitationShape.schema),
      total: z.int(),
      pending_count: z.int(),
      accepted_count: z.int(),
      expired_count: z.int(),
    })
    .meta({ id: 'InvitationList' }),
  ({ rows, total, counts }: Listed) => ({
    invitations: rows.map(InvitationShape.write),
    total,
    pending_count: counts.pending,
    accepted_count: counts.accepted,
    expired_count: counts.expired,
  }),
)

export const InviteList = listOf(['invites'], InvitationShape, { total: z.int() })

/** What Janua's SDK reads once it has invited a member. */
export const SentInvitation = mapped(
  z
    .object({
      message: z.string(),
      invitation_id: z.uuid(),
      expires_at: z.iso.datetime(),
      invite_url: text,
      email_sent: z.boolean(),
    })
    .meta({ id: 'SentInvitation' }),
  ({ id, expiresAt, inviteUrl, emailSent }: SeenInvitation) => ({
    message: emailSent ? 'Invitation sent' : 'Invitation created; no mail was sent',
    invitation_id: id,
    expires_at: toIso(expiresAt),
    invite_url: inviteUrl,
    email_sent: emailSent,
  }),
)

export const ResentInvite = mapped(
  z.object({ success: z.literal(true), invite: InvitationShape.schema }).meta({ id: 'ResentInvite' }),
  (invitation: SeenInvitation) => ({ success: true as const, invite: InvitationShape.write(invitation) }),
)

export const BulkAnswer = mapped(
  z
    .object({
      successful: z.array(InvitationShape.schema),
      failed: z.array(z.object({ email: z.string(), code: z.string(), error: z.string() })),
      total_sent: z.int(),
      total_failed: z.int(),
    })
    .meta({ id: 'BulkInvitations' }),
  ({ successful, failed }: BulkResult) => ({
    successful: successful.map(InvitationShape.write),
    failed,
    total_sent: successful.length,
    total_failed: failed.length,
  }),
)

export const AcceptedShape = mapped(
  z
    .object({
      success: z.literal(true),
      message: z.string(),
      user_id: z.uuid(),
      organization_id: z.uuid(),
      is_new_user: z.boolean(),
      organization: z.object({ id: z.uuid(), name: z.string(), slug: z.string() }),
      member: z.object({
        id: z.uuid(),
        user_id: z.uuid(),
        organization_id: z.uuid(),
        email: z.string(),
        role: z.string(),
        permissions: z.array(z.string()),
        status: z.literal('active'),
        joined_at: z.iso.datetime(),
        invited_by: z.uuid(),
      }),
    })
    .meta({ id: 'AcceptedInvitation' }),
  ({ userId, isNewUser, invitation, membershipId, joinedAt }: Accepted) => {
    const { organizationId, organizationName, organizationSlug, email, role, permissions, invitedBy } = invitation
    return {
      success: true as const,
      message: 'Invitation accepted',
      user_id: userId,
      organization_id: organizationId,
      is_new_user: isNewUser,
      organization: { id: organizationId, name: organizationName, slug: organizationSlug },
      member: {
        id: membershipId,
        user_id: userId,
        organization_id: organizationId,
        email,
        role,
        permissions,
        status: 'active' as const,
        joined_at: toIso(joinedAt),
        invited_by: invitedBy,
      },
    }
  },
)

export const TokenValidity = mapped(
  z
    .object({
      valid: z.boolean(),
      reason: z.enum(['accepted', 'expired', 'revoked', 'superseded', 'invalid']).nullable(),
      email: text,
      organization_id: z.uuid().nullable(),
      organization_name: text,
      role: text,
      expires_at: z.iso.datetime().nullable(),
      message: text,
    })
    .meta({ id: 'InvitationTokenValidity' }),
  ({ reason, invitation }: Inspected) => ({
    valid: reason === null,
    reason,
    email: invitation?.email ?? null,
    organization_id: invitation?.organizationId ?? null,
    organization_name: invitation?.organizationName ?? null,
    role: invitation?.role ?? null,
    expires_at: invitation ? toIso(invitation.expiresAt) : null,
    message: invitation?.message ?? null,
  }),
)

export const CleanupAnswer = z.object({ message: z.string(), count: z.int() }).meta({ id: 'InvitationCleanup' })

const PermissionsField = z
  .array(z.string().refine(isPermission, 'must be resource:action'))
  .refine(...bytesUpTo(LIMITS.grantBytesPerMember))

/** One line, quoted in the mail. */
const MessageField = z
  .string()
  .trim()
  .max(MAX_MESSAGE_LENGTH)
  .refine(isPlainText, 'must be one line')
  .refine(isLinkFree, 'must not have the address of a page')
  .nullish()

const LifetimeField = z
  .int()
  .min(1)
  .max(LIFETIME_DAYS.most)
  .nullish()
  .meta({
    description: `How many days the invitation is good for; ${LIFETIME_DAYS.usual} when absent`,
  })

const given = {
  role: Role.nullish(),
  permissions: PermissionsField.nullish(),
  message: MessageField,
  expires_in: LifetimeField,
}

const organization = { organization_id: UuidParam.nullish() }

export const InvitationBody = z.object({ email: EmailField, ...given }).meta({ id: 'NewInvitation' })
export const NamedInvitationBody = InvitationBody.extend(organization).meta({ id: 'NewInvitationOf' })
export const BulkBody = z
  .object({ emails: z.array(EmailField).min(1).max(MAX_BULK), ...given, ...organization })
  .meta({ id: 'NewInvitations' })

type Given = Pick<z.output<typeof InvitationBody>, keyof typeof given>

export const toGiven = ({ role, permissions, message, expires_in }: Given) => ({
  role: role ?? 'member',
  permissions: [...new Set(permissions ?? [])],
  message: message || null,
  lifetimeDays: expires_in ?? LIFETIME_DAYS.usual,
})

export const ChangeBody = z
  .object({ role: Role.nullish(), message: MessageField, expires_in: LifetimeField })
  .meta({ id: 'InvitationChange' })

export const toChange = ({ role, message, expires_in }: z.output<typeof ChangeBody>): InvitationChange => ({
  role: role ?? undefined,
  message: message === undefined ? undefined : message || null,
  lifetimeDays: expires_in ?? undefined,
})

const MAX_TOKEN_LENGTH = 512
export const TokenField = z.string().max(MAX_TOKEN_LENGTH)

const NAME_LENGTH = 255

/** `user_id` of documented clients is not read: who accepts is whoever is signed in. */
export const AcceptBody = z
  .object({
    token: orAbsent(TokenField.nullable()),
    name: textField(NAME_LENGTH),
    password: orAbsent(NewPasswordField.nullable()),
  })
  .meta({ id: 'InvitationAcceptance' })

export const toAccept = ({ token, name, password }: z.output<typeof AcceptBody>): Accepting => ({
  token: token ?? undefined,
  name: name || undefined,
  password: password ?? undefined,
})

/** The form of our page. Short passwords are the service's to refuse: it knows the setting. */
export const TokenPath = z.object({ token: TokenField })
/** What may be a token, or what a mail program has left of one. */
export const InspectedPath = z.object({ token: TokenField.regex(/^poi_[\w-]+$/, 'must be the token of an invitation') })
export const OrganizationPath = z.object({ organization_id: UuidParam })
export const InvitationPath = z.object({ invitation_id: UuidParam })
export const InvitationInPath = OrganizationPath.extend(InvitationPath.shape)
export const StatusQuery = z.object({ status: Status.optional() })

const MAX_SKIP = 1_000_000
export const ListQuery = StatusQuery.extend({
  email: orAbsent(EmailField),
  skip: integerParam(0, MAX_SKIP).default(0),
  limit: integerParam(1, 1000).default(100),
})
export const NamedListQuery = ListQuery.extend({ organization_id: UuidParam.optional() })

export const toQuery = ({ status, email, skip, limit }: z.output<typeof ListQuery>) => ({
  status,
  email,
  offset: skip,
  limit,
})
