import type { CountsHourly, Surface } from '../surface.ts'

const hasPaging = (request: Request): boolean => {
  const { searchParams } = new URL(request.url)
  return searchParams.has('skip') || searchParams.has('limit')
}

/** Digits may be percent-encoded. */
const hasNumber = (request: Request): boolean =>
  /^\/api\/v1\/users\/(?:\d|%3\d)+(\/|$)/.test(new URL(request.url).pathname)

/** The system's documented 1000 requests an hour apply to its own forms: an integer id, `skip` and `limit`. */
const countsHourly: CountsHourly = ({ method, path }) => {
  if (method === 'GET' && path === '/api/v1/users') return hasPaging
  return path.startsWith('/api/v1/users/:user_id') ? hasNumber : undefined
}

/** All six calls are core routes, whose answers have the keys of both systems. README.md maps them to use cases. */
export const usersApi: Surface = {
  routes: [],
  countsHourly,
  documents: [
    'GET /api/v1/health',
    'POST /api/v1/auth/login',
    'POST /api/v1/auth/refresh',
    'POST /api/v1/users',
    'GET /api/v1/users/:user_id',
    'GET /api/v1/users',
  ],
}
