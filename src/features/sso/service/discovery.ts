import type { Ctx } from '../../../context.ts'
import { findDomainOwner } from '../../domains/service.ts'
import { ssoLoginAt } from '../../memberships/service.ts'
import { mailDomainOf, normalizeEmail } from '../../users/service/users.ts'
import { findConnectionOfAny } from '../store/connections.ts'
import { isUsable } from './configuration.ts'

/** How people with addresses in a domain sign in. */
export interface Discovered {
  readonly sso: boolean
  readonly required: boolean
  readonly organizationSlug?: string
  readonly authorizationUrl?: string
}

/** By the domain alone: it is the same for known and unknown people. */
export async function discoverSso(ctx: Ctx, { email }: { email: string }): Promise<Discovered> {
  const address = normalizeEmail(email)
  const domain = mailDomainOf(address)
  const owner = await findDomainOwner(ctx, domain)
  const connection = owner && (await findConnectionOfAny(ctx, owner.organizationId))
  if (!connection || !isUsable(connection, domain)) return { sso: false, required: owner?.required ?? false }
  const authorizationUrl = ssoLoginAt(ctx, { email: address })
  return { sso: true, required: owner.required, organizationSlug: owner.slug, authorizationUrl }
}
