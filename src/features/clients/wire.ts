import * as z from 'zod'
import { integerParam, UuidParam } from '../../http/input.ts'
import { PropagatedField } from '../../http/propagated.ts'
import { toIso, toIsoOrNull } from '../../lib/time.ts'
import { SCOPE } from './rules.ts'
import type { Client } from './types.ts'

export const CreateClientBody = z.object({
  name: z.string().trim().min(1).max(100),
  scopes: z.array(z.string().regex(SCOPE, 'must be a scope: lower case letters, digits and :_*.-')).max(50).default([]),
})

export const ClientPath = z.object({ id: UuidParam })

export const ListClientsQuery = z.object({
  limit: integerParam(1, 100).default(50),
  offset: integerParam(0, 1_000_000).default(0),
})

export const ClientAnswer = z
  .object({
    client_id: z.uuid(),
    name: z.string(),
    scopes: z.array(z.string()),
    created_at: z.iso.datetime(),
    disabled_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Client' })

export const CreatedClientAnswer = ClientAnswer.extend({ client_secret: z.string() }).meta({ id: 'CreatedClient' })
export const DisabledClientAnswer = ClientAnswer.extend({ propagated: PropagatedField }).meta({ id: 'DisabledClient' })
export const ClientListAnswer = z.object({ clients: z.array(ClientAnswer), limit: z.int(), offset: z.int() })

export const clientToWire = (client: Client) => ({
  client_id: client.id,
  name: client.name,
  scopes: client.scopes,
  created_at: toIso(client.createdAt),
  disabled_at: toIsoOrNull(client.disabledAt),
})
