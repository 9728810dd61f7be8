import type { ActorCtx } from '../../../context.ts'
import { fetchMetadata } from '../../federation/service/metadata.ts'
import type { ConnectionStatus, Provider } from '../types.ts'
import { getConfiguration } from './configurations.ts'

/** What keeps people from signing in through a configuration. */
export interface ConfigurationTest {
  readonly provider: Provider
  readonly status: ConnectionStatus
  /** Undefined for metadata that are good. */
  readonly problem: string | undefined
  readonly missing: readonly ('enabled' | 'verified_domain' | 'oidc_issuer')[]
}

/** Reads the provider's metadata, and says what is missing; it signs nobody in and changes nothing. For admins. */
export async function testConfiguration(ctx: ActorCtx, id: string): Promise<ConfigurationTest> {
  const { provider, status, issuer, enabled, hasDomain, error } = await getConfiguration(ctx, id)
  const reading = await fetchMetadata(ctx, [issuer])
  const problem = 'problem' in reading ? reading.problem.message : undefined
  const missing = [
    ...(enabled ? [] : (['enabled'] as const)),
    ...(hasDomain ? [] : (['verified_domain'] as const)),
    ...(error === null ? [] : (['oidc_issuer'] as const)),
  ]
  return { provider, status, problem, missing }
}
