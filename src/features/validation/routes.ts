import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'

export const validationRoutes = createRoutes({ prefix: '', tag: 'validation', renderError })
