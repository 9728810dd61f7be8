import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'

export const authRoutes = createRoutes({ prefix: '', tag: 'auth', renderError })
