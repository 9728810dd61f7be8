import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'

export const clientRoutes = createRoutes({ prefix: '', tag: 'clients', renderError })
