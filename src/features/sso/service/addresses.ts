import type { Ctx } from '../../../context.ts'

type Configured = Pick<Ctx, 'config'>

const at = ({ config }: Configured, path: string): string => `${config.PUBLIC_URL}/api/v1/sso${path}`

/** Where people are sent back to: of one connection, or of all that name themselves in their answers. */
export const callbackOf = (ctx: Configured, connectionId: string | null): string =>
  at(ctx, `/oidc/callback${connectionId === null ? '' : `/${connectionId}`}`)

/** Where a browser comes back to that signed out. */
export const logoutReturnOf = (ctx: Configured): string => at(ctx, '/logout')

/** Where a provider says that it has ended a session. */
export const backchannelLogoutOf = (ctx: Configured): string => at(ctx, '/oidc/backchannel-logout')

/** Where all answers in SAML arrive: the flow says which connection they are of. */
export const acsOf = (ctx: Configured): string => at(ctx, '/saml/acs')

export const samlLogoutOf = (ctx: Configured): string => at(ctx, '/saml/slo')

/** Our entity for one organization, so that an assertion for it names nobody else's. */
export const entityOf = (ctx: Configured, organizationId: string): string => at(ctx, `/metadata/${organizationId}`)

/** The organization of such an entity; null for what is none. */
export const organizationOfEntity = (ctx: Configured, entity: string): string | null => {
  const prefix = entityOf(ctx, '')
  return entity.startsWith(prefix) ? entity.slice(prefix.length) : null
}
