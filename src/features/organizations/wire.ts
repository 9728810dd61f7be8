import * as z from 'zod'
import { from, instant, mapped, shape } from '../../http/answers.ts'
import { PropagatedField } from '../../http/done.ts'
import { bodyOrQuery, bytesUpTo, integerParam, UuidParam } from '../../http/input.ts'
import { pageQuery } from '../../http/list.ts'
import { fieldRequired } from '../../lib/errors.ts'
import { isUuid } from '../../lib/ids.ts'
import { isDeeperThan } from '../../lib/json.ts'
import { RANKS, type Rank } from '../../lib/roles.ts'
import { LIMITS } from '../memberships/types.ts'
import type { ActivatedToken } from '../sessions/types.ts'
import { StepUpBody, toStepUp } from '../sign-in/wire/session.ts'
import { isPlainText } from '../users/service/users.ts'
import { EmailField, MetadataField, orAbsent, proseField, UserWire, userToWire } from '../users/wire.ts'
import type { Member } from './service/members.ts'
import { type SeenOrganization, settingsOf } from './service/organizations.ts'

const text = z.string().nullable()
const Role = z.enum(RANKS)
const anything = z.record(z.string(), z.unknown())

const Owner = z
  .object({ id: z.uuid(), email: z.string(), first_name: text, last_name: text, avatar_url: text })
  .nullable()
  .meta({
    description:
      'The longest-serving owner who is not deleted; null for whoever has not taken the membership up, and for a session of one factor where two are required',
  })

function ownerOf(organization: SeenOrganization): z.infer<typeof Owner> {
  const { ownerId, ownerEmail, ownerFirstName, ownerLastName, ownerImageUrl } = organization
  if (ownerId === null || ownerEmail === null) return null
  return {
    id: ownerId,
    email: ownerEmail,
    first_name: ownerFirstName,
    last_name: ownerLastName,
    avatar_url: ownerImageUrl,
  }
}

/** Every field that the documented clients read. There are no plans and no subscriptions here. */
export const OrganizationShape = shape<SeenOrganization>()('Organization', {
  id: z.uuid(),
  number: z.int(),
  name: z.string(),
  slug: z.string(),
  description: text,
  logo_url: text,
  billing_email: text,
  settings: from(anything, settingsOf),
  org_metadata: from(anything, () => ({})),
  billing_plan: from(z.literal('free'), () => 'free' as const),
  plan: from(z.null(), () => null),
  subscription_status: from(z.null(), () => null),
  subscription_plan: from(z.null(), () => null),
  owner_id: text,
  owner_email: text,
  owner: from(Owner, ownerOf),
  member_count: z.int(),
  is_owner: from(z.boolean(), ({ userRole }: SeenOrganization) => userRole === 'owner'),
  user_role: Role.nullable(),
  status: from(z.enum(['active', 'pending']).nullable(), ({ membershipStatus }: SeenOrganization) => membershipStatus),
  created_at: instant,
  updated_at: instant,
})

const Changed = OrganizationShape.schema.extend({ propagated: PropagatedField }).meta({ id: 'ChangedOrganization' })

export const ChangedOrganization = mapped(
  Changed,
  ({ organization, propagated }: { organization: SeenOrganization; propagated: boolean }) => ({
    ...OrganizationShape.write(organization),
    propagated,
  }),
)

export const OrganizationSettings = mapped(
  z
    .object({
      id: z.uuid(),
      organization_id: z.uuid(),
      settings_data: anything,
      created_at: z.iso.datetime(),
      updated_at: z.iso.datetime(),
    })
    .meta({ id: 'OrganizationSettings' }),
  (organization: SeenOrganization) => {
    const { id, settings, created_at, updated_at } = OrganizationShape.write(organization)
    return { id, organization_id: id, settings_data: settings, created_at, updated_at }
  },
)

export const ChangedSettings = mapped(
  OrganizationSettings.schema.extend({ propagated: PropagatedField }).meta({ id: 'ChangedOrganizationSettings' }),
  ({ organization, propagated }: { organization: SeenOrganization; propagated: boolean }) => ({
    ...OrganizationSettings.write(organization),
    propagated,
  }),
)

export const MAX_SLUG_LENGTH = 100
const SLUG = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/

const isDomain = (domain: string): boolean =>
  /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/.test(domain)

/** Two settings have a meaning, others are kept as they come. */
const SettingsField = z
  .looseObject({
    require_two_factors: z.boolean().optional(),
    invitation_domains: z.array(z.string().toLowerCase().refine(isDomain, 'must be a domain')).max(50).optional(),
  })
  .refine(...bytesUpTo(LIMITS.settingsBytes))
  .refine((value) => !isDeeperThan(LIMITS.settingsDepth, value), {
    message: `must nest ${LIMITS.settingsDepth} levels at most`,
    params: { limit: LIMITS.settingsDepth },
  })

const NameField = z.string().trim().min(1).max(200).refine(isPlainText, 'must not have control characters')

export const NewOrganizationBody = z
  .object({
    name: NameField,
    slug: z
      .string()
      .max(MAX_SLUG_LENGTH)
      .regex(SLUG, 'must be lower case letters, digits and -')
      .refine((slug) => !isUuid(slug), 'must not have the form of an id'),
    description: proseField(1000),
    billing_email: EmailField.nullish(),
  })
  .meta({ id: 'NewOrganization' })

export const toNewOrganization = ({ billing_email, ...body }: z.output<typeof NewOrganizationBody>) => ({
  ...body,
  billingEmail: billing_email,
})

export const OrganizationBody = z
  .object({
    name: NameField.optional(),
    description: proseField(1000),
    logo_url: z
      .url({ protocol: /^https$/, error: 'must be an https address' })
      .max(500)
      .nullish(),
    billing_email: EmailField.nullish(),
    settings: SettingsField.optional(),
  })
  .meta({ id: 'OrganizationChange' })

export const toOrganizationChange = ({ logo_url, billing_email, ...body }: z.output<typeof OrganizationBody>) => ({
  ...body,
  logoUrl: logo_url,
  billingEmail: billing_email,
})

export const SettingsBody = z
  .object({ settings_data: SettingsField.optional(), settings: SettingsField.optional() })
  .refine(({ settings_data, settings }) => settings_data !== undefined || settings !== undefined, {
    path: ['settings_data'],
    message: 'is required',
  })
  .meta({ id: 'OrganizationSettingsChange' })

export const OrganizationPath = z.object({ organization_id: UuidParam })
export const MemberPath = z.object({ organization_id: UuidParam, user_id: UuidParam })
export const SlugPath = z.object({ slug: z.string().max(100) })

/** Published clients read a bare array, and an object where they ask for a page. */
const MAX_PAGE = 1_000_000
export const OwnOrganizationsQuery = z.object({
  page: integerParam(1, MAX_PAGE).optional(),
  per_page: integerParam(1, 100).optional(),
})

const SEARCHED =
  'Words, each a part of the name or the slug. If no word has three characters, the first one must begin a name or a slug'

export const AllOrganizationsQuery = pageQuery().extend({
  search: orAbsent(z.string().trim().max(100)).optional().meta({ description: SEARCHED }),
})

export const MembersQuery = OwnOrganizationsQuery.extend({
  limit: integerParam(1, 100).optional(),
  include_removed: z.stringbool().optional(),
})

interface Paging {
  readonly page?: number | undefined
  readonly per_page?: number | undefined
  readonly limit?: number | undefined
}

const MOST = 100

/** The range, and whether the answer is an object. Without paging it is the first hundred. */
export function toPage({ page, per_page, limit }: Paging) {
  const isPaged = page !== undefined || per_page !== undefined || limit !== undefined
  const size = per_page ?? limit ?? (isPaged ? 20 : MOST)
  return { isPaged, page: page ?? 1, per_page: size, range: { offset: ((page ?? 1) - 1) * size, limit: size } }
}

type Page<V> = ReturnType<typeof toPage> & { readonly rows: readonly V[]; readonly total: number }

const pageKeys = { total: z.int(), page: z.int(), per_page: z.int() }

export const OrganizationList = mapped(
  z.union([
    z.array(OrganizationShape.schema),
    z.object({ organizations: z.array(OrganizationShape.schema), ...pageKeys }).meta({ id: 'OrganizationPage' }),
  ]),
  ({ rows, total, isPaged, page, per_page }: Page<SeenOrganization>) => {
    const organizations = rows.map(OrganizationShape.write)
    return isPaged ? { organizations, total, page, per_page } : organizations
  },
)

export const OrganizationsOfUser = mapped(
  z.object({ organizations: z.array(OrganizationShape.schema), total: z.int() }).meta({ id: 'OrganizationsOfUser' }),
  ({ rows, total }: { rows: readonly SeenOrganization[]; total: number }) => ({
    organizations: rows.map(OrganizationShape.write),
    total,
  }),
)

export const MemberShape = shape<Member>()('OrganizationMember', {
  id: z.uuid(),
  user_id: z.uuid(),
  organization_id: z.uuid(),
  email: z.string(),
  first_name: text,
  last_name: text,
  display_name: text,
  profile_image_url: text,
  role: z.string(),
  permissions: from(z.array(z.string()), ({ permissions }: Member) => JSON.parse(permissions) as string[]),
  status: from(z.enum(['active', 'pending', 'suspended', 'removed']), (member: Member) => {
    if (member.removedAt !== null) return 'removed'
    if (member.suspendedAt !== null) return 'suspended'
    return member.takenUpAt === null ? 'pending' : 'active'
  }),
  metadata: anything,
  joined_at: instant,
  invited_by: text,
})

export const MemberList = mapped(
  z.union([
    z.array(MemberShape.schema),
    z.object({ members: z.array(MemberShape.schema), ...pageKeys }).meta({ id: 'MemberPage' }),
  ]),
  ({ rows, total, isPaged, page, per_page }: Page<Member>) => {
    const members = rows.map(MemberShape.write)
    return isPaged ? { members, total, page, per_page } : members
  },
)

export const NewMemberBody = z
  .object({ user_id: UuidParam, role: Role.default('member'), metadata: MetadataField.nullish() })
  .meta({ id: 'NewMember' })

/** Janua's clients differ in the name, and its server reads it from the query. */
const RoleInput = bodyOrQuery('MemberRole', { role: Role, new_role: Role })
export const RoleBody = RoleInput.body
export const RoleQuery = RoleInput.query

export function toRole(body: z.output<typeof RoleBody>, query: z.output<typeof RoleQuery>): Rank {
  const { role, new_role } = RoleInput.merge(body, query)
  const given = role ?? new_role
  if (!given) throw fieldRequired('role')
  return given
}

export const ChangedMember = mapped(
  MemberShape.schema.extend({ message: z.string(), propagated: PropagatedField }).meta({ id: 'ChangedMember' }),
  ({ member, propagated }: { member: Member; propagated: boolean }) => ({
    ...MemberShape.write(member),
    message: 'Role changed',
    propagated,
  }),
)

const NewOwner = bodyOrQuery('NewOwner', { new_owner_id: UuidParam })
export const TransferBody = NewOwner.body.extend(StepUpBody.shape)
export const TransferQuery = NewOwner.query

export function toTransfer(body: z.output<typeof TransferBody>, query: z.output<typeof TransferQuery>) {
  const { new_owner_id: userId } = NewOwner.merge(body, query)
  if (!userId) throw fieldRequired('new_owner_id')
  return { userId, ...toStepUp(body) }
}

const ActiveOrganization = z
  .object({
    access_token: z.string(),
    token_type: z.literal('bearer'),
    expires_in: z.int().meta({ description: 'It expires when the access token of the request does' }),
    organization_id: z.uuid().nullable(),
    user: UserWire,
    tokens: z.object({ access_token: z.string(), token_type: z.literal('bearer'), expires_in: z.int() }),
  })
  .meta({ id: 'ActiveOrganization' })

/** As a refresh is answered, without a refresh token: the client has it. */
export const ActiveOrganizationShape = mapped(
  ActiveOrganization,
  ({ user, session, accessToken, expiresIn }: ActivatedToken) => {
    const tokens = { access_token: accessToken, token_type: 'bearer' as const, expires_in: expiresIn }
    return { ...tokens, organization_id: session.organizationId, user: userToWire(user), tokens }
  },
)
