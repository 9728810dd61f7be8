import * as z from 'zod'
import { actorOf } from '../../context.ts'
import { created, from, instant, instantOrNull, ok, shape } from '../../http/answers.ts'
import { PropagatedField } from '../../http/done.ts'
import { admin } from '../../http/guard.ts'
import { UuidParam } from '../../http/input.ts'
import { RangeQuery, rangeOf } from '../../http/list.ts'
import { createRoutes, everyCall } from '../../http/router.ts'
import { clientNotFound, createClient, disableClient, listClients, SCOPE } from './service.ts'
import type { Client } from './tables.ts'

const fields = {
  client_id: from(z.uuid(), ({ id }: Pick<Client, 'id'>) => id),
  name: z.string(),
  scopes: z.array(z.string()),
  created_at: instant,
  disabled_at: instantOrNull,
}
const ClientAnswer = shape<Client>()('Client', fields)
const CreatedClient = shape<Client & { readonly clientSecret: string }>()('CreatedClient', {
  ...fields,
  client_secret: z.string(),
})
const DisabledClient = shape<Client & { readonly propagated: boolean }>()('DisabledClient', {
  ...fields,
  propagated: PropagatedField,
})

const NewClient = z.object({
  name: z.string().trim().min(1).max(100),
  scopes: z.array(z.string().regex(SCOPE, 'must be a scope: lower case letters, digits and :_*.-')).max(50).default([]),
})

export const clientRoutes = createRoutes({ prefix: '/api/v1/admin/clients', tag: 'clients', guard: admin })

clientRoutes.post(
  '/',
  {
    id: 'createClient',
    summary: 'Register a machine; its secret is shown once',
    isWrite: everyCall,
    body: NewClient,
    answer: created(CreatedClient, 'The client with its secret'),
  },
  async ({ ctx, body }) => {
    const { client, secret } = await createClient(ctx, { ...body, actor: actorOf(ctx) })
    return { ...client, clientSecret: secret }
  },
)

clientRoutes.get(
  '/',
  {
    id: 'listClients',
    summary: 'The machines of this deployment, newest first',
    query: RangeQuery,
    answer: ok(rangeOf('clients', ClientAnswer), 'A page of clients'),
  },
  async ({ ctx, query }) => ({ rows: await listClients(ctx, query), ...query }),
)

clientRoutes.delete(
  '/:id',
  {
    id: 'disableClient',
    summary: 'Disable a machine: its secret and its tokens are refused',
    params: z.object({ id: UuidParam }),
    answer: ok(DisabledClient, 'The disabled client'),
    errors: [clientNotFound],
  },
  async ({ ctx, params }) => {
    const { client, propagated } = await disableClient(ctx, { id: params.id, actor: actorOf(ctx) })
    return { ...client, propagated }
  },
)
