// https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code, /user-access-token and https://docs.x.com/x-api/users/get-my-user
import { CLIENTS } from './clients.ts'
import type { People } from './people.ts'
import { authenticatesByBasic, type Provider, type Refusal, tokenJson, type World } from './provider.ts'

const client = CLIENTS.twitter

const REFUSALS: Readonly<Record<Refusal, readonly [status: number, error: string, description: string]>> = {
  not_a_form: [400, 'invalid_request', 'Missing required parameter [grant_type].'],
  grant_type: [400, 'unsupported_grant_type', 'Value passed for the grant type is not supported.'],
  client: [401, 'unauthorized_client', 'Missing valid authorization header'],
  code_unknown: [400, 'invalid_request', 'Value passed for the authorization code was invalid.'],
  code_used: [400, 'invalid_request', 'Value passed for the authorization code was invalid.'],
  redirect_uri: [
    400,
    'invalid_request',
    'Value passed for the redirect uri did not match the uri of the authorization code.',
  ],
  verifier_missing: [400, 'invalid_request', 'Missing required parameter [code_verifier].'],
  verifier_wrong: [400, 'invalid_request', 'Value passed for the code verifier did not match the code challenge.'],
}

const problem = (status: number, title: string, detail: string) =>
  new Response(JSON.stringify({ title, type: 'about:blank', status, detail }), {
    status,
    headers: { 'content-type': 'application/problem+json' },
  })

export const twitter = (world: World): Provider<People['twitter']> => ({
  clientId: client.id,
  requiresPkce: true,
  deniedError: { error: 'access_denied' },
  endpoints: {
    authorize: [/^https:\/\/(x|twitter)\.com\/i\/oauth2\/authorize$/],
    token: [/^https:\/\/api\.(x|twitter)\.com\/2\/oauth2\/token$/],
    userinfo: [/^https:\/\/api\.(x|twitter)\.com\/2\/users\/me$/],
  },
  refuseAuthorization: (request) => (request.get('state') ? undefined : 'invalid_request: state is missing'),
  authenticates: (request) => authenticatesByBasic(request, client),
  refuse: (refusal) => {
    const [status, error, error_description] = REFUSALS[refusal]
    return tokenJson({ error, error_description }, status)
  },
  tokens: (grant) =>
    tokenJson({
      token_type: 'bearer',
      expires_in: 7200,
      access_token: grant.accessToken,
      scope: grant.scopes.join(' '),
    }),
  answers: {
    userinfo: ({ url }, grant) => {
      if (!grant) return problem(401, 'Unauthorized', 'Unauthorized')
      const { confirmed_email, ...person } = grant.person
      if (!['users.read', 'tweet.read'].every((scope) => grant.scopes.includes(scope))) {
        return problem(403, 'Forbidden', 'You are not permitted to perform this action.')
      }
      const isAsked = url.searchParams.get('user.fields')?.split(',').includes('confirmed_email')
      const hasNone = world.fault() === 'no_email' || world.fault() === 'email_not_verified'
      const isTold = isAsked && grant.scopes.includes('users.email') && confirmed_email !== undefined && !hasNone
      return Response.json({ data: { ...person, ...(isTold && { confirmed_email }) } })
    },
  },
})
