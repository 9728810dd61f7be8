import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { answerPage, type Page, requireOwnForm } from '../../../http/page.ts'
import { errorHeaders, statusOf } from '../../../http/render-error.ts'
import { DomainError, forbidden, rateLimited, serviceUnavailable, ssoRequired } from '../../../lib/errors.ts'
import { browserSecretOf, browserSecretOrNew, flowCookie } from '../../federation/service/flow.ts'
import { listProviders } from '../../federation/service/providers.ts'
import { frameOf } from '../../localization/service/texts.ts'
import { linkInvalid, redirectNotAllowed } from '../../sign-in/errors.ts'
import { getPageLink, LINK_LIFETIME_MS, sendMagicLink, signInWithMagicLink } from '../../sign-in/service/magic-links.ts'
import { signInWithPasskey } from '../../sign-in/service/passkeys.ts'
import { answerChallenge } from '../../sign-in/service/second-step.ts'
import { signIn } from '../../sign-in/service/sign-in.ts'
import { orBrokenLink } from '../../sign-in/wire/broken-link.ts'
import { createPageRoutes, pageSpec } from '../../sign-in/wire/page-routes.ts'
import { TokenBody, TokenQuery } from '../../sign-in/wire/recovery.ts'
import { MAX_CODE_LENGTH, PasswordField } from '../../sign-in/wire/session.ts'
import { EmailField } from '../../users/wire.ts'
import { type GivenDestination, requireDestination } from '../service/destination.ts'
import { endWithProvider, startWithOrganization, startWithProvider } from '../service/providers.ts'
import {
  arrive,
  arriveSignedIn,
  findBrowserSession,
  findViewer,
  goOn,
  inBrowser,
  orForm,
  seeOther,
  withCookies,
} from '../wire/browser.ts'
import { AssertionText } from '../wire/credential.ts'
import { DestinationQuery, searchFor, searchOf } from '../wire/destination.ts'
import {
  openLinkPage,
  secondStepPage,
  sentPage,
  signInPage,
  ssoPage,
  toProviderPage,
  welcomePage,
} from '../wire/sign-in.tsx'

export const signInPages = createPageRoutes()

const page = {
  ...pageSpec,
  errors: [forbidden, redirectNotAllowed, linkInvalid, rateLimited, serviceUnavailable],
} as const
const form = { ...page, encoding: 'form' } as const

const Remember = z.string().max(8).optional()
const Login = z.string().trim().max(254)

/** The page with its form, as it is when it opens and after a refusal. */
const formOf =
  (ctx: Ctx, given: GivenDestination, typed: { readonly login?: string; readonly isRemembered?: boolean } = {}) =>
  async (problem: string | null): Promise<Page> =>
    signInPage({
      frame: await frameOf(ctx, null),
      search: searchOf(given),
      destination: requireDestination(ctx, given),
      providers: listProviders(ctx.config).filter(({ isEnabled }) => isEnabled),
      mayLink: ctx.config.MAIL_TRANSPORT !== undefined || ctx.config.MODE === 'local',
      maySignUp: ctx.config.SIGNUPS_ENABLED,
      ...typed,
      problem,
    })

signInPages.get(
  '/sign-in',
  {
    ...page,
    id: 'askSignIn',
    summary: 'Asks how to sign in, or whether to go on as who is signed in already',
    query: DestinationQuery.extend({ another: z.literal('yes').optional() }),
  },
  async ({ ctx, query, request }) => {
    const destination = requireDestination(ctx, query)
    const browser = query.another ? null : await findViewer(ctx, request)
    if (!browser) return answerPage(await formOf(ctx, query)(null))
    const { email, locale } = browser.user
    return answerPage(
      welcomePage({ frame: await frameOf(ctx, locale), search: searchOf(query), destination, who: { email } }),
    )
  },
)

signInPages.post(
  '/sign-in',
  {
    ...form,
    id: 'confirmSignIn',
    summary: 'Signs in with a password',
    query: DestinationQuery,
    body: z.object({ login: Login, password: PasswordField, remember: Remember }),
  },
  async ({ ctx, query, body: { login, password, remember }, request }) => {
    requireOwnForm(ctx, request)
    requireDestination(ctx, query)
    const isRemembered = remember === 'yes'
    return orForm(
      async () => {
        const browser = await inBrowser(ctx, request, isRemembered)
        const result = await signIn(browser, { identifier: login, password })
        return goOn(ctx, result, { given: query, isRemembered })
      },
      async (code) =>
        code === 'SSO_REQUIRED'
          ? ssoPage({ frame: await frameOf(ctx, null), search: searchOf(query), login, problem: code })
          : formOf(ctx, query, { login, isRemembered })(code),
    )
  },
)

signInPages.post(
  '/sign-in/continue',
  { ...form, id: 'confirmContinue', summary: 'Goes on as who is signed in', query: DestinationQuery },
  async ({ ctx, query, request }) => {
    requireOwnForm(ctx, request)
    const destination = requireDestination(ctx, query)
    const browser = await findBrowserSession(ctx, request)
    return browser
      ? arrive(ctx, { ...browser, ...browser.grant }, destination)
      : seeOther(`/sign-in${searchFor(query)}`)
  },
)

signInPages.post(
  '/sign-in/passkey',
  {
    ...form,
    id: 'confirmPasskey',
    summary: 'Signs in with a passkey',
    query: DestinationQuery,
    body: z.object({ credential: AssertionText, ceremony: z.string().max(200), remember: Remember }),
  },
  async ({ ctx, query, body: { credential, ceremony, remember }, request }) => {
    requireOwnForm(ctx, request)
    requireDestination(ctx, query)
    const isRemembered = remember === 'yes'
    return orForm(
      async () => {
        const browser = await inBrowser(ctx, request, isRemembered)
        const result = await signInWithPasskey(browser, { credential, ceremonyId: ceremony })
        return goOn(ctx, result, { given: query, isRemembered })
      },
      formOf(ctx, query, { isRemembered }),
    )
  },
)

signInPages.post(
  '/sign-in/second-step',
  {
    ...form,
    id: 'confirmSecondStep',
    summary: 'Completes a sign-in with its second factor',
    query: DestinationQuery,
    body: z.object({
      mfa_token: z.string().min(1).max(512),
      code: z.string().max(MAX_CODE_LENGTH).optional(),
      credential: AssertionText.optional(),
      remember: Remember,
      methods: z
        .string()
        .regex(/^[a-z_ ]*$/)
        .max(100)
        .optional(),
    }),
  },
  async ({ ctx, query, body, request }) => {
    requireOwnForm(ctx, request)
    const destination = requireDestination(ctx, query)
    const { mfa_token: mfaToken, code = '', credential, methods = 'totp passkey' } = body
    const isRemembered = body.remember === 'yes'
    const answer = credential ? { mfaToken, credential } : { mfaToken, code: code.trim() }
    return orForm(
      async () =>
        arriveSignedIn(ctx, await answerChallenge(await inBrowser(ctx, request, isRemembered), answer), destination),
      async (problem) =>
        problem === 'MFA_CHALLENGE_INVALID' || problem === 'INVALID_CREDENTIALS'
          ? formOf(ctx, query, { isRemembered })(problem)
          : secondStepPage({
              frame: await frameOf(ctx, null),
              search: searchOf(query),
              mfaToken,
              methods: methods.split(' '),
              remember: isRemembered,
              problem,
            }),
    )
  },
)

signInPages.post(
  '/sign-in/link',
  {
    ...form,
    id: 'sendPageLink',
    summary: 'Mails a sign-in link; the answer is the same for every address',
    query: DestinationQuery,
    body: z.object({ login: Login, password: z.string().max(16_384).optional(), remember: Remember }),
  },
  async ({ ctx, query, body: { login, remember }, request }) => {
    requireOwnForm(ctx, request)
    requireDestination(ctx, query)
    const search = searchFor(query)
    const isRemembered = remember === 'yes'
    const shown = formOf(ctx, query, { login, isRemembered })
    return orForm(
      async () => {
        const email = EmailField.safeParse(login)
        if (!email.success) return answerPage({ ...(await shown('VALIDATION_ERROR')), status: 400 })
        const browserSecret = browserSecretOrNew(request)
        const asked = { search, browserSecret, isRemembered }
        await sendMagicLink(ctx, { email: email.data, redirectUrl: null, bind: false, page: asked })
        return withCookies(seeOther(`/sign-in/sent${search}`), [flowCookie(browserSecret, LINK_LIFETIME_MS)])
      },
      async (code) =>
        code === 'SSO_REQUIRED'
          ? ssoPage({ frame: await frameOf(ctx, null), search: searchOf(query), login, problem: code })
          : shown(code),
    )
  },
)

signInPages.get(
  '/sign-in/sent',
  { ...page, id: 'showLinkSent', summary: 'Says that a mail is on its way', query: DestinationQuery },
  async ({ ctx, query }) => {
    requireDestination(ctx, query)
    return answerPage(sentPage(await frameOf(ctx, null), 'link', searchOf(query)))
  },
)

signInPages.get(
  '/sign-in/link/open',
  { ...page, id: 'askPageLink', summary: 'Says whom a mailed link signs in, and asks', query: TokenQuery },
  async ({ ctx, query: { token }, request }) => {
    const shown = await orBrokenLink(ctx, { purposes: ['magic_link'], token }, async ({ frame }) =>
      openLinkPage(frame, { token, ...(await getPageLink(ctx, { token, browserSecret: browserSecretOf(request) })) }),
    )
    return answerPage(shown)
  },
)

signInPages.post(
  '/sign-in/link/open',
  { ...form, id: 'confirmPageLink', summary: 'Signs in with a mailed link', body: TokenBody },
  async ({ ctx, body: { token }, request }) => {
    requireOwnForm(ctx, request)
    const answer = await orBrokenLink(ctx, { purposes: ['magic_link'], token }, async ({ frame }) => {
      const link = await getPageLink(ctx, { token, browserSecret: browserSecretOf(request) })
      const given = DestinationQuery.parse(Object.fromEntries(new URLSearchParams(link.search)))
      requireDestination(ctx, given)
      try {
        const browser = await inBrowser(ctx, request, link.isRemembered)
        const result = await signInWithMagicLink(browser, { token, binding: null })
        return await goOn(ctx, result, { given, isRemembered: link.isRemembered === true })
      } catch (cause) {
        if (!(cause instanceof DomainError) || cause.code !== ssoRequired.code) throw cause
        const page = ssoPage({ frame, search: searchOf(given), login: link.email, problem: cause.code })
        return answerPage({ ...page, status: statusOf(cause) }, errorHeaders(cause))
      }
    })
    return answer instanceof Response ? answer : answerPage(answer)
  },
)

/** Our page that ends a sign-in with a provider. */
const doneAt = (ctx: Ctx, given: GivenDestination): string =>
  `${ctx.config.PUBLIC_URL}/sign-in/done${searchFor(
    {
      ...given,
      // `state` is the provider's name for its own.
      state: undefined,
    },
    given.state === undefined ? {} : { app_state: given.state },
  )}`

signInPages.get(
  '/sign-in/with/:provider',
  {
    ...page,
    id: 'followProvider',
    summary: 'Begins a sign-in with a provider',
    params: z.object({ provider: z.string().max(64) }),
    query: DestinationQuery,
  },
  async ({ ctx, params: { provider }, query, request }) => {
    requireDestination(ctx, query)
    return orForm(
      async () => {
        const browserSecret = browserSecretOrNew(request)
        const { url } = await startWithProvider(ctx, provider, { returnTo: doneAt(ctx, query), browserSecret })
        const answer = new Response(null, { status: 302, headers: { Location: url, 'Referrer-Policy': 'no-referrer' } })
        return withCookies(answer, [flowCookie(browserSecret)])
      },
      formOf(ctx, query),
    )
  },
)

signInPages.get(
  '/sign-in/sso',
  {
    ...page,
    id: 'askOrganization',
    summary: 'Asks for the address whose organization signs in',
    query: DestinationQuery,
  },
  async ({ ctx, query }) => {
    requireDestination(ctx, query)
    return answerPage(ssoPage({ frame: await frameOf(ctx, null), search: searchOf(query) }))
  },
)

signInPages.post(
  '/sign-in/sso',
  {
    ...form,
    id: 'confirmOrganization',
    summary: "Begins a sign-in at the organization's provider",
    query: DestinationQuery,
    body: z.object({ login: Login }),
  },
  async ({ ctx, query, body: { login }, request }) => {
    requireOwnForm(ctx, request)
    requireDestination(ctx, query)
    return orForm(
      async () => {
        const browserSecret = browserSecretOrNew(request)
        // Whom it has signed in already wants a fresh factor, or to be somebody else.
        const isAnew = (await findViewer(ctx, request)) !== null
        const start = { returnTo: doneAt(ctx, query), browserSecret, isAnew }
        const { url } = await startWithOrganization(ctx, login, start)
        return withCookies(answerPage(toProviderPage(await frameOf(ctx, null), url)), [flowCookie(browserSecret)])
      },
      async (problem) => ssoPage({ frame: await frameOf(ctx, null), search: searchOf(query), login, problem }),
    )
  },
)

signInPages.get(
  '/sign-in/done',
  {
    ...page,
    id: 'followProviderBack',
    summary: 'Ends a sign-in with a provider, in the browser that began it',
    query: DestinationQuery.omit({ state: true }).extend({
      app_state: z.string().max(512).optional(),
      state: z.string().max(512).optional(),
      code: z.string().max(512).optional(),
      error: z.string().max(64).optional(),
      // With EMAIL_REQUIRED.
      pending_token: z.string().min(1).max(512).optional(),
    }),
  },
  async ({ ctx, query, request }) => {
    const { app_state: state, code, error, pending_token } = query
    const given = { ...query, state }
    requireDestination(ctx, given)
    if (pending_token !== undefined) return seeOther(`/sign-in/address${searchFor(given, { pending_token })}`)
    // HEAD, which scanners send, uses nothing up.
    if (code === undefined || request.method === 'HEAD')
      return answerPage({ ...(await formOf(ctx, given)(error ?? 'OAUTH_CODE_INVALID')), status: 400 })
    return orForm(
      async () => {
        const browser = await inBrowser(ctx, request, null)
        const result = await endWithProvider(browser, { code, browserSecret: browserSecretOf(request) })
        return goOn(ctx, result, { given, isRemembered: false })
      },
      formOf(ctx, given),
    )
  },
)
