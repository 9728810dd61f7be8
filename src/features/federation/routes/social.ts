import type { CallerCtx, Ctx } from '../../../context.ts'
import { ok, reply, response } from '../../../http/answers.ts'
import { Done, doneToWire } from '../../../http/done.ts'
import { anyone, confirmedUser, recognized, user } from '../../../http/guard.ts'
import { prefersHtml } from '../../../http/page.ts'
import { createRoutes } from '../../../http/router.ts'
import { rateLimited, serviceUnavailable, ssoRequired, tokenInvalid, unauthorized } from '../../../lib/errors.ts'
import { identityNotLinked, lastSignInMethod } from '../../factors/identities/service.ts'
import { accountLocked, emailUnconfirmed, redirectNotAllowed, signUpsDisabled } from '../../sign-in/errors.ts'
import { signInErrors } from '../../sign-in/service/sign-in.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import { FactorsInput } from '../../sign-in/wire/session.ts'
import { getCurrentUser } from '../../users/service/users.ts'
import {
  accountRefused,
  alreadyLinked,
  codeInvalid,
  emailRequired,
  exchangeFailed,
  identityTaken,
  linkRequired,
  providerDenied,
  providerNotConfigured,
  providerUnknown,
  stateInvalid,
} from '../errors.ts'
import { type Ending, takeCallback } from '../service/callback.ts'
import type { CallbackInput } from '../service/code-answer.ts'
import { listLinkedAccounts, unlinkProvider } from '../service/linking.ts'
import { mailProof } from '../service/pending-email.ts'
import { listProviders } from '../service/providers.ts'
import { exchangeCode } from '../service/sign-in.ts'
import { socialWay } from '../service/social.ts'
import { continueFlow, type StartInput, startLink, startSignIn } from '../service/start.ts'
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
} from '../wire/browsers.ts'
import {
  CallbackBody,
  CallbackForm,
  CallbackQuery,
  ContinueQuery,
  ExchangeAnswer,
  ExchangeBody,
  LinkedAccountsShape,
  LinkStartedShape,
  PendingEmailBody,
  ProviderList,
  ProviderPath,
  providersToWire,
  StartByQuery,
  StartedShape,
  StartQuery,
  signedInToWire,
  toCallback,
  toExchange,
  toStart,
  UnlinkAnswer,
} from '../wire/social.ts'

/** Under `/oauth`, and under `/auth/oauth` as the published SDK calls them. */
export const socialRoutes = createRoutes({ prefix: '/api/v1', tag: 'social', invalidIs: 400 })

const startErrors = [
  providerUnknown,
  providerNotConfigured,
  redirectNotAllowed,
  exchangeFailed,
  rateLimited,
  serviceUnavailable,
]

async function start(ctx: Ctx, request: Request, input: Omit<StartInput, 'browserSecret'>, isRedirect: boolean) {
  if (isRedirect) return sendBrowser(request, (browserSecret) => startSignIn(ctx, { ...input, browserSecret }))
  const started = await startSignIn(ctx, { ...input, browserSecret: null })
  return reply(200, Response.json(StartedShape.write(started)))
}

const startAnswers = [response(200, 'Where to send the browser', { schema: StartedShape.schema }), toProvider] as const

socialRoutes.get(
  '/oauth/:provider/authorize',
  {
    id: 'startProviderSignIn',
    summary: 'Begin to sign in with a provider',
    description:
      'A browser (`Accept: text/html`) and `redirect=true` are sent to the provider at once. A program sends its browser to `authorization_url`, which is good once.',
    guard: anyone,
    params: ProviderPath,
    query: StartQuery,
    answer: startAnswers,
    errors: startErrors,
  },
  ({ ctx, params, query, request }) =>
    orPage(ctx, request, () => start(ctx, request, toStart(params, query), query.redirect ?? prefersHtml(request))),
)

socialRoutes.get(
  '/auth/oauth/authorize',
  {
    id: 'startSignInWithProvider',
    instead: 'startProviderSignIn',
    summary: 'Begin to sign in with the provider that the query names',
    guard: anyone,
    query: StartByQuery,
    answer: startAnswers,
    errors: startErrors,
  },
  ({ ctx, query, request }) =>
    orPage(ctx, request, () => start(ctx, request, toStart(query, query), query.redirect ?? prefersHtml(request))),
)

socialRoutes.post(
  '/auth/oauth/authorize/:provider',
  {
    id: 'beginProviderSignIn',
    instead: 'startProviderSignIn',
    summary: 'Begin to sign in with a provider',
    guard: anyone,
    params: ProviderPath,
    query: StartQuery,
    answer: ok(StartedShape, 'Where to send the browser'),
    errors: startErrors,
  },
  ({ ctx, params, query }) => startSignIn(ctx, { ...toStart(params, query), browserSecret: null }),
)

socialRoutes.get(
  '/oauth/:provider/continue',
  {
    id: 'followProviderSignIn',
    summary: 'Where a browser goes on with a sign-in that a program began; good once',
    guard: anyone,
    params: ProviderPath,
    query: ContinueQuery,
    answer: [failedPage, toProvider],
    errors: [stateInvalid, exchangeFailed, providerUnknown, providerNotConfigured, serviceUnavailable],
  },
  ({ ctx, params, query, request }) =>
    orPage(ctx, request, () =>
      sendBrowser(request, async (browserSecret) =>
        continueFlow(ctx, socialWay(ctx, params.provider), { state: query.request, browserSecret }),
      ),
    ),
)

const callbackErrors = [
  providerUnknown,
  providerNotConfigured,
  stateInvalid,
  providerDenied,
  exchangeFailed,
  accountRefused,
  accountLocked,
  emailRequired,
  linkRequired,
  identityTaken,
  alreadyLinked,
  signUpsDisabled,
  emailUnconfirmed,
  redirectNotAllowed,
  unauthorized,
  tokenInvalid,
  rateLimited,
  ...signInErrors,
]

type Given = Omit<CallbackInput, 'browserSecret' | 'isProgram' | 'isNavigation'>

async function end(ctx: CallerCtx, provider: string, request: Request, given: Given) {
  requireGet(request)
  const input = { ...given, ...callerOf(request, !prefersHtml(request)) }
  const ending = await takeCallback(ctx, socialWay(ctx, provider), input)
  return endingReply(ctx, request, ending, (it) => programAnswer(ctx, it))
}

/** The JSON of a callback. An address of an application is for browsers; a program is told of it. */
async function programAnswer(ctx: CallerCtx, ending: Ending): Promise<unknown> {
  if (ending.to === 'linker') return LinkedAccountsShape.write(await listLinkedAccounts(ctx, ending.user))
  if (ending.to !== 'exchange') return programToWire(ending)
  const { code, state, returnTo } = ending
  return { status: 'success', action: 'link', code, state, redirect_url: returnTo }
}

socialRoutes.get(
  '/oauth/:provider/callback',
  {
    id: 'followProviderCallback',
    aliases: [{ path: '/auth/oauth/callback/:provider', id: 'completeProviderSignIn' }],
    summary: 'Where a provider sends the browser back to',
    guard: recognized,
    params: ProviderPath,
    query: CallbackQuery,
    answer: callbackAnswers,
    errors: callbackErrors,
  },
  ({ ctx, params, query, request }) =>
    orPage(ctx, request, () => end(ctx, params.provider, request, toCallback(query))),
)

socialRoutes.post(
  '/oauth/:provider/callback',
  {
    id: 'acceptProviderCallback',
    instead: 'followProviderCallback',
    summary: 'Where Apple sends the browser back to, with a form',
    guard: recognized,
    anySite: true,
    params: ProviderPath,
    body: CallbackForm,
    encoding: 'form',
    answer: callbackAnswers,
    errors: callbackErrors,
  },
  ({ ctx, params, body, request }) => orPage(ctx, request, () => end(ctx, params.provider, request, toCallback(body))),
)

socialRoutes.post(
  '/auth/oauth/callback',
  {
    id: 'completeSignInWithProvider',
    summary: 'Complete a sign-in whose provider returned to the application',
    guard: recognized,
    body: CallbackBody,
    answer: [callbackAnswers[0]],
    errors: callbackErrors,
  },
  async ({ ctx, body, request }) => {
    const ending = await takeCallback(ctx, socialWay(ctx, null), { ...toCallback(body), ...callerOf(request, true) })
    return reply(200, Response.json(await programAnswer(ctx, ending)))
  },
)

socialRoutes.post(
  '/oauth/exchange',
  {
    id: 'exchangeProviderCode',
    summary: 'Exchange the code of a sign-in by a provider for tokens',
    description: 'Of a link, with the access token of the session that began it: the linked accounts.',
    guard: recognized,
    body: ExchangeBody,
    answer: response(200, 'A session, or a challenge for the second factor; of a link the linked accounts', {
      schema: ExchangeAnswer,
    }),
    errors: [
      codeInvalid,
      accountRefused,
      linkRequired,
      identityTaken,
      alreadyLinked,
      signUpsDisabled,
      emailUnconfirmed,
      unauthorized,
      tokenInvalid,
      rateLimited,
      ...signInErrors,
    ],
  },
  async ({ ctx, body }) => {
    const exchanged = await exchangeCode(ctx, toExchange(body))
    return Response.json(
      exchanged.outcome === 'linked'
        ? LinkedAccountsShape.write(await listLinkedAccounts(ctx, exchanged.user))
        : signedInToWire(exchanged),
    )
  },
)

socialRoutes.post(
  '/oauth/pending-email',
  {
    id: 'sendProviderEmail',
    summary: 'Mail a link that proves an address, where the provider has proved none',
    description:
      'The answer is the same whether or not the address is known. `exchangeProviderCode` takes the code of its page.',
    guard: anyone,
    body: PendingEmailBody,
    answer: ok(Done, 'A mail is sent if the address can sign in'),
    errors: [codeInvalid, ssoRequired, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    await mailProof(ctx, { pendingToken: body.pending_token, email: body.email })
    return doneToWire('If the address can sign in, a link is on its way')
  },
)

socialRoutes.post(
  '/oauth/:provider/link',
  {
    id: 'startProviderLink',
    aliases: [{ path: '/auth/oauth/link/:provider', id: 'startLinkWithProvider' }],
    summary: "Begin to link a provider to the caller's account",
    description: 'The link is made when the code is exchanged with an access token of the same session.',
    guard: confirmedUser,
    params: ProviderPath,
    query: StartQuery,
    body: FactorsInput.body,
    answer: ok(LinkStartedShape, 'Where to send the browser'),
    errors: [...startErrors, alreadyLinked, emailUnconfirmed, ...freshFactorErrors],
  },
  ({ ctx, params, query, body }) =>
    startLink(ctx, { ...toStart(params, query), browserSecret: null, ...FactorsInput.merge(body, {}) }),
)

socialRoutes.delete(
  '/oauth/:provider/unlink',
  {
    id: 'removeProvider',
    aliases: [{ path: '/auth/oauth/unlink/:provider', id: 'removeLinkedProvider' }],
    summary: "Unlink a provider from the caller's account",
    guard: confirmedUser,
    params: ProviderPath,
    query: FactorsInput.query,
    body: FactorsInput.body,
    answer: ok(UnlinkAnswer, 'Unlinked'),
    errors: [identityNotLinked, lastSignInMethod, ...freshFactorErrors],
  },
  async ({ ctx, params, query, body }) => {
    await unlinkProvider(ctx, params.provider, FactorsInput.merge(body, query))
    return { ...doneToWire('Provider unlinked'), provider: params.provider }
  },
)

socialRoutes.get(
  '/auth/oauth/accounts',
  {
    id: 'listLinkedAccounts',
    summary: "The providers that are linked to the caller's account, and its other ways to sign in",
    guard: user,
    answer: ok(LinkedAccountsShape, 'Ways to sign in'),
    errors: [],
  },
  async ({ ctx }) => listLinkedAccounts(ctx, await getCurrentUser(ctx)),
)

socialRoutes.get(
  '/auth/oauth/providers',
  {
    id: 'listProviders',
    summary: 'The providers, and which of them are configured',
    guard: anyone,
    answer: ok(ProviderList, 'The providers'),
  },
  ({ ctx }) => providersToWire(listProviders(ctx.config)),
)
