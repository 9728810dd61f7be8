import type { Api } from '../../http/openapi.ts'
import type { Route } from '../../http/router.ts'

const RULES =
  'Every path is served with and without a trailing slash. Unknown fields of a body are ignored; an empty body is an empty object. A body has at most 1 MiB, and JSON nests at most 64 deep.'

/** What new applications are written against. */
export const nativeApi = (routes: readonly Route[]): Api => ({
  path: '/openapi.json',
  title: 'Postern',
  description: `The native API. ${RULES}`,
  routes,
})

/** What clients of a documented system call. None of it is out of date for them, whatever the native API calls it. */
export const systemApi = (name: string, routes: readonly Route[]): Api => ({
  path: `/openapi/${name}.json`,
  title: `Postern as ${name}`,
  description: `What clients of ${name} call; the native API is \`/openapi.json\`. ${RULES}`,
  routes: routes.map(({ spec: { instead: _, ...spec }, ...route }) => ({ ...route, spec })),
})
