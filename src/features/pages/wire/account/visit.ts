import { type ActorCtx, type Ctx, narrow } from '../../../../context.ts'
import { requireOwnForm } from '../../../../http/page.ts'
import { DomainError, forbidden } from '../../../../lib/errors.ts'
import { frameOf, type PageFrame } from '../../../localization/service/texts.ts'
import { browserActorOf, renewBrowserSession, useBrowserSession } from '../../../sessions/service/browsers.ts'
import type { BrowserSession } from '../../../sessions/types.ts'
import { listOwnProofs } from '../../../sign-in/service/step-up.ts'
import { findBrowserSession, findViewer, seeOther, withCookies } from '../browser.ts'
import { browserTokenOf, sessionCookies } from '../cookies.ts'

export const SECTIONS = ['profile', 'security', 'sessions', 'organizations', 'data'] as const
export type Section = (typeof SECTIONS)[number]

/** Somebody on the pages of their own account. */
export interface Visit {
  readonly ctx: ActorCtx
  readonly browser: BrowserSession
  readonly frame: PageFrame
  readonly request: Request
}

/** The path of a page of the account, without the language that was asked for. */
export const pathOf = (section: Section): string => (section === 'profile' ? '/account' : `/account/${section}`)

/** A path with the language that was asked for, and what the page is to say. */
export function at({ query }: Pick<PageFrame, 'query'>, path: string, said: Readonly<Record<string, string>> = {}) {
  const search = new URLSearchParams(query)
  for (const [name, value] of Object.entries(said)) search.set(name, value)
  return search.size === 0 ? path : `${path}?${search}`
}

/** Pages may not open or be opened by others' windows here, unlike those of signing in. */
export const ACCOUNT_HEADERS = { 'Cross-Origin-Opener-Policy': 'same-origin' }

type Answer = (visit: Visit) => Promise<Response>

interface Asked {
  readonly request: Request
  /** The page to come back to. */
  readonly path: string
  readonly show: Answer
  /** Was not taken when the person has to sign in or to prove something first: then the page that they come back to says so. */
  readonly isForm?: boolean
}

/** The second lock beside CORS: no script of another origin reads pages of the account. Throws FORBIDDEN. */
function requireOwnReader({ headers }: Request): void {
  const site = headers.get('sec-fetch-site')
  const isOwn = site === null || site === 'same-origin' || site === 'none'
  if (!isOwn && headers.get('sec-fetch-mode') !== 'navigate')
    throw forbidden({}, { message: 'The page was read by another site' })
}

/** Whether an organization wants a second factor of somebody who has none: another proof of the first would lead nowhere. */
async function lacksSecondFactor(ctx: Ctx, browser: BrowserSession, { details }: DomainError): Promise<boolean> {
  if (details.reason !== 'two_factors') return false
  const proofs = await listOwnProofs(narrow(ctx, { actor: browserActorOf(ctx, browser) }))
  return proofs.every((proof) => proof === 'password')
}

/**
 * The page of `path` for whom the browser has signed in; everybody else is asked to sign in and comes back. Who has to prove
 * afresh who they are does, and comes back. It shows, and does nothing: the cookie may be the one before. Throws FORBIDDEN.
 */
export const viewAccount = async (ctx: Ctx, request: Request, path: string, show: Answer): Promise<Response> =>
  answerTo(ctx, await findViewer(ctx, request), { request, path, show })

/** As `viewAccount`, for what does something or hands something out: by the browser's present cookie alone. */
export const visitAccount = async (ctx: Ctx, request: Request, path: string, act: Answer): Promise<Response> =>
  answerTo(ctx, await findBrowserSession(ctx, request), { request, path, show: act })

/** As `visitAccount`, for a form of ours. Throws FORBIDDEN. */
export async function visitByForm(ctx: Ctx, request: Request, path: string, submit: Answer): Promise<Response> {
  requireOwnForm(ctx, request)
  return answerTo(ctx, await findBrowserSession(ctx, request), { request, path, show: submit, isForm: true })
}

async function answerTo(
  ctx: Ctx,
  browser: BrowserSession | null,
  { request, path, show, isForm = false }: Asked,
): Promise<Response> {
  requireOwnReader(request)
  const frame = await frameOf(ctx, browser?.user.locale ?? null)
  const signIn = () => seeOther(at(frame, '/sign-in', { return_to: at(frame, path, isForm ? { done: 'again' } : {}) }))
  if (!browser) return signIn()
  try {
    return await show({ ctx: narrow(ctx, { actor: browserActorOf(ctx, browser) }), browser, frame, request })
  } catch (cause) {
    if (!(cause instanceof DomainError)) throw cause
    if (cause.code === 'STEP_UP_REQUIRED' && (await lacksSecondFactor(ctx, browser, cause)))
      return seeOther(at(frame, pathOf('security'), { done: 'two_factors' }))
    if (cause.code === 'STEP_UP_REQUIRED')
      return seeOther(at(frame, '/account/confirm', { back: path, ...(isForm && { again: 'yes' }) }))
    if (cause.code === 'TOKEN_ERROR') return signIn()
    throw cause
  }
}

/**
 * The answer to a form whose change moved the browser's session to its next generation, with the cookies of that. Only where the
 * form came with the generation before: an older cookie, or one that somebody else moved on meanwhile, is not exchanged. The
 * change was made: when the next cookies cannot be had, the browser is asked to sign in.
 */
export async function withNextCookies({ ctx, browser, request }: Visit, answer: Response): Promise<Response> {
  const token = browserTokenOf(ctx.config, request)
  try {
    const now = token === null ? null : await useBrowserSession(ctx, token)
    if (now?.grant.generation !== browser.grant.generation + 1) return answer
    return withCookies(answer, sessionCookies(ctx.config, await renewBrowserSession(ctx, now)))
  } catch (cause) {
    ctx.log.error('browser_session_not_renewed', cause)
    return answer
  }
}
