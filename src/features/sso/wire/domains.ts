import * as z from 'zod'
import { from, instant, instantOrNull, shape } from '../../../http/answers.ts'
import { UuidParam } from '../../../http/input.ts'
import { arrayOf } from '../../../http/list.ts'
import { findMailDomain } from '../../users/service/users.ts'
import { recordNameOf } from '../rules/dns.ts'
import type { OrganizationDomain } from '../service/domains.ts'

/** With the name of its record, a domain's is a name of DNS: 253 characters. */
const MAX_DOMAIN = 253 - recordNameOf('').length

const DomainField = z
  .string()
  .max(253)
  .transform((text) => findMailDomain(text) ?? '')
  .refine((domain) => domain !== '' && domain.length <= MAX_DOMAIN, 'must be a domain')

const Record = z
  .object({ name: z.string(), type: z.literal('TXT'), value: z.string() })
  .meta({ description: 'The DNS record that proves the domain' })

export const DomainShape = shape<OrganizationDomain>()('OrganizationDomain', {
  domain: z.string(),
  status: from(z.enum(['pending', 'verified']), ({ verifiedAt }: OrganizationDomain) =>
    verifiedAt === null ? 'pending' : 'verified',
  ),
  record: from(Record, ({ domain, challenge }: OrganizationDomain) => ({
    name: recordNameOf(domain),
    type: 'TXT' as const,
    value: challenge,
  })),
  is_vouched: z.boolean().meta({ description: 'An admin of the platform answers for it: no record is read' }),
  verified_at: instantOrNull,
  missing_since: instantOrNull,
  created_at: instant,
})

export const DomainList = arrayOf(DomainShape)

/** What is no domain is none that the organization has. */
export const DomainPath = z.object({
  organization_id: UuidParam,
  domain: z
    .string()
    .max(253)
    .transform((text) => findMailDomain(text) ?? ''),
})
export const NewDomainBody = z.object({ domain: DomainField }).meta({ id: 'NewDomain' })
export const VerificationBody = z
  .object({
    vouch: z.boolean().optional().meta({ description: 'For admins of the platform: verified without a record' }),
  })
  .meta({ id: 'DomainVerification' })
