import type { Ctx } from '../../context.ts'
import { selectDomainOwner } from './store.ts'
import type { OrganizationDomain, SsoPolicy } from './tables.ts'

export {
  deleteDomain,
  insertDomain,
  selectDomain as findDomain,
  selectDomains as listDomainsOf,
  selectDueDomains as listDueDomains,
  selectIsLastRequired as isLastRequiredDomain,
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
