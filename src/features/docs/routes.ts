import * as z from 'zod'
import type { Config } from '../../config.ts'
import type { Ctx } from '../../context.ts'
import { ok, response } from '../../http/answers.ts'
import { anyone } from '../../http/guard.ts'
import { type Api, describeApi } from '../../http/openapi.ts'
import { createRoutes, type Routes } from '../../http/router.ts'
import { notFound } from '../../lib/errors.ts'
import { apiReferencePage, PAGE_POLICY } from './page.ts'

const DOCUMENT_CACHE = 'public, max-age=300'
const ASSET_CACHE = 'public, max-age=3600'

/** The only assets that are served; no other path reaches the assets binding. */
const FILES: readonly string[] = [
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'favicon-32x32.png',
  'api-reference.css',
  'api-reference.js',
]

const ServiceAnswer = z
  .object({ name: z.string(), docs: z.url(), openapi: z.url(), health: z.url() })
  .meta({ id: 'Service' })

const FilePath = z.object({ file: z.string() })
const DocumentPath = z.object({
  file: z.string().meta({ description: 'The name of a system that this deployment serves, with `.json`' }),
})

/** The routes of the API reference. It describes the APIs of the configured surfaces. */
export function createDocsRoutes(listApis: (surfaces: Config['COMPAT']) => readonly Api[]): Routes {
  const routes = createRoutes({ prefix: '', tag: 'docs' })
  // A deployment has one configuration: APIs and documents are made at their first use.
  const known = new Map<string, readonly Api[]>()
  const documents = new WeakMap<Api, string>()

  function apisOf({ config: { COMPAT } }: Ctx): readonly Api[] {
    const apis = known.get(COMPAT.join()) ?? listApis(COMPAT)
    known.set(COMPAT.join(), apis)
    return apis
  }

  function answerDocument(ctx: Ctx, path: string): Response {
    const api = apisOf(ctx).find((one) => one.path === path)
    if (!api) throw notFound()
    const document = documents.get(api) ?? JSON.stringify(describeApi(api))
    documents.set(api, document)
    return new Response(document, { headers: { 'Content-Type': 'application/json', 'Cache-Control': DOCUMENT_CACHE } })
  }

  const documentAnswer = response(200, 'The document', {
    schema: z.looseObject({ openapi: z.string() }).meta({ id: 'OpenApiDocument' }),
  })

  routes.get(
    '/openapi.json',
    {
      id: 'getDocument',
      summary: 'The OpenAPI 3.1 document of the native API',
      guard: anyone,
      answer: documentAnswer,
    },
    ({ ctx }) => answerDocument(ctx, '/openapi.json'),
  )

  routes.get(
    '/openapi/:file',
    {
      id: 'getSystemDocument',
      summary: 'The OpenAPI 3.1 document of another system whose calls this deployment serves',
      guard: anyone,
      params: DocumentPath,
      answer: documentAnswer,
      errors: [notFound],
    },
    ({ ctx, params }) => answerDocument(ctx, `/openapi/${params.file}`),
  )

  routes.get(
    '/docs',
    {
      id: 'openDocs',
      aliases: [
        { path: '/swagger', id: 'openSwagger' },
        { path: '/redoc', id: 'openRedoc' },
      ],
      summary: 'The interactive API reference',
      guard: anyone,
      answer: response(200, 'A page', { contentType: 'text/html' }),
      hidden: true,
    },
    ({ ctx }) =>
      new Response(apiReferencePage(apisOf(ctx)), {
        headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': PAGE_POLICY },
      }),
  )

  routes.get(
    '/swagger-ui/:file',
    {
      id: 'getDocsFile',
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
    // Where JANUX is served, programs get its welcome here, so the description of the native API leaves the path out.
    hidden: true,
  },
  ({ ctx: { config } }) => ({
    name: config.APP_NAME,
    docs: `${config.PUBLIC_URL}/docs`,
    openapi: `${config.PUBLIC_URL}/openapi.json`,
    health: `${config.PUBLIC_URL}/health`,
  }),
)
