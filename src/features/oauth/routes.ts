import type { Ctx } from '../../context.ts'
import { ok } from '../../http/answers.ts'
import type { Guard } from '../../http/guard.ts'
import { createRoutes } from '../../http/router.ts'
import { rateLimited, serviceUnavailable } from '../../lib/errors.ts'
import { readCredentials } from './rules.ts'
import {
  grantToken,
  insufficientScope,
  introspectToken,
  invalidClient,
  invalidRequest,
  invalidScope,
  invalidToken,
  revokeToken,
  unsupportedGrantType,
} from './service.ts'
import {
  IntrospectionAnswer,
  introspectionToWire,
  RevokeAnswer,
  renderOAuthError,
  TokenAnswer,
  TokenBody,
  TokenFieldBody,
  tokenToWire,
} from './wire.ts'

/** The service authenticates the client, because its credentials may be in the form (RFC 6749 2.3.1). */
const clientAuthentication: Guard = { kind: 'custom', admit: (ctx: Ctx) => ctx }

/** RFC 6749 5.1: answers with tokens must not be cached. */
const NO_STORE = { headers: { 'Cache-Control': 'no-store', Pragma: 'no-cache' } }

export const oauthRoutes = createRoutes({
  prefix: '',
  tag: 'oauth',
  guard: clientAuthentication,
  renderError: renderOAuthError,
})

oauthRoutes.post(
  '/oauth/token',
  {
    id: 'issueToken',
    aliases: [{ path: '/api/v1/oauth/token', id: 'issueMachineToken' }],
    summary: 'Issue a token to a machine: the client credentials grant (RFC 6749 4.4)',
    body: TokenBody,
    encoding: 'form',
    answer: ok(TokenAnswer, 'An access token', NO_STORE),
    errors: [invalidRequest, invalidClient, invalidScope, unsupportedGrantType, rateLimited, serviceUnavailable],
  },
  async ({ ctx, body, request }) => {
    const credentials = readCredentials(request.headers.get('authorization'), body)
    const grant = await grantToken(ctx, { credentials, grantType: body.grant_type, scope: body.scope })
    return tokenToWire(grant)
  },
)

oauthRoutes.post(
  '/oauth/introspect',
  {
    id: 'introspectToken',
    aliases: [{ path: '/api/v1/oauth/introspect', id: 'inspectToken' }],
    summary: 'Introspect a token (RFC 7662), for clients with the scope introspect',
    body: TokenFieldBody,
    encoding: 'form',
    unlimited: true,
    answer: ok(IntrospectionAnswer, 'The token, or that it is not active', NO_STORE),
    errors: [invalidRequest, invalidClient, invalidToken, insufficientScope, rateLimited, serviceUnavailable],
  },
  async ({ ctx, body, request }) => {
    const credentials = readCredentials(request.headers.get('authorization'), body)
    const found = await introspectToken(ctx, { credentials, token: body.token })
    return introspectionToWire(found)
  },
)

oauthRoutes.post(
  '/oauth/revoke',
  {
    id: 'revokeToken',
    aliases: [{ path: '/api/v1/oauth/revoke', id: 'withdrawToken' }],
    summary: 'Revoke a token (RFC 7009); a user’s token ends its session',
    body: TokenFieldBody,
    encoding: 'form',
    answer: ok(RevokeAnswer, 'The token is revoked, or there was nothing to revoke', NO_STORE),
    errors: [invalidRequest, invalidClient, rateLimited, serviceUnavailable],
  },
  async ({ ctx, body, request }) => {
    const credentials = readCredentials(request.headers.get('authorization'), body)
    await revokeToken(ctx, { credentials, token: body.token })
    return {}
  },
)
