import type { CountsHourly, Surface } from '../surface.ts'

const hasPaging = (request: Request): boolean => {
  const { searchParams } = new URL(request.url)
  return searchParams.has('skip') || searchParams.has('limit')
}

/** Its digits may be escaped. */
const hasNumber = (request: Request): boolean =>
  /^\/api\/v1\/users\/(?:\d|%3\d)+(\/|$)/.test(new URL(request.url).pathname)

/** The 1000 requests an hour that the system documents are for its own forms: an integer id, `skip` and `limit`. */
const countsHourly: CountsHourly = ({ method, path }) => {
  if (method === 'GET' && path === '/api/v1/users') return hasPaging
  return path.startsWith('/api/v1/users/:user_id') ? hasNumber : undefined
}

/**
 * All six of its calls are the core's, whose answers have every key of both systems.
 * Its calls, the use cases behind them and what is safer here: README.md beside this file.
 */
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
