import type { Ctx } from '../../../context.ts'
import { issueCode } from '../../federation/service/codes.ts'
import { findOrigin } from '../../sessions/service/opening.ts'
import type { OpenedSession } from '../../sessions/types.ts'
import type { User } from '../../users/types.ts'
import type { Destination } from './destination.ts'

type Application = Extract<Destination, { to: 'application' }>

/** Whose session the browser has. */
export interface Arrived {
  readonly user: User
  readonly session: OpenedSession['session']
  readonly generation: number
}

/** The address's own values of these names are not ours. */
const TOLD = ['code', 'state', 'error', 'error_description']

/**
 * The application's address with a code, for a session of its own (`POST /api/v1/oauth/exchange`). That has the factors of the
 * browser's, proved when those were: nothing is asked again, and nothing is fresher.
 */
export async function applicationAddress(
  ctx: Ctx,
  application: Application,
  { user, session, generation }: Arrived,
): Promise<URL> {
  const found = await findOrigin(ctx, session.id)
  // A logout of the provider that comes before the new session is open counts for that too.
  const origin = found ? { ...found, takenAt: ctx.now() } : null
  const code = await issueCode(ctx, {
    user,
    isShown: false,
    codeChallenge: application.codeChallenge,
    method: 'page',
    amr: [...session.amr],
    isNewUser: false,
    organizationId: origin?.organizationId ?? null,
    origin,
    key: null,
    link: null,
    sessionId: null,
    browser: {
      sessionId: session.id,
      generation,
      authTime: session.authTime,
      secondFactorAt: session.secondFactorAt ?? null,
    },
  })
  const url = new URL(application.url)
  for (const name of TOLD) url.searchParams.delete(name)
  url.searchParams.set('code', code)
  if (application.state !== null) url.searchParams.set('state', application.state)
  return url
}
