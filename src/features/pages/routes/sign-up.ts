import * as z from 'zod'
import { type Ctx, narrow } from '../../../context.ts'
import { answerPage, type Page, requireOwnForm } from '../../../http/page.ts'
import { type DomainError, forbidden, rateLimited, serviceUnavailable } from '../../../lib/errors.ts'
import { frameOf } from '../../localization/service/texts.ts'
import { browserActorOf } from '../../sessions/service/browsers.ts'
import { redirectNotAllowed } from '../../sign-in/errors.ts'
import { signOut } from '../../sign-in/service/current.ts'
import { requestPasswordReset } from '../../sign-in/service/password-reset.ts'
import { findProviderLogout } from '../../sign-in/service/provider-logout.ts'
import { signUp } from '../../sign-in/service/sign-up.ts'
import { createPageRoutes, pageSpec } from '../../sign-in/wire/page-routes.ts'
import { AnyLengthField } from '../../sign-in/wire/session.ts'
import { isPlainText } from '../../users/service/users.ts'
import { EmailField } from '../../users/wire.ts'
import { type GivenDestination, requireDestination } from '../service/destination.ts'
import { arriveSignedIn, findViewer, inBrowser, orForm, seeOther, withCookies } from '../wire/browser.ts'
import { deletedCookies } from '../wire/cookies.ts'
import { DestinationQuery, searchFor, searchOf } from '../wire/destination.ts'
import { findInviting } from '../wire/invited.ts'
import { sentPage } from '../wire/sign-in.tsx'
import { forgotPage, signedOutGoingOnPage, signedOutPage, signOutPage, signUpPage } from '../wire/sign-up.tsx'

export const signUpPages = createPageRoutes()

const page = {
  ...pageSpec,
  errors: [forbidden, redirectNotAllowed, rateLimited, serviceUnavailable],
} as const
const form = { ...page, encoding: 'form' } as const

/** Says what a form did. */
const Said = DestinationQuery.extend({ done: z.literal('yes').optional() })

const signUpForm =
  (
    ctx: Ctx,
    request: Request,
    given: GivenDestination,
    typed: { readonly email?: string; readonly name?: string } = {},
  ) =>
  async (problem: string | null, cause?: DomainError): Promise<Page> =>
    signUpPage({
      frame: await frameOf(ctx, null),
      search: searchOf(given),
      minLength: ctx.config.PASSWORD_MIN_LENGTH,
      papers: { terms: ctx.config.TERMS_URL ?? null, privacy: ctx.config.PRIVACY_URL ?? null },
      inviting: await findInviting(ctx, request, requireDestination(ctx, given)),
      ...typed,
      problem,
      cause,
    })

signUpPages.get(
  '/sign-up',
  { ...page, id: 'askSignUp', summary: 'Asks for what a new account needs', query: Said },
  async ({ ctx, query, request }) => {
    requireDestination(ctx, query)
    if (query.done) return answerPage(sentPage(await frameOf(ctx, null), 'verify', searchOf(query)))
    return answerPage(await signUpForm(ctx, request, query)(ctx.config.SIGNUPS_ENABLED ? null : 'SIGNUPS_DISABLED'))
  },
)

signUpPages.post(
  '/sign-up',
  {
    ...form,
    id: 'confirmSignUp',
    summary: 'Makes an account and signs it in',
    query: DestinationQuery,
    body: z.object({
      email: z.string().max(254),
      name: z.string().trim().max(100).optional(),
      password: AnyLengthField,
    }),
  },
  async ({ ctx, query, body, request }) => {
    requireOwnForm(ctx, request)
    const destination = requireDestination(ctx, query)
    const { email: typed, name = '', password } = body
    const shown = signUpForm(ctx, request, query, { email: typed, name })
    return orForm(async () => {
      const email = EmailField.safeParse(typed)
      if (!email.success || !isPlainText(name)) return answerPage({ ...(await shown('VALIDATION_ERROR')), status: 400 })
      const browser = await inBrowser(ctx, request, null)
      const account = {
        email: email.data,
        password,
        search: searchFor(query),
        ...(name !== '' && { displayName: name }),
      }
      const result = await signUp(browser, account)
      return result.outcome === 'signed_in'
        ? arriveSignedIn(ctx, result, destination)
        : seeOther(`/sign-up${searchFor(query, { done: 'yes' })}`)
    }, shown)
  },
)

signUpPages.get(
  '/forgot-password',
  { ...page, id: 'askForgottenPassword', summary: 'Asks for the address of an account', query: Said },
  async ({ ctx, query }) => {
    requireDestination(ctx, query)
    const search = searchOf(query)
    return answerPage(
      query.done ? sentPage(await frameOf(ctx, null), 'reset', search) : forgotPage(await frameOf(ctx, null), search),
    )
  },
)

signUpPages.post(
  '/forgot-password',
  {
    ...form,
    id: 'sendForgottenPassword',
    summary: 'Mails a link to choose a new password; the answer is the same for every address',
    query: DestinationQuery,
    body: z.object({ email: z.string().max(254) }),
  },
  async ({ ctx, query, body, request }) => {
    requireOwnForm(ctx, request)
    requireDestination(ctx, query)
    const shown = async (problem: string) =>
      forgotPage(await frameOf(ctx, null), searchOf(query), { email: body.email, problem })
    return orForm(async () => {
      const email = EmailField.safeParse(body.email)
      if (!email.success) return answerPage({ ...(await shown('VALIDATION_ERROR')), status: 400 })
      await requestPasswordReset(ctx, { email: email.data, search: searchFor(query) })
      return seeOther(`/forgot-password${searchFor(query, { done: 'yes' })}`)
    }, shown)
  },
)

signUpPages.get(
  '/sign-out',
  { ...page, id: 'askSignOut', summary: 'Asks before the browser is signed out, or says that it is', query: Said },
  async ({ ctx, query, request }) => {
    const destination = requireDestination(ctx, query)
    const browser = await findViewer(ctx, request)
    if (browser) return answerPage(signOutPage(await frameOf(ctx, browser.user.locale), searchOf(query), browser.user))
    return answerPage(signedOutPage(await frameOf(ctx, null), destination.to === 'address' ? destination.url : null))
  },
)

signUpPages.post(
  '/sign-out',
  { ...form, id: 'confirmSignOut', summary: "Ends the browser's session", query: DestinationQuery },
  async ({ ctx, query, request }) => {
    requireOwnForm(ctx, request)
    requireDestination(ctx, query)
    // By the cookie before, too: whoever has a copy of it can only end the session.
    const browser = await findViewer(ctx, request)
    const deleted = deletedCookies(ctx.config)
    const back = `/sign-out${searchFor(query, { done: 'yes' })}`
    const said = seeOther(back)
    if (!browser) return withCookies(said, deleted)
    const caller = narrow(ctx, { actor: browserActorOf(ctx, browser) })
    await signOut(caller)
    // On to the provider of the organization that opened the session, which leads back to what says so.
    const url = browser.isBefore ? null : await findProviderLogout(caller)
    if (url === null) return withCookies(said, deleted)
    const search = new URLSearchParams({ return_url: new URL(back, ctx.config.PUBLIC_URL).href })
    return withCookies(
      answerPage(signedOutGoingOnPage(await frameOf(ctx, browser.user.locale), `${url}&${search}`)),
      deleted,
    )
  },
)
