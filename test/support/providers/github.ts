// https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps, its page of token errors, and
// https://docs.github.com/en/rest/users
import { CLIENTS } from './clients.ts'
import type { GithubEmail, People } from './people.ts'
import {
  type Answer,
  authenticatesByForm,
  type Provider,
  type Refusal,
  type TokenRequest,
  type World,
} from './provider.ts'

const client = CLIENTS.github
const DOCS = '/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/#'

const REFUSALS: Readonly<Record<Refusal, readonly [error: string, description: string]>> = {
  not_a_form: ['incorrect_client_credentials', 'The client_id and/or client_secret passed are incorrect.'],
  grant_type: ['unsupported_grant_type', 'The grant type is not supported.'],
  client: ['incorrect_client_credentials', 'The client_id and/or client_secret passed are incorrect.'],
  code_unknown: ['bad_verification_code', 'The code passed is incorrect or expired.'],
  code_used: ['bad_verification_code', 'The code passed is incorrect or expired.'],
  redirect_uri: [
    'redirect_uri_mismatch',
    'The redirect_uri MUST match the registered callback URL for this application.',
  ],
  verifier_missing: ['bad_verification_code', 'The code passed is incorrect or expired.'],
  verifier_wrong: ['bad_verification_code', 'The code passed is incorrect or expired.'],
}

/** A form, unless JSON is asked for; with status 200 in every case. */
function tokenAnswer({ headers }: TokenRequest, fields: Readonly<Record<string, string>>): Response {
  if (headers.get('accept')?.includes('application/json')) return Response.json(fields)
  return new Response(new URLSearchParams(fields).toString(), {
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
  })
}

const apiError = (status: number, message: string) =>
  Response.json({ message, documentation_url: 'https://docs.github.com/rest', status: String(status) }, { status })

/** The API refuses callers without a name, whoever they are. */
const asApi =
  (answer: Answer<People['github']>): Answer<People['github']> =>
  (call, grant) => {
    if (!call.headers.get('user-agent')) {
      return new Response(
        '\r\nRequest forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). Check https://developer.github.com for other possible causes.\r\n',
        { status: 403, headers: { 'content-type': 'text/html; charset=utf-8' } },
      )
    }
    return grant ? answer(call, grant) : apiError(401, 'Bad credentials')
  }

export const github = (world: World): Provider<People['github']> => {
  const emailsOf = ({ emails }: People['github']): readonly GithubEmail[] => {
    switch (world.fault()) {
      case 'no_email':
        return []
      case 'email_not_verified':
        return emails.map((email) => ({ ...email, verified: false }))
      default:
        return emails
    }
  }
  return {
    clientId: client.id,
    callbackIssuer: 'https://github.com/login/oauth',
    requiresPkce: false,
    deniedError: {
      error: 'access_denied',
      error_description: 'The user has denied your application access.',
      error_uri: '/apps/building-integrations/managing-oauth-apps/troubleshooting-authorization-request-errors/',
    },
    endpoints: {
      authorize: [/^https:\/\/github\.com\/login\/oauth\/authorize$/],
      token: [/^https:\/\/github\.com\/login\/oauth\/access_token$/],
      userinfo: [/^https:\/\/api\.github\.com\/user$/],
      emails: [/^https:\/\/api\.github\.com\/user\/emails$/],
    },
    authenticates: (request) => authenticatesByForm(request, client),
    refuse: (refusal, request) => {
      const [error, error_description] = REFUSALS[refusal]
      return tokenAnswer(request, { error, error_description, error_uri: DOCS + error.replaceAll('_', '-') })
    },
    tokens: (grant, request) =>
      tokenAnswer(request, { access_token: grant.accessToken, scope: grant.scopes.join(','), token_type: 'bearer' }),
    answers: {
      userinfo: asApi((_call, grant) => {
        if (!grant) return apiError(401, 'Bad credentials')
        const { emails: _emails, ...person } = grant.person
        return Response.json({
          ...person,
          node_id: `MDQ6VXNlcj${person.id}`,
          avatar_url: `https://avatars.githubusercontent.com/u/${person.id}?v=4`,
          type: 'User',
          site_admin: false,
        })
      }),
      emails: asApi((_call, grant) => {
        const mayRead = grant?.scopes.some((scope) => scope === 'user:email' || scope === 'user')
        return grant && mayRead ? Response.json(emailsOf(grant.person)) : apiError(404, 'Not Found')
      }),
    },
  }
}
