import type { ActorCtx } from '../../../context.ts'
import { late } from '../../../lib/late.ts'
import { fetchMetadata } from '../../federation/service/metadata.ts'
import type { ConnectionStatus, Provider } from '../types.ts'
import type { SeenConfiguration } from './configuration.ts'
import { getConfiguration } from './configurations.ts'

const samlSettings = late(() => import('./saml-settings.ts'))

export const MISSING = ['enabled', 'verified_domain', 'oidc_issuer', 'saml_entity_id'] as const

/** What keeps people from signing in through a configuration. */
export interface ConfigurationTest {
  readonly provider: Provider
  readonly status: ConnectionStatus
  /** Undefined for metadata that are good. */
  readonly problem: string | undefined
  readonly missing: readonly (typeof MISSING)[number][]
}

/** Reads the provider's metadata, and says what is missing; it signs nobody in and changes nothing. For admins. */
export async function testConfiguration(ctx: ActorCtx, id: string): Promise<ConfigurationTest> {
  const configuration = await getConfiguration(ctx, id)
  const { provider, status, protocol, enabled, hasDomain, error } = configuration
  const missing = [
    ...(enabled ? [] : (['enabled'] as const)),
    ...(hasDomain ? [] : (['verified_domain'] as const)),
    ...(error === null ? [] : [protocol === 'saml' ? ('saml_entity_id' as const) : ('oidc_issuer' as const)]),
  ]
  return { provider, status, problem: await findProblem(ctx, configuration), missing }
}

/** What is wrong with the metadata as they are now. Those that were pasted are as they were. */
async function findProblem(ctx: ActorCtx, configuration: SeenConfiguration): Promise<string | undefined> {
  if (configuration.protocol === 'openid') {
    const reading = await fetchMetadata(ctx, [configuration.issuer])
    return 'problem' in reading ? reading.problem.message : undefined
  }
  const { metadataUrl } = configuration.metadata
  if (metadataUrl === null) return undefined
  const reading = await (await samlSettings.load()).fetchSamlMetadata(ctx, metadataUrl, configuration)
  if ('problem' in reading) return reading.problem.message
  return reading.metadata.entityId === configuration.issuer ? undefined : `${metadataUrl} names another entity`
}
