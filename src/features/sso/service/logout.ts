import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { MINUTE } from '../../../lib/time.ts'
import { stateInvalid } from '../../federation/errors.ts'
import { requireReturn } from '../../federation/service/flow.ts'
import { findOneTimeToken, issueOneTimeToken, redeemOneTimeToken } from '../../links/service.ts'
import { findConnectionOfAny } from '../store/connections.ts'
import { logoutReturnOf } from './addresses.ts'
import { type SeenOpenid, type SeenSaml, seen } from './configuration.ts'
import { samlLogout } from './saml.ts'
import type { LogoutMessage } from './saml-logout.ts'

const RETURN_LIFETIME_MS = 10 * MINUTE
const RETURN = 'sso_logout_return'

const LogoutData = z.object({ connectionId: z.string(), sealed: z.string().nullish() })
const ReturnData = z.object({
  returnTo: z.string().nullable(),
  /** In SAML: the request that is to be answered. */
  request: z.object({ connectionId: z.string(), requestId: z.string() }).optional(),
})

/**
 * Where a browser whose session has ended goes to end that of the provider; null where the provider has no such address any more,
 * and there is nowhere else to go. Uses the token up. Throws OAUTH_STATE_INVALID, REDIRECT_NOT_ALLOWED.
 */
export async function beginLogout(
  ctx: Ctx,
  { token, returnTo }: { token: string; returnTo: string | null },
): Promise<URL | null> {
  if (returnTo !== null) requireReturn(ctx, returnTo, { hasChallenge: false })
  const used = await redeemOneTimeToken(ctx, 'sso_logout', token)
  if (!used) throw stateInvalid()
  const { connectionId, sealed } = LogoutData.parse(used.data)
  const row = await findConnectionOfAny(ctx, connectionId)
  const connection = row && seen(ctx, row)
  if (!connection) return endOf(ctx, returnTo)
  const address =
    connection.protocol === 'openid'
      ? await openidLogout(ctx, connection, returnTo)
      : await samlLogoutOf(ctx, connection, { returnTo, sealed: sealed ?? null })
  return address ?? endOf(ctx, returnTo)
}

/** Keeps where the browser goes when it is back. */
async function issueReturn(ctx: Ctx, data: z.infer<typeof ReturnData>): Promise<string> {
  const { token } = await issueOneTimeToken(ctx, {
    purpose: RETURN,
    userId: null,
    email: null,
    data,
    lifetimeMs: RETURN_LIFETIME_MS,
    keepsOlder: true,
  })
  return token
}

/** OpenID Connect RP-Initiated Logout 1.0, 2. */
async function openidLogout(
  ctx: Ctx,
  { metadata, clientId }: SeenOpenid,
  returnTo: string | null,
): Promise<URL | null> {
  if (metadata.end_session_endpoint === undefined) return null
  const url = new URL(metadata.end_session_endpoint)
  url.searchParams.set('client_id', clientId)
  url.searchParams.set('post_logout_redirect_uri', logoutReturnOf(ctx))
  url.searchParams.set('state', await issueReturn(ctx, { returnTo }))
  return url
}

/** SAML Profiles 4.4.3.1. */
async function samlLogoutOf(
  ctx: Ctx,
  connection: SeenSaml,
  { returnTo, sealed }: { returnTo: string | null; sealed: string | null },
): Promise<URL | null> {
  const logout = sealed === null ? null : await (await samlLogout.load()).logoutAt(ctx, connection, sealed)
  if (!logout) return null
  const request = { connectionId: connection.id, requestId: logout.requestId }
  return new URL(await logout.urlFor(await issueReturn(ctx, { returnTo, request })))
}

/** Where the browser goes that comes back from the provider; null for nowhere. Throws OAUTH_STATE_INVALID, REDIRECT_NOT_ALLOWED. */
export async function endLogout(ctx: Ctx, state: string): Promise<URL | null> {
  const known = await findOneTimeToken(ctx, RETURN, state)
  // In SAML the provider's signed answer leads back, not its state alone.
  if (known && ReturnData.parse(known.data).request) throw stateInvalid()
  return useReturn(ctx, state)
}

async function useReturn(ctx: Ctx, state: string): Promise<URL | null> {
  const used = await redeemOneTimeToken(ctx, RETURN, state)
  if (!used) throw stateInvalid()
  return endOf(ctx, ReturnData.parse(used.data).returnTo)
}

/** The same for a provider's answer to our request in SAML. Throws SSO_LOGOUT_INVALID too. */
export async function endSamlLogout(ctx: Ctx, message: LogoutMessage): Promise<URL | null> {
  const { openLogoutResponse, requireLogoutResponse } = await samlLogout.load()
  const opened = await openLogoutResponse(ctx, message)
  const known = await findOneTimeToken(ctx, RETURN, opened.relayState)
  const request = known && ReturnData.parse(known.data).request
  if (!request) throw stateInvalid()
  await requireLogoutResponse(ctx, opened, request)
  return useReturn(ctx, opened.relayState)
}

function endOf(ctx: Ctx, returnTo: string | null): URL | null {
  if (returnTo !== null) return requireReturn(ctx, returnTo, { hasChallenge: false }).url
  const { DEFAULT_RETURN_URL: address } = ctx.config
  return address === undefined ? null : new URL(address)
}
