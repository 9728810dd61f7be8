import type { Surface } from '../surface.ts'
import { countsHourly } from './hourly.ts'

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
