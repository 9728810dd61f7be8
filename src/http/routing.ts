import { Hono } from 'hono'
import { methodNotAllowed, notFound } from '../lib/errors.ts'
import type { Verifier } from './guard.ts'
import { malformedJson } from './input.ts'
import { limitRequest, limitWrite } from './limits.ts'
import { answerOpenRoute, createOpenRoutes } from './open-routes.ts'
import { renderError, toDomainError } from './render-error.ts'
import type { HonoEnv, RequestState } from './request-state.ts'
import { allowedMethods, mountRoutes, type Route, tierIdentityOf } from './router.ts'
import type { Routing } from './server.ts'

export interface RoutingParts {
  readonly routes: readonly Route[]
  readonly verifier: Verifier
}

/** Routes for gateways and probes are found without the router; all others are its. */
export function createRouting(parts: RoutingParts): Routing {
  const hono = createRouter(parts)
  const findOpenRoute = createOpenRoutes(parts.routes)
  return {
    async answer(state, request, path) {
      const open = findOpenRoute(request.method, path)
      if (open) return { answer: await answerOpenRoute(state.ctx, open, request), isOpen: true }
      return { answer: await hono.fetch(request, { state }), isOpen: false }
    },
  }
}

function createRouter({ routes, verifier }: RoutingParts): Hono<HonoEnv> {
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
    // An `HTTPException`, told as Hono tells it: the validator's own word for JSON that does not parse.
    const error = 'getResponse' in thrown ? malformedJson() : toDomainError(ctx, thrown)
    return (c.var.renderError ?? renderError)(ctx, error)
  })
  return hono
}
