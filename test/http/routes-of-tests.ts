import { z } from 'zod'
import { ok, withHeaders } from '../../src/http/answers.ts'
import { anyone } from '../../src/http/guard.ts'
import { TextBody, UuidParam } from '../../src/http/input.ts'
import { createRoutes } from '../../src/http/router.ts'
import { conflict } from '../../src/lib/errors.ts'

const answer = ok(z.unknown(), 'ok')
const routes = createRoutes({ prefix: '/t', tag: 'health' })

/** Answers what reached the handler. */
routes.post(
  '/echo',
  {
    id: 'postTEcho',
    summary: 'echo',
    guard: anyone,
    body: z.object({ name: z.string().optional(), tags: z.record(z.string(), z.unknown()).optional() }),
    answer,
  },
  ({ body }) => ({ body, admin: (body as { isAdmin?: unknown }).isAdmin ?? null }),
)
routes.post(
  '/strict',
  {
    id: 'postTStrict',
    summary: 'strict',
    guard: anyone,
    body: z.object({ name: z.string() }),
    invalidIs: 400,
    answer,
  },
  ({ body }) => body,
)
routes.post(
  '/form',
  {
    id: 'postTForm',
    summary: 'form',
    guard: anyone,
    body: z.object({ name: z.string() }),
    encoding: 'form',
    answer,
  },
  ({ body }) => body,
)
routes.post(
  '/lines',
  {
    id: 'postTLines',
    summary: 'lines',
    guard: anyone,
    body: TextBody,
    encoding: { mediaTypes: ['application/x-ndjson'] },
    answer,
  },
  ({ body }) => body,
)
routes.get(
  '/things/:id',
  {
    id: 'getTThingsById',
    summary: 'thing',
    guard: anyone,
    params: z.object({ id: UuidParam }),
    query: z.object({ page: z.coerce.number().int().min(1).default(1) }),
    answer,
  },
  ({ params, query }) => ({ ...params, ...query }),
)
routes.get('/taken', { id: 'getTTaken', summary: 'taken', guard: anyone, answer }, () => {
  throw conflict({ field: 'name' })
})
routes.get('/sql', { id: 'getTSql', summary: 'sql', guard: anyone, answer }, async ({ ctx }) => {
  await ctx.db.run("select secret_column from no_such_table where token = 'hunter2'")
  return {}
})
routes.get('/cached', { id: 'getTCached', summary: 'cached', guard: anyone, answer }, () =>
  withHeaders({}, { 'Cache-Control': 'public, max-age=5', Vary: 'Authorization' }),
)

const brokenRoutes = createRoutes({
  prefix: '/broken',
  tag: 'health',
  renderError: () => {
    throw new Error('the renderer knows hunter2')
  },
})
brokenRoutes.get('/', { id: 'getBroken', summary: 'broken', guard: anyone, answer }, () => {
  throw conflict()
})

const localRoutes = createRoutes({ prefix: '/dev', tag: 'health' })
localRoutes.get('/tool', { id: 'getDevTool', summary: 'tool', guard: anyone, answer, localOnly: true }, () => ({}))

export const testRoutes = [...routes.list, ...brokenRoutes.list, ...localRoutes.list]
