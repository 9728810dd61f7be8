import { sealRecord } from '../../../src/features/audit/service/seal.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { insertRows } from '../../features/audit/support.ts'
import type { Row, Scene } from '../row.ts'
import { place } from './organizations.ts'
import { forOwnerAndAdmin, plain } from './shared.ts'

const ofOwner: Row = {
  call: async ({ owner }) => ({ path: { user_id: (await owner()).user.id } }),
  ...forOwnerAndAdmin(403),
}

const ofOrganization: Row = {
  call: async (scene) => ({ path: { organization_id: (await place(scene)).id } }),
}

/** Heads are for owners and admins of an organization, too. */
const inOrganization: Row = {
  call: async (scene) => {
    await sealRecord(await scene.app.ctx())
    return { query: { organization_id: (await place(scene)).id } }
  },
  ...forOwnerAndAdmin(403),
}

/** An entry of the owner's log. */
async function entryOf({ owner }: Scene) {
  const { id } = (await owner()).user
  const [log_id = newUuid()] = await insertRows([{ userId: id, actorId: id }])
  return { path: { log_id } }
}

const rowsAt = (prefix: string): Readonly<Record<string, Row>> => ({
  [`GET ${prefix}`]: plain,
  [`GET ${prefix}/events`]: plain,
  [`GET ${prefix}/actions/list`]: plain,
  [`GET ${prefix}/users/:user_id`]: ofOwner,
  [`GET ${prefix}/organizations/:organization_id`]: ofOrganization,
  [`GET ${prefix}/checkpoint`]: inOrganization,
  [`GET ${prefix}/blocks`]: inOrganization,
  [`GET ${prefix}/keys`]: plain,
  [`POST ${prefix}/verify`]: plain,
  [`POST ${prefix}/export`]: plain,
  [`GET ${prefix}/:log_id/proof`]: { call: entryOf, ...forOwnerAndAdmin(404) },
  [`GET ${prefix}/:log_id`]: { call: entryOf, ...forOwnerAndAdmin(404) },
})

export const AUDIT_ROWS: Readonly<Record<string, Row>> = {
  ...rowsAt('/api/v1/audit-logs'),
  ...rowsAt('/api/audit-logs'),
}
