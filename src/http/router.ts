import type { Context, Hono } from 'hono'
import type { z } from 'zod'
import type { ClientActor, Ctx, UserActor } from '../context.ts'
import type { ErrorDefinition } from '../lib/errors.ts'
import { requireKnownSite } from './cors.ts'
import type { Guard, Identity, Verifier } from './guard.ts'
import { type BodyEncoding, parseInput, parseQuery, readInput } from './input.ts'
import type { ErrorRenderer } from './render-error.ts'
import type { HonoEnv } from './request-state.ts'

type Schema = z.ZodType | undefined
type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined

/** An answer in the OpenAPI document: a JSON schema, or another media type. */
export interface Answer {
  readonly description: string
  readonly schema?: z.ZodType
  readonly contentType?: string
}

export interface RouteSpec<C extends Ctx, B extends Schema, Q extends Schema, P extends Schema> {
  readonly summary: string
  readonly guard: Guard<C>
  readonly body?: B
  /** How the body is encoded; JSON unless a contract says form. */
  readonly encoding?: BodyEncoding
  readonly query?: Q
  readonly path?: P
  readonly answers: Readonly<Record<number, Answer>>
  readonly errors?: readonly ErrorDefinition[]
  /** Invalid fields are 400 instead of 422, where a documented system has it so. */
  readonly invalidIs400?: boolean
  /** Bodies that are longer are 413; `MAX_BODY_BYTES` when absent. */
  readonly maxBodyBytes?: number
  /** Whether the request counts against its user's hour as well as the minute. */
  readonly isHourly?: (request: Request) => boolean
  /**
   * Whether the call writes an event, and counts against what its signed-in caller may write in an hour. Never so what ends
   * sessions, takes rights away, or changes a credential or a factor: who stole a session must not use that up.
   */
  readonly isWrite?: (body: Parsed<B>) => boolean
  /** The handler itself reads the `Authorization` header: what the document says of it. */
  readonly readsBearer?: boolean
  /** Outside the rate tiers: its caller is a gateway or a probe. */
  readonly unlimited?: boolean
  /** Pages of any site may send the request: it checks nothing that is counted, and mails nothing. */
  readonly anySite?: boolean
  /** A page: served, but left out of the OpenAPI document. */
  readonly hidden?: boolean
  /** For development: in production, or asked by another host than loopback, it is an unknown path. */
  readonly localOnly?: boolean
}

export interface RouteInput<C extends Ctx, B extends Schema, Q extends Schema, P extends Schema> {
  readonly ctx: C
  readonly body: Parsed<B>
  readonly query: Parsed<Q>
  readonly path: Parsed<P>
  readonly request: Request
}

export type Handler<C extends Ctx, B extends Schema, Q extends Schema, P extends Schema> = (
  input: RouteInput<C, B, Q, P>,
) => Response | Promise<Response>

/** Of a route each of whose calls writes an event. */
export const everyCall = (): boolean => true

/** A declared route, as the mount table, the OpenAPI document and the route inventory see it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With `:name` parameters, without a trailing slash. */
  readonly path: string
  /** What it stands under in the OpenAPI document: its feature, and every documented system whose it is. */
  readonly tags: readonly string[]
  readonly spec: RouteSpec<Ctx, Schema, Schema, Schema>
  readonly handle: Handler<Ctx, Schema, Schema, Schema>
  readonly renderError: ErrorRenderer
}

type Declare = <
  C extends Ctx,
  B extends Schema = undefined,
  Q extends Schema = undefined,
  P extends Schema = undefined,
>(
  path: string | readonly string[],
  spec: RouteSpec<C, B, Q, P>,
  handler: Handler<C, B, Q, P>,
) => void

export interface Routes {
  readonly list: readonly Route[]
  readonly get: Declare
  readonly post: Declare
  readonly put: Declare
  readonly patch: Declare
  readonly delete: Declare
}

/** Routes of one feature. Several paths for one handler are aliases: each is some documented client's, so all are shown. */
export function createRoutes(options: { prefix: string; tag: string; renderError: ErrorRenderer }): Routes {
  const list: Route[] = []
  const declare =
    (method: Route['method']): Declare =>
    (paths, spec, handler) => {
      for (const path of [paths].flat()) {
        list.push({
          method,
          path: `${options.prefix}${path === '/' ? '' : path}` || '/',
          tags: [options.tag],
          spec: spec as unknown as Route['spec'],
          handle: handler as unknown as Route['handle'],
          renderError: options.renderError,
        })
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

/** Counts the request against its subject's tiers; throws when one is over. Without `spec` no route was found. */
export type Limiter = (c: Context<HonoEnv>, identity: Identity, spec?: Pick<Route['spec'], 'isHourly'>) => Promise<void>

/** Counts what a signed-in caller writes; throws when the hour has had enough of it. */
export type WriteLimiter = (c: Context<HonoEnv>, identity: Identity) => void

export function identityOf(c: Context<HonoEnv>, verifier: Verifier): Promise<Identity> {
  const { state } = c.var
  state.identity ??= verifier.identify(state.ctx, c.req.raw)
  return state.identity
}

/** For whom to count a request whose answer does not depend on its caller: an outage of the verifier makes it no failure. */
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

const LOOPBACK_HOSTS: readonly string[] = ['127.0.0.1', 'localhost', '[::1]']

/** The host is checked as well as the mode: a page on another site may have its name resolve to loopback. */
export function isServed(route: Route, ctx: Pick<Ctx, 'config'>, request: Request): boolean {
  if (!route.spec.localOnly) return true
  return ctx.config.MODE === 'local' && LOOPBACK_HOSTS.includes(new URL(request.url).hostname)
}

/** Links in mails are followed from anywhere, and change nothing until they are confirmed: GET is for everybody. */
export const refusesOtherSites = ({ method, spec }: Route): boolean => method !== 'GET' && !spec.anySite

/** Refuses what another site's page sends before anything is counted; counts the request, then lets it through the route's guard. */
async function admit(c: Context<HonoEnv>, route: Route, verifier: Verifier, limit: Limiter): Promise<Ctx> {
  const { ctx } = c.var.state
  const { spec } = route
  if (refusesOtherSites(route)) requireKnownSite(ctx, c.req.raw)
  let identity: Identity = { state: 'anonymous' }
  if (spec.guard.kind !== 'public') identity = await identityOf(c, verifier)
  else if (!spec.unlimited) identity = await tierIdentityOf(c, verifier)
  if (!spec.unlimited) await limit(c, identity, spec)
  const narrowed = spec.guard.admit(ctx, identity)
  if (!spec.guard.strong || (await isConfirmed(narrowed, verifier))) return narrowed
  return spec.guard.admit(ctx, { state: 'invalid', reason: 'unconfirmed' })
}

/** What the route reads of a request, parsed; throws what is wrong with it. */
export async function inputOf({ spec }: Route, request: Request, params: Record<string, string>) {
  const malformed = spec.invalidIs400 ?? false
  const path = spec.path && parseInput(spec.path, params, 'path', true)
  const query = spec.query && parseQuery(spec.query, request.url, malformed)
  const body =
    spec.body &&
    parseInput(spec.body, await readInput(request, spec.encoding ?? 'json', spec.maxBodyBytes), 'body', malformed)
  return { path: path as undefined, query: query as undefined, body: body as undefined }
}

export interface Limits {
  readonly limit: Limiter
  readonly limitWrite: WriteLimiter
}

/** Registers routes: limit, guard, input, then the one service call of the handler. */
export function mountRoutes(
  app: Hono<HonoEnv>,
  routes: readonly Route[],
  verifier: Verifier,
  { limit, limitWrite }: Limits,
): void {
  for (const route of routes) {
    app.on(route.method, route.path, async (c) => {
      if (!isServed(route, c.var.state.ctx, c.req.raw)) return c.notFound()
      try {
        const ctx = await admit(c, route, verifier, limit)
        const input = await inputOf(route, c.req.raw, c.req.param())
        if (route.spec.isWrite?.(input.body)) limitWrite(c, await identityOf(c, verifier))
        return await route.handle({ ctx, ...input, request: c.req.raw })
      } catch (thrown) {
        c.set('renderError', route.renderError)
        throw thrown
      }
    })
  }
}

/** Methods that some route serves at `path`, which has no trailing slash; empty when none does. GET brings HEAD (RFC 9110 9.3.2). */
export function allowedMethods(routes: readonly Route[], path: string): string[] {
  const methods = new Set<string>(
    routes.filter((route) => patternOf(route.path).test(path)).map((route) => route.method),
  )
  if (methods.has('GET')) methods.add('HEAD')
  if (methods.size > 0) methods.add('OPTIONS')
  return [...methods].sort()
}

const patterns = new Map<string, RegExp>()

function patternOf(path: string): RegExp {
  const known = patterns.get(path)
  if (known) return known
  const source = path
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
  const pattern = new RegExp(`^${source.join('/')}$`)
  patterns.set(path, pattern)
  return pattern
}
