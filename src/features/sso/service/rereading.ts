import type { Ctx } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import { late } from '../../../lib/late.ts'
import { HOUR } from '../../../lib/time.ts'
import { fetchMetadata } from '../../federation/service/metadata.ts'
import { selectDueConnections, updateChecked } from '../store/connections.ts'
import type { OpenidConnection } from '../tables.ts'
import type { ProviderMetadata } from '../types.ts'
import { METADATA_READ_EVERY_MS } from './configurations.ts'
import { mailOwners } from './notices.ts'
import { setAside, updatedBySystem } from './setting-aside.ts'

const saml = late(() => import('./saml-rereading.ts'))

const CONNECTIONS_PER_RUN = 20
/** After a reading that failed, or in case this run dies. */
const READ_AGAIN_MS = HOUR

const PROMISES_ISSUER = 'authorization_response_iss_parameter_supported'

type Due = Awaited<ReturnType<typeof selectDueConnections>>[number]
type Organization = Due['organization']

/** Cron: reads metadata of connections again, a bounded number. One failure does not stop the others. */
export async function rereadMetadata(ctx: Ctx): Promise<void> {
  const due = await selectDueConnections(ctx, CONNECTIONS_PER_RUN)
  const done = await Promise.allSettled(due.map((each) => reread(ctx, each)))
  for (const each of done) if (each.status === 'rejected') ctx.log.error('metadata_not_reread', each.reason)
}

async function reread(ctx: Ctx, { connection: due, organization }: Due): Promise<void> {
  const connection = { ...due, checkAt: ctx.now() + READ_AGAIN_MS }
  const [isOurs] = await updateChecked(ctx, due, { checkAt: connection.checkAt })
  if (!isOurs) return
  if (connection.protocol === 'openid') await rereadOpenid(ctx, connection, organization)
  else await (await saml.load()).rereadSaml(ctx, connection, organization)
}

async function rereadOpenid(ctx: Ctx, connection: OpenidConnection, organization: Organization): Promise<void> {
  const reading = await fetchMetadata(ctx, [connection.issuer])
  if ('metadata' in reading) {
    // It decides where the provider sends people back to: that stays as it is registered there.
    const { [PROMISES_ISSUER]: _, ...read } = reading.metadata
    const kept = connection.metadata[PROMISES_ISSUER]
    const metadata = kept === undefined ? read : { ...read, [PROMISES_ISSUER]: kept }
    return take(ctx, { connection, organization }, metadata)
  }
  ctx.log.warn('sso_metadata_not_taken', { connection: connection.id, reason: reading.problem.kind })
  // What cannot be read changes nothing; metadata of somebody else do.
  if (reading.problem.kind === 'issuer') await setAside(ctx, connection, organization)
}

async function take(
  ctx: Ctx,
  { connection, organization }: { connection: OpenidConnection; organization: Organization },
  metadata: ProviderMetadata,
): Promise<void> {
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
      ...updatedBySystem(connection),
      data: { before: pick(connection.metadata), after: pick(metadata), reason: 'metadata' },
    },
  )
  if (changed) mailOwners(ctx, { organization, change: 'updated', about: names.join(', ') })
}
