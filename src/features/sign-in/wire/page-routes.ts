import { response } from '../../../http/answers.ts'
import { anyone } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { renderErrorPage } from './pages.tsx'

/** Routes of pages, in no document of the API: what is wrong with a request is said on a page, with 400. */
export const createPageRoutes = () =>
  createRoutes({ prefix: '', tag: 'pages', renderError: renderErrorPage, invalidIs: 400 })

/** What most of them answer. */
export const pageSpec = {
  guard: anyone,
  answer: response(200, 'A page, or the way to the next one', { contentType: 'text/html' }),
  hidden: true,
} as const
