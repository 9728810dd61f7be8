import type { Ctx } from '../../context.ts'
import { type DomainError, defineError } from '../../lib/errors.ts'
import { selectDomainOwner } from './store.ts'
import type { OrganizationDomain, SsoPolicy } from './tables.ts'

export {
  deleteDomain,
  insertDomain,
  selectDomain as findDomain,
  selectDomains as listDomainsOf,
  selectDueDomains as listDueDomains,
  selectPolicy as findPolicy,
  updateChecked,
  updateVerified,
  upsertPolicy,
} from './store.ts'
export type { OrganizationDomain, SsoPolicy }

/** Whose a domain is, and what its policy wants of people with addresses in it. */
export interface DomainOwner {
  readonly organizationId: string
  readonly slug: string
  readonly name: string
  readonly required: boolean
  readonly allowBreakGlass: boolean
}

/** The organization that has verified this very domain; `domain` is that of a normalized address. */
export const findDomainOwner = (ctx: Pick<Ctx, 'db'>, domain: string): Promise<DomainOwner | undefined> =>
  selectDomainOwner(ctx, domain)

const required = defineError(
  'SSO_REQUIRED',
  'forbidden',
  'This organization signs its people in through its identity provider',
)

export { required as ssoRequired }

/** The answer to who has to sign in through an organization's provider, with the address to go to. */
export function ssoRequiredAt(
  { config }: Pick<Ctx, 'config'>,
  by: { readonly email: string } | { readonly organization: string },
): DomainError {
  const url = new URL('/api/v1/sso/login', config.PUBLIC_URL)
  for (const [name, value] of Object.entries(by)) url.searchParams.set(name, value)
  return required({ authorization_url: url.href })
}
