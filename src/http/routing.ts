import { Hono } from 'hono'
import type { Ctx } from '../context.ts'
import { methodNotAllowed, notFound } from '../lib/errors.ts'
import { isPreflight } from './cors.ts'
import type { Verifier } from './guard.ts'
import { malformedJson, openInput } from './input.ts'
import { limitRequest, limitWrite } from './limits.ts'
import { renderError, toDomainError } from './render-error.ts'
import { allowedMethods, mountRoutes, type Route, refusesOtherSites, tierIdentityOf } from './router.ts'
import type { HonoEnv, RequestState, Routing } from './server.ts'

export interface RoutingParts {
  readonly routes: readonly Route[]
  readonly verifier: Verifier
}

/** Open routes, for gateways and probes, are answered without the router. */
export function createRouting(parts: RoutingParts): Routing {
  const hono = createRouter(parts)
  const findOpenRoute = createOpenRoutes(parts.routes)
  const isPage = createPageTest(hono, parts.routes)
  return {
    async answer(state, request, path) {
      const open = findOpenRoute(request.method, path)
      if (open) return { answer: await answerOpenRoute(state.ctx, open, request), isOpen: true }
      return { answer: await hono.fetch(request, { state }), isOpen: false }
    },
    isForPage: (request) => isPage(methodOf(request), hono.getPath(request)),
  }
}

function createRouter({ routes, verifier }: RoutingParts): Hono<HonoEnv> {
  const hono = new Hono<HonoEnv>({ strict: false })
  hono.use('*', async (c, next) => {
    c.set('state', (c.env as unknown as { state: RequestState }).state)
    await next()
  })
  mountRoutes(hono, routes, verifier, { limit: limitRequest, limitWrite })
  const surfaces = routes.filter(({ surface }) => surface !== undefined)
  const rendererOf = (path: string) =>
    surfaces.find(({ surface }) => path === surface || path.startsWith(`${surface}/`))?.renderError ?? renderError
  hono.notFound(async (c) => {
    const { ctx } = c.var.state
    c.set('renderError', rendererOf(c.req.path))
    await limitRequest(c, await tierIdentityOf(c, verifier))
    const allow = allowedMethods(hono, routes, c)
    const render = rendererOf(c.req.path)
    if (allow.length === 0) return render(ctx, notFound())
    // RFC 9110 9.3.7: an OPTIONS that is no preflight asks what the resource allows.
    if (c.req.method === 'OPTIONS') return new Response(null, { status: 204, headers: { Allow: allow.join(', ') } })
    return render(ctx, methodNotAllowed({ allow }))
  })
  hono.onError((thrown, c) => {
    const { ctx } = c.var.state
    // Hono recognizes an `HTTPException` by this method: the validator throws it for JSON that does not parse.
    const error = 'getResponse' in thrown ? malformedJson() : toDomainError(ctx, thrown)
    return (c.var.renderError ?? renderError)(ctx, error)
  })
  return hono
}

/** Of the request that a preflight asks about. The router serves HEAD as GET. */
function methodOf(request: Request): string {
  const asked = isPreflight(request) ? request.headers.get('access-control-request-method') : null
  const method = asked ?? request.method
  return method === 'HEAD' ? 'GET' : method
}

/** Whether the route that the router takes is one of our pages. */
function createPageTest(hono: Hono<HonoEnv>, routes: readonly Route[]): (method: string, path: string) => boolean {
  const tags = new Map(routes.map(({ method, path, tag }) => [keyOf(method, path), tag]))
  return (method, path) => {
    const taken = hono.router.match(method, path)[0].find(([[, route]]) => tags.has(keyOf(method, route.path)))
    return taken !== undefined && tags.get(keyOf(method, taken[0][1].path)) === 'pages'
  }
}

type FindOpenRoute = (method: string, path: string) => Route | undefined

/**
 * Open routes have no guard, no rate limit and a fixed path. Gateways call them at every request, so they are looked up without
 * the router, which costs as much as the check of a token. The router serves other spellings of their paths.
 */
export function createOpenRoutes(routes: readonly Route[]): FindOpenRoute {
  const open = new Map(routes.filter(isOpen).map((route) => [keyOf(route.method, route.path), route]))
  return (method, path) => open.get(keyOf(method, path))
}

const keyOf = (method: string, path: string): string => `${method} ${path}`

const isOpen = (route: Route): boolean => {
  const { path, spec } = route
  const isUnguarded = spec.guard.kind === 'public' && spec.unlimited === true && !refusesOtherSites(route)
  return isUnguarded && !spec.localOnly && !path.includes(':')
}

async function answerOpenRoute(ctx: Ctx, route: Route, request: Request): Promise<Response> {
  try {
    return await route.handle({ ctx, ...(await openInput(route.spec, request)), request })
  } catch (thrown) {
    return route.renderError(ctx, toDomainError(ctx, thrown))
  }
}
