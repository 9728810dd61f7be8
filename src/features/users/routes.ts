import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'

export const userRoutes = createRoutes({ prefix: '', tag: 'users', renderError })
