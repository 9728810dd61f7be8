import type { Surface } from '../surface.ts'
import { loginRoutes, tokenRoutes, welcomeRoutes } from '../token-login.ts'
import { accountRoutes, passwordResetRoutes } from './routes/accounts.ts'
import { adminRoutes } from './routes/admin.ts'
import { adminEntranceRoutes } from './routes/admin-entrances.ts'
import { protectedRoutes } from './routes/protected.ts'
import { codeRoutes, secondFactorRoutes } from './routes/second-factor.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { vendorRoutes } from './routes/vendors.ts'

/** Its calls, the use cases behind them and what is safer here: README.md beside this file. */
export const authService: Surface = {
  routes: [
    welcomeRoutes,
    loginRoutes,
    tokenRoutes,
    accountRoutes,
    passwordResetRoutes,
    secondFactorRoutes,
    codeRoutes,
    sessionRoutes,
    adminRoutes,
    adminEntranceRoutes,
    vendorRoutes,
    protectedRoutes,
  ],
  documents: [],
}
