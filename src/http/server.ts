import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { Ctx } from '../context.ts'
import { internalError, methodNotAllowed, notFound } from '../lib/errors.ts'
import { withAnswerHeaders, withCheckHeaders } from './answer-headers.ts'
import { answerPreflight, corsHeaders, isPreflight } from './cors.ts'
import type { Verifier } from './guard.ts'
import { malformedJson } from './input.ts'
import { limitRequest, limitWrite } from './limits.ts'
import { answerOpenRoute, createOpenRoutes, type FindOpenRoute } from './open-routes.ts'
import { renderError, toDomainError } from './render-error.ts'
import type { HonoEnv, RequestState } from './request-state.ts'
import { allowedMethods, mountRoutes, type Route, tierIdentityOf } from './router.ts'
import { pathOf } from './url.ts'

/** A path may be long, or hold what a caller wrote by mistake: a log line has its beginning. */
const LOGGED_PATH_LENGTH = 256

export interface ServerParts {
  readonly routes: readonly Route[]
  readonly verifier: Verifier
  /** Answers the forms of `/validate` that stand outside the routes; null when the request is none of them. */
  readonly answerGateway: (ctx: Ctx, request: Request, path: string) => Promise<Response | null>
  /** Whether the path is of a check of tokens, in any form: its caller is no browser. */
  readonly isCheckPath: (path: string) => boolean
}

export type Server = (ctx: Ctx, request: Request) => Promise<Response>

/** Answers one request: the gateway forms, CORS, the routes, and what every answer carries. It never rejects. */
export function createServer(parts: ServerParts): Server {
  const router = { hono: createRouter(parts), findOpenRoute: createOpenRoutes(parts.routes) }
  return async (ctx, request) => {
    const started = ctx.now()
    const state: RequestState = { ctx, identity: null, answerHeaders: {} }
    const path = pathOf(request.url)
    const { answer, headers, isOpen, isCheck } = await answerOf(parts, router, state, request, path)
    const duration = ctx.now() - started
    // A gateway logs its own request: a line for each good check would be most of the log, and half of the check.
    if (!isOpen || !answer.ok) logRequest(ctx, { method: request.method, path }, answer, duration)
    const timing = ctx.config.SERVER_TIMING ? { 'Server-Timing': `total;dur=${duration}` } : {}
    const extra = { ...headers, ...state.answerHeaders, ...timing }
    return isCheck ? withCheckHeaders(ctx, answer, extra) : withAnswerHeaders(ctx, answer, extra)
  }
}

/** A documented system has a mailed token in a path; one that the log shows would be of use to whoever reads it. */
const withoutSecrets = (path: string): string => path.replace(/p[a-z]{2}_[\w-]{16,}/g, '[secret]')

function logRequest(
  ctx: Ctx,
  { method, path }: { readonly method: string; readonly path: string },
  { status }: Response,
  duration: number,
): void {
  const logged = withoutSecrets(path).slice(0, LOGGED_PATH_LENGTH)
  ctx.log.info('request', { method, path: logged, status, duration_ms: duration })
}

interface Router {
  readonly hono: Hono<HonoEnv>
  readonly findOpenRoute: FindOpenRoute
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
  { answerGateway, isCheckPath }: ServerParts,
  { hono, findOpenRoute }: Router,
  state: RequestState,
  request: Request,
  path: string,
): Promise<Answered> {
  const { ctx } = state
  const isCheck = isCheckPath(path)
  try {
    const fromGateway = await answerGateway(ctx, request, path)
    if (fromGateway) return { answer: fromGateway, headers: {}, isOpen: true, isCheck: true }
    const headers = corsHeaders(ctx.config, request)
    if (isPreflight(request)) return { answer: answerPreflight(ctx, request), headers, isOpen: false, isCheck }
    const open = findOpenRoute(request.method, path)
    if (open) return { answer: await answerOpenRoute(ctx, open, request), headers, isOpen: true, isCheck }
    return { answer: await hono.fetch(request, { state }), headers, isOpen: false, isCheck }
  } catch (thrown) {
    // A gateway check or a renderer that fails: nothing else may reach this line.
    ctx.log.error('unexpected_error', thrown)
    return { answer: renderError(ctx, internalError()), headers: {}, isOpen: false, isCheck }
  }
}

function createRouter({ routes, verifier }: ServerParts): Hono<HonoEnv> {
  const hono = new Hono<HonoEnv>({ strict: false })
  hono.use('*', async (c, next) => {
    c.set('state', (c.env as unknown as { state: RequestState }).state)
    await next()
  })
  mountRoutes(hono, routes, verifier, { limit: limitRequest, limitWrite })
  hono.notFound(async (c) => {
    const { ctx } = c.var.state
    await limitRequest(c, await tierIdentityOf(c, verifier))
    const allow = allowedMethods(hono, routes, c)
    if (allow.length === 0) return renderError(ctx, notFound())
    // RFC 9110 9.3.7: an OPTIONS that is no preflight asks what the resource allows.
    if (c.req.method === 'OPTIONS') return new Response(null, { status: 204, headers: { Allow: allow.join(', ') } })
    return renderError(ctx, methodNotAllowed({ allow }))
  })
  hono.onError((thrown, c) => {
    const { ctx } = c.var.state
    // The validator's own word for JSON that does not parse.
    const error = thrown instanceof HTTPException ? malformedJson() : toDomainError(ctx, thrown)
    return (c.var.renderError ?? renderError)(ctx, error)
  })
  return hono
}
