// https://developers.google.com/identity/openid-connect/openid-connect and /reference
import { CLIENTS } from './clients.ts'
import { addressClaims, idToken, keySet, userinfoSubject } from './id-tokens.ts'
import type { People } from './people.ts'
import { authenticatesByEither, type Provider, type Refusal, tokenJson, type World } from './provider.ts'

const ISSUER = 'https://accounts.google.com'
const client = CLIENTS.google

const REFUSALS: Readonly<Record<Refusal, readonly [status: number, error: string, description: string]>> = {
  not_a_form: [400, 'invalid_request', 'Missing required parameter: grant_type'],
  grant_type: [400, 'unsupported_grant_type', 'Invalid grant_type'],
  client: [401, 'invalid_client', 'The provided client secret is invalid.'],
  code_unknown: [400, 'invalid_grant', 'Malformed auth code.'],
  code_used: [400, 'invalid_grant', 'Bad Request'],
  redirect_uri: [400, 'redirect_uri_mismatch', 'Bad Request'],
  verifier_missing: [400, 'invalid_grant', 'Missing code verifier.'],
  verifier_wrong: [400, 'invalid_grant', 'Invalid code verifier.'],
}

export const google = (world: World): Provider<People['google']> => {
  const claimsOf = ({ sub, name, hd, ...address }: People['google'], scopes: readonly string[]) => ({
    sub,
    ...(hd !== undefined && { hd }),
    ...(scopes.includes('email') && addressClaims(world, address)),
    ...(scopes.includes('profile') && { name, picture: 'https://lh3.googleusercontent.com/a/ada' }),
  })
  return {
    clientId: client.id,
    callbackIssuer: ISSUER,
    requiresPkce: false,
    deniedError: { error: 'access_denied' },
    endpoints: {
      authorize: [/^https:\/\/accounts\.google\.com\/o\/oauth2\/v2\/auth$/],
      token: [/^https:\/\/oauth2\.googleapis\.com\/token$/],
      userinfo: [/^https:\/\/openidconnect\.googleapis\.com\/v1\/userinfo$/],
      keys: [/^https:\/\/www\.googleapis\.com\/oauth2\/v3\/certs$/],
      discovery: [/^https:\/\/accounts\.google\.com\/\.well-known\/openid-configuration$/],
    },
    refuseAuthorization: (request) =>
      request.get('scope')?.split(' ').includes('openid') ? undefined : 'invalid_scope: openid is missing',
    callbackParameters: (request) => ({
      scope: request.get('scope') ?? '',
      authuser: '0',
      prompt: request.get('prompt') ?? 'none',
    }),
    authenticates: (request) => authenticatesByEither(request, client),
    refuse: (refusal) => {
      const [status, error, error_description] = REFUSALS[refusal]
      return tokenJson({ error, error_description }, status)
    },
    tokens: async (grant) =>
      tokenJson({
        access_token: grant.accessToken,
        expires_in: 3599,
        scope: grant.scopes.join(' '),
        token_type: 'Bearer',
        ...(await idToken(world, {
          owner: 'google',
          issuer: ISSUER,
          clientSecret: client.secret,
          grant,
          claims: { azp: client.id, ...claimsOf(grant.person, grant.scopes) },
        })),
      }),
    answers: {
      userinfo: (_call, grant) => {
        if (!grant)
          return Response.json({ error: 'invalid_request', error_description: 'Invalid Credentials' }, { status: 401 })
        const claims = claimsOf(grant.person, grant.scopes)
        return Response.json({ ...claims, sub: userinfoSubject(world, claims.sub) })
      },
      keys: keySet(world, 'google'),
      discovery: () =>
        Response.json({
          issuer: ISSUER,
          authorization_endpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
          token_endpoint: 'https://oauth2.googleapis.com/token',
          userinfo_endpoint: 'https://openidconnect.googleapis.com/v1/userinfo',
          revocation_endpoint: 'https://oauth2.googleapis.com/revoke',
          jwks_uri: 'https://www.googleapis.com/oauth2/v3/certs',
          response_types_supported: ['code', 'token', 'id_token', 'code token', 'code id_token', 'none'],
          response_modes_supported: ['query', 'fragment', 'form_post'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
          scopes_supported: ['openid', 'email', 'profile'],
          token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
          claims_supported: ['aud', 'email', 'email_verified', 'exp', 'iat', 'iss', 'name', 'picture', 'sub'],
          code_challenge_methods_supported: ['plain', 'S256'],
          authorization_response_iss_parameter_supported: true,
        }),
    },
  }
}
