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
