import type { Ctx } from '../../../context.ts'
import { findOutboundAddress, OutboundError, outbound } from '../../../lib/outbound.ts'
import { DAY } from '../../../lib/time.ts'
import { discoveryUrlOf, type MetadataProblem, readMetadata } from '../rules/metadata.ts'
import { postponeReading, selectMetadata, selectOutdated, upsertMetadata } from '../store.ts'
import type { ProviderMetadata, ReadMetadata } from '../types.ts'

export { discoveryUrlOf, issuersAt } from '../rules/metadata.ts'

export type MetadataReading = { readonly metadata: ReadMetadata } | { readonly problem: MetadataProblem }

/** Reads the metadata of one of the issuers, which have one address (OpenID Connect Discovery 1.0, 4). Never throws. */
export async function fetchMetadata(
  ctx: Pick<Ctx, 'config' | 'fetch' | 'log'>,
  issuers: readonly [string, ...string[]],
): Promise<MetadataReading> {
  const url = discoveryUrlOf(issuers[0])
  try {
    const answer = await outbound(ctx, url, { headers: { accept: 'application/json' } })
    if (answer.status !== 200) return { problem: { kind: 'unreadable', message: `${url} answers ${answer.status}` } }
    const mayCall = (address: string) => findOutboundAddress(ctx, address) !== undefined
    return readMetadata(await answer.json(), { issuers, mayCall })
  } catch (cause) {
    const reason = cause instanceof OutboundError ? cause.reason : 'not_json'
    ctx.log.warn('metadata_not_read', { url, reason })
    return { problem: { kind: 'unreadable', message: `${url} was not read: ${reason}` } }
  }
}

/** Why metadata is of no use. */
export class MetadataError extends Error {
  override readonly name = 'MetadataError'
}

/** As `fetchMetadata`, of one issuer. Throws MetadataError. */
async function requireMetadata(ctx: Ctx, issuer: string): Promise<ReadMetadata> {
  const reading = await fetchMetadata(ctx, [issuer])
  if ('problem' in reading) throw new MetadataError(reading.problem.message)
  return reading.metadata
}

/** The snapshot of a provider's metadata. Undefined until it was read once. */
export const findMetadata = (ctx: Pick<Ctx, 'db'>, issuer: string): Promise<ProviderMetadata | undefined> =>
  selectMetadata(ctx, issuer)

/** As `findMetadata`; reads it where there is none. For the beginning of a sign-in, never for its end. Throws MetadataError. */
export async function findOrReadMetadata(ctx: Ctx, issuer: string): Promise<ProviderMetadata> {
  const known = await selectMetadata(ctx, issuer)
  if (known) return known
  const read = await requireMetadata(ctx, issuer)
  await upsertMetadata(ctx, read)
  return read
}

/** Cron: reads the metadata of the settings' providers once a day. A reading that fails changes nothing. */
export async function refreshMetadata(ctx: Ctx): Promise<void> {
  const issuers = ctx.config.OAUTH_PROVIDERS.map(({ issuer }) => issuer)
  for (const issuer of await selectOutdated(ctx, issuers, ctx.now() - DAY)) {
    try {
      await upsertMetadata(ctx, await requireMetadata(ctx, issuer))
    } catch (cause) {
      ctx.log.error('metadata_not_read', cause, { issuer })
      await postponeReading(ctx, issuer)
    }
  }
}
