import { insertOrganization } from '../../../src/features/memberships/service.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { enroll, newSlug } from '../../support/organizations.ts'
import { createAccount } from '../../support/world.ts'
import type { Call, Row, Scene } from '../row.ts'
import { forOwnerAndAdmin, ownerById, plain } from './shared.ts'

const places = new WeakMap<Scene, ReturnType<typeof makePlace>>()

/** The scene's organization: of the owner of what is asked about, with another owner and a member. */
export function place(scene: Scene): ReturnType<typeof makePlace> {
  const made = places.get(scene) ?? makePlace(scene)
  places.set(scene, made)
  return made
}

async function makePlace({ app, owner }: Scene) {
  const [id, slug, at] = [newUuid(), newSlug(), Date.now()]
  await insertOrganization(await app.ctx(), { id, slug, name: slug, createdAt: at, updatedAt: at })
  const [other, member] = await Promise.all([
    createAccount(app),
    createAccount(app, { status: 'active', emailVerifiedAt: 1 }),
  ])
  await enroll(app, id, (await owner()).user.id, 'owner')
  await enroll(app, id, other.id, 'owner')
  await enroll(app, id, member.id, 'member')
  return { id, slug, memberId: member.id }
}

export type Place = Awaited<ReturnType<typeof place>>

export const inPlace = (call: (made: Place, scene: Scene) => Promise<Call> | Call = () => ({})): Row => ({
  call: async (scene) => {
    const made = await place(scene)
    const { path, ...rest } = await call(made, scene)
    return { path: { organization_id: made.id, ...path }, ...rest }
  },
})

const role = inPlace(({ memberId }) => ({ path: { user_id: memberId }, body: { role: 'viewer' } }))
// The accounts of the matrix have no verified address, which the mail to whom they add would name.
const addition = {
  ...inPlace(async (_, { app }) => ({ body: { user_id: (await createAccount(app)).id } })),
  good: 201,
  but: { user: 403 },
}
const bySlug: Row = { call: async (scene) => ({ path: { slug: (await place(scene)).slug } }), ...forOwnerAndAdmin(403) }
export const ORGANIZATIONS = '/api/v1/organizations'
export const ONE = `${ORGANIZATIONS}/:organization_id`

export const ORGANIZATION_ROWS: Readonly<Record<string, Row>> = {
  [`GET ${ORGANIZATIONS}`]: plain,
  // The accounts of the matrix have no verified address.
  [`POST ${ORGANIZATIONS}`]: { call: () => ({ body: { name: 'x', slug: newSlug() } }), good: 403 },
  [`POST ${ORGANIZATIONS}/deactivate`]: plain,
  [`GET ${ORGANIZATIONS}/by-slug/:slug`]: bySlug,
  [`GET ${ORGANIZATIONS}/slug/:slug`]: bySlug,
  [`GET ${ONE}`]: inPlace(),
  [`PATCH ${ONE}`]: inPlace(() => ({ body: { name: 'Other' } })),
  [`PUT ${ONE}`]: inPlace(() => ({ body: { name: 'Other' } })),
  [`DELETE ${ONE}`]: inPlace(),
  [`GET ${ONE}/settings`]: inPlace(),
  [`PUT ${ONE}/settings`]: inPlace(() => ({ body: { settings_data: { a: 1 } } })),
  [`PATCH ${ONE}/settings`]: inPlace(() => ({ body: { settings_data: { a: 1 } } })),
  [`POST ${ONE}/activate`]: { ...inPlace(), but: { 'other user': 403, vendor: 403, admin: 403 } },
  [`POST ${ONE}/leave`]: { ...inPlace(), but: { 'other user': 403, vendor: 403, admin: 403 } },
  [`GET ${ONE}/members`]: inPlace(),
  [`POST ${ONE}/members`]: addition,
  [`POST ${ONE}/members/add`]: addition,
  [`PUT ${ONE}/members/:user_id/role`]: role,
  [`PATCH ${ONE}/members/:user_id/role`]: role,
  [`PUT ${ONE}/members/:user_id`]: role,
  [`PATCH ${ONE}/members/:user_id`]: role,
  [`DELETE ${ONE}/members/:user_id`]: inPlace(({ memberId }) => ({ path: { user_id: memberId } })),
  [`POST ${ONE}/transfer-ownership`]: inPlace(({ memberId }) => ({ body: { new_owner_id: memberId } })),
  'GET /api/v1/users/:user_id/organizations': { call: ownerById, ...forOwnerAndAdmin(403) },
  'GET /api/v1/admin/organizations': plain,
  'DELETE /api/v1/admin/organizations/:id': { call: async (scene) => ({ path: { id: (await place(scene)).id } }) },
}
