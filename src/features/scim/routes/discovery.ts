import * as z from 'zod'
import { anyone } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { notImplemented, resourceNotFound } from '../errors.ts'
import {
  Described,
  oneResourceType,
  oneSchema,
  resourceTypesToWire,
  schemasToWire,
  serviceProviderConfig,
} from '../wire/discovery.ts'
import { scim } from '../wire/messages.ts'
import { HOMES } from './directory.ts'

/** Public: no token is read. */
export const scimDiscoveryRoutes = createRoutes({ ...HOMES, guard: anyone })

const described = (description: string) => scim(200, Described, description)

scimDiscoveryRoutes.get(
  '/ServiceProviderConfig',
  { id: 'getScimConfig', summary: 'What this service can', answer: described('The configuration (RFC 7643 5)') },
  ({ ctx }) => ({ body: serviceProviderConfig(ctx) }),
)

scimDiscoveryRoutes.get(
  '/Schemas',
  { id: 'listScimSchemas', summary: 'The attributes that are stored', answer: described('Schemas (RFC 7643 7)') },
  ({ ctx }) => ({ body: schemasToWire(ctx) }),
)

scimDiscoveryRoutes.get(
  '/Schemas/:urn',
  {
    id: 'getScimSchema',
    summary: 'A schema',
    params: z.object({ urn: z.string() }),
    answer: described('The schema'),
    errors: [resourceNotFound],
  },
  ({ ctx, params }) => ({ body: oneSchema(ctx, params.urn) }),
)

scimDiscoveryRoutes.get(
  '/ResourceTypes',
  { id: 'listScimResourceTypes', summary: 'Users and groups', answer: described('Types (RFC 7643 6)') },
  ({ ctx }) => ({ body: resourceTypesToWire(ctx) }),
)

scimDiscoveryRoutes.get(
  '/ResourceTypes/:name',
  {
    id: 'getScimResourceType',
    summary: 'A type of resource',
    params: z.object({ name: z.string() }),
    answer: described('The type'),
    errors: [resourceNotFound],
  },
  ({ ctx, params }) => ({ body: oneResourceType(ctx, params.name) }),
)

const refuseMe = () => {
  throw notImplemented()
}
const ME = {
  summary: 'A directory is nobody (RFC 7644 3.11)',
  hidden: true,
  answer: described('Never'),
  errors: [notImplemented],
}

scimDiscoveryRoutes.get('/Me', { id: 'getScimMe', ...ME }, refuseMe)
scimDiscoveryRoutes.post('/Me', { id: 'createScimMe', ...ME }, refuseMe)
scimDiscoveryRoutes.put('/Me', { id: 'replaceScimMe', ...ME }, refuseMe)
scimDiscoveryRoutes.patch('/Me', { id: 'updateScimMe', ...ME }, refuseMe)
scimDiscoveryRoutes.delete('/Me', { id: 'deleteScimMe', ...ME }, refuseMe)
