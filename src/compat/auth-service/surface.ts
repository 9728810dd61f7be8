import type { Surface } from '../surface.ts'
import { loginRoutes, tokenRoutes, welcomeRoutes } from '../token-login.ts'
import {
  accountRoutes,
  codeRoutes,
  passwordResetRoutes,
  protectedRoutes,
  secondFactorRoutes,
  sessionRoutes,
} from './routes/accounts.ts'
import { adminAccessRoutes, adminRoutes, vendorRoutes } from './routes/admins.ts'

/** README.md maps the calls to use cases, and lists what is safer here. */
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
    adminAccessRoutes,
    vendorRoutes,
    protectedRoutes,
  ],
  documents: [],
}
