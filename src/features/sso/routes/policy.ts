import { ok } from '../../../http/answers.ts'
import { anyone, memberOf } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { rateLimited } from '../../../lib/errors.ts'
import { OrganizationPath } from '../../organizations/wire.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import { discoverSso } from '../service/discovery.ts'
import { changePolicy, ssoPolicyChanged, ssoUnproved } from '../service/policy.ts'
import { DiscoveredShape, DiscoveryBody, PolicyBody, PolicyShape } from '../wire/policy.ts'

export const ssoPolicyRoutes = createRoutes({ prefix: '/api/v1', tag: 'sso' })

ssoPolicyRoutes.put(
  '/organizations/:organization_id/sso-policy',
  {
    id: 'updateSsoPolicy',
    summary: 'Require single sign-on of the members, or no longer: absent fields stay as they are',
    guard: memberOf('owner'),
    isWrite: everyCall,
    params: OrganizationPath,
    body: PolicyBody,
    answer: ok(PolicyShape, 'The policy'),
    errors: [ssoUnproved, ssoPolicyChanged, rateLimited, ...freshFactorErrors],
  },
  ({ ctx, body }) =>
    changePolicy(ctx, {
      required: body.required,
      allowBreakGlass: body.allow_break_glass,
      endsSessions: body.end_sessions ?? false,
    }),
)

ssoPolicyRoutes.post(
  '/sso/discover',
  {
    id: 'discoverSso',
    summary: 'How people with an address in this domain sign in, by the domain alone',
    guard: anyone,
    body: DiscoveryBody,
    answer: ok(DiscoveredShape, 'Whether there is single sign-on, and where it begins'),
  },
  ({ ctx, body }) => discoverSso(ctx, body),
)
