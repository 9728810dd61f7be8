import type { Config } from '../config.ts'
import { type Ctx, type EarlyCtx, withDb } from '../context.ts'
import { withAnswerHeaders, withCheckHeaders } from './answer-headers.ts'
import { answerPreflight, corsHeaders, isPreflight } from './cors.ts'
import type { Identity } from './guard.ts'
import { type ErrorRenderer, type PageErrorRenderer, renderError, toDomainError } from './render-error.ts'
import { pathOf } from './request.ts'

/** Logged paths are cut to this length. */
const LOGGED_PATH_LENGTH = 256

/** State of one request, in Hono's variables. Only `http/` and `app.ts` use it. */
export interface RequestState {
  ctx: Ctx
  /** The caller; computed at the first use. */
  identity: Promise<Identity> | null
  /** Headers for every answer, failures included: rate limits. */
  answerHeaders: Record<string, string>
}

export interface HonoEnv {
  Variables: {
    state: RequestState
    /** The context that the route's guard narrowed, and the request before its body was read. */
    admitted: { readonly ctx: Ctx; readonly request: Request }
    renderError?: ErrorRenderer | PageErrorRenderer
  }
}

/** The routes of one configuration. */
export interface Routing {
  /** Answers every request; `isOpen` when its caller is a gateway or a probe. */
  answer(state: RequestState, request: Request, path: string): Promise<{ answer: Response; isOpen: boolean }>
  /** Whether a page of ours answers the request, or the one that a preflight asks about. */
  isForPage(request: Request): boolean
}

export interface ServerParts {
  /** Loads the routes at their first request. */
  readonly loadRouting: (config: Config) => Promise<Routing>
  /** Answers the forms of `/validate` that are not routes; null for any other request. */
  readonly answerGateway: (ctx: EarlyCtx, request: Request, path: string) => Promise<Response | null>
  /** Answers the exact forms of `/validate`, or returns the request for the routes. */
  readonly answerCheck: (ctx: EarlyCtx, request: Request, path: string) => Promise<Response | Request>
  /** Whether the path is that of a token check in any form, whose caller is no browser. */
  readonly isCheckPath: (path: string) => boolean
}

export type Server = (ctx: EarlyCtx, request: Request) => Promise<Response>

/** Answers requests: gateway forms, CORS, routes, common headers. Never rejects. */
export function createServer(parts: ServerParts): Server {
  return async (ctx, request) => {
    const started = ctx.now()
    const answerHeaders = {}
    const path = pathOf(request.url)
    const { answer, headers, isOpen, isCheck } = await answerOf(parts, ctx, answerHeaders, request, path)
    const duration = ctx.now() - started
    // Gateways log their own requests: a line for each successful check would be most of the log and half of its cost.
    if (!isOpen || !answer.ok) logRequest(ctx, { method: request.method, path }, answer, duration)
    const timing = ctx.config.SERVER_TIMING ? { 'Server-Timing': `total;dur=${duration}` } : {}
    const extra = { ...headers, ...answerHeaders, ...timing }
    return isCheck ? withCheckHeaders(ctx, answer, extra) : withAnswerHeaders(ctx, answer, extra)
  }
}

/** A documented system has mailed tokens in paths: they must not appear in the log. */
const withoutSecrets = (path: string): string => path.replace(/p[a-z]{2}_[\w-]{16,}/g, '[secret]')

function logRequest(
  ctx: EarlyCtx,
  { method, path }: { readonly method: string; readonly path: string },
  { status }: Response,
  duration: number,
): void {
  const logged = withoutSecrets(path).slice(0, LOGGED_PATH_LENGTH)
  ctx.log.info('request', { method, path: logged, status, duration_ms: duration })
}

interface Answered {
  readonly answer: Response
  readonly headers: Readonly<Record<string, string>>
  /** Its caller is a gateway or a probe. */
  readonly isOpen: boolean
  /** The request was a token check, answered or failed. */
  readonly isCheck: boolean
}

/** Whether a page of another origin may read the answer. */
const isShared = (cors: Readonly<Record<string, string>>): boolean => 'Access-Control-Allow-Origin' in cors

/**
 * CORS does not apply to the gateway forms, whose caller is no browser, nor to our pages: no other origin reads what they show
 * of somebody whom the browser has signed in.
 */
async function answerOf(
  { answerGateway, answerCheck, isCheckPath, loadRouting }: ServerParts,
  ctx: EarlyCtx,
  answerHeaders: Record<string, string>,
  request: Request,
  path: string,
): Promise<Answered> {
  const isCheck = isCheckPath(path)
  try {
    const fromGateway = await answerGateway(ctx, request, path)
    if (fromGateway) return { answer: fromGateway, headers: {}, isOpen: true, isCheck: true }
    const cors = corsHeaders(ctx.config, request)
    const isAsking = isPreflight(request)
    if (isAsking && !(await loadRouting(ctx.config)).isForPage(request))
      return { answer: answerPreflight(ctx, request), headers: cors, isOpen: false, isCheck }
    const check = isCheck && !isAsking ? await answerCheck(ctx, request, path) : request
    if (check instanceof Response) return { answer: check, headers: cors, isOpen: true, isCheck }
    const [routing, whole] = await Promise.all([loadRouting(ctx.config), withDb(ctx)])
    const headers = isShared(cors) && routing.isForPage(check) ? {} : cors
    const state: RequestState = { ctx: whole, identity: null, answerHeaders }
    return { ...(await routing.answer(state, check, path)), headers, isCheck }
  } catch (thrown) {
    // Reached only when routes cannot be loaded, or a gateway check or a renderer fails.
    return { answer: renderError(ctx, toDomainError(ctx, thrown)), headers: {}, isOpen: false, isCheck }
  }
}
