import { newUuid } from '../../../src/lib/ids.ts'
import { sealText } from '../../../src/lib/root-keys.ts'
import { env } from '../../support/app.ts'
import type { Call, Row, Scene } from '../row.ts'
import { type Place, place } from './organizations.ts'
import { forOwnerAndAdmin, plain } from './shared.ts'

const places = new Map<string, Promise<Place>>()

/** The organization of the owner of what is asked about: one for all their requests. */
async function placeOf(scene: Scene): Promise<Place> {
  const { id } = (await scene.owner()).user
  const known = places.get(id) ?? place(scene)
  places.set(id, known)
  return known
}

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:1/in'

async function endpointIn(scene: Scene): Promise<string> {
  const [{ id: organizationId }, { config }] = [await placeOf(scene), await scene.app.ctx()]
  const id = newUuid()
  const sealed = await sealText(config.rootKeys, 'webhook secret', id, 'a'.repeat(64))
  await env.DB.prepare(
    `insert into webhook_endpoints (id, organization_id, url, events, secret_sealed, ordered, batch, audit, told_version, created_at, updated_at)
     values (?, ?, ?, '["user.*"]', ?, 0, 0, 0, 1, 1, 1)`,
  )
    .bind(id, organizationId, NOWHERE, sealed)
    .run()
  return id
}

const on = (call: Omit<Call, 'path'> = {}, good = 200): Row => ({
  call: async (scene) => ({
    path: { webhook_id: await endpointIn(scene), delivery_id: '00000000-0000-4000-8000-000000000000' },
    ...call,
  }),
  good,
  ...forOwnerAndAdmin(404),
})

const AT = '/api/v1/webhooks'
const ONE = `${AT}/:webhook_id`

/** In an organization of the owner of what is asked about. */
export const WEBHOOK_ROWS: Readonly<Record<string, Row>> = {
  [`GET ${AT}`]: {
    call: async (scene) => ({ query: { organization_id: (await placeOf(scene)).id } }),
    ...forOwnerAndAdmin(403),
  },
  [`POST ${AT}`]: {
    call: async (scene) => ({ body: { url: NOWHERE, events: ['*'], organization_id: (await placeOf(scene)).id } }),
    // The accounts of the matrix have no verified address. Who else may not: test/features/webhooks.
    good: 403,
  },
  [`GET ${AT}/events/types`]: plain,
  [`POST ${AT}/verify-signature`]: { call: () => ({ body: { secret: 'x', payload: '{}', signature: '0' } }) },
  [`GET ${ONE}`]: on(),
  [`PATCH ${ONE}`]: on({ body: { description: 'x' } }),
  [`PUT ${ONE}`]: on({ body: { description: 'x' } }),
  [`DELETE ${ONE}`]: on(),
  [`POST ${ONE}/test`]: on(),
  [`GET ${ONE}/deliveries`]: on(),
  // There is no delivery yet.
  [`POST ${ONE}/deliveries/:delivery_id/redeliver`]: on({}, 404),
  [`GET ${ONE}/stats`]: on(),
  [`GET ${ONE}/events`]: on(),
  [`POST ${ONE}/regenerate-secret`]: on(),
  [`POST ${ONE}/recover`]: on({ body: { since: '2026-01-01T00:00:00Z' } }, 202),
}
