import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'

export const mailRoutes = createRoutes({ prefix: '', tag: 'mail', renderError })
