import { newUuid } from '../../../src/lib/ids.ts'
import { env } from '../../support/app.ts'
import type { Row, Scene } from '../row.ts'
import { plain } from './shared.ts'

const AT = '/api/v1/compliance'

/** A request of the account that is asked about. */
async function requestOf({ owner }: Scene): Promise<string> {
  const id = newUuid()
  await env.DB.prepare(
    `insert into data_requests (id, user_id, type, status, received_at, due_at, updated_at)
     values (?, ?, 'objection', 'received', 1, 4e12, 1)`,
  )
    .bind(id, (await owner()).user.id)
    .run()
  return id
}

async function holdOn({ owner }: Scene): Promise<string> {
  const id = newUuid()
  await env.DB.prepare("insert into legal_holds (id, user_id, reason, placed_at) values (?, ?, 'x', 1)")
    .bind(id, (await owner()).user.id)
    .run()
  return id
}

/** No session but that which asked reads an export: test/features/privacy. */
const ofExport: Row = { call: () => ({ path: { id: '00000000-0000-4000-8000-000000000000' } }), good: 404 }

export const PRIVACY_ROWS: Readonly<Record<string, Row>> = {
  [`GET ${AT}/privacy/data-subject-requests`]: plain,
  [`GET ${AT}/data-subject-requests`]: plain,
  [`POST ${AT}/privacy/data-subject-requests`]: { call: () => ({ body: { request_type: 'objection' } }), good: 201 },
  [`POST ${AT}/data-subject-request`]: { call: () => ({ body: { request_type: 'objection' } }), good: 201 },
  [`PATCH ${AT}/privacy/data-subject-requests/:id`]: {
    call: async (scene) => ({ path: { id: await requestOf(scene) }, body: { status: 'in_progress' } }),
  },
  [`POST ${AT}/privacy/data-deletion`]: { good: 202 },
  [`POST ${AT}/privacy/data-export`]: { good: 202 },
  'POST /api/compliance/data-export': { good: 202 },
  [`GET ${AT}/privacy/data-export/:id`]: ofExport,
  [`GET ${AT}/privacy/data-export/:id/download`]: ofExport,
  [`GET ${AT}/data-subject-request/:id/data`]: ofExport,
  [`GET ${AT}/consent`]: plain,
  [`POST ${AT}/consent`]: { call: () => ({ body: { purpose: 'news', version: '1' } }) },
  [`POST ${AT}/consent/withdraw`]: { call: () => ({ body: { purpose: newUuid() } }), good: 404 },
  [`GET ${AT}/privacy-settings`]: plain,
  [`PUT ${AT}/privacy-settings`]: { call: () => ({ body: { ads: false } }) },
  [`GET ${AT}/holds`]: plain,
  [`POST ${AT}/holds`]: {
    call: async ({ owner }) => ({ body: { user_id: (await owner()).user.id, reason: 'a proceeding' } }),
    good: 201,
  },
  [`DELETE ${AT}/holds/:id`]: { call: async (scene) => ({ path: { id: await holdOn(scene) } }) },
}
