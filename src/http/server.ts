import { Hono } from 'hono'
import type { Ctx } from '../context.ts'
import { internalError, methodNotAllowed, notFound } from '../lib/errors.ts'
import { withAnswerHeaders } from './answer-headers.ts'
import { answerPreflight, corsHeaders, isPreflight } from './cors.ts'
import type { Verifier } from './guard.ts'
import { limitRequest } from './limits.ts'
import { renderError, toDomainError } from './render-error.ts'
import type { HonoEnv, RequestState } from './request-state.ts'
import { allowedMethods, isServed, mountRoutes, type Route, tierIdentityOf } from './router.ts'

/** A path may be long, or hold what a caller wrote by mistake: a log line has its beginning. */
const LOGGED_PATH_LENGTH = 256

export interface ServerParts {
  readonly routes: readonly Route[]
  readonly verifier: Verifier
  /** Answers the forms of `/validate` that stand outside the routes; null when the request is none of them. */
  readonly answerGateway: (ctx: Ctx, request: Request) => Promise<Response | null>
}

/** Answers one request: the gateway forms, CORS, the routes, and what every answer carries. It never rejects. */
export function createServer(parts: ServerParts): (ctx: Ctx, request: Request) => Promise<Response> {
  const hono = createRouter(parts)
  return async (ctx, request) => {
    const started = ctx.now()
    const state: RequestState = { ctx, identity: null, answerHeaders: {} }
    const { answer, headers } = await answerOf(parts, hono, state, request)
    const duration = ctx.now() - started
    ctx.log.info('request', {
      method: request.method,
      path: new URL(request.url).pathname.slice(0, LOGGED_PATH_LENGTH),
      status: answer.status,
      duration_ms: duration,
    })
    const timing = ctx.config.SERVER_TIMING ? { 'Server-Timing': `total;dur=${duration}` } : {}
    return withAnswerHeaders(ctx, answer, { ...headers, ...state.answerHeaders, ...timing })
  }
}

interface Answered {
  readonly answer: Response
  readonly headers: Readonly<Record<string, string>>
}

/** CORS does not apply to the gateway forms: their caller is no browser. */
async function answerOf(
  { answerGateway }: ServerParts,
  hono: Hono<HonoEnv>,
  state: RequestState,
  request: Request,
): Promise<Answered> {
  const { ctx } = state
  try {
    const fromGateway = await answerGateway(ctx, request)
    if (fromGateway) return { answer: fromGateway, headers: {} }
    const headers = corsHeaders(ctx.config, request)
    if (isPreflight(request)) return { answer: answerPreflight(ctx, request), headers }
    return { answer: await hono.fetch(request, { state }), headers }
  } catch (thrown) {
    // A gateway check or a renderer that fails: nothing else may reach this line.
    ctx.log.error('unexpected_error', thrown)
    return { answer: renderError(ctx, internalError()), headers: {} }
  }
}

function createRouter({ routes, verifier }: ServerParts): Hono<HonoEnv> {
  const hono = new Hono<HonoEnv>({ strict: false })
  hono.use('*', async (c, next) => {
    c.set('state', (c.env as unknown as { state: RequestState }).state)
    await next()
  })
  mountRoutes(hono, routes, verifier, limitRequest)
  hono.notFound(async (c) => {
    const { ctx } = c.var.state
    await limitRequest(c, await tierIdentityOf(c, verifier))
    const served = routes.filter((route) => isServed(route, ctx, c.req.raw))
    const allow = allowedMethods(served, c.req.path)
    if (allow.length === 0) return renderError(ctx, notFound())
    // RFC 9110 9.3.7: an OPTIONS that is no preflight asks what the resource allows.
    if (c.req.method === 'OPTIONS') return new Response(null, { status: 204, headers: { Allow: allow.join(', ') } })
    return renderError(ctx, methodNotAllowed({ allow }))
  })
  hono.onError((thrown, c) => {
    const { ctx } = c.var.state
    return (c.var.renderError ?? renderError)(ctx, toDomainError(ctx, thrown))
  })
  return hono
}
