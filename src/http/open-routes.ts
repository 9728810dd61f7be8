import type { Ctx } from '../context.ts'
import { openInput } from './input.ts'
import { toDomainError } from './render-error.ts'
import { type Route, refusesOtherSites } from './router.ts'

/** Finds the open route of a method and path. */
export type FindOpenRoute = (method: string, path: string) => Route | undefined

/**
 * Routes for gateways and probes: no caller to identify, nothing to count, one fixed path. They are asked at every request of
 * somebody else, and found without the router, which costs as much as a check. Other spellings of the path are the router's.
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

export async function answerOpenRoute(ctx: Ctx, route: Route, request: Request): Promise<Response> {
  try {
    return await route.handle({ ctx, ...(await openInput(route.spec, request)), request })
  } catch (thrown) {
    return route.renderError(ctx, toDomainError(ctx, thrown))
  }
}
