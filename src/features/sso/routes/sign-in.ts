import type { CallerCtx, Ctx } from '../../../context.ts'
import { ok, reply } from '../../../http/answers.ts'
import { anyone, recognized } from '../../../http/guard.ts'
import { prefersHtml, prefersJson } from '../../../http/page.ts'
import { createRoutes } from '../../../http/router.ts'
import { rateLimited, serviceUnavailable } from '../../../lib/errors.ts'
import { accountRefused, providerDenied, stateInvalid } from '../../federation/errors.ts'
import { takeCallback } from '../../federation/service/callback.ts'
import {
  callbackAnswers,
  callerOf,
  endingReply,
  failedPage,
  orPage,
  programToWire,
  requireGet,
  sendBrowser,
  toProvider,
} from '../../federation/wire/browsers.ts'
import { ContinueQuery, toCallback } from '../../federation/wire/social.ts'
import { limitReached } from '../../memberships/service.ts'
import { redirectNotAllowed } from '../../sign-in/errors.ts'
import { signInErrors } from '../../sign-in/service/sign-in.ts'
import { configurationNotFound, ssoAuthenticationError } from '../errors.ts'
import { continueSso, openidWayAt, type SsoStart, startSso } from '../service/sign-in.ts'
import {
  CallbackPath,
  InitiateBody,
  InitiatedShape,
  initiateToStart,
  LoginQuery,
  loginToStart,
  SsoCallback,
  ThirdPartyQuery,
  thirdPartyToStart,
} from '../wire/sign-in.ts'

export const ssoSignInRoutes = createRoutes({ prefix: '/api/v1/sso', tag: 'sso', invalidIs: 400 })

const startErrors = [configurationNotFound, ssoAuthenticationError, redirectNotAllowed, rateLimited, serviceUnavailable]

const begin = (ctx: Ctx, request: Request, start: Omit<SsoStart, 'browserSecret'>) =>
  orPage(ctx, request, () => sendBrowser(request, (browserSecret) => startSso(ctx, { ...start, browserSecret })))

ssoSignInRoutes.get(
  '/login',
  {
    id: 'followSsoLogin',
    summary: "A link that begins to sign in through an organization's identity provider",
    description: 'In the end the browser is at `redirect_to` with a `code` for `exchangeProviderCode`.',
    guard: anyone,
    query: LoginQuery,
    answer: [failedPage, toProvider],
    errors: startErrors,
  },
  ({ ctx, query, request }) => begin(ctx, request, loginToStart(query)),
)

ssoSignInRoutes.get(
  '/oidc/initiate',
  {
    id: 'followSsoInitiation',
    summary: 'Where an identity provider sends people who begin there (OpenID Connect Core 4)',
    guard: anyone,
    query: ThirdPartyQuery,
    answer: [failedPage, toProvider],
    errors: startErrors,
  },
  ({ ctx, query, request }) => begin(ctx, request, thirdPartyToStart(query)),
)

ssoSignInRoutes.post(
  '/initiate',
  {
    id: 'startSso',
    summary: "Begin to sign in through an organization's identity provider, for a program",
    description:
      'The browser that opens `redirect_url` goes on; it is good once. One that prefers HTML is sent on at once.',
    guard: anyone,
    body: InitiateBody,
    answer: [ok(InitiatedShape, 'Where to send the browser'), toProvider],
    errors: startErrors,
  },
  async ({ ctx, body, request }) => {
    const start = initiateToStart(body)
    if (prefersHtml(request)) return sendBrowser(request, (browserSecret) => startSso(ctx, { ...start, browserSecret }))
    return reply(200, await startSso(ctx, { ...start, browserSecret: null }))
  },
)

ssoSignInRoutes.get(
  '/continue',
  {
    id: 'followSsoStart',
    summary: 'Where a browser goes on with a sign-in that a program began; good once',
    guard: anyone,
    query: ContinueQuery,
    answer: [failedPage, toProvider],
    errors: [stateInvalid, ssoAuthenticationError, serviceUnavailable],
  },
  ({ ctx, query, request }) =>
    orPage(ctx, request, () =>
      sendBrowser(request, (browserSecret) => continueSso(ctx, { state: query.request, browserSecret })),
    ),
)

const callbackErrors = [
  stateInvalid,
  providerDenied,
  ssoAuthenticationError,
  accountRefused,
  redirectNotAllowed,
  limitReached,
  rateLimited,
  ...signInErrors,
]

type Given = Parameters<typeof toCallback>[0]

async function end(ctx: CallerCtx, request: Request, given: Given, connectionId: string | null) {
  requireGet(request)
  const input = { ...toCallback(given), ...callerOf(request, prefersJson(request)) }
  const ending = await takeCallback(ctx, openidWayAt(ctx, connectionId), input)
  return endingReply(ctx, request, ending, programToWire)
}

const callback = { guard: recognized, answer: callbackAnswers, errors: callbackErrors } as const
const summary = "Where an organization's identity provider sends the browser back to"

ssoSignInRoutes.get(
  '/oidc/callback',
  { id: 'followSsoCallback', summary, ...callback, query: SsoCallback },
  ({ ctx, query, request }) => orPage(ctx, request, () => end(ctx, request, query, null)),
)

ssoSignInRoutes.post(
  '/oidc/callback',
  {
    id: 'acceptSsoCallback',
    instead: 'followSsoCallback',
    summary: `${summary}, with a form`,
    ...callback,
    anySite: true,
    body: SsoCallback,
    encoding: 'form',
  },
  ({ ctx, body, request }) => orPage(ctx, request, () => end(ctx, request, body, null)),
)

ssoSignInRoutes.get(
  '/oidc/callback/:config_id',
  { id: 'followSsoCallbackOf', summary, ...callback, params: CallbackPath, query: SsoCallback },
  ({ ctx, params, query, request }) => orPage(ctx, request, () => end(ctx, request, query, params.config_id)),
)

ssoSignInRoutes.post(
  '/oidc/callback/:config_id',
  {
    id: 'acceptSsoCallbackOf',
    instead: 'followSsoCallbackOf',
    summary: `${summary}, with a form`,
    ...callback,
    anySite: true,
    params: CallbackPath,
    body: SsoCallback,
    encoding: 'form',
  },
  ({ ctx, params, body, request }) => orPage(ctx, request, () => end(ctx, request, body, params.config_id)),
)
