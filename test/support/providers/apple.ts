// https://developer.apple.com/documentation/signinwithapplerestapi: request-an-authorization, generate-and-validate-tokens,
// errorresponse; /documentation/accountorganizationaldatasharing/creating-a-client-secret
import { exportJWK, importJWK, importPKCS8, jwtVerify } from 'jose'
import { APPLE_CLIENT } from './clients.ts'
import { addressClaims, idToken, keySet } from './id-tokens.ts'
import type { People } from './people.ts'
import { type Provider, type Refusal, type TokenRequest, tokenJson, type World } from './provider.ts'

const ISSUER = 'https://appleid.apple.com'
/** Six months, as Apple counts them. */
const LONGEST_SECRET_SECONDS = 15_777_000

const REFUSALS: Readonly<Record<Refusal, readonly [error: string, description?: string]>> = {
  not_a_form: ['invalid_request'],
  grant_type: ['unsupported_grant_type'],
  client: ['invalid_client'],
  code_unknown: ['invalid_grant', 'The code is invalid.'],
  code_used: ['invalid_grant', 'The code has already been used.'],
  redirect_uri: ['invalid_grant', 'redirect_uri mismatch.'],
  verifier_missing: ['invalid_grant', 'code_verifier is missing.'],
  verifier_wrong: ['invalid_grant', 'code_verifier mismatch.'],
}

async function publicKey() {
  const jwk = await exportJWK(await importPKCS8(APPLE_CLIENT.privateKey, 'ES256', { extractable: true }))
  return importJWK({ kty: 'EC', crv: 'P-256', x: jwk.x ?? '', y: jwk.y ?? '' }, 'ES256')
}

/** The secret is a JWT that the client signed with the key that it was given. */
async function authenticates(world: World, { headers, form }: TokenRequest): Promise<boolean> {
  if (headers.has('authorization') || form.get('client_id') !== APPLE_CLIENT.id) return false
  try {
    const { payload, protectedHeader } = await jwtVerify(form.get('client_secret') ?? '', await publicKey(), {
      algorithms: ['ES256'],
      issuer: APPLE_CLIENT.teamId,
      subject: APPLE_CLIENT.id,
      audience: ISSUER,
      requiredClaims: ['iat', 'exp'],
      currentDate: new Date(world.now()),
    })
    const longest = world.now() / 1000 + LONGEST_SECRET_SECONDS
    return protectedHeader.kid === APPLE_CLIENT.keyId && Number(payload.exp) <= longest
  } catch {
    return false
  }
}

const scopesOf = (request: URLSearchParams): readonly string[] => request.get('scope')?.split(' ') ?? []

export const apple = (world: World): Provider<People['apple']> => {
  /** Who has signed in before: Apple tells a name once. */
  const known = new Set<string>()
  return {
    clientId: APPLE_CLIENT.id,
    requiresPkce: false,
    deniedError: { error: 'user_cancelled_authorize' },
    endpoints: {
      authorize: [/^https:\/\/appleid\.apple\.com\/auth\/authorize$/],
      token: [/^https:\/\/appleid\.apple\.com\/auth\/token$/],
      keys: [/^https:\/\/appleid\.apple\.com\/auth\/keys$/],
      discovery: [/^https:\/\/appleid\.apple\.com\/\.well-known\/openid-configuration$/],
    },
    refuseAuthorization: (request) => {
      const asksOfPerson = scopesOf(request).some((scope) => scope === 'name' || scope === 'email')
      return asksOfPerson && request.get('response_mode') !== 'form_post'
        ? 'invalid_request: response_mode must be form_post when name or email scope is requested.'
        : undefined
    },
    callbackParameters: (request, { sub, name, email }) => {
      const scopes = scopesOf(request)
      const told = { ...(scopes.includes('name') && { name }), ...(scopes.includes('email') && { email }) }
      if (known.has(sub) || Object.keys(told).length === 0) return {}
      known.add(sub)
      return { user: JSON.stringify(told) }
    },
    authenticates: (request) => authenticates(world, request),
    refuse: (refusal) => {
      const [error, error_description] = REFUSALS[refusal]
      return tokenJson({ error, ...(error_description !== undefined && { error_description }) }, 400)
    },
    tokens: async (grant, { form }) => {
      const { sub, name: _name, is_private_email, ...address } = grant.person
      return tokenJson({
        access_token: grant.accessToken,
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: `r${grant.accessToken}`,
        ...(await idToken(world, {
          owner: 'apple',
          issuer: ISSUER,
          clientSecret: form.get('client_secret') ?? '',
          grant,
          lifetimeSeconds: 86_400,
          claims: {
            sub,
            ...(grant.scopes.includes('email') && {
              ...addressClaims(world, address, 'false'),
              ...(world.fault() !== 'no_email' && { is_private_email }),
            }),
            auth_time: Math.floor(world.now() / 1000),
            nonce_supported: true,
          },
        })),
      })
    },
    answers: {
      keys: keySet(world, 'apple'),
      discovery: () =>
        Response.json({
          issuer: ISSUER,
          authorization_endpoint: `${ISSUER}/auth/authorize`,
          token_endpoint: `${ISSUER}/auth/token`,
          revocation_endpoint: `${ISSUER}/auth/revoke`,
          jwks_uri: `${ISSUER}/auth/keys`,
          response_types_supported: ['code'],
          response_modes_supported: ['query', 'fragment', 'form_post'],
          subject_types_supported: ['pairwise'],
          id_token_signing_alg_values_supported: ['RS256'],
          scopes_supported: ['openid', 'email', 'name'],
          token_endpoint_auth_methods_supported: ['client_secret_post'],
          claims_supported: ['aud', 'email', 'email_verified', 'exp', 'iat', 'is_private_email', 'iss', 'nonce', 'sub'],
        }),
    },
  }
}
