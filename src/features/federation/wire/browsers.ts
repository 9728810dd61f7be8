import type { Ctx } from '../../../context.ts'
import { type Reply, reply, response } from '../../../http/answers.ts'
import { answerPage, type Page, prefersHtml } from '../../../http/page.ts'
import { errorHeaders, statusOf } from '../../../http/render-error.ts'
import { DomainError } from '../../../lib/errors.ts'
import { frameOf } from '../../localization/service/texts.ts'
import { errorPage } from '../../sign-in/wire/pages.tsx'
import { stateInvalid } from '../errors.ts'
import type { Ending } from '../service/callback.ts'
import { browserSecretOf, browserSecretOrNew, flowCookie } from '../service/flow.ts'
import type { Started } from '../service/start.ts'
import { appPage, codePage } from './pages.tsx'
import { CallbackAnswer, signedInToWire } from './social.ts'

// How a flow through another provider speaks to browsers: redirects, pages, and the cookie that ties it to one of them.

const redirect = (status: 302 | 303, url: string, headers: Record<string, string> = {}): Response =>
  new Response(null, {
    status,
    headers: { ...headers, Location: url, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' },
  })

/** Sends a browser on. */
export const redirectTo = (url: URL): Reply<302, Response> => reply(302, redirect(302, url.href))

/** HEAD, which scanners send, uses nothing up. */
export function requireGet({ method }: Request): void {
  if (method === 'HEAD') throw stateInvalid()
}

/** A browser sees failures as a page. */
export async function orPage<R>(ctx: Ctx, request: Request, work: () => Promise<R>): Promise<R | Reply<200, Response>> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof DomainError) || !prefersHtml(request)) throw cause
    const page = errorPage(await frameOf(ctx, null), cause)
    return reply(200, answerPage({ ...page, status: statusOf(cause) }, errorHeaders(cause)))
  }
}

export const toProvider = response(302, 'On to the provider, with the cookie that ties the sign-in to this browser')
export const failedPage = response(200, 'A page that says what went wrong', { contentType: 'text/html' })

/** Sends a browser to the provider. */
export async function sendBrowser(
  request: Request,
  begin: (browserSecret: string) => Promise<Pick<Started, 'url' | 'browserSecret'>>,
): Promise<Reply<302, Response>> {
  requireGet(request)
  const { url, browserSecret } = await begin(browserSecretOrNew(request))
  return reply(302, redirect(302, url, browserSecret === null ? {} : { 'Set-Cookie': flowCookie(browserSecret) }))
}

/** What of the request decides how a callback ends. */
export const callerOf = (request: Request, isProgram: boolean) => ({
  browserSecret: browserSecretOf(request),
  isProgram,
  isNavigation: request.headers.get('sec-fetch-mode') === 'navigate',
})

export const callbackAnswers = [
  response(200, 'To a program: a session, or a challenge for the second factor. To a browser: a page', {
    schema: CallbackAnswer,
  }),
  response(302, "To the application's address, with `code` and `state`, or `error` and `error_description`"),
  response(303, 'As 302, to a form'),
] as const

/** The answer of a callback; `write` is what a program gets. */
export async function endingReply(
  ctx: Ctx,
  request: Request,
  ending: Ending,
  write: (ending: Ending) => unknown,
): Promise<Reply<200 | 302 | 303, Response>> {
  const status = request.method === 'POST' ? 303 : 302
  const page = await pageOf(ctx, ending)
  if (page) return reply(200, answerPage(page))
  if (ending.to === 'address') return reply(status, redirect(status, ending.url.href))
  return reply(200, Response.json(await write(ending)))
}

async function pageOf(ctx: Ctx, ending: Ending): Promise<Page | null> {
  if (ending.to === 'page') return codePage(await frameOf(ctx, null), ending.code)
  return ending.to === 'address' && ending.isApp ? appPage(await frameOf(ctx, null), ending.url) : null
}

/** The session of a sign-in, for a program, with the application's address where there is one. */
export function programToWire(ending: Ending): unknown {
  if (ending.to !== 'program') throw new TypeError(`a program is not sent to an ${ending.to}`)
  const returned = ending.returnTo === null ? {} : { status: 'success', redirect_url: ending.returnTo }
  return { ...signedInToWire(ending), ...returned }
}
