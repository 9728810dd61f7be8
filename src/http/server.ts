import type { Config } from '../config.ts'
import { type EarlyCtx, withDb } from '../context.ts'
import { withAnswerHeaders, withCheckHeaders } from './answer-headers.ts'
import { answerPreflight, corsHeaders, isPreflight } from './cors.ts'
import { renderError, toDomainError } from './render-error.ts'
import type { RequestState } from './request-state.ts'
import { pathOf } from './url.ts'

/** A path may be long, or hold what a caller wrote by mistake: a log line has its beginning. */
const LOGGED_PATH_LENGTH = 256

/** The routes of one configuration. */
export interface Routing {
  /** Answers whatever the request is; `isOpen` when its caller is a gateway or a probe. */
  answer(state: RequestState, request: Request, path: string): Promise<{ answer: Response; isOpen: boolean }>
}

export interface ServerParts {
  /** Loads the routes at their first request. */
  readonly loadRouting: (config: Config) => Promise<Routing>
  /** Answers the forms of `/validate` that stand outside the routes; null when the request is none of them. */
  readonly answerGateway: (ctx: EarlyCtx, request: Request, path: string) => Promise<Response | null>
  /** Answers the exact forms of `/validate`, or gives the request for the routes. */
  readonly answerCheck: (ctx: EarlyCtx, request: Request, path: string) => Promise<Response | Request>
  /** Whether the path is of a check of tokens, in any form: its caller is no browser. */
  readonly isCheckPath: (path: string) => boolean
}

export type Server = (ctx: EarlyCtx, request: Request) => Promise<Response>

/** Answers one request: the gateway forms, CORS, the routes, and what every answer carries. It never rejects. */
export function createServer(parts: ServerParts): Server {
  return async (ctx, request) => {
    const started = ctx.now()
    const answerHeaders = {}
    const path = pathOf(request.url)
    const { answer, headers, isOpen, isCheck } = await answerOf(parts, ctx, answerHeaders, request, path)
    const duration = ctx.now() - started
    // A gateway logs its own request: a line for each good check would be most of the log, and half of the check.
    if (!isOpen || !answer.ok) logRequest(ctx, { method: request.method, path }, answer, duration)
    const timing = ctx.config.SERVER_TIMING ? { 'Server-Timing': `total;dur=${duration}` } : {}
    const extra = { ...headers, ...answerHeaders, ...timing }
    return isCheck ? withCheckHeaders(ctx, answer, extra) : withAnswerHeaders(ctx, answer, extra)
  }
}

/** A documented system has a mailed token in a path; one that the log shows would be of use to whoever reads it. */
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
  /** A check of a token, whatever became of it. */
  readonly isCheck: boolean
}

/** CORS does not apply to the gateway forms: their caller is no browser. */
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
    const headers = corsHeaders(ctx.config, request)
    if (isPreflight(request)) return { answer: answerPreflight(ctx, request), headers, isOpen: false, isCheck }
    const check = isCheck ? await answerCheck(ctx, request, path) : request
    if (check instanceof Response) return { answer: check, headers, isOpen: true, isCheck }
    const [routing, whole] = await Promise.all([loadRouting(ctx.config), withDb(ctx)])
    const state: RequestState = { ctx: whole, identity: null, answerHeaders }
    return { ...(await routing.answer(state, check, path)), headers, isCheck }
  } catch (thrown) {
    // Routes that cannot be loaded, a gateway check or a renderer that fails: nothing else may reach this line.
    return { answer: renderError(ctx, toDomainError(ctx, thrown)), headers: {}, isOpen: false, isCheck }
  }
}
