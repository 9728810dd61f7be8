import { newUuid } from '../../../src/lib/ids.ts'
import { CORE, ENTERPRISE, GROUP, PATCH_OP } from '../../features/scim/support.ts'
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

/** An attribute of each kind. */
const FIELDS = {
  externalId: 'x',
  name: { givenName: 'Ada' },
  active: true,
  emails: [{ value: 'ada@elsewhere.test', primary: true }],
  [ENTERPRISE]: { manager: { value: 'x' } },
}

type Made = 'user' | 'group'

/** Somebody or a group of the directory's, for itself alone. */
const onMade = (made: Made, good: number, body?: (id: string) => unknown): Row => ({
  good,
  call: async ({ directory }) => {
    const { id } = (await (made === 'user' ? directory.user({ userName: newUuid() }) : directory.group())).body
    return { path: { [`${made}_id`]: id }, ...(body && { body: body(id) }) }
  },
  but: { 'directory of another': 404 },
})

const patchOf = (path: string) => () => ({
  schemas: [PATCH_OP],
  Operations: [{ op: 'replace', path, value: newUuid() }],
})

const ofHome = (home: string): Readonly<Record<string, Row>> => {
  const fixed = (call: Call): Row => ({ call: () => call })
  const me: Row = { good: 501 }
  const user = () => ({ schemas: [CORE], ...FIELDS, userName: newUuid() })
  const group = () => ({ schemas: [GROUP], displayName: newUuid(), externalId: 'x', members: [] })
  return {
    [`GET ${home}/ServiceProviderConfig`]: {},
    [`GET ${home}/Schemas`]: {},
    [`GET ${home}/Schemas/:urn`]: fixed({ path: { urn: CORE } }),
    [`GET ${home}/ResourceTypes`]: {},
    [`GET ${home}/ResourceTypes/:name`]: fixed({ path: { name: 'User' } }),
    ...Object.fromEntries(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => [`${method} ${home}/Me`, me])),
    [`GET ${home}/Users`]: {},
    [`POST ${home}/Users`]: { good: 201, call: () => ({ body: user() }) },
    [`GET ${home}/Users/:user_id`]: onMade('user', 200),
    [`PUT ${home}/Users/:user_id`]: onMade('user', 200, user),
    [`PATCH ${home}/Users/:user_id`]: onMade('user', 200, patchOf('displayName')),
    [`DELETE ${home}/Users/:user_id`]: onMade('user', 204),
    [`GET ${home}/Groups`]: {},
    [`POST ${home}/Groups`]: { good: 201, call: () => ({ body: group() }) },
    [`GET ${home}/Groups/:group_id`]: onMade('group', 200),
    [`PUT ${home}/Groups/:group_id`]: onMade('group', 200, group),
    [`PATCH ${home}/Groups/:group_id`]: onMade('group', 200, patchOf('externalId')),
    [`DELETE ${home}/Groups/:group_id`]: onMade('group', 204),
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
