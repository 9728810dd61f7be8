import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'

export const oauthRoutes = createRoutes({ prefix: '', tag: 'oauth', renderError })
