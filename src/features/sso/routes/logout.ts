import { reply, response } from '../../../http/answers.ts'
import { anyone } from '../../../http/guard.ts'
import { answerPage } from '../../../http/page.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { rateLimited, serviceUnavailable } from '../../../lib/errors.ts'
import { stateInvalid } from '../../federation/errors.ts'
import { orPage, redirectTo, requireGet } from '../../federation/wire/browsers.ts'
import { frameOf } from '../../localization/service/texts.ts'
import { invalidRequest } from '../../oauth/service.ts'
import { renderOAuthError } from '../../oauth/wire.ts'
import { redirectNotAllowed } from '../../sign-in/errors.ts'
import { signedOutPage } from '../../sign-in/wire/pages.tsx'
import { endByLogoutToken } from '../service/backchannel.ts'
import { beginLogout, endLogout } from '../service/logout.ts'
import { LogoutQuery, LogoutTokenBody } from '../wire/logout.ts'

export const ssoLogoutRoutes = createRoutes({ prefix: '/api/v1/sso', tag: 'sso', guard: anyone, invalidIs: 400 })

ssoLogoutRoutes.get(
  '/logout',
  {
    id: 'followSsoLogout',
    summary: "Signs a browser out at its organization's provider, and takes it back",
    description: '`slo_url` of a sign-out leads here; the provider sends the browser back with `state`.',
    query: LogoutQuery,
    answer: [
      response(200, 'A page that says so, where there is no address to go to', { contentType: 'text/html' }),
      response(302, 'On to the provider, or back to `return_url`'),
    ],
    errors: [stateInvalid, redirectNotAllowed, serviceUnavailable],
  },
  ({ ctx, query, request }) =>
    orPage(ctx, request, async () => {
      requireGet(request)
      const { token, state, return_url: returnTo = null } = query
      const url = token === undefined ? await endLogout(ctx, state ?? '') : await beginLogout(ctx, { token, returnTo })
      return url ? redirectTo(url) : reply(200, answerPage(signedOutPage(await frameOf(ctx, null))))
    }),
)

export const ssoBackchannelRoutes = createRoutes({
  prefix: '/api/v1/sso',
  tag: 'sso',
  guard: anyone,
  renderError: renderOAuthError,
})

ssoBackchannelRoutes.post(
  '/oidc/backchannel-logout',
  {
    id: 'acceptBackchannelLogout',
    summary: "An organization's provider ends sessions (OpenID Connect Back-Channel Logout 1.0)",
    isWrite: everyCall,
    body: LogoutTokenBody,
    encoding: 'form',
    answer: response(
      200,
      'The sessions have ended; every isolate refuses their tokens soon, as a rule within 5 seconds',
    ),
    errors: [invalidRequest, rateLimited, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    await endByLogoutToken(ctx, body.logout_token)
    return new Response(null, { headers: { 'Cache-Control': 'no-store' } })
  },
)
