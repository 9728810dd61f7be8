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

/** The service authenticates the client: its credentials may stand in the form (RFC 6749 2.3.1). */
const clientAuthentication: Guard = { kind: 'custom', admit: (ctx: Ctx) => ctx }

/** RFC 6749 5.1: tokens and what is said of them are never cached. */
const NO_STORE = { headers: { 'Cache-Control': 'no-store', Pragma: 'no-cache' } }

export const oauthRoutes = createRoutes({
  prefixes: ['/oauth', '/api/v1/oauth'],
  tag: 'oauth',
  guard: clientAuthentication,
  renderError: renderOAuthError,
})

oauthRoutes.post(
  '/token',
  {
    id: 'grantToken',
    summary: 'A token for a machine: the client credentials grant (RFC 6749 4.4)',
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
  '/introspect',
  {
    id: 'introspectToken',
    summary: 'What a token is worth now (RFC 7662), for a client with the scope introspect',
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
  '/revoke',
  {
    id: 'revokeToken',
    summary: 'End a token and what hangs on it (RFC 7009)',
    body: TokenFieldBody,
    encoding: 'form',
    answer: ok(RevokeAnswer, 'Done, or there was nothing to do', NO_STORE),
    errors: [invalidRequest, invalidClient, rateLimited, serviceUnavailable],
  },
  async ({ ctx, body, request }) => {
    const credentials = readCredentials(request.headers.get('authorization'), body)
    await revokeToken(ctx, { credentials, token: body.token })
    return {}
  },
)
