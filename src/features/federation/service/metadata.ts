import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { findOutboundAddress, outbound } from '../../../lib/outbound.ts'
import { DAY } from '../../../lib/time.ts'
import { postponeReading, selectMetadata, selectOutdated, upsertMetadata } from '../store.ts'
import type { ProviderMetadata } from '../types.ts'
import { algorithmsOf } from './fixed-providers.ts'

const Metadata = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  jwks_uri: z.string(),
  userinfo_endpoint: z.string().optional(),
  token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
  id_token_signing_alg_values_supported: z.array(z.string()).optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
})

/** Why metadata is of no use; `field` is of the document. */
export class MetadataError extends Error {
  override readonly name = 'MetadataError'
  readonly field: string | null
  constructor(message: string, field: string | null, cause?: unknown) {
    super(message, { cause })
    this.field = field
  }
}

/**
 * Reads a provider's metadata (OpenID Connect Discovery 1.0, 4): its issuer is exactly the one that was asked for, and every
 * endpoint may be called, and an algorithm of its ID tokens is accepted. Throws MetadataError.
 */
export async function readMetadata(ctx: Ctx, issuer: string): Promise<ProviderMetadata> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  let json: unknown
  try {
    const answer = await outbound(ctx, address, { headers: { accept: 'application/json' } })
    if (answer.status !== 200) throw new Error(`status ${answer.status}`)
    json = await answer.json()
  } catch (cause) {
    throw new MetadataError('The metadata could not be read', null, cause)
  }
  const parsed = Metadata.safeParse(json)
  if (!parsed.success) throw new MetadataError('The metadata is incomplete', String(parsed.error.issues[0]?.path[0]))
  if (parsed.data.issuer !== issuer) throw new MetadataError('The metadata is of another issuer', 'issuer')
  requireCallable(ctx, parsed.data)
  requireAlgorithm(parsed.data)
  return parsed.data
}

const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'userinfo_endpoint'] as const

function requireCallable(ctx: Ctx, metadata: ProviderMetadata): void {
  const wrong = ENDPOINTS.find((name) => metadata[name] !== undefined && !findOutboundAddress(ctx, metadata[name]))
  if (wrong) throw new MetadataError('An endpoint has an address that is not called', wrong)
}

/** Without one no ID token would be asked for. */
function requireAlgorithm(metadata: ProviderMetadata): void {
  if (algorithmsOf(metadata).length > 0) return
  throw new MetadataError('No algorithm of its ID tokens is accepted', 'id_token_signing_alg_values_supported')
}

/** The snapshot of a provider's metadata. Undefined until it was read once. */
export const findMetadata = (ctx: Pick<Ctx, 'db'>, issuer: string): Promise<ProviderMetadata | undefined> =>
  selectMetadata(ctx, issuer)

/** As `findMetadata`; reads it where there is none. For the beginning of a sign-in, never for its end. Throws MetadataError. */
export async function findOrReadMetadata(ctx: Ctx, issuer: string): Promise<ProviderMetadata> {
  const known = await selectMetadata(ctx, issuer)
  if (known) return known
  const read = await readMetadata(ctx, issuer)
  await upsertMetadata(ctx, read)
  return read
}

/** Cron: reads the metadata of the settings' providers once a day. A reading that fails changes nothing. */
export async function refreshMetadata(ctx: Ctx): Promise<void> {
  const issuers = ctx.config.OAUTH_PROVIDERS.map(({ issuer }) => issuer)
  for (const issuer of await selectOutdated(ctx, issuers, ctx.now() - DAY)) {
    try {
      await upsertMetadata(ctx, await readMetadata(ctx, issuer))
    } catch (cause) {
      ctx.log.error('metadata_not_read', cause, { issuer })
      await postponeReading(ctx, issuer)
    }
  }
}
