import type { Ctx } from '../../../context.ts'
import { organizationNotFound } from '../../../lib/errors.ts'
import { late } from '../../../lib/late.ts'
import { hasOrganization } from '../store/saml.ts'
import { acsOf, entityOf, samlLogoutOf } from './addresses.ts'
import { publishedKeys } from './saml-keys.ts'

// What speaks SAML is loaded with its first message: most isolates never see one.
export const samlSignIn = late(() => import('./saml-sign-in.ts'))
export const samlLogout = late(() => import('./saml-logout.ts'))
const messages = late(() => import('../saml/messages.ts'))

/**
 * What a provider reads about us, for one organization: also before it has a configuration, for providers want ours first.
 * Throws ORGANIZATION_NOT_FOUND.
 */
export async function writeOwnMetadata(ctx: Ctx, organizationId: string): Promise<string> {
  if (!(await hasOrganization(ctx, organizationId))) throw organizationNotFound()
  const [{ writeMetadata }, keys] = await Promise.all([messages.load(), publishedKeys(ctx)])
  return writeMetadata({
    entityId: entityOf(ctx, organizationId),
    acsUrl: acsOf(ctx),
    sloUrl: samlLogoutOf(ctx),
    certificates: keys.map(({ certificate }) => certificate),
  })
}
