import type { Ctx } from '../../../context.ts'
import { redirectNotAllowed } from '../errors.ts'
import { findAllowedRedirect } from '../rules.ts'

export { redirectNotAllowed }

/**
 * The address, if this deployment may send people and tokens there: PUBLIC_URL, CORS_ORIGINS, REDIRECT_ORIGINS, and
 * loopback in local mode. Throws REDIRECT_NOT_ALLOWED.
 */
export function requireAllowedRedirect(ctx: Pick<Ctx, 'config'>, address: string): URL {
  const { PUBLIC_URL, CORS_ORIGINS, REDIRECT_ORIGINS, MODE } = ctx.config
  const origins = [PUBLIC_URL, ...CORS_ORIGINS, ...REDIRECT_ORIGINS]
  const url = findAllowedRedirect(address, { origins, isLoopbackAllowed: MODE === 'local' })
  if (!url) throw redirectNotAllowed({ field: 'redirect_url' })
  return url
}
