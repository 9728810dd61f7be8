import type { Surface } from '../surface.ts'
import { loginRoutes, welcomeRoutes } from '../token-login.ts'

/** Its calls, the use cases behind them and what is safer here: README.md beside this file. */
export const janux: Surface = {
  routes: [welcomeRoutes, loginRoutes],
  documents: ['GET /health', 'GET /readiness', 'GET /liveness', 'GET /docs'],
}
