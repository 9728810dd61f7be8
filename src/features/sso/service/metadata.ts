import type { Ctx } from '../../../context.ts'
import { findOutboundAddress, OutboundError, outbound } from '../../../lib/outbound.ts'
import { discoveryUrlOf, type MetadataProblem, readMetadata } from '../rules/metadata.ts'
import type { ProviderMetadata } from '../types.ts'

export type MetadataReading = { readonly metadata: ProviderMetadata } | { readonly problem: MetadataProblem }

/** Reads the metadata of one of the issuers, which have one address. Never throws. */
export async function fetchMetadata(
  ctx: Pick<Ctx, 'config' | 'fetch' | 'log'>,
  issuers: readonly [string, ...string[]],
): Promise<MetadataReading> {
  const url = discoveryUrlOf(issuers[0])
  try {
    const answer = await outbound(ctx, url, { headers: { accept: 'application/json' } })
    if (!answer.ok) return { problem: { kind: 'unreadable', message: `${url} answers ${answer.status}` } }
    const mayCall = (address: string) => findOutboundAddress(ctx, address) !== undefined
    return readMetadata(await answer.json(), { issuers, mayCall })
  } catch (cause) {
    const reason = cause instanceof OutboundError ? cause.reason : 'not_json'
    ctx.log.warn('metadata_not_read', { url, reason })
    return { problem: { kind: 'unreadable', message: `${url} was not read: ${reason}` } }
  }
}
