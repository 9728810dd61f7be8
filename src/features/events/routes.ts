import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'

export const eventRoutes = createRoutes({ prefix: '', tag: 'events', renderError })
