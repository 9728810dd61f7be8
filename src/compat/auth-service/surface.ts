import type { Surface } from '../surface.ts'
import { loginRoutes, tokenRoutes, welcomeRoutes } from '../token-login.ts'

/** Its calls, the use cases behind them and what is safer here: README.md beside this file. */
export const authService: Surface = { routes: [welcomeRoutes, loginRoutes, tokenRoutes], documents: [] }
