import type { Ctx } from '../../../context.ts'
import { redirectNotAllowed } from '../errors.ts'
import { findAllowedRedirect } from '../rules.ts'

export { redirectNotAllowed }

const findRedirect = ({ config }: Pick<Ctx, 'config'>, address: string): URL | undefined =>
  findAllowedRedirect(address, {
    origins: [config.PUBLIC_URL, ...config.CORS_ORIGINS, ...config.REDIRECT_ORIGINS],
    isLoopbackAllowed: config.MODE === 'local',
  })

/** As `requireAllowedRedirect`, for an address that nobody who waits for the answer has given. */
export const isAllowedRedirect = (ctx: Pick<Ctx, 'config'>, address: string): boolean =>
  findRedirect(ctx, address) !== undefined

/**
 * The address, if this deployment may send people and tokens there: PUBLIC_URL, CORS_ORIGINS, REDIRECT_ORIGINS, and
 * loopback in local mode. Throws REDIRECT_NOT_ALLOWED.
 */
export function requireAllowedRedirect(ctx: Pick<Ctx, 'config'>, address: string): URL {
  const url = findRedirect(ctx, address)
  if (!url) throw redirectNotAllowed({ field: 'redirect_url' })
  return url
}
