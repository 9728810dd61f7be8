import type { Ctx } from '../../context.ts'
import type { Guard } from '../../http/guard.ts'
import { createRoutes } from '../../http/router.ts'
import { rateLimited, serviceUnavailable } from '../../lib/errors.ts'
import {
  insufficientScope,
  invalidClient,
  invalidRequest,
  invalidScope,
  invalidToken,
  unsupportedGrantType,
} from './errors.ts'
import { readCredentials } from './rules.ts'
import { grantToken, introspectToken, revokeToken } from './service.ts'
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

export const oauthRoutes = createRoutes({ prefix: '', tag: 'oauth', renderError: renderOAuthError })

/** The service authenticates the client: its credentials may stand in the form (RFC 6749 2.3.1). */
const clientAuthentication: Guard = { kind: 'custom', scope: null, strong: false, admit: (ctx: Ctx) => ctx }

/** RFC 6749 5.1: tokens and what is said of them are never cached. */
const HEADERS = { 'Cache-Control': 'no-store', Pragma: 'no-cache' }

const paths = (name: string) => [`/oauth/${name}`, `/api/v1/oauth/${name}`]

oauthRoutes.post(
  paths('token'),
  {
    summary: 'A token for a machine: the client credentials grant (RFC 6749 4.4)',
    guard: clientAuthentication,
    body: TokenBody,
    encoding: 'form',
    answers: { 200: { description: 'An access token', schema: TokenAnswer } },
    errors: [invalidRequest, invalidClient, invalidScope, unsupportedGrantType, rateLimited, serviceUnavailable],
  },
  async ({ ctx, body, request }) => {
    const credentials = readCredentials(request.headers.get('authorization'), body)
    const grant = await grantToken(ctx, { credentials, grantType: body.grant_type, scope: body.scope })
    return Response.json(tokenToWire(grant), { headers: HEADERS })
  },
)

oauthRoutes.post(
  paths('introspect'),
  {
    summary: 'What a token is worth now (RFC 7662), for a client with the scope introspect',
    guard: clientAuthentication,
    body: TokenFieldBody,
    encoding: 'form',
    unlimited: true,
    answers: { 200: { description: 'The token, or that it is not active', schema: IntrospectionAnswer } },
    errors: [invalidRequest, invalidClient, invalidToken, insufficientScope, rateLimited, serviceUnavailable],
  },
  async ({ ctx, body, request }) => {
    const credentials = readCredentials(request.headers.get('authorization'), body)
    const found = await introspectToken(ctx, { credentials, token: body.token })
    return Response.json(introspectionToWire(found), { headers: HEADERS })
  },
)

oauthRoutes.post(
  paths('revoke'),
  {
    summary: 'End a token and what hangs on it (RFC 7009)',
    guard: clientAuthentication,
    body: TokenFieldBody,
    encoding: 'form',
    answers: { 200: { description: 'Done, or there was nothing to do', schema: RevokeAnswer } },
    errors: [invalidRequest, invalidClient, rateLimited, serviceUnavailable],
  },
  async ({ ctx, body, request }) => {
    const credentials = readCredentials(request.headers.get('authorization'), body)
    await revokeToken(ctx, { credentials, token: body.token })
    return Response.json({}, { headers: HEADERS })
  },
)
