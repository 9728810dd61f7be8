// https://docs.discord.com/developers/topics/oauth2, /resources/user and /reference (User Agent)
import { CLIENTS } from './clients.ts'
import type { People } from './people.ts'
import { authenticatesByEither, type Provider, type Refusal, tokenJson, type World } from './provider.ts'

const client = CLIENTS.discord

const REFUSALS: Readonly<Record<Refusal, readonly [status: number, error: string, description?: string]>> = {
  not_a_form: [400, 'unsupported_grant_type', 'Grant type None is not supported'],
  grant_type: [400, 'unsupported_grant_type', 'Grant type is not supported'],
  client: [401, 'invalid_client'],
  code_unknown: [400, 'invalid_grant', 'Invalid "code" in request.'],
  code_used: [400, 'invalid_grant', 'Invalid "code" in request.'],
  redirect_uri: [400, 'invalid_grant', 'Invalid "redirect_uri" in request.'],
  verifier_missing: [400, 'invalid_request', 'Missing "code_verifier"'],
  verifier_wrong: [400, 'invalid_request', 'Invalid "code_verifier"'],
}

export const discord = (world: World): Provider<People['discord']> => {
  const addressOf = ({ email, verified }: People['discord']) => {
    const fault = world.fault()
    if (fault === 'no_email') return { email: null, verified: false }
    return { email, verified: fault === 'email_not_verified' ? false : verified }
  }
  return {
    clientId: client.id,
    requiresPkce: false,
    deniedError: {
      error: 'access_denied',
      error_description: 'The resource owner or authorization server denied the request',
    },
    endpoints: {
      authorize: [/^https:\/\/discord\.com(\/api)?\/oauth2\/authorize$/],
      token: [/^https:\/\/discord\.com\/api(\/v10)?\/oauth2\/token$/],
      userinfo: [/^https:\/\/discord\.com\/api(\/v10)?\/users\/@me$/],
    },
    refuseAuthorization: (request) =>
      request.get('scope')?.split(' ').includes('identify') ? undefined : 'invalid_scope: identify is missing',
    authenticates: (request) => authenticatesByEither(request, client),
    refuse: (refusal) => {
      const [status, error, error_description] = REFUSALS[refusal]
      return tokenJson({ error, ...(error_description !== undefined && { error_description }) }, status)
    },
    tokens: (grant) =>
      tokenJson({
        token_type: 'Bearer',
        access_token: grant.accessToken,
        expires_in: 604800,
        refresh_token: `refresh-${grant.accessToken}`,
        scope: grant.scopes.join(' '),
      }),
    answers: {
      userinfo: ({ headers }, grant) => {
        if (!headers.get('user-agent')) return new Response('error code: 1010', { status: 403 })
        if (!grant) return Response.json({ message: '401: Unauthorized', code: 0 }, { status: 401 })
        const { email, verified, ...person } = grant.person
        return Response.json({
          ...person,
          avatar: null,
          discriminator: '0',
          public_flags: 0,
          flags: 0,
          locale: 'en-US',
          mfa_enabled: false,
          ...(grant.scopes.includes('email') && addressOf({ ...person, email, verified })),
        })
      },
    },
  }
}
