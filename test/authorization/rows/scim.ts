import { newUuid } from '../../../src/lib/ids.ts'
import { env } from '../../support/app.ts'
import type { Call, Row } from '../row.ts'
import { inPlace, ONE } from './organizations.ts'

/** The configuration of the scene's organization. */
const onDirectory = (call: Call = {}): Row =>
  inPlace(async ({ id }) => {
    await env.DB.prepare(
      `insert into scim_configs (id, organization_id, provider, default_role, configuration, created_at, updated_at)
       values (?, ?, 'okta', 'member', '{}', 1, 1) on conflict do nothing`,
    )
      .bind(newUuid(), id)
      .run()
    return call
  })

const ofHome = (home: string): Readonly<Record<string, Row>> => {
  const fixed = (call: Call): Row => ({ call: () => call })
  const user = { path: { user_id: newUuid() } }
  const group = { path: { group_id: newUuid() } }
  const me: Row = { good: 501 }
  return {
    [`GET ${home}/ServiceProviderConfig`]: {},
    [`GET ${home}/Schemas`]: {},
    [`GET ${home}/Schemas/:urn`]: fixed({ path: { urn: 'urn:ietf:params:scim:schemas:core:2.0:User' } }),
    [`GET ${home}/ResourceTypes`]: {},
    [`GET ${home}/ResourceTypes/:name`]: fixed({ path: { name: 'User' } }),
    ...Object.fromEntries(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => [`${method} ${home}/Me`, me])),
    [`GET ${home}/Users`]: {},
    [`POST ${home}/Users`]: {},
    ...Object.fromEntries(
      ['GET', 'PUT', 'PATCH', 'DELETE'].map((method) => [`${method} ${home}/Users/:user_id`, fixed(user)]),
    ),
    [`GET ${home}/Groups`]: {},
    [`POST ${home}/Groups`]: {},
    ...Object.fromEntries(
      ['GET', 'PUT', 'PATCH', 'DELETE'].map((method) => [`${method} ${home}/Groups/:group_id`, fixed(group)]),
    ),
  }
}

export const SCIM_ROWS: Readonly<Record<string, Row>> = {
  [`POST ${ONE}/scim/config`]: { ...inPlace(() => ({ body: {} })), good: 201 },
  [`GET ${ONE}/scim/config`]: onDirectory(),
  [`PUT ${ONE}/scim/config`]: onDirectory({ body: {} }),
  [`DELETE ${ONE}/scim/config`]: { ...onDirectory(), good: 204 },
  [`POST ${ONE}/scim/config/token`]: onDirectory({ body: {} }),
  [`GET ${ONE}/scim/status`]: onDirectory(),
  [`GET ${ONE}/scim/logs`]: onDirectory(),
  ...ofHome('/api/v1/scim/v2'),
  ...ofHome('/api/v1/scim'),
}
