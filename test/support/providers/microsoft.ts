// https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow, /v2-protocols-oidc, /id-token-claims-reference,
// /optional-claims-reference (xms_edov), /reference-error-codes and /userinfo
import { CLIENTS } from './clients.ts'
import { idToken, keySet, userinfoSubject } from './id-tokens.ts'
import type { People } from './people.ts'
import { authenticatesByEither, type Provider, type Refusal, tokenJson, type World } from './provider.ts'

type Person = People['microsoft']

const client = CLIENTS.microsoft
const LOGIN = 'https://login.microsoftonline.com'
/** The tenant of all personal accounts. */
const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad'

const REFUSALS: Readonly<Record<Refusal, readonly [status: number, error: string, code: number, text: string]>> = {
  not_a_form: [400, 'invalid_request', 900144, "The request body must contain the following parameter: 'grant_type'."],
  grant_type: [400, 'unsupported_grant_type', 70003, 'The app requested an unsupported grant type.'],
  client: [401, 'invalid_client', 7000215, 'Invalid client secret provided.'],
  code_unknown: [400, 'invalid_grant', 9002313, 'Invalid request. Request is malformed or invalid.'],
  code_used: [400, 'invalid_grant', 54005, 'OAuth2 Authorization code was already redeemed.'],
  redirect_uri: [
    400,
    'invalid_grant',
    500112,
    'The reply address does not match the one of the authorization request.',
  ],
  verifier_missing: [400, 'invalid_grant', 501481, 'The Code_Verifier does not match the code_challenge supplied.'],
  verifier_wrong: [400, 'invalid_grant', 501481, 'The Code_Verifier does not match the code_challenge supplied.'],
}

const endpoint = (path: string): RegExp => new RegExp(`^https://login\\.microsoftonline\\.com/[^/]+/${path}$`)
const tenantOf = (url: URL): string => url.pathname.split('/')[1] ?? ''

const acceptsPerson = (tenant: string, tid: string): boolean => {
  if (tenant === 'common') return true
  if (tenant === 'organizations') return tid !== CONSUMERS
  return tenant === 'consumers' ? tid === CONSUMERS : tenant === tid
}

export const microsoft = (world: World): Provider<Person> => {
  const addressOf = ({ email, xms_edov }: Person): Pick<Person, 'email' | 'xms_edov'> => {
    const fault = world.fault()
    if (email === undefined || fault === 'no_email') return {}
    return { email, ...(xms_edov !== undefined && { xms_edov: fault === 'email_not_verified' ? false : xms_edov }) }
  }
  return {
    clientId: client.id,
    requiresPkce: false,
    deniedError: { error: 'access_denied', error_description: 'The user canceled the authentication.' },
    endpoints: {
      authorize: [endpoint('oauth2/v2\\.0/authorize')],
      token: [endpoint('oauth2/v2\\.0/token')],
      keys: [endpoint('discovery/v2\\.0/keys')],
      discovery: [endpoint('v2\\.0/\\.well-known/openid-configuration')],
      userinfo: [/^https:\/\/graph\.microsoft\.com\/oidc\/userinfo$/],
    },
    refuseAuthorization: (request, url, { tid }) => {
      if (!request.get('scope')?.split(' ').includes('openid')) return 'AADSTS900144: scope has no openid'
      return acceptsPerson(tenantOf(url), tid)
        ? undefined
        : 'AADSTS50020: the account does not exist in this tenant and cannot access the application'
    },
    callbackParameters: () => ({ session_state: crypto.randomUUID() }),
    authenticates: (request) => authenticatesByEither(request, client),
    refuse: (refusal) => {
      const [status, error, code, text] = REFUSALS[refusal]
      const [trace_id, correlation_id] = [crypto.randomUUID(), crypto.randomUUID()]
      const timestamp = `${new Date(world.now()).toISOString().slice(0, 19).replace('T', ' ')}Z`
      return tokenJson(
        {
          error,
          error_description: `AADSTS${code}: ${text} Trace ID: ${trace_id} Correlation ID: ${correlation_id} Timestamp: ${timestamp}`,
          error_codes: [code],
          timestamp,
          trace_id,
          correlation_id,
          error_uri: `${LOGIN}/error?code=${code}`,
        },
        status,
      )
    },
    tokens: async (grant) => {
      const { sub, oid, tid, name, preferred_username } = grant.person
      const issuer = `${LOGIN}/${tid}/v2.0`
      return tokenJson({
        token_type: 'Bearer',
        scope: grant.scopes.join(' '),
        expires_in: 3599,
        ext_expires_in: 3599,
        access_token: grant.accessToken,
        ...(await idToken(world, {
          owner: 'microsoft',
          issuer,
          // Of another tenant than `tid` says: right by the template alone.
          wrongIssuer: `${LOGIN}/${crypto.randomUUID()}/v2.0`,
          clientSecret: client.secret,
          grant,
          claims: {
            ver: '2.0',
            nbf: Math.floor(world.now() / 1000),
            sub,
            tid,
            ...(grant.scopes.includes('profile') && { oid, name, preferred_username }),
            ...(grant.scopes.includes('email') && addressOf(grant.person)),
          },
        })),
      })
    },
    answers: {
      userinfo: (_call, grant) => {
        if (!grant) {
          const error = { code: 'InvalidAuthenticationToken', message: 'Access token validation failure.' }
          return Response.json({ error }, { status: 401 })
        }
        const { sub, name } = grant.person
        const { email } = addressOf(grant.person)
        return Response.json({
          sub: userinfoSubject(world, sub),
          name,
          picture: 'https://graph.microsoft.com/v1.0/me/photo/$value',
          ...(email !== undefined && { email }),
        })
      },
      keys: keySet(world, 'microsoft', { issuer: `${LOGIN}/{tenantid}/v2.0` }),
      discovery: ({ url }) => {
        const tenant = tenantOf(url)
        const ofTenant = { common: '{tenantid}', organizations: '{tenantid}', consumers: CONSUMERS }[tenant] ?? tenant
        return Response.json({
          issuer: `${LOGIN}/${ofTenant}/v2.0`,
          authorization_endpoint: `${LOGIN}/${tenant}/oauth2/v2.0/authorize`,
          token_endpoint: `${LOGIN}/${tenant}/oauth2/v2.0/token`,
          userinfo_endpoint: 'https://graph.microsoft.com/oidc/userinfo',
          jwks_uri: `${LOGIN}/${tenant}/discovery/v2.0/keys`,
          response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
          response_modes_supported: ['query', 'fragment', 'form_post'],
          subject_types_supported: ['pairwise'],
          id_token_signing_alg_values_supported: ['RS256'],
          scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
          token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
          claims_supported: [
            'sub',
            'iss',
            'aud',
            'exp',
            'iat',
            'nonce',
            'preferred_username',
            'name',
            'tid',
            'ver',
            'email',
          ],
        })
      },
    },
  }
}
