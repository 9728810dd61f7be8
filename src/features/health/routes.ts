import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'

export const healthRoutes = createRoutes({ prefix: '', tag: 'health', renderError })
