import { z } from 'zod'
import { publicRoute } from '../../src/http/guard.ts'
import { TextBody, UuidParam } from '../../src/http/input.ts'
import { renderError } from '../../src/http/render-error.ts'
import { createRoutes } from '../../src/http/router.ts'
import { conflict } from '../../src/lib/errors.ts'

const answers = { 200: { description: 'ok' } }
const routes = createRoutes({ prefix: '/t', tag: 'test', renderError })

/** Answers what reached the handler. */
routes.post(
  '/echo',
  {
    summary: 'echo',
    guard: publicRoute,
    body: z.object({ name: z.string().optional(), tags: z.record(z.string(), z.unknown()).optional() }),
    answers,
  },
  ({ body }) => Response.json({ body, admin: (body as { isAdmin?: unknown }).isAdmin ?? null }),
)
routes.post(
  '/strict',
  { summary: 'strict', guard: publicRoute, body: z.object({ name: z.string() }), invalidIs400: true, answers },
  ({ body }) => Response.json(body),
)
routes.post(
  '/form',
  { summary: 'form', guard: publicRoute, body: z.object({ name: z.string() }), encoding: 'form', answers },
  ({ body }) => Response.json(body),
)
routes.post(
  '/lines',
  { summary: 'lines', guard: publicRoute, body: TextBody, encoding: { mediaTypes: ['application/x-ndjson'] }, answers },
  ({ body }) => Response.json(body),
)
routes.get(
  '/things/:id',
  {
    summary: 'thing',
    guard: publicRoute,
    path: z.object({ id: UuidParam }),
    query: z.object({ page: z.coerce.number().int().min(1).default(1) }),
    answers,
  },
  ({ path, query }) => Response.json({ ...path, ...query }),
)
routes.get('/taken', { summary: 'taken', guard: publicRoute, answers }, () => {
  throw conflict({ field: 'name' })
})
routes.get('/sql', { summary: 'sql', guard: publicRoute, answers }, async ({ ctx }) => {
  await ctx.db.run("select secret_column from no_such_table where token = 'hunter2'")
  return Response.json({})
})
routes.get('/cached', { summary: 'cached', guard: publicRoute, answers }, () =>
  Response.json({}, { headers: { 'Cache-Control': 'public, max-age=5', Vary: 'Authorization' } }),
)

const brokenRoutes = createRoutes({
  prefix: '/broken',
  tag: 'test',
  renderError: () => {
    throw new Error('the renderer knows hunter2')
  },
})
brokenRoutes.get('/', { summary: 'broken', guard: publicRoute, answers }, () => {
  throw conflict()
})

const localRoutes = createRoutes({ prefix: '/dev', tag: 'test', renderError })
localRoutes.get('/tool', { summary: 'tool', guard: publicRoute, answers, localOnly: true }, () => Response.json({}))

export const testRoutes = [...routes.list, ...brokenRoutes.list, ...localRoutes.list]
