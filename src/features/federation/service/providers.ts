import type { Ctx } from '../../../context.ts'
import { exchangeFailed, providerNotConfigured, providerUnknown } from '../errors.ts'
import type { Provider } from '../types.ts'
import { findFixedProvider, listProviders, toClient, toOpenIdProvider } from './fixed-providers.ts'
import { findMetadata, findOrReadMetadata, MetadataError } from './metadata.ts'

export { type ListedProvider, listProviders } from './fixed-providers.ts'

/** Throws OAUTH_PROVIDER_UNKNOWN, OAUTH_PROVIDER_NOT_CONFIGURED. */
export function requireConfigured({ config }: Pick<Ctx, 'config'>, name: string) {
  const fixed = findFixedProvider(config, name)
  if (fixed === null) throw providerNotConfigured({ provider: name })
  if (fixed) return fixed
  const entry = config.OAUTH_PROVIDERS.find((it) => it.name === name)
  if (!entry) throw providerUnknown()
  return entry
}

/** How people call the provider, also one that is no longer configured. */
export const labelOfProvider = ({ config }: Pick<Ctx, 'config'>, name: string): string =>
  listProviders(config).find((it) => it.name === name)?.label ?? name

/** Throws OAUTH_PROVIDER_UNKNOWN, OAUTH_PROVIDER_NOT_CONFIGURED; OAUTH_EXCHANGE_FAILED where its metadata cannot be read. */
export async function getProvider(ctx: Ctx, name: string): Promise<Provider> {
  const found = requireConfigured(ctx, name)
  if ('label' in found) return found
  try {
    return toOpenIdProvider(await findOrReadMetadata(ctx, found.issuer), toClient(found, ctx.config))
  } catch (cause) {
    if (cause instanceof MetadataError) throw exchangeFailed({}, { cause })
    throw cause
  }
}

/** As `getProvider`, in the middle of a sign-in: by the metadata that were there when it began. */
export async function getProviderAsBegun(ctx: Ctx, name: string): Promise<Provider> {
  const found = requireConfigured(ctx, name)
  if ('label' in found) return found
  const metadata = await findMetadata(ctx, found.issuer)
  if (!metadata) throw exchangeFailed()
  return toOpenIdProvider(metadata, toClient(found, ctx.config))
}
