import * as z from 'zod'
import { mapped } from '../../../http/answers.ts'
import { PropagatedField } from '../../../http/done.ts'
import { EmailField } from '../../users/wire.ts'
import type { Discovered } from '../service/discovery.ts'
import type { Policy } from '../service/policy.ts'

export const PolicyBody = z
  .object({
    required: z.boolean().optional(),
    allow_break_glass: z
      .boolean()
      .optional()
      .meta({ description: 'An owner with a password and a second factor signs in all the same' }),
    end_sessions: z.boolean().optional().meta({
      description:
        'While it is required: sessions of its people that came otherwise before end altogether, 50 people a minute',
    }),
  })
  .meta({ id: 'SSOPolicyChange' })

export const PolicyShape = mapped(
  z
    .object({ required: z.boolean(), allow_break_glass: z.boolean(), propagated: PropagatedField })
    .meta({ id: 'SSOPolicy' }),
  ({ required, allowBreakGlass, propagated }: Policy & { propagated: boolean }) => ({
    required,
    allow_break_glass: allowBreakGlass,
    propagated,
  }),
)

export const DiscoveryBody = z.object({ email: EmailField }).meta({ id: 'SSODiscovery' })

export const DiscoveredShape = mapped(
  z
    .object({
      sso: z.boolean(),
      required: z.boolean(),
      organization_slug: z.string().optional(),
      authorization_url: z.url().optional().meta({ description: 'Where to send the browser' }),
    })
    .meta({ id: 'SSODiscovered' }),
  ({ sso, required, organizationSlug, authorizationUrl }: Discovered) => ({
    sso,
    required,
    ...(organizationSlug !== undefined && { organization_slug: organizationSlug }),
    ...(authorizationUrl !== undefined && { authorization_url: authorizationUrl }),
  }),
)
