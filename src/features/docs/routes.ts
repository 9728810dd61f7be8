import * as z from 'zod'
import type { Config } from '../../config.ts'
import { ok, response } from '../../http/answers.ts'
import { anyone } from '../../http/guard.ts'
import { describeApi } from '../../http/openapi.ts'
import { createRoutes, type Route, type Routes } from '../../http/router.ts'
import { notFound } from '../../lib/errors.ts'
import { API_REFERENCE_PAGE, PAGE_POLICY } from './page.ts'

const DOCUMENT_CACHE = 'public, max-age=300'
const ASSET_CACHE = 'public, max-age=3600'

/** The only assets that are served; no other path reaches the assets binding. */
const FILES: readonly string[] = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png', 'api-reference.js']

const ServiceAnswer = z
  .object({ name: z.string(), docs: z.url(), openapi: z.url(), health: z.url() })
  .meta({ id: 'Service' })

const FilePath = z.object({ file: z.string() })

/** The routes of the API reference. It describes the routes of the configured surfaces. */
export function createDocsRoutes(listRoutes: (surfaces: Config['COMPAT']) => readonly Route[]): Routes {
  const routes = createRoutes({ prefix: '', tag: 'docs' })
  const documents = new Map<string, string>()

  routes.get(
    '/openapi.json',
    {
      id: 'getOpenapiJson',
      summary: 'The OpenAPI 3.1 document of this service',
      guard: anyone,
      answer: response(200, 'The document', { schema: z.looseObject({ openapi: z.string() }) }),
    },
    ({ ctx }) => {
      const surfaces = ctx.config.COMPAT
      const document = documents.get(surfaces.join()) ?? JSON.stringify(describeApi(listRoutes(surfaces)))
      documents.set(surfaces.join(), document)
      return new Response(document, {
        headers: { 'Content-Type': 'application/json', 'Cache-Control': DOCUMENT_CACHE },
      })
    },
  )

  routes.get(
    '/docs',
    {
      id: 'getDocs',
      aliases: [
        { path: '/swagger', id: 'getDocsAlias' },
        { path: '/redoc', id: 'getDocsAlias2' },
      ],
      summary: 'The interactive API reference',
      guard: anyone,
      answer: response(200, 'A page', { contentType: 'text/html' }),
      hidden: true,
    },
    () =>
      new Response(API_REFERENCE_PAGE, {
        headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': PAGE_POLICY },
      }),
  )

  routes.get(
    '/swagger-ui/:file',
    {
      id: 'getSwaggerUiByFile',
      summary: 'A file of the API reference',
      guard: anyone,
      params: FilePath,
      answer: response(200, 'The file', { contentType: 'application/octet-stream' }),
      errors: [notFound],
      unlimited: true,
      hidden: true,
    },
    async ({ ctx, params }) => {
      if (!FILES.includes(params.file)) throw notFound()
      const asset = await ctx.assets.fetch(new URL(`/swagger-ui/${params.file}`, ctx.config.PUBLIC_URL))
      if (!asset.ok) throw notFound()
      return new Response(asset.body, {
        headers: {
          'Content-Type': asset.headers.get('content-type') ?? 'application/octet-stream',
          'Cache-Control': ASSET_CACHE,
        },
      })
    },
  )

  return routes
}

/** `GET /` for programs, where no documented system says what it answers. */
export const rootRoutes = createRoutes({ prefix: '', tag: 'docs' })

rootRoutes.get(
  '/',
  {
    id: 'getService',
    summary: 'Where the parts of this service are; a page for browsers',
    guard: anyone,
    answer: ok(ServiceAnswer),
  },
  ({ ctx: { config } }) => ({
    name: config.APP_NAME,
    docs: `${config.PUBLIC_URL}/docs`,
    openapi: `${config.PUBLIC_URL}/openapi.json`,
    health: `${config.PUBLIC_URL}/health`,
  }),
)
