import * as z from 'zod'
import type { PlaceCtx } from '../../../context.ts'
import { created, ok } from '../../../http/answers.ts'
import { DoneAndEnded, endedToWire } from '../../../http/done.ts'
import { admin, confirmedUser, memberOf, selfOrAdmin, user } from '../../../http/guard.ts'
import { UuidParam } from '../../../http/input.ts'
import { arrayOf, rangeOfPage, withTotal } from '../../../http/list.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import {
  forbidden,
  insufficientPermissions,
  notAMember,
  notFound,
  organizationNotFound,
  serviceUnavailable,
  ssoRequired,
  stepUpRequired,
} from '../../../lib/errors.ts'
import { addressUnverified, limitReached } from '../../memberships/service.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import { FactorsBody, toStepUp } from '../../sign-in/wire/session.ts'
import { UserParam } from '../../users/wire.ts'
import { activate, deactivate } from '../service/members.ts'
import {
  changeOrganization,
  createOrganization,
  deleteAnyOrganization,
  deleteOrganization,
  getOrganizationBySlug,
  getPlace,
  listOrganizations,
  listOrganizationsOf,
  listOrganizationsOfTarget,
  organizationChanged,
  organizationsClosed,
  slugTaken,
} from '../service/organizations.ts'
import {
  ActiveOrganizationShape,
  AllOrganizationsQuery,
  ChangedOrganization,
  ChangedSettings,
  NewOrganizationBody,
  OrganizationBody,
  OrganizationList,
  OrganizationPath,
  OrganizationSettings,
  OrganizationShape,
  OrganizationsOfUser,
  OwnOrganizationsQuery,
  SettingsBody,
  SlugPath,
  toNewOrganization,
  toOrganizationChange,
  toPage,
} from '../wire.ts'

export const organizationRoutes = createRoutes({ prefix: '/api/v1/organizations', tag: 'organizations' })

organizationRoutes.get(
  '/',
  {
    id: 'listOrganizations',
    summary: "The caller's organizations, also those that wait to be taken up (`status` is `pending`)",
    description: 'A bare array; with `page` or `per_page` an object with the page.',
    guard: user,
    query: OwnOrganizationsQuery,
    answer: ok(OrganizationList, 'Organizations, the oldest membership first'),
  },
  async ({ ctx, query }) => {
    const page = toPage(query)
    return { ...page, ...(await listOrganizationsOf(ctx, ctx.actor.id, page.range)) }
  },
)

organizationRoutes.post(
  '/',
  {
    id: 'createOrganization',
    summary: 'Create an organization, whose owner is the caller',
    guard: confirmedUser,
    isWrite: everyCall,
    body: NewOrganizationBody,
    answer: created(OrganizationShape, 'The organization'),
    errors: [slugTaken, organizationsClosed, addressUnverified, limitReached],
  },
  ({ ctx, body }) => createOrganization(ctx, toNewOrganization(body)),
)

const activated = ok(ActiveOrganizationShape, 'An access token that says so')

organizationRoutes.post(
  '/deactivate',
  {
    id: 'deactivateOrganization',
    summary: "Leave no organization active in the caller's session",
    guard: confirmedUser,
    answer: activated,
  },
  ({ ctx }) => deactivate(ctx),
)

organizationRoutes.get(
  '/by-slug/:slug',
  {
    id: 'findOrganization',
    aliases: [{ path: '/slug/:slug', id: 'getOrganizationOfSlug' }],
    summary: 'An organization by its short name, for its members',
    guard: confirmedUser,
    params: SlugPath,
    answer: ok(OrganizationShape, 'The organization'),
    errors: [notAMember, organizationNotFound, ssoRequired, stepUpRequired],
  },
  ({ ctx, params }) => getOrganizationBySlug(ctx, params.slug),
)

organizationRoutes.get(
  '/:organization_id',
  {
    id: 'getOrganization',
    summary: 'An organization, for its members',
    guard: memberOf('viewer'),
    params: OrganizationPath,
    answer: ok(OrganizationShape, 'The organization'),
  },
  ({ ctx }) => getPlace(ctx),
)

const change = {
  summary: 'Change an organization: absent fields stay as they are',
  guard: memberOf('admin'),
  isWrite: everyCall,
  params: OrganizationPath,
  body: OrganizationBody,
  answer: ok(ChangedOrganization, 'The organization'),
  errors: [organizationChanged, ...freshFactorErrors],
}
const changeOne = ({ ctx, body }: { ctx: PlaceCtx; body: z.output<typeof OrganizationBody> }) =>
  changeOrganization(ctx, toOrganizationChange(body))

organizationRoutes.patch('/:organization_id', { ...change, id: 'updateOrganization' }, changeOne)
organizationRoutes.put(
  '/:organization_id',
  { ...change, id: 'changeOrganization', instead: 'updateOrganization' },
  changeOne,
)

organizationRoutes.delete(
  '/:organization_id',
  {
    id: 'deleteOrganization',
    summary: 'Delete an organization, for its owners',
    guard: memberOf('owner'),
    isWrite: everyCall,
    params: OrganizationPath,
    body: FactorsBody,
    answer: ok(DoneAndEnded, 'No token of the organization is good any more'),
    errors: freshFactorErrors,
  },
  async ({ ctx, body }) => endedToWire('Organization deleted', await deleteOrganization(ctx, toStepUp(body))),
)

organizationRoutes.get(
  '/:organization_id/settings',
  {
    id: 'getOrganizationSettings',
    summary: 'The settings of an organization, for its members',
    guard: memberOf('viewer'),
    params: OrganizationPath,
    answer: ok(OrganizationSettings, 'The settings'),
  },
  ({ ctx }) => getPlace(ctx),
)

const settingsChange = {
  summary: 'Replace the settings of an organization',
  description:
    'Two have a meaning and are for owners: `require_two_factors` and `invitation_domains`; they stay as they are where they are absent. Others are kept as they come.',
  guard: memberOf('admin'),
  isWrite: everyCall,
  params: OrganizationPath,
  body: SettingsBody,
  answer: ok(ChangedSettings, 'The settings'),
  errors: [organizationChanged, ...freshFactorErrors],
}
const changeSettings = ({ ctx, body }: { ctx: PlaceCtx; body: z.output<typeof SettingsBody> }) =>
  changeOrganization(ctx, { settings: body.settings_data ?? body.settings })

organizationRoutes.put(
  '/:organization_id/settings',
  { ...settingsChange, id: 'updateOrganizationSettings' },
  changeSettings,
)
organizationRoutes.patch(
  '/:organization_id/settings',
  { ...settingsChange, id: 'changeOrganizationSettings', instead: 'updateOrganizationSettings' },
  changeSettings,
)

organizationRoutes.post(
  '/:organization_id/activate',
  {
    id: 'activateOrganization',
    summary: "Make an organization the active one of the caller's session, and take the membership up",
    description:
      'The new access token expires when that of the request does; the refresh token stays, and its successors are of this organization.',
    guard: confirmedUser,
    params: OrganizationPath,
    answer: activated,
    errors: [notAMember, ssoRequired, stepUpRequired, addressUnverified, limitReached],
  },
  ({ ctx, params }) => activate(ctx, params.organization_id),
)

export const userOrganizationRoutes = createRoutes({ prefix: '/api/v1/users', tag: 'organizations' })

userOrganizationRoutes.get(
  '/:user_id/organizations',
  {
    id: 'listUserOrganizations',
    summary: "A user's organizations, for that user or an admin",
    guard: selfOrAdmin,
    params: z.object({ user_id: UserParam }),
    answer: ok(OrganizationsOfUser, 'The organizations'),
    errors: [forbidden, notFound],
  },
  ({ ctx }) => listOrganizationsOfTarget(ctx),
)

export const adminOrganizationRoutes = createRoutes({
  prefix: '/api/v1/admin/organizations',
  tag: 'admin',
  guard: admin,
})

adminOrganizationRoutes.get(
  '/',
  {
    id: 'listAllOrganizations',
    summary: 'Organizations, newest first; X-Total-Count is the number on all pages',
    query: AllOrganizationsQuery,
    answer: ok(arrayOf(OrganizationShape), 'A page of organizations'),
  },
  async ({ ctx, query }) =>
    withTotal(await listOrganizations(ctx, { search: query.search || undefined, ...rangeOfPage(query) })),
)

adminOrganizationRoutes.delete(
  '/:id',
  {
    id: 'deleteAnyOrganization',
    summary: 'Delete an organization',
    isWrite: everyCall,
    params: z.object({ id: UuidParam }),
    answer: ok(DoneAndEnded, 'No token of the organization is good any more'),
    errors: [organizationNotFound, insufficientPermissions, serviceUnavailable, ...freshFactorErrors],
  },
  async ({ ctx, params }) => endedToWire('Organization deleted', await deleteAnyOrganization(ctx, params.id)),
)
