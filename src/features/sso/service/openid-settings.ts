import type { ActorCtx } from '../../../context.ts'
import { findOutboundAddress } from '../../../lib/outbound.ts'
import { discoveryUrlOf, fetchMetadata, issuersAt } from '../../federation/service/metadata.ts'
import { badMetadata, invalidField } from '../errors.ts'
import { isSharedIssuer, PROVIDER_ROWS } from '../rules/providers.ts'
import type { OpenidConnection } from '../tables.ts'
import type { OpenidProvider, ProviderMetadata } from '../types.ts'
import type { Plan } from './configuration.ts'
import { sealSecret } from './secrets.ts'

/** Fields of a configuration in OpenID Connect; those that are undefined stay as they are. */
export interface OpenidFields {
  readonly issuer?: string | undefined
  readonly discoveryUrl?: string | undefined
  readonly clientId?: string | undefined
  readonly clientSecret?: string | undefined
}

type Wanted = Pick<OpenidFields, 'issuer' | 'discoveryUrl'> & { readonly provider: OpenidProvider }

/** The issuers that the fields may mean: the one that they name, or those whose metadata are at the address. */
function issuersOf(ctx: ActorCtx, { provider, issuer, discoveryUrl }: Wanted): readonly [string, ...string[]] {
  const fixed = PROVIDER_ROWS[provider].issuer
  const named = issuer ?? (discoveryUrl === undefined ? fixed : undefined)
  const [first, ...others] = named === undefined ? issuersAt(discoveryUrl ?? '') : [named]
  const field = named === undefined && discoveryUrl !== undefined ? 'oidc_discovery_url' : 'oidc_issuer'
  if (first === undefined)
    throw discoveryUrl === undefined
      ? invalidField('oidc_issuer', 'is required')
      : invalidField('oidc_discovery_url', "must be the issuer's own: {issuer}/.well-known/openid-configuration")
  const url = findOutboundAddress(ctx, first)
  if (!url || /[?#]/.test(first)) throw invalidField(field, 'must be an https address of a public host')
  if (fixed !== undefined && first !== fixed) throw invalidField(field, `must be ${fixed}`)
  if (isSharedIssuer(provider, url))
    throw invalidField(field, "speaks for more than one organization: name your own tenant's issuer")
  if (discoveryUrl !== undefined && discoveryUrl !== discoveryUrlOf(first))
    throw invalidField('oidc_discovery_url', `must be ${discoveryUrlOf(first)}`)
  return [first, ...others]
}

/** Reads the metadata once; from then on the snapshot counts. Throws SSO_VALIDATION_ERROR, SSO_METADATA_ERROR with the field. */
async function resolveIssuer(ctx: ActorCtx, wanted: Wanted): Promise<ProviderMetadata> {
  const reading = await fetchMetadata(ctx, issuersOf(ctx, wanted))
  if ('metadata' in reading) return reading.metadata
  const field = wanted.issuer === undefined && wanted.discoveryUrl !== undefined ? 'oidc_discovery_url' : 'oidc_issuer'
  const { message, kind } = reading.problem
  throw badMetadata(field, { message, type: kind })
}

/** The settings of a new configuration. Throws SSO_VALIDATION_ERROR, SSO_METADATA_ERROR. */
export function planNewOpenid(
  ctx: ActorCtx,
  { id, provider }: { id: string; provider: OpenidProvider },
  fields: OpenidFields,
): Pick<Plan, 'resolve'> {
  const { clientId, clientSecret } = fields
  if (clientId === undefined) throw invalidField('oidc_client_id', 'is required')
  if (clientSecret === undefined) throw invalidField('oidc_client_secret', 'is required')
  return {
    resolve: async () => {
      const metadata = await resolveIssuer(ctx, { ...fields, provider })
      const secretSealed = await sealSecret(ctx, id, clientSecret)
      return {
        protocol: 'openid',
        provider,
        issuer: metadata.issuer,
        clientId,
        secretSealed,
        metadata,
        certificates: [],
      }
    },
  }
}

function requireSecret(clientSecret: string | undefined): void {
  if (clientSecret === undefined) throw invalidField('oidc_client_secret', 'is required with another issuer')
}

/** A change of them. Another issuer needs the secret anew: the stored one would be sent to it. */
export function planOpenid(
  ctx: ActorCtx,
  before: OpenidConnection,
  { provider, ...fields }: OpenidFields & { readonly provider: OpenidProvider },
): Plan {
  const { issuer, discoveryUrl, clientId = before.clientId, clientSecret } = fields
  const namesIssuer = issuer !== undefined || discoveryUrl !== undefined || provider !== before.provider
  const wanted = { provider, issuer: issuer ?? (discoveryUrl === undefined ? before.issuer : undefined), discoveryUrl }
  // Checks without a call: who may not change it makes none.
  const issuers = namesIssuer ? issuersOf(ctx, wanted) : ([before.issuer] as const)
  const { secretSealed, metadata } = before
  const expected = {
    protocol: 'openid',
    provider,
    issuer: issuers.find((one) => one === before.issuer) ?? issuers[0],
    clientId,
    secretSealed,
    metadata,
    certificates: [],
  } as const
  const isOther = expected.issuer !== before.issuer
  // A configuration in error is read again when somebody confirms its issuer.
  const isReread = isOther || (before.error !== null && (issuer !== undefined || discoveryUrl !== undefined))
  return {
    expected,
    isReread,
    isDeciding: isReread || clientSecret !== undefined,
    isAnother: isReread || clientSecret !== undefined || clientId !== before.clientId || provider !== before.provider,
    resolve: async () => {
      if (isOther) requireSecret(clientSecret)
      const read = isReread ? await resolveIssuer(ctx, wanted) : metadata
      if (read.issuer !== before.issuer) requireSecret(clientSecret)
      const sealed = clientSecret === undefined ? secretSealed : await sealSecret(ctx, before.id, clientSecret)
      return { ...expected, issuer: read.issuer, metadata: read, secretSealed: sealed }
    },
  }
}
