import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'

export const keysRoutes = createRoutes({ prefix: '', tag: 'keys', renderError })
