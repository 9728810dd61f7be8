import type { Ctx } from '../../../context.ts'
import { narrow } from '../../../context.ts'
import { answerPage, type Page } from '../../../http/page.ts'
import { errorHeaders, statusOf } from '../../../http/render-error.ts'
import { DomainError } from '../../../lib/errors.ts'
import { appPage } from '../../federation/wire/pages.tsx'
import { frameOf } from '../../localization/service/texts.ts'
import { useBrowserSession, userOfBrowserToken } from '../../sessions/service/browsers.ts'
import type { BrowserSession } from '../../sessions/types.ts'
import type { SignInResult } from '../../sign-in/service/sign-in.ts'
import { goingOnPage } from '../../sign-in/wire/pages.tsx'
import { type Arrived, applicationAddress } from '../service/arriving.ts'
import { type Destination, type GivenDestination, requireDestination } from '../service/destination.ts'
import { browserTokenOf, FORGOTTEN_AFTER_SECONDS, KEPT_SECONDS, sessionCookies } from './cookies.ts'
import { searchOf } from './destination.ts'
import { secondStepPage } from './sign-in.tsx'

// How pages know a browser, and how they send it on.

/** Whom a page is shown to; null for nobody. Only page routes ask. What this answers decides nothing: it may be of the cookie before. */
export async function findViewer(ctx: Ctx, request: Request): Promise<BrowserSession | null> {
  const token = browserTokenOf(ctx.config, request)
  return token === null ? null : useBrowserSession(ctx, token)
}

/** Whom a page's requests are counted by: a cookie without a whole seal is nobody's. */
export async function findReader(ctx: Pick<Ctx, 'config'>, request: Request): Promise<string | null> {
  const token = browserTokenOf(ctx.config, request)
  return token === null ? null : userOfBrowserToken(ctx, token)
}

/** Whom the browser has signed in, by its present cookie; null for nobody. */
export async function findBrowserSession(ctx: Ctx, request: Request): Promise<BrowserSession | null> {
  const viewer = await findViewer(ctx, request)
  return viewer?.isBefore ? null : viewer
}

/**
 * The context of a sign-in on a page: it opens the session of this browser. `isRemembered`: "keep me signed in"; null where the
 * page does not ask.
 */
export async function inBrowser(ctx: Ctx, request: Request, isRemembered: boolean | null): Promise<Ctx> {
  const known = await findViewer(ctx, request)
  const current = known && {
    userId: known.user.id,
    sessionId: known.session.id,
    isOfProvider: known.standing.isOfProvider,
    isBefore: known.isBefore,
  }
  return narrow(ctx, {
    browser: {
      idleSeconds: isRemembered ? KEPT_SECONDS : FORGOTTEN_AFTER_SECONDS,
      isIdleAsked: isRemembered !== null,
      current,
    },
  })
}

export function withCookies(answer: Response, cookies: readonly string[]): Response {
  for (const cookie of cookies) answer.headers.append('Set-Cookie', cookie)
  return answer
}

/** To a page of ours, by GET: a reload sends nothing twice. */
export const seeOther = (path: string): Response =>
  new Response(null, { status: 303, headers: { Location: path, 'Cache-Control': 'no-store' } })

/** Sends somebody on who is signed in. */
export async function arrive(ctx: Ctx, arrived: Arrived, destination: Destination): Promise<Response> {
  const frame = await frameOf(ctx, arrived.user.locale)
  if (destination.to === 'nowhere') return seeOther(`/sign-in${frame.query}`)
  if (destination.to === 'address')
    return destination.isOwn ? seeOther(destination.url.href) : answerPage(goingOnPage(frame, destination.url.href))
  const url = await applicationAddress(ctx, destination, arrived)
  return answerPage(destination.isApp ? appPage(frame, url) : goingOnPage(frame, url.href))
}

/** The end of a sign-in whose factors were all proved. */
export async function arriveSignedIn(
  ctx: Ctx,
  { user, opened }: Extract<SignInResult, { outcome: 'signed_in' }>,
  destination: Destination,
): Promise<Response> {
  const answer = await arrive(ctx, { user, ...opened }, destination)
  return withCookies(answer, sessionCookies(ctx.config, opened))
}

/** The next page after a first factor. */
export async function goOn(
  ctx: Ctx,
  result: SignInResult,
  { given, isRemembered }: { readonly given: GivenDestination; readonly isRemembered: boolean },
): Promise<Response> {
  const destination = requireDestination(ctx, given)
  if (result.outcome === 'signed_in') return arriveSignedIn(ctx, result, destination)
  return answerPage(
    secondStepPage({
      frame: await frameOf(ctx, null),
      search: searchOf(given),
      mfaToken: result.mfaToken,
      methods: result.availableMethods,
      remember: isRemembered,
    }),
  )
}

/** The form again where the attempt was refused, with the status and headers of the refusal. */
export async function orForm(
  work: () => Promise<Response>,
  form: (code: string, cause: DomainError) => Promise<Page>,
): Promise<Response> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof DomainError) || cause.kind === 'internal') throw cause
    return answerPage({ ...(await form(cause.code, cause)), status: statusOf(cause) }, errorHeaders(cause))
  }
}
