import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'

export const docsRoutes = createRoutes({ prefix: '', tag: 'docs', renderError })
