import type { Surface } from '../surface.ts'
import { gatewayAuthRoutes } from './routes.ts'
import { addProfileKeys, addTokenKeys } from './wire.ts'

/** Its calls, the use cases behind them and what is safer here: README.md beside this file. */
export const gatewayAuth: Surface = {
  routes: [gatewayAuthRoutes],
  adds: {
    'POST /api/v1/auth/register': addTokenKeys,
    'POST /api/v1/auth/login': addTokenKeys,
    'POST /api/v1/auth/refresh': addTokenKeys,
    'GET /api/v1/auth/profile': addProfileKeys,
  },
  documents: [
    'POST /api/v1/auth/register',
    'POST /api/v1/auth/login',
    'POST /api/v1/auth/refresh',
    'POST /api/v1/auth/validate',
    'POST /validate',
    'POST /api/v1/auth/logout',
    'PUT /api/v1/auth/change-password',
    'GET /api/v1/auth/profile',
  ],
}
