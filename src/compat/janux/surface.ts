import type { Surface } from '../surface.ts'
import { loginRoutes, welcomeRoutes } from '../token-login.ts'
import { adminRoutes } from './routes/admins.ts'
import { userRoutes } from './routes/users.ts'

/** Its calls, the use cases behind them and what is safer here: README.md beside this file. */
export const janux: Surface = {
  routes: [welcomeRoutes, loginRoutes, userRoutes, adminRoutes],
  documents: ['GET /health', 'GET /readiness', 'GET /liveness'],
}
