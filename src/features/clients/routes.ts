import { actorOf } from '../../context.ts'
import { adminRequired, adminRoute, tokenInvalid } from '../../http/guard.ts'
import { renderError } from '../../http/render-error.ts'
import { createRoutes, everyCall } from '../../http/router.ts'
import { unauthorized, validationFailed } from '../../lib/errors.ts'
import { clientNotFound } from './errors.ts'
import { createClient, disableClient, listClients } from './service.ts'
import {
  ClientListAnswer,
  ClientPath,
  CreateClientBody,
  CreatedClientAnswer,
  clientToWire,
  DisabledClientAnswer,
  ListClientsQuery,
} from './wire.ts'

export const clientRoutes = createRoutes({ prefix: '/api/v1/admin/clients', tag: 'clients', renderError })

clientRoutes.post(
  '/',
  {
    summary: 'Register a machine; its secret is shown once',
    isWrite: everyCall,
    guard: adminRoute,
    body: CreateClientBody,
    answers: { 201: { description: 'The client with its secret', schema: CreatedClientAnswer } },
    errors: [unauthorized, tokenInvalid, adminRequired, validationFailed],
  },
  async ({ ctx, body }) => {
    const { client, secret } = await createClient(ctx, { ...body, actor: actorOf(ctx) })
    return Response.json({ ...clientToWire(client), client_secret: secret }, { status: 201 })
  },
)

clientRoutes.get(
  '/',
  {
    summary: 'The machines of this deployment, newest first',
    guard: adminRoute,
    query: ListClientsQuery,
    answers: { 200: { description: 'A page of clients', schema: ClientListAnswer } },
    errors: [unauthorized, tokenInvalid, adminRequired, validationFailed],
  },
  async ({ ctx, query }) => Response.json({ clients: (await listClients(ctx, query)).map(clientToWire), ...query }),
)

clientRoutes.delete(
  '/:id',
  {
    summary: 'Disable a machine: its secret and its tokens are refused',
    guard: adminRoute,
    path: ClientPath,
    answers: { 200: { description: 'The disabled client', schema: DisabledClientAnswer } },
    errors: [unauthorized, tokenInvalid, adminRequired, clientNotFound],
  },
  async ({ ctx, path }) => {
    const { client, propagated } = await disableClient(ctx, { id: path.id, actor: actorOf(ctx) })
    return Response.json({ ...clientToWire(client), propagated })
  },
)
