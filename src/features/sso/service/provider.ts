import type { Ctx } from '../../../context.ts'
import { SignInRefused } from '../../federation/errors.ts'
import type { ClientAuthentication, Provider } from '../../federation/types.ts'
import { ssoAuthenticationError } from '../errors.ts'
import { mappingOf, type SeenConfiguration, type SeenOpenid } from './configuration.ts'
import { readPerson } from './read-person.ts'
import { openSecret } from './secrets.ts'

const PREFIX = 'sso:'

/** What a flow through a connection calls its provider: no provider of the settings can have the name. */
export const providerNameOf = ({ id }: Pick<SeenConfiguration, 'id'>): string => `${PREFIX}${id}`

/** The connection of such a name; null for a provider of the settings. */
export const connectionIdOf = (name: string): string | null =>
  name.startsWith(PREFIX) ? name.slice(PREFIX.length) : null

/**
 * A connection as the protocol sees it. It has the snapshot of the metadata: nothing is read in the middle of a sign-in. Throws
 * SSO_AUTHENTICATION_ERROR where no root secret opens the client's.
 */
export async function providerOf(ctx: Ctx, configuration: SeenOpenid): Promise<Provider> {
  const { id, name, issuer, metadata, clientId, secretSealed } = configuration
  const mapping = mappingOf(configuration)
  return {
    name: providerNameOf(configuration),
    label: name ?? new URL(issuer).hostname,
    issuer,
    endpoints: {
      authorization: metadata.authorization_endpoint,
      token: metadata.token_endpoint,
      userinfo: metadata.userinfo_endpoint ?? null,
      keys: metadata.jwks_uri,
    },
    promisesIssuer: metadata.authorization_response_iss_parameter_supported === true,
    algorithms: metadata.id_token_signing_alg_values_supported,
    scopes: ['openid', 'email', 'profile'],
    parameters: {},
    clientId,
    isFixed: false,
    authentication: {
      method: methodOf(metadata.token_endpoint_auth_methods_supported),
      secret: await openSecret(ctx, id, secretSealed).catch((cause: unknown) => {
        ctx.log.error('sso_secret_not_opened', cause, { connection: id })
        throw new SignInRefused(ssoAuthenticationError, 'secret')
      }),
    },
    needsVerifiedEmail: true,
    read: (answers) => readPerson(configuration, mapping, answers),
  }
}

/** `client_secret_basic` is what a provider takes that does not say (OpenID Connect Discovery 3). */
const methodOf = (supported: readonly string[] | undefined): Exclude<ClientAuthentication['method'], 'apple'> =>
  supported?.includes('client_secret_post') && !supported.includes('client_secret_basic') ? 'post' : 'basic'
