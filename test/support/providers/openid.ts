// OpenID Connect Core and Discovery 1.0, RFC 6749, RFC 6750, RFC 7636, RFC 9207: a provider that does all as they say.
import { CLIENTS } from './clients.ts'
import { addressClaims, idToken, keySet, userinfoSubject } from './id-tokens.ts'
import type { People } from './people.ts'
import { authenticatesByEither, type Provider, type Refusal, tokenJson, type World } from './provider.ts'

/** The issuer of the generic provider. */
export const OIDC_ISSUER = 'https://id.example.test'

const client = CLIENTS.oidc

const REFUSALS: Readonly<Record<Refusal, readonly [status: number, error: string]>> = {
  not_a_form: [400, 'invalid_request'],
  grant_type: [400, 'unsupported_grant_type'],
  client: [401, 'invalid_client'],
  code_unknown: [400, 'invalid_grant'],
  code_used: [400, 'invalid_grant'],
  redirect_uri: [400, 'invalid_grant'],
  verifier_missing: [400, 'invalid_grant'],
  verifier_wrong: [400, 'invalid_grant'],
}

export const openid = (world: World): Provider<People['oidc']> => {
  const claimsOf = ({ sub, name, claims, ...address }: People['oidc'], scopes: readonly string[]) => ({
    ...claims,
    sub,
    ...(scopes.includes('profile') && { name }),
    ...(scopes.includes('email') && addressClaims(world, address)),
  })
  return {
    clientId: client.id,
    callbackIssuer: OIDC_ISSUER,
    requiresPkce: true,
    deniedError: { error: 'access_denied', error_description: 'End-User aborted interaction' },
    endpoints: {
      authorize: [/^https:\/\/id\.example\.test\/authorize$/],
      token: [/^https:\/\/id\.example\.test\/token$/],
      userinfo: [/^https:\/\/id\.example\.test\/userinfo$/],
      keys: [/^https:\/\/id\.example\.test\/keys$/],
      discovery: [/^https:\/\/id\.example\.test\/\.well-known\/openid-configuration$/],
    },
    refuseAuthorization: (request) =>
      request.get('scope')?.split(' ').includes('openid') ? undefined : 'invalid_scope: openid is missing',
    authenticates: (request) => authenticatesByEither(request, client),
    refuse: (refusal, { headers }) => {
      const [status, error] = REFUSALS[refusal]
      // RFC 6749 5.2: a client that tried a header is told its scheme.
      const isChallenged = refusal === 'client' && headers.has('authorization')
      const challenge = isChallenged ? { 'www-authenticate': `Basic realm="${OIDC_ISSUER}"` } : {}
      return tokenJson({ error, error_description: refusal.replace('_', ' ') }, status, challenge)
    },
    tokens: async (grant) =>
      tokenJson({
        access_token: grant.accessToken,
        token_type: 'Bearer',
        expires_in: 3600,
        scope: grant.scopes.join(' '),
        ...(await idToken(world, {
          owner: 'oidc',
          issuer: OIDC_ISSUER,
          clientSecret: client.secret,
          grant,
          claims: claimsOf(grant.person, grant.scopes),
        })),
      }),
    answers: {
      userinfo: (_call, grant) => {
        if (!grant) {
          const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
          return Response.json({ error: 'invalid_token' }, { status: 401, headers })
        }
        const claims = claimsOf(grant.person, grant.scopes)
        return Response.json({ ...claims, sub: userinfoSubject(world, claims.sub) })
      },
      keys: keySet(world, 'oidc'),
      discovery: () =>
        Response.json({
          issuer: OIDC_ISSUER,
          authorization_endpoint: `${OIDC_ISSUER}/authorize`,
          token_endpoint: `${OIDC_ISSUER}/token`,
          userinfo_endpoint: `${OIDC_ISSUER}/userinfo`,
          jwks_uri: `${OIDC_ISSUER}/keys`,
          end_session_endpoint: `${OIDC_ISSUER}/logout`,
          response_types_supported: ['code'],
          response_modes_supported: ['query', 'form_post'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
          scopes_supported: ['openid', 'email', 'profile'],
          token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
          code_challenge_methods_supported: ['S256'],
          authorization_response_iss_parameter_supported: true,
        }),
    },
  }
}
