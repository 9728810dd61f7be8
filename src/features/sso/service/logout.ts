import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { MINUTE } from '../../../lib/time.ts'
import { stateInvalid } from '../../federation/errors.ts'
import { requireReturn } from '../../federation/service/flow.ts'
import { issueOneTimeToken, redeemOneTimeToken } from '../../links/service.ts'
import { findConnectionOfAny } from '../store.ts'
import { logoutReturnOf } from './addresses.ts'

const RETURN_LIFETIME_MS = 10 * MINUTE

const LogoutData = z.object({ connectionId: z.string() })
const ReturnData = z.object({ returnTo: z.string().nullable() })

/**
 * Where a browser whose session has ended goes to end that of the provider (OpenID Connect RP-Initiated Logout 1.0, 2); null where
 * the provider has no such address any more. Uses the token up. Throws OAUTH_STATE_INVALID, REDIRECT_NOT_ALLOWED.
 */
export async function beginLogout(
  ctx: Ctx,
  { token, returnTo }: { token: string; returnTo: string | null },
): Promise<URL | null> {
  if (returnTo !== null) requireReturn(ctx, returnTo, { hasChallenge: false })
  const used = await redeemOneTimeToken(ctx, 'sso_logout', token)
  if (!used) throw stateInvalid()
  const connection = await findConnectionOfAny(ctx, LogoutData.parse(used.data).connectionId)
  const address = connection?.metadata.end_session_endpoint
  if (!connection || address === undefined) return endOf(ctx, returnTo)
  const { token: state } = await issueOneTimeToken(ctx, {
    purpose: 'sso_logout_return',
    userId: null,
    email: null,
    data: { returnTo } satisfies z.infer<typeof ReturnData>,
    lifetimeMs: RETURN_LIFETIME_MS,
    keepsOlder: true,
  })
  const url = new URL(address)
  url.searchParams.set('client_id', connection.clientId)
  url.searchParams.set('post_logout_redirect_uri', logoutReturnOf(ctx))
  url.searchParams.set('state', state)
  return url
}

/** Where the browser goes that comes back from the provider; null for nowhere. Throws OAUTH_STATE_INVALID, REDIRECT_NOT_ALLOWED. */
export async function endLogout(ctx: Ctx, state: string): Promise<URL | null> {
  const used = await redeemOneTimeToken(ctx, 'sso_logout_return', state)
  if (!used) throw stateInvalid()
  return endOf(ctx, ReturnData.parse(used.data).returnTo)
}

function endOf(ctx: Ctx, returnTo: string | null): URL | null {
  if (returnTo !== null) return requireReturn(ctx, returnTo, { hasChallenge: false }).url
  const { DEFAULT_RETURN_URL: address } = ctx.config
  return address === undefined ? null : new URL(address)
}
