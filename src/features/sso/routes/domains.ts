import { created, ok } from '../../../http/answers.ts'
import { Done, doneToWire } from '../../../http/done.ts'
import { memberOf } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { conflict, rateLimited } from '../../../lib/errors.ts'
import { limitReached } from '../../memberships/service.ts'
import { OrganizationPath } from '../../organizations/wire.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import { configurationRequired } from '../errors.ts'
import {
  addDomain,
  domainNotFound,
  domainTaken,
  domainUnproved,
  listDomains,
  publicMailDomain,
  removeDomain,
  verifyDomain,
} from '../service/domains.ts'
import { DomainList, DomainPath, DomainShape, NewDomainBody, VerificationBody } from '../wire/domains.ts'

export const domainRoutes = createRoutes({ prefix: '/api/v1/organizations/:organization_id/domains', tag: 'sso' })

domainRoutes.get(
  '/',
  {
    id: 'listDomains',
    summary: 'The domains of an organization, by name, for its admins',
    guard: memberOf('admin'),
    params: OrganizationPath,
    answer: ok(DomainList, 'Verified and pending domains'),
  },
  ({ ctx }) => listDomains(ctx),
)

domainRoutes.post(
  '/',
  {
    id: 'addDomain',
    summary: 'Claim a domain: the answer has the DNS record that proves it',
    guard: memberOf('owner'),
    isWrite: everyCall,
    params: OrganizationPath,
    body: NewDomainBody,
    answer: created(DomainShape, 'The domain'),
    errors: [publicMailDomain, domainTaken, conflict, limitReached, ...freshFactorErrors],
  },
  ({ ctx, body }) => addDomain(ctx, body.domain),
)

domainRoutes.post(
  '/:domain/verify',
  {
    id: 'verifyDomain',
    summary: 'Read the DNS record of a domain, from two resolvers that must agree',
    description:
      'A verified domain belongs to one organization, and says nothing of its subdomains. The record must stay: it is read again every week.',
    guard: memberOf('owner'),
    isWrite: everyCall,
    params: DomainPath,
    body: VerificationBody,
    answer: ok(DomainShape, 'The domain is verified'),
    errors: [domainNotFound, domainTaken, domainUnproved, rateLimited, ...freshFactorErrors],
  },
  ({ ctx, params, body }) => verifyDomain(ctx, params.domain, { vouch: body.vouch ?? false }),
)

domainRoutes.delete(
  '/:domain',
  {
    id: 'removeDomain',
    summary: 'Take a domain from an organization: its identity provider no longer speaks for addresses in it',
    guard: memberOf('owner'),
    params: DomainPath,
    answer: ok(Done),
    errors: [domainNotFound, configurationRequired, conflict, ...freshFactorErrors],
  },
  async ({ ctx, params }) => {
    await removeDomain(ctx, params.domain)
    return doneToWire('Domain removed')
  },
)
