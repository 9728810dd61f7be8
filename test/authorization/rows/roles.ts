import { newUuid } from '../../../src/lib/ids.ts'
import { insertRole } from '../../features/rbac/support.ts'
import { env } from '../../support/app.ts'
import type { Call, Row, Scene } from '../row.ts'
import { inPlace, type Place, place } from './organizations.ts'
import { forOwnerAndAdmin, ownerById, plain } from './shared.ts'

/** In an organization of the owner of what is asked about, which the query names. */
const inScope = (call: (made: Place, scene: Scene) => Promise<Call> | Call = () => ({}), good = 200): Row => ({
  call: async (scene) => {
    const made = await place(scene)
    const { query, ...rest } = await call(made, scene)
    return { query: { organization_id: made.id, ...query }, ...rest }
  },
  good,
  ...forOwnerAndAdmin(403),
})

const roleIn = ({ app }: Scene, { id: scope }: Place) => insertRole(app, { scope, key: newUuid(), permissions: [] })

const onRole = (body?: unknown) =>
  inScope(async (made, scene) => ({ path: { role_id: await roleIn(scene, made) }, body }))

async function assignedTo(made: Place, scene: Scene): Promise<string> {
  const roleId = await roleIn(scene, made)
  await env.DB.prepare('insert into role_assignments values (?, ?, ?, ?, 0)')
    .bind(roleId, made.memberId, made.id, 'x')
    .run()
  return roleId
}

/** Machines name the user whom they ask about; people ask about the owner. */
const check = (body: Record<string, unknown>): Row => ({
  call: async (scene) => {
    const { id } = await place(scene)
    return { body: { ...body, organization_id: id, user_id: (await scene.owner()).user.id } }
  },
  ...forOwnerAndAdmin(403),
})

const list = inScope()
const creation = inScope(() => ({ body: { name: newUuid() } }), 201)
const change = onRole({ description: 'Other' })
const RBAC = '/api/v1/rbac'
const ROLES = '/api/v1/roles'
const OF_ORGANIZATION = '/api/v1/organizations/:organization_id/roles'

const granting = inScope(async (_, scene) => ({
  ...(await ownerById(scene)),
  body: { permissions: ['org:read'] },
}))

export const ROLE_ROWS: Readonly<Record<string, Row>> = {
  [`GET ${RBAC}/roles`]: list,
  [`GET ${ROLES}`]: list,
  [`POST ${RBAC}/roles`]: creation,
  [`POST ${ROLES}`]: creation,
  [`GET ${RBAC}/roles/:role_id`]: onRole(),
  [`GET ${ROLES}/:role_id`]: onRole(),
  [`PUT ${RBAC}/roles/:role_id`]: change,
  [`PUT ${ROLES}/:role_id`]: change,
  [`PATCH ${RBAC}/roles/:role_id`]: change,
  [`PATCH ${ROLES}/:role_id`]: change,
  [`DELETE ${RBAC}/roles/:role_id`]: onRole(),
  [`DELETE ${ROLES}/:role_id`]: onRole(),
  [`GET ${ROLES}/permissions`]: plain,
  [`GET ${RBAC}/permissions`]: list,
  [`GET ${RBAC}/role`]: list,
  [`POST ${RBAC}/users/:user_id/roles`]: inScope(async (made, scene) => ({
    path: { user_id: made.memberId },
    body: { role_id: await roleIn(scene, made) },
  })),
  [`POST ${ROLES}/assign`]: inScope(async (made, scene) => ({
    body: { user_id: made.memberId, role_id: await roleIn(scene, made) },
  })),
  [`DELETE ${RBAC}/users/:user_id/roles/:role_id`]: inScope(async (made, scene) => ({
    path: { user_id: made.memberId, role_id: await assignedTo(made, scene) },
  })),
  'DELETE /api/v1/policies/roles/:role_id/unassign': inScope(async (made, scene) => ({
    path: { role_id: await assignedTo(made, scene) },
    query: { user_id: made.memberId },
  })),
  [`POST ${RBAC}/check-permission`]: check({ permission: 'org:read' }),
  [`POST ${RBAC}/check-permissions`]: check({ permissions: ['org:read'] }),
  [`POST ${RBAC}/enforce`]: check({ permission: 'org:read' }),
  [`GET ${OF_ORGANIZATION}`]: inPlace(),
  [`POST ${OF_ORGANIZATION}`]: { ...inPlace(() => ({ body: { name: newUuid() } })), good: 201 },
  [`DELETE ${OF_ORGANIZATION}/:role_id`]: inPlace(async (made, scene) => ({
    path: { role_id: await roleIn(scene, made) },
  })),
  'GET /api/v1/users/:user_id/permissions': { call: ownerById, ...forOwnerAndAdmin(403) },
  'PUT /api/v1/users/:user_id/permissions': granting,
  'PATCH /api/v1/users/:user_id/permissions': granting,
}
