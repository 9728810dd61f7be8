import type { Ctx } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import { HOUR } from '../../../lib/time.ts'
import { fetchMetadata } from '../../federation/service/metadata.ts'
import { selectDueConnections, updateChecked } from '../store.ts'
import type { SsoConnection } from '../tables.ts'
import type { ProviderMetadata } from '../types.ts'
import { METADATA_READ_EVERY_MS } from './configurations.ts'
import { mailOwners } from './notices.ts'

const CONNECTIONS_PER_RUN = 20
/** After a reading that failed, or in case this run dies. */
const READ_AGAIN_MS = HOUR

type Due = Awaited<ReturnType<typeof selectDueConnections>>[number]

/** Cron: reads metadata of connections again, a bounded number. One failure does not stop the others. */
export async function rereadMetadata(ctx: Ctx): Promise<void> {
  const due = await selectDueConnections(ctx, CONNECTIONS_PER_RUN)
  const done = await Promise.allSettled(due.map((each) => reread(ctx, each)))
  for (const each of done) if (each.status === 'rejected') ctx.log.error('metadata_not_reread', each.reason)
}

async function reread(ctx: Ctx, { connection: due, organization }: Due): Promise<void> {
  const claimed = { ...due, checkAt: ctx.now() + READ_AGAIN_MS }
  const [isOurs] = await updateChecked(ctx, due, { checkAt: claimed.checkAt })
  if (!isOurs) return
  const reading = await fetchMetadata(ctx, [due.issuer])
  if ('problem' in reading) {
    // What cannot be read changes nothing; metadata of somebody else do.
    if (reading.problem.kind === 'issuer' && due.error === null)
      await setAside(ctx, { connection: claimed, organization })
    return
  }
  await take(ctx, { connection: claimed, organization }, reading.metadata)
}

const eventOf = ({ id, organizationId }: SsoConnection) => ({
  type: 'sso.configuration.updated' as const,
  subject: id,
  userId: null,
  organizationId,
  actor: { type: 'system', id: 'sso' } as const,
})

async function setAside(ctx: Ctx, { connection, organization }: Due): Promise<void> {
  const { version, issuer, error } = connection
  const set = { error: 'issuer_changed', version: version + 1, checkAt: ctx.now() + METADATA_READ_EVERY_MS } as const
  const [changed] = await commit(ctx, updateChecked(ctx, connection, set), {
    ...eventOf(connection),
    data: { before: { error }, after: { error: set.error }, reason: 'metadata' },
  })
  if (changed) mailOwners(ctx, { organization, change: 'issuer_changed', about: issuer })
}

async function take(ctx: Ctx, { connection, organization }: Due, metadata: ProviderMetadata): Promise<void> {
  const checkAt = ctx.now() + METADATA_READ_EVERY_MS
  const names = (Object.keys({ ...connection.metadata, ...metadata }) as (keyof ProviderMetadata)[]).filter(
    (name) => JSON.stringify(connection.metadata[name]) !== JSON.stringify(metadata[name]),
  )
  if (names.length === 0) {
    await updateChecked(ctx, connection, { checkAt })
    return
  }
  const pick = (from: ProviderMetadata) => Object.fromEntries(names.map((name) => [name, from[name] ?? null]))
  const [changed] = await commit(
    ctx,
    updateChecked(ctx, connection, { metadata, checkAt, version: connection.version + 1 }),
    {
      ...eventOf(connection),
      data: { before: pick(connection.metadata), after: pick(metadata), reason: 'metadata' },
    },
  )
  if (changed) mailOwners(ctx, { organization, change: 'updated', about: names.join(', ') })
}
