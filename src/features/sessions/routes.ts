import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'

export const sessionRoutes = createRoutes({ prefix: '', tag: 'sessions', renderError })
