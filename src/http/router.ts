import type { Context, Hono, MiddlewareHandler } from 'hono'
import type { z } from 'zod'
import type { ActorCtx, ClientActor, Ctx, UserActor } from '../context.ts'
import type { ErrorDefinition } from '../lib/errors.ts'
import { isLoopbackHost } from '../lib/network.ts'
import { type Answer, answersOf, type Declared, type ResultOf, respond } from './answers.ts'
import { requireKnownSite } from './cors.ts'
import type { Caller, Guard, Identity, Verifier } from './guard.ts'
import { type BodyEncoding, inputValidators, validatedInput } from './input.ts'
import { type ErrorRenderer, type PageErrorRenderer, renderError as renderPlainError } from './render-error.ts'
import type { HonoEnv } from './server.ts'
import type { Tag } from './vocabulary.ts'

type Schema = z.ZodType | undefined
type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined

/** Another path of the same route, and what differs there. */
export interface Alias {
  readonly path: string
  readonly id: string
  readonly summary?: string
  readonly invalidIs?: 400
}

interface RouteOptions<C extends Ctx, B extends Schema, Q extends Schema, P extends Schema, A extends Declared> {
  /** The operation id of the OpenAPI document. */
  readonly id: string
  readonly summary: string
  /** The longer description. Who may call the route, and which limits apply, are added to it. */
  readonly description?: string
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  /** Headers that the handler reads, as the document has them. */
  readonly headers?: z.ZodObject
  /** JSON when absent. */
  readonly encoding?: BodyEncoding
  readonly answer: A
  readonly errors?: readonly ErrorDefinition[]
  readonly aliases?: readonly Alias[]
  /** The id of the operation that applications call instead of this one; of an alias it is the route's own. */
  readonly instead?: string
  /** The status of invalid fields; 422 when absent. */
  readonly invalidIs?: 400
  /** Longer bodies are 413; `MAX_BODY_BYTES` when absent. */
  readonly maxBodyBytes?: number
  /** Whom the request counts against where no token says so: the id of a page's reader. Null: the address. */
  readonly countsBy?: (ctx: Ctx, request: Request) => Promise<string | null>
  /** Whether the request also counts against its user's hourly limit. */
  readonly isHourly?: (request: Request) => boolean
  /**
   * Whether the call writes an event, and counts against the caller's hourly limit of writes. Never for calls that end sessions,
   * remove rights, or change a credential or a factor: whoever stole a session could use up the owner's limit.
   */
  readonly isWrite?: (body: Parsed<B>, input: RouteInput<C, B, Q, P>) => boolean | Promise<boolean>
  /** The handler reads the `Authorization` header itself; shown in the document. */
  readonly readsBearer?: boolean
  /** Not rate limited: its caller is a gateway or a probe. */
  readonly unlimited?: boolean
  /** Pages of any site may send the request, because it counts no attempts and mails nothing. */
  readonly anySite?: boolean
  /** A page: served, but left out of the OpenAPI document. */
  readonly hidden?: boolean
  /** For development: an unknown path in production, and for hosts other than loopback. */
  readonly localOnly?: boolean
}

/** A route may omit its guard only where `createRoutes` was given one. */
type Guarded<C extends Ctx, G extends Ctx> = [G] extends [never]
  ? { readonly guard: Guard<C> }
  : { readonly guard?: Guard<C> }

export interface RouteInput<C extends Ctx, B extends Schema, Q extends Schema, P extends Schema> {
  readonly ctx: C
  readonly body: Parsed<B>
  readonly query: Parsed<Q>
  readonly params: Parsed<P>
  readonly request: Request
}

type Handler<C extends Ctx, B extends Schema, Q extends Schema, P extends Schema, A extends Declared> = (
  input: RouteInput<C, B, Q, P>,
) => ResultOf<A> | Promise<ResultOf<A>>

/** A declared route's options, without its types. */
export interface RouteSpec extends Omit<RouteOptions<Ctx, Schema, Schema, Schema, Declared>, 'aliases' | 'answer'> {
  readonly guard: Guard
  readonly answers: readonly Answer[]
}

/** `isWrite` of a route whose every call writes an event. */
export const everyCall = (): boolean => true

/** A declared route, as the mount table, the OpenAPI document and the route inventory see it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With `:name` parameters, without a trailing slash. */
  readonly path: string
  /** What it stands under in an OpenAPI document. */
  readonly tag: Tag
  /** The documented systems whose it is, too. */
  readonly systems: readonly string[]
  readonly spec: RouteSpec
  readonly handle: (input: RouteInput<Ctx, Schema, Schema, Schema>) => Promise<Response>
  readonly renderError: ErrorRenderer | PageErrorRenderer
  /** Below it unknown paths and methods are answered by `renderError` too. */
  readonly surface?: string
  /** The route with changed answers: a documented system adds keys to them. */
  readonly mapAnswers: (change: (answer: Answer) => Answer) => Route
}

type Declare<G extends Ctx> = <
  C extends Ctx = G,
  B extends Schema = undefined,
  Q extends Schema = undefined,
  P extends Schema = undefined,
  const A extends Declared = Declared,
>(
  path: string,
  spec: RouteOptions<C, B, Q, P, A> & Guarded<C, G>,
  handler: Handler<C, B, Q, P, A>,
) => void

export interface Routes<G extends Ctx = never> {
  readonly list: readonly Route[]
  readonly get: Declare<G>
  readonly post: Declare<G>
  readonly put: Declare<G>
  readonly patch: Declare<G>
  readonly delete: Declare<G>
}

interface RoutesOptions<G extends Ctx> {
  readonly prefix: string
  /** A second home of all routes, as another description of the API has it: there `mark` is put behind operation ids. */
  readonly alsoAt?: { readonly prefix: string; readonly mark: string }
  readonly tag: Tag
  /** The guard of routes that name none. */
  readonly guard?: Guard<G>
  /** The envelope in its own words when absent. */
  readonly renderError?: ErrorRenderer | PageErrorRenderer
  /** Below this path whatever is unknown is answered by `renderError` too. */
  readonly surface?: string
  /** The status of invalid fields on all routes; 422 when absent. */
  readonly invalidIs?: 400
}

/** The routes of one feature. Aliases are paths of documented clients, so the document shows them too. */
export function createRoutes<G extends Ctx = never>(options: RoutesOptions<G>): Routes<G> {
  const { tag, renderError = renderPlainError, alsoAt } = options
  const surface = options.surface !== undefined && { surface: options.surface }
  const homes = [{ prefix: options.prefix, mark: '' }, ...(alsoAt ? [alsoAt] : [])]
  const invalid = options.invalidIs && { invalidIs: options.invalidIs }
  const list: Route[] = []
  const declare =
    (method: Route['method']): Declare<G> =>
    (path, { aliases = [], answer, guard = options.guard as never, ...spec }, handler) => {
      const withAnswers = (
        route: Pick<Route, 'method' | 'path' | 'tag' | 'systems' | 'renderError' | 'surface'>,
        routeSpec: RouteSpec,
      ): Route => ({
        ...route,
        spec: routeSpec,
        handle: async (input) => respond(answer, routeSpec.answers, await handler(input as never)),
        mapAnswers: (change) => withAnswers(route, { ...routeSpec, answers: routeSpec.answers.map(change) }),
      })
      const given: readonly (Alias & { instead?: string })[] = [{ path, id: spec.id }, ...aliases]
      const places = homes.flatMap(({ prefix, mark }) =>
        given.map((place) => {
          const id = `${place.id}${mark}`
          return {
            ...place,
            path: `${prefix}${place.path === '/' ? '' : place.path}` || '/',
            id,
            ...(id !== spec.id && { instead: spec.instead ?? spec.id }),
          }
        }),
      )
      for (const { path, ...own } of places) {
        const routeSpec = { ...invalid, ...spec, ...own, guard, answers: answersOf(answer) } as RouteSpec
        list.push(withAnswers({ method, path, tag, systems: [], renderError, ...surface }, routeSpec))
      }
    }
  return {
    list,
    get: declare('GET'),
    post: declare('POST'),
    put: declare('PUT'),
    patch: declare('PATCH'),
    delete: declare('DELETE'),
  }
}

/** Counts the request against its subject's tiers. Throws RATE_LIMIT_EXCEEDED. Without `spec` no route was found. */
export type Limiter = (
  c: Context<HonoEnv>,
  identity: Caller,
  spec?: Pick<Route['spec'], 'isHourly' | 'countsBy'>,
) => Promise<void>

/** Counts a write of a signed-in caller. Throws RATE_LIMIT_EXCEEDED. */
export type WriteLimiter = (c: Context<HonoEnv>, identity: Identity) => void

export function identityOf(c: Context<HonoEnv>, verifier: Verifier): Promise<Identity> {
  const { state } = c.var
  state.identity ??= verifier.identify(state.ctx, c.req.raw)
  return state.identity
}

/** The identity to count a public request by; anonymous when the verifier fails, because the answer does not depend on it. */
export async function tierIdentityOf(c: Context<HonoEnv>, verifier: Verifier): Promise<Identity> {
  try {
    return await identityOf(c, verifier)
  } catch (cause) {
    c.var.state.ctx.log.error('identity_unknown', cause)
    return { state: 'anonymous' }
  }
}

async function isConfirmed(ctx: Ctx, verifier: Verifier): Promise<boolean> {
  const { actor } = ctx as Ctx & { actor: UserActor | ClientActor | null }
  return actor === null || verifier.confirm(ctx, actor)
}

/** A guard with `reach` also checks the path. */
const reached = ({ spec: { guard } }: Route, ctx: Ctx, params: unknown, verifier: Verifier): Ctx | Promise<Ctx> =>
  guard.reach ? guard.reach(ctx as ActorCtx, params as Readonly<Record<string, unknown>>, verifier) : ctx

/** Checks the host too: another site's name may resolve to loopback (DNS rebinding). */
export function isServed(route: Route, ctx: Pick<Ctx, 'config'>, request: Request): boolean {
  if (!route.spec.localOnly) return true
  return ctx.config.MODE === 'local' && isLoopbackHost(new URL(request.url).hostname)
}

/** GET is allowed from every site: links in mails are followed from anywhere, and GET changes nothing. */
export const refusesOtherSites = ({ method, spec }: Route): boolean => method !== 'GET' && !spec.anySite

/** Refuses requests of other sites' pages before anything is counted; then counts the request and applies the guard. */
async function admit(c: Context<HonoEnv>, route: Route, verifier: Verifier, limit: Limiter): Promise<Ctx> {
  const { ctx } = c.var.state
  const { spec } = route
  if (refusesOtherSites(route)) requireKnownSite(ctx, c.req.raw)
  let identity: Caller = { state: 'anonymous' }
  if (spec.guard.authenticate) identity = await spec.guard.authenticate(ctx, c.req.raw)
  else if (spec.guard.kind !== 'public') identity = await identityOf(c, verifier)
  else if (!spec.unlimited) identity = await tierIdentityOf(c, verifier)
  if (!spec.unlimited) await limit(c, identity, spec)
  const narrowed = spec.guard.admit(ctx, identity)
  if (!spec.guard.strong || (await isConfirmed(narrowed, verifier))) return narrowed
  return spec.guard.admit(ctx, { state: 'invalid', reason: 'unconfirmed' })
}

export interface Limits {
  readonly limit: Limiter
  readonly limitWrite: WriteLimiter
}

/** Registers routes: limit, guard, validators, handler. */
export function mountRoutes(
  app: Hono<HonoEnv>,
  routes: readonly Route[],
  verifier: Verifier,
  { limit, limitWrite }: Limits,
): void {
  for (const route of routes) {
    const admitCaller: MiddlewareHandler<HonoEnv> = async (c, next) => {
      if (!isServed(route, c.var.state.ctx, c.req.raw)) return c.notFound()
      c.set('renderError', route.renderError)
      c.set('admitted', { ctx: await admit(c, route, verifier, limit), request: c.req.raw })
      return next()
    }
    app.on(route.method, route.path, admitCaller, ...inputValidators(route.spec), async (c) => {
      const given = validatedInput(c, route.spec)
      const { ctx, request } = c.var.admitted
      const input = { ctx: await reached(route, ctx, given.params, verifier), request, ...given }
      if (await route.spec.isWrite?.(input.body, input)) limitWrite(c, await identityOf(c, verifier))
      return route.handle(input)
    })
  }
}

const METHODS: readonly Route['method'][] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** The methods served at the path of `c`; empty for an unknown path. GET implies HEAD (RFC 9110 9.3.2). */
export function allowedMethods(app: Hono<HonoEnv>, routes: readonly Route[], c: Context<HonoEnv>): string[] {
  const { ctx } = c.var.state
  const served = new Set(
    routes.filter((route) => isServed(route, ctx, c.req.raw)).map(({ method, path }) => `${method} ${path}`),
  )
  const methods = METHODS.filter((method) =>
    app.router.match(method, c.req.path)[0].some(([[, { path }]]) => served.has(`${method} ${path}`)),
  )
  const all: string[] = methods.includes('GET') ? [...methods, 'HEAD'] : [...methods]
  return all.length > 0 ? [...all, 'OPTIONS'].sort() : []
}
