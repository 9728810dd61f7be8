import { newUuid } from '../../../src/lib/ids.ts'
import { env } from '../../support/app.ts'
import { newEmail } from '../../support/world.ts'
import type { Row, Scene } from '../row.ts'
import { inPlace, ONE, ORGANIZATIONS, place } from './organizations.ts'
import { forOwnerAndAdmin, NOT_A_TOKEN, OWN_FORM, plain } from './shared.ts'

/** An invitation of the owner of what is asked about. */
async function invitationOf({ owner }: Scene, organizationId: string): Promise<string> {
  const id = newUuid()
  await env.DB.prepare(
    `insert into invitations (id, organization_id, email, role, invited_by, created_at, updated_at, expires_at)
     values (?, ?, ?, 'member', ?, 1, 1, ?)`,
  )
    .bind(id, organizationId, newEmail(), (await owner()).user.id, Date.now() + 60_000)
    .run()
  return id
}

const invited = (body?: object): Pick<Row, 'call'> => ({
  call: async (scene) => ({
    path: { invitation_id: await invitationOf(scene, (await place(scene)).id) },
    ...(body && { body }),
  }),
})

const invitedIn: Row = inPlace(async ({ id }, scene) => ({ path: { invitation_id: await invitationOf(scene, id) } }))

const named = (fields: object): Pick<Row, 'call'> => ({
  call: async (scene) => ({ body: { organization_id: (await place(scene)).id, ...fields } }),
})

// The accounts of the matrix have no verified address, so their own invitations are refused.
const inviting: Row = { ...inPlace(() => ({ body: { email: newEmail() } })), good: 403 }
const accepting: Row = { call: () => ({ body: { token: NOT_A_TOKEN } }), good: 400 }
const ofAnother: Row = { ...invited({}), good: 403, but: { anonymous: 401 } }

const flat = (prefix: string): Readonly<Record<string, Row>> => ({
  [`GET ${prefix}`]: {
    call: async (scene) => ({ query: { organization_id: (await place(scene)).id } }),
    ...forOwnerAndAdmin(403),
  },
  [`POST ${prefix}`]: { ...named({ email: newEmail() }), good: 403 },
  [`POST ${prefix}/bulk`]: { ...named({ emails: [newEmail()] }), good: 403 },
  [`GET ${prefix}/organizations/:organization_id/invitations`]: inPlace(),
  [`POST ${prefix}/organizations/:organization_id/invitations`]: inviting,
  [`POST ${prefix}/accept`]: accepting,
  [`GET ${prefix}/validate/:token`]: { call: () => ({ path: { token: 'poi_none' } }) },
  [`POST ${prefix}/cleanup`]: plain,
  [`GET ${prefix}/:invitation_id`]: invited(),
  [`GET ${prefix}/invitations/:invitation_id`]: invited(),
  [`PATCH ${prefix}/:invitation_id`]: { ...invited({ message: 'x' }), ...forOwnerAndAdmin(404) },
  [`PUT ${prefix}/:invitation_id`]: { ...invited({ message: 'x' }), ...forOwnerAndAdmin(404) },
  [`DELETE ${prefix}/:invitation_id`]: { ...invited(), ...forOwnerAndAdmin(404) },
  [`DELETE ${prefix}/invitations/:invitation_id`]: { ...invited(), ...forOwnerAndAdmin(404) },
  [`POST ${prefix}/:invitation_id/resend`]: { ...invited(), good: 403, ...forOwnerAndAdmin(404) },
  [`POST ${prefix}/invitations/:invitation_id/resend`]: { ...invited(), good: 403, ...forOwnerAndAdmin(404) },
  [`POST ${prefix}/:invitation_id/accept`]: ofAnother,
  [`POST ${prefix}/invitations/:invitation_id/accept`]: ofAnother,
})

export const INVITATION_ROWS: Readonly<Record<string, Row>> = {
  ...flat('/api/v1/invitations'),
  ...flat('/api/invitations'),
  [`POST ${ONE}/invite`]: inviting,
  [`POST ${ONE}/invites`]: inviting,
  [`GET ${ONE}/invitations`]: inPlace(),
  [`GET ${ONE}/invites`]: inPlace(),
  [`DELETE ${ONE}/invitations/:invitation_id`]: invitedIn,
  [`DELETE ${ONE}/invites/:invitation_id`]: invitedIn,
  [`POST ${ONE}/invites/:invitation_id/resend`]: { ...invitedIn, good: 403 },
  [`POST ${ORGANIZATIONS}/invites/accept`]: accepting,
  [`POST ${ORGANIZATIONS}/invitations/:token/accept`]: { call: () => ({ path: { token: NOT_A_TOKEN } }), good: 400 },
  'GET /invitations/accept': { call: () => ({ query: { token: NOT_A_TOKEN } }), good: 400 },
  'POST /invitations/accept': {
    call: () => ({ body: { token: NOT_A_TOKEN, new_password: 'whatever it is' }, headers: OWN_FORM }),
    good: 400,
  },
}
