import type { Ctx } from '../../context.ts'
import { commit, commitAndPropagate } from '../../db/commit.ts'
import { equalSecrets, hashSecret, newSecret } from '../../lib/crypto.ts'
import { defineError } from '../../lib/errors.ts'
import type { EventActor } from '../../lib/event.ts'
import { isUuid } from '../../lib/ids.ts'
import { applyToOwnView } from '../../revocation/freshness.ts'
import { findClientRow, insertClient, listClientRows, updateDisabled } from './store.ts'
import type { Client, ClientRow } from './tables.ts'

export { SCOPE } from './tables.ts'

export const clientNotFound = defineError('CLIENT_NOT_FOUND', 'not_found', 'Client not found')

const SECRET_PREFIX = 'pcs_'
/** Compared with when there is no such client, so that the answer takes as long. */
const NO_HASH = '0'.repeat(43)

const toClient = ({ secretHash: _, ...client }: ClientRow): Client => client

export interface NewClient {
  readonly name: string
  readonly scopes: readonly string[]
  readonly actor: EventActor
}

/** The secret is shown here and never again: its hash is stored. */
export async function createClient(ctx: Ctx, input: NewClient): Promise<{ client: Client; secret: string }> {
  const secret = newSecret(SECRET_PREFIX)
  const row: ClientRow = {
    id: ctx.newId(),
    name: input.name,
    secretHash: await hashSecret(secret),
    scopes: [...new Set(input.scopes)],
    createdAt: ctx.now(),
    disabledAt: null,
  }
  await commit(ctx, insertClient(ctx, row), {
    type: 'client.created',
    subject: row.id,
    userId: null,
    actor: input.actor,
    data: { name: row.name, scopes: row.scopes },
  })
  return { client: toClient(row), secret }
}

/** The client, if the secret is its own and it is enabled. Does equal work for an unknown id, so that timing reveals nothing. */
export async function authenticateClient(ctx: Ctx, id: string, secret: string): Promise<Client | undefined> {
  const row = isUuid(id) ? await findClientRow(ctx, id) : undefined
  const isRight = await equalSecrets(row?.secretHash ?? NO_HASH, await hashSecret(secret))
  return row && isRight && row.disabledAt === null ? toClient(row) : undefined
}

/** Reads the client's row: what `consistency=strong` asks. */
export async function isClientEnabled(ctx: Ctx, id: string): Promise<boolean> {
  const row = await findClientRow(ctx, id)
  return row !== undefined && row.disabledAt === null
}

export async function listClients(ctx: Ctx, page: { limit: number; offset: number }): Promise<Client[]> {
  return (await listClientRows(ctx, page)).map(toClient)
}

/**
 * Ends a client: its secret and its tokens are refused from now on. Doing it again changes nothing.
 * `propagated` says whether the revocation feed has taken it. Throws CLIENT_NOT_FOUND.
 */
export async function disableClient(
  ctx: Ctx,
  input: { id: string; actor: EventActor },
): Promise<{ client: Client; propagated: boolean }> {
  const feedEntry = { kind: 'client', id: input.id } as const
  const { propagated } = await commitAndPropagate(ctx, [updateDisabled(ctx, input.id, ctx.now())], {
    type: 'client.disabled',
    subject: input.id,
    userId: null,
    actor: input.actor,
    feedEntry,
  })
  const row = await findClientRow(ctx, input.id)
  if (!row) throw clientNotFound()
  applyToOwnView(ctx, [feedEntry])
  return { client: toClient(row), propagated }
}
