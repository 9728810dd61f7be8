import { newUuid } from '../../../src/lib/ids.ts'
import { READ } from '../../features/policies/api-support.ts'
import { env } from '../../support/app.ts'
import type { Call, Row, Scene } from '../row.ts'
import { type Place, place } from './organizations.ts'
import { forOwnerAndAdmin } from './shared.ts'

const places = new Map<string, Promise<Place>>()

/** The organization of the owner of what is asked about: one for all their requests. */
async function placeOf(scene: Scene): Promise<Place> {
  const { id } = (await scene.owner()).user
  const known = places.get(id) ?? place(scene)
  places.set(id, known)
  return known
}

/** In an organization of the owner of what is asked about. */
const inOrganization = (call: (made: Place, scene: Scene) => Promise<Call> | Call, good = 200): Row => ({
  call: async (scene) => call(await placeOf(scene), scene),
  good,
  ...forOwnerAndAdmin(403),
})

async function policyIn({ id: scope }: Place): Promise<string> {
  const id = newUuid()
  await env.DB.prepare(
    "insert into policies (id, scope, name, effect, size, created_at, updated_at) values (?, ?, 'x', 'allow', 1, 1, 1)",
  )
    .bind(id, scope)
    .run()
  return id
}

const onPolicy = (call: (scene: Scene) => Promise<Call> | Call = () => ({})): Row => ({
  call: async (scene) => ({ path: { policy_id: await policyIn(await placeOf(scene)) }, ...(await call(scene)) }),
  ...forOwnerAndAdmin(404),
})

/** Machines name the user whom they ask about; people ask about the owner. */
const questionOf = async ({ owner }: Scene) => ({ ...READ, subject_id: (await owner()).user.id })

const rowsAt = (prefix: string): Readonly<Record<string, Row>> => ({
  [`GET ${prefix}`]: inOrganization(({ id }) => ({ query: { organization_id: id } })),
  [`POST ${prefix}`]: inOrganization(({ id }) => ({ body: { name: 'x', organization_id: id } }), 201),
  [`POST ${prefix}/evaluate`]: inOrganization(async ({ id }, scene) => ({
    body: { ...(await questionOf(scene)), organization_id: id },
  })),
  [`POST ${prefix}/:policy_id/evaluate`]: onPolicy(async (scene) => ({ body: await questionOf(scene) })),
  [`GET ${prefix}/:policy_id/versions`]: onPolicy(),
  [`GET ${prefix}/:policy_id`]: onPolicy(),
  [`PATCH ${prefix}/:policy_id`]: onPolicy(() => ({ body: { name: 'y' } })),
  [`PUT ${prefix}/:policy_id`]: onPolicy(() => ({ body: { name: 'y' } })),
  [`DELETE ${prefix}/:policy_id`]: onPolicy(),
})

export const POLICY_ROWS: Readonly<Record<string, Row>> = { ...rowsAt('/api/v1/policies'), ...rowsAt('/api/policies') }
